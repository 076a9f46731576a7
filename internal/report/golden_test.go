package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// face is a way in which a sample is written.
type face struct {
	suffix, format string
	opts           Options
}

func faces() []face {
	return []face{
		{"txt", "text", Options{}},
		{"ascii.txt", "text", Options{ASCII: true, Verbose: true}},
		{"color.txt", "text", Options{Color: true, Width: 100}},
		{"json", "json", Options{}},
		{"md", "markdown", Options{}},
		{"verbose.md", "markdown", Options{Verbose: true}},
		{"html", "html", Options{}},
		{"junit.xml", "junit", Options{}},
		{"sarif", "sarif", Options{}},
		{"github.txt", "github", Options{}},
	}
}

// facesOf are the ways in which a document can be written.
func facesOf(doc Document) []face {
	return slices.DeleteFunc(faces(), func(f face) bool {
		format, ok := FormatNamed(f.format)
		return !ok || !format.Fits(doc)
	})
}

// TestEveryFormatHasAFace: a format that is not in the list of faces would have no golden.
func TestEveryFormatHasAFace(t *testing.T) {
	t.Parallel()
	for _, format := range Formats() {
		if !format.FileOnly && !slices.ContainsFunc(faces(), func(f face) bool { return f.format == format.Name }) {
			t.Errorf("%s: no sample is written in this format", format.Name)
		}
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		for _, face := range facesOf(s.doc) {
			t.Run(s.name+"."+face.suffix, func(t *testing.T) {
				t.Parallel()
				got := render(t, s.doc, face.format, face.opts)
				if len(got) == 0 {
					t.Fatal("nothing is written")
				}
				file := filepath.Join("testdata", s.name+"."+face.suffix)
				if *update {
					if err := os.WriteFile(file, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", file, diff)
				}
			})
		}
	}
}

func render(t *testing.T, doc Document, format string, opts Options) []byte {
	t.Helper()
	f, ok := FormatNamed(format)
	if !ok {
		t.Fatalf("no format %q", format)
	}
	var b bytes.Buffer
	if err := f.Write(&b, doc, opts); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// colour matches the sequences that Options.Color may add.
var colour = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestTextFitsTheWidth(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		if s.name == "kql-query" {
			continue // a query is not broken
		}
		for _, width := range []int{40, 60, 80, 100} {
			for _, opts := range []Options{{Width: width}, {Width: width, ASCII: true, Verbose: true}, {Width: width, Color: true}} {
				text := colour.ReplaceAllString(string(render(t, s.doc, "text", opts)), "")
				for i, line := range splitLines(text) {
					if got := columns(line); got > width && !oneWordOfACommand(line) && (!opts.Verbose || !oneWordOfAnExchange(line)) {
						t.Errorf("%s at width %d: line %d has %d columns: %q", s.name, width, i+1, got, line)
					}
					if strings.TrimRight(line, " ") != line {
						t.Errorf("%s at width %d: line %d ends in white space: %q", s.name, width, i+1, line)
					}
				}
			}
		}
	}
}

// oneWordOfAnExchange reports whether a line is a word of an exchange, which is not broken.
func oneWordOfAnExchange(line string) bool {
	return strings.HasPrefix(line, "  ") && len(breakable(strings.TrimLeft(line, "<> "))) == 1
}

func TestNothingHarmfulIsWritten(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		for _, face := range facesOf(s.doc) {
			out := colour.ReplaceAllString(string(render(t, s.doc, face.format, face.opts)), "")
			if !face.opts.Color && strings.Contains(string(render(t, s.doc, face.format, face.opts)), "\x1b") {
				t.Errorf("%s.%s: an escape without colour", s.name, face.suffix)
			}
			if !utf8.ValidString(out) {
				t.Errorf("%s.%s: not UTF-8", s.name, face.suffix)
			}
			for _, r := range out {
				if r != '\n' && !strconv.IsPrint(r) {
					t.Errorf("%s.%s: unprintable %U", s.name, face.suffix, r)
				}
				if face.opts.ASCII && r > 126 {
					t.Errorf("%s.%s: %U is not ASCII", s.name, face.suffix, r)
				}
			}
		}
	}
}

func TestJSONHasNoNullAndNoControlCharacter(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		var tree any
		if err := json.Unmarshal(render(t, s.doc, "json", Options{}), &tree); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		walk(tree, s.name, func(path string, value any) {
			text, isText := value.(string)
			switch {
			case value == nil:
				t.Errorf("%s is null", path)
			case isText && !printable(text):
				t.Errorf("%s is %q", path, text)
			}
		})
	}
}

// walk visits every value of a decoded JSON document, object keys included.
func walk(value any, path string, visit func(string, any)) {
	visit(path, value)
	switch v := value.(type) {
	case map[string]any:
		for key, member := range v {
			visit(path+" key", key)
			walk(member, path+"."+key, visit)
		}
	case []any:
		for i, member := range v {
			walk(member, fmt.Sprintf("%s[%d]", path, i), visit)
		}
	}
}

func samples() []sample {
	return slices.Concat(probeSamples(), inspectSamples(), diffSamples(), explainSamples(), logSamples(), fleetSamples(), planSamples(), resourceLogSamples(), querySamples())
}

func splitLines(text string) []string { return strings.Split(text, "\n") }

// oneWordOfACommand reports whether a line has nothing but one word, with what a command line
// has around it: such a word stays whole at any width, so that it can be copied.
func oneWordOfACommand(line string) bool {
	words := slices.DeleteFunc(strings.Fields(line), func(word string) bool { return word == "$" || word == `\` })
	return len(words) == 1
}
