package edgeconf

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// maxDepth is the maximum depth of a document's tree. Settings are at most five levels
// deep; anything deeper is left out.
const maxDepth = 16

// position is a position in a document, counted from 1; the column is in bytes.
type position struct{ line, column int }

// kind is the type of an item; only these types matter for settings.
type kind int

const (
	kindOther kind = iota // a number, a boolean, a date
	kindText
	kindTable
	kindList
)

// String returns the name of the kind in messages.
func (k kind) String() string {
	return [...]string{"a number or a boolean", "a text", "a table", "a list"}[k]
}

// item is the value of one key.
type item struct {
	key   string
	in    *table
	at    position
	kind  kind
	text  string // for kindText; for kindOther, as written
	table *table // for kindTable; for kindList, its last table
}

// path returns the dotted key of the item from the top, as a person would write it.
func (it *item) path() string {
	if above := it.in.path(); above != "" {
		return above + "." + quoteKey(it.key)
	}
	return quoteKey(it.key)
}

// table is a table in any form: [header], inline or dotted keys. The methods also work on a
// nil table, which is empty.
type table struct {
	owner *item // nil for the top of the document
	at    position
	items []*item // in the order in which they are written
	index map[string]*item
}

// path returns the dotted key of the table, "" for the top of the document.
func (t *table) path() string {
	if t == nil || t.owner == nil {
		return ""
	}
	return t.owner.path()
}

// item returns the item of a key, or nil.
func (t *table) item(key string) *item {
	if t == nil {
		return nil
	}
	return t.index[key]
}

// table returns the table of a key, or nil.
func (t *table) table(key string) *table {
	if it := t.item(key); it != nil {
		return it.table
	}
	return nil
}

// all returns the items of the table, or none.
func (t *table) all() []*item {
	if t == nil {
		return nil
	}
	return t.items
}

// put adds an item.
func (t *table) put(p part, k kind) *item {
	it := &item{key: p.name, in: t, at: p.at, kind: k}
	t.items = append(t.items, it)
	if t.index == nil {
		t.index = map[string]*item{}
	}
	t.index[p.name] = it
	return it
}

// part is one part of a dotted key.
type part struct {
	name string
	at   position
}

// grow makes a tree from a document that is valid TOML. The parser's package does not
// guarantee its API across versions; the tests of this package check the parts that are
// used.
func grow(document []byte) *table {
	g := grower{root: &table{}, lines: lineStarts(document)}
	g.parser.Reset(document)
	current := g.root
	for g.parser.NextExpression() {
		switch expression := g.parser.Expression(); expression.Kind {
		case unstable.Table:
			current = g.descend(g.root, g.keys(expression))
		case unstable.ArrayTable:
			keys := g.keys(expression)
			last := len(keys) - 1
			current = g.append(g.descend(g.root, keys[:last]), keys[last])
		case unstable.KeyValue:
			g.set(current, expression, 0)
		default: // a comment
		}
	}
	return g.root
}

type grower struct {
	parser unstable.Parser
	root   *table
	lines  []int // the offset at which each line starts
}

// keys returns the parts of an expression's key, of which there is at least one.
func (g *grower) keys(n *unstable.Node) []part {
	var parts []part
	for keys := n.Key(); keys.Next() && len(parts) <= maxDepth; {
		node := keys.Node()
		parts = append(parts, part{string(node.Data), g.position(int(node.Raw.Offset))})
	}
	return parts
}

// descend returns the table at the end of a path, and creates missing ones.
func (g *grower) descend(t *table, path []part) *table {
	for _, p := range path {
		it := t.item(p.name)
		if it == nil {
			it = t.put(p, kindTable)
		}
		if it.table == nil {
			it.table = &table{owner: it, at: p.at}
		}
		t = it.table
	}
	return t
}

// append adds a table to the list of a key.
func (g *grower) append(t *table, p part) *table {
	it := t.item(p.name)
	if it == nil {
		it = t.put(p, kindList)
	}
	it.table = &table{owner: it, at: p.at}
	return it.table
}

// set adds a key and its value to a table.
func (g *grower) set(t *table, n *unstable.Node, depth int) {
	keys := g.keys(n)
	if depth += len(keys); depth > maxDepth {
		return
	}
	last := len(keys) - 1
	t = g.descend(t, keys[:last])
	switch value := n.Value(); value.Kind {
	case unstable.String:
		t.put(keys[last], kindText).text = string(value.Data)
	case unstable.InlineTable:
		it := t.put(keys[last], kindTable)
		it.table = &table{owner: it, at: it.at}
		for children := value.Children(); children.Next(); {
			if child := children.Node(); child.Kind == unstable.KeyValue {
				g.set(it.table, child, depth)
			}
		}
	case unstable.Array:
		t.put(keys[last], kindList)
	default:
		t.put(keys[last], kindOther).text = string(value.Data)
	}
}

// quoteKey writes one part of a path as TOML does. It leaves out a part that could be a
// device's key in the place of a name.
func quoteKey(name string) string {
	if looksSecret(name) {
		return `"..."`
	}
	bare := func(r rune) bool {
		return r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if name != "" && strings.IndexFunc(name, func(r rune) bool { return !bare(r) }) < 0 {
		return name
	}
	return fmt.Sprintf("%q", name)
}

func lineStarts(document []byte) []int {
	starts := []int{0}
	for i := 0; ; {
		n := bytes.IndexByte(document[i:], '\n')
		if n < 0 {
			return starts
		}
		i += n + 1
		starts = append(starts, i)
	}
}

func (g *grower) position(offset int) position {
	line, found := slices.BinarySearch(g.lines, offset)
	if !found {
		line--
	}
	return position{line: line + 1, column: offset - g.lines[line] + 1}
}
