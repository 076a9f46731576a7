package report

import (
	"fmt"

	"dpsdiag/internal/logtext"
)

// Outcome is what a text says of the last attempt to register in it. Line is 0 where the text
// shows no attempt; hub and device are empty where it does not tell them.
type Outcome struct {
	State       string `json:"state"`
	Line        int    `json:"line"`
	AssignedHub string `json:"assigned_hub"`
	DeviceID    string `json:"device_id"`
}

func newOutcome(o *logtext.Outcome) Outcome {
	state := o.State
	if state == "" {
		state = logtext.OutcomeUnknown
	}
	return Outcome{string(state), o.Line.Line, Clean(o.Hub), Clean(o.DeviceID)}
}

// ending is what the faces for people show of an outcome, in plain words.
type ending struct {
	state logtext.OutcomeState
	good  bool
	title string   // "" where there is nothing to say
	more  []string // what follows from it
}

func newEnding(o *logtext.Outcome) ending {
	e := ending{state: o.State, good: o.Good()}
	at := Clean(o.Line.String())
	switch o.State {
	case logtext.OutcomeRegistered:
		e.title = fmt.Sprintf("Registered: %s (%s)", assignment(o), at)
		e.more = []string{"No failure stands before it, so there is nothing to repair."}
	case logtext.OutcomeRecovered:
		e.title = fmt.Sprintf("Recovered: %s (%s)", assignment(o), at)
		e.more = []string{fmt.Sprintf("Something had failed before, last on %s: \"%s\". It passed, so no cause is named.", Clean(o.Failed.String()), Clean(o.Failed.Text))}
	case logtext.OutcomeUnfinished:
		e.title = fmt.Sprintf("Unfinished: a registration is under way (%s), and the text ends before an answer", at)
		e.more = []string{
			"Wait for the answer: DPS assigns a hub within seconds, and the device asks again until then. A custom allocation function may take longer.",
			"After two minutes, collect the log again up to its last line: \"assigned\", an error, or silence each tell something else.",
		}
	case logtext.OutcomeRefused:
		e.title = fmt.Sprintf("Refused: the last attempt failed (%s)", at)
	case logtext.OutcomeUnknown:
	}
	return e
}

// assignment says what the device got, as far as the text tells.
func assignment(o *logtext.Outcome) string {
	device, hub := Clean(o.DeviceID), Clean(o.Hub)
	switch {
	case device != "" && hub != "":
		return device + " is assigned to " + hub
	case device != "":
		return device + " is assigned to a hub that the text does not name"
	case hub != "":
		return "the device is assigned to " + hub
	}
	return "the device is assigned to a hub; the text names neither"
}

// draw shows how the last attempt ended, before anything else.
func (e *ending) draw(p *page) {
	if e.title == "" {
		return
	}
	mark, look := p.marks.failed, bad
	switch {
	case e.good:
		mark, look = p.marks.passed, good
	case e.state == logtext.OutcomeUnfinished:
		mark, look = p.marks.warned, odd
	}
	p.hang(e.title, span{mark + " ", look})
	for _, text := range e.more {
		p.hang(text, span{"  ", plain})
	}
}

func (e *ending) drawMarkdown(m *markdown) {
	if e.title == "" {
		return
	}
	m.paragraph(strongText(e.title))
	for _, text := range e.more {
		m.paragraph(escape(text))
	}
}

// errorsTitle is what the known errors are called: where the device recovered they are past.
func (e *ending) errorsTitle() string {
	if e.state == logtext.OutcomeRecovered {
		return "Recovered: what had been wrong"
	}
	return "Known errors"
}
