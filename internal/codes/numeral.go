package codes

import (
	"iter"
	"slices"
	"strings"
)

// numeral is a number, or a range of them, that an entry matches.
type numeral struct {
	low, high uint64
	// exact says that the entry is about the number as such, not about one case of it such
	// as "401002 (invalid certificate)" or about a whole range.
	exact bool
	// code is the text that contains the number; synonyms are words that people use instead of those
	// in it.
	code, synonyms string
	// names are words of which one has to be next to the number, since it is too common; "" for none.
	names string
	// signed says that the sign has to be the same, which negative gives.
	signed, negative bool
}

// holds reports whether the number is the numeral or in its range.
func (n numeral) holds(number uint64) bool { return n.low <= number && number <= n.high }

// words returns the words that may be next to the number in a query.
func (n numeral) words() string {
	return strings.Join([]string{fillers, n.synonyms, wordsOf(n.code)}, " ")
}

// isNamed reports whether words next to the number say what it is, if that is needed.
func (n numeral) isNamed(words []string) bool {
	return n.names == "" || slices.ContainsFunc(words, func(word string) bool { return containsWords(n.names, word) })
}

// bareSynonyms returns the words that people put before a number that is the whole code.
func bareSynonyms(kind Kind) string {
	switch kind {
	case KindHTTP:
		return "http https status statuscode response dps"
	case KindDPS:
		return "http https status statuscode response dps extended"
	case KindIoTHub:
		return "http https status statuscode response hub iothub iot extended"
	case KindSDK:
		return "netx netxduo"
	}
	return ""
}

// numerals yields the numbers that the entry matches: those of its code and its aliases, the
// messages that consist of a number only, such as "0x00020002", and its numbers in families.
func (e *Entry) numerals() iter.Seq[numeral] {
	return func(yield func(numeral) bool) {
		if !yieldNumerals(e.Code, e.Kind, yield) {
			return
		}
		for _, alias := range e.Aliases {
			if !yieldNumerals(alias, e.Kind, yield) {
				return
			}
		}
		for _, message := range e.Messages {
			if n, ok := numberMessage(message); ok && !yield(n) {
				return
			}
		}
		for _, n := range e.FamilyNumbers() {
			if !yield(n.numeral()) {
				return
			}
		}
	}
}

// numberMessage reads a message that is only a number: hexadecimal, or so large that it cannot be a
// number with another meaning.
func numberMessage(message string) (n numeral, ok bool) {
	digits := strings.TrimPrefix(message, "-")
	_, number, ok := parseNumber(strings.ToLower(digits))
	ok = ok && (strings.HasPrefix(digits, "0x") || number >= distinctive)
	return numeral{low: number, high: number, exact: true, code: message}, ok
}

// yieldNumerals yields the numbers of one code: several in "401/403/404 from the hub",
// none in a name. It reports whether to continue.
func yieldNumerals(code string, kind Kind, yield func(numeral) bool) bool {
	rest, synonyms, ok := cutSeries(code, kind)
	for ok {
		var n numeral
		if n, rest, ok = readNumeral(rest); !ok {
			return true
		}
		n.code, n.synonyms = code, synonyms
		if !yield(n) {
			return false
		}
		rest, ok = strings.CutPrefix(rest, "/")
	}
	return true
}

// cutSeries returns a code from its number on, and words that people use instead of the name before
// it. ok is false for a code without a number.
func cutSeries(code string, kind Kind) (rest, synonyms string, ok bool) {
	if code != "" && code[0] >= '0' && code[0] <= '9' {
		return code, bareSynonyms(kind), true
	}
	for _, series := range [...]struct{ prefix, synonyms string }{
		{"CONNACK ", "mqtt rc return connect"},
		{"SUBACK ", "mqtt"},
		{"Paho returned rc==", "mqtt"},
		{"paho.mqtt.golang ", "go"},
		{"SASL outcome ", "amqp"},
		{"alert ", "tls ssl"},
		{"error:", "openssl ssl"},
		{"X509_V_ERR ", "openssl verify"},
		{"mbedTLS -", "ssl handshake"},
		{"PROV_DEVICE_RESULT ", ""},
		{"PROV_DEVICE_REG_STATUS ", ""},
		{"eAzureIoTResult ", "freertos result"},
	} {
		if rest, ok := strings.CutPrefix(code, series.prefix); ok {
			return rest, series.synonyms, true
		}
	}
	return "", "", false
}

// readNumeral reads the number at the start of s, such as "404", "0x80", "2-4" or "5xx",
// and returns what follows it.
func readNumeral(s string) (n numeral, rest string, ok bool) {
	word, rest := cutWord(s)
	if class, found := strings.CutSuffix(word, "xx"); found {
		_, low, ok := parseNumber(class)
		return numeral{low: low * 100, high: low*100 + 99}, rest, ok
	}
	_, n.low, ok = parseNumber(word)
	n.high = n.low
	if end, found := strings.CutPrefix(rest, "-"); found && ok {
		word, rest = cutWord(end)
		_, n.high, ok = parseNumber(word)
	}
	n.exact = n.low == n.high && !isCase(rest)
	return n, rest, ok
}

// isCase reports whether the text after a number narrows it to one case: a remark in
// parentheses, or the party that gave one of several numbers.
func isCase(rest string) bool {
	return strings.HasPrefix(rest, " (") || strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, " from ")
}

// cutWord cuts s after the letters and digits at its start, and lowers them.
func cutWord(s string) (word, rest string) {
	end := strings.IndexFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	})
	if end < 0 {
		end = len(s)
	}
	return strings.ToLower(s[:end]), s[end:]
}
