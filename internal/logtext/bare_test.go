package logtext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBareCodes: a known six-digit code counts without a name before it, where the line is about
// trouble or provisioning and the number stands alone.
func TestBareCodes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"failed 401002":                          {"dps-401002 1"},
		"got 401002 from DPS":                    {"dps-401002 1"},
		"register: 404201, giving up with error": {"dps-404201 1"},
		"Provisioning failed (400209).":          {"dps-400209 1"},
		"[ERROR] 429001":                         {"dps-429001 1"},
		"DPS error code: 401002":                 {"dps-401002 1"},

		"order 401002 shipped":                   nil,
		"10:15:03.401002 failed to open file":    nil,
		"failed to read /var/spool/401002/job":   nil,
		"failed with 401002.7 ms left":           nil,
		"batch 2401002 failed":                   nil,
		"ticket #401002 failed":                  nil,
		"failed 412345":                          nil, // no known code
		"0 errors, 401002 bytes":                 nil,
		"failed" + strings.Repeat(" 401002", 99): nil, // a dump of numbers
	} {
		if diff := cmp.Diff(want, matches(scan(t, text).Matches)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if got := scan(t, "DPS error code: 401002, failed").Matches; len(got) != 1 || got[0].Count != 1 {
		t.Errorf("a code with its name counts once: %+v", got)
	}
}
