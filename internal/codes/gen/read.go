package main

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"dpsdiag/internal/codes"
)

// row is one table of a file.
type row struct {
	id     string
	at     place // of its header
	values map[string]value
}

// place is a line of a file.
type place struct {
	file string
	line int
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// value is what a field holds: a number and true as they are written.
type value struct {
	at    place
	texts []string
	lines []int // of the texts
}

// text returns the text of a field that holds one, "" if the row does not have the field.
func (r *row) text(key string) string {
	if texts := r.values[key].texts; len(texts) > 0 {
		return texts[0]
	}
	return ""
}

// place returns where a field is, or else where the row begins.
func (r *row) place(key string) place {
	return cmp.Or(r.values[key].at, r.at)
}

// reader reads the files of the catalogue. It notes what is wrong in them and goes on, so
// that one run of the generator shows everything.
type reader struct {
	rows     []*row
	problems []error

	fields map[string]field
	taken  map[string]place // what only one row may have: ids, messages, codes
	listed map[string]int   // the lines of orderFile by id

	file   string
	parser unstable.Parser
	row    *row // that is being read
}

func newReader() *reader {
	r := &reader{fields: map[string]field{}, taken: map[string]place{}, listed: map[string]int{}}
	for _, f := range fields() {
		r.fields[f.key] = f
	}
	return r
}

func (r *reader) problem(at place, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("%s: %w", at, fmt.Errorf(format, args...)))
}

// place returns where a part of the file is.
func (r *reader) place(raw unstable.Range) place {
	return place{r.file, r.parser.Shape(raw).Start.Line}
}

// claim notes that a row has something that no other row may have.
func (r *reader) claim(at place, what, text string) {
	key := what + " " + text
	if other, ok := r.taken[key]; ok {
		r.problem(at, "%s %q is taken: %s", what, text, other)
		return
	}
	r.taken[key] = at
}

// readFile reads one file.
func (r *reader) readFile(name string, data []byte) {
	r.file, r.row = name, nil
	begin := len(r.rows)
	r.parser.Reset(data)
	for r.parser.NextExpression() {
		expression := r.parser.Expression()
		switch expression.Kind {
		case unstable.Table:
			r.beginRow(expression)
		case unstable.KeyValue:
			r.readField(expression)
		default:
			keys := expression.Key()
			keys.Next()
			r.problem(r.place(keys.Node().Raw), "a row begins with its id in single brackets, as [http-404]")
		}
	}
	if syntax, ok := errors.AsType[*unstable.ParserError](r.parser.Error()); ok {
		r.problem(r.place(r.parser.Range(syntax.Highlight)), "%s", syntax.Message)
	}
	for i, row := range r.rows[begin:] {
		r.checkRow(row)
		if i > 0 && compareIDs(r.rows[begin+i-1].id, row.id) > 0 {
			r.problem(row.at, "row %s belongs before %s: rows stand in the order of their ids", row.id, r.rows[begin+i-1].id)
		}
	}
}

// key returns the key of an expression, with dots if it is of several parts, and where it is.
func (r *reader) key(expression *unstable.Node) (string, place) {
	var parts []string
	var at place
	for keys := expression.Key(); keys.Next(); {
		at = cmp.Or(at, r.place(keys.Node().Raw))
		parts = append(parts, string(keys.Node().Data))
	}
	return strings.Join(parts, "."), at
}

func (r *reader) beginRow(expression *unstable.Node) {
	id, at := r.key(expression)
	if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(id) {
		r.problem(at, "id %q is not of small letters and digits with hyphens between them", id)
	}
	r.claim(at, "id", id)
	r.row = &row{id: id, at: at, values: map[string]value{}}
	r.rows = append(r.rows, r.row)
}

func (r *reader) readField(expression *unstable.Node) {
	key, at := r.key(expression)
	f, ok := r.fields[key]
	switch {
	case r.row == nil:
		r.problem(at, "field %q stands before the first row", key)
		return
	case !ok:
		r.problem(at, "there is no field %q", key)
		return
	case r.row.values[key].at != place{}:
		r.problem(at, "field %q is there twice", key)
		return
	}
	v, ok := r.readValue(f, at, expression.Value())
	r.row.values[key] = v
	if !ok {
		r.problem(at, "%s is %s", key, f.form)
		return
	}
	r.checkValue(f, v)
}

// readValue reads the value of a field; ok is false if it is not of the field's form.
func (r *reader) readValue(f field, at place, node *unstable.Node) (v value, ok bool) {
	v = value{at: at}
	add := func(node *unstable.Node, line int) {
		v.texts, v.lines = append(v.texts, string(node.Data)), append(v.lines, line)
	}
	switch {
	case f.form == text && node.Kind == unstable.String,
		f.form == number && node.Kind == unstable.Integer,
		f.form == truth && node.Kind == unstable.Bool && string(node.Data) == "true":
		add(node, at.line)
		return v, true
	case f.form != list || node.Kind != unstable.Array:
		return v, false
	}
	for children := node.Children(); children.Next(); {
		if children.Node().Kind != unstable.String {
			return v, false
		}
		add(children.Node(), r.place(children.Node().Raw).line)
	}
	return v, true
}

// checkValue checks the texts of one field by themselves.
func (r *reader) checkValue(f field, v value) {
	if len(v.texts) == 0 {
		r.problem(v.at, "%s is empty: leave it out", f.key)
	}
	for i, text := range v.texts {
		at := place{r.file, v.lines[i]}
		switch {
		case strings.TrimSpace(text) == "":
			r.problem(at, "%s: a text is empty", f.key)
			continue
		case slices.Contains(v.texts[:i], text):
			r.problem(at, "%s: %q is there twice", f.key, text)
			continue
		case f.key == "messages":
			r.claim(at, "message", text)
		}
		if f.check == nil {
			continue
		}
		if err := f.check(text); err != nil {
			r.problem(at, "%s: %w", f.key, err)
		}
	}
}

// checkRow checks how the fields of a row go together.
func (r *reader) checkRow(row *row) {
	for _, f := range fields() {
		if f.required && row.values[f.key].at == (place{}) {
			r.problem(row.at, "row %s has no %s", row.id, f.key)
		}
	}
	kind, code := row.text("kind"), row.text("code")
	if code != "" {
		r.claim(row.place("code"), kind+" code", code)
	}
	for _, alias := range row.values["aliases"].texts {
		r.claim(row.place("aliases"), kind+" code", alias)
	}
	_, caused := row.values["cause_ids"]
	if _, excused := row.values["no_cause_reason"]; caused == excused {
		r.problem(row.at, "row %s: give either cause_ids or no_cause_reason", row.id)
	}
	r.checkStatus(row, code)
}

func (r *reader) checkStatus(row *row, code string) {
	written, present := row.values["http_status"]
	status, err := strconv.Atoi(row.text("http_status"))
	if present && (err != nil || status < 200 || status > 599) {
		r.problem(written.at, "http_status %s is no status of an error", row.text("http_status"))
	}
	if class, ok := codes.Parse(code).Class(); ok && status != class && status != 200 {
		r.problem(row.place("http_status"), "code %s goes with http_status %d or 200", code, class)
	}
}
