package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/probe"
)

// TestTargetTellsTheOrigins: one line names the sources besides flags, --verbose each place.
func TestTargetTellsTheOrigins(t *testing.T) {
	t.Parallel()
	flag := probe.Origin{Name: "id_scope", From: "--id-scope"}
	file := probe.Origin{Name: "registration_id", From: "config.toml line 8: registration_id", Source: "config.toml"}
	env := probe.Origin{Name: "endpoint", From: "environment variable \x1b[31m", Source: "the environment"}
	for name, test := range map[string]struct {
		origins []probe.Origin
		verbose bool
		want    string
	}{
		"none":        {nil, true, ""},
		"flags alone": {[]probe.Origin{flag}, false, ""},
		"mixed":       {[]probe.Origin{flag, file, file, env}, false, "settings from config.toml, the environment\n"},
		"verbose": {[]probe.Origin{flag, env}, true, "settings from    the environment\n" +
			"  id_scope  --id-scope\n" + `  endpoint  environment variable \x1b[31m` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev := healthy()
			ev.Origins = test.origins
			doc := NewProbe(ev, advice.Diagnosis{}, Tool{}, false)
			var got strings.Builder
			for line := range strings.Lines(string(render(t, doc, "text", Options{Width: 200, Verbose: test.verbose}))) {
				if strings.Contains(line, " from ") || strings.HasPrefix(line, "  id_scope") || strings.HasPrefix(line, "  endpoint") {
					got.WriteString(line)
				}
			}
			if diff := cmp.Diff(test.want, got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
