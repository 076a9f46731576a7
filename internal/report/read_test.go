package report

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// readSamples are documents that can be read again: the entries of the catalogue in them
// are its own.
func readSamples() []sample {
	var all []*codes.Entry
	for e := range codes.All() {
		all = append(all, e)
	}
	return slices.Concat(probeSamples(), logSamples(), fleetSamples(), planSamples(), resourceLogSamples(), querySamples(), []sample{
		{"answers", NewAnswers([]Answer{
			&CodeAnswer{codes.Lookup("429")},
			&CauseAnswer{cause.Throttled.Definition()},
			&UnknownAnswer{Query: hostileText},
			&UnknownAnswer{Query: "404999", Class: 404, Nearest: []*codes.Entry{codes.ByID("http-404")}},
		})},
		{"nothing known", NewAnswers([]Answer{&UnknownAnswer{Query: "nowhere"}})},
		{"common", NewCommon(codes.Common())},
		{"catalogue", NewCatalogue(all)},
	})
}

// TestASavedDocumentIsDrawnAsItWas: whatever a document draws is in its JSON.
func TestASavedDocumentIsDrawnAsItWas(t *testing.T) {
	t.Parallel()
	for _, s := range readSamples() {
		saved := render(t, s.doc, "json", Options{})
		read, err := Read(bytes.NewReader(saved))
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		for _, face := range facesOf(s.doc) {
			want, got := render(t, s.doc, face.format, face.opts), render(t, read, face.format, face.opts)
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s.%s (-new +read):\n%s", s.name, face.suffix, diff)
			}
		}
	}
}

// TestADocumentOfAnotherVersionIsRead: fields may be missing and others added.
func TestADocumentOfAnotherVersionIsRead(t *testing.T) {
	t.Parallel()
	tree := probeTree(t)
	delete(tree, "warnings")
	delete(tree, "mode")
	tree["more"] = map[string]any{"than": "is known"}
	doc, err := Read(bytes.NewReader(encode(t, tree)))
	if err != nil {
		t.Fatal(err)
	}
	for _, face := range facesOf(doc) {
		if out := render(t, doc, face.format, face.opts); strings.Contains(string(out), "null") {
			t.Errorf("%s: a list is null", face.suffix)
		}
	}
}

// TestADocumentOfPowerShellIsRead: its ">" writes UTF-16 with a byte order mark.
func TestADocumentOfPowerShellIsRead(t *testing.T) {
	t.Parallel()
	saved := encode(t, probeTree(t))
	wide := []byte("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(string(saved))) {
		wide = binary.LittleEndian.AppendUint16(wide, unit)
	}
	for name, data := range map[string][]byte{"UTF-16": wide, "a mark": append([]byte("\xef\xbb\xbf"), saved...)} {
		if _, err := Read(bytes.NewReader(data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCommandsOfAnOldDocument: earlier releases did not escape what a CI system runs.
func TestCommandsOfAnOldDocument(t *testing.T) {
	t.Parallel()
	const command = "##vso[task.complete]"
	saved := strings.Replace(string(encode(t, probeTree(t))), "sensor-17", command+" ::error::x ", 1) // a text
	saved = strings.Replace(saved, `"addresses":"`, `"addresses":"`+command, 1)                       // the value of a map
	if strings.Count(saved, command) != 2 {
		t.Fatal("the document has no such text")
	}
	doc, err := Read(strings.NewReader(saved))
	if err != nil {
		t.Fatal(err)
	}
	for _, face := range facesOf(doc) {
		out := string(render(t, doc, face.format, face.opts))
		if strings.Contains(out, command) || strings.Contains(out, " ::error::x") {
			t.Errorf("%s: a command is left", face.suffix)
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	edited := func(edit func(tree map[string]any)) string {
		tree := probeTree(t)
		edit(tree)
		return string(encode(t, tree))
	}
	run := func(tree map[string]any) map[string]any { return tree["runs"].([]any)[0].(map[string]any) }
	whole := string(encode(t, probeTree(t)))
	explain := func(members string) string { return `{"schema": "dpsdiag/explain/1", ` + members + `}` }
	for name, test := range map[string]struct{ text, want string }{
		"nothing":           {"", "empty"},
		"text":              {"hello", "not a JSON document of dpsdiag: line 1: invalid character 'h' looking for beginning of value"},
		"a bundle":          {"PK\x03\x04\x00\x00\x00\x00", "not a text but a ZIP archive"},
		"a list":            {"[1]", "not a JSON document of dpsdiag: line 1: the document has the wrong type, array"},
		"half":              {whole[:len(whole)/2], "not a JSON document of dpsdiag: line 1: unexpected end of JSON input"},
		"no schema":         {"{}", "not a JSON document of dpsdiag: it names no schema"},
		"another schema":    {`{"schema": "dpsdiag/emulator/1"}`, `a document of the schema "dpsdiag/emulator/1", which cannot be drawn`},
		"a later schema":    {`{"schema": "dpsdiag/probe/2\u001b"}`, `a document of the schema "dpsdiag/probe/2\\x1b", which cannot be drawn`},
		"nothing but one":   {`{"schema": "dpsdiag/probe/1"}`, `damaged: "" is not a verdict`},
		"a wrong type":      {edited(func(tree map[string]any) { tree["runs"] = 1 }), "damaged: line 1: runs has the wrong type, number"},
		"no run":            {edited(func(tree map[string]any) { tree["runs"] = []any{} }), "damaged: it has no runs"},
		"a verdict of none": {edited(func(tree map[string]any) { run(tree)["verdict"] = "fine" }), `damaged: "fine" is not a verdict`},
		"a stage too few":   {edited(func(tree map[string]any) { run(tree)["stages"] = run(tree)["stages"].([]any)[1:] }), `damaged: "https" has 7 stages in place of 8`},
		"a stage renamed": {
			edited(func(tree map[string]any) { run(tree)["stages"].([]any)[3].(map[string]any)["id"] = "ssl" }),
			`damaged: "ssl" stands in place of the stage tls`,
		},
		"an escape":         {strings.Replace(whole, "sensor-17", `\u001b[31m`, 1), "damaged: it has control characters"},
		"a command":         {strings.Replace(whole, `"addresses"`, `"##vso[task.complete]"`, 1), "damaged: it has a command for a CI system"},
		"a key with one":    {strings.Replace(whole, `"addresses"`, `"\u0007"`, 1), "damaged: it has control characters"},
		"no view":           {explain(`"exit_code": 0`), "damaged: it does not say what was explained"},
		"no query":          {explain(`"view": "answers"`), "damaged: it has no queries"},
		"a kind of none":    {explain(`"view": "answers", "queries": [{"kind": "x"}]`), `damaged: a query of the kind "x"`},
		"a code of no id":   {explain(`"view": "answers", "queries": [{"kind": "code"}]`), `damaged: a query of the kind "code"`},
		"an unknown code":   {explain(`"view": "answers", "queries": [{"kind": "code", "ids": ["http-999"]}]`), `about ["http-999"], which this dpsdiag does not know`},
		"an unknown cause":  {explain(`"view": "answers", "queries": [{"kind": "cause", "ids": ["gremlins"]}]`), `about ["gremlins"], which this dpsdiag does not know`},
		"an unknown entry":  {explain(`"view": "catalogue", "matches": [{"id": "http-999"}]`), `about ["http-999"], which this dpsdiag does not know`},
		"a match nowhere":   {explain(`"view": "text", "matches": [{"id": "http-429"}]`), `damaged: the lines of "http-429" are missing`},
		"lines of no input": {explain(`"view": "text", "matches": [{"id": "http-429", "lines": [1, 2], "inputs": ["a"]}]`), `damaged: the lines of "http-429" are missing`},
		"no reason":         {explain(`"view": "text", "ruled_out": [{"id": "throttled"}]`), `damaged: "throttled" is ruled out without a reason`},
	} {
		doc, err := Read(strings.NewReader(test.text))
		problem, ok := errors.AsType[*ReadError](err)
		if !ok || doc != nil {
			t.Errorf("%s: %v, %v", name, doc, err)
			continue
		}
		if problem.Problem != test.want || problem.Hint == "" {
			t.Errorf("%s:\n got %s\nwant %s\nhint %s", name, problem.Problem, test.want, problem.Hint)
		}
	}
}

// FuzzRead: what is read can be drawn in every format.
func FuzzRead(f *testing.F) {
	for _, s := range append(probeSamples(), logSamples()...) {
		var b bytes.Buffer
		if err := writeJSON(&b, s.doc, Options{}); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, face := range facesOf(doc) {
			if face.format != "html" {
				render(t, doc, face.format, face.opts)
			}
		}
		doc.(htmlDocument).html() // without the template, which is slow and takes any text
	})
}

// probeTree is the JSON of a probe, to be changed.
func probeTree(t *testing.T) map[string]any {
	t.Helper()
	var tree map[string]any
	if err := json.Unmarshal(render(t, NewProbe(refused(), refusedDiagnosis(), Tool{"1.2.3"}, false), "json", Options{}), &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

func encode(t *testing.T, tree any) []byte {
	t.Helper()
	data, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
