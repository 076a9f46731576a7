package emulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"

	"github.com/google/go-cmp/cmp"
)

// mac signs a token like a client, without our code.
func mac(t *testing.T, key dps.Key, resource string, expiry any) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(key.Text().Reveal())
	if err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha256.New, raw)
	fmt.Fprintf(h, "%s\n%v", resource, expiry)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// lowerEscapes writes percent-escapes in lower case, as the C SDK does.
func lowerEscapes(text string) string {
	text = url.QueryEscape(text)
	for _, c := range []string{"F", "B", "D"} {
		text = strings.ReplaceAll(text, "%2"+c, "%2"+strings.ToLower(c))
		text = strings.ReplaceAll(text, "%3"+c, "%3"+strings.ToLower(c))
	}
	return text
}

// The token forms of the SDKs and of the Azure CLI, and the reasons to refuse one.
func TestTokens(t *testing.T) {
	t.Parallel()
	second := dps.NewKey([]byte("a secondary key of some length"))
	s, w := newTestService(t, func(w *world) error {
		entry := w.service.enrolled.individual(keyDevice)
		entry.keys = append(entry.keys, second)
		return nil
	})
	raw := defaultScope + "/registrations/" + keyDevice
	upper, lower := url.QueryEscape(raw), lowerEscapes(raw)
	hour := noon.Add(time.Hour).Unix()
	sig := func(sr string, se any) string { return url.QueryEscape(mac(t, w.key, sr, se)) }
	const scheme = "SharedAccessSignature "
	tests := map[string]struct {
		token  string
		accept bool
	}{
		"Node: raw, skn before se":       {scheme + "sr=" + raw + "&sig=" + sig(raw, hour) + "&skn=registration&se=" + fmt.Sprint(hour), true},
		"C#: escaped in upper case":      {scheme + "sr=" + upper + "&sig=" + sig(upper, hour) + "&se=" + fmt.Sprint(hour) + "&skn=registration", true},
		"C: escaped in lower case":       {scheme + "sr=" + lower + "&sig=" + lowerEscapes(mac(t, w.key, lower, hour)) + "&se=" + fmt.Sprint(hour) + "&skn=registration", true},
		"Java: skn empty":                {scheme + "sr=" + raw + "&sig=" + sig(raw, hour) + "&se=" + fmt.Sprint(hour) + "&skn=", true},
		"Python: no skn":                 {scheme + "sr=" + upper + "&sig=" + sig(upper, hour) + "&se=" + fmt.Sprint(hour), true},
		"another skn":                    {scheme + "sr=" + upper + "&sig=" + sig(upper, hour) + "&se=" + fmt.Sprint(hour) + "&skn=device", true},
		"any order":                      {scheme + "skn=registration&se=" + fmt.Sprint(hour) + "&sig=" + sig(upper, hour) + "&sr=" + upper, true},
		"scheme in lower case":           {strings.ToLower(scheme) + "sr=" + upper + "&sig=" + sig(upper, hour) + "&se=" + fmt.Sprint(hour), true},
		"resource in lower case":         {scheme + "sr=" + strings.ToLower(upper) + "&sig=" + sig(strings.ToLower(upper), hour) + "&se=" + fmt.Sprint(hour), true},
		"secondary key":                  {dps.Sign(second, raw, noon.Add(time.Hour)).Reveal(), true},
		"a second to live":               {dps.Sign(w.key, raw, noon.Add(time.Second)).Reveal(), true},
		"expiry in milliseconds":         {dps.Sign(w.key, raw, time.Unix(noon.UnixMilli(), 0)).Reveal(), true},
		"expired this second":            {dps.Sign(w.key, raw, noon).Reveal(), false},
		"expired long ago":               {dps.Sign(w.key, raw, noon.Add(-time.Hour)).Reveal(), false},
		"another key":                    {dps.Sign(dps.NewKey([]byte("a key that is enrolled nowhere")), raw, noon.Add(time.Hour)).Reveal(), false},
		"the group key":                  {dps.Sign(w.groupKey, raw, noon.Add(time.Hour)).Reveal(), false},
		"a key derived from the group's": {dps.Sign(w.groupKey.Derive(keyDevice), raw, noon.Add(time.Hour)).Reveal(), false},
		"another device":                 {dps.Sign(w.key, defaultScope+"/registrations/other", noon.Add(time.Hour)).Reveal(), false},
		"another scope":                  {dps.Sign(w.key, "0neFFFFFFFF/registrations/"+keyDevice, noon.Add(time.Hour)).Reveal(), false},
		"scope alone":                    {dps.Sign(w.key, defaultScope, noon.Add(time.Hour)).Reveal(), false},
		"expiry changed after signing":   {strings.Replace(dps.Sign(w.key, raw, noon.Add(-time.Hour)).Reveal(), fmt.Sprint(noon.Add(-time.Hour).Unix()), fmt.Sprint(hour), 1), false},
		"signed over the decoded text":   {scheme + "sr=" + upper + "&sig=" + sig(raw, hour) + "&se=" + fmt.Sprint(hour), false},
		"no signature":                   {scheme + "sr=" + upper + "&se=" + fmt.Sprint(hour), false},
		"no expiry":                      {scheme + "sr=" + upper + "&sig=" + sig(upper, ""), false},
		"no scheme":                      {"sr=" + upper + "&sig=" + sig(upper, hour) + "&se=" + fmt.Sprint(hour), false},
		"nonsense":                       {"nonsense", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caller, refused := s.authenticate(claimWith(keyDevice, credential{token: dps.NewSecret(test.token)}))
			if (caller != nil) != test.accept {
				t.Fatalf("accepted: %v, want %v; %+v", caller != nil, test.accept, refused)
			}
			if !test.accept {
				want := &refusal{reason: reasonToken, status: 401, code: 401002, message: "Unauthorized", why: refused.why}
				if diff := cmp.Diff(want, refused, cmp.AllowUnexported(refusal{}, delivery{})); diff != "" {
					t.Errorf("refusal (-want +got):\n%s", diff)
				}
				wantNoSecret(t, refused.why, test.token, w)
			}
		})
	}
}

func claimWith(id string, c credential) claim {
	return claim{scope: defaultScope, registrationID: id, apiVersion: dps.DefaultAPIVersion, credential: c}
}

// wantNoSecret checks that the log contains neither signature nor key.
func wantNoSecret(t *testing.T, text, token string, w *world) {
	t.Helper()
	secrets := []string{w.key.Text().Reveal(), w.groupKey.Text().Reveal()}
	if parsed, err := url.ParseQuery(token[strings.Index(token, " ")+1:]); err == nil && parsed.Get("sig") != "" {
		secrets = append(secrets, parsed.Get("sig"), url.QueryEscape(parsed.Get("sig")))
	}
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("the log would show a secret: %s", text)
		}
	}
}

// Without any symmetric-key enrollment that matches, the service says that it does not know
// the device; with a group, a wrong key cannot be distinguished from an unknown device.
func TestUnknownDevice(t *testing.T) {
	t.Parallel()
	token := credential{token: dps.Sign(dps.NewKey([]byte("a key that is enrolled nowhere")), dps.Resource(defaultScope, "stranger"), noon.Add(time.Hour))}
	dropKeyGroups := func(w *world) error {
		w.service.enrolled.groups = w.service.enrolled.groups[1:]
		return nil
	}
	for name, test := range map[string]struct {
		alter []change
		want  int
	}{
		"group":      {nil, 401002},
		"no group":   {[]change{dropKeyGroups}, 404201},
		"nothing":    {[]change{removeEnrollments}, 404201},
		"key device": {[]change{dropKeyGroups, swapAttestations}, 404201},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := newTestService(t, test.alter...)
			_, refused := s.authenticate(claimWith("stranger", token))
			if refused == nil || refused.code != test.want {
				t.Errorf("refusal %+v, want code %d", refused, test.want)
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	s, w := newTestService(t)
	must := func(c *certified, err error) *certified {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	otherRoot := must(w.mint.authority("other root", nil))
	other := must(w.mint.authority("other intermediate", otherRoot))
	direct := must(w.mint.device("direct", w.root, nil))
	expiredCA := must(w.mint.issue(&x509.Certificate{
		Subject: w.intermediate.cert.Subject, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotAfter: noon.Add(-time.Hour),
	}, w.root))
	device := func(name string, issuer *certified, alter func(*x509.Certificate)) *x509.Certificate {
		return must(w.mint.device(name, issuer, alter)).cert
	}
	const bad, noCA, otherCA = messageCertificate, messageNoCA, messageOtherCA
	tests := map[string]struct {
		id    string
		chain []*x509.Certificate
		want  string // "" means accepted
	}{
		"leaf and intermediate":     {x509Device, []*x509.Certificate{w.leaf.cert, w.intermediate.cert}, ""},
		"root sent too":             {x509Device, []*x509.Certificate{w.leaf.cert, w.intermediate.cert, w.root.cert}, ""},
		"chain out of order":        {x509Device, []*x509.Certificate{w.leaf.cert, w.root.cert, w.intermediate.cert}, ""},
		"another certificate too":   {x509Device, []*x509.Certificate{w.leaf.cert, other.cert, w.intermediate.cert}, ""},
		"signed by the enrolled CA": {"direct", []*x509.Certificate{direct.cert}, ""},
		"id in other case":          {strings.ToUpper(x509Device), []*x509.Certificate{w.leaf.cert, w.intermediate.cert}, ""},
		"no extended key usage": {"a", []*x509.Certificate{device("a", w.intermediate, func(c *x509.Certificate) {
			c.ExtKeyUsage = nil
		}), w.intermediate.cert}, ""},
		"leaf alone":             {x509Device, []*x509.Certificate{w.leaf.cert}, noCA},
		"leaf and root":          {x509Device, []*x509.Certificate{w.leaf.cert, w.root.cert}, noCA},
		"another CA":             {"a", []*x509.Certificate{device("a", other, nil), other.cert}, otherCA},
		"another CA with root":   {"a", []*x509.Certificate{device("a", other, nil), other.cert, otherRoot.cert}, otherCA},
		"another CA, leaf alone": {"a", []*x509.Certificate{device("a", other, nil)}, noCA},
		"another name":           {"b", []*x509.Certificate{device("a", w.intermediate, nil), w.intermediate.cert}, bad},
		"no name":                {"b", []*x509.Certificate{device("", w.intermediate, nil), w.intermediate.cert}, bad},
		"expired": {"a", []*x509.Certificate{device("a", w.intermediate, func(c *x509.Certificate) {
			c.NotAfter = noon.Add(-time.Minute)
		}), w.intermediate.cert}, bad},
		"not valid yet": {"a", []*x509.Certificate{device("a", w.intermediate, func(c *x509.Certificate) {
			c.NotBefore = noon.Add(time.Minute)
		}), w.intermediate.cert}, bad},
		"intermediate expired": {"a", []*x509.Certificate{device("a", expiredCA, nil), expiredCA.cert}, bad},
		"CA as a device": {"a", []*x509.Certificate{device("a", w.intermediate, func(c *x509.Certificate) {
			c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign
		}), w.intermediate.cert}, bad},
		"server certificate": {"a", []*x509.Certificate{device("a", w.intermediate, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}), w.intermediate.cert}, bad},
		"the enrolled CA itself": {w.root.cert.Subject.CommonName, []*x509.Certificate{w.root.cert}, bad},
		"signed by a device":     {"a", []*x509.Certificate{device("a", w.leaf, nil), w.leaf.cert, w.intermediate.cert}, otherCA},
		"key is enrolled":        {keyDevice, []*x509.Certificate{device(keyDevice, w.intermediate, nil), w.intermediate.cert}, bad},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.id == w.root.cert.Subject.CommonName {
				// A name that is not a registration id is refused earlier: call the step itself.
				if _, refused := s.matchGroup(test.chain); refused == nil || refused.message != test.want {
					t.Errorf("refusal %+v, want %q", refused, test.want)
				}
				return
			}
			caller, refused := s.authenticate(claimWith(test.id, credential{chain: test.chain}))
			switch {
			case test.want == "" && (refused != nil || caller.enrollment.name != x509Group):
				t.Errorf("refused: %+v", refused)
			case test.want != "" && (refused == nil || refused.message != test.want || refused.code != 401002 || refused.reason != reasonCertificate):
				t.Errorf("refusal %+v, want %q", refused, test.want)
			}
		})
	}
}

// An individual enrollment checks only the leaf and has priority over any group.
func TestIndividualCertificates(t *testing.T) {
	t.Parallel()
	var selfSigned, secondary, expired *certified
	s, w := newTestService(t, func(w *world) (err error) {
		ca := func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }
		if selfSigned, err = w.mint.device("single", nil, ca); err != nil {
			return err
		}
		if secondary, err = w.mint.device("single", nil, nil); err != nil {
			return err
		}
		if expired, err = w.mint.device("late", nil, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Hour) }); err != nil {
			return err
		}
		w.service.enrolled.add(&enrollment{name: "Single", certs: []*x509.Certificate{selfSigned.cert, secondary.cert}})
		w.service.enrolled.add(&enrollment{name: "late", certs: []*x509.Certificate{expired.cert}})
		return nil
	})
	inGroup, err := w.mint.device("single", w.intermediate, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		id    string
		chain []*x509.Certificate
		want  bool
	}{
		"self-signed as openssl makes it": {"single", []*x509.Certificate{selfSigned.cert}, true},
		"secondary":                       {"SINGLE", []*x509.Certificate{secondary.cert}, true},
		"good for the group only":         {"single", []*x509.Certificate{inGroup.cert, w.intermediate.cert}, false},
		"expired":                         {"late", []*x509.Certificate{expired.cert}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caller, refused := s.authenticate(claimWith(test.id, credential{chain: test.chain}))
			if (caller != nil) != test.want {
				t.Errorf("accepted: %v, want %v; %+v", caller != nil, test.want, refused)
			}
		})
	}
}

// The group of the closest signer decides, even if it is disabled and a higher one is not.
func TestClosestSignerDecides(t *testing.T) {
	t.Parallel()
	s, w := newTestService(t, func(w *world) error {
		w.service.enrolled.add(&enrollment{name: "closest", group: true, disabled: true, certs: []*x509.Certificate{w.intermediate.cert}})
		return nil
	})
	got := s.serve(claimWith(x509Device, credential{chain: []*x509.Certificate{w.leaf.cert, w.intermediate.cert}}), request{operation: opRegister})
	for range patience {
		if got.operationID == "" {
			break
		}
		got = s.serve(claimWith(x509Device, credential{chain: []*x509.Certificate{w.leaf.cert}}), request{operation: opStatus, operationID: got.operationID})
	}
	if operation, ok := got.body.(*dps.Operation); !ok || operation.Status != dps.StatusDisabled {
		t.Errorf("answer %+v", got.body)
	}
}

// A token has priority over the certificate of its connection.
func TestTokenGoesBeforeCertificate(t *testing.T) {
	t.Parallel()
	s, w := newTestService(t)
	both := credential{
		token: dps.Sign(w.key, dps.Resource(defaultScope, keyDevice), noon.Add(time.Hour)),
		chain: []*x509.Certificate{w.leaf.cert, w.intermediate.cert},
	}
	if _, refused := s.authenticate(claimWith(keyDevice, both)); refused != nil {
		t.Errorf("refused: %+v", refused)
	}
	if _, refused := s.authenticate(claimWith(x509Device, both)); refused == nil {
		t.Error("a certificate made up for a token of another device")
	}
}
