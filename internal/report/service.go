package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/inspect"
)

// Service is what the service's side showed.
type Service struct {
	Source string  `json:"source"`  // api or files
	ReadAt string  `json:"read_at"` // RFC 3339, UTC
	Checks []Check `json:"checks"`
}

// Check is one comparison of the service's side with the device.
type Check struct {
	ID      string            `json:"id"`
	Outcome string            `json:"outcome"` // as that of a stage
	Result  string            `json:"result"`  // what was found, as a word
	Detail  string            `json:"detail"`
	Facts   map[string]string `json:"facts"`
}

// newService makes the part of a document about the service's side, nil if it was not read.
func newService(f *inspect.Findings) *Service {
	if f == nil {
		return nil
	}
	s := &Service{Source: string(f.Source), ReadAt: f.ReadAt.UTC().Format(time.RFC3339), Checks: make([]Check, 0, len(f.Checks))}
	for _, c := range f.Checks {
		facts := make(map[string]string, len(c.Facts))
		for _, fact := range c.Facts {
			facts[Clean(fact.Name)] = Clean(fact.Value)
		}
		s.Checks = append(s.Checks, Check{ID: string(c.ID), Outcome: string(c.Outcome), Result: string(c.Result), Detail: Clean(c.Detail), Facts: facts})
	}
	return s
}

// sourceText says where the service's side is from, and when it was read.
func (s *Service) sourceText() string {
	from := "the service API"
	if s.Source == string(inspect.SourceFiles) {
		from = "files"
	}
	return fmt.Sprintf("read from %s at %s", from, s.ReadAt)
}

// checkWidth is the width of the column of the checks' names.
const checkWidth = 15

// mark is the sign of a check's outcome.
func (c *Check) mark(p *page) (string, style) {
	return (&Stage{Outcome: c.Outcome}).mark(p)
}

// draw writes a check with its facts.
func (c *Check) draw(p *page, lines int) {
	mark, look := c.mark(p)
	lead := []span{{"  ", plain}, {mark, look}, {" " + pad(c.ID, checkWidth) + " ", plain}}
	if p.opts.Verbose {
		p.hang(c.Detail, lead...)
		p.fields("      ", c.facts()...)
		return
	}
	p.clip(lines, c.Detail, lead...)
}

// facts are the facts of a check, by name.
func (c *Check) facts() []field { return (&Stage{Facts: c.Facts}).facts() }

// drawAll draws every check.
func (s *Service) drawAll(p *page) {
	p.heading("The service's side, " + s.sourceText())
	for i := range s.Checks {
		s.Checks[i].draw(p, 1)
	}
}

// drawLine sums the checks up in a line: what failed, and how much is known.
func (s *Service) drawLine(p *page) {
	failed, warned, passed, unknown := s.ids(inspect.Failed), s.ids(inspect.Warned), s.ids(inspect.Passed), s.ids(inspect.Skipped)
	var parts []string
	if len(failed) > 0 {
		parts = append(parts, strings.Join(failed, ", ")+" failed")
	}
	if len(warned) > 0 {
		parts = append(parts, strings.Join(warned, ", ")+" warned")
	}
	parts = append(parts, fmt.Sprintf("%d passed, %d not known", len(passed), len(unknown)))
	mark, look := p.marks.passed, good
	switch {
	case len(failed) > 0:
		mark, look = p.marks.failed, bad
	case len(warned) > 0 || len(passed) == 0:
		mark, look = p.marks.warned, odd
	}
	p.clip(2, "service's side ("+s.Source+"): "+strings.Join(parts, "; "), span{"  ", plain}, span{mark + " ", look})
}

// ids are the checks with that outcome.
func (s *Service) ids(outcome inspect.Outcome) []string {
	var list []string
	for _, c := range s.Checks {
		if c.Outcome == string(outcome) {
			list = append(list, c.ID)
		}
	}
	return list
}

// check makes sure that a saved part about the service's side can be drawn.
func (s *Service) check() error {
	if s == nil {
		return nil
	}
	if s.Source != string(inspect.SourceAPI) && s.Source != string(inspect.SourceFiles) {
		return damaged("%q is not a source of the service's side", s.Source)
	}
	outcomes := []inspect.Outcome{inspect.Passed, inspect.Warned, inspect.Failed, inspect.Skipped, inspect.NotApplicable}
	for _, c := range s.Checks {
		if c.ID == "" || !slices.Contains(outcomes, inspect.Outcome(c.Outcome)) {
			return damaged("the check %q ended as %q", c.ID, c.Outcome)
		}
	}
	return nil
}

// drawMarkdown writes the checks as a table.
func (s *Service) drawMarkdown(m *markdown) {
	m.heading(4, escape("The service's side, "+s.sourceText()))
	m.table([]string{"Check", "Outcome", "Detail"}, s.markdownRows())
}

func (s *Service) markdownRows() [][]inline {
	var rows [][]inline
	for _, c := range s.Checks {
		outcome := escape(c.Outcome)
		if c.Outcome == string(inspect.Failed) || c.Outcome == string(inspect.Warned) {
			outcome = strongText(c.Outcome)
		}
		rows = append(rows, []inline{escape(c.ID), outcome, escape(c.Detail)})
	}
	return rows
}

// html shows the checks as a table, none if there are none.
func (s *Service) html() []htmlBlock {
	if s == nil {
		return nil
	}
	block := htmlBlock{Title: "The service's side, " + s.sourceText(), Table: &htmlTable{Header: []string{"Check", "Outcome", "Detail"}}}
	var facts [][]string
	for i := range s.Checks {
		c := &s.Checks[i]
		block.Table.Rows = append(block.Table.Rows, []string{c.ID, c.Outcome, c.Detail})
		for _, f := range c.facts() {
			facts = append(facts, []string{c.ID, f.name, f.value})
		}
	}
	if len(facts) > 0 {
		block.Blocks = []htmlBlock{{Title: "Facts of each check", Fold: true, Table: &htmlTable{Header: []string{"Check", "Fact", "Value"}, Rows: facts}}}
	}
	return []htmlBlock{block}
}
