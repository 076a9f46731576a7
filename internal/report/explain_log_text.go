package report

import (
	"fmt"
	"strconv"
	"strings"

	"dpsdiag/internal/logtext"
)

// draw shows what a log holds: the known errors with their lines, what it tells of the
// device, the causes, and what to do next, which is to decide between them.
func (l *log) draw(p *page, decide []Decider) {
	l.ending.draw(p)
	l.drawRead(p)
	l.drawRows(p)
	if len(l.facts) > 0 {
		p.heading("What the text tells")
		p.fields("  ", l.facts...)
	}
	drawCauses(p, l.causes)
	l.drawExclusions(p)
	drawDecide(p, decide)
	l.drawCollect(p)
}

// nothing reports that there is nothing to tell of the text.
func (l *log) nothing() bool { return len(l.rows) == 0 && len(l.causes) == 0 && l.ending.title == "" }

// read says of each input what was read.
func (l *log) read() []string {
	var read []string
	for _, in := range l.inputs {
		text := plural(in.Lines, "line")
		if in.Name != "" {
			text = Clean(in.Name) + ", " + text
		}
		if in.Encoding != logtext.UTF8 {
			text += ", " + string(in.Encoding)
		}
		read = append(read, text)
	}
	return read
}

// drawRead says what was read.
func (l *log) drawRead(p *page) {
	if l.nothing() {
		p.hang("Nothing known to dpsdiag is in the text ("+strings.Join(l.read(), "; ")+").", span{strings.TrimSpace(p.marks.failed) + " ", bad})
		return
	}
	p.title("Read: " + strings.Join(l.read(), "; "))
}

// drawRows lists the known errors, those that tell the cause before the envelopes.
func (l *log) drawRows(p *page) {
	telling, others := l.split()
	l.drawList(p, l.ending.errorsTitle(), telling)
	l.drawList(p, "Around them", others)
	if len(l.nearest) > 0 {
		p.heading("Nearest known errors")
		p.entryLines(l.nearest)
	}
}

func (l *log) split() (telling, others []logRow) {
	for _, row := range l.rows {
		if row.wrapper {
			others = append(others, row)
		} else {
			telling = append(telling, row)
		}
	}
	return telling, others
}

// maxRows bounds each list of errors; the JSON has them all.
const maxRows = 12

// shown are the rows of a list that are shown, and words for those that are not, if any.
func (l *log) shown(rows []logRow) (shown []logRow, left string) {
	if more := len(rows) - maxRows; more > 0 {
		return rows[:maxRows], fmt.Sprintf("and %d more (-o json has all)", more)
	}
	return rows, ""
}

// name is the code with its title, where that says more.
func (r *logRow) name() string {
	if r.title == r.code || strings.Contains(r.code, "(") {
		return r.code
	}
	return r.code + ": " + r.title
}

// quote is how the text puts it, "" where that is the code.
func (r *logRow) quote() string {
	if strings.EqualFold(r.phrase, r.code) {
		return ""
	}
	return r.phrase
}

func (l *log) drawList(p *page, title string, rows []logRow) {
	if len(rows) == 0 {
		return
	}
	p.heading(title)
	shown, left := l.shown(rows)
	for i := range shown {
		row := &shown[i]
		p.hang(row.name()+" ["+row.id+"]", span{"  " + pad(row.where(), 12) + " ", faint})
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
func (r *logRow) where() string {
	var numbers []string
	for _, place := range r.places[:min(len(r.places), shownLines)] {
		number := strconv.Itoa(place.Line)
		if place.Input != "" {
			number = Clean(place.Input) + ":" + number
		}
		numbers = append(numbers, number)
	}
	text := strings.Join(numbers, ", ")
	switch {
	case r.places[0].Input != "":
	case r.count > 1:
		text = "lines " + text
	default:
		text = "line " + text
	}
	if left := r.count - len(numbers); left > 0 {
		text += fmt.Sprintf(" and %d more", left)
	}
	return text
}

func (l *log) drawExclusions(p *page) {
	if len(l.ruledOut) == 0 {
		return
	}
	p.heading("Ruled out")
	for _, e := range l.ruledOut {
		p.hang(strings.Join(e.titles, "; "), span{"  " + p.marks.bullet + " ", faint})
		p.hang(e.reason, span{"    ", plain})
	}
}

func (l *log) drawCollect(p *page) {
	if len(l.collect) == 0 {
		return
	}
	p.heading("To get a log that tells more")
	p.fields("  ", l.collect...)
}

// plural counts things in words.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
