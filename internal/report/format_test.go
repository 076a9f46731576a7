package report

import (
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFormatsFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		doc  Document
		want []string
	}{
		{&Probe{}, []string{"text", "json", "markdown", "html", "junit", "sarif", "github", "bundle"}},
		{&Answers{}, []string{"text", "json", "markdown", "html"}},
		{&Common{}, []string{"text", "json", "markdown", "html"}},
		{&Catalogue{}, []string{"text", "json", "markdown", "html"}},
		{&Log{}, []string{"text", "json", "markdown", "html"}},
		{&Version{}, []string{"text", "json"}},
		{&Scenarios{}, []string{"text", "json"}},
	} {
		var got []string
		for _, f := range FormatsFor(test.doc) {
			got = append(got, f.Name)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%T (-want +got):\n%s", test.doc, diff)
		}
	}
}

func TestAFormatThatDoesNotFitIsAnError(t *testing.T) {
	t.Parallel()
	for _, doc := range []Document{&Probe{}, &Answers{}, &Common{}, &Catalogue{}, &Log{}, &Parts{}, &Version{}, &Scenarios{}} {
		for _, f := range Formats() {
			if err := f.Write(io.Discard, doc, Options{}); (err == nil) != f.Fits(doc) {
				t.Errorf("%T as %s: %v", doc, f.Name, err)
			}
		}
	}
}

// TestEveryFormatIsRepeatable writes every sample twice: maps have no order of their own.
func TestEveryFormatIsRepeatable(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		for _, face := range facesOf(s.doc) {
			first, second := render(t, s.doc, face.format, face.opts), render(t, s.doc, face.format, face.opts)
			if diff := cmp.Diff(string(first), string(second)); diff != "" {
				t.Errorf("%s.%s (-first +second):\n%s", s.name, face.suffix, diff)
			}
		}
	}
}

// TestVerboseChangesNothingThatProgramsRead: what reads these formats picks what it needs.
func TestVerboseChangesNothingThatProgramsRead(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		for _, name := range []string{"json", "html", "sarif", "github"} {
			if format, _ := FormatNamed(name); !format.Fits(s.doc) {
				continue
			}
			brief, verbose := render(t, s.doc, name, Options{}), render(t, s.doc, name, Options{Verbose: true})
			if diff := cmp.Diff(string(brief), string(verbose)); diff != "" {
				t.Errorf("%s as %s (-brief +verbose):\n%s", s.name, name, diff)
			}
		}
	}
}
