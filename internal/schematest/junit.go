package schematest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// JUnit checks a document against two schemas at once: that of the Apache Ant task
// (windyroad/JUnit-Schema JUnit.xsd) and that of Jenkins (jenkinsci/xunit-plugin junit-10.xsd).
// It reports everything that one of them does not accept, and every wrong count of a suite.
// It returns the root element.
func JUnit(t testing.TB, label string, document []byte) *Element {
	t.Helper()
	top := ParseXML(t, document)
	if top.Name != "testsuites" {
		t.Errorf("%s: the root is %s", label, top.Name)
	}
	top.check(t, label)
	for _, suite := range top.All("testsuite") {
		for attr, child := range map[string]string{"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"} {
			if n := strconv.Itoa(len(suite.All(child))); suite.Attrs[attr] != n {
				t.Errorf("%s: %s=%q, counted %s", label, attr, suite.Attrs[attr], n)
			}
		}
	}
	return top
}

// Element is one element of a parsed XML document.
type Element struct {
	Name     string
	Attrs    map[string]string
	Children []*Element
	Text     string
}

// junitRule is what both schemas accept in an element: its attributes, all of them required
// and each with a pattern for its value, and its children in order.
type junitRule struct {
	attrs    map[string]string // name to pattern
	children []string
	once     []string // children that must occur exactly once in Ant's schema
	atMost   int      // maximum number of children, 0 for no limit
}

func junitRules() map[string]junitRule {
	const name, number, time = `\S(.*\S)?`, `\d+`, `\d+\.\d{3}`
	return map[string]junitRule{
		"testsuites": {children: []string{"testsuite"}},
		"testsuite": {
			attrs: map[string]string{
				"name": name, "package": name, "id": number, "hostname": name, "tests": number, "failures": number,
				"errors": number, "skipped": number, "time": time, "timestamp": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`,
			},
			children: []string{"properties", "testcase", "system-out", "system-err"},
			once:     []string{"properties", "system-out", "system-err"},
		},
		"properties": {children: []string{"property"}},
		"property":   {attrs: map[string]string{"name": name, "value": `(?s).*`}},
		"testcase":   {attrs: map[string]string{"name": name, "classname": name, "time": time}, children: []string{"skipped", "failure"}, atMost: 1},
		"skipped":    {attrs: map[string]string{"message": `.+`}},
		"failure":    {attrs: map[string]string{"type": `\S+`, "message": `.+`}},
		"system-out": {},
		"system-err": {},
	}
}

// ParseXML parses a document in the strict mode of encoding/xml and returns its root element.
// A document that is not well-formed fails the test.
func ParseXML(t testing.TB, data []byte) *Element {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(data))
	root := &Element{}
	open := []*Element{root}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return root.Children[0]
		}
		if err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		top := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			e := &Element{Name: token.Name.Local, Attrs: map[string]string{}}
			for _, a := range token.Attr {
				e.Attrs[a.Name.Local] = a.Value
			}
			top.Children = append(top.Children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.Text += string(token)
		}
	}
}

// check checks an element and all its descendants against the rules.
func (e *Element) check(t testing.TB, label string) {
	t.Helper()
	rule, ok := junitRules()[e.Name]
	if !ok {
		t.Errorf("%s: there is no element %s", label, e.Name)
	}
	for name, pattern := range rule.attrs {
		if value, ok := e.Attrs[name]; !ok || !regexp.MustCompile(`^(`+pattern+`)$`).MatchString(value) {
			t.Errorf("%s: %s: %s=%q does not match %s", label, e.Name, name, value, pattern)
		}
	}
	if len(e.Attrs) != len(rule.attrs) {
		t.Errorf("%s: %s has the attributes %v", label, e.Name, e.Attrs)
	}
	if rule.atMost > 0 && len(e.Children) > rule.atMost {
		t.Errorf("%s: %s has %d children", label, e.Name, len(e.Children))
	}
	for _, name := range rule.once {
		if n := len(e.All(name)); n != 1 {
			t.Errorf("%s: %s has %d elements %s", label, e.Name, n, name)
		}
	}
	last := 0
	for _, child := range e.Children {
		place := slices.Index(rule.children, child.Name)
		if place < last {
			t.Errorf("%s: %s has the child %s out of place", label, e.Name, child.Name)
		}
		last = place
		child.check(t, label)
	}
}

// All returns all descendants with a name, in document order.
func (e *Element) All(name string) []*Element {
	var found []*Element
	for _, child := range e.Children {
		if child.Name == name {
			found = append(found, child)
		}
		found = append(found, child.All(name)...)
	}
	return found
}
