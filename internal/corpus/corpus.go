// Package corpus reads reports of failures whose cause was confirmed in public: what programs printed
// when a device did not provision. dpsdiag is trained and measured on them. Call [Reports] for them
// and [Messages] for what the official clients can print.
//
// The program itself does not contain them. They are in testdata/corpus; the README there describes
// their format and origin.
package corpus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"dpsdiag/internal/cause"
)

// Report is one public report with its confirmed cause.
type Report struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Source string `json:"source"` // address of the thread
	// Input is what a program printed. Context is what the reporter said in addition; it is not part
	// of the input.
	Input   string `json:"input"`
	Context string `json:"context"`

	Cause     cause.ID `json:"cause"` // the confirmed cause
	CauseText string   `json:"cause_text"`
	FixText   string   `json:"fix_text"`
	// Signals are the decisive parts of the input.
	Signals   []string     `json:"signals"`
	Decidable Decidability `json:"decidable"`
	// Acceptable are the causes that a careful reader of the input alone could put first.
	Acceptable []cause.ID `json:"acceptable"`
	Evidence   string     `json:"evidence"` // who confirmed the cause
	// Second is the cause that a second reader, who had not seen the first label, put first; None if
	// there was no second reader.
	Second cause.ID `json:"second,omitzero"`

	Set string `json:"-"` // name of the file that holds it
}

// Decidability says whether the input of a report is enough to find its cause.
type Decidability string

// The decidabilities. FromText: a reader of the input alone can find the cause. Ambiguous: the input
// fits many causes. NeedsProbe: the decisive information is missing, or the input misleads.
const (
	FromText   Decidability = "from-text"
	Ambiguous  Decidability = "ambiguous"
	NeedsProbe Decidability = "needs-probe"
)

// Decidabilities returns them in the order of tables.
func Decidabilities() []Decidability { return []Decidability{FromText, Ambiguous, NeedsProbe} }

// Accepts reports whether a cause is acceptable, or narrows one that is.
func (r *Report) Accepts(id cause.ID) bool { return id.Fits(r.Acceptable...) }

// Causes are the causes that the input is evidence for, the confirmed cause first. If the input does
// not show the confirmed cause, what it shows instead is left out.
func (r *Report) Causes() []cause.ID {
	causes := []cause.ID{r.Cause}
	if r.Decidable == NeedsProbe {
		return causes
	}
	for _, id := range r.Acceptable {
		if id != r.Cause {
			causes = append(causes, id)
		}
	}
	return causes
}

// Thread identifies the discussion that a report comes from, however its address is written.
func (r *Report) Thread() string { return Thread(r.Source) }

var (
	scheme  = regexp.MustCompile(`^https?://(www\.)?`)
	tracker = regexp.MustCompile(`/(issues|pull|discussions)/(\d+).*`)
	locale  = regexp.MustCompile(`learn\.microsoft\.com/[a-z]{2}-[a-z]{2}/`)
)

// Thread converts an address to the form that identifies a discussion.
func Thread(address string) string {
	address, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(address)), "#")
	address, _, _ = strings.Cut(address, "?")
	address = strings.TrimRight(scheme.ReplaceAllString(address, ""), "/")
	address = tracker.ReplaceAllString(address, "/$2")
	address = strings.ReplaceAll(address, "docs.microsoft.com", "learn.microsoft.com")
	return locale.ReplaceAllString(address, "learn.microsoft.com/")
}

// Message is something that an official client can print. A variable is written as an ellipsis between
// spaces.
type Message struct {
	Client string     `json:"client"`
	Text   string     `json:"text"`
	Cause  cause.ID   `json:"cause,omitzero"` // None if it only wraps another error or reports no fault
	Also   []cause.ID `json:"also,omitempty"` // other causes that fit as well
	File   string     `json:"file"`           // repository and path, separated by a colon
}

// Reports returns the reports of every file in a folder, in the order of the file names.
func Reports(dir string) ([]Report, error) {
	return readAll[Report](dir, func(r *Report, set string) { r.Set = set })
}

// Messages returns the messages of every file in a folder.
func Messages(dir string) ([]Message, error) { return readAll[Message](dir, func(*Message, string) {}) }

// readAll reads the JSON Lines of every file in a folder.
func readAll[T any](dir string, name func(*T, string)) ([]T, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", dir, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("list %s: it has no .jsonl file", dir)
	}
	var all []T
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the corpus: %w", err)
		}
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.DisallowUnknownFields()
		for {
			var item T
			err := decoder.Decode(&item)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("parse %s at byte %d: %w", file, decoder.InputOffset(), err)
			}
			name(&item, strings.TrimSuffix(filepath.Base(file), ".jsonl"))
			all = append(all, item)
		}
	}
	return all, nil
}

// Logs returns the made-up logs in a folder, each as a message with its first cause according to the
// folder's causes.txt.
func Logs(dir string) ([]Message, error) {
	table, err := os.ReadFile(filepath.Join(dir, "causes.txt"))
	if err != nil {
		return nil, fmt.Errorf("read the logs: %w", err)
	}
	var logs []Message
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) != 3 || fields[0] == "#" {
			continue
		}
		id, ok := cause.Parse(fields[1])
		if !ok {
			return nil, fmt.Errorf("read the logs: %s: no cause is called %q", fields[0], fields[1])
		}
		text, err := os.ReadFile(filepath.Join(dir, fields[0]+".log"))
		if err != nil {
			return nil, fmt.Errorf("read the logs: %w", err)
		}
		logs = append(logs, Message{Client: "log", Text: string(text), Cause: id, File: fields[0]})
	}
	return logs, nil
}

// Everything returns all training data in the folder testdata: the reports and the other texts.
func Everything(testdata string) ([]Report, []Message, error) {
	reports, err := Reports(filepath.Join(testdata, "corpus"))
	if err != nil {
		return nil, nil, err
	}
	messages, err := Messages(filepath.Join(testdata, "corpus", "messages"))
	if err != nil {
		return nil, nil, err
	}
	logs, err := Logs(filepath.Join(testdata, "logs"))
	return reports, append(messages, logs...), err
}
