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
	certain grammar // names DPS, a hub, or the device with a word for success
	likely  grammar // is a success of the attempt that is open
	line    letters // its memory is used again
}

// grammar finds a claim in the letters of a line.
type grammar struct {
	form   *regexp.Regexp
	misses map[string]bool // letters without a claim: most lines of a log are alike
}

// maxMisses bounds the memory for them.
const maxMisses = 1000

// find returns where the letters have a claim, nil for nowhere.
func (g *grammar) find(letters []byte) []int {
	if g.misses[string(letters)] {
		return nil
	}
	at := g.form.FindIndex(letters)
	if at == nil && len(g.misses) < maxMisses {
		g.misses[string(letters)] = true
	}
	return at
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
		'm': "mqtt amqp client session",
		'n': "status result outcome process flow procedure response type",
		'q': "state", // "provisioning state: succeeded" is that of a resource in Azure
		'N': "connection",

		'P': "provisioned reprovisioned re-provisioned",
		'R': "registered reregistered re-registered",
		'A': "assigned",
		'K': "connected reconnected",
		'S': "successfully succeeded successful success ok okay",
		'C': "complete completed done finished",
		'E': "established authenticated restored reestablished re-established",

		'o':       "to",
		't':       "via using with by through",
		'f':       "the a an was is has have been now got azure edge id and it",
		claimSign: "info inf debug dbg dbug trace verbose notice information msg message",

		claimDenial: "not no never none null nil undefined unassigned nothing without cannot can't isn't wasn't didn't hasn't haven't doesn't don't won't aren't but however instead " +
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
	claimBegin = `(?:^|[,eI])f*(?:S|df*I*m?)?[fe]*`
	claimDPS   = `(?:p|dvs)[fe]*`
	claimHub   = `f*(?:ih|H|ic)`
)

func newClaims() *claims {
	anyOf := func(forms ...string) grammar {
		return grammar{regexp.MustCompile(strings.Join(forms, "|")), map[string]bool{}}
	}
	c := &claims{
		classes: map[string]byte{},
		certain: anyOf(
			claimDPS+`(?:[vrdnq]I*[fe]*)+(?:t[fIwx]{1,3})?[SPRA]`, // DPS registration succeeded
			claimDPS+`(?:[vrdn]I*[fe]*)+(?:t[fIwx]{1,3})?CS?`,     // DPS registration completed
			claimDPS+`(?:S?[PRA]|CS)`, `vs[fe]*S?A`,               // DPS assigned
			`[vr]f*[to]f*`+claimDPS+`(?:CS?|S)`,              // registration with DPS completed
			claimBegin+`[PRA]f*S?[fot]+`+claimDPS,            // provisioned via DPS
			claimBegin+`[PRA]f*S?o`+claimHub,                 // assigned to IoT Hub
			claimBegin+`Af*(?:ih|H|h)f*e+[^!,e]`,             // assigned hub: x
			`[vr][fe]*(?:[vrnq][fe]*)*[nq][fe]*A`,            // provisioning status: assigned
			`[nq][fe]*A[,e]+(?:ih|H|h)e+[^!,e]`,              // status: assigned, hub: x
			`(?:^|[,eIf])d[fIe]*(?:PS|SP)`,                   // device provisioned successfully
			claimBegin+`SPf*d`,                               // successfully provisioned device
			claimBegin+`K[fot]+`+claimHub,                    // connected to IoT Hub
			claimHub+`[fem]*(?:NS?[fe]*[SE]|KS?(?:$|[,eI]))`, // IoT Hub connection established
			`Nf*o`+claimHub+`f*S?[SE]`,                       // connection to IoT Hub established
		),
		likely: anyOf(
			`(?:^|[,e])f*`+claimDPS+`(?:CS?|S)`,                          // DPS OK
			`(?:^|[,eIf])(?:d[fe]*)?[vr][fe]*(?:[vrn][fe]*)*(?:CS?|S)`,   // registration completed
			claimBegin+`S[PRA]`,                                          // successfully registered
			`(?:^|[,eIf])d[fIe]*[PRA](?:$|[^o!])`,                        // device registered
			claimBegin+`[PRA]f*S?o[fi]*h`,                                // assigned to hub
			`[nq][fe]*A`,                                                 // status: assigned
			claimBegin+`K[fot]+h|h[fem]*(?:NS?[fe]*[SE]|KS?(?:$|[,eI]))`, // hub connected
			`Nf*o[fi]*hI?f*S?[SE]`,                                       // connection to hub established
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
	g.read(r.text)
	first := bytes.IndexAny(g.line.classes, "PRASCKE")
	if first < 0 || bytes.IndexByte(g.line.classes[:first], claimDenial) >= 0 {
		return
	}
	failed := r.way.state == attemptFailed
	// after a connection that was lost, "reconnected to hub" needs no name: the text has named the hub
	again := failed && r.way.hub != "" && bytes.ContainsAny(g.line.classes, "KE")
	claimed := g.line.tells(&g.certain, failed) || (r.way.began || again) && g.line.tells(&g.likely, failed)
	r.told.registered = claimed && !isSource(r.text)
}

// mayClaim reports whether a claim in the line would be new, and about a device.
func (r *pass) mayClaim() bool {
	var all topics
	for _, h := range r.hits {
		all |= h.topics
	}
	known := r.told.registered || r.way.state == attemptRegistered && (!r.current.way.began || r.current.way.state == attemptRegistered)
	if all&topicClaim == 0 || known || len(r.text) > maxClaim {
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
func (l *letters) tells(g *grammar, failed bool) bool {
	at := g.find(l.classes)
	if at == nil || failed && !bytes.ContainsAny(l.classes[at[0]:at[1]], "PRSKE") {
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
	return !tellsNothing(l.text[end:], strings.IndexByte(":=", l.text[end-1]) >= 0) && !l.hasErrorCode(at[1], len(near))
}

// hasErrorCode reports whether one of the words from first to before last is the number of an error:
// "completed with status 401". A time in milliseconds is none.
func (l *letters) hasErrorCode(first, last int) bool {
	for i := first; i < last; i++ {
		number := bytes.TrimLeft(l.text[l.ends[i-1]:l.ends[i]], " ")
		isCode := (len(number) == len("401") || len(number) == len("401002")) && (number[0] == '4' || number[0] == '5')
		if isCode && isNumber(number) && !bytes.HasPrefix(l.text[l.ends[i]:], []byte(" ms")) {
			return true
		}
	}
	return false
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
