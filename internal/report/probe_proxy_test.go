package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// TestTargetTellsTheProxy: the text names the proxy and who named it, or why it was not
// used; in JSON the shape of the target stays.
func TestTargetTellsTheProxy(t *testing.T) {
	t.Parallel()
	through := probe.Route{Proxy: &proxy.Ref{URL: "http://proxy.plant:3128", Origin: "HTTPS_PROXY"}}
	hostile := probe.Route{Proxy: &proxy.Ref{URL: "http://p:1", Origin: "\x1b[31m"}}
	exempt := probe.Route{Direct: "NO_PROXY exempts the host"}
	for name, test := range map[string]struct {
		routes []probe.Route
		want   string // "" for no line at all
	}{
		"direct":            {[]probe.Route{{}}, ""},
		"through a proxy":   {[]probe.Route{through}, "http://proxy.plant:3128 (HTTPS_PROXY)"},
		"twice the same":    {[]probe.Route{through, through}, "http://proxy.plant:3128 (HTTPS_PROXY)"},
		"exempted":          {[]probe.Route{exempt}, "none: NO_PROXY exempts the host"},
		"each its own way":  {[]probe.Route{through, exempt}, "http://proxy.plant:3128 (HTTPS_PROXY), none: NO_PROXY exempts the host"},
		"a hostile setting": {[]probe.Route{hostile}, `http://p:1 (\x1b[31m)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ev := healthy()
			plain := keysOf(t, NewProbe(ev, advice.Diagnosis{}, Tool{}, false))
			first := ev.Runs[0]
			ev.Runs = nil
			for _, route := range test.routes {
				first.Route = route
				ev.Runs = append(ev.Runs, first)
			}
			doc := NewProbe(ev, advice.Diagnosis{}, Tool{}, false)
			got := ""
			for line := range strings.Lines(string(render(t, doc, "text", Options{Width: 200}))) {
				if value, ok := strings.CutPrefix(line, "proxy "); ok {
					got = strings.TrimSpace(value)
				}
			}
			if got != test.want {
				t.Errorf("the target says %q, want %q", got, test.want)
			}
			if diff := cmp.Diff(plain, keysOf(t, doc)); diff != "" {
				t.Errorf("keys of the JSON (-direct +now):\n%s", diff)
			}
		})
	}
}
