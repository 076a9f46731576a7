package edgeconf

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
)

// summary contains the values that the rules of Merge affect.
type summary struct {
	Endpoint, Scope, ID, Attestation, Obstacle string
	Remarks, Proxies                           int
}

func summarise(s *Settings) summary {
	sum := summary{
		Endpoint: s.Endpoint.Text, Scope: s.IDScope.Text, ID: s.RegistrationID.Text,
		Attestation: s.Attestation.Origin.String(), Remarks: len(s.remarks), Proxies: len(s.Proxies),
	}
	if s.Attestation.Origin.IsZero() {
		sum.Attestation = ""
	}
	if s.Obstacle != nil {
		sum.Obstacle = s.Obstacle.Detail
	}
	return sum
}

func given(name, text string) Value { return Value{text, Origin{Flag: name}} }

func TestMerge(t *testing.T) {
	t.Parallel()
	flags := &Settings{
		IDScope:     given("--id-scope", "0ne0000FFFF"),
		Attestation: Attestation{Kind: X509, Origin: Origin{Flag: "--cert"}},
	}
	file := &Settings{
		schema:         schemaEdge,
		Endpoint:       Value{"file.example", Origin{File: "c", Key: "e"}},
		IDScope:        Value{"0ne0000AAAA", Origin{File: "c", Key: "s"}},
		RegistrationID: Value{"file-id", Origin{File: "c", Key: "r"}},
		Attestation:    Attestation{Kind: SymmetricKey, Origin: Origin{File: "c", Key: "m"}, Key: dps.NewKey([]byte("0123456789abcdef"))},
		Proxies:        []Proxy{{User: edgeAgent}},
		remarks:        []Remark{{Problem: ProblemSetting}},
	}
	gap := &Settings{schema: schemaEdge, Endpoint: file.Endpoint, remarks: []Remark{{Problem: ProblemSetting, setting: settingIDScope}}}
	manual := &Settings{schema: schemaIdentity, Obstacle: &Obstacle{Detail: "manual"}}
	env := &Settings{
		schema:         schemaEnvironment,
		Endpoint:       Value{"env.example", Origin{Variable: "H"}},
		IDScope:        Value{"0ne0000EEEE", Origin{Variable: "S"}},
		RegistrationID: Value{"env-id", Origin{Variable: "R"}},
		Attestation:    Attestation{Kind: SymmetricKey, Origin: Origin{Variable: "K"}, Key: dps.NewKey([]byte("0123456789abcdef"))},
		remarks:        []Remark{{Problem: ProblemSetting}},
	}
	idle := &Settings{schema: schemaEnvironment, remarks: []Remark{{Problem: ProblemSetting}}}
	for _, test := range []struct {
		name    string
		sources []*Settings
		want    summary
	}{
		{"nothing", nil, summary{}},
		{"nothing given", []*Settings{nil, nil}, summary{}},
		{
			"the environment alone",
			[]*Settings{nil, nil, env},
			summary{Endpoint: "env.example", Scope: "0ne0000EEEE", ID: "env-id", Attestation: "environment variable K", Remarks: 1},
		},
		{
			"flags win, and the id in the environment is not that of their credential",
			[]*Settings{flags, nil, env},
			summary{Endpoint: "env.example", Scope: "0ne0000FFFF", Attestation: "--cert", Remarks: 1},
		},
		{
			"an environment with nothing to give is not spoken of",
			[]*Settings{flags, nil, idle},
			summary{Scope: "0ne0000FFFF", Attestation: "--cert"},
		},
		{"an environment that should have given something is", []*Settings{{}, nil, idle}, summary{Remarks: 1}},
		{
			"flags win over a file",
			[]*Settings{flags, file},
			summary{Endpoint: "file.example", Scope: "0ne0000FFFF", ID: "file-id", Attestation: "--cert", Remarks: 1, Proxies: 1},
		},
		{"a file hides the environment", []*Settings{{}, gap, env}, summary{Endpoint: "file.example", Remarks: 1}},
		{"a file without DPS hides it too", []*Settings{nil, manual, env}, summary{Obstacle: "manual"}},
		{
			"a file without DPS does not matter to flags with a credential",
			[]*Settings{flags, manual},
			summary{Scope: "0ne0000FFFF", Attestation: "--cert"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, summarise(Merge(test.sources...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	scope, id := given("--id-scope", "0ne0045B3C6"), given("--registration-id", "press-17")
	key := Attestation{Kind: SymmetricKey, Origin: Origin{Flag: "--key-file"}}
	for _, test := range []struct {
		name     string
		settings Settings
		want     string // the detail, "" for none
	}{
		{"nothing", Settings{}, "the id scope is missing"},
		{"no credential", Settings{IDScope: scope, RegistrationID: id}, "the attestation is missing"},
		{"no id", Settings{IDScope: scope, Attestation: key}, "the registration id is missing"},
		{"no id, but a certificate", Settings{IDScope: scope, Attestation: Attestation{Kind: X509, Origin: Origin{Flag: "--cert"}}}, ""},
		{"half a certificate", Settings{IDScope: scope, Attestation: Attestation{Kind: X509, Certificate: File{Path: "c"}}}, "the attestation is missing"},
		{"all", Settings{IDScope: scope, RegistrationID: id, Attestation: key}, ""},
		{"a TPM, which has an id of its own", Settings{IDScope: scope, Attestation: Attestation{Kind: TPM2}}, ""},
		{"an id that could not be taken", Settings{
			IDScope: scope, Attestation: Attestation{Kind: TPM2},
			remarks: []Remark{{Problem: ProblemSetting, setting: settingRegistrationID, Detail: "the id is empty"}},
		}, "the id is empty"},
		{"an obstacle", Settings{IDScope: scope, RegistrationID: id, Attestation: Attestation{Kind: TPM2, Obstacle: &Obstacle{Detail: "no way"}}}, "no way"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if o := test.settings.Missing(); o != nil {
				got = o.Detail
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestLintOfFlags(t *testing.T) {
	t.Parallel()
	s := &Settings{
		Endpoint: given("--endpoint", "dps.lab.example:8443"), IDScope: given("--id-scope", "0ne0045B3C6"),
		RegistrationID: given("--registration-id", "press-17"),
	}
	if remarks := Lint(s); len(remarks) > 0 {
		t.Errorf("remarks on a host that somebody typed: %v", remarks)
	}
	s.Endpoint.Text, s.IDScope.Text = "global.azure-devices-provisioning.net", "0cn0000990D"
	want := []Remark{{
		Problem: ProblemEndpoint, setting: settingEndpoint, Origin: Origin{Flag: "--endpoint"},
		Detail: `--endpoint names "global.azure-devices-provisioning.net", of the public cloud, but the id scope "0cn0000990D" (--id-scope) begins like those of the china cloud, whose endpoint is global.azure-devices-provisioning.cn`,
	}}
	if diff := cmp.Diff(want, Lint(s), cmp.AllowUnexported(Remark{})); diff != "" {
		t.Error(diff)
	}
}
