package emulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
)

// tpmID is the registration id of the TPM that the tests enroll.
const tpmID = "paper-tpm-01"

func (p paperTPM) keys() *dps.TPMKeys {
	return &dps.TPMKeys{EndorsementKey: p.ekPublic, StorageRootKey: p.srkPublic}
}

func (p paperTPM) enrolled() *TPMDevice {
	return &TPMDevice{RegistrationID: tpmID, EndorsementKey: p.ekPublic}
}

// activate returns the key in a blob for this TPM.
func (p paperTPM) activate(t *testing.T, blob []byte) dps.Key {
	t.Helper()
	key, uri, err := p.open(t, blob)
	if err != nil {
		t.Fatal(err)
	}
	if want := defaultScope + "/registrations/" + tpmID; string(uri) != want && string(uri) != unknownScope+"/registrations/"+tpmID {
		t.Errorf("address %q, want %q", uri, want)
	}
	return dps.NewKey(key)
}

// introduce makes the first call of a TPM.
func (c *client) introduce(keys *dps.TPMKeys) wire {
	c.t.Helper()
	body, err := json.Marshal(dps.Request{RegistrationID: c.device.RegistrationID, TPM: keys, Payload: c.device.Payload})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.do(http.MethodPut, c.path(dps.RegisterPath), string(body))
}

// prove answers a challenge with the token for the following calls.
func (c *client) prove(tpm paperTPM, challenge wire) dps.Key {
	c.t.Helper()
	if challenge.status != http.StatusUnauthorized || challenge.body.Challenge == nil {
		c.t.Fatalf("%s where a challenge is expected", challenge)
	}
	key := tpm.activate(c.t, challenge.body.Challenge.AuthenticationKey)
	c.token = dps.Sign(key, dps.Resource(c.device.Scope, c.device.RegistrationID), noon.Add(c.device.ClockOffset).Add(time.Hour))
	return key
}

// TestTPMOverHTTPS registers completely, with and without the keys in the second call.
func TestTPMOverHTTPS(t *testing.T) {
	t.Parallel()
	tpm, _ := paperTPMs(t)
	e := begin(t, Config{TPM: tpm.enrolled()})
	c := newClient(t, e.Device())
	challenge := c.introduce(tpm.keys())
	key := c.prove(tpm, challenge)
	want := dps.Challenge{
		Message: "Authorization required, resend request using supplied key", KeyName: "registration",
		AuthenticationKey: challenge.body.Challenge.AuthenticationKey,
	}
	if got := *challenge.body.Challenge; got.Message != want.Message || got.KeyName != want.KeyName {
		t.Errorf("challenge %+v", got)
	}
	if strings.Contains(challenge.text, `"status"`) || strings.Contains(challenge.text, "errorCode") {
		t.Errorf("the C SDK takes no such challenge: %s", challenge.text)
	}
	var hubKeys []dps.Key
	for _, first := range []func() wire{c.register, func() wire { return c.introduce(tpm.keys()) }} {
		operation := first().body.Operation.OperationID
		c.poll(operation).want(t, "202 assigning")
		last := c.poll(operation)
		last.want(t, assigned)
		hubKeys = append(hubKeys, tpm.activate(t, last.body.Operation.Registration.TPM.AuthenticationKey))
	}
	if revealed(hubKeys[0]) == revealed(key) || revealed(hubKeys[0]) != revealed(hubKeys[1]) {
		t.Error("the key for the hub is that of the challenge, or another each time")
	}
	c.lookup().want(t, "200 bare assigned")
	c.token = dps.Secret{}
	c.lookup().want(t, "401 401002 Unauthorized")
	c.poll("4.0.0").want(t, "401 401002 Unauthorized")
	c.token = dps.Sign(hubKeys[0], dps.Resource(defaultScope, tpmID), noon.Add(time.Hour))
	c.register().want(t, noKey)
}

// TestTPMKeysAreKept: after a restart of the emulator, a TPM's keys are still valid, and
// another TPM gets its own.
func TestTPMKeysAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tpm, stranger := paperTPMs(t)
	keysOf := func(tpm paperTPM) [2]string {
		e := begin(t, Config{StateDir: dir, TPM: tpm.enrolled()})
		defer end(t, e)
		c := newClient(t, e.Device())
		key := c.prove(tpm, c.introduce(tpm.keys()))
		operation := c.register().body.Operation.OperationID
		c.poll(operation)
		hub := tpm.activate(t, c.poll(operation).body.Operation.Registration.TPM.AuthenticationKey)
		return [2]string{revealed(key), revealed(hub)}
	}
	before := keysOf(tpm)
	if other := keysOf(stranger); other[0] == before[0] || other[1] == before[1] {
		t.Error("two TPMs have the same keys")
	}
	if after := keysOf(tpm); after != before {
		t.Error("the keys are others after another start")
	}
}

func revealed(key dps.Key) string { return key.Text().Reveal() }

// TestTPMRefusals: a first call with wrong data gets no challenge.
func TestTPMRefusals(t *testing.T) {
	t.Parallel()
	tpm, other := paperTPMs(t)
	e := begin(t, Config{TPM: tpm.enrolled()})
	mismatch := "400 400004 Endorsement key is invalid, or does not match the Enrollment."
	for name, test := range map[string]struct {
		id, body, want string
	}{
		"another TPM":         {tpmID, bodyOf(t, other.keys()), mismatch},
		"no endorsement key":  {tpmID, bodyOf(t, &dps.TPMKeys{StorageRootKey: tpm.srkPublic}), mismatch},
		"not base64":          {tpmID, `{"tpm":{"endorsementKey":"%"}}`, mismatch},
		"no keys":             {tpmID, `{"tpm":7}`, mismatch},
		"no storage root key": {tpmID, bodyOf(t, &dps.TPMKeys{EndorsementKey: tpm.ekPublic}), "400 400004 Storage root key is invalid."},
		"nothing of a TPM":    {tpmID, `{}`, noKey},
		"null for a TPM":      {tpmID, `{"tpm":null}`, noKey},
		"unknown id":          {"nosuch", bodyOf(t, tpm.keys()), "404 404201 Enrollment not found."},
		"enrolled by key":     {keyDevice, bodyOf(t, tpm.keys()), noKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := e.Device()
			d.RegistrationID = test.id
			c := newClient(t, d)
			c.do(http.MethodPut, c.path(dps.RegisterPath), test.body).want(t, test.want)
		})
	}
}

func bodyOf(t *testing.T, keys *dps.TPMKeys) string {
	t.Helper()
	body, err := json.Marshal(dps.Request{TPM: keys})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// saslTPM authenticates with the mechanism TPM and returns the outcome; sign makes the
// token.
func (r *rawAMQP) saslTPM(keys *dps.TPMKeys, sign func(blob []byte) []byte) error {
	r.t.Helper()
	var blob amqp.TPMBlob
	_, err := amqp.ClientSASL(testContext(r.t), r.conn, amqp.SASLLogin{
		Mechanism: amqp.MechanismTPM,
		Initial:   amqp.TPMInitialResponse(r.device.Scope, r.device.RegistrationID, keys.EndorsementKey),
		Hostname:  r.address(),
		Answer: func(challenge []byte) (amqp.Credential, error) {
			if amqp.IsTPMKeyRequest(challenge) {
				return amqp.TPMResponse(keys.StorageRootKey), nil
			}
			last, err := blob.Add(challenge)
			if err != nil || !last {
				return amqp.TPMResponse(nil), err
			}
			return sign(blob.Bytes()), nil
		},
	})
	return err
}

// TestTPMOverAMQP: the SASL exchange and its possible outcomes.
func TestTPMOverAMQP(t *testing.T) {
	t.Parallel()
	tpm, other := paperTPMs(t)
	e := begin(t, Config{TPM: tpm.enrolled()})
	signed := func(blob []byte) []byte {
		key := tpm.activate(t, blob)
		token := dps.Sign(key, dps.Resource(defaultScope, tpmID), noon.Add(time.Hour))
		return amqp.TPMResponse([]byte(token.Reveal()))
	}
	const mismatch = "com.microsoft:argument-error 400004 Endorsement key is invalid, or does not match the Enrollment."
	for name, test := range map[string]struct {
		id   string
		keys *dps.TPMKeys
		sign func([]byte) []byte
		want string
	}{
		"enrolled":          {tpmID, tpm.keys(), signed, ""},
		"another TPM":       {tpmID, other.keys(), nil, mismatch},
		"unknown id":        {"nosuch", tpm.keys(), nil, "amqp:not-found 404201 Enrollment not found."},
		"no token":          {tpmID, tpm.keys(), func([]byte) []byte { return amqp.TPMResponse(nil) }, "SASL 1"},
		"malformed token":   {tpmID, tpm.keys(), func([]byte) []byte { return []byte("SharedAccessSignature sr=a") }, "SASL 1"},
		"token of no key":   {tpmID, tpm.keys(), func([]byte) []byte { return amqp.TPMResponse([]byte("SharedAccessSignature sr=a&sig=a&se=1")) }, "SASL 1"},
		"enrolled by a key": {keyDevice, tpm.keys(), nil, "SASL 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := e.Device()
			d.RegistrationID = test.id
			r := dialAMQP(t, d)
			if got := r.enterTPM(test.keys, test.sign); got != test.want {
				t.Errorf("the device sees %q, want %q", got, test.want)
			}
		})
	}
}

// enterTPM authenticates and opens; "" means success, anything else is the refusal in short
// form. A registered TPM has a key for its hub.
func (r *rawAMQP) enterTPM(keys *dps.TPMKeys, sign func([]byte) []byte) string {
	r.t.Helper()
	if err := r.saslTPM(keys, sign); err != nil {
		if refused := new(amqp.RefusedError); !errors.As(err, &refused) || refused.Code != amqp.SASLAuth {
			r.t.Fatal(err)
		}
		return "SASL 1"
	}
	if err := amqp.WriteProtocol(r.conn, amqp.ProtocolAMQP); err != nil {
		r.t.Fatal(err)
	}
	if _, err := amqp.ReadProtocol(r.conn); err != nil {
		r.t.Fatal(err)
	}
	r.send(&amqp.Open{ContainerID: "test"})
	open := expect[*amqp.Open](r)
	if len(open.Properties) > 0 {
		wrong := expect[*amqp.Close](r).Error
		return string(wrong.Condition) + strings.TrimPrefix(wire{body: dps.ParseBody([]byte(wrong.Description))}.String(), "0")
	}
	r.begin(1000)
	r.attach(2)
	r.request(0, registerMessage("1"))
	r.accepted(0)
	message, _ := r.answer()
	operation := operationOf(r.t, message).OperationID
	for id := range uint32(2) {
		r.request(1+id, statusMessage("2", operation))
		r.accepted(1 + id)
		r.credit(2, 1+id)
		message, _ = r.answer()
	}
	if got := operationOf(r.t, message).Registration; got.Status != dps.StatusAssigned || len(got.TPM.AuthenticationKey) == 0 {
		r.t.Errorf("registration %+v", got)
	}
	return ""
}

// TestTPMNotOverMQTT: MQTT refuses even a token that HTTPS accepts.
func TestTPMNotOverMQTT(t *testing.T) {
	t.Parallel()
	tpm, _ := paperTPMs(t)
	e := begin(t, Config{TPM: tpm.enrolled()})
	c := newClient(t, e.Device())
	key := c.prove(tpm, c.introduce(tpm.keys()))
	d := e.Device()
	d.Attestation, d.Key = SymmetricKey, key.Text()
	if got := enterOver(t, d, transportHTTPS); got != assigned {
		t.Errorf("HTTPS: %q", got)
	}
	for _, transport := range []string{transportMQTT, transportMQTTWS} {
		if got := enterOver(t, d, transport); got != "CONNACK 5" {
			t.Errorf("%s: %q", transport, got)
		}
		if got := enterOver(t, e.Device(), transport); got != "CONNACK 5" {
			t.Errorf("%s without a token: %q", transport, got)
		}
	}
}

// TestScenariosPlayedByATPM: every scenario that is not for another attestation.
func TestScenariosPlayedByATPM(t *testing.T) {
	t.Parallel()
	tpm, _ := paperTPMs(t)
	want := map[string]string{"tpm-ek-mismatch": "400 400004 Endorsement key is invalid, or does not match the Enrollment."}
	for _, play := range plays() {
		want[play.name] = play.sandbox
	}
	for _, s := range Scenarios() {
		if !s.PlayedBy(TPM) {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, Config{Scenario: s.Name, TPM: tpm.enrolled(), Files: s.Name == "wrong-id-scope"})
			d := e.Device()
			if d.Attestation != TPM {
				t.Fatalf("the device attests by %s", d.Attestation)
			}
			c := newClient(t, d)
			got := c.introduce(tpm.keys())
			if got.body.Challenge != nil {
				c.prove(tpm, got)
				got = c.enter()
			}
			if got := got.short(); got != want[s.Name] {
				t.Errorf("the device sees %q, want %q", got, want[s.Name])
			}
		})
	}
}

// TestTPMScenarioNeedsATPM: a TPM in the configuration is enough, although it is not
// available here.
func TestTPMScenarioNeedsATPM(t *testing.T) {
	t.Parallel()
	if _, err := Start(t.Context(), Config{Scenario: "tpm-ek-mismatch"}); !errors.Is(err, ErrNoTPM) {
		t.Errorf("%v, want ErrNoTPM", err)
	}
	file, err := ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	if got := begin(t, Config{Scenario: "tpm-ek-mismatch", File: file}).Device().Attestation; got != SymmetricKey {
		t.Errorf("the device attests by %s", got)
	}
}

// TestTPMIdentity: the ready line names the TPM, which needs no files.
func TestTPMIdentity(t *testing.T) {
	t.Parallel()
	tpm, _ := paperTPMs(t)
	e := begin(t, Config{TPM: tpm.enrolled(), Files: true})
	identities := e.Ready().Identities
	if got, want := identities[len(identities)-1], (Identity{RegistrationID: tpmID, Attestation: TPM}); got != want {
		t.Errorf("identity %+v, want %+v", got, want)
	}
}

func TestCheckTPMDevice(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"press-07": "", "": "the registration id is empty", "press-07.": `the registration id ends in "."`, "Sandbox-Key-01": `"Sandbox-Key-01" is enrolled already`,
	} {
		if err := (TPMDevice{RegistrationID: id}).Check(); err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%q: %v, want %q", id, err, want)
		}
	}
}

func TestParseEndorsementKey(t *testing.T) {
	t.Parallel()
	tpm, _ := paperTPMs(t)
	text := base64.StdEncoding.EncodeToString(tpm.ekPublic)
	for _, given := range []string{text, " " + text[:76] + "\r\n" + text[76:] + "\n", string(tpm.ekPublic)} {
		if got, err := ParseEndorsementKey([]byte(given)); err != nil || !bytes.Equal(got, tpm.ekPublic) {
			t.Errorf("%x, %v", got, err)
		}
	}
	even := bytes.Clone(tpm.ekPublic)
	even[len(even)-1] &^= 1
	for name, test := range map[string]struct {
		given []byte
		want  string
	}{
		"empty":         {nil, "the key has 0 bytes"},
		"no base64":     {[]byte("-----BEGIN PUBLIC KEY-----"), "neither base64 nor the 316 bytes of a TPM2B_PUBLIC"},
		"cut off":       {[]byte(text[:400]), "the key has 300 bytes, but its size field says 316: it was truncated"},
		"storage key":   {tpm.srkPublic, "neither base64"},
		"SRK in base64": {[]byte(base64.StdEncoding.EncodeToString(tpm.srkPublic)), "the key has 284 bytes; the public area"},
		"no modulus":    {even, "the key cannot encrypt: "},
	} {
		if _, err := ParseEndorsementKey(test.given); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
