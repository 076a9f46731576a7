package edgeconf

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withKey returns a configuration with the secret key of the test data and one more line.
func withKey(line string) string {
	return "[provisioning]\nsource = \"dps\"\n" + line + "\n\n[provisioning.attestation]\nsymmetric_key = { value = \"" + textKey + "\" }\n"
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "read configuration c.toml: the file is empty"},
		{"blank", " \n\t\n", "read configuration c.toml: the file is empty"},
		{"UTF-16 with its mark", "\xff\xfe[\x00p\x00", "read configuration c.toml: the file is UTF-16 text; save it as UTF-8, which the device's software requires too"},
		{"UTF-16, the other way round", "\xfe\xff\x00[\x00p", "read configuration c.toml: the file is UTF-16 text; save it as UTF-8, which the device's software requires too"},
		{"UTF-16 without its mark", "[\x00p\x00", "read configuration c.toml: the file is binary or UTF-16, not TOML text"},
		{"too much", strings.Repeat("#", maxConfiguration+1), "read configuration c.toml: the file has 131073 bytes, more than any configuration; is it the right one?"},
		{"Latin-1", "# caf\u00e9\n# caf\xe9\n", "read configuration c.toml: line 2 is not UTF-8 text; is it TOML, and saved as UTF-8?"},
		{"no quotation marks", withKey("id_scope = 0ne0045B3C6"), "c.toml:3:13: strings must be quoted; text must be in quotation marks"},
		{"a word", withKey("mode = Dynamic"), "c.toml:3:8: unexpected character U+0044 'D' at start of value; text must be in quotation marks"},
		{"typographic quotation marks", withKey("id_scope = \u201c0ne0045B3C6\u201d"), `c.toml:3:12: unexpected character U+00E2 'â' at start of value; this is a typographic quotation mark; TOML requires the plain " or '`},
		{"angle quotation marks", withKey("id_scope = \u00ab0ne0045B3C6\u00bb"), `c.toml:3:12: unexpected character U+00C2 'Â' at start of value; this is a typographic quotation mark; TOML requires the plain " or '`},
		{"YAML inside TOML", withKey("id_scope: \"0ne0045B3C6\""), "c.toml:3:9: expected '=' after key; TOML writes key = value, not key: value"},
		{"open text", withKey("id_scope = \"0ne0045B3C6"), "c.toml:3:24: basic strings cannot have new lines"},
		{"two tables", withKey("") + "[provisioning]\n", "c.toml:7:2: table provisioning already exists; keep one provisioning block and comment out the others"},
		{"two keys", withKey("source = \"dps\""), "c.toml:3:1: key source is already defined; keep one of the lines and comment out the others"},
		{"open table", "[provisioning\n", "c.toml:1:14: expected ']' to close table name"},
		{"a number out of range", withKey("cloud_timeout_sec = 1e999"), "c.toml:3:21: unable to parse float"},
		{"a bare key", "value = " + textKey, "c.toml:1:9: unexpected character U+0059 'Y' at start of value; text must be in quotation marks"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			settings, err := Read("c.toml", disk{"c.toml": test.text}.readAll)
			if err == nil || settings != nil {
				t.Fatalf("settings %v, error %v", settings, err)
			}
			checkNoSecret(t, err.Error())
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// readAll returns the content unchanged, even if it is empty.
func (d disk) readAll(path string) ([]byte, error) { return []byte(d[path]), nil }

func TestReadPassesOverByteOrderMark(t *testing.T) {
	t.Parallel()
	settings, err := Read("c.toml", disk{"c.toml": "\xef\xbb\xbf[provisioning]\r\nsource = \"dps\"\r\nid_scope = \"0ne0045B3C6\"\r\n"}.read)
	if err != nil {
		t.Fatal(err)
	}
	want := Value{"0ne0045B3C6", Origin{File: "c.toml", Line: 3, Column: 1, Key: "provisioning.id_scope"}}
	if diff := cmp.Diff(want, settings.IDScope); diff != "" {
		t.Error(diff)
	}
}

const edge11Text = `# Provisioning mode and settings
###############################################################################
provisioning:
  source: "dps"
  scope_id: "0ne0045B3C6"
  attestation:
    method: "symmetric_key"
    registration_id: "press-17"
    symmetric_key: "` + textKey + `"

agent:
  name: "edgeAgent"
  createOptions: [a, b]
`

func TestReadEdge11(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		line       int // 0: another error
	}{
		{"a whole file", edge11Text, 3},
		{"with other line ends", strings.ReplaceAll(edge11Text, "\n", "\r\n"), 3},
		{"provisioning commented out", "hostname: \"press-17\"\n# provisioning:\nhomedir: \"/var/lib/iotedge\"\n", 1},
		{"provisioning alone", "provisioning:\n", 1},
		{"one line that could be anything", "hostname: press-17\n", 0},
		{"a slip in a TOML file", "[provisioning]\nprovisioning:\n", 0},
		{"a slip in a TOML file with a comment", "[[principal]] # first\nagent:\nhostname: x\n", 0},
		{"YAML of something else", "services:\n  web:\n", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Read("config.yaml", disk{"config.yaml": test.text}.read)
			checkNoSecret(t, err.Error())
			old, ok := errors.AsType[*Edge11Error](err)
			switch {
			case ok != (test.line > 0):
				t.Errorf("error %v", err)
			case ok && (old.Line != test.line || old.Path != "config.yaml" || !strings.Contains(old.Hint(), "iotedge config import")):
				t.Errorf("%+v: %v; %s", old, err, old.Hint())
			}
		})
	}
}

func TestReadFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	small, large := filepath.Join(dir, "small"), filepath.Join(dir, "large")
	for path, size := range map[string]int{small: maxFile, large: maxFile + 1} {
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := ReadFile(small); err != nil || len(data) != maxFile {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if _, err := ReadFile(large); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("a large file: %v", err)
	}
	if _, err := ReadFile(dir); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := ReadFile(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestReadWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Read(dir, ReadFile)
	want := "read configuration: " + dir + " is a directory; name the file in it, such as config.toml"
	if err == nil || err.Error() != want {
		t.Errorf("a directory: %v", err)
	}
	_, err = Read("missing.toml", disk{}.read)
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != "read configuration missing.toml: file does not exist on this machine" {
		t.Errorf("a missing file: %v", err)
	}
	_, err = Read("denied.toml", disk{"denied.toml": "DENIED"}.read)
	if !errors.Is(err, fs.ErrPermission) || err.Error() != "read configuration denied.toml: permission denied: run dpsdiag as root (sudo)" {
		t.Errorf("a file of root: %v", err)
	}
	_, err = Read("odd.toml", func(string) ([]byte, error) { return nil, errors.New("the disk is on fire") })
	if err == nil || err.Error() != "read configuration odd.toml: the disk is on fire" {
		t.Errorf("another error: %v", err)
	}
}
