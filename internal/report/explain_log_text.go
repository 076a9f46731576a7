package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// drawText shows what was found in the text, in short or in full.
func (d *Log) drawText(p *page) {
	if p.opts.Verbose {
		d.drawAll(p)
		return
	}
	d.drawShort(p)
}

// shortNotes is how many notes the short report has.
const shortNotes = 2

// shortRows is how many known errors the short report lists.
const shortRows = 8

// drawShort draws how the last attempt ended, a line for each known error, and the likeliest
// cause with what to do.
func (d *Log) drawShort(p *page) {
	if d.nothing() {
		d.drawRead(p)
		d.drawNotesShort(p)
		d.drawNearest(p)
		if len(d.Collect) > 0 {
			p.blank()
			d.drawCollectShort(p)
		}
		return
	}
	d.ending().draw(p)
	telling, others := d.split()
	rows := slices.Concat(telling, others)
	for i := range rows[:min(len(rows), shortRows)] {
		row := &rows[i]
		p.clip(1, row.name(), span{"  " + pad(row.where(), 12) + " ", faint})
	}
	if left := len(rows) - shortRows; left > 0 {
		p.hang(fmt.Sprintf("%d more: --verbose", left), span{"  " + pad("", 12) + " ", faint})
	}
	d.drawNearest(p)
	if told := d.told(); told != "" {
		p.clip(2, told, span{"  " + pad("facts", 12) + " ", faint})
	}
	d.drawNotesShort(p)
	d.drawCausesShort(p)
}

func (d *Log) drawNotesShort(p *page) {
	for _, n := range d.Notes[:min(len(d.Notes), shortNotes)] {
		p.clip(2, n.Text, span{"  " + pad("note", 12) + " ", faint})
	}
}

// told are the facts in one line.
func (d *Log) told() string {
	var list []string
	for _, f := range d.facts() {
		if f.name != "" {
			list = append(list, f.name+" "+f.value)
		}
	}
	return strings.Join(list, ", ")
}

func (d *Log) drawCausesShort(p *page) {
	if len(d.Causes) == 0 && len(d.Collect) == 0 {
		return
	}
	p.blank()
	const quotes = 2
	conclusion{causes: d.Causes, decide: d.Decide, ruledOut: len(d.RuledOut), reasons: quotes}.draw(p)
	d.drawCollectShort(p)
}

// drawCollectShort says how to get a more detailed log, if the text shows the client.
func (d *Log) drawCollectShort(p *page) {
	if len(d.Collect) == 1 {
		p.clip(2, d.Collect[0].Client+": "+d.Collect[0].How, partLabel("log more"))
		return
	}
	if len(d.Collect) > 0 {
		p.hang("--verbose says how each client is made to log more", partLabel("log more"))
	}
}

// drawAll shows everything: the known errors with their lines, the facts about the device, the
// causes, and how to decide between them.
func (d *Log) drawAll(p *page) {
	d.ending().draw(p)
	d.drawRead(p)
	d.drawRows(p)
	if facts := d.facts(); len(facts) > 0 {
		p.heading("What the text says")
		p.fields("  ", facts...)
	}
	d.drawNotes(p)
	drawCauses(p, causesTitle, d.Causes)
	d.drawExclusions(p)
	drawDecide(p, d.Decide)
	d.drawCollect(p)
}

func (d *Log) drawNotes(p *page) {
	if len(d.Notes) == 0 {
		return
	}
	list := make([]string, 0, len(d.Notes))
	for i := range d.Notes {
		list = append(list, d.Notes[i].line())
	}
	p.bullets(notesTitle, list)
}

const notesTitle = "Notes on the device, which are not causes"

// line is a note with its place and its source.
func (n *Note) line() string { return n.String() + ": " + n.Text + " (" + n.Source + ")" }

// nothing reports whether nothing was found in the text.
func (d *Log) nothing() bool {
	return len(d.Matches) == 0 && len(d.Causes) == 0 && d.ending().title == ""
}

func (d *Log) ending() *ending {
	e := newEnding(&d.Outcome)
	if said := d.ofRecords(); said != "" {
		e.title, e.good = said, len(d.Matches) == 0
		if !e.good {
			e.state = logtext.OutcomeRefused
		}
	}
	return &e
}

// facts returns the facts about the device. Only the first value of a name has the name.
func (d *Log) facts() []field {
	list := make([]field, 0, len(d.Facts))
	last := ""
	for _, f := range d.Facts {
		if f.Name == recordsFact {
			continue // it is the title
		}
		name := f.Name
		if name == last {
			name = ""
		}
		last = f.Name
		list = append(list, field{name, f.Value + " (" + f.String() + ")"})
	}
	return list
}

// read says what was read of each input.
func (d *Log) read() []string {
	var read []string
	for _, in := range d.Inputs {
		text := plural(in.Lines, "line")
		if in.Name != "" {
			text = in.Name + ", " + text
		}
		if in.Encoding != string(logtext.UTF8) {
			text += ", " + in.Encoding
		}
		read = append(read, text)
	}
	return read
}

// drawRead says what was read.
func (d *Log) drawRead(p *page) {
	if d.nothing() {
		p.hang("Nothing known to dpsdiag is in the text ("+strings.Join(d.read(), "; ")+").", span{strings.TrimSpace(p.marks.failed) + " ", bad})
		return
	}
	p.title("Read: " + strings.Join(d.read(), "; "))
}

// drawRows lists the known errors, those that show the cause before the errors that wrap others.
func (d *Log) drawRows(p *page) {
	telling, others := d.split()
	d.drawList(p, d.ending().errorsTitle(), telling)
	d.drawList(p, "Wrapping errors and progress", others)
	d.drawNearest(p)
}

func (d *Log) drawNearest(p *page) {
	if len(d.Nearest) > 0 {
		p.heading("Nearest known errors")
		drawEntries(p, d.nearest())
	}
}

// nearest are the entries that come close to what was not recognised.
func (d *Log) nearest() []*codes.Entry {
	list := make([]*codes.Entry, 0, len(d.Nearest))
	for _, n := range d.Nearest {
		list = append(list, &codes.Entry{ID: n.ID, Code: n.Code, Name: n.Title})
	}
	return list
}

func (d *Log) split() (telling, others []Match) {
	for _, row := range d.Matches {
		if row.Wrapper {
			others = append(others, row)
		} else {
			telling = append(telling, row)
		}
	}
	return telling, others
}

// maxRows is the maximum length of each list of errors; the JSON has them all.
const maxRows = 12

// shown are the rows of a list that are shown, and words for those that are not, if any.
func (d *Log) shown(rows []Match) (shown []Match, left string) {
	if more := len(rows) - maxRows; more > 0 {
		return rows[:maxRows], fmt.Sprintf("and %d more (-o json has all)", more)
	}
	return rows, ""
}

// name is the code with its title, if the title says more than the code.
func (r *Match) name() string {
	if r.Title == r.Code || strings.Contains(r.Code, "(") {
		return r.Code
	}
	return r.Code + ": " + r.Title
}

// quote is the words of the text, "" if they are the code.
func (r *Match) quote() string {
	if strings.EqualFold(r.Phrase, r.Code) {
		return ""
	}
	return r.Phrase
}

func (d *Log) drawList(p *page, title string, rows []Match) {
	if len(rows) == 0 {
		return
	}
	p.heading(title)
	shown, left := d.shown(rows)
	for i := range shown {
		row := &shown[i]
		p.hang(row.name()+" ["+row.ID+"]", span{"  " + pad(row.where(), 12) + " ", faint})
		if quote := row.quote(); quote != "" {
			p.hang(`"`+quote+`"`, span{"  " + pad("", 12) + " ", plain})
		}
	}
	if left != "" {
		p.hang(left, span{"  ", plain})
	}
}

// shownLines is how many line numbers a row shows.
const shownLines = 4

// where names the lines of a row, with their input if there are several.
func (r *Match) where() string {
	var numbers []string
	for i, line := range r.Lines[:min(len(r.Lines), shownLines)] {
		number := strconv.Itoa(line)
		if len(r.Inputs) > 0 {
			number = r.Inputs[i] + ":" + number
		}
		numbers = append(numbers, number)
	}
	text := strings.Join(numbers, ", ")
	switch {
	case len(r.Inputs) > 0:
	case r.Count > 1:
		text = "lines " + text
	default:
		text = "line " + text
	}
	if left := r.Count - len(numbers); left > 0 {
		text += fmt.Sprintf(" and %d more", left)
	}
	return text
}

func (d *Log) drawExclusions(p *page) {
	if len(d.RuledOut) == 0 {
		return
	}
	p.heading("Ruled out")
	for _, e := range exclusions(d.RuledOut) {
		p.hang(strings.Join(e.titles, "; "), span{"  " + p.marks.bullet + " ", faint})
		p.hang(e.reason, span{"    ", plain})
	}
}

func (d *Log) drawCollect(p *page) {
	if len(d.Collect) == 0 {
		return
	}
	p.heading("To get a more detailed log")
	list := make([]field, 0, len(d.Collect))
	for _, c := range d.Collect {
		list = append(list, field{c.Client, c.How})
	}
	p.fields("  ", list...)
}

// plural counts things in words.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
