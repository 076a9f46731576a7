package advice

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/edgeconf"
)

// TestProblemOfAConfigurationNamesItsCause reads the configurations that edgeconf is tested
// with.
func TestProblemOfAConfigurationNamesItsCause(t *testing.T) {
	t.Parallel()
	want := map[string][]cause.ID{
		"names":            {cause.ClientConfigMissing},
		"odd-scope-host":   {cause.WrongIDScope, cause.RegistrationIDInvalid},
		"endpoint-hub":     {cause.WrongGlobalEndpoint},
		"x509-name-case":   {cause.CertCNRegistrationIDMismatch},
		"key-file-base64":  {cause.SymmetricKeyMismatch},
		"key-file-missing": {cause.DeviceKeyMaterialUnreadable},
		"mixed":            {cause.AttestationMismatch},
		"payload-list":     {cause.PayloadInvalid},
		"proxy-agent":      {cause.ProxyNotConfigured},
	}
	for name, want := range want {
		if diff := cmp.Diff(want, configurationCauses(t, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// configurationCauses are the causes, each once, that the configuration in an archive is evidence for.
func configurationCauses(t *testing.T, name string) []cause.ID {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("..", "edgeconf", "testdata", "config", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	settings, err := edgeconf.Read(archive.Files[0].Name, func(path string) ([]byte, error) {
		for _, f := range archive.Files {
			switch subject, isCertificate := strings.CutPrefix(string(f.Data), "CERTIFICATE "); {
			case f.Name != path:
			case isCertificate:
				return certificateOf(t, strings.TrimSpace(subject)), nil
			default:
				return f.Data, nil
			}
		}
		return nil, os.ErrNotExist
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var causes []cause.ID
	for _, remark := range edgeconf.Lint(settings) {
		if id := OfProblem(remark.Problem); !slices.Contains(causes, id) {
			causes = append(causes, id)
		}
	}
	return causes
}

// certificateOf is a certificate in PEM with that common name.
func certificateOf(t *testing.T, subject string) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: subject}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
