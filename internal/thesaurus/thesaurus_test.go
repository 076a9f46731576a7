package thesaurus

import (
	"slices"
	"strings"
	"testing"
)

// TestClasses: a class has a name and members, and no member is in two classes: a phrase has one meaning.
func TestClasses(t *testing.T) {
	t.Parallel()
	class := map[string]string{}
	for name, members := range All() {
		if name == "" || len(members) < 2 {
			t.Errorf("class %q has the members %q", name, members)
		}
		for _, m := range members {
			if other, taken := class[m]; taken {
				t.Errorf("%q is in the classes %q and %q", m, other, name)
			}
			if m == "" || m != strings.ToLower(strings.TrimSpace(m)) || len(strings.Fields(m)) > 4 {
				t.Errorf("class %q: the member %q is empty, too long or not in lower case", name, m)
			}
			class[m] = name
		}
	}
	if len(class) < 1000 {
		t.Errorf("%d members", len(class))
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	found := Members("refused", "timeout")
	for _, want := range []string{"refused", "actively refused", "timed out", "took too long"} {
		if !slices.Contains(found, want) {
			t.Errorf("%q is not among %q", want, found)
		}
	}
	if slices.Contains(found, "denied") || Members("no such class") != nil {
		t.Error("members of other classes")
	}
}
