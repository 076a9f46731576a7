package fleet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"dpsdiag/internal/filelock"
)

// journalSchema names the first line of a journal.
const journalSchema = "dpsdiag/fleet-journal/1"

// Head is the first line of a journal: what its devices were probed for. A journal continues
// a run with the same head only.
type Head struct {
	Schema    string    `json:"schema"`
	Endpoint  string    `json:"endpoint"`
	IDScope   string    `json:"id_scope"`
	Mode      string    `json:"mode"`
	StartedAt time.Time `json:"started_at"`
}

// begin is the line about a device that is about to be registered.
type begin struct {
	RegistrationID string    `json:"registration_id"`
	BegunAt        time.Time `json:"begun_at"`
}

// Journal is a file of JSON lines: the head, then two lines of each device, one before it is
// registered and its [Result], and two more each time that it is registered again because it failed.
// The last line of a device counts. A line is written and synced before the next step. Every prefix
// of it is a valid journal: a line that was cut is removed when it is opened again. Its
// methods may be called from several goroutines.
type Journal struct {
	head  Head
	done  map[string]Result    // by lower-case id
	begun map[string]time.Time // devices that have begun and not ended since, by lower-case id

	mu      sync.Mutex
	file    journalFile
	size    int64 // of what is certainly written
	torn    bool  // there may be a part of a line after size
	waiting []journalLine
	writing bool
}

// journalFile is an *os.File.
type journalFile interface {
	io.ReadCloser
	io.WriterAt
	Sync() error
	Truncate(size int64) error
}

type journalLine struct {
	text   []byte
	result chan error
}

// JournalError says why a file cannot be used as a journal.
type JournalError struct {
	Problem string // completes "the journal …"
	Hint    string
}

// Error implements error.
func (e *JournalError) Error() string { return e.Problem }

// OpenJournal opens the journal of a run, or makes it if the file does not exist or is empty.
// An error is a [JournalError], or that the file cannot be opened, locked, read or written.
func OpenJournal(ctx context.Context, path string, head Head) (*Journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	j := newJournal(file)
	if err := j.openLocked(ctx, file, head); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return j, nil
}

func newJournal(file journalFile) *Journal {
	return &Journal{file: file, done: map[string]Result{}, begun: map[string]time.Time{}}
}

func (j *Journal) openLocked(ctx context.Context, file *os.File, head Head) error {
	info, err := file.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &JournalError{"is not a regular file", "name a file that can be read again"}
	case !filelock.Lock(ctx, file):
		return &JournalError{"is in use by another dpsdiag", "wait until that has ended, or name another file"}
	}
	if info.Size() == 0 { // the file may have been there already
		if err := file.Chmod(0o600); err != nil {
			return err
		}
	}
	return j.open(head)
}

func (j *Journal) open(head Head) error {
	if err := j.read(); err != nil {
		return err
	}
	if err := j.file.Truncate(j.size); err != nil {
		return err
	}
	if j.size == 0 {
		head.Schema = journalSchema
		j.head = head
		return j.write(head)
	}
	switch old := j.head; {
	case old.Endpoint != head.Endpoint || old.IDScope != head.IDScope:
		return &JournalError{fmt.Sprintf("is of the id scope %s at %s", old.IDScope, old.Endpoint), "name another file, or the same service"}
	case old.Mode != head.Mode:
		return &JournalError{"is of a run in the mode " + old.Mode, "name another file: a journal is of one mode"}
	}
	return nil
}

// read reads the lines. A last line without an end is left out of the size: it was cut.
func (j *Journal) read() error {
	lines := bufio.NewReader(j.file)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		switch {
		case errors.Is(err, io.EOF) && number == 1 && !isPartOfHead(line):
			return foreignLine(number)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := j.take(number, line); err != nil {
			return err
		}
		j.size += int64(len(line))
	}
}

func foreignLine(number int) *JournalError {
	return &JournalError{fmt.Sprintf("has a line %d that dpsdiag did not write", number), "name a new file, or one that --resume made"}
}

// isPartOfHead reports whether a line without an end can be a head that was cut. Anything else
// is a file that must not be overwritten.
func isPartOfHead(line []byte) bool {
	const start = `{"schema":"` + journalSchema + `",`
	return strings.HasPrefix(start, string(line)) || bytes.HasPrefix(line, []byte(start))
}

func (j *Journal) take(number int, line []byte) error {
	foreign := foreignLine(number)
	if number == 1 {
		if err := json.Unmarshal(line, &j.head); err != nil || j.head.Schema != journalSchema {
			return foreign
		}
		return nil
	}
	var entry struct {
		Result
		BegunAt time.Time `json:"begun_at"`
	}
	if err := json.Unmarshal(line, &entry); err != nil || entry.RegistrationID == "" {
		return foreign
	}
	key := strings.ToLower(entry.RegistrationID)
	if entry.Verdict == "" {
		j.begun[key] = entry.BegunAt
		delete(j.done, key)
		return nil
	}
	j.done[key] = entry.Result
	delete(j.begun, key)
	return nil
}

// result returns the result of a device that an earlier run finished.
func (j *Journal) result(id string) (Result, bool) {
	if j == nil {
		return Result{}, false
	}
	r, ok := j.done[strings.ToLower(id)]
	return r, ok
}

// doubt returns when an earlier run began to register a device that it did not finish; zero
// if there is none.
func (j *Journal) doubt(id string) time.Time {
	if j == nil {
		return time.Time{}
	}
	return j.begun[strings.ToLower(id)]
}

// begin notes that a device is about to be registered.
func (j *Journal) begin(id string, at time.Time) error {
	return j.write(begin{id, at.UTC()})
}

// finish notes the result of a device.
func (j *Journal) finish(r *Result) error { return j.write(r) }

// write appends a line and returns when it is on the disk. Lines that come in while others
// are written are written together. A nil Journal writes nothing.
func (j *Journal) write(entry any) error {
	if j == nil {
		return nil
	}
	text, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	line := journalLine{append(text, '\n'), make(chan error, 1)}
	j.mu.Lock()
	j.waiting = append(j.waiting, line)
	first := !j.writing
	j.writing = true
	j.mu.Unlock()
	if first {
		j.flush()
	}
	return <-line.result
}

// flush writes what waits, until nothing does.
func (j *Journal) flush() {
	for {
		j.mu.Lock()
		batch := j.waiting
		j.waiting = nil
		j.writing = len(batch) > 0
		j.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		var text bytes.Buffer
		for _, line := range batch {
			text.Write(line.text)
		}
		err := j.append(text.Bytes())
		for _, line := range batch {
			line.result <- err
		}
	}
}

// append appends lines whole or not at all. What an earlier call left of a line is removed
// first: a shorter line would not cover it, and nothing could be read after it. If that fails, the next
// opening removes it.
func (j *Journal) append(text []byte) error {
	if j.torn {
		if err := j.file.Truncate(j.size); err != nil {
			return err
		}
		j.torn = false
	}
	n, err := j.file.WriteAt(text, j.size)
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.torn = j.file.Truncate(j.size) != nil
		return err
	}
	j.size += int64(len(text))
	return nil
}

// Close closes the file.
func (j *Journal) Close() error { return j.file.Close() }
