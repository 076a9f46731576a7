// Package thesaurus lists phrases that mean the same in the messages of programs. Another version of a
// program, or another program, says the same in other words.
package thesaurus

import (
	_ "embed"
	"iter"
	"slices"
	"strings"
)

// classes is a text with a line for each class: its name, a colon, and its members, in lower case.
//
//go:embed classes.txt
var classes string

// All returns the name of every class with its members, words or phrases of at most four words. A
// member is in one class only. The name of a class is a label and need not be a member.
func All() iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		for line := range strings.Lines(classes) {
			name, members, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			if !yield(name, strings.Split(members, ", ")) {
				return
			}
		}
	}
}

// Members returns the members of the classes with these names.
func Members(names ...string) []string {
	var found []string
	for name, members := range All() {
		if slices.Contains(names, name) {
			found = append(found, members...)
		}
	}
	return found
}
