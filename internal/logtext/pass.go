package logtext

import (
	"bytes"
	"regexp"
	"slices"
	"time"

	"dpsdiag/internal/codes"
)

// pass is the state of one pass over a text.
type pass struct {
	words *vocabulary
	input string
	today date
	found *Findings

	blank   bool   // there was nothing but white space
	line    int    // the one being read
	text    []byte // of that line, in normal form
	hits    []hit
	date    date // of the line
	streams map[string]*stream
	current *stream // the program that wrote the line
	end     lineEnd // of the line before
	before  []byte  // the end of the line before, if a secret may go on from there
	sample  sample
	anchors int     // lines that are certainly about provisioning
	way     attempt // of the registrations that all programs report
	answers bool    // some line is part of an answer to an operator
	foreign bool    // some line is from other software
	azure   bool    // some line mentions Azure
	told    told    // what the line says about it
	claims  *claims // nil until a line may have one
	failing bool    // the line reports a failure
	bare    []byte  // the line before, if it is only a name

	explanation  *regexp.Regexp // nil until a line may have one
	explanations map[int]bool   // the lines that explain errors

	operation int // the last line with the operation of a registration

	releases []foundRelease

	facts   map[factKey]int      // into found.Facts
	matches map[*codes.Entry]int // into found.Matches
	dropped map[*codes.Entry]*Match
	replies map[reply]*codes.Entry
}

type factKey struct {
	kind  Kind
	value string
}

// hit is a phrase found at text[start:end].
type hit struct {
	*phrase
	start, end int
}

// overlapsAny reports whether a hit shares words with one of others.
func (h hit) overlapsAny(others []hit) bool {
	return slices.ContainsFunc(others, h.overlaps)
}

func (h hit) overlaps(o hit) bool { return h.start < o.end && o.start < h.end }

func newPass(words *vocabulary, input string, now time.Time) *pass {
	r := &pass{
		words: words, input: input, blank: true, today: date{now.Year(), now.Month(), now.Day()}, found: &Findings{},
		streams: map[string]*stream{}, facts: map[factKey]int{}, matches: map[*codes.Entry]int{}, dropped: map[*codes.Entry]*Match{}, replies: map[reply]*codes.Entry{},
	}
	r.current = r.streamNamed(nil)
	return r
}

// read reads the next lines of the text.
func (r *pass) read(lines []line) {
	for i := range lines {
		r.readLine(&lines[i])
	}
	r.text, r.hits = nil, nil // their memory is used again
}

func (r *pass) readLine(l *line) {
	if l.counts {
		r.line++
	}
	r.blank = r.blank && len(bytes.TrimSpace(l.text)) == 0
	if l.begins {
		r.begin(l)
	}
	r.text, r.hits, r.failing = l.text, l.hits, false
	telling := false
	if len(r.hits) > 0 {
		telling = r.understand()
	} else {
		r.readPlain()
	}
	if r.sample.takes(telling) {
		r.sample.add(r.place(), r.withoutRest(r.readable(l.text)))
	}
	r.keepSecret(l.text)
	r.keepEnd(l.broken)
	r.keepBare(l.text)
}

// begin reads the start of a line: it may have the name of the program that wrote it, and then begins
// a new message, or continue the line before.
func (r *pass) begin(l *line) {
	if r.line <= shortText && r.anchors == 0 {
		r.lookAround(l.text)
	}
	if l.program != nil {
		r.current = r.streamNamed(l.program)
		return
	}
	r.readWrapped(l.text)
}

// reads reports whether the phrase of a hit is this one.
func (r *pass) reads(h hit, phrase string) bool {
	return h.size == len(phrase) && hasPrefixFold(r.text[h.start:], phrase)
}

// shortText is the number of lines up to which every line of a text is read closely: somebody chose
// them to be read.
const shortText = 120

// understand reads the meaning of a line's phrases, and reports whether they are more than words of
// any log.
func (r *pass) understand() (telling bool) {
	telling, anchor := r.weighHits()
	near := r.line <= shortText || r.current.near(r.line)
	if !telling && !near {
		return false
	}
	if anchor {
		r.anchor()
	}
	r.date = dateOf(r.text)
	if r.date != (date{}) {
		r.current.date = r.date
	}
	r.readFacts()
	r.readValues()
	r.readTopic(r.readErrors())
	r.readClaim()
	r.readAssignment()
	r.readFailureWords()
	r.settleLine()
	r.current.expire(r)
	return telling
}

// weighHits reports whether the line has more than generic words, and whether it is certainly about
// provisioning.
func (r *pass) weighHits() (telling, anchor bool) {
	for _, h := range r.hits {
		anchor = anchor || h.anchor
		telling = telling || h.anchor || h.entry != nil || len(h.facts) > 0
	}
	return telling, anchor
}

// readFacts notes the circumstances in the line.
func (r *pass) readFacts() {
	relevant := r.relevant()
	for _, h := range r.hits {
		if len(h.facts) > 0 && (relevant || h.anchor) && !r.negated(h) {
			r.readStep(h)
		}
		for _, i := range []byte(h.facts) {
			w := &r.words.table[i]
			if w.kind == "" || w.kind == KindOutcome || !w.anchor && !relevant || r.negated(h) {
				continue
			}
			if r.newFact(w.kind, w.value) {
				r.addFact(w.kind, w.value, r.shownWith(w.kind, h))
			}
		}
	}
}

// negated reports whether the words before a hit deny it.
func (r *pass) negated(h hit) bool {
	before := bytes.TrimRight(r.text[:h.start], " ")
	for _, word := range [...]string{"not", "un", "isn't", "no"} {
		if tail, ok := bytes.CutSuffix(before, []byte(word)); ok && h.start > len(before) && (len(tail) == 0 || tail[len(tail)-1] == ' ') {
			return true
		}
	}
	return false
}

// shownWith is the part of a line that is shown with a fact: a name needs no context.
func (r *pass) shownWith(kind Kind, h hit) string {
	if kind == KindClient || kind == KindTransport {
		return excerpt(r.text[h.start:h.end])
	}
	return r.around(h)
}

// fact notes a circumstance that the line as a whole shows.
func (r *pass) fact(kind Kind, value string) {
	if r.newFact(kind, value) {
		r.addFact(kind, value, r.excerpt())
	}
}

// newFact reports whether a circumstance is to be noted; one that is known is counted.
func (r *pass) newFact(kind Kind, value string) bool {
	if kind == KindEvent {
		r.current.event(value)
	}
	i, known := r.facts[factKey{kind, value}]
	if !known {
		return len(r.found.Facts) < maxFacts
	}
	if f := &r.found.Facts[i]; f.Last != r.place() {
		f.Last = r.place()
		f.Count++
	}
	return false
}

// addFact notes a circumstance with the text that shows it.
func (r *pass) addFact(kind Kind, value, text string) {
	r.facts[factKey{kind, value}] = len(r.found.Facts)
	r.found.Facts = append(r.found.Facts, Fact{Kind: kind, Value: value, Line: Line{r.place(), text}, Last: r.place(), Count: 1})
}

// readTopic notes what a line is about in addition to its errors, unless these say enough: those that
// only software for this service prints and that are not wrappers.
func (r *pass) readTopic(errors []hit) {
	var t topics
	for _, h := range r.hits {
		if !h.overlapsAny(errors) && (h.topics < faultMissing || !r.negated(h)) {
			t |= h.topics
		}
	}
	known := slices.ContainsFunc(errors, func(h hit) bool { return !h.generic && !h.entry.Wrapper })
	if t < faultMissing || r.told.harmless || !r.relevant() { // things, and nothing wrong with them
		return
	}
	if r.explains() {
		r.keepExplanation()
		return
	}
	if value := r.words.fault(t, known); value != "" {
		r.fact(KindTopic, value)
	}
	if len(errors) == 0 && len(r.found.Unmatched) < maxUnmatched {
		r.found.Unmatched = append(r.found.Unmatched, Line{r.place(), r.excerpt()})
	}
}

// relevant reports whether the line may be about provisioning: it is near one that certainly is, or
// the whole text is short.
func (r *pass) relevant() bool {
	return r.current.near(r.line) || r.current.anchored && r.current.name != "" || r.line <= shortText && len(r.streams) <= 1
}

func (r *pass) place() Place { return Place{r.input, r.line} }

// excerpt is the line in a form that can be shown: printable, and not too long.
func (r *pass) excerpt() string { return excerpt(r.withoutRest(r.text)) }

// The words around a phrase that are shown with it, in bytes.
const (
	wordsBefore = 24
	wordsBehind = 48
)

// around is a phrase with whole words next to it, in a form that can be shown.
func (r *pass) around(h hit) string {
	start, end := h.start, h.end
	rest := r.restOfSecret()
	if from := max(rest, start-wordsBefore); from == rest {
		start = min(rest, end)
	} else if i := bytes.IndexByte(r.text[from:start], ' '); i >= 0 {
		start = from + i + 1
	}
	if to := min(len(r.text), end+wordsBehind); to == len(r.text) {
		end = to
	} else if i := bytes.LastIndexByte(r.text[end:to], ' '); i >= 0 {
		end += i
	}
	from, to := max(0, start-maxExcerpt), min(len(r.text), end+maxExcerpt)
	return cut([]byte(redactWindow(string(r.text[from:to]), start-from, end-from)))
}

// excerpt is text in a form that can be shown: not too long, and without secrets.
func excerpt(text []byte) string { return redact(cut(text)) }

// cut cuts text at a character boundary, and before a secret of which it would leave a part that nobody
// recognises.
func cut(text []byte) string {
	text = bytes.TrimSpace(text)
	if len(text) <= maxExcerpt {
		return string(text)
	}
	end := beforeSecret(text, maxExcerpt)
	for end > 0 && text[end]&0xc0 == 0x80 {
		end--
	}
	return string(text[:end]) + "…"
}
