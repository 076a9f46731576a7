package logtext

import (
	"bytes"
	"slices"
	"strings"

	"dpsdiag/internal/codes"
)

// Outcome is how the last attempt to register in a text ended.
type Outcome struct {
	State OutcomeState
	// Line is where the text shows it, and zero for [OutcomeUnknown].
	Line Line
	// Hub and DeviceID are the assigned hub and device id, if the device is registered and the text
	// shows them.
	Hub, DeviceID string
	// Failed is the last line that shows a failure, if there is one: for a device that recovered, what
	// it recovered from.
	Failed Line
}

// OutcomeState is the way in which an attempt ended.
type OutcomeState string

// The states. The zero value is for a text that was not read.
const (
	OutcomeRegistered OutcomeState = "registered" // nothing failed before
	OutcomeRecovered  OutcomeState = "recovered"  // registered after a failure
	OutcomeRefused    OutcomeState = "refused"    // the attempt failed, or the hub refused the device
	OutcomeUnfinished OutcomeState = "unfinished" // begun, and no answer seen
	OutcomeUnknown    OutcomeState = "unknown"
)

// Good reports whether the last attempt ended well.
func (o *Outcome) Good() bool {
	return o.State == OutcomeRegistered || o.State == OutcomeRecovered
}

// Healthy reports whether there is nothing to diagnose: the last attempt ended well, or an
// operator's call was answered.
func (f *Findings) Healthy() bool { return f.Outcome.Good() || f.Answered }

// worse says how much a state matters if a text has several attempts.
func (s OutcomeState) worse() int {
	return slices.Index([]OutcomeState{OutcomeRegistered, OutcomeRecovered, OutcomeUnfinished, OutcomeRefused}, s)
}

// joinOutcomes is the outcome of several texts: the worst, since a device that registered
// must not hide another one that failed.
func joinOutcomes(a, b Outcome) Outcome {
	if b.State.worse() > a.State.worse() || a.State == "" {
		return b
	}
	return a
}

// attempt is the last attempt to register that was seen, and its result.
type attempt struct {
	state attemptState
	stale bool // a success is from an earlier day, until a new attempt begins
	began bool // some line said that a registration begins
	line  Line // that shows the state

	failed Line // the last failure
	hub    string
	device string
}

type attemptState int

const (
	attemptNone attemptState = iota
	attemptOpen
	attemptRegistered
	attemptFailed
)

// weight is how certain it is that a line reports a failure.
type weight int

const (
	weightNone  weight = iota
	weightWords        // words such as "failed" or "Exception"
	weightKnown        // an error of the catalogue
)

// told is what one line says about an attempt.
type told struct {
	begun, progress, registered, harmless, stale, answer bool
	failure                                              weight
	hub, device                                          string
}

// step notes the step of a phrase in the line.
func (t *told) step(step string) {
	switch step {
	case stepBegun:
		t.begun = true
	case stepProgress:
		t.progress = true
	case stepRegistered, stepConnected:
		t.registered = true
	case stepFailed:
		t.failure = weightKnown
	case stepStale:
		t.stale = true
	case stepAnswer:
		t.answer = true
	case stepHarmless:
		t.harmless = true
	}
}

// readStep notes the step of a hit; it is called for hits that may be about provisioning.
func (r *pass) readStep(h hit) {
	step := ""
	for _, i := range []byte(h.facts) {
		switch w := &r.words.table[i]; w.kind {
		case KindOutcome:
			step = w.value
		case KindEvent:
			if step == "" {
				step = stepOfEvent(w.value)
			}
		}
	}
	if (step == stepRegistered || step == stepConnected) && (r.denied(h) || r.isRecord(h)) {
		return
	}
	if step == stepAnswer && r.reads(h, operationMember) {
		r.operation = r.line
	}
	r.told.step(step)
}

// operationMember is the start of an answer to a registration.
const operationMember = `"operationid":"`

// isRecord reports whether a hit is of the record that the service keeps of a registration, in JSON
// without the operation that an answer to a device has. After a failure that is an earlier registration.
func (r *pass) isRecord(h hit) bool {
	if r.way.state != attemptFailed || r.text[h.start] != '"' {
		return false
	}
	answered := r.operation > 0 && r.line-r.operation <= reach
	return !answered && indexFold(r.text, operationMember) < 0
}

// denied reports whether the words around a phrase for a success say that there was none, or not yet.
func (r *pass) denied(h hit) bool {
	before := bytes.Fields(r.text[max(0, h.start-40):h.start])
	for _, word := range before[max(0, len(before)-3):] {
		switch strings.ToLower(strings.Trim(string(word), ".,:;()[]'\"")) {
		case "not", "no", "never", "without", "before", "until", "unless", "if", "when", "once", "wait", "waiting", "expected", "expecting", "should", "cannot", "can't",
			"isn't", "wasn't", "didn't", "hasn't", "never,":
			return true
		}
	}
	if isSource(r.text) || len(before) > 0 && r.grammar().class(before[len(before)-1]) == claimThing { // "ZTP provisioning complete"
		return true
	}
	rest := r.text[h.end:]
	if bytes.HasPrefix(bytes.TrimLeft(rest, " '\""), []byte("?")) {
		return true
	}
	last := r.text[h.end-1]
	return last == '=' && len(bytes.TrimLeft(rest, " '\"")) == 0 || tellsNothing(rest, last == '=' || last == ':' || last == '"')
}

// tellsNothing reports whether the value after a name is empty: 0, none, null, false. The sign before
// it may be part of the name.
func tellsNothing(rest []byte, led bool) bool {
	value := bytes.TrimLeft(rest, " \"'")
	if !led {
		if len(value) == 0 || value[0] != '=' && value[0] != ':' {
			return false
		}
		value = bytes.TrimLeft(value[1:], " \"'=")
	}
	end := 0
	for end < len(value) && (isWordByte(value[end]) || value[end] == '(' && end == 0) {
		end++
	}
	switch strings.ToLower(string(value[:end])) {
	case "0", "none", "(none", "null", "(null", "nil", "false", "no", "ok", "undefined":
		return true
	}
	return false
}

// readFailure notes that a hit of the catalogue is a failure. Words that other software prints as well
// count if the line may be about provisioning.
func (r *pass) readFailure(h hit, entry *codes.Entry, generic bool) {
	if len(entry.CauseIDs) == 0 || entry.ID == "status-unassigned" {
		return
	}
	switch {
	case h.lastResort || r.quiet() && (generic || entry.Wrapper):
		r.fail(weightWords)
	case !generic || r.relevant():
		r.fail(weightKnown)
	}
}

func (r *pass) fail(w weight) { r.told.failure = max(r.told.failure, w) }

// failureTopics are the words that make a line a failure, whatever it is about.
const failureTopics = faultFailed | faultCrash | faultUnreachable | faultDenied | faultUntrusted

// fineTopics do so for a line after a success.
const fineTopics = faultInvalid | faultMissing | faultExpired | faultMismatch | faultDisabled | faultExceeded

// readFailureWords notes words for a failure.
func (r *pass) readFailureWords() {
	if !r.relevant() {
		return
	}
	level, failures := levelOf(r.text), failureTopics
	if r.way.state == attemptRegistered && !r.isAboutDevice() {
		return
	}
	if level != levelQuiet && r.way.state == attemptRegistered && r.namesFault() {
		failures |= fineTopics // after a success even a small doubt about the device's own things counts
	}
	for _, h := range r.hits {
		if h.topics&failures != 0 && !r.countsNothing(h) || h.topics&faultTimeout != 0 && bytes.EqualFold(r.text[h.start:h.end], []byte("timed out")) {
			r.fail(weightWords)
			return
		}
	}
	if level == levelError || namesException(r.text, "Error") || namesException(r.text, "Exception") {
		r.fail(weightWords)
	}
}

// isAboutDevice reports whether the line speaks of a client, of the device's connection, or of what is at
// fault with a registration. After a success other failures are the application's own.
func (r *pass) isAboutDevice() bool {
	for _, word := range [...]string{"connect", "registration", "to register", "provision", "hub", "mqtt", "amqp", "telemetry"} {
		if indexFold(r.text, word) >= 0 {
			return true
		}
	}
	return r.lineIsAnchored() || r.namesFault()
}

// namesFault reports whether the line says that something of a registration is at fault.
func (r *pass) namesFault() bool {
	var all topics
	for _, h := range r.hits {
		all |= h.topics
	}
	return r.words.fault(all, false) != ""
}

// namesException reports whether a line has a word such as TimeoutException, with a value other than
// none after it.
func namesException(line []byte, ending string) bool {
	for {
		i := bytes.Index(line, []byte(ending))
		if i < 0 {
			return false
		}
		end := i + len(ending)
		whole := end == len(line) || !isWordByte(line[end])
		if whole && i > 0 && isWordByte(line[i-1]) && !tellsNothing(line[end:], false) {
			return true
		}
		line = line[end:]
	}
}

// readPlain reads a line without any phrase, which may still contain an exception.
func (r *pass) readPlain() {
	if r.way.state == attemptNone || r.line > shortText && !r.current.near(r.line) {
		return
	}
	r.readFailureWords()
	r.settleLine()
}

// countsNothing reports whether a word is a counter or a setting without a failure: "0 errors",
// "failed=0", "last_error: none".
func (r *pass) countsNothing(h hit) bool {
	if tellsNothing(r.text[h.end:], false) {
		return true
	}
	before := bytes.Fields(r.text[max(0, h.start-16):h.start])
	if len(before) == 0 {
		return false
	}
	switch strings.ToLower(string(before[len(before)-1])) {
	case "0", "no", "without", "zero", "not", "never", "any", "non-fatal", "nonfatal":
		return true
	}
	return bytes.HasSuffix(r.text[:h.start], []byte("non-"))
}

// level is the severity that a line gives itself.
type level int

const (
	levelNone level = iota
	levelQuiet
	levelWarning
	levelError
)

// levelReach is how far from the start of a line its level is looked for, in bytes.
const levelReach = 120

// levelOf reads the level of a line, in the formats of the clients' loggers.
func levelOf(line []byte) level {
	if len(line) > 2 && line[0] == '<' && line[2] == '>' && isDigit(line[1]) {
		return levelOfSyslog(line[1])
	}
	if len(line) > 3 && line[1] == ' ' && line[2] == '(' && isDigit(line[3]) {
		if l := levelOfESP(line[0]); l != levelNone {
			return l
		}
	}
	line = line[:min(len(line), levelReach)]
	for len(line) > 0 {
		start := bytes.IndexFunc(line, isLetter)
		if start < 0 {
			break
		}
		line = line[start:]
		end := bytes.IndexFunc(line, func(c rune) bool { return !isLetter(c) })
		if end < 0 {
			end = len(line)
		}
		if l := levelOfWord(line[:end]); l != levelNone {
			return l
		}
		line = line[end:]
	}
	return levelNone
}

// levelOfSyslog reads the severity that syslog puts before a line: "<3>".
func levelOfSyslog(severity byte) level {
	switch severity {
	case '0', '1', '2', '3':
		return levelError
	case '4':
		return levelWarning
	case '5', '6', '7':
		return levelQuiet
	}
	return levelNone
}

// levelOfESP reads the letter at the start of an ESP-IDF line: "E (8540) esp-tls: ...".
func levelOfESP(letter byte) level {
	switch letter {
	case 'I', 'D', 'V':
		return levelQuiet
	case 'W':
		return levelWarning
	case 'E':
		return levelError
	}
	return levelNone
}

// levelOfWord reads the name of a level.
func levelOfWord(word []byte) level {
	switch string(word) {
	case "INFO", "INF", "inf", "DEBUG", "DBG", "dbg", "dbug", "TRACE", "VERBOSE", "NOTICE", "Information", "info":
		return levelQuiet
	case "WARN", "WARNING", "WRN", "wrn", "warn", "Warning":
		return levelWarning
	case "ERROR", "ERR", "FATAL", "FTL", "CRITICAL", "CRIT", "FAIL":
		return levelError
	}
	return levelNone
}

func isLetter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// quiet reports whether the level of the line is information only.
func (r *pass) quiet() bool { return levelOf(r.text) == levelQuiet }

// settleLine updates the attempts with the line. A line with a failure in it is not a success.
func (r *pass) settleLine() {
	t := r.told
	r.told = told{}
	r.failing = t.failure != weightNone
	if t == (told{}) {
		return
	}
	r.answers = r.answers || t.answer
	if t.failure != weightNone && (t.harmless || r.isElsewhere()) {
		t.failure = weightNone
	}
	if t.failure == weightWords {
		r.doubt(&t)
	}
	r.way.move(t, r)
	if r.way.state == attemptRegistered && len(r.found.Registered) == 0 {
		r.found.Registered = []Place{r.place()}
	}
	if r.current.name != "" {
		r.current.way.move(t, r)
	}
}

// doubt weighs words for a failure against the level of the line.
func (r *pass) doubt(t *told) {
	level := levelOf(r.text)
	t.registered = t.registered && level != levelQuiet
	switch {
	case level == levelQuiet && !t.begun && !t.progress:
		t.failure = weightNone
	case level == levelWarning && r.way.state == attemptNone: // warnings of a first start
		t.failure = weightNone
	}
}

// isElsewhere reports whether a failure in the line is not the device's: the line only explains an error,
// or after a success the application contacts another server.
func (r *pass) isElsewhere() bool {
	if r.explains() {
		r.keepExplanation()
		return true
	}
	return r.way.state == attemptRegistered && namesOtherServer(r.text)
}

// move updates the attempt with a line.
func (a *attempt) move(t told, r *pass) {
	line := func() Line { return Line{r.place(), r.excerpt()} }
	if t.failure != weightNone || t.stale {
		a.fail(t, line())
		return
	}
	switch {
	case t.registered && a.stale:
	case t.registered:
		a.register(t, line)
	case t.begun:
		a.begin(line)
	case t.progress && a.state != attemptRegistered:
		a.goOn(line)
	}
	if t.hub != "" && (a.hub == "" || a.state != attemptRegistered) {
		a.hub = t.hub
	}
	if t.device != "" {
		a.device = t.device
	}
}

// fail notes a failure. Generic words for one end an attempt only if there is one.
func (a *attempt) fail(t told, line Line) {
	a.stale = a.stale || t.stale
	a.failed = line
	if t.stale || t.failure == weightKnown || a.state != attemptNone {
		a.state, a.line = attemptFailed, line
	}
}

// register notes a success, and forgets the hub known before if the line has another one.
func (a *attempt) register(t told, line func() Line) {
	if a.state != attemptRegistered {
		a.state, a.line = attemptRegistered, line()
	}
	if t.hub != "" {
		a.hub = ""
	}
}

// begin starts an attempt, a new one if the last had ended.
func (a *attempt) begin(line func() Line) {
	if a.state == attemptRegistered || a.state == attemptFailed {
		a.hub, a.device = "", ""
	}
	if !a.began || a.state != attemptOpen {
		a.line = line()
	}
	a.state, a.began, a.stale = attemptOpen, true, false
}

// goOn notes that an attempt is in progress.
func (a *attempt) goOn(line func() Line) {
	if a.state != attemptOpen {
		a.line = line()
	}
	a.state = attemptOpen
}

// outcome is the result of the attempt.
func (a *attempt) outcome() Outcome {
	o := Outcome{State: OutcomeUnknown, Failed: a.failed}
	switch a.state {
	case attemptNone:
		return o
	case attemptOpen:
		o.State = OutcomeUnfinished
	case attemptFailed:
		o.State = OutcomeRefused
	case attemptRegistered:
		o.State, o.Hub, o.DeviceID = OutcomeRegistered, a.hub, a.device
		if a.failed.Line != 0 {
			o.State = OutcomeRecovered
		}
	}
	o.Line = a.line
	return o
}

// outcome is that of the text. The lines of all programs count as one attempt, because one device runs
// several. But a program that began its own registration and did not finish it is another device, and
// its failure counts.
func (r *pass) outcome() Outcome {
	o := r.way.outcome()
	switch {
	case o.State == OutcomeRefused && r.anchors == 0:
		o.State, o.Line = OutcomeUnknown, Line{}
	case o.State == OutcomeUnknown && o.Failed.Line != 0 && r.anchors > 0:
		o.State, o.Line = OutcomeRefused, o.Failed
	}
	if !o.Good() {
		return o
	}
	for _, s := range r.byName() {
		if own := s.way; own.began {
			if other := own.outcome(); other.State != OutcomeUnknown && !other.Good() {
				o = joinOutcomes(o, other)
			}
		}
	}
	return o
}

// dropClock discards what was said about a clock that was set later: "Setting time using SNTP" with a
// date of 1970 is not a fault if the time was then set.
func (f *Findings) dropClock() {
	set := slices.IndexFunc(f.Facts, func(known Fact) bool { return known.Kind == KindSign && known.Value == SignTimeSet })
	if set < 0 {
		return
	}
	last := f.Facts[set].Last
	f.Facts = slices.DeleteFunc(f.Facts, func(known Fact) bool {
		return known.Kind == KindTopic && known.Value == TopicClock && known.Last.Before(last)
	})
}

// answered reports whether the text shows the answer to an operator's call and no failure.
func (r *pass) answered() bool {
	found := r.found
	management := func(known Fact) bool { return known.Kind == KindSign && known.Value == SignManagement }
	topic := func(known Fact) bool { return known.Kind == KindTopic }
	telling := func(m Match) bool { return len(m.Entry.CauseIDs) > 0 }
	return r.answers && r.way.failed.Line == 0 && slices.ContainsFunc(found.Facts, management) &&
		!slices.ContainsFunc(found.Facts, topic) && !slices.ContainsFunc(found.Matches, telling)
}
