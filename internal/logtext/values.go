package logtext

import (
	"bytes"
	"strconv"
	"strings"
)

// maxValue is the longest value that is read, in bytes.
const maxValue = 512

// readValues reads the values after the names in the line.
func (r *pass) readValues() {
	var last hit
	for _, h := range r.longestKeys() {
		if h.start < last.end {
			continue // "errorcode" holds "code"
		}
		last = h
		if end := r.readValue(h); end > last.end {
			last.end = end // a connection string holds names, too
		}
	}
}

// longestKeys returns the hits that are names, without those that a later, longer name contains.
func (r *pass) longestKeys() []hit {
	var found []hit
	for _, h := range r.hits {
		if h.key == keyNone {
			continue
		}
		for len(found) > 0 && found[len(found)-1].start >= h.start {
			found = found[:len(found)-1]
		}
		found = append(found, h)
	}
	return found
}

// readValue reads the value after a name and returns where it ends, if nothing in it should be read
// again.
func (r *pass) readValue(h hit) (end int) {
	if h.key.meaning() != "" {
		return r.readSetting(h)
	}
	r.readIdentity(h)
	r.readAnswer(h)
	return 0
}

// readIdentity reads names and addresses of devices and services.
func (r *pass) readIdentity(h hit) {
	switch h.key {
	case keyRegistrationPath:
		r.readRegistrationPath(h)
	case keyHubHost, keyDPSHost:
		r.readHost(h)
	case keyAPIVersion:
		if version := cutToken(r.after(h)); len(version) >= len("2019-03-31") && isDigit(version[0]) {
			r.addID(&r.found.IDs.APIVersions, version)
		}
	case keyCommonName:
		r.readCommonName(h)
	case keyEdgeRelease, keyEFLOWRelease, keyDaemonRelease:
		r.readRelease(h)
	}
}

// readAnswer reads what a service, a function or a library answered.
func (r *pass) readAnswer(h hit) {
	switch h.key {
	case keyErrorCode:
		r.readErrorCode(h)
	case keyTrackingID:
		r.readTrackingID(h)
	case keyMessage:
		r.readMessage(h)
	case keyStatus:
		r.readStatus(h)
	case keyServerTime:
		r.readServerTime(h)
	case keyBareCode:
		r.readBareCode(h)
	case keyHubError:
		r.readHubError(h)
	case keyHTTPStatus:
		r.readHTTPStatus(h)
	case keyWebhookStatus:
		if status, ok := cutDigits(r.after(h), 3); ok {
			r.fact(KindWebhook, strconv.Itoa(status))
		}
	case keyConnack:
		r.readConnack(h)
	case keyTLSStack:
		r.readTLSStack(h)
	default:
		if h.key >= keyErrno {
			r.readFamilyNumber(h)
		}
	}
}

// after is the text after a name, without the signs before its value.
func (r *pass) after(h hit) []byte {
	rest := r.text[h.end:min(len(r.text), h.end+maxValue)]
	return bytes.TrimLeft(rest, " \"':=[(\t")
}

// cutToken returns the first word of text: up to a space or a sign that ends a value.
func cutToken(text []byte) string {
	end := bytes.IndexAny(text, " \"',;&)]}<>|\t")
	if end < 0 {
		end = len(text)
	}
	return strings.TrimRight(string(text[:end]), ".:")
}

// cutDigits returns the number at the start of text, if it has exactly that many digits.
func cutDigits(text []byte, count int) (n int, ok bool) {
	end := 0
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	if end != count || end < len(text) && isWordByte(text[end]) {
		return 0, false
	}
	return number(text[:end]), true
}

// indexFold is the offset of a lower-case name in text, ignoring letter case; -1 if it is not there.
func indexFold(text []byte, name string) int {
	for i := 0; i+len(name) <= len(text); i++ {
		if hasPrefixFold(text[i:], name) {
			return i
		}
	}
	return -1
}

// hasPrefixFold reports whether text begins with a lower-case name, ignoring letter case.
func hasPrefixFold(text []byte, name string) bool {
	for i := range len(name) {
		if lowerASCII(rune(text[i])) != rune(name[i]) {
			return false
		}
	}
	return true
}
