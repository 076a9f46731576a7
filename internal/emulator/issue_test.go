package emulator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	srv "dpsdiag/internal/service"
)

// requestOf is a signing request in base64.
func requestOf(t *testing.T, key crypto.Signer, name string) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign registers with a signing request over HTTPS and polls until the end.
func (c *client) sign(version, csr string) wire {
	c.t.Helper()
	body, err := json.Marshal(map[string]string{"csr": csr})
	if err != nil {
		c.t.Fatal(err)
	}
	got := c.do(http.MethodPut, dps.RegisterPath(c.device.Scope, c.device.RegistrationID)+"?"+dps.Query(version), string(body))
	for range patience {
		if got.status != http.StatusAccepted {
			return got
		}
		path := dps.OperationPath(c.device.Scope, c.device.RegistrationID, got.body.Operation.OperationID)
		got = c.do(http.MethodGet, path+"?"+dps.Query(version), "")
	}
	return got
}

// chainIn is the issued chain of an answer, checked as far as every chain is alike.
func chainIn(t *testing.T, got wire) []*x509.Certificate {
	t.Helper()
	if got.body.Operation == nil || got.body.Operation.Registration == nil {
		t.Fatalf("the answer is %s", got)
	}
	var chain []*x509.Certificate
	for _, text := range got.body.Operation.Registration.IssuedCertificateChain {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, cert)
	}
	for i := range max(0, len(chain)-1) {
		if err := chain[i].CheckSignatureFrom(chain[i+1]); err != nil {
			t.Errorf("certificate %d: %v", i+1, err)
		}
	}
	return chain
}

// presenting is the device with an issued certificate in place of what it registered with.
func presenting(d Device, chain []*x509.Certificate, key crypto.Signer) Device {
	der, _ := x509.MarshalPKCS8PrivateKey(key)
	d.Attestation, d.CertPEM = X509, certsPEM(chain...)
	d.CertKeyPEM = dps.NewSecret("-----BEGIN PRIVATE KEY-----\n" + base64.StdEncoding.EncodeToString(der) + "\n-----END PRIVATE KEY-----\n")
	return d
}

// Each attestation gets a certificate, with which the hub knows it and without which it does
// not.
func TestIssuedCertificate(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Files: true})
	for _, d := range readIdentities(t, e) {
		t.Run(string(d.Attestation), func(t *testing.T) {
			t.Parallel()
			key := newKey(t, elliptic.P384())
			c := newClient(t, d)
			chain := chainIn(t, c.sign(dps.IssuingAPIVersion, requestOf(t, key, d.RegistrationID)))
			if len(chain) != 3 {
				t.Fatalf("a chain of %d certificates", len(chain))
			}
			leaf, root := chain[0], chain[2]
			days := leaf.NotAfter.Sub(noon)
			if leaf.Subject.CommonName != d.RegistrationID || !key.PublicKey.Equal(leaf.PublicKey) || days.Round(time.Hour) != 30*24*time.Hour || leaf.SignatureAlgorithm != x509.ECDSAWithSHA384 {
				t.Errorf("the leaf is for %q, for %s, with %s", leaf.Subject.CommonName, days, leaf.SignatureAlgorithm)
			}
			if root.CheckSignatureFrom(root) != nil {
				t.Error("the last certificate is not a root")
			}
			if got := c.lookup(); got.body.Registration == nil || got.body.Registration.IssuedCertificateChain != nil {
				t.Errorf("a lookup has the chain: %s", got.text)
			}
			here := movedToHub(e, d)
			for _, transport := range hubTransports() {
				if got := openHub(t, presenting(here, chain[:2], key), transport, d.RegistrationID, dps.Secret{}); got != hubGood(transport) {
					t.Errorf("over %s the issued certificate gets %q", transport, got)
				}
				if got := openHub(t, here, transport, d.RegistrationID, hubTokenOf(t, e, d)); got == hubGood(transport) {
					t.Errorf("over %s the hub takes what the device registered with", transport)
				}
			}
			const bad = "401 IotHubUnauthorizedAccess"
			if got := openHub(t, presenting(here, chain[:1], key), transportHTTPS, d.RegistrationID, dps.Secret{}); got != bad {
				t.Errorf("the leaf alone gets %q", got)
			}
			if _, err := tls.X509KeyPair(presenting(here, chain, key).CertPEM, []byte(presenting(here, chain, key).CertKeyPEM.Reveal())); err != nil {
				t.Errorf("the key does not fit: %v", err)
			}
		})
	}
}

// An issued certificate is good for its own device alone.
func TestIssuedCertificateOfAnotherDevice(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Files: true})
	devices := readIdentities(t, e)
	keys, chains := []crypto.Signer{}, [][]*x509.Certificate{}
	for _, d := range devices[:2] {
		key := newKey(t, elliptic.P384())
		keys = append(keys, key)
		chains = append(chains, chainIn(t, newClient(t, d).sign("2026-11-01", requestOf(t, key, d.RegistrationID))))
	}
	other := presenting(movedToHub(e, devices[0]), chains[1][:2], keys[1])
	if got := openHub(t, other, transportHTTPS, devices[0].RegistrationID, dps.Secret{}); got != "401 IotHubUnauthorizedAccess" {
		t.Errorf("the certificate of another device gets %q", got)
	}
}

func TestSigningRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	good := newKey(t, elliptic.P384())
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	forged, _ := base64.StdEncoding.DecodeString(requestOf(t, good, keyDevice))
	forged[len(forged)-1] ^= 1
	const refused = "400 400000 Bad Request"
	for name, csr := range map[string]string{
		"another name":  requestOf(t, good, groupDevice),
		"another case":  requestOf(t, good, strings.ToUpper(keyDevice)),
		"RSA":           requestOf(t, rsaKey, keyDevice),
		"P-256":         requestOf(t, newKey(t, elliptic.P256()), keyDevice),
		"forged":        base64.StdEncoding.EncodeToString(forged),
		"PEM":           "-----BEGIN CERTIFICATE REQUEST-----\n" + requestOf(t, good, keyDevice) + "\n-----END CERTIFICATE REQUEST-----\n",
		"no PKCS#10":    "AAAA",
		"one byte over": strings.Repeat("A", dps.MaxCSR+1),
	} {
		newClient(t, e.Device()).sign(dps.IssuingAPIVersion, csr).want(t, refused)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	c := newClient(t, e.Device())
	c.sign(dps.IssuingAPIVersion, requestOf(t, good, keyDevice)).want(t, assigned)
	c.do(http.MethodPost, c.path(dps.LookupPath), `{"csr":"`+requestOf(t, good, keyDevice)+`"}`).want(t, refused)
}

// Where no certificate is issued, the device is assigned all the same, and its hub takes what
// it registered with.
func TestNoCertificateIsIssued(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ scenario, version string }{
		"no policy":   {"certificate-not-issued", dps.IssuingAPIVersion},
		"old version": {"healthy", "2021-10-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, Config{Scenario: test.scenario})
			d := e.Device()
			got := newClient(t, d).sign(test.version, requestOf(t, newKey(t, elliptic.P384()), keyDevice))
			got.want(t, assigned)
			if chain := chainIn(t, got); chain != nil {
				t.Errorf("a chain of %d certificates", len(chain))
			}
			if got := openHub(t, atHub(e), transportMQTT, keyDevice, hubTokenOf(t, e, d)); got != "CONNACK 0" {
				t.Errorf("the hub says %q", got)
			}
		})
	}
}

// What the scenarios do to issued certificates, and that their devices in this process
// request one.
func TestIssuanceScenarios(t *testing.T) {
	t.Parallel()
	const bad = "401 IotHubUnauthorizedAccess"
	for name, test := range map[string]struct {
		fits, expired bool
		hub           string
	}{
		"healthy":                      {true, false, "204"},
		"issued-certificate-expired":   {true, true, bad},
		"issued-certificate-other-key": {false, false, ""},
		"issued-certificate-unusable":  {true, false, bad},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, Config{Scenario: name})
			d := e.Device()
			if (d.CSR != nil) != (name != Healthy) {
				t.Errorf("the device has a signing request: %t", d.CSR != nil)
			}
			key := newKey(t, elliptic.P384())
			chain := chainIn(t, newClient(t, d).sign(dps.IssuingAPIVersion, requestOf(t, key, keyDevice)))
			fits, expired := key.PublicKey.Equal(chain[0].PublicKey), chain[0].NotAfter.Before(noon)
			if fits != test.fits || expired != test.expired {
				t.Errorf("the key fits: %t, expired: %t", fits, expired)
			}
			if !fits {
				return
			}
			if got := openHub(t, presenting(atHub(e), chain[:2], key), transportHTTPS, keyDevice, dps.Secret{}); got != test.hub {
				t.Errorf("the hub says %q, want %q", got, test.hub)
			}
		})
	}
}

// The authority is kept in the state directory, so that a certificate outlives a restart.
func TestAuthorityIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var roots []*x509.Certificate
	for range 2 {
		e := begin(t, Config{StateDir: dir})
		chain := chainIn(t, newClient(t, e.Device()).sign(dps.IssuingAPIVersion, requestOf(t, newKey(t, elliptic.P384()), keyDevice)))
		roots = append(roots, chain[2])
		end(t, e)
	}
	if !roots[0].Equal(roots[1]) {
		t.Error("a restart has another root")
	}
}

// The policy of a configuration, and how long its certificates are valid.
func TestPolicyOfConfiguration(t *testing.T) {
	t.Parallel()
	const entry = "[[enrollments]]\nregistration_id = 'a'\nprimary_key = 'c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgcHJpbWFyeSE='\n"
	parse := func(text string) (*File, error) { return ParseFile("f.toml", []byte(entry+text), os.ReadFile) }
	for text, want := range map[string]string{
		"certificate_days = 30":                               "f.toml:4:1: enrollments[0].certificate_days: needs certificate_policy, without which no certificate is issued",
		"certificate_policy = 'p'\ncertificate_days = 6":      "f.toml:5:1: enrollments[0].certificate_days: 6 is not between 7 and 90",
		"certificate_policy = 'p'\ncertificate_days = 91":     "f.toml:5:1: enrollments[0].certificate_days: 91 is not between 7 and 90",
		"certificate_policy = 'p'\ncertificate_days = 7 # ok": "",
	} {
		got := ""
		if _, err := parse(text); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	file, err := parse("certificate_policy = '/subscriptions/s/p'\ncertificate_days = 7\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []*File{file, printedFile(t, Config{File: file, StateDir: t.TempDir()})} {
		e := begin(t, Config{File: file})
		d := e.Device()
		d.RegistrationID, d.Key = "a", file.enrollments[0].keys[0].Text()
		leaf := chainIn(t, newClient(t, d).sign(dps.IssuingAPIVersion, requestOf(t, newKey(t, elliptic.P384()), "a")))[0]
		if days := leaf.NotAfter.Sub(noon).Round(time.Hour); days != 7*24*time.Hour {
			t.Errorf("valid for %s", days)
		}
	}
}

// Both names of the policy in a record issue certificates, and a policy of the configuration is shown under the one
// that it fits.
func TestPolicyOfTheServiceAPI(t *testing.T) {
	t.Parallel()
	for member, policy := range map[string]string{"credentialPolicyName": "p", "certificatePolicyResourceId": "/subscriptions/s/p"} {
		e := begin(t, Config{})
		o := newOperator(t, e)
		stored := read[srv.IndividualEnrollment](t, o.call("PUT", "/enrollments/a", keyed("a", fmt.Sprintf(`,%q:%q`, member, policy))))
		d := e.Device()
		d.RegistrationID, d.Key = "a", stored.Attestation.SymmetricKey.PrimaryKey
		if chain := chainIn(t, newClient(t, d).sign(dps.IssuingAPIVersion, requestOf(t, newKey(t, elliptic.P384()), "a"))); len(chain) != 3 {
			t.Errorf("%s: a chain of %d certificates", member, len(chain))
		}
		file, err := ParseFile("f.toml", []byte("[[enrollments]]\nregistration_id = 'a'\nprimary_key = 'c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgcHJpbWFyeSE='\ncertificate_policy = '"+policy+"'\n"), os.ReadFile)
		if err != nil {
			t.Fatal(err)
		}
		shown := newOperator(t, begin(t, Config{File: file})).call("GET", "/enrollments/a", "")
		if members := read[map[string]any](t, shown); members[member] != policy || members["credentialPolicyName"] != nil && members["certificatePolicyResourceId"] != nil {
			t.Errorf("%s: shown as %v", member, members)
		}
	}
}
