package logtext

import "strings"

// redact hides what may be a key, a signature, a token or a password: a long run of base64 that is not
// a hexadecimal number, the values after the names of such things, and the password in a URL.
func redact(text string) string {
	text = redactURLs(redactNamed(text))
	var out strings.Builder
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && isBase64(text[end]) {
			end++
		}
		if end-i >= minSecret && !isHex(text[i:end]) {
			out.WriteString(hidden)
		} else {
			end = max(end, i+1)
			out.WriteString(text[i:end])
		}
		i = end
	}
	return out.String()
}

const (
	// minSecret is the length in base64 from which a text may be a key: 32 bytes have 43
	// characters and one or two equals signs.
	minSecret = 40

	hidden = "[hidden]"
)

// secretNames are the names that have a secret after them, in lower case.
func secretNames() []string {
	return []string{
		"sig", "sharedaccesskey", "password", "passphrase", "pwd", "secret", "symmetric_key", "symmetrickey", "symmetric-key", "symmkey", "primary_key",
		"primarykey", "primary-key", "secondarykey", "secondary_key", "device_key", "devicekey", "group_key", "groupkey", "master_key", "masterkey", "sas_key",
		"authenticationkey", "accesskey", "access_key", "api_key", "apikey",
	}
}

// redactNamed hides the values of names that hold secrets.
func redactNamed(text string) string {
	for _, name := range secretNames() {
		for from := 0; ; {
			i := indexFold([]byte(text[from:]), name)
			if i < 0 {
				break
			}
			from += i + len(name)
			if start, end, ok := secretAfter(text, from); ok {
				text = text[:start] + hidden + text[end:]
			}
		}
	}
	return text
}

// secretAfter returns the span of the value that is assigned after a name; ok is false if the name is
// only mentioned, or refers to a file or a placeholder.
func secretAfter(text string, from int) (start, end int, ok bool) {
	start = from
	for start < len(text) && strings.IndexByte(" =:\"'{>", text[start]) >= 0 {
		start++
	}
	if !strings.ContainsAny(text[from:start], "=:") && !strings.HasSuffix(text[from:start], `"`) {
		return 0, 0, false
	}
	for _, inner := range [...]string{"value", "uri"} { // symmetric_key = { value = "..." }
		if rest, found := strings.CutPrefix(text[start:], inner); found && strings.HasPrefix(strings.TrimLeft(rest, ` "'`), "=") {
			start = len(text) - len(strings.TrimLeft(rest, ` "'=`))
		}
	}
	end = start
	for end < len(text) && strings.IndexByte(" \"'&;,|}])", text[end]) < 0 {
		end++
	}
	value := text[start:end]
	if value == "" || strings.HasPrefix(text[start:], hidden) || strings.Contains(value, "://") || strings.HasPrefix(value, "<") {
		return 0, 0, false
	}
	return start, end, true
}

// redactURLs hides the passwords of URLs, as in http://user:password@host.
func redactURLs(text string) string {
	for from := 0; ; {
		i := strings.Index(text[from:], "://")
		if i < 0 {
			return text
		}
		from += i + len("://")
		authority := text[from:]
		if end := strings.IndexAny(authority, " \t/\"'<>"); end >= 0 {
			authority = authority[:end]
		}
		at := strings.LastIndexByte(authority, '@')
		if colon := strings.IndexByte(authority, ':'); colon >= 0 && colon+1 < at {
			text = text[:from+colon+1] + hidden + text[from+at:]
		}
	}
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
