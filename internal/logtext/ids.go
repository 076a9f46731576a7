package logtext

import (
	"bytes"
	"strings"
	"unicode"
)

// maxIDLength is the longest text that is accepted as an id.
const maxIDLength = 160

// addID notes an id, unless it cannot be one.
func (r *pass) addID(list *[]ID, value string) {
	if value == "" || len(value) > maxIDLength || isPlaceholder(value) || isRedacted(value) {
		return
	}
	if strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) || c == ' ' || c == '\\' }) {
		return
	}
	*list = addID(*list, ID{value, r.place()})
}

// readRegistrationPath reads {scope}/registrations/{id}, as in request paths, user names, link
// addresses and SAS tokens.
func (r *pass) readRegistrationPath(h hit) {
	start := h.start
	for start > 0 && isIDByte(r.text[start-1]) {
		start--
	}
	if start > 0 && r.text[start-1] == '$' {
		return // a topic of MQTT: $dps/registrations/PUT/...
	}
	r.addScope(string(r.text[start:h.start]))
	rest := r.text[h.end:]
	end := 0
	for end < len(rest) && isIDByte(rest[end]) {
		end++
	}
	if end == 0 {
		if len(rest) > 0 && bytes.IndexByte([]byte(`'"/ `), rest[0]) >= 0 && start < h.start {
			r.fact(KindSign, SignEmptyID)
		}
		return
	}
	r.addID(&r.found.IDs.RegistrationIDs, string(rest[:end]))
}

// addScope notes an id scope, if value looks like one: letters and digits that begin with a digit.
func (r *pass) addScope(value string) {
	if len(value) >= 6 && len(value) <= 20 && isDigit(value[0]) && !strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
		r.addID(&r.found.IDs.Scopes, value)
	}
}

// readHost reads the name of a hub or of a provisioning endpoint; h is its domain.
func (r *pass) readHost(h hit) {
	start := h.start
	for start > 0 && (isWordByte(r.text[start-1]) || r.text[start-1] == '-' || r.text[start-1] == '.') {
		start--
	}
	host := strings.ToLower(string(r.text[start:h.end]))
	if start == h.start {
		return
	}
	if h.key == keyHubHost {
		r.addID(&r.found.IDs.Hubs, host)
		return
	}
	r.addID(&r.found.IDs.Endpoints, host)
}

// readCommonName reads the common name of a certificate's subject.
func (r *pass) readCommonName(h hit) {
	if !r.reads(h, "cn=") && !r.reads(h, "cn =") || !r.relevant() {
		return
	}
	value := bytes.TrimLeft(r.text[h.end:min(len(r.text), h.end+maxValue)], " ")
	end := bytes.IndexAny(value, ",/'\"+;)")
	if end < 0 {
		end = len(value)
	}
	r.addID(&r.found.IDs.CommonNames, strings.TrimSpace(string(value[:end])))
}

func isIDByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || isDigit(b) || b == '-' || b == '_' || b == '.' || b == ':'
}

// isRedacted reports whether somebody hid a value before showing the text.
func isRedacted(value string) bool {
	lower := strings.ToLower(value)
	if strings.Trim(lower, "*x.…-_#") == "" {
		return true
	}
	for _, word := range [...]string{"redacted", "hidden", "removed", "masked", "omitted", "secret", "***", "xxxx", "[hidden]"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}

// isPlaceholder reports whether a value is a placeholder of a template.
func isPlaceholder(value string) bool {
	lower := strings.ToLower(value)
	if strings.HasPrefix(lower, "<") || strings.HasPrefix(lower, "{") || strings.HasPrefix(lower, "[") || strings.HasPrefix(lower, "$(") {
		return true
	}
	for _, word := range [...]string{"your_", "your-", "yourid", "yourscope", "insert", "_here", "-here", "scope_id_", "registration_id_here", "replace_me", "changeme", "todo"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	switch lower {
	case "scope_id", "id_scope", "registration_id", "symmetric_key", "none", "null", "undefined", "nil", "(null)":
		return true
	}
	return false
}
