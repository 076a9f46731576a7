package likeness

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"dpsdiag/internal/cause"
)

// Precedent is a public report whose cause was confirmed.
type Precedent struct {
	Source    string   `json:"source"` // address
	Cause     cause.ID `json:"cause"`
	CauseText string   `json:"cause_text"` // one sentence
	FixText   string   `json:"fix_text"`   // what solved it; "" if the report does not say
	// Text is what was printed. It is not kept in the program.
	Text string `json:"-"`
}

// precedents are the reports in the form that the program contains: each with its most informative
// features.
type precedents struct {
	reports []storedPrecedent
}

type storedPrecedent struct {
	text    string // its JSON
	vector  string // places of features in the model (uint16) and values (uint8)
	ofCause cause.ID
}

// keptFeatures is how many features are kept of a report.
const keptFeatures = 48

// PackPrecedents returns the bytes of reports, whose features are those of a model. Each is: its
// cause (uint16), the number of its features (uint8), the features (uint16 each), their values
// (uint8 each), the length of its JSON (uint16), the JSON.
func PackPrecedents(m *Model, reports []Precedent) ([]byte, error) {
	if len(m.idf) > math.MaxUint16 {
		return nil, fmt.Errorf("a model of %d features is too large for precedents", len(m.idf))
	}
	var out []byte
	for _, r := range reports {
		v := m.vector(m.synonyms.counts(r.Text))
		order := make([]int, len(v.at))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v.values[b], v.values[a]) })
		order = order[:min(len(order), keptFeatures)]
		out = binary.LittleEndian.AppendUint16(out, uint16(r.Cause))
		out = append(out, uint8(len(order)))
		for _, i := range order {
			out = binary.LittleEndian.AppendUint16(out, uint16(v.at[i]))
		}
		for _, i := range order {
			out = append(out, uint8(math.Round(v.values[i]*255)))
		}
		text, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		out = binary.LittleEndian.AppendUint16(out, uint16(len(text)))
		out = append(out, text...)
	}
	return out, nil
}

// openPrecedents finds the reports in their bytes. Damaged bytes hold none from there on.
func openPrecedents(data string) precedents {
	var p precedents
	r := reader{data: data}
	for len(r.data) > 0 {
		head := r.take(3)
		id, n := cause.ID(binary.LittleEndian.Uint16([]byte(head[:2]))), int(head[2])
		vector := r.take(3 * n)
		text := r.take(int(binary.LittleEndian.Uint16([]byte(r.take(2)))))
		if r.failed {
			break
		}
		p.reports = append(p.reports, storedPrecedent{text: text, vector: vector, ofCause: id})
	}
	return p
}

// alike is the least similarity at which a report is a precedent: the cosine of two texts.
const alike = 0.3

// Precedents returns the confirmed reports of a cause, or of one that it narrows, that are most
// similar to the text: at most n, the most similar first.
func (r *Reading) Precedents(id cause.ID, n int) []Precedent {
	if r == nil || r.model == nil {
		return nil
	}
	v := r.model.vector(r.whole)
	own := make(map[int]float64, len(v.at))
	for i, at := range v.at {
		own[at] = v.values[i]
	}
	type near struct {
		report *storedPrecedent
		cosine float64
	}
	var found []near
	reports := r.model.precedents.reports
	for i := range reports {
		stored := &reports[i]
		if stored.ofCause != id && stored.ofCause != id.Within() {
			continue
		}
		if c := stored.cosine(own); c >= alike {
			found = append(found, near{stored, c})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(b.cosine, a.cosine) })
	var all []Precedent
	for _, f := range found[:min(len(found), n)] {
		var p Precedent
		if json.Unmarshal([]byte(f.report.text), &p) == nil {
			all = append(all, p)
		}
	}
	return all
}

func (s *storedPrecedent) cosine(own map[int]float64) float64 {
	n := len(s.vector) / 3
	sum, norm := 0.0, 0.0
	for i := range n {
		at := int(s.vector[2*i]) | int(s.vector[2*i+1])<<8
		value := float64(s.vector[2*n+i]) / 255
		sum += value * own[at]
		norm += value * value
	}
	if norm == 0 {
		return 0
	}
	return sum / math.Sqrt(norm)
}
