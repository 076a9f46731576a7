// Package kql has the queries for Log Analytics that correspond to dpsdiag logs for files.
// They ask who fails, since when and with what.
//
// [Topics] lists the queries with a name of their own, [HitBy] makes the one for the devices that were
// refused with a code, [HitByCause] for a cause, and [Topic.Text] is a query to run. The queries are
// files of the folder queries. Lines "// name: value" at their beginning say what they are about; a
// placeholder in braces is a value that the user gives.
package kql

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

//go:embed queries/*.kql
var files embed.FS

// Topic is a query.
type Topic struct {
	Name  string // of the file, or the code or cause that the query is for
	Title string
	Since string // how far back it looks by default
	// NoDevice says why it cannot be limited to a device, "" if it can.
	NoDevice string

	body      string
	bare      bool // it does not use the records of DPS
	hidden    bool
	condition string
}

// Values limit a query.
type Values struct {
	Since    time.Duration // 0 is the default of the topic
	Device   string        // a registration id, "" for all
	Instance string        // the name of an instance, "" for all
}

// Topics lists the queries, those for alerts last.
func Topics() []Topic {
	list := slices.DeleteFunc(all(), func(t Topic) bool { return t.hidden })
	order := names()
	slices.SortFunc(list, func(a, b Topic) int { return cmp.Compare(slices.Index(order, a.Name), slices.Index(order, b.Name)) })
	return list
}

// names are the topics in the order in which a person needs them.
func names() []string {
	return []string{
		"devices", "clusters", "since-when", "changes", "failures", "never-succeeded", "recovered", "load", "stages", "not-at-hub", "management", "records",
		"alert-failing", "alert-throttled", "alert-load", "alert-unassigned", "alert-silence", "alert-management",
	}
}

func all() []Topic {
	entries, err := files.ReadDir("queries")
	if err != nil {
		panic(err) // they are compiled in
	}
	var list []Topic
	for _, entry := range entries {
		if name := strings.TrimSuffix(entry.Name(), ".kql"); name != prelude {
			list = append(list, read(name))
		}
	}
	return list
}

// prelude is the file that most queries begin with: the records of DPS with their properties.
const prelude = "prelude"

// hitBy is the file of the query for a condition.
const hitBy = "hit-by"

func content(name string) string {
	text, err := files.ReadFile("queries/" + name + ".kql")
	if err != nil {
		panic(err) // they are compiled in
	}
	return string(text)
}

func read(name string) Topic {
	t := Topic{Name: name}
	for line := range strings.Lines(content(name)) {
		comment, ok := strings.CutPrefix(line, "// ")
		if !ok {
			t.body += line
			continue
		}
		key, value, _ := strings.Cut(strings.TrimSpace(comment), ": ")
		switch key {
		case "title":
			t.Title = value
		case "since":
			t.Since = value
		case "no-prelude":
			t.bare = true
		case "no-device":
			t.NoDevice = value
		case "hidden":
			t.hidden = true
		}
	}
	return t
}

// Named returns the topic of that name.
func Named(name string) (Topic, bool) {
	list := Topics()
	i := slices.IndexFunc(list, func(t Topic) bool { return t.Name == name })
	if i < 0 {
		return Topic{}, false
	}
	return list[i], true
}

// HitBy is the query for the devices that were refused with an HTTP status or a six-digit code.
func HitBy(code int) Topic {
	t := read(hitBy)
	t.Name, t.Title = strconv.Itoa(code), fmt.Sprintf("devices that were refused with %d", code)
	t.condition = ofCode(code)
	return t
}

func ofCode(code int) string {
	if code < 1000 {
		return fmt.Sprintf("Status == %d", code)
	}
	return fmt.Sprintf("Code == %d", code)
}

// ErrNoRecord says that the service does not record what a cause does: the device does not reach it, or
// fails after it.
var ErrNoRecord = errors.New("the service keeps no record of it")

// HitByCause is the query for the devices that were refused with an answer that the cause can lead to.
// Other causes may lead to the same answer.
func HitByCause(id cause.ID) (Topic, error) {
	var conditions, general []string
	add := func(list *[]string, condition string) {
		if !slices.Contains(*list, condition) {
			*list = append(*list, condition)
		}
	}
	for _, e := range codes.ByCause(id) {
		if e.Wrapper || !slices.Contains(e.AppliesTo, "device-api") {
			continue
		}
		code, err := strconv.Atoi(e.Code)
		switch {
		case e.Kind == codes.KindDPS && err == nil:
			add(&conditions, ofCode(code))
		case e.Kind == codes.KindHTTP && err == nil:
			add(&general, ofCode(code))
		case e.Kind == codes.KindDPS || e.Kind == codes.KindHTTP:
			for _, message := range e.Messages {
				add(&conditions, "ResultDescription contains "+Quote(plainMessage(message)))
			}
		}
	}
	t := read(hitBy)
	t.Name, t.Title = id.String(), "devices that were refused with what shows: "+lowerFirst(id.Definition().Title)
	if len(conditions) == 0 {
		conditions = general
	}
	if len(conditions) == 0 {
		return t, ErrNoRecord
	}
	t.condition = strings.Join(conditions, " or ")
	return t, nil
}

// plainMessage is a message of the catalogue without the quotes of the JSON that some stand in, and
// without the full stop, which a record need not have.
func plainMessage(message string) string {
	if _, value, ok := strings.Cut(message, `":"`); ok {
		message = value
	}
	return strings.TrimRight(strings.Trim(message, `"`), ".")
}

func lowerFirst(text string) string {
	if len(text) > 1 && unicode.IsUpper(rune(text[0])) && unicode.IsLower(rune(text[1])) {
		return strings.ToLower(text[:1]) + text[1:]
	}
	return text
}

// Text returns the query with values in it.
func (t *Topic) Text(v Values) string {
	since := t.Since
	if v.Since > 0 {
		since = timespan(v.Since)
	}
	text := t.body
	if !t.bare {
		text = content(prelude) + text
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// %s (dpsdiag kql %s)\n", t.Title, t.Name)
	values := strings.NewReplacer("{since}", since, "{condition}", t.condition)
	for line := range strings.Lines(text) {
		indent, placeholder := cutIndent(line)
		if column, ok := strings.CutPrefix(placeholder, "{instance "); ok {
			b.WriteString(filter(indent, strings.TrimSuffix(column, "}"), v.Instance))
			continue
		}
		if column, ok := strings.CutPrefix(placeholder, "{device "); ok {
			b.WriteString(filter(indent, strings.TrimSuffix(column, "}"), v.Device))
			continue
		}
		b.WriteString(values.Replace(line))
	}
	return strings.ReplaceAll(b.String(), "\n    ;\n", ";\n") // which stands after placeholders that may be gone
}

func cutIndent(line string) (indent, rest string) {
	rest = strings.TrimLeft(line, " ")
	return line[:len(line)-len(rest)], strings.TrimSpace(rest)
}

// filter is a line that limits a column to a value, whatever its letter case; "" for none.
func filter(indent, column, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("%s| where %s =~ %s\n", indent, column, Quote(value))
}

// timespan writes a duration as KQL does, in the largest unit that fits.
func timespan(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d%unit.size == 0 {
			return strconv.FormatInt(int64(d/unit.size), 10) + unit.name
		}
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}

// Quote writes a text as a string of KQL. What does not print becomes a space, so that no line ends
// within it.
func Quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	b.WriteByte('"')
	return b.String()
}
