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

// The kinds of arguments. A code may be unknown, and a file may contain something other than text.
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

	// What was found for a code, a cause or a warning.
	query   codes.Query
	entries []*codes.Entry    // of a code, best first; empty for an unknown one
	cause   *cause.Definition // of a cause
	notice  *cause.Notice     // of a warning
}

// isText reports whether the argument is a text to read: a file, standard input or the argument
// itself.
func (a *argument) isText() bool {
	return a.kind == fileArgument || a.kind == textArgument || a.kind == stdinArgument
}

// classify decides what each argument is. It tries a file first, then a cause or a warning (no
// code has such a name), then a code. An unknown argument is a code if it is one word, or else a
// text. An argument with several numeric codes, such as "401002, 404201", becomes one argument
// for each. find returns the files at a path, or those that match it as a pattern.
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

// classifyArgument classifies one argument. It returns several for a pattern or several codes.
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

// classifyWords classifies a text that is not the name of a file.
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

// isExplainable reports whether explain knows a word: as a code, a cause, a warning or a file.
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

// numericCodes returns the words of a text that consists only of numeric codes, and nil for any
// other text.
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
// device, but not a directory.
func fileExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// findFiles returns the file at a path or, if there is none, the files that match it as a pattern.
// Shells do not expand a pattern in quotes, and those of Windows expand none.
func findFiles(path string) []string {
	if fileExists(path) {
		return []string{path}
	}
	if !strings.ContainsAny(path, "*?[") {
		return nil
	}
	paths, err := filepath.Glob(path)
	if err != nil {
		return nil // it is not a valid pattern either
	}
	return slices.DeleteFunc(paths, func(p string) bool { return !fileExists(p) })
}

// pathHint says why an unknown code that looks like a path was not read as a file. It returns ""
// for any other code.
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
