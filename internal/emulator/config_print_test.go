package emulator

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/atomicfile"
)

// printed returns the text of PrintConfig.
func printed(t *testing.T, config Config) string {
	t.Helper()
	config.Now, config.Random = atNoon, seed()
	text, err := PrintConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// printedFile returns the File that is parsed from the text of PrintConfig.
func printedFile(t *testing.T, config Config) *File {
	t.Helper()
	return parsed(t, printed(t, config))
}

func parsed(t *testing.T, text string) *File {
	t.Helper()
	file, err := ParseFile("printed.toml", []byte(text), os.ReadFile)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	return file
}

// For every scenario ParseFile accepts the printed text, and printing the parsed file gives the
// same text again.
func TestPrintedConfigRoundTrip(t *testing.T) {
	t.Parallel()
	sample, err := ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	withoutHubs, err := ParseFile("f.toml", []byte("[[groups]]\nid = 'a'\nca_file = 'ca'\nhubs = []\nca_verified = false\n"), func(string) ([]byte, error) {
		return []byte(caOf(t)), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	disk := atomicfile.System{Unsynced: true}
	for _, file := range []*File{nil, sample, withoutHubs} {
		for _, s := range Scenarios() {
			if s.Attestation == TPM && file != sample {
				continue // needs a TPM
			}
			dir := t.TempDir()
			config := Config{File: file, Scenario: s.Name, StateDir: dir, Disk: disk}
			first := printed(t, config)
			again := printed(t, Config{File: parsed(t, first), StateDir: dir, Disk: disk})
			body := func(text string) string { return text[strings.Index(text, "\n\n"):] }
			if diff := cmp.Diff(body(first), body(again)); diff != "" {
				t.Errorf("%s (-printed +printed again):\n%s", s.Name, diff)
			}
			if strings.Contains(first, keyDevice) {
				t.Errorf("%s: a ready identity is printed:\n%s", s.Name, first)
			}
		}
	}
}

// caOf returns the certificate of a CA in PEM.
func caOf(t *testing.T) string {
	t.Helper()
	_, w := newTestService(t)
	return string(certsPEM(w.root.cert))
}

// An emulator that reads the printed text has the scenario's fault, without the scenario's name.
func TestPrintedScenarioHasItsFault(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{File: printedFile(t, Config{Scenario: "throttled-forever"})})
	if got := newClient(t, e.Device()).register(); got.status != http.StatusTooManyRequests || got.body.Error.ErrorCode != 429001 {
		t.Errorf("register: %s", got)
	}
}

// No key is printed. The text names the file of a key; a key without one is written to a file in
// the state directory.
func TestPrintedConfigHoldsNoKey(t *testing.T) {
	t.Parallel()
	const primary, secondary = "c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgcHJpbWFyeSAg", "c2FtcGxlIGtleSBvZiBwcmVzcy0wNywgc2Vjb25kYXJ5"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "first.key"), []byte(primary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "emulator.toml")
	inFiles := "[[enrollments]]\nregistration_id = 'Press:07'\nprimary_key_file = 'first.key'\n"
	for name, test := range map[string]struct {
		text, stateDir string
		want           []string
	}{
		"keys in files": {inFiles, "", []string{"primary_key_file = '" + filepath.Join(dir, "first.key") + "'\n"}},
		"a key without a file": {inFiles + "secondary_key = '" + secondary + "'\n", filepath.Join(dir, "state"), []string{
			"primary_key_file = '" + filepath.Join(dir, "first.key") + "'\n",
			"secondary_key_file = '" + filepath.Join(dir, "state", enrolledDir, "config-individual-press%3A07-2.key") + "'\n",
		}},
		"no state directory for it": {inFiles + "secondary_key = '" + secondary + "'\n", "", nil},
	} {
		if err := os.WriteFile(config, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		text, err := PrintConfig(Config{File: file, StateDir: test.stateDir})
		if refused := errors.Is(err, ErrKeysNotPrinted); refused != (test.want == nil) || err != nil && !refused {
			t.Errorf("%s: %v", name, err)
		}
		for _, want := range test.want {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: %q is not in:\n%s", name, want, text)
			}
		}
		if strings.Contains(string(text), primary) || strings.Contains(string(text), secondary) {
			t.Errorf("%s: a key is in:\n%s", name, text)
		}
	}
}
