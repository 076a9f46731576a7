package report

import (
	"fmt"
	"slices"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
)

// conclusion is the last block of a short report: the likeliest cause, what to do, the one step
// that would decide, and a count of what is left out.
type conclusion struct {
	causes   []Cause // most likely first
	decide   []Decider
	ruledOut int
	// unsure says that nothing was concluded, so that a cause is at most possible.
	unsure bool
	hint   string // what to do whatever the cause is; "" for nothing
	// reasons is how many reasons for the cause are shown; 0 means one, and not the answer of
	// the service, which the verdict already quotes.
	reasons int
}

// asLikely is the maximum number of causes of equal strength that are shown together.
const asLikely = 3

// draw writes the block, a labelled line or two for each part.
func (e conclusion) draw(p *page) {
	if e.hint != "" {
		p.clip(2, e.hint, partLabel("next"))
	}
	if len(e.causes) == 0 {
		return
	}
	first := &e.causes[0]
	named := e.named()
	for i := range named {
		title := named[i].Title
		if i > 0 {
			title = "or: " + title
		}
		p.clip(2, title, partLabel(firstOnly(i, e.causeLabel())))
	}
	for i, reason := range e.because() {
		p.clip(2, reason, partLabel(firstOnly(i, "because")))
	}
	if len(first.Remedies) > 0 {
		p.clip(shortDetail, first.Remedies[0], partLabel(e.remedyLabel()))
	}
	if first.Command != "" {
		p.command(first.Command, partLabel("check"))
	}
	if step := e.step(); step != nil {
		p.clip(2, step.How, partLabel("to be sure"))
		if step.Command != "" {
			p.command(step.Command, partLabel(""))
		}
	}
	e.drawMore(p, len(named))
}

// partLabel is the column of words in front of the parts.
func partLabel(word string) span { return span{"  " + pad(word, 11) + " ", faint} }

// causeLabel says how sure the cause is.
func (e conclusion) causeLabel() string {
	switch {
	case e.causes[0].Strength == advice.Proves.String():
		return "cause"
	case e.causes[0].Strength == advice.Suggests.String() && !e.unsure:
		return "likely"
	}
	return "possible"
}

// remedyLabel introduces what to do: if a cause is only possible, it has to be confirmed
// first.
func (e conclusion) remedyLabel() string {
	if e.causeLabel() == "possible" {
		return "if so"
	}
	return "do"
}

// named are the causes that are named: the first, and those that are as likely.
func (e conclusion) named() []Cause {
	end := slices.IndexFunc(e.causes, func(c Cause) bool { return c.Strength != e.causes[0].Strength })
	if end < 0 {
		end = len(e.causes)
	}
	return e.causes[:min(end, asLikely)]
}

// answers returns the beginnings of reasons that say no more than the verdict, or are evidence against
// a cause.
func answers() []string {
	return []string{"the service answered", "the registration ended", "the session was refused", "after a hub was assigned", "against it:"}
}

// because are the reasons for the first cause that are shown.
func (e conclusion) because() []string {
	all := e.causes[0].Because
	if e.reasons > 0 {
		return all[:min(len(all), e.reasons)]
	}
	for i, line := range all {
		if !slices.ContainsFunc(answers(), func(begin string) bool { return strings.HasPrefix(line, begin) }) && !strings.Contains(line, " transports agree in this") {
			return all[i : i+1]
		}
	}
	return nil
}

// step is the step that would decide; nil if none is needed, because the cause is proven, or
// has a command that shows it and the step is about less likely causes.
func (e conclusion) step() *Decider {
	if e.causes[0].Strength == advice.Proves.String() || len(e.decide) == 0 {
		return nil
	}
	about := func(c Cause) bool {
		def, ok := cause.Lookup(c.ID)
		return ok && def.Decide != nil && def.Decide.How == e.decide[0].How
	}
	if e.causes[0].Command != "" && e.reasons == 0 && !slices.ContainsFunc(e.named(), about) {
		return nil
	}
	return &e.decide[0]
}

// drawMore counts what is not shown and says how to see it.
func (e conclusion) drawMore(p *page, shown int) {
	var counts []string
	if left := len(e.causes) - shown; left > 0 {
		counts = append(counts, fmt.Sprintf("%d less likely", left))
	}
	if e.ruledOut > 0 {
		counts = append(counts, fmt.Sprintf("%d ruled out", e.ruledOut))
	}
	text := "--verbose"
	if len(counts) > 0 {
		text = strings.Join(counts, ", ") + ": --verbose"
	}
	explain := "dpsdiag explain " + e.causes[0].ID
	if line := text + "; " + explain; columns(line)+columns(partLabel("").text) <= p.width {
		p.hang(line, partLabel("more"))
		return
	}
	p.hang(text, partLabel("more"))
	p.command(explain, partLabel(""))
}
