//go:build tpm && linux

package probe_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-tpm/tpm2"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/swtpm"
	"dpsdiag/internal/tpm"
)

// provisioning is a service that enrolls one TPM: it sends a challenge for the keys in the
// body, or for other keys, and accepts a token signed with the key in the challenge.
type provisioning struct {
	t           *testing.T
	key, hubKey dps.Key
	other       *dps.TPMKeys // used instead of the caller's
	challenges  atomic.Int32
}

func newProvisioning(t *testing.T) *provisioning {
	return &provisioning{t: t, key: swtpm.NewKey(), hubKey: swtpm.NewKey()}
}

func (p *provisioning) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Retry-After", "0")
	id := strings.Split(req.URL.Path, "/")
	switch {
	case len(id) < 4:
		w.WriteHeader(http.StatusNotFound)
	case req.Method == http.MethodPut && req.Header.Get("Authorization") == "":
		p.challenges.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
		p.answer(w, dps.Challenge{Message: "Authorization required", AuthenticationKey: swtpm.Encrypted(p.t, p.caller(req), p.key), KeyName: "registration"})
	case !p.authorized(req, id[1], id[3]):
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"errorCode":401002,"message":"Unauthorized"}`)
	case req.Method == http.MethodPut:
		w.WriteHeader(http.StatusAccepted)
		hub := swtpm.Encrypted(p.t, p.caller(req), p.hubKey)
		p.answer(w, dps.Operation{OperationID: base64.RawURLEncoding.EncodeToString(hub), Status: dps.StatusAssigning})
	default:
		// The operation id contains the hub's blob, so that no state is needed.
		hub, err := base64.RawURLEncoding.DecodeString(id[5])
		if err != nil {
			p.t.Error(err)
		}
		p.answer(w, dps.Operation{OperationID: id[5], Status: dps.StatusAssigned, Registration: &dps.Registration{
			RegistrationID: id[3], AssignedHub: "hub.example", DeviceID: id[3], Status: dps.StatusAssigned,
			TPM: &dps.RegistrationTPM{AuthenticationKey: hub},
		}})
	}
}

func (p *provisioning) caller(req *http.Request) dps.TPMKeys {
	var body dps.Request
	if err := json.NewDecoder(req.Body).Decode(&body); err != nil || body.TPM == nil {
		p.t.Errorf("the body has no TPM keys: %v", err)
		return dps.TPMKeys{}
	}
	if p.other != nil {
		return *p.other
	}
	return *body.TPM
}

func (p *provisioning) authorized(req *http.Request, scope, id string) bool {
	token, err := dps.ParseToken(dps.NewSecret(req.Header.Get("Authorization")))
	return err == nil && token.SignedBy(p.key) && token.Covers(dps.Resource(scope, id)) && token.Expiry.After(time.Now())
}

func (p *provisioning) answer(w io.Writer, body any) {
	if err := json.NewEncoder(w).Encode(body); err != nil {
		p.t.Error(err)
	}
}

func openTPM(t *testing.T, path string, persist bool) *probe.TPM {
	t.Helper()
	device, err := tpm.Open(context.Background(), path, persist, tpm.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	return &probe.TPM{TPM: device}
}

func facts(device *probe.TPM) *tpm.Facts {
	return device.Inspect(probe.Target{}, time.Time{}, 0).TPM
}

func proof(t *testing.T, device *probe.TPM) probe.TPMProof {
	t.Helper()
	if failure := facts(device).Failure; failure != nil {
		t.Fatal(failure)
	}
	return device.Identify(probe.Target{Scope: scope, RegistrationID: device.RegistrationID()}, time.Now()).TPM
}

func registerWith(t *testing.T, service http.Handler, device *probe.TPM) probe.Run {
	t.Helper()
	cfg := start(t, service)
	cfg.Attestation, cfg.RegistrationID = device, device.RegistrationID()
	return do(t, cfg)
}

// TestTPMRegisters registers twice through all stages, and leaves the TPM unchanged.
func TestTPMRegisters(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	before := soft.Handles(t)
	device := openTPM(t, soft.Path, false)
	service := newProvisioning(t)
	for range 2 {
		run := registerWith(t, service, device)
		if got := outcomes(run); got != healthy {
			t.Errorf("outcomes %s, want %s; %v", got, healthy, run.FailedStage())
		}
		type seen struct {
			Status   int
			Kind     dps.BodyKind
			Answered bool
		}
		var answers []seen
		for _, a := range run.Answers {
			answers = append(answers, seen{a.Status, a.Body.Kind, a.Answered})
		}
		want := []seen{{401, dps.BodyChallenge, true}, {202, dps.BodyOperation, false}, {200, dps.BodyOperation, false}}
		if diff := cmp.Diff(want, answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	}
	if n := service.challenges.Load(); n != 2 {
		t.Errorf("%d challenges for two registrations", n)
	}
	if diff := cmp.Diff(before, soft.Handles(t)); diff != "" {
		t.Errorf("handles in the TPM (-before +after):\n%s", diff)
	}
	f := facts(device)
	if f.Manufacturer != "IBM" || f.EK.Handle != 0 || f.EK.Hash() == "" || f.IdentityKey {
		t.Errorf("facts %+v", f)
	}
	if id := device.RegistrationID(); id != dps.TPMRegistrationID(f.EK.Public) || len(id) != 52 {
		t.Errorf("registration id %q", id)
	}
}

// TestAnotherTPM: a blob for another pair of keys is reported as such.
func TestAnotherTPM(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	device := openTPM(t, soft.Path, false)
	mine := proof(t, device).Keys()
	theirs := proof(t, openTPM(t, swtpm.Start(t).Path, false)).Keys()
	for name, keys := range map[string]dps.TPMKeys{
		"other TPM":       theirs,
		"its EK replaced": {EndorsementKey: theirs.EndorsementKey, StorageRootKey: mine.StorageRootKey},
		"its SRK of old":  {EndorsementKey: mine.EndorsementKey, StorageRootKey: theirs.StorageRootKey},
	} {
		service := newProvisioning(t)
		service.other = &keys
		run := registerWith(t, service, device)
		const want = "register=failed assign=skipped hub=not-applicable"
		if got := outcomes(run); got != want {
			t.Errorf("%s: outcomes %s, want %s", name, got, want)
		}
		if run.TPM == nil || run.TPM.Kind != tpm.Activation || run.TPM.Code == 0 {
			t.Errorf("%s: failure %+v", name, run.TPM)
		}
		if run.End != probe.EndRefused || len(run.Answers) != 1 || run.Answers[0].Answered {
			t.Errorf("%s: end %s, answers %+v", name, run.End, run.Answers)
		}
	}
	if left := soft.Handles(t); len(left) != 0 {
		t.Errorf("left in the TPM: %x", left)
	}
}

// TestPersist: on request the three keys stay in the TPM, and are used and replaced the
// next time.
func TestPersist(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	first := openTPM(t, soft.Path, true)
	ek, srk := facts(first).EK.Public, facts(first).SRK.Public
	want := []tpm2.TPMHandle{0x81000001, 0x81000100, 0x81010001}
	service := newProvisioning(t)
	for range 2 { // the second run finds its keys in place
		service.hubKey = swtpm.NewKey()
		if run := registerWith(t, service, openTPM(t, soft.Path, true)); outcomes(run) != healthy {
			t.Fatalf("outcomes %s; %v", outcomes(run), run.FailedStage())
		}
		if diff := cmp.Diff(want, soft.Handles(t)); diff != "" {
			t.Fatalf("handles in the TPM (-want +got):\n%s", diff)
		}
		checkIdentityKey(t, soft, service.hubKey)
	}
	later := openTPM(t, soft.Path, false)
	f := facts(later)
	if diff := cmp.Diff([]tpm.KeyFacts{{Public: ek, Handle: 0x81010001}, {Public: srk, Handle: 0x81000001}}, []tpm.KeyFacts{f.EK, f.SRK}); diff != "" || !f.IdentityKey {
		t.Errorf("keys (-want +got):\n%s\nidentity key %v", diff, f.IdentityKey)
	}
	persisted := service.hubKey
	service.hubKey = swtpm.NewKey()
	if run := registerWith(t, service, later); outcomes(run) != healthy {
		t.Errorf("outcomes %s", outcomes(run))
	}
	checkIdentityKey(t, soft, persisted)
	for _, handle := range want {
		evict(t, soft, handle, handle)
	}
	if left := soft.Handles(t); len(left) != 0 {
		t.Errorf("left in the TPM: %x", left)
	}
}

// checkIdentityKey signs with the persistent key as an SDK would.
func checkIdentityKey(t *testing.T, soft *swtpm.TPM, key dps.Key) {
	t.Helper()
	public, err := tpm2.ReadPublic{ObjectHandle: tpm2.TPMHandle(0x81000100)}.Execute(soft.Direct)
	if err != nil {
		t.Fatal(err)
	}
	rsp, err := tpm2.Hmac{
		Handle:  tpm2.AuthHandle{Handle: 0x81000100, Name: public.Name, Auth: tpm2.PasswordAuth(nil)},
		Buffer:  tpm2.TPM2BMaxBuffer{Buffer: []byte("message")},
		HashAlg: tpm2.TPMAlgSHA256,
	}.Execute(soft.Direct)
	if err != nil {
		t.Fatal(err)
	}
	if !hmac.Equal(rsp.OutHMAC.Buffer, softHMAC(t, key, []byte("message"))) {
		t.Error("another key is persistent")
	}
}

func softHMAC(t *testing.T, key dps.Key, message []byte) []byte {
	t.Helper()
	secret, err := base64.StdEncoding.DecodeString(key.Text().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(message)
	return mac.Sum(nil)
}

// evict makes object persistent at handle, or removes it if both are the same.
func evict(t *testing.T, soft *swtpm.TPM, object, handle tpm2.TPMHandle) {
	t.Helper()
	public, err := tpm2.ReadPublic{ObjectHandle: object}.Execute(soft.Direct)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tpm2.EvictControl{
		Auth:             tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)},
		ObjectHandle:     tpm2.NamedHandle{Handle: object, Name: public.Name},
		PersistentHandle: handle,
	}.Execute(soft.Direct)
	if err != nil {
		t.Fatal(err)
	}
}

// TestSignForHub signs messages that need one command and several.
func TestSignForHub(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	p := proof(t, openTPM(t, soft.Path, false))
	key := swtpm.NewKey()
	if _, err := p.SignForHub(t.Context(), []byte("early")); err == nil {
		t.Error("signed before there was a key")
	}
	if err := p.ActivateHub(t.Context(), swtpm.Encrypted(t, p.Keys(), key)); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 1024, 1025, 2048, 5000} {
		message := make([]byte, n)
		rand.Read(message)
		got, err := p.SignForHub(t.Context(), message)
		if err != nil || !hmac.Equal(got, softHMAC(t, key, message)) {
			t.Errorf("%d bytes: %x, %v", n, got, err)
		}
	}
	if left := soft.Handles(t); len(left) != 0 {
		t.Errorf("left in the TPM: %x", left)
	}
}
