package logtext

import (
	"bytes"
	"regexp"
)

// A text about errors is not a log of them: "if you see 401002 check the key", "429 means throttling". What
// a sentence explains or makes a condition did not happen, so it is no failure of an attempt.

// explanation finds the words of such a sentence, in lower or upper case.
func explanation() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:when(?:ever)? you|(?:if|in case) (?:you|we|a device|the device|it|they|there)) (?:see|sees|get|gets|find|finds|is told|receives?|encounters?|shows?|prints?|reports?|returns?)\b` +
		`|^(?:[-*•|]|\d+[.)]) *[\x60"]?(?:error ?code )?[45]\d{5}[\x60"]? *[:|]` + // an item of a list, a row of a table
		`|\bwhen (?:dps|the (?:service|server|hub)) (?:answers|returns|responds|sends)\b` +
		`|\b(?:error|code|status|response|message)s? (?:occurs?|happens?|appears?|(?:is|are) (?:returned|sent|shown)) (?:when|if)\b` +
		`|\b[1-5]\d\d(?:\d{3})?\b['")]* (?:means|indicates|stands for|is returned (?:when|if)|occurs (?:when|if)|happens (?:when|if))\b`)
}

// manyCodes is how many different errors of DPS a line of prose lists that explains them.
const manyCodes = 3

// explains reports whether the line of a short text is about errors that did not happen in it. A line with a level or a date
// is of a log, and one with an answer of the service shows what happened.
func (r *pass) explains() bool {
	if r.line > shortText || bytes.IndexByte(r.text, '{') >= 0 || levelOf(r.text) != levelNone || dateOf(r.text) != (date{}) {
		return false
	}
	if r.explanation == nil {
		r.explanation = explanation()
	}
	return r.explanation.Match(r.text) || r.listsCodes()
}

// listsCodes reports whether the line has several different codes of DPS.
func (r *pass) listsCodes() bool {
	seen := map[string]bool{}
	for _, code := range regexp.MustCompile(`\b[45]\d{5}\b`).FindAll(r.text, -1) {
		seen[string(code)] = true
	}
	return len(seen) >= manyCodes
}

// keepExplanation notes that the line explains errors.
func (r *pass) keepExplanation() {
	if r.explanations == nil {
		r.explanations = map[int]bool{}
	}
	r.explanations[r.line] = true
}

// explained reports whether nothing failed in the text, and all that it names is explained there.
func (r *pass) explained() bool {
	if r.explanations == nil || r.way.state == attemptFailed {
		return false
	}
	for i := range r.found.Matches {
		for _, p := range r.found.Matches[i].Places {
			if !r.explanations[p.Line] {
				return false
			}
		}
	}
	return true
}
