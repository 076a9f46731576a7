package report

import (
	"cmp"
	"slices"

	"dpsdiag/internal/advice"
)

// Parts is the answer to codes and causes together with a text: what is known about them, what
// was found in the text, and one list of causes.
type Parts struct {
	Explain

	answers Answers
}

// NewParts puts both into one document. Its outcome is that of the text. If the text ended well,
// there are no causes; otherwise one list has the causes of both.
func NewParts(answers *Answers, log *Log) *Parts {
	doc := &Parts{Explain: log.Explain, answers: *answers}
	doc.View, doc.Queries = ViewParts, answers.Queries
	if doc.ExitCode == ExitUnknown {
		doc.ExitCode = answers.ExitCode
	}
	doc.Matches = slices.Clone(log.Matches)
	for _, m := range answers.Matches {
		if !slices.ContainsFunc(doc.Matches, func(known Match) bool { return known.ID == m.ID }) {
			doc.Matches = append(doc.Matches, m)
		}
	}
	if !log.ending().good {
		doc.Causes = mergeCauses(log.Causes, answers.Causes)
	}
	doc.Nearest = append(slices.Clone(log.Nearest), answers.Nearest...)
	doc.Decide = append(slices.Clone(log.Decide), answers.Decide...)
	return doc
}

// mergeCauses makes one list of two, the strongest first. Of equal causes, those of the first list
// come first.
func mergeCauses(first, second []Cause) []Cause {
	merged := slices.Clone(first)
	for _, c := range second {
		i := slices.IndexFunc(merged, func(known Cause) bool { return known.ID == c.ID })
		if i < 0 {
			merged = append(merged, c)
			continue
		}
		merged[i].Because = slices.Concat(merged[i].Because, c.Because)
		if strengthRank(c) > strengthRank(merged[i]) {
			merged[i].Strength = c.Strength
		}
	}
	slices.SortStableFunc(merged, func(a, b Cause) int { return cmp.Compare(strengthRank(b), strengthRank(a)) })
	return merged
}

// strengthRank orders causes by their strength; more is stronger.
func strengthRank(c Cause) int {
	return slices.IndexFunc([]advice.Strength{advice.Allows, advice.Suggests, advice.Proves}, func(s advice.Strength) bool { return s.String() == c.Strength })
}

// readParts is the document that was saved.
func readParts(doc Explain) (Document, error) {
	read, err := readAnswers(doc)
	if err != nil {
		return nil, err
	}
	parts := &Parts{Explain: doc, answers: *NewAnswers(read.answers)}
	if len(doc.Nearest) < len(parts.answers.Nearest) {
		return nil, damaged("codes that come closest are missing")
	}
	if _, err := readLog(parts.text().Explain); err != nil {
		return nil, err
	}
	return parts, nil
}

// text is the part about the text, with the causes of both.
func (d *Parts) text() *Log {
	text := Log{d.Explain}
	text.Matches = slices.DeleteFunc(slices.Clone(d.Matches), func(m Match) bool { return len(m.Lines) == 0 })
	text.Nearest = d.Nearest[:len(d.Nearest)-len(d.answers.Nearest)]
	return &text
}

// drawText draws the codes, then the text with the causes of both.
func (d *Parts) drawText(p *page) {
	d.answers.drawEach(p)
	p.blank()
	p.separator()
	p.blank()
	d.text().drawText(p)
}

func (d *Parts) drawMarkdown(m *markdown) {
	d.answers.markEach(m)
	d.text().drawMarkdown(m)
}

// html is the page of the text, with a block for each code.
func (d *Parts) html() *htmlPage {
	page := d.text().html()
	for _, a := range d.answers.answers {
		page.Blocks = append(page.Blocks, a.html())
	}
	return page
}
