package edgeconf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outline writes a tree as text, one item per line.
func outline(t *table, depth int) string {
	var out strings.Builder
	for _, it := range t.all() {
		fmt.Fprintf(&out, "%s%s %d:%d %s", strings.Repeat("  ", depth), it.path(), it.at.line, it.at.column, it.kind)
		if it.text != "" {
			fmt.Fprintf(&out, " %q", it.text)
		}
		out.WriteString("\n" + outline(it.table, depth+1))
	}
	return out.String()
}

func TestGrow(t *testing.T) {
	t.Parallel()
	document := strings.Join([]string{
		`top = "a\tb"`,
		`number = 1_0 # a comment`,
		`  dotted."quo.ted\"".last = '''`,
		`two`,
		`lines'''`,
		`[one.two]`,
		`inline = { a = "x", b = { c.d = true }, e = [ { f = "not looked into" } ] }`,
		`[one]`,
		`"" = 1979-05-27`,
		`[[list]]`,
		`n = 1`,
		`[[list]]`,
		`n = 2`,
		`[list.below]`,
		`z = "z"`,
	}, "\n")
	want := `top 1:1 a text "a\tb"
number 2:1 a number or a boolean "1_0"
dotted 3:3 a table
  dotted."quo.ted\"" 3:10 a table
    dotted."quo.ted\"".last 3:22 a text "two\nlines"
one 6:2 a table
  one.two 6:6 a table
    one.two.inline 7:1 a table
      one.two.inline.a 7:12 a text "x"
      one.two.inline.b 7:21 a table
        one.two.inline.b.c 7:27 a table
          one.two.inline.b.c.d 7:29 a number or a boolean "true"
      one.two.inline.e 7:41 a list
  one."" 9:1 a number or a boolean "1979-05-27"
list 10:3 a list
  list.n 13:1 a number or a boolean "2"
  list.below 14:7 a table
    list.below.z 15:1 a text "z"
`
	root, err := parse("c.toml", []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, outline(root, 0)); diff != "" {
		t.Error(diff)
	}
	if at := root.table("one").table("two").at; at != (position{6, 6}) {
		t.Errorf("[one.two] stands at %v", at)
	}
}

func TestEmptyTable(t *testing.T) {
	t.Parallel()
	var none *table
	if none.item("a") != nil || none.table("a").table("b") != nil || none.all() != nil {
		t.Error("a table that is not there has something in it")
	}
}
