package emulator

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// position is the position of a key in a TOML document, counted from 1.
type position struct{ line, column int }

// positionOf finds a key by its path, such as "enrollments[1].primary_key". If the key is
// missing, it finds the table that should contain it; ok is false if there is no such
// table. The document must be valid TOML.
func positionOf(document []byte, path string) (at position, ok bool) {
	for found := positions(document); path != ""; path = parent(path) {
		if at, ok := found[path]; ok {
			return at, true
		}
	}
	return position{}, false
}

// parent removes the last key of a path, or else the last index.
func parent(path string) string {
	return path[:max(strings.LastIndexAny(path, ".["), 0)]
}

// positions maps the path of every key and table outside inline tables to its position. The
// parser's package does not guarantee its API across versions; only error messages depend
// on it.
func positions(document []byte) map[string]position {
	found := map[string]position{}
	elements := map[string]int{}
	table := ""
	var parser unstable.Parser
	parser.Reset(document)
	for parser.NextExpression() {
		expression := parser.Expression()
		path, at := keyOf(&parser, expression)
		switch expression.Kind {
		case unstable.Table:
			table = path
		case unstable.ArrayTable:
			table = fmt.Sprintf("%s[%d]", path, elements[path])
			elements[path]++
			path = table
		case unstable.KeyValue:
			if table != "" {
				path = table + "." + path
			}
		default:
			continue
		}
		found[path] = at
	}
	return found
}

// keyOf returns the dotted key of an expression and its position.
func keyOf(parser *unstable.Parser, expression *unstable.Node) (string, position) {
	var parts []string
	var at position
	for keys := expression.Key(); keys.Next(); {
		node := keys.Node()
		if len(parts) == 0 {
			start := parser.Shape(node.Raw).Start
			at = position{line: start.Line, column: start.Column}
		}
		parts = append(parts, string(node.Data))
	}
	return strings.Join(parts, "."), at
}
