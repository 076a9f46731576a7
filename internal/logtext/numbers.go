package logtext

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/codes"
)

// readHTTPStatus reads the status after words such as "status code" or "HTTP/1.1".
func (r *pass) readHTTPStatus(h hit) {
	rest := r.after(h)
	if code, ok := cutDigits(rest, 6); ok {
		r.readCode(h, code)
		return
	}
	status, ok := cutDigits(rest, 3)
	if !ok {
		status, ok = statusNamed(cutToken(rest))
	}
	if !ok || r.covered(h) {
		return
	}
	if entry := r.words.byNumber.ofStatus(status); entry != nil {
		r.noteWords(r.upTo(h, cutToken(rest)), entry, !r.lineIsAnchored())
	}
}

// upTo extends a hit to the end of the value after it.
func (r *pass) upTo(h hit, value string) hit {
	if i := bytes.Index(r.text[h.end:], []byte(value)); i >= 0 {
		h.end += i + len(value)
	}
	return h
}

// covered reports whether a hit is part of a message of the catalogue that says more than the number
// in it. A wrapper does not.
func (r *pass) covered(h hit) bool {
	for _, other := range r.hits {
		if other.entry != nil && !other.lastResort && !other.entry.Wrapper && other.start < h.end && h.start < other.end {
			return true
		}
	}
	return false
}

func (r *pass) lineIsAnchored() bool {
	_, anchor := r.weighHits()
	return anchor
}

// statusNamed reads the names that .NET uses for HTTP statuses (System.Net.HttpStatusCode).
func statusNamed(name string) (status int, ok bool) {
	switch strings.ToLower(name) {
	case "badrequest":
		return 400, true
	case "unauthorized":
		return 401, true
	case "forbidden":
		return 403, true
	case "notfound":
		return 404, true
	case "methodnotallowed":
		return 405, true
	case "proxyauthenticationrequired":
		return 407, true
	case "conflict":
		return 409, true
	case "preconditionfailed":
		return 412, true
	case "toomanyrequests":
		return 429, true
	case "internalservererror":
		return 500, true
	case "badgateway":
		return 502, true
	case "serviceunavailable":
		return 503, true
	case "gatewaytimeout":
		return 504, true
	}
	return 0, false
}

// readConnack reads the return code of a refused CONNECT, or a larger number of the client, if the line
// is about MQTT.
func (r *pass) readConnack(h hit) {
	code, written, ok := cutNumber(r.after(h), false)
	if !ok || code < 1 || !r.isAboutMQTT(h) {
		return
	}
	value := r.upTo(h, written)
	if code > 5 {
		if !r.tells(value) {
			r.noteNumber(value, r.clientEntry(code))
		}
		return
	}
	if r.covered(h) || indexFold(r.text[:h.start], "disconnect") >= 0 {
		return // how a connection ended, not how it was refused
	}
	if entry := r.words.byNumber.connack(code); entry != nil {
		r.note(value, entry)
	}
}

// isAboutMQTT reports whether a line speaks of MQTT, or of a refused connection.
func (r *pass) isAboutMQTT(h hit) bool {
	if r.reads(h, "connack") {
		return true
	}
	for _, word := range [...]string{"connack", "mqtt", "paho", "mosquitto", "connection refused", "connection rejected"} {
		if indexFold(r.text, word) >= 0 {
			return true
		}
	}
	return false
}

// clientEntry is the entry of a number above the return codes of MQTT 3.1.1: a reason of MQTT 5, or a
// result of mosquitto or of Paho Python.
func (r *pass) clientEntry(code int) *codes.Entry {
	if entry := r.words.byNumber.ofFamily(numberMQTT5, code); entry != nil {
		return entry
	}
	return r.words.byNumber.ofFamily(numberMosquitto, code)
}

// readTLSStack reads a number of mbedTLS. ESP-IDF writes it without its sign, Zephyr in hexadecimal
// without 0x.
func (r *pass) readTLSStack(h hit) {
	written := cutToken(r.after(h))
	token := strings.TrimLeft(strings.ToLower(written), "-")
	hex, isHexadecimal := strings.CutPrefix(token, "0x")
	var entry *codes.Entry
	if value, err := strconv.ParseUint(token, 10, 16); err == nil && !isHexadecimal {
		entry = r.words.byNumber.ofMbedTLS(int(value))
	}
	if value, err := strconv.ParseUint(hex, 16, 16); err == nil && entry == nil && len(hex) > 1 {
		entry = r.words.byNumber.ofMbedTLS(int(value))
	}
	h = r.upTo(h, written)
	if !r.tells(h) {
		r.noteNumber(h, entry)
	}
}

// readBareCode reads a known six-digit code that has no name before it, as in "failed 401002". Such a
// number may be anything, so it counts only in a line that is about trouble or about provisioning, and not
// in a line of very many words, such as a dump of numbers, whose reading would also take long.
func (r *pass) readBareCode(h hit) {
	const mostHits = 64
	code, ok := cutDigits(r.text[h.start:], 6)
	if !ok || len(r.hits) > mostHits || !standsAlone(r.text, h) || r.covered(h) || r.hasName(h) {
		return
	}
	anchored := r.lineIsAnchored()
	if anchored || levelOf(r.text) == levelError || slices.ContainsFunc(r.hits, r.isTrouble) {
		r.noteWords(h, cmp.Or(r.words.byNumber.dps(code), r.words.byNumber.hub(code)), !anchored)
	}
}

// standsAlone reports whether a number is no part of a longer one, of a path or of an id.
func standsAlone(text []byte, h hit) bool {
	const joins = ".-/\\#%@+"
	before, after := h.start-1, h.end
	if before >= 0 && (isWordByte(text[before]) || strings.IndexByte(joins, text[before]) >= 0) {
		return false
	}
	if after < len(text) && (text[after] == '.' || text[after] == ',') {
		after++ // of a sentence, unless more follows
		return after == len(text) || !isWordByte(text[after])
	}
	return after == len(text) || strings.IndexByte(joins, text[after]) < 0
}

// hasName reports whether the number of a hit is the value of a name, which was read with it.
func (r *pass) hasName(h hit) bool {
	return slices.ContainsFunc(r.hits, func(o hit) bool {
		named := o.key == keyErrorCode || o.key == keyHTTPStatus || o.key == keyWebhookStatus || o.key == keyHubError
		return named && o.end <= h.start && len(bytes.Trim(r.text[o.end:h.start], " \"':=[(\t")) == 0
	})
}

// isTrouble reports whether a hit is an error of the catalogue or a word for a failure.
func (r *pass) isTrouble(h hit) bool {
	return h.entry != nil || h.topics&failureTopics != 0 && !r.countsNothing(h)
}

// readCode notes a six-digit code: the entry of the party that speaks, or the rule for its class if
// the code is not known.
func (r *pass) readCode(h hit, code int) {
	if code < 400_000 || code > 599_999 {
		return
	}
	h = r.upTo(h, strconv.Itoa(code))
	known := r.words.byNumber
	entry := cmp.Or(known.dps(code), known.hub(code))
	if r.hubSpeaks() {
		entry = cmp.Or(known.hub(code), known.dps(code))
	}
	if entry != nil {
		r.note(h, entry)
		return
	}
	if class := known.ofStatus(code / 1000); class != nil {
		r.note(h, class)
		r.note(h, known.family())
	}
}

// hubSpeaks reports whether the line quotes a hub: the device has been assigned, or the line has the
// name of a hub.
func (r *pass) hubSpeaks() bool {
	return r.current.phase == PhaseAssigned || indexFold(r.text, ".azure-devices.") >= 0
}
