// Package learn trains the model of package likeness. It is not part of the program that users run:
// call [Train] from a generator or a test.
package learn

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/likeness"
	"dpsdiag/internal/thesaurus"
)

// Document is one text to learn from.
type Document struct {
	Text   string
	Causes []Share // the causes it is evidence for
	Weight float64
	// Copy says that the text is that of another document without some of its words, so that it does
	// not count when it is decided how rare a feature is.
	Copy bool
}

// Share is how much of a document's evidence goes to a cause.
type Share struct {
	Cause cause.ID
	Share float64
}

// Options are the settings of a training.
type Options struct {
	// Inverse is the inverse strength of the regularisation: more fits the documents more
	// closely.
	Inverse float64
	// Iterations bounds the optimiser.
	Iterations int
	// Rare is the least number of documents in which a feature has to occur.
	Rare int
}

// DefaultOptions are the settings that held-out reports chose.
func DefaultOptions() Options { return Options{Inverse: 32, Iterations: 110, Rare: 2} }

// vector is a document as a vector of length one: its features and their values.
type vector struct {
	features []int32
	values   []float32
	targets  []Share
	weight   float64
}

// Train fits a multinomial logistic regression over the words of the documents and returns
// its weights. It is deterministic.
func Train(documents []Document, options Options) (*likeness.Weights, error) {
	w := &likeness.Weights{Classes: classes(documents), Synonyms: likeness.PackSynonyms(thesaurus.All())}
	vectors := makeVectors(w, documents, options)
	if err := fit(w, vectors, options); err != nil {
		return nil, err
	}
	return w, nil
}

func classes(documents []Document) []cause.ID {
	seen := map[cause.ID]bool{}
	for _, d := range documents {
		for _, s := range d.Causes {
			seen[s.Cause] = true
		}
	}
	var found []cause.ID
	for _, id := range append([]cause.ID{cause.None}, cause.All()...) {
		if seen[id] {
			found = append(found, id)
		}
	}
	return found
}

// makeVectors chooses the features and makes the vector of each document.
func makeVectors(w *likeness.Weights, documents []Document, options Options) []vector {
	counts := make([]map[likeness.Feature]int, len(documents))
	in := map[likeness.Feature]int{}
	originals := 0
	for i, d := range documents {
		counts[i] = likeness.Counts(d.Text, w.Synonyms)
		if d.Copy {
			continue
		}
		originals++
		for f := range counts[i] {
			in[f]++
		}
	}
	for f, n := range in {
		if n >= options.Rare {
			w.Features = append(w.Features, f)
		}
	}
	slices.Sort(w.Features)
	index := make(map[likeness.Feature]int32, len(w.Features))
	w.IDF = make([]float64, len(w.Features))
	for i, f := range w.Features {
		index[f] = int32(i)
		w.IDF[i] = 1 + math.Log(float64(1+originals)/float64(1+in[f]))
	}
	vectors := make([]vector, 0, len(documents))
	for i, d := range documents {
		r := vector{targets: d.Causes, weight: d.Weight}
		for f := range counts[i] {
			if at, known := index[f]; known {
				r.features = append(r.features, at)
			}
		}
		slices.Sort(r.features)
		norm := 0.0
		for _, at := range r.features {
			v := likeness.Value(counts[i][w.Features[at]], w.IDF[at])
			norm += v * v
			r.values = append(r.values, float32(v))
		}
		for k := range r.values {
			r.values[k] /= float32(math.Sqrt(norm))
		}
		if len(r.features) > 0 {
			vectors = append(vectors, r)
		}
	}
	return vectors
}

// fit finds the weights with the Broyden–Fletcher–Goldfarb–Shanno method.
func fit(w *likeness.Weights, vectors []vector, options Options) error {
	k := len(w.Classes)
	position := map[cause.ID]int{}
	for i, id := range w.Classes {
		position[id] = i
	}
	total := 0.0
	for _, r := range vectors {
		total += r.weight
	}
	p := problem{vectors: vectors, classes: k, position: position, decay: 1 / (options.Inverse * total), scale: 1 / total}
	x := make([]float64, (len(w.Features)+1)*k)
	result, err := optimize.Minimize(optimize.Problem{
		Func: func(x []float64) float64 { p.evaluate(x); return p.loss },
		Grad: func(grad, x []float64) { p.evaluate(x); copy(grad, p.gradient) },
	}, x, &optimize.Settings{MajorIterations: options.Iterations, Converger: &optimize.FunctionConverge{Relative: 1e-5, Iterations: 4}}, &optimize.LBFGS{Store: 8})
	if result == nil {
		return fmt.Errorf("fit the weights: %w", err)
	}
	w.Bias = slices.Clone(result.X[len(w.Features)*k:])
	w.Weights = result.X[:len(w.Features)*k]
	return nil
}

// problem is the loss of a set of weights and its gradient, kept for the last point that was
// evaluated.
type problem struct {
	vectors  []vector
	classes  int
	position map[cause.ID]int
	decay    float64
	scale    float64

	at       []float64
	loss     float64
	gradient []float64
}

func (p *problem) evaluate(x []float64) {
	if slices.Equal(p.at, x) {
		return
	}
	p.at = append(p.at[:0], x...)
	if p.gradient == nil {
		p.gradient = make([]float64, len(x))
	}
	k := p.classes
	bias := len(x) - k
	p.loss = 0
	for i := range bias {
		p.gradient[i] = p.decay * x[i]
		p.loss += p.decay * x[i] * x[i] / 2
	}
	clear(p.gradient[bias:])
	logits := make([]float64, k)
	for r := range p.vectors {
		vector := &p.vectors[r]
		copy(logits, x[bias:])
		for j, f := range vector.features {
			v := float64(vector.values[j])
			for c, weight := range x[int(f)*k : (int(f)+1)*k] {
				logits[c] += v * weight
			}
		}
		logSum := softmax(logits)
		share := vector.weight * p.scale
		for _, t := range vector.targets {
			p.loss -= share * t.Share * logSum.logit(p.position[t.Cause])
			logits[p.position[t.Cause]] -= t.Share
		}
		for c := range logits {
			p.gradient[bias+c] += share * logits[c]
		}
		for j, f := range vector.features {
			v := share * float64(vector.values[j])
			g := p.gradient[int(f)*k : (int(f)+1)*k]
			for c, d := range logits {
				g[c] += v * d
			}
		}
	}
}

// logProbabilities are the logarithms of the result of softmax.
type logProbabilities struct {
	logits []float64
}

func (l logProbabilities) logit(i int) float64 { return l.logits[i] }

// softmax turns logits into probabilities and returns their logarithms.
func softmax(logits []float64) logProbabilities {
	top := slices.Max(logits)
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(l - top)
	}
	logs := make([]float64, len(logits))
	for i, l := range logits {
		logs[i] = l - top - math.Log(sum)
		logits[i] = math.Exp(logs[i])
	}
	return logProbabilities{logs}
}

// Prune keeps at most size weights, the largest ones.
func Prune(w *likeness.Weights, size int) {
	if len(w.Weights) <= size {
		return
	}
	sizes := make([]float64, len(w.Weights))
	k := len(w.Classes)
	for i, v := range w.Weights {
		sizes[i] = math.Abs(v) * w.IDF[i/k]
	}
	slices.SortFunc(sizes, func(a, b float64) int { return cmp.Compare(b, a) })
	least := sizes[size]
	for i, v := range w.Weights {
		if math.Abs(v)*w.IDF[i/k] <= least {
			w.Weights[i] = 0
		}
	}
}

// modelWeights is how many weights a packed model keeps.
const modelWeights = 235_000

// Model trains on documents and returns the bytes of the packed model.
func Model(documents []Document) ([]byte, error) {
	w, err := Train(documents, DefaultOptions())
	if err != nil {
		return nil, err
	}
	Prune(w, modelWeights)
	return likeness.Pack(w), nil
}
