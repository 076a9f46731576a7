package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The shares that are promised: of the cases that their text decides, the first cause is
// acceptable; of the others, one of the first three is.
const (
	leastFirst = 95
	leastThree = 85
)

func TestScore(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "dpsdiag")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "dpsdiag/cmd/dpsdiag").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cases, err := loadCases(filepath.Join("..", "..", "testdata", "cases", "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := explainAll(t.Context(), program, cases, false)
	if err != nil {
		t.Fatal(err)
	}
	counts := tallies(outcomes)
	if c := counts["from-text"]; share(c.first, c.cases) < leastFirst {
		t.Errorf("first cause acceptable in %.1f%% of the cases that the text decides, want %d%%", share(c.first, c.cases), leastFirst)
	}
	if c := counts["needs-probe"].plus(counts["ambiguous"]); share(c.three, c.cases) < leastThree {
		t.Errorf("acceptable cause among the first three in %.1f%% of the other cases, want %d%%", share(c.three, c.cases), leastThree)
	}
	if t.Failed() {
		t.Log(misses(outcomes))
	}
	again, err := explainAll(t.Context(), program, cases, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(summary("", outcomes)+misses(outcomes), summary("", again)+misses(again)); diff != "" {
		t.Errorf("the second run differs (-first +second):\n%s", diff)
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		causes              []string
		first, three, exact bool
	}{
		{nil, false, false, false},
		{[]string{"a"}, true, true, true},
		{[]string{"b"}, true, true, false},
		{[]string{"x", "y", "b"}, false, true, false},
		{[]string{"x", "y", "z", "a"}, false, false, false},
	} {
		o := outcome{reportedCase{Cause: "a", Acceptable: []string{"b"}}, test.causes}
		if o.first() != test.first || o.three() != test.three || o.exact() != test.exact {
			t.Errorf("%v: first %t, three %t, exact %t", test.causes, o.first(), o.three(), o.exact())
		}
	}
}
