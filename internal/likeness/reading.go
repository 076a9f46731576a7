package likeness

import (
	"cmp"
	"math"
	"slices"

	"dpsdiag/internal/cause"
)

// Reading is the result of the model for one text. The zero value says nothing about any cause.
type Reading struct {
	model *Model
	lines []string
	whole map[Feature]int // of the text
	score [count]Score
	best  [count]int // line with the most evidence for each class, by index
	seen  int        // features of the text that the model knows
}

// count is the maximum number of classes of a model.
const count = 256

// Score is how similar a text is to those of a cause, as a share of one among all causes.
type Score struct {
	Whole float64 // the text as a whole
	Line  float64 // the most similar line
}

// Read judges a text, given as its lines. It uses every line.
func (m *Model) Read(lines []string) *Reading {
	r := &Reading{model: m, lines: lines, whole: map[Feature]int{}}
	for n, line := range lines {
		counts := map[Feature]int{}
		for _, o := range m.synonyms.occurrences(line) {
			counts[o.Feature]++
		}
		for f, k := range counts {
			r.whole[f] += k
		}
		v := m.vector(counts)
		if len(v.at) == 0 {
			continue
		}
		for class, p := range probabilities(m.logits(v)) {
			if p > r.score[class].Line {
				r.score[class].Line, r.best[class] = p, n
			}
		}
	}
	v := m.vector(r.whole)
	r.seen = len(v.at)
	for class, p := range probabilities(m.logits(v)) {
		r.score[class].Whole = p
	}
	return r
}

// Score returns how similar the text is to those of a cause. For [cause.None] it is how similar it is
// to texts without a fault.
func (r *Reading) Score(id cause.ID) Score {
	if r == nil || r.model == nil {
		return Score{}
	}
	if class := slices.Index(r.model.classes, id); class >= 0 {
		return r.score[class]
	}
	return Score{}
}

// Seen is how many of the text's words and pairs of words the model knows.
func (r *Reading) Seen() int {
	if r == nil {
		return 0
	}
	return r.seen
}

// Known is the share of the text's words and pairs of words that the model knows, from 0 to 1.
func (r *Reading) Known() float64 {
	if r == nil || len(r.whole) == 0 {
		return 0
	}
	return float64(r.seen) / float64(len(r.whole))
}

// Reason is a line that is similar to those of a cause, with its words of the largest weight.
type Reason struct {
	Line  int // index in the lines that were read
	Words []string
}

// maxWords is how many words a reason quotes.
const maxWords = 4

// Reason returns the line with the most evidence for a cause. It is false if no line has any.
func (r *Reading) Reason(id cause.ID) (Reason, bool) {
	if r == nil || r.model == nil {
		return Reason{}, false
	}
	class := slices.Index(r.model.classes, id)
	if class < 0 || r.score[class].Line == 0 {
		return Reason{}, false
	}
	n := r.best[class]
	line := r.lines[n]
	type weighed struct {
		occurrence
		weight float64
	}
	var all, kept []weighed
	for _, o := range r.model.synonyms.occurrences(line) {
		if at, known := r.model.find(o.Feature); known {
			if weight := r.model.weightFor(at, class) * float64(r.model.idf[at]) * r.model.rarity; weight > 0 {
				all = append(all, weighed{o, weight})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b weighed) int { return cmp.Compare(b.weight, a.weight) })
	for _, w := range all {
		overlaps := func(k weighed) bool { return w.start < k.end && k.start < w.end }
		if len(kept) < maxWords && !slices.ContainsFunc(kept, overlaps) {
			kept = append(kept, w)
		}
	}
	slices.SortFunc(kept, func(a, b weighed) int { return cmp.Compare(a.start, b.start) })
	reason := Reason{Line: n}
	for _, w := range kept {
		reason.Words = append(reason.Words, line[w.start:w.end])
	}
	return reason, len(kept) > 0
}

// LogOf is the logarithm of a share, with a lower bound for a share of zero.
func LogOf(share float64) float64 { return math.Log(share + 1e-4) }
