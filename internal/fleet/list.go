package fleet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// Columns are the names of the columns that a list can have.
func Columns() []string {
	return []string{columnID, columnKey, columnKeyFile, columnKeyEnv, columnCert, columnCertKey, columnPKCS12}
}

const (
	columnID      = "registration_id"
	columnKey     = "key"
	columnKeyFile = "key_file"
	columnKeyEnv  = "key_env"
	columnCert    = "cert"
	columnCertKey = "cert_key"
	columnPKCS12  = "pkcs12"
)

// Device is a line of a list.
type Device struct {
	Line           int
	RegistrationID string

	key             dps.Secret
	keyFile, keyEnv string
	cert, certKey   string
	pkcs12          string
}

// set sets the value of a column, and reports false for an unknown column.
func (d *Device) set(column, value string) bool {
	switch column {
	case columnID:
		d.RegistrationID = value
	case columnKey:
		d.key = dps.NewSecret(value)
	case columnKeyFile:
		d.keyFile = value
	case columnKeyEnv:
		d.keyEnv = value
	case columnCert:
		d.cert = value
	case columnCertKey:
		d.certKey = value
	case columnPKCS12:
		d.pkcs12 = value
	default:
		return false
	}
	return true
}

// Problem is what is wrong with a line of a list. It never quotes a credential.
type Problem struct {
	Line int
	Text string
}

// String implements fmt.Stringer.
func (p Problem) String() string { return fmt.Sprintf("line %d: %s", p.Line, p.Text) }

// List is a list of devices.
type List struct {
	Devices []Device
	// Problems are lines that could not be read, in order.
	Problems []Problem
	// Ignored are the unknown columns.
	Ignored []string
}

// Errors of a list as a whole.
var (
	// ErrNoDevices says that a list has no lines.
	ErrNoDevices = errors.New("it lists no devices")
	// ErrNoHeader says that the first line of a CSV does not name the column of the ids.
	ErrNoHeader = errors.New("its first line does not name the column " + columnID)
)

// TwiceError says that the first line of a CSV has a known column twice.
type TwiceError struct{ Column string }

// Error implements error.
func (e *TwiceError) Error() string { return "its first line names the column " + e.Column + " twice" }

// longestLine is the maximum length of a line of a list, in bytes.
const longestLine = 1 << 20

// LongLineError says that a line of a list is longer than 1 MiB, so it is hardly a list.
type LongLineError struct{ Line int }

// Error implements error.
func (e *LongLineError) Error() string { return fmt.Sprintf("line %d is longer than 1 MiB", e.Line) }

// boundedLines passes a text on until a line is too long.
type boundedLines struct {
	source io.Reader
	line   int // from 0
	size   int // of the line until here
}

// Read implements [io.Reader].
func (b *boundedLines) Read(p []byte) (int, error) {
	n, err := b.source.Read(p)
	for part := range bytes.Lines(p[:n]) {
		b.size += len(part)
		if b.size > longestLine {
			return 0, &LongLineError{b.line + 1}
		}
		if part[len(part)-1] == '\n' {
			b.line++
			b.size = 0
		}
	}
	return n, err
}

// ReadList reads a list: JSON lines if it begins with a brace after any white space, otherwise CSV whose first line
// names the columns. A separator can be a comma, a semicolon or a tab. An error is about the list as a
// whole.
func ReadList(r io.Reader) (*List, error) {
	buffered := bufio.NewReader(&boundedLines{source: r})
	if start, _ := buffered.Peek(3); bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		_, _ = buffered.Discard(3) // which are there
	}
	_, err := buffered.Peek(1)
	head, _ := buffered.Peek(buffered.Size()) // fewer bytes are no error: the list is short
	var list *List
	switch {
	case errors.Is(err, io.EOF):
		return nil, ErrNoDevices
	case err != nil:
		return nil, err
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")):
		list, err = readJSONLines(buffered)
	default:
		list, err = readCSV(buffered)
	}
	if err == nil && len(list.Devices)+len(list.Problems) == 0 {
		err = ErrNoDevices
	}
	return list, err
}

func (l *List) problem(line int, format string, args ...any) {
	l.Problems = append(l.Problems, Problem{line, fmt.Sprintf(format, args...)})
}

func readJSONLines(r io.Reader) (*List, error) {
	list := &List{}
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, 2*longestLine)
	for line := 1; scanner.Scan(); line++ {
		text := bytes.TrimSpace(scanner.Bytes())
		if len(text) == 0 {
			continue
		}
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil || members == nil {
			list.problem(line, "not a JSON object")
			continue
		}
		list.addObject(line, members)
	}
	return list, scanner.Err()
}

// addObject adds the device of a JSON object.
func (l *List) addObject(line int, members map[string]any) {
	d := Device{Line: line}
	given := map[string]bool{}
	for name, value := range members {
		name = strings.ToLower(name)
		text, isText := value.(string)
		switch {
		case given[name] && slices.Contains(Columns(), name):
			l.problem(line, "%s is given twice", name)
			return
		case value != nil && !isText && slices.Contains(Columns(), name):
			l.problem(line, "%s is not a text", name)
			return
		case !d.set(name, strings.TrimSpace(text)):
			l.ignore(name)
		}
		given[name] = true
	}
	l.Devices = append(l.Devices, d)
}

func (l *List) ignore(column string) {
	if !slices.Contains(l.Ignored, column) {
		l.Ignored = append(l.Ignored, column)
		slices.Sort(l.Ignored)
	}
}

func readCSV(r *bufio.Reader) (*List, error) {
	list := &List{}
	head, _ := r.Peek(r.Size()) // fewer bytes are no error: the list is short
	first, _, _ := bytes.Cut(head, []byte("\n"))
	lines := csv.NewReader(r)
	lines.Comma = separator(first)
	lines.FieldsPerRecord, lines.TrimLeadingSpace, lines.ReuseRecord = -1, true, true
	header, err := lines.Read()
	if _, long := errors.AsType[*LongLineError](err); long {
		return nil, err
	}
	if err != nil {
		return nil, ErrNoHeader
	}
	header = slices.Clone(header)
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(name))
		switch known := new(Device).set(header[i], ""); {
		case !known:
			list.ignore(header[i])
		case slices.Contains(header[:i], header[i]):
			return nil, &TwiceError{header[i]}
		}
	}
	if !slices.Contains(header, columnID) {
		return nil, ErrNoHeader
	}
	for {
		fields, err := lines.Read()
		var bad *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return list, nil
		case errors.As(err, &bad):
			list.problem(bad.StartLine, "not CSV: %v", bad.Err)
		case err != nil:
			return nil, err
		case len(fields) != len(header):
			list.problem(lineOf(lines), "%s, the first line has %d", fieldCount(len(fields)), len(header))
		default:
			d := Device{Line: lineOf(lines)}
			for i, name := range header {
				d.set(name, strings.TrimSpace(fields[i]))
			}
			list.Devices = append(list.Devices, d)
		}
	}
}

func fieldCount(n int) string {
	if n == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", n)
}

// lineOf is the line of the record that was read last.
func lineOf(lines *csv.Reader) int {
	line, _ := lines.FieldPos(0)
	return line
}

// separator is the one that the header of a CSV uses most.
func separator(header []byte) rune {
	best, most := ',', 0
	for _, s := range []rune{',', ';', '\t'} {
		if n := strings.Count(string(header), string(s)); n > most {
			best, most = s, n
		}
	}
	return best
}

// Check finds every line that cannot be probed over a transport: ids that do not follow the
// rules or occur twice, and credentials that are missing or cannot be used. They are in the
// order of the lines, those of ReadList included.
func (l *List) Check(c *Credentials, transport probe.Transport, mode probe.Mode) []Problem {
	problems := slices.Clone(l.Problems)
	seen := make(map[string]int, len(l.Devices))
	for i := range l.Devices {
		d := &l.Devices[i]
		if err := d.check(c, seen, transport, mode); err != nil {
			problems = append(problems, Problem{d.Line, err.Error()})
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return a.Line - b.Line })
	return problems
}

func (d *Device) check(c *Credentials, seen map[string]int, transport probe.Transport, mode probe.Mode) error {
	if d.RegistrationID == "" {
		return errors.New("no " + columnID)
	}
	if _, err := dps.CheckRegistrationID(d.RegistrationID); err != nil {
		return fmt.Errorf("%s: %w", columnID, err)
	}
	key := strings.ToLower(d.RegistrationID)
	if first, twice := seen[key]; twice {
		return fmt.Errorf("%s %q: line %d has it already", columnID, d.RegistrationID, first)
	}
	seen[key] = d.Line
	attestation, err := c.Attestation(d)
	if err != nil {
		return err
	}
	if err := transport.Supports(mode, attestation.Kind()); err != nil {
		return fmt.Errorf("transport %s: %w", transport.ID(), err)
	}
	return nil
}
