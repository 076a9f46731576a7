package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/inspect"
	"dpsdiag/internal/probe"
)

// InspectSchema names the JSON of an [Inspection].
const InspectSchema = "dpsdiag/inspect/1"

// The verdicts of an inspection.
const (
	InspectClear       = "clear"      // nothing stands in the way, as far as is known
	InspectFault       = "fault"      // something does
	InspectUnknown     = "no-verdict" // too little could be read
	InspectInterrupted = "interrupted"
)

// Inspection is the report of what the service holds for a device.
type Inspection struct {
	Schema         string `json:"schema"`
	Tool           Tool   `json:"tool"`
	Verdict        string `json:"verdict"`
	ExitCode       int    `json:"exit_code"`
	RegistrationID string `json:"registration_id"`
	Service
	Causes   []Cause    `json:"causes"`
	RuledOut []RuledOut `json:"ruled_out"`
}

// NewInspection makes the report of an inspection. The target is the device as far as it was
// given; interrupted says that the user ended the reading.
func NewInspection(side *inspect.Findings, target probe.Target, tool Tool, interrupted bool) *Inspection {
	judged := advice.Inspect(side, target)
	doc := &Inspection{
		Schema:         InspectSchema,
		Tool:           Tool{Version: Clean(tool.Version)},
		RegistrationID: Clean(target.RegistrationID),
		Service:        *newService(side),
		Causes:         make([]Cause, 0, len(judged.Causes)),
		RuledOut:       make([]RuledOut, 0, len(judged.RuledOut)),
	}
	for _, c := range judged.Causes {
		doc.Causes = append(doc.Causes, newCause(c))
	}
	for _, c := range judged.RuledOut {
		doc.RuledOut = append(doc.RuledOut, newRuledOut(c))
	}
	doc.decide(interrupted)
	return doc
}

// decide sets the verdict and the exit status.
func (d *Inspection) decide(interrupted bool) {
	failed := slices.DeleteFunc(d.ids(inspect.Failed), func(id string) bool { return id == string(inspect.CheckAccess) })
	enrollment := d.find(inspect.CheckEnrollment)
	switch {
	case interrupted:
		d.Verdict, d.ExitCode = InspectInterrupted, ExitInterrupted
	case len(failed) > 0:
		d.Verdict, d.ExitCode = InspectFault, ExitFault
	case enrollment == nil || enrollment.Outcome == string(inspect.Skipped):
		d.Verdict, d.ExitCode = InspectUnknown, ExitNoVerdict
	default:
		d.Verdict, d.ExitCode = InspectClear, ExitOK
	}
}

func (s *Service) find(id inspect.CheckID) *Check {
	for i := range s.Checks {
		if s.Checks[i].ID == string(id) {
			return &s.Checks[i]
		}
	}
	return nil
}

// ExitStatus implements [Document].
func (d *Inspection) ExitStatus() int { return d.ExitCode }

// State is what changes when somebody changes the service's side: the outcomes of the checks and
// their facts.
func (d *Inspection) State() string {
	var b strings.Builder
	for _, c := range d.Checks {
		fmt.Fprintln(&b, c.ID, c.Outcome, c.Result, c.Detail)
	}
	return b.String()
}

// Changes are the checks that differ from an earlier report.
func (d *Inspection) Changes(from *Inspection) []string {
	var list []string
	for i := range d.Checks {
		c := &d.Checks[i]
		old := from.find(inspect.CheckID(c.ID))
		switch {
		case old == nil || old.Outcome != c.Outcome:
			list = append(list, c.ID+" "+c.Outcome)
		case old.Result != c.Result || old.Detail != c.Detail:
			list = append(list, c.ID)
		}
	}
	return list
}

// Unread reports whether nothing could be read.
func (d *Inspection) Unread() bool {
	access := d.find(inspect.CheckAccess)
	return access != nil && access.Outcome == string(inspect.Failed)
}

// Worse reports whether less could be read than for an earlier report: access is worse, or it is not
// full and a check is not known that was known then.
func (d *Inspection) Worse(than *Inspection) bool {
	rank := func(doc *Inspection) int {
		access := doc.find(inspect.CheckAccess)
		if access == nil {
			return 0
		}
		return slices.Index([]string{string(inspect.Passed), string(inspect.Warned), string(inspect.Failed)}, access.Outcome)
	}
	if rank(d) > rank(than) {
		return true
	}
	return rank(d) > 0 && slices.ContainsFunc(d.ids(inspect.Skipped), func(id string) bool {
		was := than.find(inspect.CheckID(id))
		return was != nil && was.Outcome != string(inspect.Skipped)
	})
}

// Interrupt makes it the report of a reading that the user ended.
func (d *Inspection) Interrupt() { d.decide(true) }

// verdictText says what the verdict means.
func (d *Inspection) verdictText() string {
	unknown := len(d.ids(inspect.Skipped))
	switch d.Verdict {
	case InspectClear:
		if len(d.ids(inspect.Warned)) > 0 {
			return "nothing stands in the way, with warnings"
		}
		if unknown > 0 {
			return fmt.Sprintf("nothing stands in the way; %d checks are not known", unknown)
		}
		return "nothing stands in the way"
	case InspectFault:
		return "the device cannot register or use its hub as the service is set up"
	case InspectInterrupted:
		return "this is what was read until then"
	}
	if d.Unread() {
		return "the service's side could not be read"
	}
	return "which enrollment decides is not known"
}

// look is the mark of the verdict.
func (d *Inspection) look(p *page) (string, style) {
	switch {
	case d.Verdict == InspectFault:
		return p.marks.failed, bad
	case d.Verdict == InspectClear && len(d.ids(inspect.Warned)) == 0:
		return p.marks.passed, good
	}
	return p.marks.warned, odd
}

// drawText implements [Document]: the checks, then the verdict and what to do.
func (d *Inspection) drawText(p *page) {
	p.clip(1, fmt.Sprintf("%s, %s", cmp.Or(d.RegistrationID, "(no registration id)"), d.sourceText()))
	for i := range d.Checks {
		c := &d.Checks[i]
		switch {
		case p.opts.Verbose:
			c.draw(p, 1)
		case c.decides():
			c.draw(p, shortDetail)
		case c.Outcome == string(inspect.NotApplicable) || c.Outcome == string(inspect.Skipped):
		case c.Outcome == string(inspect.Passed):
			c.draw(p, 1)
		default:
			c.draw(p, 2)
		}
	}
	skipped := slices.DeleteFunc(d.ids(inspect.Skipped), func(id string) bool { return id == string(inspect.CheckEnrollment) })
	if len(skipped) > 0 && !p.opts.Verbose {
		p.clip(2, strings.Join(skipped, ", ")+": not known, --verbose says why", span{"  " + p.marks.skipped + " ", faint})
	}
	p.blank()
	mark, look := d.look(p)
	p.hang(fmt.Sprintf("%s: %s (exit status %d)", d.Verdict, d.verdictText(), d.ExitCode), span{strings.TrimSpace(mark) + " ", look})
	if p.opts.Verbose {
		drawCauses(p, causesTitle, d.Causes)
		return
	}
	conclusion{causes: d.Causes, ruledOut: len(d.RuledOut)}.draw(p)
}

// decides reports whether a check is the reason why there is no verdict.
func (c *Check) decides() bool {
	return c.ID == string(inspect.CheckEnrollment) && c.Outcome == string(inspect.Skipped)
}

// drawMarkdown draws what one pastes into a ticket.
func (d *Inspection) drawMarkdown(m *markdown) {
	m.heading(3, escape(titled("dpsdiag inspect: "+d.Verdict, d.RegistrationID)))
	m.paragraph(strongText(upperFirst(d.verdictText())) + inline(fmt.Sprintf(" (exit status %d)", d.ExitCode)))
	d.Service.drawMarkdown(m)
	markCauses(m, d.Causes)
}

// html makes the page of an inspection.
func (d *Inspection) html() *htmlPage {
	page := &htmlPage{
		Title:   titled("dpsdiag inspect: "+d.Verdict, d.RegistrationID),
		Heading: titled(upperFirst(d.Verdict), d.RegistrationID),
		Lead:    []string{upperFirst(d.verdictText()), fmt.Sprintf("Exit status %d, %s", d.ExitCode, d.sourceText())},
		Footer:  "Written by dpsdiag " + d.Tool.Version + ". This page is one file: it loads nothing and runs no script.",
		Blocks:  slices.Concat(htmlCauses(d.Causes), d.Service.html()),
	}
	outcome := probe.Warned
	switch {
	case d.Verdict == InspectFault:
		outcome = probe.Failed
	case d.Verdict == InspectClear && len(d.ids(inspect.Warned)) == 0:
		outcome = probe.Passed
	}
	page.Mark, page.Class = htmlLook(outcome)
	return page
}
