package logtext

import (
	"bytes"
	"slices"
	"strings"

	"dpsdiag/internal/codes"
)

// vocabulary is everything that is looked for, compiled into one automaton.
type vocabulary struct {
	automaton *automaton
	phrases   []phrase
	table     []words // that phrases refer to
	rows      rows
	faults    []fault
}

// phrase is a text to look for, with everything that it means.
type phrase struct {
	text   string // in normal form, lower case
	entry  *codes.Entry
	common bool  // words that other software uses too
	weak   bool  // so common that they count only where nothing else is known
	alone  bool  // a single word, which has to be a message of its own
	led    bool  // a word of any program, which has to stand behind the name of a code
	facts  []int // into the table of words
	anchor bool
	key    key
	topics topics
}

// newVocabulary compiles the catalogue and the tables of this package.
func newVocabulary() *vocabulary {
	v := &vocabulary{table: contextTable(), faults: faultTable(), rows: newRows()}
	index := map[string]int{}
	add := func(text string) *phrase {
		text = normalForm(text)
		i, known := index[text]
		if !known {
			i = len(v.phrases)
			index[text] = i
			v.phrases = append(v.phrases, phrase{text: text})
		}
		return &v.phrases[i]
	}
	addCatalogue(add)
	for i, w := range v.table {
		for _, text := range w.phrases {
			p := add(text)
			p.facts = append(p.facts, i)
			p.anchor = p.anchor || w.anchor
		}
	}
	for _, k := range keyTable() {
		for _, text := range k.names {
			add(text).key = k.key
		}
	}
	for _, t := range topicTable() {
		for _, text := range t.phrases {
			p := add(text)
			p.topics |= t.topic
		}
	}
	texts := make([]string, len(v.phrases))
	for i := range v.phrases {
		texts[i] = v.phrases[i].text
	}
	v.automaton = newAutomaton(texts)
	return v
}

// normalForm brings a text of a table into the form that the recogniser sees: normalised,
// in lower case, without spaces around it and without the full stop at its end.
func normalForm(text string) string {
	var n normaliser
	normal := string(bytes.TrimSpace(n.normalise([]byte(text))))
	return strings.TrimSuffix(strings.Map(lowerASCII, normal), ".")
}

// addCatalogue adds the messages of every row, then the codes and names that stand in logs.
// Where two rows have the same text, a message goes before a name.
func addCatalogue(add func(text string) *phrase) {
	for e := range codes.All() {
		for _, message := range e.Messages {
			if p := add(message); p.entry == nil {
				p.describe(e)
			}
		}
	}
	for e := range codes.All() {
		for _, name := range slices.Concat([]string{e.Code, e.Name}, e.Aliases) {
			if !isIdentifier(name) || slices.Contains(runtimeNames(), name) {
				continue
			}
			if p := add(name); p.entry == nil {
				p.describe(e)
			}
		}
	}
}

// describe makes p a text of the row e.
func (p *phrase) describe(e *codes.Entry) {
	p.entry = e
	p.common = !isSpecific(p.text)
	p.alone = slices.Contains(loneWords(), p.text)
	p.led = slices.Contains(ordinaryNames(), p.text)
	p.weak = p.alone || slices.Contains(weakPhrases(), p.text)
	p.anchor = p.anchor || !p.common
}

// loneWords are texts of the catalogue that are words of any language: they count only
// where they are a message of their own.
func loneWords() []string {
	return []string{"eof", "unauthorized", "conflict", "not authorized", "server unavailable", "bad request"}
}

// ordinaryNames are names that IoT Hub gives to errors and that other programs print as
// well, such as PowerShell in every CategoryInfo. They are the hub's only behind the words
// that lead to a code: "ErrorCode:ServerError;...".
func ordinaryNames() []string {
	return []string{
		"invalidoperation", "argumentinvalid", "argumentnull", "servererror", "serviceunavailable", "requesttimedout", "requestcanceled",
		"messagetoolarge", "partitionnotfound",
	}
}

// runtimeNames are the exceptions of a language that its programs throw for any reason. A
// row may have such a name, but the name does not tell the row.
func runtimeNames() []string {
	return []string{"IllegalArgumentException", "ValueError", "FormatException", "SyntaxError", "ReferenceError", "NotImplementedError"}
}

// weakPhrases are texts of the catalogue that any server or program may print.
func weakPhrases() []string {
	return []string{
		"internal server error", "request entity too large", "too many requests", "unauthorized access", "service error:", "network error", "network error :",
		"current time", "http error", "state is invalid", "failure allocating", "an error occurred while sending the request", "unexpected failure", "malformed packet", "expected one of [", "' expired at",
		"close notify", "precondition failed", "deserialization error", "openssl error", "certificate rejected", "unexpected eof", "unable to allocate", "does not exist", "invalid hostname",
	}
}

// specificWords mark texts that only software for this service prints.
func specificWords() []string {
	return []string{
		"dps", "provision", "iot", "azure", "hub", "aziot", "edge", "prov_", "az_", "nx_", "eazure", "enroll", "attestation", "tpm", "hsm",
		"registration", "connack", "operation id", "operation_id", "id scope", "idscope", "id_scope", "sas token", "sastoken", "symmetric", "eflow", "custom allocation",
		"webhook", "errorcode", "endorsement", "storage root key", "$dps", "ih4", "sphere",
	}
}

func isSpecific(text string) bool {
	return slices.ContainsFunc(specificWords(), func(word string) bool { return strings.Contains(text, word) })
}

// isIdentifier reports whether a name is one that programs use, such as
// PROV_DEVICE_RESULT_OK, amqp:not-found or DeviceNotFound, and no words of a language.
func isIdentifier(name string) bool {
	if len(name) < 8 || strings.ContainsAny(name, " ()$*/") {
		return false
	}
	humps := 0
	for i := 1; i < len(name); i++ {
		if isLower(name[i-1]) && isUpper(name[i]) {
			humps++
		}
	}
	return humps > 0 || strings.ContainsAny(name, "_:")
}

func isLower(b byte) bool { return b >= 'a' && b <= 'z' }
func isUpper(b byte) bool { return b >= 'A' && b <= 'Z' }

// fits reports whether the phrase, found at line[start:end], stands there as whole words.
func (p *phrase) fits(line []byte, start, end int) bool {
	if p.key == 0 && isWordByte(line[start]) && start > 0 && isWordByte(line[start-1]) {
		return false
	}
	if p.key != keyRegistrationPath && isWordByte(line[end-1]) && end < len(line) && isWordByte(line[end]) {
		return false
	}
	return (!p.alone || isMessage(line, start, end)) && (!p.led || isLed(line[:start]))
}

// isLed reports whether a text ends with the name of a code, or with its number.
func isLed(before []byte) bool {
	before = bytes.TrimRight(before, " \"':=(-")
	end := len(before)
	return end > 0 && isDigit(before[end-1]) || end >= len("code") && hasPrefixFold(before[end-len("code"):], "code")
}

// isMessage reports whether line[start:end] is a message of its own: set off from what is
// before it by a colon, a quote or a bracket, and from what is behind it by the end of the
// sentence.
func isMessage(line []byte, start, end int) bool {
	before := bytes.TrimRight(line[:start], " ")
	after := bytes.TrimLeft(line[end:], " .!")
	begins := len(before) == 0 || bytes.IndexByte([]byte(`:"'([{=>-|,`), before[len(before)-1]) >= 0 || isDigit(before[len(before)-1])
	ends := len(after) == 0 || bytes.IndexByte([]byte(`"')]},;:|<`), after[0]) >= 0
	return begins && ends
}
