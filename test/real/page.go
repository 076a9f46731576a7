package main

import (
	"fmt"
	"strings"
)

// Markers of the part of docs/real.md that page makes.
const (
	pageBegin = "<!-- made by: go run ./test/real -page -->"
	pageEnd   = "<!-- end of what is made -->"
)

// page returns the tables of the page: the variables, and what each answer would change.
func page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n| variable, after `%s` | what it is |\n|---|---|\n", pageBegin, prefix)
	for _, v := range variables() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(v.name, ", ", "`, `"), v.text)
	}
	b.WriteString("\n## What an answer would change\n")
	for _, f := range facts() {
		fmt.Fprintf(&b, "\n### Fact %d\n\n%s\n\nNeeds: %s.\n\n| answer | change | where |\n|---|---|---|\n", f.number, f.question, f.needs)
		for _, c := range f.changes {
			var places []string
			for _, p := range c.places {
				places = append(places, p.String())
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", c.answer, c.text, strings.Join(places, ", "))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", pageEnd)
	return b.String()
}
