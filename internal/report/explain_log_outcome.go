package report

import (
	"fmt"

	"dpsdiag/internal/logtext"
)

// Outcome is what a text says of the last attempt to register in it. Line is 0 if the text
// shows no attempt; hub and device are empty if it does not show them.
type Outcome struct {
	State       string `json:"state"`
	Line        int    `json:"line"`
	AssignedHub string `json:"assigned_hub"`
	DeviceID    string `json:"device_id"`
	// Input is the text that the line is of, "" if there was only one.
	Input string `json:"input"`
	// Failed is the last line that shows a failure, if the device recovered.
	Failed QuotedLine `json:"failed"`
}

// QuotedLine is a line of a text, with what it says.
type QuotedLine struct {
	Place
	Text string `json:"text"`
}

func newOutcome(o *logtext.Outcome) Outcome {
	state := o.State
	if state == "" {
		state = logtext.OutcomeUnknown
	}
	return Outcome{
		State: string(state), Line: o.Line.Line, AssignedHub: Clean(o.Hub), DeviceID: Clean(o.DeviceID),
		Input: Clean(o.Line.Input), Failed: QuotedLine{newPlace(o.Failed.Place), Clean(o.Failed.Text)},
	}
}

// ending is an outcome in plain words, for the formats that people read.
type ending struct {
	state logtext.OutcomeState
	good  bool
	title string   // "" if there is nothing to say
	more  []string // what follows from it
}

func newEnding(o *Outcome) ending {
	state := logtext.OutcomeState(o.State)
	e := ending{state: state, good: state == logtext.OutcomeRegistered || state == logtext.OutcomeRecovered}
	at := Place{o.Input, o.Line}.String()
	switch state {
	case logtext.OutcomeRegistered:
		e.title = fmt.Sprintf("Registered: %s (%s)", assignment(o), at)
		e.more = []string{"No failure stands before it, so there is nothing to repair."}
	case logtext.OutcomeRecovered:
		e.title = fmt.Sprintf("Recovered: %s (%s)", assignment(o), at)
		e.more = []string{fmt.Sprintf("Something had failed before, last on %s: \"%s\". It passed, so no cause is named.", o.Failed.String(), o.Failed.Text)}
	case logtext.OutcomeUnfinished:
		e.title = fmt.Sprintf("Unfinished: a registration is under way (%s), and the text ends before an answer", at)
		e.more = []string{
			"Wait for the answer: DPS assigns a hub within seconds, and the device asks again until then. A custom allocation webhook may take longer.",
			"After two minutes, collect the log again up to its last line: \"assigned\", an error, or silence each have another meaning.",
		}
	case logtext.OutcomeRefused:
		e.title = fmt.Sprintf("Refused: the last attempt failed (%s)", at)
	case logtext.OutcomeUnknown:
	}
	return e
}

// recordsFact is the name of the fact that resource logs were read, with what they say.
const recordsFact = "resource logs"

// ofRecords is what the resource logs of a service say, "" for any other log.
func (d *Log) ofRecords() string {
	for _, f := range d.Facts {
		if f.Name == recordsFact {
			return f.Value
		}
	}
	return ""
}

// assignment says what the device got, as far as the text shows it.
func assignment(o *Outcome) string {
	device, hub := o.DeviceID, o.AssignedHub
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

// errorsTitle is the title of the known errors: if the device recovered, they are past.
func (e *ending) errorsTitle() string {
	if e.state == logtext.OutcomeRecovered {
		return "Recovered: what had been wrong"
	}
	return "Known errors"
}
