package logtext

import (
	"bytes"
	"strings"
)

// origin returns the name of the program that wrote a log line, as syslog, journalctl, docker compose
// and kubectl write it before the message; nil if the line has none.
func origin(line []byte) []byte {
	line = skipPriority(line)
	if rest, ok := skipBSDTime(line); ok {
		return programAfterHost(rest, false)
	}
	if rest, ok := skipISOTime(line); ok {
		return programAfterHost(rest, true)
	}
	if name, _ := cutProgram(line, true); name != nil {
		return name
	}
	return containerName(line)
}

// skipPriority skips the <34> of syslog, with the version that may follow it.
func skipPriority(line []byte) []byte {
	if len(line) == 0 || line[0] != '<' {
		return line
	}
	end := bytes.IndexByte(line[:min(len(line), 5)], '>')
	if end < 2 || !isDigit(line[1]) {
		return line
	}
	return bytes.TrimPrefix(line[end+1:], []byte("1 "))
}

// skipBSDTime skips "May 1 08:00:00 ".
func skipBSDTime(line []byte) (rest []byte, ok bool) {
	if len(line) < len("May 1 08:00:00 ") || line[3] != ' ' || !isMonth(line[:3]) {
		return nil, false
	}
	_, rest, _ = bytes.Cut(line[4:], []byte(" "))
	clock, rest, found := bytes.Cut(rest, []byte(" "))
	if !found || len(clock) < len("08:00:00") || clock[2] != ':' || clock[5] != ':' {
		return nil, false
	}
	return rest, true
}

func isMonth(name []byte) bool {
	switch string(name) {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec":
		return true
	}
	return false
}

// skipISOTime skips "2024-05-01T08:00:00.123456+00:00 ".
func skipISOTime(line []byte) (rest []byte, ok bool) {
	if len(line) < len("2024-05-01T08:00:00 ") || !isDigit(line[0]) || line[4] != '-' || line[7] != '-' || line[13] != ':' {
		return nil, false
	}
	_, rest, found := bytes.Cut(line[11:], []byte(" "))
	return rest, found
}

// programAfterHost reads "host program[123]: ". After an ISO time the line may also be that of an
// application, so there a level or the name of a class is not a program.
func programAfterHost(line []byte, strict bool) []byte {
	host, rest, found := bytes.Cut(line, []byte(" "))
	if !found || len(host) == 0 || !isWordByte(host[0]) || strict && isLevel(host) {
		return nil
	}
	name, numbered := cutProgram(rest, false)
	if name == nil || strict && !numbered && bytes.IndexByte(name, '.') >= 0 {
		return nil
	}
	return name
}

func isLevel(word []byte) bool {
	switch strings.ToUpper(strings.TrimSuffix(string(word), ":")) {
	case "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERR", "ERROR", "FATAL", "CRITICAL":
		return true
	}
	return false
}

// cutProgram reads "program[123]:" or, unless the number is needed, "program:".
func cutProgram(line []byte, needNumber bool) (name []byte, numbered bool) {
	end := 0
	for end < len(line) && end < 64 && isProgramByte(line[end]) {
		end++
	}
	if end == 0 || end == len(line) {
		return nil, false
	}
	if line[end] == '[' {
		digits := end + 1
		for digits < len(line) && isDigit(line[digits]) {
			digits++
		}
		if digits == end+1 || !bytes.HasPrefix(line[digits:], []byte("]:")) {
			return nil, false
		}
		return bytes.TrimSuffix(line[:end], []byte(".service")), true
	}
	if needNumber || line[end] != ':' {
		return nil, false
	}
	return bytes.TrimSuffix(line[:end], []byte(".service")), false
}

func isProgramByte(b byte) bool {
	switch b {
	case '-', '.', '/', '@', '(', ')':
		return true
	}
	return isWordByte(b)
}

// containerName reads "name-1 | " of docker compose and "[pod/name/container] " of kubectl.
func containerName(line []byte) []byte {
	if bytes.HasPrefix(line, []byte("[pod/")) {
		if end := bytes.IndexByte(line, ']'); end > 0 {
			return line[1:end]
		}
	}
	end := 0
	for end < len(line) && end < 64 && (isWordByte(line[end]) || line[end] == '-') {
		end++
	}
	if end < 3 || !isDigit(line[end-1]) || !bytes.HasPrefix(line[end:], []byte(" | ")) {
		return nil
	}
	stem := bytes.TrimRight(line[:end], "0123456789")
	if len(stem) < 2 || stem[len(stem)-1] != '-' && stem[len(stem)-1] != '_' {
		return nil
	}
	return line[:end]
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
