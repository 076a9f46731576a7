package logtext

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/codes"
)

// dictionary has every text that the log reader looks for. It is made from the catalogue and the tables
// of this package, and exists only while the vocabulary is compiled.
type dictionary struct {
	terms []term
	words []words // the facts of a term are indexes into it
}

// term is a text to look for, with its meaning.
type term struct {
	phrase
	text string // in normal form, lower case
}

// newDictionary builds the dictionary.
func newDictionary() *dictionary {
	d := &dictionary{words: contextTable()}
	index := map[string]int{}
	add := func(text string) *term {
		text = normalForm(text)
		i, known := index[text]
		if !known {
			i = len(d.terms)
			index[text] = i
			d.terms = append(d.terms, term{text: text, phrase: phrase{size: len(text)}})
		}
		return &d.terms[i]
	}
	addCatalogue(add)
	for i, w := range d.words {
		for _, text := range w.phrases {
			t := add(text)
			t.facts += string([]byte{byte(i)})
			t.anchor = t.anchor || w.anchor
		}
	}
	for _, k := range slices.Concat(keyTable(), familyNames()) {
		for _, text := range k.names {
			add(text).key = k.key
		}
	}
	for e := range codes.All() {
		if isSixDigits(e) {
			add(e.Code).key = keyBareCode
		}
	}
	for _, table := range topicTable() {
		for _, text := range table.phrases {
			add(text).topics |= table.topic
		}
	}
	return d
}

// isSixDigits reports whether an entry is that of a six-digit code, of the provisioning service or of a hub.
func isSixDigits(e *codes.Entry) bool {
	_, err := strconv.ParseUint(e.Code, 10, 32)
	return (e.Kind == codes.KindDPS || e.Kind == codes.KindIoTHub) && len(e.Code) == 6 && err == nil
}

// normalForm converts a text of a table to the form in which lines are searched: normalised, in lower
// case, without surrounding spaces and without a full stop at the end.
func normalForm(text string) string {
	var n normaliser
	normal := string(bytes.TrimSpace(n.normalise([]byte(text))))
	return strings.TrimSuffix(strings.Map(lowerASCII, normal), ".")
}

// addCatalogue adds the messages of every entry, then the codes and names that occur in logs. A text
// that is the message of one entry and the name of another belongs to the entry with the message.
func addCatalogue(add func(text string) *term) {
	for e := range codes.All() {
		for _, message := range e.Messages {
			if t := add(message); t.entry == nil {
				t.describe(e)
			}
		}
	}
	for e := range codes.All() {
		for _, name := range slices.Concat([]string{e.Code, e.Name}, e.Aliases) {
			if !isIdentifier(name) || slices.Contains(runtimeNames(), name) {
				continue
			}
			if t := add(name); t.entry == nil {
				t.describe(e)
			}
		}
	}
}

// describe makes t match the entry e.
func (t *term) describe(e *codes.Entry) {
	t.entry = e
	t.generic = !isSpecific(t.text)
	t.wholeMessageOnly = slices.Contains(wholeMessageWords(), t.text)
	t.needsCodePrefix = slices.Contains(ordinaryNames(), t.text)
	t.lastResort = t.wholeMessageOnly || slices.Contains(lastResortPhrases(), t.text)
	t.anchor = t.anchor || !t.generic
}

// wholeMessageWords are texts of the catalogue that are ordinary words: they count only as a whole
// message.
func wholeMessageWords() []string {
	return []string{"eof", "unauthorized", "conflict", "not authorized", "server unavailable", "bad request"}
}

// ordinaryNames are names that IoT Hub gives to errors and that other programs print as well, such as
// PowerShell in every CategoryInfo. They count only after words that introduce a code of the hub:
// "ErrorCode:ServerError;...".
func ordinaryNames() []string {
	return []string{
		"invalidoperation", "argumentinvalid", "argumentnull", "servererror", "serviceunavailable", "requesttimedout", "requestcanceled",
		"messagetoolarge", "partitionnotfound",
	}
}

// runtimeNames are general exceptions of a programming language, which its programs throw for many
// reasons. An entry may have such a name, but the name in a log is no evidence for the entry.
func runtimeNames() []string {
	return []string{"IllegalArgumentException", "ValueError", "FormatException", "SyntaxError", "ReferenceError", "NotImplementedError"}
}

// lastResortPhrases are texts of the catalogue that any server or program may print.
func lastResortPhrases() []string {
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

// isIdentifier reports whether a name is one that programs use, such as PROV_DEVICE_RESULT_OK,
// amqp:not-found or DeviceNotFound, and not ordinary words.
func isIdentifier(name string) bool {
	if len(name) < 8 || strings.ContainsAny(name, " ()$*/") {
		return false
	}
	for i := 1; i < len(name); i++ {
		if isLower(name[i-1]) && isUpper(name[i]) {
			return true
		}
	}
	return strings.ContainsAny(name, "_:")
}

func isLower(b byte) bool { return b >= 'a' && b <= 'z' }
func isUpper(b byte) bool { return b >= 'A' && b <= 'Z' }
