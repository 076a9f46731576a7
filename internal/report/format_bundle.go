package report

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"time"
)

// Attachment is a file that a bundle contains besides the report.
type Attachment struct {
	Name  string
	About string // in a few words
	Text  string
}

// BundleFiles are the files of a bundle, in order, with what each is about. Only those that
// come from the options have a text.
func BundleFiles(opts Options) []Attachment {
	return append([]Attachment{
		{Name: "report.json", About: "the report for programs, with the exchange"},
		{Name: "report.html", About: "the report for a browser"},
		{Name: "report.txt", About: "the report as text, with everything"},
	}, opts.Attachments...)
}

// writeBundle writes a zip archive of the report in three formats and of what the options
// add: what a user sends to somebody who helps.
func writeBundle(w io.Writer, doc Document, opts Options) error {
	d, err := as[*Probe](doc, "bundle")
	if err != nil {
		return err
	}
	begun, err := time.Parse(time.RFC3339, d.StartedAt)
	if err != nil {
		begun = time.Time{}
	}
	archive := zip.NewWriter(w)
	for _, file := range BundleFiles(opts) {
		data, err := bundled(file, doc, opts)
		if err != nil {
			return err
		}
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: file.Name, Method: zip.Deflate, Modified: begun})
		if err != nil {
			return fmt.Errorf("write the bundle: %w", err)
		}
		if _, err := entry.Write(data); err != nil {
			return fmt.Errorf("write the bundle: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}

// bundled is the content of one file of a bundle.
func bundled(file Attachment, doc Document, opts Options) ([]byte, error) {
	var b bytes.Buffer
	var err error
	switch file.Name {
	case "report.json":
		err = writeJSON(&b, doc, opts)
	case "report.html":
		err = writeHTML(&b, doc, opts)
	case "report.txt":
		err = writeText(&b, doc, Options{ASCII: opts.ASCII, Verbose: true})
	default:
		b.WriteString(file.Text)
	}
	return b.Bytes(), err
}
