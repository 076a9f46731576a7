package schematest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// HTML reports where a page has more than a report needs: an element or an attribute that
// could load, run or send something, or that came from somebody's text. It returns the text
// that the page shows.
func HTML(t testing.TB, label string, page []byte) string {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatalf("%s: %v", label, err)
	}
	var text, style, policy string
	elements := htmlElements()
	for node := range root.Descendants() {
		switch node.Type {
		case html.ElementNode:
			policy += checkElement(t, label, elements, node)
		case html.TextNode:
			if node.Parent.Data == "style" {
				style += node.Data
			} else {
				text += node.Data
			}
		case html.CommentNode:
			t.Errorf("%s: a comment: %q", label, node.Data)
		default: // the document and its type
		}
	}
	hash := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("%s: the policy is %q, want %q", label, policy, want)
	}
	if strings.Contains(style, "url(") || strings.Contains(style, "@import") {
		t.Errorf("%s: the style sheet loads something", label)
	}
	return text
}

// checkElement checks one element, of the known ones, and returns the policy that it sets, if it does.
func checkElement(t testing.TB, label string, elements map[string]string, node *html.Node) (policy string) {
	t.Helper()
	attributes, known := elements[node.Data]
	if !known {
		t.Errorf("%s: an element <%s>", label, node.Data)
		return ""
	}
	isPolicy := false
	for _, a := range node.Attr {
		if a.Key != "class" && !slices.Contains(strings.Fields(attributes), a.Key) {
			t.Errorf("%s: <%s %s=%q>", label, node.Data, a.Key, a.Val)
		}
		switch {
		case a.Key == "http-equiv":
			isPolicy = a.Val == "Content-Security-Policy"
		case a.Key == "content" && isPolicy:
			policy = a.Val
		}
	}
	return policy
}

// htmlElements are what a report consists of, with the attributes of each besides class.
func htmlElements() map[string]string {
	elements := map[string]string{
		"html": "lang", "meta": "charset http-equiv content name", "th": "scope",
		"svg": "viewbox viewBox preserveaspectratio preserveAspectRatio role aria-label", "rect": "x y width height fill",
	}
	for plain := range strings.FieldsSeq("head title style body header main footer section h1 h2 h3 p dl dt dd ol ul li table thead tbody tr td pre details summary span") {
		elements[plain] = ""
	}
	return elements
}
