package advice

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// anyCandidates makes candidates of different rules that are mostly equal, so that every criterion of
// the order decides some comparisons.
func anyCandidates(random *rand.Rand, n int) []candidate {
	var list []candidate
	for i := range n {
		list = append(list, candidate{
			index:    i,
			strength: Allows + Strength(random.IntN(3)),
			support:  Strength(random.IntN(2)) * Suggests,
			named:    random.IntN(2) == 0,
			doubted:  random.IntN(2) == 0,
			position: random.IntN(3),
		})
	}
	return list
}

func TestRankIsAnOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	list := anyCandidates(random, 60)
	for _, a := range list {
		for _, b := range list {
			ab, ba := compareRank(a, b), compareRank(b, a)
			if ab != -ba || (ab == 0) != (a.index == b.index) {
				t.Fatalf("%+v and %+v compare as %d and %d", a, b, ab, ba)
			}
			for _, c := range list {
				if ab < 0 && compareRank(b, c) < 0 && compareRank(a, c) >= 0 {
					t.Fatalf("not transitive: %+v, %+v, %+v", a, b, c)
				}
			}
		}
	}
}

func TestRankDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	list := anyCandidates(random, 40)
	want, _ := rank(slices.Clone(list))
	if len(want) != maxCauses {
		t.Fatalf("%d causes, want %d", len(want), maxCauses)
	}
	for range 200 {
		random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		got, _ := rank(slices.Clone(list))
		if !slices.EqualFunc(got, want, func(a, b candidate) bool { return a.index == b.index }) {
			t.Fatal("another order of the same candidates ranks otherwise")
		}
	}
}

// TestRankMeasures: each criterion has priority over all after it.
func TestRankMeasures(t *testing.T) {
	t.Parallel()
	for name, pair := range map[string][2]candidate{
		"strength": {{strength: Suggests, doubted: true, position: 9, index: 9}, {strength: Allows, support: Proves, named: true}},
		"support":  {{support: Suggests, doubted: true, position: 9, index: 9}, {named: true}},
		"named":    {{named: true, doubted: true, position: 9, index: 9}, {}},
		"doubted":  {{position: 9, index: 9}, {doubted: true}},
		"position": {{position: 1, index: 9}, {position: 2}},
		"index":    {{index: 1}, {index: 2}},
	} {
		if compareRank(pair[0], pair[1]) >= 0 {
			t.Errorf("%s: the likelier one comes second", name)
		}
	}
}

func TestMergeTakesTheBest(t *testing.T) {
	t.Parallel()
	merged := merge([][]candidate{
		{
			{index: 1, strength: RulesOut, because: []string{"out"}},
			{index: 2, strength: Allows, because: []string{"a"}, doubted: true},
			{index: 3, strength: Allows, because: []string{"c"}, named: true, position: 4},
		},
		{
			{index: 1, strength: Allows, because: []string{"in"}},
			{index: 2, strength: Suggests, support: Suggests, because: []string{"a", "b"}, named: true, position: 3, explain: "401002"},
			{index: 3, strength: RulesOut, because: []string{"out"}},
		},
	})
	want := []candidate{
		{index: 1, strength: Allows, because: []string{"in"}},
		{index: 2, strength: Suggests, support: Suggests, because: []string{"a", "b"}, named: true, position: 3, explain: "401002"},
		{index: 3, strength: Allows, because: []string{"c"}, named: true, position: 4},
	}
	for i, c := range merged {
		w := want[i]
		if !slices.Equal(c.because, w.because) || compareRank(c, w) != 0 || c.explain != w.explain {
			t.Errorf("%d: %+v, want %+v", i, c, w)
		}
	}
}
