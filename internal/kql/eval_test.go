package kql_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// This file is a small evaluator for the part of KQL that the queries use. It is independent of
// internal/monitor, so that a query and the reader of files can be compared.

// row is a row of a table by column. A value is a string, an int64, a float64, a bool, a time.Time, a
// time.Duration, a decoded JSON value, or nil for null.
type row map[string]any

// table is an ordered list of rows.
type table []row

// engine evaluates a query over tables at a certain time.
type engine struct {
	t      *testing.T
	now    time.Time
	tables map[string]table
	values map[string]any // of let statements: a table or a scalar
	tokens []string
	at     int
}

// run evaluates a query and returns its result.
func run(t *testing.T, query string, now time.Time, tables map[string]table) table {
	t.Helper()
	e := &engine{t: t, now: now, tables: tables, values: map[string]any{}}
	e.tokens = tokenize(t, query)
	for e.accept("let") {
		name := e.next()
		e.expect("=")
		e.values[name] = e.definition()
		e.expect(";")
	}
	result := e.pipeline()
	if e.at < len(e.tokens) {
		t.Fatalf("the query goes on after its end: %q", e.tokens[e.at:])
	}
	return result
}

func tokenize(t *testing.T, query string) []string {
	t.Helper()
	token := regexp.MustCompile(`^(//[^\n]*|\s+|@"[^"]*"|"(?:[^"\\]|\\.)*"|\d+\.\d+|\d+(?:ms|[dhms])?|in~|[A-Za-z_]\w*|\.\.|==|!=|!~|=~|>=|<=|[-+*/%(),;|=.<>\[\]])`)
	var tokens []string
	for query != "" {
		found := token.FindString(query)
		if found == "" {
			t.Fatalf("no token at %q", query)
		}
		query = query[len(found):]
		if strings.TrimSpace(found) != "" && !strings.HasPrefix(found, "//") {
			tokens = append(tokens, found)
		}
	}
	return tokens
}

func (e *engine) peek() string {
	if e.at < len(e.tokens) {
		return e.tokens[e.at]
	}
	return ""
}

func (e *engine) next() string {
	token := e.peek()
	e.at++
	return token
}

func (e *engine) accept(token string) bool {
	if e.peek() == token {
		e.at++
		return true
	}
	return false
}

func (e *engine) expect(token string) {
	e.t.Helper()
	if got := e.next(); got != token {
		e.t.Fatalf("%q in place of %q, after %q", got, token, e.tokens[max(0, e.at-8):e.at-1])
	}
}

// definition is the value of a let statement.
func (e *engine) definition() any {
	if e.isTable(e.peek()) {
		return e.pipeline()
	}
	return e.expression()(row{})
}

func (e *engine) isTable(name string) bool {
	if _, ok := e.tables[name]; ok {
		return true
	}
	_, ok := e.values[name].(table)
	return ok
}

// pipeline evaluates a table and the operators behind it.
func (e *engine) pipeline() table {
	name := e.next()
	current, ok := e.tables[name]
	if !ok {
		if current, ok = e.values[name].(table); !ok {
			e.t.Fatalf("there is no table %q", name)
		}
	}
	for e.accept("|") {
		current = e.operator(current)
	}
	return current
}

func (e *engine) operator(in table) table {
	switch name := e.next(); name {
	case "where":
		holds := e.expression()
		return slices.DeleteFunc(slices.Clone(in), func(r row) bool { return !truth(holds(r)) })
	case "extend":
		return each(in, e.assignments(), true)
	case "project":
		return each(in, e.assignments(), false)
	case "summarize":
		return e.summarize(in)
	case "order":
		e.expect("by")
		return e.order(in)
	case "join":
		return e.join(in)
	default:
		e.t.Fatalf("the operator %q is not known to the evaluator", name)
	}
	return nil
}

// expr is an expression over a row.
type expr func(row) any

// assignment is a named expression.
type assignment struct {
	name  string
	value expr
}

func (e *engine) assignments() []assignment {
	var list []assignment
	for {
		list = append(list, e.assignment())
		if !e.accept(",") {
			return list
		}
	}
}

func (e *engine) assignment() assignment {
	name := e.peek()
	if e.at+1 < len(e.tokens) && e.tokens[e.at+1] == "=" {
		e.at += 2
	} else if name == "bin" {
		name = e.tokens[e.at+2] // bin(Column, …) keeps the name
	}
	return assignment{name, e.expression()}
}

// each evaluates assignments one after the other for each row; extend keeps the columns.
func each(in table, list []assignment, extend bool) table {
	out := make(table, 0, len(in))
	for _, r := range in {
		made := row{}
		if extend {
			maps.Copy(made, r)
		}
		for _, a := range list {
			made[a.name] = a.value(r)
		}
		out = append(out, made)
	}
	return out
}

// aggregate is a function over the rows of a group.
type aggregate struct {
	name string
	over func(table) row
}

func (e *engine) summarize(in table) table {
	var list []aggregate
	for {
		list = append(list, e.aggregate())
		if !e.accept(",") {
			break
		}
	}
	var by []assignment
	if e.accept("by") {
		by = e.assignments()
	}
	var keys []string
	groups := map[string]table{}
	heads := map[string]row{}
	for _, r := range in {
		head := row{}
		key := ""
		for _, a := range by {
			head[a.name] = a.value(r)
			key += fmt.Sprintf("%v\x00", head[a.name])
		}
		if _, known := groups[key]; !known {
			keys = append(keys, key)
			heads[key] = head
		}
		groups[key] = append(groups[key], r)
	}
	if len(by) == 0 && len(keys) == 0 {
		keys, heads[""] = []string{""}, row{}
	}
	out := make(table, 0, len(keys))
	for _, key := range keys {
		made := heads[key]
		for _, a := range list {
			maps.Copy(made, a.over(groups[key]))
		}
		out = append(out, made)
	}
	return out
}

func (e *engine) aggregate() aggregate {
	name := ""
	if e.tokens[e.at+1] == "=" {
		name = e.next()
		e.at++
	}
	function := e.next()
	e.expect("(")
	var args []expr
	var columns []string
	for !e.accept(")") {
		columns = append(columns, e.peek())
		args = append(args, e.expression())
		e.accept(",")
	}
	if name == "" {
		name = function + "_"
		if len(columns) > 0 {
			name += columns[0]
		}
	}
	one := func(value func(table) any) aggregate {
		return aggregate{name, func(rows table) row { return row{name: value(rows)} }}
	}
	switch function {
	case "count":
		return one(func(rows table) any { return int64(len(rows)) })
	case "countif":
		return one(func(rows table) any { return int64(len(keep(rows, args[0]))) })
	case "dcount":
		return one(func(rows table) any {
			seen := map[string]bool{}
			for _, r := range rows {
				if v := args[0](r); v != nil && v != "" {
					seen[fmt.Sprint(v)] = true
				}
			}
			return int64(len(seen))
		})
	case "min":
		return one(func(rows table) any { return extreme(rows, args[0], -1) })
	case "max":
		return one(func(rows table) any { return extreme(rows, args[0], 1) })
	case "maxif":
		return one(func(rows table) any { return extreme(keep(rows, args[1]), args[0], 1) })
	case "sumif":
		return one(func(rows table) any {
			sum := 0.0
			for _, r := range keep(rows, args[1]) {
				sum += number(args[0](r))
			}
			return sum
		})
	case "take_any":
		return one(func(rows table) any { return args[0](rows[0]) })
	case "arg_max":
		return aggregate{"", func(rows table) row {
			best := rows[0]
			for _, r := range rows {
				if compare(args[0](r), args[0](best)) > 0 {
					best = r
				}
			}
			made := row{}
			for i, column := range columns {
				made[column] = args[i](best)
			}
			return made
		}}
	}
	e.t.Fatalf("the aggregate %q is not known to the evaluator", function)
	return aggregate{}
}

func keep(rows table, holds expr) table {
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !truth(holds(r)) })
}

// extreme is the largest value, or the smallest; null without a row.
func extreme(rows table, of expr, sign int) any {
	var best any
	for _, r := range rows {
		if v := of(r); v != nil && (best == nil || compare(v, best)*sign > 0) {
			best = v
		}
	}
	return best
}

func (e *engine) order(in table) table {
	type key struct {
		column string
		sign   int
	}
	var keys []key
	for {
		k := key{e.next(), -1} // descending by default
		if e.accept("asc") {
			k.sign = 1
		} else {
			e.accept("desc")
		}
		keys = append(keys, k)
		if !e.accept(",") {
			break
		}
	}
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b row) int {
		for _, k := range keys {
			if c := compare(a[k.column], b[k.column]); c != 0 {
				return c * k.sign
			}
		}
		return 0
	})
	return out
}

// join is a left outer join on columns of the same names.
func (e *engine) join(in table) table {
	e.expect("kind")
	e.expect("=")
	e.expect("leftouter")
	var right table
	if e.accept("(") {
		right = e.pipeline()
		e.expect(")")
	} else {
		right = e.values[e.next()].(table)
	}
	e.expect("on")
	var on []string
	for {
		on = append(on, e.next())
		if !e.accept(",") {
			break
		}
	}
	keyOf := func(r row) string {
		key := ""
		for _, column := range on {
			key += fmt.Sprintf("%v\x00", r[column])
		}
		return key
	}
	index := map[string]table{}
	for _, r := range right {
		index[keyOf(r)] = append(index[keyOf(r)], r)
	}
	var out table
	for _, left := range in {
		matches := index[keyOf(left)]
		if len(matches) == 0 {
			matches = table{row{}}
		}
		for _, match := range matches {
			made := row{}
			maps.Copy(made, match)
			maps.Copy(made, left)
			out = append(out, made)
		}
	}
	return out
}

// expression parses an expression: or, and, comparisons, sums, products, values.
func (e *engine) expression() expr {
	left := e.conjunction()
	for e.accept("or") {
		a, b := left, e.conjunction()
		left = func(r row) any { return truth(a(r)) || truth(b(r)) }
	}
	return left
}

func (e *engine) conjunction() expr {
	left := e.comparison()
	for e.accept("and") {
		a, b := left, e.comparison()
		left = func(r row) any { return truth(a(r)) && truth(b(r)) }
	}
	return left
}

func (e *engine) comparison() expr {
	left := e.sum()
	operator := e.peek()
	switch operator {
	case "==", "!=", "<", ">", "<=", ">=", "=~", "!~", "contains", "startswith":
		e.at++
		right := e.sum()
		return func(r row) any { return holds(operator, left(r), right(r)) }
	case "in", "in~":
		e.at++
		equal := map[string]string{"in": "==", "in~": "=~"}[operator]
		var list []expr
		e.expect("(")
		for !e.accept(")") {
			list = append(list, e.expression())
			e.accept(",")
		}
		return func(r row) any {
			return slices.ContainsFunc(list, func(x expr) bool { return holds(equal, left(r), x(r)) })
		}
	case "between":
		e.at++
		e.expect("(")
		low := e.sum()
		e.expect("..")
		high := e.sum()
		e.expect(")")
		return func(r row) any { return holds(">=", left(r), low(r)) && holds("<=", left(r), high(r)) }
	}
	return left
}

// holds compares two values. Null is equal and unequal to nothing.
func holds(operator string, a, b any) bool {
	switch operator {
	case "=~":
		return strings.EqualFold(text(a), text(b))
	case "!~":
		return !strings.EqualFold(text(a), text(b))
	case "contains":
		return strings.Contains(strings.ToLower(text(a)), strings.ToLower(text(b)))
	case "startswith":
		return strings.HasPrefix(strings.ToLower(text(a)), strings.ToLower(text(b)))
	}
	if a == nil || b == nil {
		return false
	}
	c := compare(a, b)
	switch operator {
	case "==":
		return c == 0
	case "!=":
		return c != 0
	case "<":
		return c < 0
	case ">":
		return c > 0
	case "<=":
		return c <= 0
	}
	return c >= 0
}

func (e *engine) sum() expr {
	left := e.product()
	for e.peek() == "-" || e.peek() == "+" {
		sign := int64(1)
		if e.next() == "-" {
			sign = -1
		}
		a, b := left, e.product()
		left = func(r row) any { return add(a(r), b(r), sign) }
	}
	return left
}

func add(a, b any, sign int64) any {
	if at, ok := a.(time.Time); ok {
		return at.Add(time.Duration(sign) * b.(time.Duration))
	}
	return number(a) + float64(sign)*number(b)
}

func (e *engine) product() expr {
	left := e.value()
	for e.peek() == "*" || e.peek() == "/" {
		operator := e.next()
		a, b := left, e.value()
		left = func(r row) any {
			x, y := a(r), b(r)
			i, whole := x.(int64)
			j, alsoWhole := y.(int64)
			switch {
			case operator == "*" && whole && alsoWhole:
				return i * j
			case operator == "*":
				return number(x) * number(y)
			case whole && alsoWhole:
				return i / j
			}
			return number(x) / number(y)
		}
	}
	return left
}

func (e *engine) value() expr {
	found := e.simple()
	if !e.accept("[") {
		return found
	}
	index := e.expression()
	e.expect("]")
	return func(r row) any {
		list, _ := found(r).([]any)
		if i := int(index(r).(int64)); i < len(list) {
			return list[i]
		}
		return nil
	}
}

func (e *engine) simple() expr {
	token := e.next()
	switch {
	case token == "(":
		inner := e.expression()
		e.expect(")")
		return inner
	case token == "true" || token == "false":
		return constant(token == "true")
	case token[0] == '"':
		value, err := strconv.Unquote(token)
		if err != nil {
			e.t.Fatalf("%s: %v", token, err)
		}
		return constant(value)
	case token[0] == '@':
		return constant(token[2 : len(token)-1])
	case token[0] >= '0' && token[0] <= '9':
		return constant(literal(token))
	case e.peek() == "(":
		return e.call(token)
	case e.accept("."):
		member := e.next()
		return func(r row) any {
			object, _ := r[token].(map[string]any)
			return object[member]
		}
	}
	if value, ok := e.values[token]; ok {
		return constant(value)
	}
	return func(r row) any { return r[token] }
}

func constant(value any) expr { return func(row) any { return value } }

// literal is a number or a duration.
func literal(token string) any {
	for unit, size := range map[string]time.Duration{"ms": time.Millisecond, "d": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second} {
		if n, err := strconv.ParseInt(strings.TrimSuffix(token, unit), 10, 64); err == nil && strings.HasSuffix(token, unit) {
			return time.Duration(n) * size
		}
	}
	if n, err := strconv.ParseInt(token, 10, 64); err == nil {
		return n
	}
	n, _ := strconv.ParseFloat(token, 64)
	return n
}

// call is a function with its arguments.
func (e *engine) call(name string) expr {
	e.expect("(")
	if name == "toscalar" {
		rows := e.pipeline()
		e.expect(")")
		for _, value := range rows[0] {
			return constant(value)
		}
	}
	var args []expr
	for !e.accept(")") {
		args = append(args, e.expression())
		e.accept(",")
	}
	function, known := functions(e.now)[name]
	if !known {
		e.t.Fatalf("the function %q is not known to the evaluator", name)
	}
	if name == "column_ifexists" {
		column := text(args[0](nil))
		return func(r row) any {
			if value, ok := r[column]; ok {
				return value
			}
			return args[1](r)
		}
	}
	return func(r row) any {
		values := make([]any, len(args))
		for i := range args {
			values[i] = args[i](r)
		}
		return function(values)
	}
}

// functions are those of the queries.
func functions(now time.Time) map[string]func([]any) any {
	compiled := map[string]*regexp.Regexp{}
	expression := func(text string) *regexp.Regexp {
		if compiled[text] == nil {
			compiled[text] = regexp.MustCompile(text)
		}
		return compiled[text]
	}
	return map[string]func([]any) any{
		"ago":             func(a []any) any { return now.Add(-a[0].(time.Duration)) },
		"column_ifexists": nil,
		"not":             func(a []any) any { return !truth(a[0]) },
		"isempty":         func(a []any) any { return text(a[0]) == "" },
		"isnotempty":      func(a []any) any { return text(a[0]) != "" },
		"isnull":          func(a []any) any { return a[0] == nil },
		"tostring":        func(a []any) any { return text(a[0]) },
		"strlen":          func(a []any) any { return int64(len(text(a[0]))) },
		"round":           func(a []any) any { return a[0] },
		"replace_string":  func(a []any) any { return strings.ReplaceAll(text(a[0]), text(a[1]), text(a[2])) },
		"replace_regex":   func(a []any) any { return expression(text(a[1])).ReplaceAllString(text(a[0]), text(a[2])) },
		"bin":             func(a []any) any { return a[0].(time.Time).Truncate(a[1].(time.Duration)) },
		"split": func(a []any) any {
			var parts []any
			for part := range strings.SplitSeq(text(a[0]), text(a[1])) {
				parts = append(parts, part)
			}
			return parts
		},
		"toint": func(a []any) any {
			if n, err := strconv.ParseInt(text(a[0]), 10, 64); err == nil {
				return n
			}
			return nil
		},
		"coalesce": func(a []any) any {
			for _, value := range a {
				if value != nil && value != "" {
					return value
				}
			}
			return nil
		},
		"iff": func(a []any) any {
			if truth(a[0]) {
				return a[1]
			}
			return a[2]
		},
		"extract": func(a []any) any {
			if m := expression(text(a[0])).FindStringSubmatch(text(a[2])); m != nil {
				return m[a[1].(int64)]
			}
			return ""
		},
		"parse_json": func(a []any) any {
			var value any
			if json.Unmarshal([]byte(text(a[0])), &value) != nil {
				return text(a[0])
			}
			return value
		},
	}
}

func truth(value any) bool { is, _ := value.(bool); return is }

func text(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

func number(value any) float64 {
	switch n := value.(type) {
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 0
}

// compare orders two values of one type; null comes first.
func compare(a, b any) int {
	if a == nil || b == nil {
		return strings.Compare(fmt.Sprint(b == nil), fmt.Sprint(a == nil))
	}
	switch x := a.(type) {
	case time.Time:
		return x.Compare(b.(time.Time))
	case string:
		return strings.Compare(x, text(b))
	case bool:
		return strings.Compare(fmt.Sprint(x), fmt.Sprint(b))
	}
	switch d := number(a) - number(b); {
	case d < 0:
		return -1
	case d > 0:
		return 1
	}
	return 0
}
