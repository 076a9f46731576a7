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

// entry is one table of a file.
type entry struct {
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

// value is the value of a field: a number and true as they are written.
type value struct {
	at    place
	texts []string
	lines []int // of the texts
}

// text returns the value of a text field, "" if the entry does not have the field.
func (r *entry) text(key string) string {
	if texts := r.values[key].texts; len(texts) > 0 {
		return texts[0]
	}
	return ""
}

// place returns where a field is, or else where the entry begins.
func (r *entry) place(key string) place {
	return cmp.Or(r.values[key].at, r.at)
}

// reader reads the files of the catalogue. It notes the mistakes in them and continues, so that one
// run of the generator shows all.
type reader struct {
	entries  []*entry
	problems []error

	fields map[string]field
	taken  map[string]place // what must be unique: ids, messages, codes
	listed map[string]int   // the lines of orderFile by id

	file   string
	parser unstable.Parser
	entry  *entry // that is being read
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

// claim notes that an entry has something that must be unique.
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
	r.file, r.entry = name, nil
	begin := len(r.entries)
	r.parser.Reset(data)
	for r.parser.NextExpression() {
		expression := r.parser.Expression()
		switch expression.Kind {
		case unstable.Table:
			r.beginEntry(expression)
		case unstable.KeyValue:
			r.readField(expression)
		default:
			keys := expression.Key()
			keys.Next()
			r.problem(r.place(keys.Node().Raw), "an entry begins with its id in single brackets, as [http-404]")
		}
	}
	if syntax, ok := errors.AsType[*unstable.ParserError](r.parser.Error()); ok {
		r.problem(r.place(r.parser.Range(syntax.Highlight)), "%s", syntax.Message)
	}
	for i, entry := range r.entries[begin:] {
		r.checkEntry(entry)
		if i > 0 && compareIDs(r.entries[begin+i-1].id, entry.id) > 0 {
			r.problem(entry.at, "entry %s belongs before %s: entries are in the order of their ids", entry.id, r.entries[begin+i-1].id)
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

func (r *reader) beginEntry(expression *unstable.Node) {
	id, at := r.key(expression)
	if !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(id) {
		r.problem(at, "id %q is not lower-case letters and digits with hyphens between them", id)
	}
	r.claim(at, "id", id)
	r.entry = &entry{id: id, at: at, values: map[string]value{}}
	r.entries = append(r.entries, r.entry)
}

func (r *reader) readField(expression *unstable.Node) {
	key, at := r.key(expression)
	f, ok := r.fields[key]
	switch {
	case r.entry == nil:
		r.problem(at, "field %q is before the first entry", key)
		return
	case !ok:
		r.problem(at, "there is no field %q", key)
		return
	case r.entry.values[key].at != place{}:
		r.problem(at, "field %q is given twice", key)
		return
	}
	v, ok := r.readValue(f, at, expression.Value())
	r.entry.values[key] = v
	if !ok {
		r.problem(at, "%s is %s", key, f.typ)
		return
	}
	r.checkValue(f, v)
}

// readValue reads the value of a field; ok is false if it is not of the field's type.
func (r *reader) readValue(f field, at place, node *unstable.Node) (v value, ok bool) {
	v = value{at: at}
	add := func(node *unstable.Node, line int) {
		v.texts, v.lines = append(v.texts, string(node.Data)), append(v.lines, line)
	}
	switch {
	case f.typ == text && node.Kind == unstable.String,
		f.typ == number && node.Kind == unstable.Integer,
		f.typ == trueOnly && node.Kind == unstable.Bool && string(node.Data) == "true":
		add(node, at.line)
		return v, true
	case f.typ != list || node.Kind != unstable.Array:
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
			r.problem(at, "%s: %q is given twice", f.key, text)
			continue
		case f.key == "messages":
			r.claim(at, "message", text)
		case f.key == "numbers":
			r.claim(at, "number", text)
		}
		if f.check == nil {
			continue
		}
		if err := f.check(text); err != nil {
			r.problem(at, "%s: %w", f.key, err)
		}
	}
}

// checkEntry checks how the fields of an entry go together.
func (r *reader) checkEntry(entry *entry) {
	for _, f := range fields() {
		if f.required && entry.values[f.key].at == (place{}) {
			r.problem(entry.at, "entry %s has no %s", entry.id, f.key)
		}
	}
	kind, code := entry.text("kind"), entry.text("code")
	if code != "" {
		r.claim(entry.place("code"), kind+" code", code)
	}
	for _, alias := range entry.values["aliases"].texts {
		r.claim(entry.place("aliases"), kind+" code", alias)
	}
	_, caused := entry.values["cause_ids"]
	if _, excused := entry.values["no_cause_reason"]; caused == excused {
		r.problem(entry.at, "entry %s: give either cause_ids or no_cause_reason", entry.id)
	}
	r.checkStatus(entry, code)
}

func (r *reader) checkStatus(entry *entry, code string) {
	written, present := entry.values["http_status"]
	status, err := strconv.Atoi(entry.text("http_status"))
	if present && (err != nil || status < 200 || status > 599) {
		r.problem(written.at, "http_status %s is not the status of an error", entry.text("http_status"))
	}
	if class, ok := codes.Parse(code).Class(); ok && status != class && status != 200 {
		r.problem(entry.place("http_status"), "code %s goes with http_status %d or 200", code, class)
	}
}
