package edgeconf

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/rogpeppe/go-internal/txtar"
)

// For any configuration, Read returns settings or an error that names the file, every
// position is in the file, and no output contains a key.
func FuzzRead(f *testing.F) {
	archives, err := filepath.Glob("testdata/config/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatal(archives, err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(archive.Files[0].Data))
	}
	f.Add(edge11Text)
	f.Add("[[provisioning]]\nsource = \"dps\"\n")
	f.Add("provisioning = {source = {source = []}}\n[a.b]\n[[a.c]]\n")
	f.Add("\"" + textKey + "\" = 1\n\"" + textKey + "\" = 2\n")
	f.Add("[provisioning]\n\"" + textKey + "\" = { source = 1 }\nsource = { x.\"" + textKey + "\" = 1 }\n")
	f.Fuzz(func(t *testing.T, text string) {
		const path = "/etc/aziot/identityd/config.d/00-super.toml"
		files := disk{path: text, "/etc/aziot/keyd/config.d/00-super.toml": text, "/etc/aziot/certd/config.d/00-super.toml": text, "/var/secrets/device-id.key": plainKey}
		settings, err := Read(path, files.read)
		if err != nil {
			if settings != nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("settings %v, error %q", settings, err)
			}
			checkNoSecret(t, err.Error())
			return
		}
		for _, r := range Lint(settings) {
			if r.Problem == "" || r.Detail == "" || r.Origin.Line > strings.Count(text, "\n")+1 {
				t.Errorf("remark %+v", r)
			}
			checkNoSecret(t, r.Detail+r.Origin.String())
			if strings.ContainsFunc(r.Detail, unicode.IsControl) {
				t.Errorf("control characters in %q", r.Detail)
			}
		}
		if o := settings.Missing(); o != nil && o.Detail == "" {
			t.Errorf("obstacle %+v", o)
		}
	})
}

// For any values of the variables, the settings of FromEnv can be merged and checked.
func FuzzFromEnv(f *testing.F) {
	f.Add("0ne0045B3C6", "press-17", textKey, "device.pem")
	f.Add("<scope>", "\x00", "\n", "-----BEGIN")
	f.Fuzz(func(t *testing.T, scope, id, key, file string) {
		values := map[role]string{roleIDScope: scope, roleRegistrationID: id, roleKey: key, roleEndpoint: id, roleCertificate: file, roleBoth: file, rolePrivateKey: file, roleTrust: file}
		for _, sample := range samples() {
			environment := map[string]string{}
			for _, v := range sample.variables {
				environment[v.name] = values[v.role]
			}
			settings := FromEnv(func(name string) (string, bool) {
				value, ok := environment[name]
				return value, ok
			}, disk{file: plainKey}.read)
			for _, r := range Lint(settings) {
				if r.Problem == "" || r.Detail == "" || strings.ContainsFunc(r.Detail, unicode.IsControl) {
					t.Errorf("remark %+v", r)
				}
				checkNoSecret(t, r.Detail)
			}
		}
	})
}
