package report

import (
	"encoding/json"
	"fmt"
	"io"
)

// Document is a finished report: [Probe], [Explain] or [Catalogue].
type Document interface {
	// drawText writes the document for a person.
	drawText(p *page)
}

// Format is a way to write documents.
type Format struct {
	Name  string
	Write func(w io.Writer, doc Document, opts Options) error
}

// Formats lists what the -o flag offers, the default first.
func Formats() []Format {
	return []Format{{"text", writeText}, {"json", writeJSON}}
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

func writeText(w io.Writer, doc Document, opts Options) error {
	p := newPage(opts)
	doc.drawText(p)
	if err := p.writeTo(w); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func writeJSON(w io.Writer, doc Document, _ Options) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	return nil
}
