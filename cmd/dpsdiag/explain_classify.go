package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// argumentKind says what an argument of explain is.
type argumentKind string

// The kinds of arguments. A code need not be a known one, a file need not be a text.
const (
	codeArgument   argumentKind = "code"
	causeArgument  argumentKind = "cause"
	noticeArgument argumentKind = "warning"
	fileArgument   argumentKind = "file"
	textArgument   argumentKind = "text"
	stdinArgument  argumentKind = "standard input"
)

// argument is one thing to explain.
type argument struct {
	kind     argumentKind
	text     string // as given; for a file its path
	position int    // on the command line, from 1

	// What a code or a cause was recognised by.
	query   codes.Query
	entries []*codes.Entry    // of the catalogue, best first; none for an unknown code
	cause   *cause.Definition // of a cause
	notice  *cause.Notice     // of a warning
}

// isText reports whether the argument is something to read.
func (a *argument) isText() bool {
	return a.kind == fileArgument || a.kind == textArgument || a.kind == stdinArgument
}

// classify tells what each argument is. A file comes first, then a cause or a warning, since
// no code has the name of one; then a code. A word that is not known is taken for a code, more
// than one for a text. An argument that is several numeric codes, such as "401002, 404201", is
// taken apart. find returns the files that a path or a pattern names.
func classify(args []string, find func(path string) []string) []argument {
	var list []argument
	for i, arg := range args {
		for _, a := range classifyArgument(arg, find) {
			a.position = i + 1
			list = append(list, a)
		}
	}
	return list
}

// classifyArgument tells what the things are that one argument names.
func classifyArgument(arg string, find func(path string) []string) []argument {
	if arg == "-" {
		return []argument{{kind: stdinArgument, text: arg}}
	}
	var list []argument
	for _, path := range find(arg) {
		list = append(list, argument{kind: fileArgument, text: path})
	}
	if len(list) > 0 {
		return list
	}
	texts := []string{arg}
	if several := numericCodes(arg); len(several) > 1 {
		texts = several
	}
	for _, text := range texts {
		list = append(list, classifyWords(text))
	}
	return list
}

// classifyWords tells what an argument is that names no file.
func classifyWords(text string) argument {
	a := argument{kind: textArgument, text: text}
	trimmed := strings.TrimSpace(text)
	if strings.ContainsAny(trimmed, "\r\n") {
		return a
	}
	a.query = codes.Parse(trimmed)
	a.entries = a.query.Lookup()
	definition, named := cause.Lookup(strings.ToLower(trimmed))
	notice, noticed := cause.LookupNotice(strings.ToLower(trimmed))
	_, numbered := a.query.Class()
	oneWord := !strings.ContainsAny(trimmed, " \t") && !strings.Contains(trimmed, `":`)
	switch {
	case named:
		a.kind, a.cause = causeArgument, definition
	case noticed:
		a.kind, a.notice = noticeArgument, notice
	case oneWord || numbered || len(a.entries) > 0:
		a.kind = codeArgument
	}
	return a
}

// isExplainable reports whether a word is something known that explain takes: a code, a
// cause, a warning or a file.
func isExplainable(word string) bool {
	if strings.TrimSpace(word) == "" {
		return false
	}
	a := classifyArgument(word, findFiles)[0]
	_, numbered := a.query.Class()
	switch a.kind {
	case fileArgument, causeArgument, noticeArgument:
		return true
	case codeArgument:
		return numbered || len(a.entries) > 0
	}
	return false
}

// numericCodes are the words of a text that consists of numeric codes alone, nil for any
// other.
func numericCodes(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t,;/", r) })
	if slices.ContainsFunc(words, func(w string) bool { return !isNumericCode(w) }) {
		return nil
	}
	return words
}

// isNumericCode reports whether a word is three or six digits.
func isNumericCode(word string) bool {
	return (len(word) == 3 || len(word) == 6) && strings.Trim(word, "0123456789") == ""
}

// fileExists reports whether there is something to read at a path: a file, a pipe or a
// device, but no directory.
func fileExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// findFiles returns the file at a path or, if there is none, those that it is a pattern of: a
// shell has not expanded it, as on Windows or behind quotes.
func findFiles(path string) []string {
	if fileExists(path) {
		return []string{path}
	}
	if !strings.ContainsAny(path, "*?[") {
		return nil
	}
	paths, err := filepath.Glob(path)
	if err != nil {
		return nil // no pattern either
	}
	return slices.DeleteFunc(paths, func(p string) bool { return !fileExists(p) })
}

// pathHint says why an unknown code that looks like a path was not read, "" for any other.
func pathHint(text string) string {
	extension := filepath.Ext(text)
	info, err := os.Stat(text)
	switch {
	case strings.ContainsAny(text, " \t"):
		return ""
	case err == nil && info.IsDir():
		return fmt.Sprintf("%q is a directory; name the files in it", text)
	case strings.ContainsAny(text, `/\`) || len(extension) > 2 && len(extension) < 6:
		return fmt.Sprintf("there is no file %q either", text)
	}
	return ""
}
