package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// Document is a finished report, one type for each: [Probe]; [Answers], [Common],
// [Catalogue], [Log] and [Parts] of the command explain; [Inspection]; [Fleet]; [Plan]; [ResourceLogs]; [Queries]; [DerivedKey], [EndorsementKey], [Scenarios] and [Version].
type Document interface {
	// ExitStatus is the exit status of the program that writes the document.
	ExitStatus() int
	// drawText writes the document for a person.
	drawText(p *page)
}

// Format is a way to write documents.
type Format struct {
	Name string
	// Extension is the extension of the name of such a file.
	Extension string
	// FileOnly says that the format is for a file and not for standard output.
	FileOnly bool
	// Write writes a document that the format Fits.
	Write func(w io.Writer, doc Document, opts Options) error
	// Fits reports whether the format makes sense for documents of this type; the zero
	// value of the type will do.
	Fits func(doc Document) bool
}

// Formats lists what the -o flag offers, the default first.
func Formats() []Format {
	return []Format{
		{Name: "text", Extension: "txt", Write: writeText, Fits: fitsAll},
		{Name: "json", Extension: "json", Write: writeJSON, Fits: fitsAll},
		{Name: "markdown", Extension: "md", Write: writeMarkdown, Fits: fits[markdownDocument]},
		{Name: "html", Extension: "html", Write: writeHTML, Fits: fits[htmlDocument]},
		{Name: "junit", Extension: "xml", Write: writeJUnit, Fits: fits[junitDocument]},
		{Name: "sarif", Extension: "sarif", Write: writeSARIF, Fits: fits[*Probe]},
		{Name: "github", Extension: "txt", Write: writeGitHub, Fits: fits[*Probe]},
		{Name: "bundle", Extension: "zip", FileOnly: true, Write: writeBundle, Fits: fits[*Probe]},
	}
}

// FormatsFor lists the formats that fit documents of this type, the default first.
func FormatsFor(doc Document) []Format {
	return slices.DeleteFunc(Formats(), func(f Format) bool { return !f.Fits(doc) })
}

func fitsAll(Document) bool { return true }

func fits[T any](doc Document) bool {
	_, ok := doc.(T)
	return ok
}

// as is the document as the type that a format needs.
func as[T any](doc Document, format string) (T, error) {
	wanted, ok := doc.(T)
	if !ok {
		return wanted, fmt.Errorf("there is no %s format for a %T", format, doc)
	}
	return wanted, nil
}

// FormatNamed returns the format of that name.
func FormatNamed(name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

func writeJSON(w io.Writer, doc Document, _ Options) error {
	if err := encodeJSON(w, doc); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	return nil
}

// encodeJSON writes JSON that people can read too.
func encodeJSON(w io.Writer, value any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}
