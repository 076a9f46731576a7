package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/logtext"
)

// maxInput is the maximum size in bytes of a file or of standard input. Keys, certificates and
// payloads are much smaller.
const maxInput = 1 << 20

// readFile reads the file that a flag names. If it is a directory, empty or too large, the
// result is a usage error that names the flag.
func readFile(flag, path string) ([]byte, error) {
	data, err := readRaw(flag, path)
	if err != nil {
		return nil, err
	}
	return inUTF8(flag, fmt.Sprintf("%q", path), data)
}

// readPrinted is readFile for what another program printed into a file. It may be UTF-16, which the >
// of Windows PowerShell writes; what a device uses may not.
func readPrinted(flag, path string) ([]byte, error) {
	data, err := readRaw(flag, path)
	if err != nil {
		return nil, err
	}
	if text, ok := withoutMark(data); ok {
		return text, nil
	}
	text, _, err := logtext.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, usagef("is it the right file?", "%s: cannot read %q: %s", flag, path, reason(err))
	}
	return io.ReadAll(text)
}

// readRaw is readFile without regard to the encoding.
func readRaw(flag, path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, usagef("check the path and its permissions", "%s: cannot open %q: %s", flag, path, reason(err))
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, usagef("name a file in it", "%s: %q is a directory", flag, path)
	}
	return readLimited(flag, fmt.Sprintf("%q", path), file)
}

// readMaterial reads the file that a flag names, such as a key or certificates, and records the
// flag as its origin.
func readMaterial(flag, path string) (edgeconf.File, error) {
	data, err := readFile(flag, path)
	return edgeconf.File{Path: path, Content: dps.NewSecret(string(data)), Origin: edgeconf.Origin{Flag: flag}}, err
}

// readTextOrFile reads the value of a flag that is either the text itself or @ and the name of a
// file.
func readTextOrFile(flag, value string) (edgeconf.File, error) {
	if path, isFile := strings.CutPrefix(value, "@"); isFile {
		return readMaterial(flag, path)
	}
	return edgeconf.File{Path: value, Content: dps.NewSecret(value), Origin: edgeconf.Origin{Flag: flag}}, nil
}

// readInput reads a stream that a flag names; source is its name in messages.
func readInput(flag, source string, r io.Reader) ([]byte, error) {
	data, err := readLimited(flag, source, r)
	if err != nil {
		return nil, err
	}
	return inUTF8(flag, source, data)
}

// readLimited is readInput without regard to the encoding.
func readLimited(flag, source string, r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	switch {
	case err != nil:
		return nil, usagef("check the path and its permissions", "%s: cannot read %s: %s", flag, source, reason(err))
	case len(data) > maxInput:
		return nil, usagef("is it the right file?", "%s: %s is larger than 1 MiB", flag, source)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, usagef("is it the right file, and was it written to the end?", "%s: %s is empty", flag, source)
	}
	return data, nil
}

// inUTF8 returns what was read without its byte order mark; UTF-16 is a usage error.
func inUTF8(flag, source string, data []byte) ([]byte, error) {
	data, ok := withoutMark(data)
	if !ok {
		return nil, usagef("save it as UTF-8 or ASCII; Windows PowerShell writes UTF-16 with >", "%s: %s is UTF-16 text", flag, source)
	}
	return data, nil
}

// withoutMark removes the byte order mark that editors on Windows write at the start of UTF-8. It
// reports false for UTF-16.
func withoutMark(data []byte) (text []byte, ok bool) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, false
	}
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), true
}

// reason returns the operating system's message in a file error, without the path.
func reason(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err.Error()
	}
	return err.Error()
}

// secretSource says where a secret comes from: a file, an environment variable, or the command
// line itself.
type secretSource struct {
	name             string // of the flag, "key" for --key-file, --key-env and --key
	file, env, value string
}

// flags returns the flags with which the secret was given.
func (s secretSource) flags() []string {
	var given []string
	for _, f := range []struct{ flag, value string }{
		{"--" + s.name + "-file", s.file}, {"--" + s.name + "-env", s.env}, {"--" + s.name, s.value},
	} {
		if f.value != "" {
			given = append(given, f.flag)
		}
	}
	return given
}

// read returns the secret and the name of its source for messages. Two sources are an error.
func (s secretSource) read(a *app) (secret dps.Secret, source string, err error) {
	if given := s.flags(); len(given) > 1 {
		return dps.Secret{}, "", usagef("leave one of them out", "%s and %s both give the same secret", given[0], given[1])
	}
	switch {
	case s.file != "":
		source = "--" + s.name + "-file"
		data, err := readFile(source, s.file)
		return dps.NewSecret(string(data)), fmt.Sprintf("%s %q", source, s.file), err
	case s.env != "":
		source = "--" + s.name + "-env"
		secret, err = a.secretFromEnv(source, s.env)
		return secret, fmt.Sprintf("%s %q", source, s.env), err
	case s.value == "-":
		source = "--" + s.name + " -"
		data, err := a.readStdin(source)
		return dps.NewSecret(string(data)), source, err
	}
	tell(a.stderr, "dpsdiag: warning: other users can read --%[1]s in the process list; --%[1]s-file, --%[1]s-env and --%[1]s - are safe", s.name)
	return dps.NewSecret(s.value), "--" + s.name, nil
}

// secretFromEnv reads the environment variable that a flag names.
func (a *app) secretFromEnv(flag, variable string) (dps.Secret, error) {
	value, set := a.lookupEnv(variable)
	hint := "name the variable, without $"
	switch {
	case !set && !dps.IsVariable(variable):
		return dps.Secret{}, usagef(hint, "%s: there is no environment variable of that name", flag)
	case !set:
		return dps.Secret{}, usagef(hint, "%s: there is no environment variable %q", flag, variable)
	case value == "":
		return dps.Secret{}, usagef(hint, "%s: the environment variable %q is empty", flag, variable)
	}
	return dps.NewSecret(value), nil
}

// readStdin reads a secret from standard input. It refuses a terminal, which would show what is
// typed.
func (a *app) readStdin(flag string) ([]byte, error) {
	if _, terminal := a.terminal(a.stdin); terminal {
		return nil, usagef("pipe it: dpsdiag ... "+flag+" < FILE", "%s: standard input is a terminal", flag)
	}
	return readInput(flag, "standard input", a.stdin)
}

// readKey reads a symmetric key.
func (s secretSource) readKey(a *app) (dps.Key, error) {
	secret, source, err := s.read(a)
	if err != nil {
		return dps.Key{}, err
	}
	key, err := dps.ParseKey(secret)
	if err != nil {
		return dps.Key{}, usagef("the key is the base64 text that the enrollment shows as primary or secondary key", "%s: %v", source, err)
	}
	return key, nil
}
