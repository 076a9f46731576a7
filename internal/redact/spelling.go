package redact

import (
	"html"
	"slices"
	"strconv"
	"strings"
)

// escapes are the first bytes of the escapes that a spelled text may have: of URLs, HTML and JSON.
const escapes = `%&\`

// Hide replaces secrets in a text, however their characters are escaped there: percent-encoded, once or more
// often, as character references of HTML, or as \u and two hexadecimal digits of JSON.
func Hide(text string, secrets ...string) string {
	plain, at := unescaped(text)
	var hidden [][2]int // in the text
	for _, secret := range secrets {
		secret, _ = unescaped(secret)
		for from := 0; secret != ""; {
			i := strings.Index(plain[from:], secret)
			if i < 0 {
				break
			}
			hidden = append(hidden, [2]int{at[from+i], at[from+i+len(secret)]})
			from += i + len(secret)
		}
	}
	slices.SortFunc(hidden, func(a, b [2]int) int { return a[0] - b[0] })
	var out strings.Builder
	end := 0
	for _, h := range hidden {
		if h[0] >= end {
			out.WriteString(text[end:h[0]] + Mark)
		}
		end = max(end, h[1])
	}
	return out.String() + text[end:]
}

// unescaped returns a text without escapes, and where each byte of it, and its end, is in the text. An
// escape may be inside of others.
func unescaped(text string) (plain string, at []int) {
	const layers = 4
	plain, at = unescapedOnce(text)
	for range layers - 1 {
		if !strings.ContainsAny(plain, escapes) {
			break
		}
		next, in := unescapedOnce(plain)
		if next == plain {
			break
		}
		for i := range in {
			in[i] = at[in[i]]
		}
		plain, at = next, in
	}
	return plain, at
}

func unescapedOnce(text string) (plain string, at []int) {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := text[i:i+1], 1
		if strings.IndexByte(escapes, text[i]) >= 0 {
			r, size = unescape(text[i:])
		}
		for range len(r) {
			at = append(at, i)
		}
		b.WriteString(r)
		i += size
	}
	return b.String(), append(at, len(text))
}

// unescape returns what the escape at the beginning of a text stands for, and its size. Other text stands for
// its first byte.
func unescape(text string) (plain string, size int) {
	switch text[0] {
	case '%':
		rest := text[1:]
		for strings.HasPrefix(rest, "25") {
			rest = rest[len("25"):]
		}
		if n, ok := hexadecimal(rest, 2); ok {
			return string([]byte{byte(n)}), len(text) - len(rest) + 2
		}
	case '&':
		const longest = 10 // as in &#x0000002b;
		if end := strings.IndexByte(text[:min(len(text), longest)], ';'); end > 0 {
			if plain := html.UnescapeString(text[:end+1]); plain != text[:end+1] {
				return plain, end + 1
			}
		}
	case '\\':
		if n, ok := hexadecimal(strings.TrimPrefix(text, `\u`), 4); ok && strings.HasPrefix(text, `\u`) {
			return string(rune(n)), len(`\u0000`)
		}
		if len(text) > 1 && strings.IndexByte(`"\/`, text[1]) >= 0 {
			return text[1:2], 2
		}
	}
	return text[:1], 1
}

// hexadecimal is the number in the first digits of a text.
func hexadecimal(text string, digits int) (n uint64, ok bool) {
	if len(text) < digits {
		return 0, false
	}
	n, err := strconv.ParseUint(text[:digits], 16, 32)
	return n, err == nil
}

// spelled hides secrets whose characters are escaped in a text.
func (r *Redactor) spelled(text string) string {
	if !strings.ContainsAny(text, escapes) {
		return text
	}
	plain, _ := unescaped(text)
	if !r.mayRepeat(plain) {
		return text
	}
	return cutSpelled(Hide(text, r.secrets...), r.secrets)
}

// cutSpelled replaces the beginning of a secret at the end of a text.
func cutSpelled(text string, secrets []string) string {
	plain, at := unescaped(text)
	for _, secret := range secrets {
		secret, _ = unescaped(secret)
		if len(secret) < leastSecret {
			continue
		}
		if shown := cutShort(plain, secret); shown != plain {
			return text[:at[len(shown)-len(Mark)]] + Mark
		}
	}
	return text
}
