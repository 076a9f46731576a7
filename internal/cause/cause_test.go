package cause

import (
	"slices"
	"strings"
	"testing"
)

// TestEveryCauseIsDefinedOnce also finds a name that is missing or given twice.
func TestEveryCauseIsDefinedOnce(t *testing.T) {
	t.Parallel()
	defined := map[ID]int{}
	for _, d := range Definitions() {
		defined[d.ID]++
	}
	for _, id := range All() {
		if defined[id] != 1 {
			t.Errorf("%s is defined %d times", id, defined[id])
		}
		if found, ok := Parse(id.String()); !ok || found != id {
			t.Errorf("Parse(%q) = %s, %t", id, found, ok)
		}
	}
	for _, name := range []string{"", "nosuch", "cause(3)"} {
		if id, ok := Parse(name); ok {
			t.Errorf("Parse(%q) = %s", name, id)
		}
		if d, ok := Lookup(name); ok {
			t.Errorf("Lookup(%q) = %v", name, d)
		}
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		id, accepted ID
		want         bool
	}{
		{ClientConfigInvalid, ClientConfigMissing, true},
		{ClientConfigMissing, ClientConfigInvalid, false},
		{Throttled, Throttled, true},
		{Throttled, None, false},
	} {
		if got := test.id.Fits(test.accepted); got != test.want {
			t.Errorf("%s fits %s: %t", test.id, test.accepted, got)
		}
	}
}

func TestDefinitionsAreComplete(t *testing.T) {
	t.Parallel()
	for _, r := range Definitions() {
		t.Run(r.ID.String(), func(t *testing.T) {
			t.Parallel()
			for field, missing := range map[string]bool{
				"Title": r.Title == "", "Meaning": r.Meaning == "", "Confirm": len(r.Confirm) == 0, "Remedies": len(r.Remedies) == 0,
			} {
				if missing {
					t.Errorf("%s is empty", field)
				}
			}
			if (r.Scenario == "") == (r.NoScenario == "") {
				t.Errorf("Scenario %q, NoScenario %q: exactly one must be set", r.Scenario, r.NoScenario)
			}
			checkStyle(t, r)
			checkStep(t, r.Decide)
			checkShow(t, r.Show)
		})
	}
}

// checkStyle checks the form of the texts: titles and steps are phrases, meanings are sentences.
func checkStyle(t *testing.T, r *Definition) {
	t.Helper()
	for _, phrase := range slices.Concat([]string{r.Title}, r.Confirm, r.Remedies) {
		if strings.HasSuffix(phrase, ".") || strings.TrimSpace(phrase) != phrase || phrase == "" || strings.ToUpper(phrase[:1]) != phrase[:1] {
			t.Errorf("not a phrase: %q", phrase)
		}
	}
	for _, sentence := range []string{r.Meaning, r.NoScenario} {
		if sentence != "" && !strings.HasSuffix(sentence, ".") {
			t.Errorf("not a sentence: %q", sentence)
		}
	}
}

// checkShow holds a command to programs that only read.
func checkShow(t *testing.T, command string) {
	t.Helper()
	reads := []string{" show", " list", " compute-device-key ", "openssl x509 -noout ", "openssl s_client ", "nslookup ", "date -u"}
	if command != "" && !slices.ContainsFunc(reads, func(part string) bool { return strings.Contains(command, part) }) {
		t.Errorf("not a command that reads: %q", command)
	}
}

func checkStep(t *testing.T, d *Step) {
	t.Helper()
	if d == nil {
		return
	}
	if strings.HasSuffix(d.How, ".") || d.How == "" {
		t.Errorf("not a phrase: %q", d.How)
	}
	if !strings.HasPrefix(d.Command, "dpsdiag probe ") || !strings.Contains(d.Command, "--registration-id REGISTRATION-ID") {
		t.Errorf("not a command: %q", d.Command)
	}
}
