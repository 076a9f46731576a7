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
	codeArgument  argumentKind = "code"
	causeArgument argumentKind = "cause"
	fileArgument  argumentKind = "file"
	textArgument  argumentKind = "text"
	stdinArgument argumentKind = "standard input"
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
}

// classify tells what each argument is. A file comes first, then a cause, since no code has
// the name of one; then a code. A word that is not known is taken for a code, more than one
// for a text. An argument that is several numeric codes, such as "401002, 404201", is taken
// apart. exists reports whether there is a file with a path.
func classify(args []string, exists func(path string) bool) []argument {
	var list []argument
	for i, arg := range args {
		texts := []string{arg}
		if several := numericCodes(arg); len(several) > 1 && !exists(arg) {
			texts = several
		}
		for _, text := range texts {
			a := classifyOne(text, exists)
			a.position = i + 1
			list = append(list, a)
		}
	}
	return list
}

func classifyOne(text string, exists func(path string) bool) argument {
	a := argument{kind: textArgument, text: text}
	trimmed := strings.TrimSpace(text)
	switch {
	case text == "-":
		a.kind = stdinArgument
		return a
	case exists(text):
		a.kind = fileArgument
		return a
	case strings.ContainsAny(trimmed, "\r\n"):
		return a
	}
	a.query = codes.Parse(trimmed)
	a.entries = a.query.Lookup()
	definition, named := cause.Lookup(strings.ToLower(trimmed))
	_, numbered := a.query.Class()
	oneWord := !strings.ContainsAny(trimmed, " \t") && !strings.Contains(trimmed, `":`)
	switch {
	case named:
		a.kind, a.cause = causeArgument, definition
	case oneWord || numbered || len(a.entries) > 0:
		a.kind = codeArgument
	}
	return a
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
