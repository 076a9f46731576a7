package advice_test

import (
	"slices"
	"testing"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

func TestQueriedCausesAreRankedTogether(t *testing.T) {
	t.Parallel()
	several := codes.Lookup("401002")[0] // several causes, the key among them
	single := codes.Lookup("429")[0]
	if len(several.CauseIDs) < 2 || len(single.CauseIDs) != 1 {
		t.Fatalf("the catalogue lists %v for 401002 and %v for 429; choose other codes", several.CauseIDs, single.CauseIDs)
	}
	last := several.CauseIDs[len(several.CauseIDs)-1]
	tests := []struct {
		name    string
		queries []advice.Query
		first   cause.ID
		want    advice.Strength
		more    int // causes after the first
	}{
		{"a code with several causes decides nothing", []advice.Query{{Entry: several}}, several.CauseIDs[0], advice.Allows, len(several.CauseIDs) - 1},
		{"a code with one cause", []advice.Query{{Entry: single}}, single.CauseIDs[0], advice.Suggests, 0},
		{"the same code twice says it once", []advice.Query{{Entry: several}, {Entry: several}}, several.CauseIDs[0], advice.Allows, len(several.CauseIDs) - 1},
		{"a cause that was asked for is first", []advice.Query{{Entry: several}, {Cause: last.Definition()}}, last, advice.Suggests, len(several.CauseIDs) - 1},
		{"nothing", nil, cause.None, 0, -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			causes := advice.Queried(test.queries)
			if len(causes) != test.more+1 {
				t.Fatalf("%d causes, want %d", len(causes), test.more+1)
			}
			if len(causes) > 0 && (causes[0].ID != test.first || causes[0].Strength != test.want) {
				t.Errorf("first %s, %s; want %s, %s", causes[0].ID, causes[0].Strength, test.first, test.want)
			}
			if slices.ContainsFunc(causes, func(c advice.Cause) bool { return len(c.Because) == 0 || c.Strength == advice.Proves }) {
				t.Error("a cause has no reason, or a name proves it")
			}
		})
	}
}
