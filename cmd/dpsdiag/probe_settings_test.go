package main

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"dpsdiag/internal/edgeconf"
)

// TestResolve: a flag wins over the file, which is complete in itself, and over the
// environment, and what nobody gives is the default. Each value says where it comes from.
func TestResolve(t *testing.T) {
	t.Parallel()
	const file = `[provisioning]
source = "dps"
global_endpoint = "https://file.example"
id_scope = "0neFILE"

[provisioning.attestation]
method = "symmetric_key"
registration_id = "of-the-file"
symmetric_key = { value = "MDEyMzQ1Njc4OWFiY2RlZg==" }
`
	environment := map[string]string{
		"PROVISIONING_IDSCOPE": "0neENV", "PROVISIONING_REGISTRATION_ID": "of-the-environment",
		"PROVISIONING_SYMMETRIC_KEY": "MDEyMzQ1Njc4OWFiY2RlZg==", "KEY": "MDEyMzQ1Njc4OWFiY2RlZg==",
	}
	for name, test := range map[string]struct {
		flags []string
		want  []string // endpoint, id scope, registration id
	}{
		"the environment and the default": {
			nil,
			[]string{"global.azure-devices-provisioning.net ()", "0neENV (environment variable PROVISIONING_IDSCOPE)", "of-the-environment (environment variable PROVISIONING_REGISTRATION_ID)"},
		},
		"a flag over the environment": {
			[]string{"--id-scope", "0neFLAG", "--cloud", "china"},
			[]string{"global.azure-devices-provisioning.cn (--cloud)", "0neFLAG (--id-scope)", "of-the-environment (environment variable PROVISIONING_REGISTRATION_ID)"},
		},
		"the file over the environment": {
			[]string{"--from", "config.toml"},
			[]string{"file.example (config.toml line 3: provisioning.global_endpoint)", "0neFILE (config.toml line 4: provisioning.id_scope)", "of-the-file (config.toml line 8: provisioning.attestation.registration_id)"},
		},
		"a flag over the file": {
			[]string{"--from", "config.toml", "--endpoint", "flag.example", "--registration-id", "of-the-flag"},
			[]string{"flag.example (--endpoint)", "0neFILE (config.toml line 4: provisioning.id_scope)", "of-the-flag (--registration-id)"},
		},
		"another device than that of the environment": {
			[]string{"--key-env", "KEY"},
			[]string{"global.azure-devices-provisioning.net ()", "0neENV (environment variable PROVISIONING_IDSCOPE)", " ()"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.setEnv(environment)
			w.readConfig = func(path string) ([]byte, error) {
				if path == "config.toml" {
					return []byte(file), nil
				}
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
			}
			var o probeOptions
			flags := pflag.NewFlagSet("probe", pflag.ContinueOnError)
			flags.AddFlagSet(o.target.flags())
			flags.AddFlagSet(o.credential.flags())
			if err := flags.Parse(test.flags); err != nil {
				t.Fatal(err)
			}
			s, err := o.resolve(t.Context(), &w.app)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, v := range []edgeconf.Value{s.endpoint, s.scope, s.registrationID} {
				got = append(got, fmt.Sprintf("%s (%s)", v.Text, v.Origin))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
