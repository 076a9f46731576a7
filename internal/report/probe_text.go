package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
)

// drawText draws the report in short, or with everything.
func (d *Probe) drawText(p *page) {
	if p.opts.Verbose {
		d.drawAll(p)
		return
	}
	d.drawShort(p)
}

// drawAll draws the stages of every run, what the service answered, the verdict and the
// diagnosis.
func (d *Probe) drawAll(p *page) {
	d.drawTarget(p)
	if len(d.Runs) > 1 {
		d.drawComparison(p)
	}
	for i := range d.Runs {
		p.blank()
		d.Runs[i].draw(p, len(d.Runs) > 1)
	}
	d.drawEndorsementKey(p)
	if d.Service != nil {
		d.Service.drawAll(p)
	}
	d.drawVerdict(p)
	drawCauses(p, d.causesTitle(), d.Causes)
	drawDecide(p, d.Decide)
	d.drawRuledOut(p)
	d.drawWarnings(p)
}

func (d *Probe) drawTarget(p *page) {
	p.fields("",
		field{"endpoint", d.Target.Endpoint},
		field{"id scope", d.Target.IDScope},
		field{"registration id", d.Target.RegistrationID},
		field{"attestation", d.Target.Attestation},
		field{"proxy", strings.Join(d.Target.Proxies, ", ")},
		field{"settings from", d.Target.sources()})
	if p.opts.Verbose {
		d.Target.drawOrigins(p)
	}
}

func (t *Target) drawOrigins(p *page) {
	var list []field
	for _, o := range t.Origins {
		list = append(list, field{o.Name, o.From})
	}
	p.fields("  ", list...)
}

// sources lists where the settings come from, except for flags.
func (t *Target) sources() string {
	var list []string
	for _, o := range t.Origins {
		if o.Source != "" && !slices.Contains(list, o.Source) {
			list = append(list, o.Source)
		}
	}
	return strings.Join(list, ", ")
}

// draw draws a run: its stages and what the service answered. If runs were compared, it leaves
// out what the comparison has shown: stages that did not run, and the answer.
func (r *Run) draw(p *page, compared bool) {
	p.line(span{r.Transport, strong})
	for _, s := range r.told(compared) {
		s.draw(p)
	}
	if !compared || p.opts.Verbose {
		r.Reply.draw(p)
	}
	if p.opts.Verbose {
		r.drawExchanges(p)
	}
}

// told returns the stages to show. In a comparison with other runs it leaves out the stages that did
// not run.
func (r *Run) told(compared bool) []*Stage {
	var told []*Stage
	for i := range r.Stages {
		s := &r.Stages[i]
		if idle := s.Outcome == string(probe.Skipped) || s.Outcome == string(probe.NotApplicable); !idle || !compared {
			told = append(told, s)
		}
	}
	return told
}

// Widths of the stage table's columns: the longest stage id, and times up to 9999 ms.
const (
	stageWidth = 8
	tookWidth  = 7
)

func (s *Stage) draw(p *page) {
	mark, look := s.mark(p)
	took := s.took()
	lead := []span{
		{"  ", plain},
		{mark, look},
		{" " + pad(s.ID, stageWidth) + " ", plain},
		{strings.Repeat(" ", max(0, tookWidth-columns(took))) + took + "  ", faint},
	}
	p.hang(s.detail(), lead...)
	if p.opts.Verbose {
		s.drawFacts(p)
		return
	}
	indent := 0
	for _, part := range lead {
		indent += columns(part.text)
	}
	s.drawSteps(p, indent)
}

// drawSteps lists the steps of a stage if there is more than one; the stage's line shows a single
// step.
func (s *Stage) drawSteps(p *page, indent int) {
	steps := s.steps()
	for i, step := range steps {
		if len(steps) > 1 {
			p.hang(step, span{fmt.Sprintf("%s%d. ", strings.Repeat(" ", indent), i+1), faint})
		}
	}
}

// took is how long a stage ran, "" for one that did not.
func (s *Stage) took() string {
	if s.Outcome == string(probe.Skipped) || s.Outcome == string(probe.NotApplicable) {
		return ""
	}
	return duration.Text(fromMilliseconds(s.DurationMS))
}

func (s *Stage) mark(p *page) (string, style) {
	switch probe.Outcome(s.Outcome) {
	case probe.Passed:
		return p.marks.passed, good
	case probe.Warned:
		return p.marks.warned, odd
	case probe.Failed:
		return p.marks.failed, bad
	case probe.Skipped:
		return p.marks.skipped, faint
	}
	return p.marks.notApplicable, faint
}

// detail is the detail of a stage, or the reason why it did not run.
func (s *Stage) detail() string {
	switch probe.Outcome(s.Outcome) {
	case probe.Skipped:
		return "skipped, " + s.Needs + " failed"
	case probe.NotApplicable:
		return cmp.Or(s.Detail, "not applicable")
	}
	return s.Detail
}

func (s *Stage) drawFacts(p *page) { p.fields("      ", s.facts()...) }

// facts are the facts of a stage, by name.
func (s *Stage) facts() []field {
	list := make([]field, 0, len(s.Facts))
	for name, value := range s.Facts {
		list = append(list, field{name, value})
	}
	slices.SortFunc(list, func(a, b field) int { return strings.Compare(a.name, b.name) })
	return list
}

func (r *Reply) draw(p *page) {
	if r.empty() {
		return
	}
	p.heading("Answer of the service")
	p.fields("  ", r.fields()...)
}

// empty reports whether the service said nothing.
func (r *Reply) empty() bool { return r.Status == "" && r.HTTPStatus == 0 && r.ErrorMessage == "" }

func (r *Reply) fields() []field {
	return []field{
		{"status", r.statusText()},
		{"error", r.errorText()},
		{"assigned hub", r.AssignedHub},
		{"device id", r.DeviceID},
		{"tracking id", r.TrackingID},
		{"operation id", r.OperationID},
		{"attempts", r.attemptsText()},
	}
}

func (r *Reply) statusText() string {
	text := r.Status
	if r.Substatus != "" {
		text += " (" + r.Substatus + ")"
	}
	if r.HTTPStatus == 0 {
		return text
	}
	return strings.TrimPrefix(fmt.Sprintf("%s, HTTP %d", text, r.HTTPStatus), ", ")
}

func (r *Reply) errorText() string {
	code := ""
	if r.ErrorCode != 0 {
		code = strconv.Itoa(r.ErrorCode)
	}
	return strings.TrimSpace(code + " " + r.ErrorMessage)
}

// attemptsText is "" for the usual single attempt.
func (r *Reply) attemptsText() string {
	if r.Attempts < 2 {
		return ""
	}
	return strconv.Itoa(r.Attempts)
}

func (d *Probe) drawVerdict(p *page) {
	mark, look := p.marks.failed, bad
	switch {
	case d.Verdict == string(advice.Registered) && d.warned():
		mark, look = p.marks.warned, odd
	case d.Verdict == string(advice.Registered):
		mark, look = p.marks.passed, good
	case d.Verdict != string(advice.Fault):
		mark, look = p.marks.warned, odd
	}
	p.blank()
	text := fmt.Sprintf("%s (exit status %d, %s)", d.verdictText(), d.ExitCode, duration.Text(fromMilliseconds(d.DurationMS)))
	p.hang(d.verdictWord()+": "+text, span{strings.TrimSpace(mark) + " ", look})
}

// verdictWord is the verdict as a person reads it: after a preflight or a lookup it must not
// say that the device was registered.
func (d *Probe) verdictWord() string {
	if d.Verdict == string(advice.Registered) && d.Mode == string(probe.ModePreflight) {
		return "ready"
	}
	return d.Verdict
}

func (d *Probe) verdictText() string {
	switch advice.Verdict(d.Verdict) {
	case advice.Registered:
		return d.registeredText()
	case advice.Fault:
		text := d.faultText()
		if len(d.Causes) == 0 {
			return text + ", and no cause that dpsdiag knows fits"
		}
		return text
	case advice.RetryLater:
		return "the service asks to come back later; there is nothing to fix on the device"
	case advice.Interrupted:
		return "this is what was learned until then"
	}
	if d.Unregistered {
		return "not registered yet: the service knows no registration of this device"
	}
	return "nothing could be concluded"
}

// anonymous reports whether only the network was checked, without a device.
func (d *Probe) anonymous() bool { return d.Target.Attestation == string(probe.KindNone) }

// faultText says what does not work. Over several transports some may have got through.
func (d *Probe) faultText() string {
	var through, not []string
	for i := range d.Runs {
		run := &d.Runs[i]
		if run.Verdict == string(advice.Registered) {
			through = append(through, run.Transport)
		} else {
			not = append(not, run.Transport)
		}
	}
	switch {
	case d.stoppedAtHub():
		return "the device is assigned to a hub, but cannot use it"
	case d.anonymous() && len(through) == 0:
		return "the service cannot be reached"
	case d.anonymous():
		return "the service can be reached over " + strings.Join(through, ", ") + ", but not over " + strings.Join(not, ", ")
	case len(through) > 0:
		return "the device gets through over " + strings.Join(through, ", ") + ", but not over " + strings.Join(not, ", ")
	}
	return "the device does not provision"
}

// stoppedAtHub reports whether every run that failed did so at the hub.
func (d *Probe) stoppedAtHub() bool {
	at := false
	for _, run := range d.Runs {
		for _, s := range run.Stages {
			if s.Outcome == string(probe.Failed) && s.ID != string(probe.StageHub) {
				return false
			}
			at = at || s.Outcome == string(probe.Failed)
		}
	}
	return at
}

func (d *Probe) registeredText() string {
	text := "the device is registered"
	switch {
	case d.anonymous():
		text = "the network lets everything through; whether the device can register takes a credential"
	case d.Mode == string(probe.ModePreflight):
		text = "everything up to the register call works; nothing was registered"
	case d.Mode == string(probe.ModeLookup):
		text = "the service holds a registration of this device; nothing was changed"
	case d.Mode == string(probe.ModeHub):
		text = "the hub accepts the device; nothing was registered"
	}
	if d.warned() {
		return text + ", with warnings"
	}
	return text
}

// fullCauses is how many causes are drawn with what to do; the others are less likely and
// would hide them.
const fullCauses = 3

// causesTitle is the heading of the causes: without a verdict none is more than possible.
func (d *Probe) causesTitle() string {
	if d.Verdict == string(advice.NoVerdict) || d.Verdict == string(advice.Interrupted) {
		return "Possible causes, the most likely first"
	}
	return causesTitle
}

const causesTitle = "Causes, the most likely first"

// drawCauses ranks causes, the first of them with what to do.
func drawCauses(p *page, title string, causes []Cause) {
	if len(causes) == 0 {
		return
	}
	p.heading(title)
	told := map[string]bool{}
	for i := range causes {
		full := i < fullCauses || p.opts.Verbose
		if i > 0 && full {
			p.blank()
		}
		if i == fullCauses && !full {
			p.heading("Less likely")
		}
		causes[i].draw(p, i+1, full, told)
	}
	if len(causes) > fullCauses && !p.opts.Verbose {
		p.blank()
		p.hang("dpsdiag explain ID says more about a cause", span{"  ", plain})
	}
}

// label is the column of words in front of a cause's details.
func label(word string) span { return span{"     " + pad(word, 13), faint} }

// draw writes a cause with its reasons and, in full, what to do. Reasons that an earlier
// cause has shown are left out of one that is not in full.
func (c *Cause) draw(p *page, number int, full bool, told map[string]bool) {
	p.hang(fmt.Sprintf("%s [%s]", c.Title, c.ID), span{fmt.Sprintf("%3d. ", number), strong})
	fresh := c.Because
	if !full {
		fresh = slices.DeleteFunc(slices.Clone(c.Because), func(line string) bool { return told[line] })
	}
	for i, line := range fresh {
		told[line] = true
		p.hang(line, label(firstOnly(i, strengthText(c.Strength))), span{p.marks.bullet + " ", faint})
	}
	if !full {
		return
	}
	for i, line := range c.Remedies {
		p.hang(line, label(firstOnly(i, "do")), span{strconv.Itoa(i+1) + ". ", plain})
	}
	if c.Command != "" {
		p.command(c.Command, label("check"))
	}
	p.command("dpsdiag explain "+c.ID, label("more"))
}

// strengthText introduces the reasons for a cause with their strength.
func strengthText(strength string) string {
	switch strength {
	case advice.Proves.String():
		return "proven by"
	case advice.Suggests.String():
		return "suggested by"
	}
	return "allowed by"
}

// firstOnly is word for the first line of a list and nothing for the others.
func firstOnly(i int, word string) string {
	if i == 0 {
		return word
	}
	return ""
}

// drawDecide lists the steps that would separate the causes.
func drawDecide(p *page, steps []Decider) {
	if len(steps) == 0 {
		return
	}
	p.heading("What would decide between them")
	for _, s := range steps {
		p.hang(s.How, span{"  " + p.marks.bullet + " ", faint})
		if s.Command != "" {
			p.command(s.Command, span{"    $ ", faint})
		}
	}
}

func (d *Probe) drawRuledOut(p *page) {
	if len(d.RuledOut) == 0 || len(d.Causes) == 0 && !p.opts.Verbose {
		return
	}
	if !p.opts.Verbose {
		p.heading("Ruled out (--verbose says why)")
		var ids []string
		for _, c := range d.RuledOut {
			ids = append(ids, c.ID)
		}
		p.hang(strings.Join(ids, ", "), span{"  ", plain})
		return
	}
	p.heading("Ruled out")
	for _, c := range d.RuledOut {
		p.hang(c.Title+": "+strings.Join(c.Because, "; "), span{"  " + p.marks.bullet + " ", faint})
	}
}

func (d *Probe) drawWarnings(p *page) {
	if len(d.Warnings) == 0 {
		return
	}
	p.heading("Warnings")
	for _, w := range d.Warnings {
		text := w.Detail
		if w.ID != "" {
			text += " [" + w.ID + "]"
		}
		p.hang(text, span{"  " + strings.TrimSpace(p.marks.warned) + " ", odd})
	}
}
