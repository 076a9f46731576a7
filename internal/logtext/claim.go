package logtext

import (
	"bytes"
	"regexp"
	"strings"
)

// A claim is a line in which a program says in its own words that DPS assigned the device, or that the
// hub accepted it: "device provisioned successfully", "[DPS] assigned to hub x". The tables of
// outcomeWords have the messages of the official clients. What all other programs print is recognised by
// its grammar: each word and sign of a line is written as a letter, its class, and the grammar is a
// regular expression over the letters. A word in no class is an x, which no claim contains, so that
// "DPS certificate provisioned successfully" says nothing about the device.
type claims struct {
	classes map[string]byte
	certain *regexp.Regexp // names DPS, a hub, or the device with a word for success
	likely  *regexp.Regexp // is a success of the attempt that is open
	line    letters        // its memory is used again
}

// letters is a line as the classes of its words and signs, each with the offset of its end.
type letters struct {
	text    []byte
	classes []byte
	ends    []int
}

// The classes that are used by name. Those of the words are in claimWords.
const (
	claimOther  = 'x'
	claimName   = 'I' // a name or a number
	claimSign   = 'e' // a sign such as a colon
	claimEnd    = ',' // a sign that ends a clause
	claimDenial = '!' // takes a claim back
	claimThing  = 'w' // is provisioned by other means
)

// claimWords lists the words of each class.
func claimWords() map[byte]string {
	return map[byte]string{
		'p': "dps",
		'v': "provisioning provision",
		'r': "registration reg",
		'd': "device",
		's': "service",
		'i': "iot",
		'c': "central",
		'h': "hub",
		'H': "iothub",
		'n': "status state result outcome process flow procedure step response type assignment",
		'N': "connection",

		'P': "provisioned reprovisioned re-provisioned",
		'R': "registered reregistered re-registered",
		'A': "assigned",
		'K': "connected",
		'S': "successfully succeeded successful success ok okay",
		'C': "complete completed done finished",
		'E': "established authenticated",

		'o':       "to",
		't':       "via using with by through",
		'f':       "the a an was is has have been now got azure edge id and it",
		claimSign: "info inf debug dbg dbug trace verbose notice information msg message",

		claimDenial: "not no never none null nil undefined nothing without cannot can't isn't wasn't didn't hasn't haven't doesn't don't won't aren't but however instead " +
			"fail failed fails failing failure unable error errors exception timeout rejected refused denied lost aborted skip skipping skipped " +
			// a condition, the future, a question, a request
			"before until unless if when once whether while after wait waiting expect expected expecting should would could may might must will can be being get getting " +
			"try trying attempt attempting retry retrying pending assuming ensure check verify please need needs require required requires want how why what does did do " +
			// an earlier day
			"already previously previous earlier last cached stored saved old existing " +
			// somebody tells of it, or of many devices
			"i my we our you your devices",
		claimThing: "wifi wi-fi wlan wireless ble bluetooth softap smartconfig ssid network ethernet modem sim esim euicc apn lte ztp usb " +
			"tpm hsm certificate certificates cert ca key keys csr credential credentials token secret " +
			"image docker container vm disk volume cluster user account tenant driver callback handler module twin " +
			"enrollment enrolment group profile policy webhook instance subscription",
	}
}

// The parts of the grammars: how a statement begins, DPS, and a hub of Azure.
const (
	claimBegin = `(?:^|[,eI])f*(?:S|df*I*)?[fe]*`
	claimDPS   = `(?:p|dvs)[fe]*`
	claimHub   = `f*(?:ih|H|ic)`
)

func newClaims() *claims {
	anyOf := func(forms ...string) *regexp.Regexp { return regexp.MustCompile(strings.Join(forms, "|")) }
	c := &claims{
		classes: map[string]byte{},
		certain: anyOf(
			claimDPS+`(?:[vrdn]I*[fe]*)+(?:t[fIwx]{1,3})?(?:CS?|[SPRA])`, // DPS registration succeeded
			claimDPS+`(?:S?[PRA]|CS)`,                                    // DPS assigned
			claimBegin+`[PRA]f*S?[fot]+`+claimDPS,                        // provisioned via DPS
			claimBegin+`[PRA]f*S?o`+claimHub,                             // assigned to IoT Hub
			claimBegin+`Af*(?:ih|H|h)f*e+[^!,e]`,                         // assigned hub: x
			`[vr][fe]*(?:[vrn][fe]*)*n[fe]*A`,                            // provisioning status: assigned
			`n[fe]*A[,e]+(?:ih|H|h)e+[^!,e]`,                             // status: assigned, hub: x
			`(?:^|[,eIf])d[fIe]*(?:PS|SP)`,                               // device provisioned successfully
			claimBegin+`SPf*d`,                                           // successfully provisioned device
			claimBegin+`K[fot]+`+claimHub,                                // connected to IoT Hub
			claimHub+`[fe]*(?:NS?[fe]*[SE]|KS?(?:$|[,eI]))`,              // IoT Hub connection established
			`Nf*o`+claimHub+`f*S?[SE]`,                                   // connection to IoT Hub established
		),
		likely: anyOf(
			`[vr][fe]*(?:[vrn][fe]*)*(?:CS?|S)`,        // registration completed
			claimBegin+`S[PRA]`,                        // successfully registered
			`(?:^|[,eIf])d[fIe]*[PRA]`,                 // device registered
			claimBegin+`[PRA]f*S?o[fi]*h`,              // assigned to hub
			`n[fe]*A`,                                  // status: assigned
			claimBegin+`K[fot]+h|h[fe]*KS?(?:$|[,eI])`, // hub connected
		),
	}
	for class, words := range claimWords() {
		for word := range strings.FieldsSeq(words) {
			c.classes[word] = class
		}
	}
	return c
}

// grammar returns the claims, which most texts do not need.
func (r *pass) grammar() *claims {
	if r.claims == nil {
		r.claims = newClaims()
	}
	return r.claims
}

// maxClaim is the maximum length of a line that is read for a claim, in bytes.
const maxClaim = 400

// readClaim notes that the line claims a success. What an operator's tool did is none, and after a
// failure the end of something is none: it may have ended with that failure.
func (r *pass) readClaim() {
	if !r.mayClaim() {
		return
	}
	g := r.grammar()
	if g.read(r.text); !bytes.ContainsAny(g.line.classes, "PRASCKE") {
		return
	}
	failed := r.way.state == attemptFailed
	r.told.registered = g.line.tells(g.certain, failed) || r.way.began && g.line.tells(g.likely, failed)
}

// mayClaim reports whether a claim in the line would be new, and about a device.
func (r *pass) mayClaim() bool {
	var all topics
	for _, h := range r.hits {
		all |= h.topics
	}
	known := r.told.registered || r.way.state == attemptRegistered && (!r.current.way.began || r.current.way.state == attemptRegistered)
	if all&topicClaim == 0 || known || len(r.text) > maxClaim || isSource(r.text) {
		return false
	}
	_, management := r.facts[factKey{KindSign, SignManagement}]
	return !management && (r.relevant() || r.lineIsAnchored())
}

// isSource reports whether a line is part of a program, which prints a message under some condition.
func isSource(line []byte) bool {
	for _, mark := range [...]string{`("`, `('`, `(f"`, `($"`, " == ", " != ", " && ", ");"} {
		if bytes.Contains(line, []byte(mark)) {
			return true
		}
	}
	return false
}

// wordsAfter is how many words and signs after a claim may say that it is about something else.
const wordsAfter = 3

// tells reports whether the line has a claim of the grammar that nothing in it takes back. A value that
// is empty or none does so too.
func (l *letters) tells(grammar *regexp.Regexp, failed bool) bool {
	at := grammar.FindIndex(l.classes)
	if at == nil || failed && !bytes.ContainsAny(l.classes[at[0]:at[1]], "PRASKE") {
		return false
	}
	clause, _, _ := bytes.Cut(l.classes[at[1]:], []byte{claimEnd})
	if bytes.IndexByte(l.classes[:at[1]+len(clause)], claimDenial) >= 0 {
		return false
	}
	near := l.classes[:min(at[1]+wordsAfter, len(l.classes))]
	if bytes.Count(near, []byte{claimThing}) > bytes.Count(near, []byte{'t', claimThing}) { // "via TPM" is how the device attests
		return false
	}
	end := l.ends[at[1]-1]
	return !tellsNothing(l.text[end:], strings.IndexByte(":=", l.text[end-1]) >= 0)
}

// class is that of a word.
func (c *claims) class(word []byte) byte {
	var lower [16]byte // the words of claimWords are shorter
	if len(word) > len(lower) {
		return claimOther
	}
	for i, b := range word {
		lower[i] = byte(lowerASCII(rune(b)))
	}
	if class, known := c.classes[string(lower[:len(word)])]; known {
		return class
	}
	return claimOther
}

// read classifies the words and signs of a line.
func (c *claims) read(line []byte) {
	l := &c.line
	l.text, l.classes, l.ends = line, l.classes[:0], l.ends[:0]
	for i := 0; i < len(line); {
		start := i
		for i < len(line) && (isWordByte(line[i]) || i > start && isWithin(line, i)) {
			i++
		}
		switch {
		case i == start:
			i++
			l.addSign(i)
		case i == start+1 && bytes.HasPrefix(line[i:], []byte(" (")):
			l.add(claimSign, i) // the level of an ESP-IDF line
		default:
			c.readName(start, i)
		}
	}
}

// isWithin reports whether the sign at line[i] is inside a name, which goes on after it.
func isWithin(line []byte, i int) bool {
	return strings.IndexByte("-.'", line[i]) >= 0 && i+1 < len(line) && isWordByte(line[i+1])
}

func (l *letters) add(class byte, end int) {
	l.classes, l.ends = append(l.classes, class), append(l.ends, end)
}

// addSign adds the sign before end.
func (l *letters) addSign(end int) {
	switch l.text[end-1] {
	case ' ', '\'', '`', '*':
	case '?':
		l.add(claimDenial, end)
	case ',', ';', '.', '!', '|':
		l.add(claimEnd, end)
	default:
		l.add(claimSign, end)
	}
}

// readName classifies a name of the line, which is one word, or several if it is an identifier such as
// registration_result.status. What is in quotes, has digits or is a host is the name of something.
func (c *claims) readName(start, end int) {
	l := &c.line
	name := l.text[start:end]
	quoted := start > 0 && strings.IndexByte(`'"<`, l.text[start-1]) >= 0
	class := c.class(name)
	switch {
	case class != claimOther:
		l.add(class, end)
		return
	case quoted || bytes.ContainsAny(name, "0123456789") || bytes.Count(name, []byte(".")) > 1:
		l.add(claimName, end)
		return
	}
	for i := start + 1; i <= end; i++ {
		if i == end || strings.IndexByte("_.-", l.text[i]) >= 0 || isUpper(l.text[i]) && isLower(l.text[i-1]) {
			if word := bytes.Trim(l.text[start:i], "_.-"); len(word) > 0 {
				l.add(c.class(word), i)
			}
			start = i
		}
	}
}
