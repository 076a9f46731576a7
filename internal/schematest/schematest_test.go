package schematest

import (
	"fmt"
	"strings"
	"testing"
)

// recorder is a test that only records whether it failed.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

const goodSuite = `<testsuites><testsuite name="n" package="p" id="0" hostname="localhost" timestamp="2026-11-22T09:30:00" ` +
	`tests="1" failures="1" errors="0" skipped="0" time="0.100"><properties></properties>` +
	`<testcase name="a" classname="b" time="0.100"><failure type="fault" message="m">text</failure></testcase>` +
	`<system-out></system-out><system-err></system-err></testsuite></testsuites>`

func TestJUnit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from, to string
		good     bool
	}{
		"good":                {"", "", true},
		"a miscount":          {`failures="1"`, `failures="0"`, false},
		"a missing attribute": {` hostname="localhost"`, "", false},
		"a foreign attribute": {`id="0"`, `id="0" file="f"`, false},
		"a zone":              {"09:30:00", "09:30:00Z", false},
		"too many decimals":   {`time="0.100"><prop`, `time="0.1001"><prop`, false},
		"a foreign element":   {"<system-out></system-out>", "<stdout></stdout>", false},
		"a wrong order":       {"<properties></properties>", "<system-out></system-out><properties></properties>", false},
		"no output":           {"<system-out></system-out>", "", false},
		"two outcomes":        {"<failure", `<skipped message="m"></skipped><failure`, false},
		"another root":        {"testsuites>", "suites>", false},
	} {
		r := &recorder{TB: t}
		JUnit(r, name, []byte(strings.ReplaceAll(goodSuite, test.from, test.to)))
		if (len(r.failures) == 0) != test.good {
			t.Errorf("%s: %q", name, r.failures)
		}
	}
}

func TestSARIF(t *testing.T) {
	t.Parallel()
	schema := LoadSARIF(t)
	const log = `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "n"}}, "results": [{"level": "note", "message": {"text": "m"}}]}]}`
	for name, test := range map[string]struct {
		from, to string
		good     bool
	}{
		"good":              {"2.1.0", "2.1.0", true},
		"another version":   {"2.1.0", "2.0.0", false},
		"no name":           {`"name": "n"`, `"version": "1"`, false},
		"no message":        {`, "message": {"text": "m"}`, "", false},
		"an unknown level":  {`"note"`, `"notice"`, false},
		"an unknown member": {`"results"`, `"findings": 1, "results"`, false},
		"no JSON":           {"{", "[", false},
	} {
		r := &recorder{TB: t}
		schema.Check(r, name, []byte(strings.ReplaceAll(log, test.from, test.to)))
		if (len(r.failures) == 0) != test.good {
			t.Errorf("%s: %q", name, r.failures)
		}
	}
}
