package likeness

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"sort"

	"dpsdiag/internal/cause"
)

// Weights are a trained model as numbers, before they are packed.
type Weights struct {
	Classes  []cause.ID
	Features []Feature // ascending
	IDF      []float64 // of each feature: how informative it is because it is rare
	Weights  []float64 // of each feature for each class, the classes of a feature together
	Bias     []float64 // of each class
	Synonyms string    // as [PackSynonyms] returns them: those of the features
}

// Value returns the value of a feature that occurs count times in a text.
func Value(count int, idf float64) float64 { return (1 + math.Log(float64(count))) * idf }

// Model is a packed model: it uses the bytes in place, so that it costs nothing to load. Make one with
// [Open].
//
// The bytes are: the number of classes K and of features N, the scales of weights and idf
// (float32), then K class ids (uint16), K biases (float32), N features (uint32, ascending),
// N idfs (uint8), N+1 offsets (uint32), the size of the synonyms (uint32), the synonyms, and for each
// feature its weights: class (uint8) and weight (int8). All numbers are little-endian.
type Model struct {
	classes  []cause.ID
	bias     []float64
	features string // N uint32
	idf      string
	offsets  string
	weights  string
	synonyms synonyms
	weight   float64 // of one unit
	rarity   float64 // of one unit of idf

	precedents precedents
}

// Pack returns the bytes of a model. Features without a weight are left out.
func Pack(w *Weights) []byte {
	k := len(w.Classes)
	var kept []int
	most, rarest := 0.0, 0.0
	for i := range w.Features {
		used := false
		for _, v := range w.Weights[i*k : (i+1)*k] {
			most = max(most, math.Abs(v))
			used = used || v != 0
		}
		if used {
			kept = append(kept, i)
			rarest = max(rarest, w.IDF[i])
		}
	}
	unit, rarity := most/127, rarest/255
	var out []byte
	out = binary.LittleEndian.AppendUint32(out, uint32(k))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(kept)))
	out = appendFloat(appendFloat(out, unit), rarity)
	for _, id := range w.Classes {
		out = binary.LittleEndian.AppendUint16(out, uint16(id))
	}
	for _, b := range w.Bias {
		out = appendFloat(out, b)
	}
	for _, i := range kept {
		out = binary.LittleEndian.AppendUint32(out, uint32(w.Features[i]))
	}
	for _, i := range kept {
		out = append(out, uint8(math.Round(w.IDF[i]/rarity)))
	}
	var weights []byte
	for _, i := range kept {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(weights)/2))
		for c, v := range w.Weights[i*k : (i+1)*k] {
			if q := int8(math.Round(v / unit)); q != 0 {
				weights = append(weights, uint8(c), uint8(q))
			}
		}
	}
	out = binary.LittleEndian.AppendUint32(out, uint32(len(weights)/2))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(w.Synonyms)))
	out = append(out, w.Synonyms...)
	return append(out, weights...)
}

func appendFloat(out []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
}

// errModel says that the bytes are no model.
var errModel = errors.New("the likeness model is damaged")

// Open returns the model with these bytes.
func Open(data string) (*Model, error) {
	r := reader{data: data}
	k, n := int(r.uint32()), int(r.uint32())
	m := &Model{weight: r.float(), rarity: r.float()}
	if k == 0 || k > 255 || n > len(data) {
		return nil, errModel
	}
	for range k {
		m.classes = append(m.classes, cause.ID(binary.LittleEndian.Uint16([]byte(r.take(2)))))
	}
	for range k {
		m.bias = append(m.bias, r.float())
	}
	m.features, m.idf, m.offsets = r.take(4*n), r.take(n), r.take(4*(n+1))
	m.synonyms = openSynonyms(r.take(int(min(r.uint32(), uint32(len(data))))))
	m.weights = r.data
	if r.failed || len(m.weights) != 2*int(uint32At(m.offsets, n)) {
		return nil, errModel
	}
	return m, nil
}

// reader reads values from the front of data.
type reader struct {
	data   string
	failed bool
}

func (r *reader) take(n int) string {
	if n > len(r.data) {
		r.failed = true
		return string(make([]byte, n))
	}
	taken := r.data[:n]
	r.data = r.data[n:]
	return taken
}

func (r *reader) uint32() uint32 { return uint32At(r.take(4), 0) }
func (r *reader) float() float64 { return float64(math.Float32frombits(r.uint32())) }

func uint32At(s string, i int) uint32 {
	s = s[4*i : 4*i+4]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// find returns the place of a feature in the model, or false if it is not in it.
func (m *Model) find(f Feature) (int, bool) {
	i := sort.Search(len(m.idf), func(i int) bool { return uint32At(m.features, i) >= uint32(f) })
	return i, i < len(m.idf) && uint32At(m.features, i) == uint32(f)
}

// vector is a text as the model sees it: places of features and their values, of length 1.
type vector struct {
	at     []int
	values []float64
}

func (m *Model) vector(counts map[Feature]int) vector {
	var v vector
	for f := range counts {
		if at, known := m.find(f); known {
			v.at = append(v.at, at)
		}
	}
	slices.Sort(v.at) // the sum of floats depends on its order
	norm := 0.0
	for _, at := range v.at {
		value := Value(counts[Feature(uint32At(m.features, at))], float64(m.idf[at])*m.rarity)
		norm += value * value
		v.values = append(v.values, value)
	}
	for i := range v.values {
		v.values[i] /= math.Sqrt(norm)
	}
	return v
}

// logits adds up the weights of the features of a vector for each class.
func (m *Model) logits(v vector) []float64 {
	sums := slices.Clone(m.bias)
	for i, at := range v.at {
		for e := uint32At(m.offsets, at); e < uint32At(m.offsets, at+1); e++ {
			sums[m.weights[2*e]] += v.values[i] * m.weight * float64(int8(m.weights[2*e+1]))
		}
	}
	return sums
}

// weightFor is the weight of one feature of the vector for a class.
func (m *Model) weightFor(at int, class int) float64 {
	for e := uint32At(m.offsets, at); e < uint32At(m.offsets, at+1); e++ {
		if int(m.weights[2*e]) == class {
			return m.weight * float64(int8(m.weights[2*e+1]))
		}
	}
	return 0
}

// probabilities converts logits to shares of one.
func probabilities(logits []float64) []float64 {
	top := slices.Max(logits)
	sum := 0.0
	for i, l := range logits {
		logits[i] = math.Exp(l - top)
		sum += logits[i]
	}
	for i := range logits {
		logits[i] /= sum
	}
	return logits
}
