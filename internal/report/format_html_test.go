package report

import (
	"strings"
	"testing"

	"dpsdiag/internal/probe"
	"dpsdiag/internal/schematest"
)

// TestPagesAreClosed: a page has no script, loads nothing, and what a server, a file or a
// log says in it stays text.
func TestPagesAreClosed(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		if !fits[htmlDocument](s.doc) {
			continue
		}
		text := schematest.HTML(t, s.name, render(t, s.doc, "html", Options{}))
		if strings.Contains(text, "[]") || strings.Contains(text, "<nil>") || strings.Contains(text, "%!") {
			t.Errorf("%s: a value that is not text: %s", s.name, text)
		}
	}
	text := schematest.HTML(t, "markup", render(t, NewProbe(hostile(markupText), hostileDiagnosis(markupText), Tool{markupText}, false), "html", Options{}))
	if got := strings.Count(text, Clean(markupText)); got < 20 {
		t.Errorf("the server's text is shown %d times", got)
	}
}

// TestThePageHasWhatTheDocumentHas looks for every text of the JSON that people read.
func TestThePageHasWhatTheDocumentHas(t *testing.T) {
	t.Parallel()
	doc := NewProbe(refused(), refusedDiagnosis(), Tool{"1.2.3"}, false)
	text := schematest.HTML(t, "refused", render(t, doc, "html", Options{}))
	for _, run := range doc.Runs {
		for _, s := range run.Stages {
			for _, f := range s.facts() {
				mustContain(t, text, f.name, f.value)
			}
			mustContain(t, text, s.ID, s.detail(), s.took())
		}
		for _, e := range run.Exchanges {
			mustContain(t, text, append(e.Sent, e.Received...)...)
		}
		for _, f := range run.Reply.fields() {
			mustContain(t, text, f.value)
		}
	}
	for _, c := range doc.Causes {
		mustContain(t, text, append(append([]string{c.Title, c.Explain}, c.Because...), c.Remedies...)...)
	}
	for _, c := range doc.RuledOut {
		mustContain(t, text, append(c.Because, c.Title)...)
	}
	for _, s := range doc.Decide {
		mustContain(t, text, s.How, s.Command)
	}
	for _, w := range doc.Warnings {
		mustContain(t, text, w.Detail)
	}
}

func mustContain(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing", part)
		}
	}
}

func TestWaterfall(t *testing.T) {
	t.Parallel()
	run := Run{Stages: []Stage{
		{ID: "inputs", Outcome: string(probe.Passed), DurationMS: 0},
		{ID: "resolve", Outcome: string(probe.Passed), DurationMS: 25},
		{ID: "connect", Outcome: string(probe.Failed), DurationMS: 75},
		{ID: "tls", Outcome: string(probe.Skipped), Needs: "connect"},
	}}
	for longest, want := range map[float64][][2]int{
		100: {{0, 4}, {0, 250}, {250, 750}, {996, 4}},
		200: {{0, 4}, {0, 125}, {125, 375}, {500, 4}},
		0:   {{0, 0}, {0, 0}, {0, 0}, {0, 0}},
	} {
		for i, row := range run.waterfall(longest) {
			if got := [2]int{row.Start, row.Width}; got != want[i] {
				t.Errorf("of %v ms: %s is at %v, want %v", longest, row.Name, got, want[i])
			}
		}
	}
}
