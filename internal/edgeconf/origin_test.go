package edgeconf

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOriginsNameTheirSource: a file has its path, the environment has its name, and flags
// have nothing; the path that a flag gives is in the command line.
func TestOriginsNameTheirSource(t *testing.T) {
	t.Parallel()
	s := &Settings{
		Endpoint: Value{"h", Origin{Variable: "PROVISIONING_HOST"}},
		IDScope:  Value{"s", Origin{File: "config.toml", Line: 4, Key: "provisioning.id_scope"}},
		Trust:    File{Path: "ca.pem", Origin: Origin{Flag: "--ca-file"}},
		Proxies:  []Proxy{{User: edgeAgent, Variable: "https_proxy", Origin: Origin{File: "config.toml", Line: 9}}},
	}
	want := []Named{
		{"endpoint", "environment variable PROVISIONING_HOST", "the environment"},
		{"id_scope", "config.toml line 4: provisioning.id_scope", "config.toml"},
		{"trust_anchors", "--ca-file", ""},
		{"https_proxy of edgeAgent", "config.toml line 9", "config.toml"},
	}
	if diff := cmp.Diff(want, s.Origins()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
