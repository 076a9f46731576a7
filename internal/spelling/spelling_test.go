package spelling_test

import (
	"testing"

	"dpsdiag/internal/spelling"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"abc", "abc", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"symetrickey", "symmetrickey", 1},
		{"kitten", "sitting", 3},
		{"ab", "ba", 2},
	} {
		if got := spelling.Distance(test.a, test.b); got != test.want {
			t.Errorf("%q to %q: %d", test.a, test.b, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	candidates := []string{"healthy", "throttled", "throttled-forever", "cert-expired", "wrong-id-scope"}
	for word, want := range map[string]string{
		"throtled":       "throttled",
		"THROTTLED":      "throttled",
		"heathy":         "healthy",
		"wrong":          "wrong-id-scope",
		"cert-expird":    "cert-expired",
		"t":              "",
		"something else": "",
		"":               "",
	} {
		if got, ok := spelling.Nearest(word, candidates); got != want || ok != (want != "") {
			t.Errorf("Nearest(%q) = %q, %t, want %q", word, got, ok, want)
		}
	}
}
