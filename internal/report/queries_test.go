package report

import (
	"testing"

	"dpsdiag/internal/schematest"
)

func querySamples() []sample {
	one := NewKQLQuery("401002", "devices that were refused with 401002", "let Since = 7d;\nAzureDiagnostics\n| where Id == \""+hostileText+"\"\n")
	return []sample{
		{"kql-query", NewQueries(false, one)},
		{"kql-list", NewQueries(true, one, NewKQLQuery("load", "load by the minute, where it is near the limit or attempts are throttled", "AzureDiagnostics\n| count\n"))},
	}
}

func TestQueriesHaveTheirSchema(t *testing.T) {
	t.Parallel()
	schema := schematest.Load(t, "kql-1")
	for _, s := range querySamples() {
		schema.Check(t, s.name, render(t, s.doc, "json", Options{}))
	}
}

// TestAQueryIsWrittenAsItIs: its lines are not wrapped, however narrow the terminal is.
func TestAQueryIsWrittenAsItIs(t *testing.T) {
	t.Parallel()
	const text = "AzureDiagnostics\n| where ResultDescription contains \"a text that is longer than the width of a narrow terminal\" or true\n"
	doc := NewQueries(false, NewKQLQuery("x", "x", text))
	for _, width := range []int{0, 40} {
		if got := string(render(t, doc, "text", Options{Width: width})); got != text {
			t.Errorf("at width %d: %s", width, got)
		}
	}
}
