package advice

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/likeness"
)

// forms are the forms in which a user may have a log. Each takes the lines of a log and returns the
// bytes of the same log in that form.
func forms() map[string]func(lines []string) []byte {
	return map[string]func([]string) []byte{
		"Markdown": func(l []string) []byte {
			return text("The device fails:\n\n```text", each("%s")(l), "```\n\nWhat is it?")
		},
		"details": func(l []string) []byte {
			return text("<details><summary>Logs</summary>\n\n```", each("%s")(l), "```\n</details>")
		},
		"quotation":       func(l []string) []byte { return text(each("> %s")(l)) },
		"indented":        func(l []string) []byte { return text(each("    %s")(l)) },
		"CR LF":           func(l []string) []byte { return text(each("%s\r")(l)) },
		"UTF-16":          func(l []string) []byte { return utf16LE(each("%s\r")(l)) },
		"coloured":        func(l []string) []byte { return text(each("\x1b[1;31m%s\x1b[0m")(l)) },
		"coloured syslog": func(l []string) []byte { return text(each("#033[31m%s#033[0m")(l)) },
		"JSON string":     jsonString,
		"journalctl":      journal,
		"docker":          dockerFile,
		"time of day":     func(l []string) []byte { return text(each("08:00:00.123 %s")(l)) },
		"up time":         func(l []string) []byte { return text(each("[00:00:11.401,000] %s")(l)) },
		"HTML": func(l []string) []byte {
			return text("<pre>", strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(each("%s")(l)), "</pre>")
		},
		"blank lines":      func(l []string) []byte { return text(each("%s\n")(l)) },
		"curly quotes":     func(l []string) []byte { return text(strings.ReplaceAll(each("%s")(l), `"`, "”")) },
		"wrapped terminal": wrapped(100, ""),
		"wrapped console":  wrapped(117, "    "),
		"PowerShell":       wrapped(117, "    + "),
		"one line":         func(l []string) []byte { return []byte(strings.Join(l, " ")) },
	}
}

func each(format string) func([]string) string {
	return func(lines []string) string {
		var b strings.Builder
		for i, line := range lines {
			if i > 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, format, line)
		}
		return b.String()
	}
}

func text(parts ...string) []byte { return []byte(strings.Join(parts, "\n") + "\n") }

func utf16LE(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

// jsonString is the log in one string, as a report in JSON holds it.
func jsonString(lines []string) []byte {
	return jsonLine(map[string]string{"title": "device fails", "log": strings.Join(lines, "\n")})
}

func jsonLine(record map[string]string) []byte {
	b, err := json.Marshal(record)
	if err != nil {
		panic(err) // a map of strings can always be written
	}
	return append(b, '\n')
}

// journal is the log as journalctl -o json prints it.
func journal(lines []string) []byte {
	var b []byte
	for _, line := range lines {
		b = append(b, jsonLine(map[string]string{"__REALTIME_TIMESTAMP": "1714550400000000", "_PID": "17", "PRIORITY": "6", "MESSAGE": line})...)
	}
	return b
}

// dockerFile is the log as the json-file driver of Docker keeps it.
func dockerFile(lines []string) []byte {
	var b []byte
	for _, line := range lines {
		b = append(b, jsonLine(map[string]string{"log": line + "\n", "stream": "stderr", "time": "2024-05-01T08:00:00.123456789Z"})...)
	}
	return b
}

// wrapped breaks lines at a width, and puts a margin before the rest of each.
func wrapped(width int, margin string) func([]string) []byte {
	return func(lines []string) []byte {
		var b strings.Builder
		for _, line := range lines {
			for runes := []rune(line); ; {
				if len(runes) <= width {
					b.WriteString(string(runes) + "\n")
					break
				}
				b.WriteString(string(runes[:width]) + "\n")
				runes = append([]rune(margin), runes[width:]...)
			}
		}
		return []byte(b.String())
	}
}

// TestForms: a log has the same first cause in every form.
func TestForms(t *testing.T) {
	t.Parallel()
	for name, want := range logTable(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join(logFolder, name+".log"))
			if err != nil {
				t.Fatal(err)
			}
			if content[0] == 0xff {
				return // it is UTF-16, in which other logs are tried
			}
			want, strength, _ := strings.Cut(want, " ")
			if strength == Allows.String() {
				return // the text decides nothing, so every word may change the order
			}
			lines := strings.Split(strings.TrimRight(string(content), "\r\n"), "\n")
			for form, write := range forms() {
				if form == "one line" && name == "journal-ten-services" {
					continue // which of the programs wrote a line is lost there
				}
				if got := firstCause(t, write(lines)); !fits(got, want) {
					t.Errorf("%s: first cause %s, want %s", form, got, want)
				}
			}
		})
	}
}

// TestCutLogs: a log that is cut off after the decisive error, and whose first line begins in the
// middle, still has the same first cause.
func TestCutLogs(t *testing.T) {
	t.Parallel()
	for name, want := range logTable(t) {
		if slices.Contains(decidedLater(), name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join(logFolder, name+".log"))
			if err != nil {
				t.Fatal(err)
			}
			want, strength, _ := strings.Cut(want, " ")
			if strength == Allows.String() {
				return // the text decides nothing, so every word may change the order
			}
			lines := strings.Split(string(content), "\n")
			found := readLog(t, name)
			if len(found.Matches) == 0 {
				return // only its words show the cause
			}
			best := found.Matches[0].Line.Line
			kept := append([]string{"…d-half of a line"}, lines[:best]...)
			if best < len(lines) {
				kept = append(kept, lines[best][:len(lines[best])/2])
			}
			if got := firstCause(t, []byte(strings.Join(kept, "\n"))); !fits(got, want) {
				t.Errorf("first cause %s, want %s", got, want)
			}
		})
	}
}

// decidedLater are logs in which something after the first error decides: a configuration, the body of
// an answer, or how the device continues.
func decidedLater() []string {
	return []string{"edge-chain", "curl-html", "edge-x509-config-unauthorized", "netx-trust", "tpm-challenge-normal"}
}

// firstCause is the id of the first cause of a text, "" if it has none.
func firstCause(t *testing.T, content []byte) string {
	t.Helper()
	found, err := textScanner.Scan(t.Context(), bytes.NewReader(content), "")
	if err != nil {
		t.Fatal(err)
	}
	if causes := DiagnoseText(found, likeness.Default()).Causes; len(causes) > 0 {
		return causes[0].ID.String()
	}
	return ""
}

// fits reports whether a cause is the wanted one or narrows it.
func fits(got, want string) bool {
	id, _ := cause.Parse(got)
	wanted, _ := cause.Parse(want)
	return id.Fits(wanted)
}
