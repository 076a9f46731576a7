package report

import (
	"cmp"
	"fmt"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// drawHeadline draws the verdict: the device, the result in the words of the service or hub that
// answered, and the exit status at the end of the line.
func (d *Probe) drawHeadline(p *page) {
	mark, look := d.verdictMark(p)
	p.conclude(d.headline(p), d.ExitCode, span{strings.TrimSpace(mark) + " ", look})
}

// conclude writes the line that everything else of a short report is about, with the exit
// status at its end.
func (p *page) conclude(text string, exitCode int, lead span) {
	exit := fmt.Sprintf("exit %d", exitCode)
	indent := columns(lead.text)
	lines := wrap(p.text(text), p.width-indent)
	if len(lines) > shortDetail {
		lines = append(lines[:shortDetail-1], shorten(strings.Join(lines[shortDetail-1:], " "), p.width-indent))
	}
	for i, l := range lines {
		if i > 0 {
			lead = span{strings.Repeat(" ", indent), plain}
		}
		free := p.width - indent - columns(l) - len(exit)
		switch {
		case i < len(lines)-1:
			p.line(lead, span{l, strong})
		case free >= gap:
			p.line(lead, span{l, strong}, span{strings.Repeat(" ", free) + exit, faint})
		default:
			p.line(lead, span{l, strong})
			p.line(span{strings.Repeat(" ", p.width-len(exit)) + exit, faint})
		}
	}
}

// verdictMark is the mark of the verdict: that of a fault only where one was found.
func (d *Probe) verdictMark(p *page) (string, style) {
	switch {
	case d.Verdict == string(advice.Registered) && !d.warned():
		return p.marks.passed, good
	case d.Verdict == string(advice.Fault):
		return p.marks.failed, bad
	}
	return p.marks.warned, odd
}

// headline is the verdict on the device in one sentence.
func (d *Probe) headline(p *page) string {
	name := cmp.Or(d.Target.RegistrationID, "the device")
	if d.anonymous() {
		name = "the network"
	}
	switch advice.Verdict(d.Verdict) {
	case advice.Registered:
		return d.registeredHeadline(p, name)
	case advice.Fault:
		return name + ": " + d.faultHeadline()
	case advice.RetryLater:
		return name + ": the service asks to come back later" + inParentheses(d.word()) + "; nothing to fix on the device"
	case advice.Interrupted:
		return name + ": interrupted; this is what was learned until then"
	}
	if d.Unregistered {
		return name + ": not registered yet; the service knows no registration of this device"
	}
	text := name + ": no verdict"
	if r := d.failedRun(); r != nil && r.failed() != nil {
		first, _, _ := strings.Cut(r.failed().detail(), "; ")
		text += "; " + r.failed().ID + ": " + first
	}
	return text
}

// registeredHeadline says to which hub a device is assigned, and under which name if that
// is another one.
func (d *Probe) registeredHeadline(p *page, name string) string {
	reply := &d.Runs[0].Reply
	text := name + ": registered"
	if reply.AssignedHub != "" {
		text = name + " " + p.marks.arrow + " " + reply.AssignedHub
	}
	if reply.DeviceID != "" && reply.DeviceID != d.Target.RegistrationID {
		text += " as " + reply.DeviceID
	}
	switch {
	case d.anonymous():
		text = name + ": lets everything through; whether the device can register takes a credential"
	case d.Mode == string(probe.ModePreflight):
		text = name + ": ready; everything up to the register call works, nothing was registered"
	case d.Mode == string(probe.ModeLookup):
		text += " (looked up; nothing was changed)"
	case d.Mode == string(probe.ModeHub):
		text += " (the assignment that the device keeps; nothing was registered)"
	case len(d.Runs) > 1:
		text += fmt.Sprintf(", over each of %d transports", len(d.Runs))
	}
	if d.warned() {
		text += ", with warnings"
	}
	return text
}

// faultHeadline says who refused what, in the words of the one who did.
func (d *Probe) faultHeadline() string {
	r := d.failedRun()
	switch {
	case len(d.Causes) == 0:
		return d.verdictText()
	case r == nil || r.failed() == nil || !d.stoppedAtHub() && d.partlyThrough():
		return strings.TrimPrefix(d.faultText(), "the device ")
	}
	stage := r.failed()
	where := map[string]string{
		string(probe.StageInputs):  "cannot start",
		string(probe.StageResolve): "the name of the service is not found",
		string(probe.StageConnect): "no connection to the service",
		string(probe.StageTLS):     "no TLS session with the service",
		string(probe.StageHub):     "assigned to a hub that it cannot use",
	}[stage.ID]
	first, _, _ := strings.Cut(stage.detail(), ", also ")
	switch {
	case where != "":
		return where + ": " + first
	case stage.ID == string(probe.StageOpen):
		return "the service refused the session" + inParentheses(cmp.Or(r.word(), first))
	case r.Reply.empty():
		return "the " + stage.ID + " call failed: " + first
	case r.Reply.ErrorCode == 0 && strings.HasPrefix(r.Reply.ErrorMessage, "<"):
		return "the answer is not the service's: " + first
	}
	return d.refusedHeadline(r, stage)
}

// refusedHeadline says what the service refused.
func (d *Probe) refusedHeadline(r *Run, stage *Stage) string {
	word := inParentheses(cmp.Or(r.word(), stage.detail()))
	switch {
	case r.Reply.Status == "disabled":
		return "the service has it disabled" + inParentheses(r.word())
	case stage.ID == string(probe.StageAssign) && r.Reply.Status == string(dps.StatusAssigned):
		return stage.detail() // it was assigned, but lacks what it asked for
	case stage.ID == string(probe.StageAssign):
		return "the service could not assign it to a hub" + word
	case r.Reply.HTTPStatus == 401:
		return "the service refused " + probe.AttestationKind(d.Target.Attestation).Traits().Called + word
	}
	return "the service refused the registration" + word
}

// partlyThrough reports whether some transport works.
func (d *Probe) partlyThrough() bool {
	for i := range d.Runs {
		if d.Runs[i].Verdict == string(advice.Registered) {
			return true
		}
	}
	return false
}

// failedRun is the first run that came to the verdict of the whole, or else one that did
// not register; nil if all did.
func (d *Probe) failedRun() *Run {
	var other *Run
	for i := range d.Runs {
		switch r := &d.Runs[i]; {
		case r.Verdict == d.Verdict:
			return r
		case r.Verdict != string(advice.Registered) && other == nil:
			other = r
		}
	}
	return other
}

// word is the service's own word on why it said no: that of the run that decided.
func (d *Probe) word() string {
	if r := d.failedRun(); r != nil {
		return r.word()
	}
	return ""
}

// word is the code and the message, or the HTTP status alone.
func (r *Run) word() string {
	reply := r.Reply
	reply.ErrorMessage = shortMessage(reply.ErrorMessage)
	if text := reply.errorText(); text != "" {
		return text
	}
	if r.Reply.HTTPStatus >= 400 {
		return fmt.Sprintf("HTTP %d", r.Reply.HTTPStatus)
	}
	return ""
}

// shortMessage is a message of the service for a headline: of one that wraps that of a hub
// the hub's word, of any other the first words.
func shortMessage(text string) string {
	if _, after, found := strings.Cut(text, "ErrorCode:"); found {
		name, _, _ := strings.Cut(after, ";")
		text = name
	}
	text, _, _ = strings.Cut(text, "{")
	const most = 60
	return shorten(strings.TrimSpace(text), most)
}

// inParentheses is " (text)", or nothing for none.
func inParentheses(text string) string {
	if text == "" {
		return ""
	}
	return " (" + strings.TrimSuffix(text, ".") + ")"
}
