package logtext

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf8"
)

// redact hides what may be a key, a signature, a token or a password: a long run of base64 that is not
// a hexadecimal number, the values after the names of such things, the credentials of an HTTP header, a
// JSON web token, and the password in a URL.
func redact(text string) string { return redactWindow(text, 0, len(text)) }

// redactWindow is text[start:end] without the secrets of text. What is before the window tells more
// about its beginning: the name of a secret may be there.
func redactWindow(text string, start, end int) string {
	var out strings.Builder
	at := start
	for _, s := range secretSpans(text) {
		if s.end <= at || s.start >= end {
			continue
		}
		out.WriteString(text[at:max(at, s.start)])
		out.WriteString(hidden)
		at = min(s.end, end)
	}
	out.WriteString(text[at:end])
	return out.String()
}

const (
	// minSecret is the length in base64 from which a text may be a key: 32 bytes have 43
	// characters and one or two equals signs.
	minSecret = 40
	// minPadded is that of a text that ends with equals signs: 16 bytes have 22 characters.
	minPadded = 24
	// minToken is the length of a token in a header: no word after "Bearer" is as long.
	minToken = 16

	hidden = "[hidden]"
)

// span is text[start:end].
type span struct{ start, end int }

// secretSpans are the places of secrets in a text, in order and apart from each other.
func secretSpans(text string) []span {
	named := merged(slices.Concat(namedSecrets(text), headerSecrets(text), webTokens(text), urlPasswords(text)))
	spans, from := named, 0
	for _, s := range append(named, span{len(text), len(text)}) {
		spans = append(spans, keysBetween(text, from, s.start)...)
		from = s.end
	}
	return merged(spans)
}

// merged sorts spans and joins those that overlap.
func merged(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(a.start-b.start, a.end-b.end) })
	joined := spans[:0]
	for _, s := range spans {
		if n := len(joined); n > 0 && s.start < joined[n-1].end {
			joined[n-1].end = max(joined[n-1].end, s.end)
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

// keysBetween are the runs of base64 in text[from:to] that may be keys.
func keysBetween(text string, from, to int) []span {
	var spans []span
	for i := from; i < to; {
		end := i
		for end < to && isBase64(text[end]) {
			end++
		}
		if isKey(text[i:end], text[end:]) {
			spans = append(spans, span{i, end})
		}
		i = max(end, i+1)
	}
	return spans
}

// beforeSecret is where text is cut: at end, or at the start of a key or token that goes on there.
func beforeSecret(text []byte, end int) int {
	start, stop := end, end
	for start > 0 && isTokenByte(text[start-1]) {
		start--
	}
	for stop < len(text) && stop < end+maxValue && isTokenByte(text[stop]) {
		stop++
	}
	start = max(0, start-len("Authorization: Bearer "))
	for _, s := range secretSpans(string(text[start:min(len(text), stop+len("%3D"))])) {
		if start+s.start < end && end < start+s.end {
			return start + s.start
		}
	}
	return end
}

// isKey reports whether a run of base64 may be a key; rest is what follows it.
func isKey(run, rest string) bool {
	body := strings.TrimRight(run, "=")
	if sign, _ := escapedSign(rest); sign == '=' {
		body, run = run, run+"="
	}
	switch {
	case isHex(run):
		return false
	case len(run) >= minSecret:
		return true
	}
	return len(run) >= minPadded && len(body) < len(run) && strings.IndexByte(body, '=') < 0 && strings.ContainsAny(body, "0123456789") &&
		strings.ContainsFunc(body, func(r rune) bool { return r >= 'A' && r <= 'Z' }) && strings.ContainsFunc(body, func(r rune) bool { return r >= 'a' && r <= 'z' })
}

// secretNames are the names that have a secret after them, in lower case.
func secretNames() []string {
	return []string{
		"sig", "sharedaccesskey", "accountkey", "password", "passphrase", "pass_phrase", "pass phrase", "pwd", "secret", "symmetric_key", "symmetrickey", "symmetric-key",
		"symmkey", "primary_key", "primarykey", "primary-key", "secondarykey", "secondary_key", "secondary-key", "device_key", "devicekey", "group_key", "groupkey",
		"master_key", "masterkey", "sas_key", "signing_key", "signingkey", "functions-key", "authenticationkey", "accesskey", "access_key", "api_key", "apikey", "api-key",
		"access_token", "accesstoken", "sas_token", "sastoken", "--key", "--group-key", "--pass",
	}
}

// namedSecrets are the values of names that hold secrets.
func namedSecrets(text string) []span {
	var spans []span
	lower := lowered(text)
	for _, name := range secretNames() {
		for from := 0; ; {
			i := strings.Index(lower[from:], name)
			if i < 0 {
				break
			}
			from += i + len(name)
			if s, ok := secretAfter(text, from, strings.HasPrefix(name, "--")); ok {
				spans = append(spans, s)
			}
		}
	}
	return spans
}

// lowered is text with its ASCII letters in lower case, of the same length.
func lowered(text string) string {
	lower := []byte(text)
	for i, b := range lower {
		if b >= 'A' && b <= 'Z' {
			lower[i] = b + 'a' - 'A'
		}
	}
	return string(lower)
}

// secretAfter returns the span of the value that is assigned after a name; ok is false if the name is
// only mentioned, or refers to a file, a placeholder or an object with other names. After the name of a
// flag a space is enough.
func secretAfter(text string, from int, flag bool) (s span, ok bool) {
	start, signs := skipSigns(text, from)
	if !assigns(signs) && (!flag || !strings.HasPrefix(signs, " ")) {
		return span{}, false
	}
	end := valueEnd(text, start, signs)
	if strings.Contains(signs, "{") { // symmetric_key = { value = "..." }, "symmetricKey": {"primaryKey": "..."}
		if next, more := skipSigns(text, end); strings.ContainsAny(more, "=:") {
			if inner := text[start:end]; inner != "value" && inner != "uri" {
				return span{}, false
			}
			start, end = next, valueEnd(text, next, more)
		}
	}
	value := text[start:end]
	if value == "" || strings.HasPrefix(value, hidden) || strings.Contains(value, "://") || flag && (value == "-" || isPlaceholder(value)) {
		return span{}, false
	}
	return span{start, end}, true
}

// assigns reports whether the signs after a name say that a value follows: name = value, "name": "value",
// name "value" or <name>value.
func assigns(signs string) bool {
	return strings.ContainsAny(signs, "=:") || strings.HasSuffix(signs, `"`) || strings.HasPrefix(signs, ">")
}

// skipSigns passes over the signs between a name and its value, which may be percent-encoded, and
// returns them as they are without that. The b of a quoted text of Python is one of them.
func skipSigns(text string, from int) (start int, signs string) {
	var passed []byte
	for start = from; start < len(text); {
		if b := text[start]; strings.IndexByte(" =:\"'{>", b) >= 0 {
			passed = append(passed, b)
			start++
			continue
		}
		rest := text[start:]
		if strings.HasPrefix(rest, `\"`) {
			passed = append(passed, '\\', '"')
			start += len(`\"`)
			continue
		}
		if len(passed) > 0 && (strings.HasPrefix(rest, "b'") || strings.HasPrefix(rest, `b"`)) {
			start++
			continue
		}
		sign, size := escapedSign(rest)
		if strings.IndexByte(" =:\"'{>", sign) < 0 {
			break
		}
		passed = append(passed, sign)
		start += size
	}
	return start, string(passed)
}

// escapedSign is the sign that a text begins with if it is percent-encoded, once or more often, and the
// length of its code; 0 if there is none.
func escapedSign(text string) (sign byte, size int) {
	rest, ok := strings.CutPrefix(text, "%")
	for ok && strings.HasPrefix(rest, "25") {
		rest = rest[len("25"):]
	}
	if !ok || len(rest) < 2 {
		return 0, 0
	}
	high, first := hexDigit(rest[0])
	low, second := hexDigit(rest[1])
	if !first || !second {
		return 0, 0
	}
	return high<<4 | low, len(text) - len(rest) + 2
}

// valueEnd is the end of a value that begins at start, after these signs: where its quotes are closed,
// or else before the first sign that ends a word.
func valueEnd(text string, start int, signs string) int {
	quote := signs[max(0, len(signs)-1):]
	if strings.HasSuffix(signs, `\"`) {
		quote = `\"`
	}
	if strings.ContainsAny(quote, `"'`) {
		for end := start; end < len(text); end++ {
			switch {
			case strings.HasPrefix(text[end:], quote):
				return end
			case text[end] == '\\':
				end++
			}
		}
	}
	for end := start; end < len(text); end++ {
		sign, _ := escapedSign(text[end:])
		if strings.IndexByte(" \"'&;,|}])<", text[end]) >= 0 || sign != 0 && strings.IndexByte("\"&;}", sign) >= 0 {
			return end
		}
	}
	return len(text)
}

// headerSecrets are the credentials after the names of HTTP schemes.
func headerSecrets(text string) []span {
	var spans []span
	lower := lowered(text)
	for scheme, is := range map[string]func(string) bool{"basic": isBasic, "bearer": isBearer} {
		for from := 0; ; {
			i := strings.Index(lower[from:], scheme)
			if i < 0 {
				break
			}
			from += i + len(scheme)
			start, _ := skipSigns(text, from)
			end := start
			for end < len(text) && isTokenByte(text[end]) {
				end++
			}
			if start > from && is(text[start:end]) {
				spans = append(spans, span{start, end})
			}
		}
	}
	return spans
}

// isBasic reports whether a word is a user name and a password (RFC 7617).
func isBasic(word string) bool {
	pair, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(word, "="))
	return err == nil && bytes.IndexByte(pair, ':') >= 0 && !bytes.ContainsFunc(pair, func(r rune) bool { return r < ' ' || r == utf8.RuneError })
}

func isBearer(word string) bool {
	return len(word) >= minToken && strings.ContainsAny(word, "0123456789")
}

// isTokenByte reports whether a byte can be part of a bearer token (RFC 6750, 2.1).
func isTokenByte(b byte) bool { return isBase64(b) || strings.IndexByte("-._~", b) >= 0 }

// webTokens are the JSON web tokens in a text: base64 of an object at the beginning.
func webTokens(text string) []span {
	var spans []span
	for from := 0; ; {
		i := strings.Index(text[from:], `eyJ`)
		if i < 0 {
			return spans
		}
		start := from + i
		from = start + 1
		for from < len(text) && isTokenByte(text[from]) {
			from++
		}
		if from-start >= minPadded && (start == 0 || !isBase64(text[start-1]) || text[start-1] == '=') {
			spans = append(spans, span{start, from})
		}
	}
}

// urlPasswords are the passwords of URLs, as in http://user:password@host, and the keys of functions in
// their queries.
func urlPasswords(text string) []span {
	var spans []span
	for from := 0; ; {
		i := strings.Index(text[from:], "://")
		if i < 0 {
			return spans
		}
		from += i + len("://")
		authority := text[from:]
		if end := strings.IndexAny(authority, " \t/\"'<>"); end >= 0 {
			authority = authority[:end]
		}
		at := strings.LastIndexByte(authority, '@')
		if colon := strings.IndexByte(authority, ':'); colon >= 0 && colon+1 < at {
			spans = append(spans, span{from + colon + 1, from + at})
		}
		spans = append(spans, functionKeys(text, from)...)
	}
}

// functionKeys are the keys in the query of the URL of a function, such as a webhook. A code that is a
// number is an error.
func functionKeys(text string, from int) []span {
	end := len(text)
	if i := strings.IndexAny(text[from:], " \t\"'<>"); i >= 0 {
		end = from + i
	}
	var spans []span
	for _, name := range [...]string{"?code=", "&code="} {
		if i := strings.Index(text[from:end], name); i >= 0 {
			start := from + i + len(name)
			stop := start
			for stop < end && text[stop] != '&' && text[stop] != '#' {
				stop++
			}
			if strings.Trim(text[start:stop], "0123456789") != "" {
				spans = append(spans, span{start, stop})
			}
		}
	}
	return spans
}

func isBase64(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || isDigit(b) || b == '+' || b == '/' || b == '='
}

func isHex(text string) bool {
	for i := range len(text) {
		if _, ok := hexDigit(text[i]); !ok {
			return false
		}
	}
	return true
}
