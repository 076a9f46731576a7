package report

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
)

// drawShort draws what a person needs in ten seconds: the verdict, the likeliest cause, what to do
// about it and what would decide. The answer comes last, where a scrolling terminal shows it.
func (d *Probe) drawShort(p *page) {
	d.drawTargetLine(p)
	if len(d.Runs) == 1 {
		d.Runs[0].drawFolded(p, len(d.Warnings) > 0)
	} else {
		d.drawRunLines(p)
	}
	d.drawEndorsementKey(p)
	if d.Service != nil {
		d.Service.drawLine(p)
	}
	d.drawIssued(p)
	d.drawShortWarnings(p)
	p.blank()
	d.drawHeadline(p)
	d.conclusion().draw(p)
}

// drawTargetLine says in a line what was probed, and below it where the settings come from and
// which proxy is used.
func (d *Probe) drawTargetLine(p *page) {
	t := &d.Target
	parts := []string{cmp.Or(t.RegistrationID, "(no registration id)"), t.Attestation, "id scope " + t.IDScope, t.Endpoint}
	if d.Mode == string(probe.ModeHub) {
		parts = []string{t.RegistrationID, t.Attestation, "the hub alone: " + d.Runs[0].Reply.AssignedHub}
	}
	if d.anonymous() {
		parts = []string{"no credential, the network alone", t.Endpoint}
	}
	if len(d.Runs) == 1 {
		parts = append(parts, d.Runs[0].Transport)
	}
	p.clip(2, strings.Join(parts, ", "))
	if len(t.Proxies) > 0 {
		p.clip(2, strings.Join(t.Proxies, ", "), span{"proxy ", faint})
	}
	if sources := t.sources(); sources != "" {
		p.clip(2, sources, span{"settings from ", faint})
	}
}

// drawFolded draws the stages of a run: those that passed in one line, and those that did not run
// with the stage that they wait for. The detail of a warned stage is left out if there are
// warnings, which say the same.
func (r *Run) drawFolded(p *page, warnings bool) {
	var passed, skipped []string
	var took float64
	needs := ""
	flush := func() {
		if len(passed) > 0 {
			p.hang(strings.Join(passed, ", ")+" ("+duration.Text(fromMilliseconds(took))+")", span{"  ", plain}, span{p.marks.passed + " ", good})
		}
		passed, took = nil, 0
	}
	for i := range r.Stages {
		s := &r.Stages[i]
		switch outcome := probe.Outcome(s.Outcome); {
		case outcome == probe.Passed:
			passed, took = append(passed, s.ID), took+s.DurationMS
		case outcome == probe.Warned && warnings:
			passed, took = append(passed, s.ID+" (warned)"), took+s.DurationMS
		case outcome == probe.Skipped:
			skipped, needs = append(skipped, s.ID), s.Needs
		case outcome == probe.NotApplicable:
		default:
			flush()
			s.drawShort(p)
		}
	}
	flush()
	if len(skipped) > 0 {
		p.hang(strings.Join(skipped, ", ")+": skipped, "+needs+" failed", span{"  " + p.marks.skipped + " ", faint})
	}
}

// shortDetail is how many lines one stage, warning or remedy may take in the short report.
const shortDetail = 3

// drawShort draws a stage with the time that it took.
func (s *Stage) drawShort(p *page) {
	mark, look := s.mark(p)
	p.clip(2, s.ID+" ("+s.took()+"): "+s.detail(), span{"  ", plain}, span{mark + " ", look})
}

// drawRunLines draws a line for each transport: whether it works, and if not, where it ends.
func (d *Probe) drawRunLines(p *page) {
	for i := range d.Runs {
		r := &d.Runs[i]
		mark, look := p.marks.failed, bad
		switch advice.Verdict(r.Verdict) {
		case advice.Registered:
			mark, look = p.marks.passed, good
		case advice.Fault:
		default:
			mark, look = p.marks.warned, odd
		}
		text := r.result()
		if s := r.failed(); s != nil {
			text = s.ID + " failed: " + s.detail()
		}
		p.clip(1, text, span{"  ", plain}, span{mark + " ", look}, span{pad(r.Transport, d.transportWidth()) + "  ", plain})
	}
}

// failed is the stage that failed, nil if none did.
func (r *Run) failed() *Stage {
	for i := range r.Stages {
		if r.Stages[i].Outcome == string(probe.Failed) {
			return &r.Stages[i]
		}
	}
	return nil
}

// shortWarnings is how many warnings the short report shows.
const shortWarnings = 2

func (d *Probe) drawShortWarnings(p *page) {
	for i, w := range d.Warnings {
		if i == shortWarnings {
			p.hang(fmt.Sprintf("%d more: --verbose", len(d.Warnings)-i), span{"  ", plain})
			return
		}
		p.clip(shortDetail, "warning: "+w.Detail, span{"  ", plain}, span{p.marks.warned + " ", odd})
	}
}

// conclusion is what follows the verdict: the likeliest cause and what to do.
func (d *Probe) conclusion() conclusion {
	e := conclusion{causes: d.Causes, decide: d.Decide, ruledOut: len(d.RuledOut), unsure: d.Verdict == string(advice.NoVerdict) || d.Verdict == string(advice.Interrupted)}
	switch {
	case d.Verdict == string(advice.Registered):
		return conclusion{hint: d.afterwards()}
	case d.Unregistered:
		e.hint = "the same without --lookup registers it"
	case d.Mode == string(probe.ModeResume) && d.failedRun() != nil && d.failedRun().Reply.HTTPStatus == http.StatusNotFound:
		e.hint = "the service does not know the operation: it has forgotten it, or it is that of another device; without --operation-id the device registers again"
	case d.resumable():
		e.hint = "the service continues with the registration; the same command with --operation-id " + d.failedRun().Reply.OperationID + " resumes it"
	case len(d.Causes) == 0 && len(d.Decide) > 0:
		e.hint = d.Decide[0].How
	}
	return e
}

// afterwards says what was not checked of a device that is registered.
func (d *Probe) afterwards() string {
	switch hub := d.Runs[0].stage(probe.StageHub); {
	case d.Mode != string(probe.ModeRegister):
		return ""
	case hub.Outcome == string(probe.NotApplicable):
		return "the hub itself was not checked; --check-hub checks it"
	}
	return ""
}

// resumable reports whether the first step is to resume the registration of a run.
func (d *Probe) resumable() bool {
	r := d.failedRun()
	return r != nil && r.Reply.OperationID != "" && len(d.Decide) > 0 && strings.Contains(d.Decide[0].Command, " --operation-id ")
}
