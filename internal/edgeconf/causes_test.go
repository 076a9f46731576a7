package edgeconf_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"dpsdiag/internal/advice"
)

// Every cause that a remark names in testdata is one that advice knows.
func TestCausesAreKnown(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/config/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range archives {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^remark +([^:]+):`).FindAllSubmatch(data, -1) {
			seen[string(match[1])] = true
		}
	}
	if len(seen) < 9 {
		t.Errorf("the test data has remarks of %d causes only", len(seen))
	}
	for id := range seen {
		if _, ok := advice.RuleByID(id); !ok {
			t.Errorf("advice has no rule %q", id)
		}
	}
}
