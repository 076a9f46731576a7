package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
)

// A ReadError says why a text is not a document that can be drawn.
type ReadError struct {
	Problem string // completes "it is …" or "it has …"
	Hint    string
}

// Error implements error.
func (e *ReadError) Error() string { return e.Problem }

// maxDocument bounds a saved document, in bytes. One of all transports with every exchange
// has less than 1 MiB.
const maxDocument = 64 << 20

// Read reads a document that was saved as JSON: a [Probe], a [Fleet], a [Plan], a [ResourceLogs] or one of the
// documents of the command explain. Written with any format, it gives the bytes that it gave when it was new.
// Fields that are not known are left out, so that a later version may have more of them.
//
// An error is a [ReadError] unless r fails.
func Read(r io.Reader) (Document, error) {
	const save = "it is made with -o json=FILE, as in dpsdiag probe -o json=FILE"
	text, _, err := logtext.Decode(r) // PowerShell's ">" writes UTF-16
	if binary, ok := errors.AsType[*logtext.BinaryError](err); ok {
		return nil, &ReadError{binary.Error(), save}
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(text, maxDocument+1))
	if err != nil {
		return nil, err
	}
	var head struct {
		Schema string `json:"schema"`
	}
	switch {
	case len(data) == 0:
		return nil, &ReadError{"empty", save}
	case len(data) > maxDocument:
		return nil, &ReadError{"too large", save}
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, &ReadError{"not a JSON document of dpsdiag: " + jsonProblem(data, err), save}
	}
	switch head.Schema {
	case ProbeSchema:
		return readProbe(data)
	case ExplainSchema:
		return readExplain(data)
	case InspectSchema:
		return readInspection(data)
	case FleetSchema:
		return readFleet(data)
	case PlanSchema:
		return readPlan(data)
	case LogsSchema:
		return readResourceLogs(data)
	case QueriesSchema:
		return readQueries(data)
	case "":
		return nil, &ReadError{"not a JSON document of dpsdiag: it names no schema", save}
	}
	return nil, &ReadError{fmt.Sprintf("a document of the schema %q, which cannot be drawn", Clean(head.Schema)), "the schemas that can be drawn are " + strings.Join([]string{ProbeSchema, InspectSchema, ExplainSchema, FleetSchema, PlanSchema, LogsSchema, QueriesSchema}, ", ")}
}

// damaged is the error of a document that says too little, or what none says.
func damaged(format string, args ...any) error {
	return &ReadError{"damaged: " + fmt.Sprintf(format, args...), "save it again; a part of it is missing, or it was changed by hand"}
}

// jsonProblem says in a few words, with the line, what is wrong with JSON.
func jsonProblem(data []byte, err error) string {
	offset := int64(len(data))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = kind.Offset
		err = fmt.Errorf("%s has the wrong type, %s", cmp.Or(Clean(kind.Field), "the document"), kind.Value)
	}
	line := 1
	for _, b := range data[:min(offset, int64(len(data)))] {
		if b == '\n' {
			line++
		}
	}
	return fmt.Sprintf("line %d: %v", line, err)
}

// decode reads JSON into a document.
func decode(data []byte, doc any) error {
	if err := json.Unmarshal(data, doc); err != nil {
		return damaged("%s", jsonProblem(data, err))
	}
	return complete(reflect.ValueOf(doc).Elem())
}

// complete makes lists that are missing empty, as in a document that was just made, and
// refuses text that no document has: it could harm a terminal. Documents of older releases
// may have commands to a CI system, which are made harmless.
func complete(v reflect.Value) error {
	v = reflect.Indirect(v) // a part that is missing stays so
	switch v.Kind() {
	case reflect.String:
		return completeText(v)
	case reflect.Struct:
		for _, field := range v.Fields() {
			if err := complete(field); err != nil {
				return err
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		for i := range v.Len() {
			if err := complete(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		return completeMap(v)
	default: // numbers and truth values
	}
	return nil
}

func completeText(v reflect.Value) error {
	if !printable(v.String()) {
		return damaged("it has control characters")
	}
	if command(v.String()) < 0 {
		return nil
	}
	if !v.CanSet() { // the key of a map
		return damaged("it has a command for a CI system")
	}
	v.SetString(withoutCommands(v.String()))
	return nil
}

func completeMap(v reflect.Value) error {
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for _, key := range v.MapKeys() {
		value := reflect.New(v.Type().Elem()).Elem() // one that can be set
		value.Set(v.MapIndex(key))
		if err := errors.Join(complete(key), complete(value)); err != nil {
			return err
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

func readProbe(data []byte) (Document, error) {
	doc := &Probe{}
	if err := decode(data, doc); err != nil {
		return nil, err
	}
	doc.Mode = cmp.Or(doc.Mode, string(probe.ModeRegister))
	if err := isVerdict(doc.Verdict); err != nil {
		return nil, err
	}
	if len(doc.Runs) == 0 {
		return nil, damaged("it has no runs")
	}
	for i := range doc.Runs {
		if err := doc.Runs[i].check(); err != nil {
			return nil, err
		}
	}
	return doc, doc.Service.check()
}

func readInspection(data []byte) (Document, error) {
	doc := &Inspection{}
	if err := decode(data, doc); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{InspectClear, InspectFault, InspectUnknown, InspectInterrupted}, doc.Verdict) {
		return nil, damaged("%q is not a verdict of an inspection", doc.Verdict)
	}
	if len(doc.Checks) == 0 {
		return nil, damaged("it has no checks")
	}
	return doc, doc.check()
}

func isVerdict(text string) error {
	verdicts := []advice.Verdict{advice.Registered, advice.Fault, advice.NoVerdict, advice.RetryLater, advice.Interrupted}
	if !slices.Contains(verdicts, advice.Verdict(text)) {
		return damaged("%q is not a verdict", text)
	}
	return nil
}

// check makes sure that a run has all stages, in order.
func (r *Run) check() error {
	if err := isVerdict(r.Verdict); err != nil {
		return err
	}
	want := probe.Stages()
	if len(r.Stages) != len(want) {
		return damaged("%q has %d stages in place of %d", r.Transport, len(r.Stages), len(want))
	}
	for i, stage := range r.Stages {
		if stage.ID != string(want[i]) {
			return damaged("%q stands in place of the stage %s", stage.ID, want[i])
		}
	}
	return nil
}

func readResourceLogs(data []byte) (Document, error) {
	doc := &ResourceLogs{}
	if err := decode(data, doc); err != nil {
		return nil, err
	}
	if doc.Load.Limit == 0 {
		return nil, damaged("it has no load")
	}
	for _, row := range doc.Timeline.rows() {
		if len(row.counts) != len(doc.Timeline.Attempts) {
			return nil, damaged("the timeline has rows of different lengths")
		}
	}
	return doc, nil
}

func readQueries(data []byte) (Document, error) {
	doc := &Queries{}
	if err := decode(data, doc); err != nil {
		return nil, err
	}
	if !doc.List && len(doc.Queries) != 1 {
		return nil, damaged("it has %d queries", len(doc.Queries))
	}
	return doc, nil
}

func readExplain(data []byte) (Document, error) {
	doc := newExplain("")
	if err := decode(data, &doc); err != nil {
		return nil, err
	}
	switch doc.View {
	case ViewText:
		return readLog(doc)
	case ViewAnswers:
		answers, err := readAnswers(doc)
		if err != nil {
			return nil, err
		}
		return answers, nil
	case ViewParts:
		return readParts(doc)
	case ViewCommon, ViewCatalogue:
		entries, err := entriesOf(idsOfMatches(doc.Matches))
		if err != nil {
			return nil, err
		}
		if doc.View == ViewCommon {
			return &Common{doc, entries}, nil
		}
		return &Catalogue{doc, entries}, nil
	}
	return nil, damaged("it does not say what was explained")
}

func readLog(doc Explain) (Document, error) {
	for i := range doc.Matches {
		m := &doc.Matches[i]
		if len(m.Lines) == 0 || len(m.Inputs) != 0 && len(m.Inputs) != len(m.Lines) {
			return nil, damaged("the lines of %q are missing", m.ID)
		}
	}
	for _, c := range doc.RuledOut {
		if len(c.Because) == 0 {
			return nil, damaged("%q is ruled out without a reason", c.ID)
		}
	}
	return &Log{doc}, nil
}

func readAnswers(doc Explain) (*Answers, error) {
	out := &Answers{Explain: doc}
	for _, q := range doc.Queries {
		answer, err := q.answer()
		if err != nil {
			return nil, err
		}
		out.answers = append(out.answers, answer)
	}
	if len(out.answers) == 0 {
		return nil, damaged("it has no queries")
	}
	return out, nil
}

// answer finds the answer to a query again.
func (q *Query) answer() (Answer, error) {
	if q.Kind == queryCause {
		if len(q.IDs) == 1 {
			if id, ok := cause.Lookup(q.IDs[0]); ok {
				return &CauseAnswer{id}, nil
			}
		}
		return nil, unknownIDs(q.IDs)
	}
	if q.Kind == queryWarning {
		if len(q.IDs) == 1 {
			if notice, ok := cause.LookupNotice(q.IDs[0]); ok {
				return &NoticeAnswer{notice}, nil
			}
		}
		return nil, unknownIDs(q.IDs)
	}
	entries, err := entriesOf(q.IDs)
	switch {
	case err != nil:
		return nil, err
	case q.Kind == queryUnknown:
		return &UnknownAnswer{Query: q.Text, Class: q.Class, Nearest: entries}, nil
	case q.Kind == queryCode && len(entries) > 0:
		return &CodeAnswer{entries}, nil
	}
	return nil, damaged("a query of the kind %q", q.Kind)
}

func idsOfMatches(matches []Match) []string {
	ids := make([]string, 0, len(matches))
	for _, m := range matches {
		ids = append(ids, m.ID)
	}
	return ids
}

// entriesOf finds entries of the catalogue by their ids.
func entriesOf(ids []string) ([]*codes.Entry, error) {
	entries := make([]*codes.Entry, 0, len(ids))
	for _, id := range ids {
		e := codes.ByID(id)
		if e == nil {
			return nil, unknownIDs([]string{id})
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// unknownIDs is about ids that another version of the program knew.
func unknownIDs(ids []string) error {
	return &ReadError{fmt.Sprintf("about %q, which this dpsdiag does not know", ids), "draw it with the version of dpsdiag that wrote it"}
}
