package corpus

import (
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/cause"
)

func load(t *testing.T) []Report {
	t.Helper()
	reports, err := Reports("../../testdata/corpus")
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := Reports("../../testdata/fresh")
	if err != nil {
		t.Fatal(err)
	}
	return append(reports, fresh...)
}

// TestReports checks every report against the format in the README of the corpus.
func TestReports(t *testing.T) {
	t.Parallel()
	reports := load(t)
	if len(reports) < 450 {
		t.Errorf("%d reports", len(reports))
	}
	ids := map[string]bool{}
	evidence := []string{"reporter-confirmed", "maintainer-confirmed", "service-message", "related-thread", "expert-reading", "maintainer-stated", "maintainer-suspected", "log-evident"}
	for i := range reports {
		r := &reports[i]
		if ids[r.ID] {
			t.Errorf("%s is there twice", r.ID)
		}
		ids[r.ID] = true
		if strings.TrimSpace(r.Input) == "" || r.Title == "" || r.CauseText == "" || !strings.HasPrefix(r.Source, "https://") {
			t.Errorf("%s: a field is empty, or the source is no address", r.ID)
		}
		if !slices.Contains(r.Acceptable, r.Cause) || slices.Contains(r.Acceptable, cause.None) {
			t.Errorf("%s: acceptable are %v, confirmed is %s", r.ID, r.Acceptable, r.Cause)
		}
		if !slices.Contains(Decidabilities(), r.Decidable) || !slices.Contains(evidence, r.Evidence) {
			t.Errorf("%s: decidable %q, evidence %q", r.ID, r.Decidable, r.Evidence)
		}
		for _, s := range r.Signals {
			if !strings.Contains(r.Input, s) {
				t.Errorf("%s: the signal %q is not in the input", r.ID, s)
			}
		}
	}
}

// TestFreshReportsAreFresh: no thread of the fresh reports is in the corpus.
func TestFreshReportsAreFresh(t *testing.T) {
	t.Parallel()
	threads := map[string]string{}
	for _, r := range load(t) {
		if other, known := threads[r.Thread()]; known && strings.HasPrefix(r.Set, "2026") {
			t.Errorf("%s comes from the thread of %s", r.ID, other)
		}
		threads[r.Thread()] = r.ID
	}
}

// TestSecondReaders: most reports were read twice, and the readers agree.
func TestSecondReaders(t *testing.T) {
	t.Parallel()
	read, agreed := 0, 0
	for _, r := range load(t) {
		if r.Second == cause.None {
			continue
		}
		read++
		if r.Accepts(r.Second) {
			agreed++
		}
	}
	if read < 600 || agreed*100 < read*95 {
		t.Errorf("%d reports were read twice, the readers agree on %d", read, agreed)
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	messages, err := Messages("../../testdata/corpus/messages")
	if err != nil {
		t.Fatal(err)
	}
	of := map[cause.ID]int{}
	for _, m := range messages {
		of[m.Cause]++
		if strings.TrimSpace(m.Text) == "" || m.Client == "" || m.File == "" || slices.Contains(m.Also, m.Cause) {
			t.Errorf("%+v: a field is empty, or a cause is there twice", m)
		}
	}
	for _, id := range append(cause.All(), cause.None) {
		if of[id] == 0 {
			t.Errorf("no text for %q", id)
		}
	}
}

func TestThread(t *testing.T) {
	t.Parallel()
	const want = "github.com/azure/azure-iot-sdk-c/12"
	for _, address := range []string{
		"https://github.com/Azure/azure-iot-sdk-c/issues/12", "http://www.github.com/Azure/azure-iot-sdk-c/pull/12/files#diff", " https://github.com/Azure/azure-iot-sdk-c/issues/12?x=1 ",
	} {
		if got := Thread(address); got != want {
			t.Errorf("Thread(%q) = %q", address, got)
		}
	}
	if a, b := Thread("https://docs.microsoft.com/en-us/answers/q/1"), Thread("https://learn.microsoft.com/answers/q/1/"); a != b {
		t.Errorf("%q and %q", a, b)
	}
}
