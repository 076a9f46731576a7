package edgeconf

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

// maxFile is the maximum number of bytes that [ReadFile] reads. Configurations, keys and
// certificates are much smaller.
const maxFile = 1 << 20

// maxConfiguration is the maximum size of a configuration in bytes; IoT Edge's template
// with all its comments has 20,000. The TOML library takes time quadratic in the number of
// keys.
const maxConfiguration = 128 << 10

// ReadFile reads a file of this machine, of at most 1 MiB. It is the usual argument of
// [Read] and [FromEnv].
func ReadFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: syscall.EISDIR}
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("larger than 1 MiB")}
	}
	return data, nil
}

// reason returns the operating system's part of a file error, without the path, and what
// the user can do.
func reason(err error) string {
	text := err.Error()
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		text = path.Err.Error()
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return text + ": run dpsdiag as root (sudo)"
	case errors.Is(err, fs.ErrNotExist):
		return text + " on this machine"
	}
	return text
}

// load reads a configuration as text.
func load(path string, readFile func(string) ([]byte, error)) ([]byte, error) {
	data, err := readFile(path)
	switch {
	case errors.Is(err, syscall.EISDIR):
		return nil, fmt.Errorf("read configuration: %s is a directory; name the file in it, such as config.toml", path)
	case err != nil:
		return nil, fmt.Errorf("read configuration %s: %w", path, fileError{err})
	}
	if err := checkText(data); err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), nil // the daemons ignore a UTF-8 byte order mark too
}

// fileError is a file error with a text for the user; it keeps the original for errors.Is.
type fileError struct{ err error }

func (e fileError) Error() string { return reason(e.err) }
func (e fileError) Unwrap() error { return e.err }

// checkText rejects text that cannot be a configuration.
func checkText(data []byte) error {
	switch {
	case len(data) > maxConfiguration:
		return fmt.Errorf("the file has %d bytes, more than any configuration; is it the right one?", len(data))
	case len(bytes.TrimSpace(data)) == 0:
		return errors.New("the file is empty")
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return errors.New("the file is UTF-16 text; save it as UTF-8, which the device's software requires too")
	case bytes.IndexByte(data, 0) >= 0:
		return errors.New("the file is binary or UTF-16, not TOML text")
	}
	for rest, line := data, 1; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if r == utf8.RuneError && size == 1 {
			return fmt.Errorf("line %d is not UTF-8 text; is it TOML, and saved as UTF-8?", line)
		}
		if r == '\n' {
			line++
		}
		rest = rest[size:]
	}
	return nil
}

// parse reads the text of a configuration. An error names the file, line and column.
func parse(path string, data []byte) (*table, error) {
	var valid map[string]any
	if err := toml.Unmarshal(data, &valid); err != nil {
		if line := edge11(data); line > 0 {
			return nil, &Edge11Error{Path: path, Line: line}
		}
		return nil, syntaxError(path, data, err)
	}
	return grow(data), nil
}

// syntaxError puts the position before a TOML error and adds the usual reason for it. It
// does not use the library's longer description, which quotes the file.
func syntaxError(path string, data []byte, err error) error {
	decode, ok := errors.AsType[*toml.DecodeError](err)
	if !ok {
		return fmt.Errorf("%s: it is not valid TOML", path)
	}
	line, column := decode.Position()
	message := strings.TrimPrefix(decode.Error(), "toml: ")
	message, _, _ = strings.Cut(message, ": strconv.") // which would quote the value
	for _, name := range decode.Key() {
		if looksSecret(name) {
			message = "the key here is not a name"
		}
	}
	return fmt.Errorf("%s:%d:%d: %s%s", path, line, column, message, advise(message, lineOf(data, line), column))
}

// advise explains common mistakes that cause a TOML error, in one line.
func advise(message string, line []byte, column int) string {
	at := line[min(max(column-1, 0), len(line)):]
	switch {
	case bytes.HasPrefix(at, []byte("\xe2\x80")) || bytes.HasPrefix(at, []byte("\xc2\xab")):
		return `; this is a typographic quotation mark; TOML requires the plain " or '`
	case strings.Contains(message, "at start of value") || strings.Contains(message, "strings must be quoted"):
		return "; text must be in quotation marks"
	case strings.Contains(message, "already exists") && strings.Contains(message, "provisioning"):
		return "; keep one provisioning block and comment out the others"
	case strings.Contains(message, "already defined"):
		return "; keep one of the lines and comment out the others"
	case strings.Contains(message, "'=' after key") && bytes.Contains(line, []byte(":")):
		return "; TOML writes key = value, not key: value"
	}
	return ""
}

func lineOf(data []byte, line int) []byte {
	for n := 1; n < line; n++ {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	data, _, _ = bytes.Cut(data, []byte("\n"))
	return data
}

// Edge11Error means that a file is the config.yaml of IoT Edge 1.1 or older.
type Edge11Error struct {
	Path string
	Line int // the line of its provisioning section, or of the first known section
}

// Error implements error.
func (e *Edge11Error) Error() string {
	return fmt.Sprintf("%s line %d: this is a config.yaml of IoT Edge 1.1 or older, which is not read: its support ended on 13 December 2022", e.Path, e.Line)
}

// Hint says what to do instead.
func (e *Edge11Error) Hint() string {
	return "update IoT Edge and run \"iotedge config import\", which makes /etc/aziot/config.toml from it; or give its values as flags: scope_id as --id-scope, registration_id as --registration-id, symmetric_key in a file as --key-file, identity_cert and identity_pk as --cert and --cert-key"
}

// edge11 returns the line that identifies text as a config.yaml of IoT Edge 1.1 and not
// TOML, or 0. The sections are those of Azure/iotedge
// (edgelet/iotedge/src/config/import/old_config).
func edge11(data []byte) int {
	header := regexp.MustCompile(`^\s*\[{1,2}[\w."' -]+\]{1,2}\s*(#.*)?$`)
	section := regexp.MustCompile(`^(provisioning|agent|hostname|homedir|connect|listen|moby_runtime|certificates)\s*:(\s|$)`)
	provisioning, first, sections := 0, 0, 0
	number := 0
	for line := range bytes.Lines(data) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		if header.Match(line) {
			return 0
		}
		if !section.Match(line) {
			continue
		}
		sections++
		if first == 0 {
			first = number
		}
		if bytes.HasPrefix(line, []byte("provisioning")) {
			provisioning = number
		}
	}
	switch {
	case provisioning > 0:
		return provisioning
	case sections > 1:
		return first
	}
	return 0
}
