package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/logtext"
)

// drawText shows in short what the text holds, or everything.
func (d *Log) drawText(p *page) {
	if p.opts.Verbose {
		d.drawAll(p)
		return
	}
	d.drawShort(p)
}

// shortRows is how many known errors the short report lists.
const shortRows = 8

// drawShort draws how the last attempt ended, a line for each known error, and the likeliest
// cause with what to do.
func (d *Log) drawShort(p *page) {
	if d.nothing() {
		d.drawRead(p)
		d.drawNearest(p)
		if len(d.collect) > 0 {
			p.blank()
			d.drawCollectShort(p)
		}
		return
	}
	d.ending.draw(p)
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
		p.clip(2, told, span{"  " + pad("tells", 12) + " ", faint})
	}
	d.drawCausesShort(p)
}

// told are the facts in one line.
func (d *Log) told() string {
	var list []string
	for _, f := range d.facts {
		if f.name != "" {
			list = append(list, f.name+" "+f.value)
		}
	}
	return strings.Join(list, ", ")
}

func (d *Log) drawCausesShort(p *page) {
	if len(d.causes) == 0 && len(d.collect) == 0 {
		return
	}
	p.blank()
	ruledOut := 0
	for _, e := range d.ruledOut {
		ruledOut += len(e.titles)
	}
	const quotes = 2
	conclusion{causes: d.causes, decide: d.Decide, ruledOut: ruledOut, reasons: quotes}.draw(p)
	d.drawCollectShort(p)
}

// drawCollectShort says how to get a log that tells more, where the text names the client.
func (d *Log) drawCollectShort(p *page) {
	if len(d.collect) == 1 {
		p.clip(2, d.collect[0].name+": "+d.collect[0].value, partLabel("log more"))
		return
	}
	if len(d.collect) > 0 {
		p.hang("--verbose says how each client is made to log more", partLabel("log more"))
	}
}

// drawAll shows what the text holds: the known errors with their lines, what it tells of the
// device, the causes, and what to do next, which is to decide between them.
func (d *Log) drawAll(p *page) {
	d.ending.draw(p)
	d.drawRead(p)
	d.drawRows(p)
	if len(d.facts) > 0 {
		p.heading("What the text tells")
		p.fields("  ", d.facts...)
	}
	drawCauses(p, causesTitle, d.causes)
	d.drawExclusions(p)
	drawDecide(p, d.Decide)
	d.drawCollect(p)
}

// nothing reports that there is nothing to tell of the text.
func (d *Log) nothing() bool { return len(d.rows) == 0 && len(d.causes) == 0 && d.ending.title == "" }

// read says of each input what was read.
func (d *Log) read() []string {
	var read []string
	for _, in := range d.inputs {
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
func (d *Log) drawRead(p *page) {
	if d.nothing() {
		p.hang("Nothing known to dpsdiag is in the text ("+strings.Join(d.read(), "; ")+").", span{strings.TrimSpace(p.marks.failed) + " ", bad})
		return
	}
	p.title("Read: " + strings.Join(d.read(), "; "))
}

// drawRows lists the known errors, those that tell the cause before the envelopes.
func (d *Log) drawRows(p *page) {
	telling, others := d.split()
	d.drawList(p, d.ending.errorsTitle(), telling)
	d.drawList(p, "Around them", others)
	d.drawNearest(p)
}

func (d *Log) drawNearest(p *page) {
	if len(d.nearest) > 0 {
		p.heading("Nearest known errors")
		drawEntries(p, d.nearest)
	}
}

func (d *Log) split() (telling, others []logRow) {
	for _, row := range d.rows {
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
func (d *Log) shown(rows []logRow) (shown []logRow, left string) {
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

func (d *Log) drawList(p *page, title string, rows []logRow) {
	if len(rows) == 0 {
		return
	}
	p.heading(title)
	shown, left := d.shown(rows)
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

func (d *Log) drawExclusions(p *page) {
	if len(d.ruledOut) == 0 {
		return
	}
	p.heading("Ruled out")
	for _, e := range d.ruledOut {
		p.hang(strings.Join(e.titles, "; "), span{"  " + p.marks.bullet + " ", faint})
		p.hang(e.reason, span{"    ", plain})
	}
}

func (d *Log) drawCollect(p *page) {
	if len(d.collect) == 0 {
		return
	}
	p.heading("To get a log that tells more")
	p.fields("  ", d.collect...)
}

// plural counts things in words.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
