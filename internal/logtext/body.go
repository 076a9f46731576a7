package logtext

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"dpsdiag/internal/codes"
)

// bodyReach is the number of lines over which the parts of one answer may be spread.
const bodyReach = 12

// openBody is an answer of which more parts may follow.
type openBody struct {
	Body
	last int // line of its last part
}

// readErrorCode reads a code: "errorCode": 401002, Error code: 401002, errorcode: IH400053.
func (r *pass) readErrorCode(h hit) {
	code, ok := cutDigits(r.after(h), 6)
	if !ok || code < 400_000 || code > 599_999 {
		r.readControlPlane(h)
		return
	}
	r.readCode(h, code)
	b := r.openBody(h, func(b *openBody) bool {
		return b.Code != 0 && b.Code != code || b.Code == 0 && b.Message != "" && b.last < r.line
	})
	b.Code = code
	b.Shape = cmp.Or(b.Shape, ShapeDPS)
	if r.reads(h, dotNetError) {
		b.Message = cmp.Or(b.Message, dotNetMessage(r.after(h)))
	}
}

// dotNetError begins the line in which the .NET SDK summarises an answer: "Service Error: 401002 -
// Invalid certificate. (TrackingID: ... Time: ...)". Source: azure-iot-sdk-csharp
// provisioning/device/src/ProvisioningErrorDetails.cs.
const dotNetError = "service error"

// dotNetMessage is the message in such a line, after its code.
func dotNetMessage(rest []byte) string {
	_, message, found := bytes.Cut(rest, []byte(" - "))
	if !found {
		return ""
	}
	message, _, _ = bytes.Cut(message, []byte(" (TrackingID:"))
	return cut(message)
}

func (r *pass) readTrackingID(h hit) {
	id := cutToken(r.after(h))
	if !isTrackingID(id) {
		return
	}
	r.addID(&r.found.IDs.TrackingIDs, id)
	r.openBody(h, func(b *openBody) bool { return b.TrackingID != "" && b.TrackingID != id }).TrackingID = id
}

func (r *pass) readMessage(h hit) {
	if text := quotedText(r.text[h.end:]); text != "" {
		r.openBody(h, func(b *openBody) bool { return b.Message != "" && b.Message != text }).Message = text
	}
}

// readHubError reads the name that a hub gives to an error. Inside an answer of DPS it is what the hub
// told DPS.
func (r *pass) readHubError(h hit) {
	b := r.openBody(h, func(b *openBody) bool { return b.Shape == ShapeHub })
	b.Shape = ShapeHub
	quoted := slices.ContainsFunc([]string{"errormessage", "provisioning failure", "caused by", "msg:"}, func(words string) bool {
		return indexFold(r.text[:h.start], words) >= 0
	})
	if quoted || r.inDPSBody() {
		b.Shape = ShapeHubInDPS
	}
}

// inDPSBody reports whether the open answer began as one of DPS.
func (r *pass) inDPSBody() bool {
	b := r.current.body
	return b != nil && (b.Code >= 400200 && b.Code < 400300 || b.Status == "failed")
}

// openBody returns the answer that the line belongs to: the open one, unless it is too far back or has
// another value for the same member.
func (r *pass) openBody(h hit, isOther func(*openBody) bool) *openBody {
	s := r.current
	if s.body != nil && (r.line-s.body.last > bodyReach || r.beginsObject(h) || isOther(s.body)) {
		s.closeBody(r)
	}
	if s.body == nil {
		s.body = &openBody{Body: Body{Place: r.place()}}
	}
	s.body.last = r.line
	return s.body
}

// beginsObject reports whether a part belongs to an object that begins on this line, while the open
// answer began on earlier lines.
func (r *pass) beginsObject(h hit) bool {
	b := r.current.body
	return b.last < r.line && (b.Code != 0 || b.Shape != "") && bytes.IndexByte(r.text[:h.start+1], '{') >= 0
}

// expire closes an answer that is too far back.
func (s *stream) expire(r *pass) {
	if s.body != nil && r.line-s.body.last > bodyReach {
		s.closeBody(r)
	}
}

// closeBody records a complete answer.
func (s *stream) closeBody(r *pass) {
	b := s.body
	s.body = nil
	if b == nil || b.Code == 0 && b.Shape == "" {
		return
	}
	if len(r.found.Bodies) < maxBodies {
		shown := b.Body
		shown.Message = redact(shown.Message)
		r.found.Bodies = append(r.found.Bodies, shown)
	}
	first, last := b.Place.Line, b.last
	if b.Code != 0 && b.Message != "" && b.Shape != ShapeHub {
		s.noteCase(r, b)
	}
	for i := range r.found.Matches {
		m := &r.found.Matches[i]
		if b.TrackingID != "" && m.on(first, last) && len(m.TrackingIDs) < maxTrackingID && !slices.Contains(m.TrackingIDs, b.TrackingID) {
			m.TrackingIDs = append(m.TrackingIDs, b.TrackingID)
		}
	}
}

// noteCase notes the entry for the message of an answer, if the words alone did not match it.
func (s *stream) noteCase(r *pass, b *openBody) {
	if s.phase == PhaseAssigned {
		return
	}
	entry := r.caseOf(b.Code, b.Message)
	if entry == nil {
		return
	}
	if i, known := r.matches[entry]; known && r.found.Matches[i].on(b.Place.Line, b.last) {
		r.found.Matches[i].LastResort = false
		return
	}
	r.commit(record{entry: entry, place: b.Place, text: b.Message, phrase: b.Message, phase: s.phase, clock: r.clockOf(s)})
}

// reply is the content of an answer.
type reply struct {
	code    int
	message string
}

// maxReplies bounds the memory for answers that were looked up.
const maxReplies = 200

// caseOf is the entry for the message of an answer, nil if its code says as much. Answers repeat, so
// each is looked up once.
func (r *pass) caseOf(code int, message string) *codes.Entry {
	key := reply{code, message}
	entry, known := r.replies[key]
	if known {
		return entry
	}
	if entries := codes.ForReply(0, code, message); len(entries) > 0 && strings.Contains(entries[0].Code, "(") {
		entry = entries[0]
	}
	if len(r.replies) < maxReplies {
		r.replies[key] = entry
	}
	return entry
}

// readControlPlane reads a code of Azure Resource Manager, such as IH400059.
func (r *pass) readControlPlane(h hit) {
	rest := r.after(h)
	if len(rest) < 8 || !hasPrefixFold(rest, "ih") {
		return
	}
	code, ok := cutDigits(rest[2:], 6)
	if !ok {
		return
	}
	r.fact(KindSign, SignManagement)
	if !r.covered(hit{start: len(r.text) - len(rest), end: len(r.text) - len(rest) + 8}) {
		if entry := r.words.byNumber.ofStatus(code / 1000); entry != nil {
			r.note(r.upTo(h, cutToken(rest)), entry)
		}
	}
}

// readStatus reads the status of a registration, or of HTTP.
func (r *pass) readStatus(h hit) {
	value := strings.ToLower(cutToken(r.after(h)))
	switch value {
	case "unassigned", "assigning", "assigned", "failed", "disabled":
		b := r.openBody(h, func(*openBody) bool { return false })
		b.Status = value
	default:
		if r.reads(h, "status") {
			if _, ok := cutDigits(r.after(h), 3); ok {
				r.readHTTPStatus(h)
			}
		}
	}
}

// quotedText returns the value after the name of a member: the text in quotes, or the rest of the line
// if it has none. A value that is itself an object is not a text.
func quotedText(rest []byte) string {
	if len(rest) > 1 && (rest[0] == '"' || rest[0] == '\'') && (rest[1] == ':' || rest[1] == ' ') {
		rest = rest[1:] // the quote that ends the name
	}
	rest = bytes.TrimLeft(rest, " :=")
	if len(rest) == 0 || rest[0] == '{' || rest[0] == '<' {
		return ""
	}
	if q := rest[0]; q == '"' || q == '\'' {
		rest = rest[1:]
		if end := bytes.IndexByte(rest, q); end >= 0 {
			rest = rest[:end]
		}
	}
	return cut(rest)
}

// isTrackingID reports whether a text looks like the id of a request: hexadecimal digits in
// groups, sometimes with the part and the time that a hub adds.
func isTrackingID(id string) bool {
	if len(id) < 8 || len(id) > 120 {
		return false
	}
	head, _, _ := strings.Cut(id, ":")
	head = strings.TrimSuffix(head, "-TimeStamp")
	digits := 0
	for i := range len(head) {
		switch c := head[i]; {
		case c == '-' || c == '_':
		case isDigit(c):
			digits++
		default:
			if _, ok := hexDigit(c); !ok && c != 'G' {
				return false
			}
		}
	}
	return digits >= 2
}

// readServerTime compares the time that the service gave with that of the line.
func (r *pass) readServerTime(h hit) {
	rest := r.after(h)
	if len(rest) < len("2024-05-01T08:00:00") {
		return
	}
	service := yearFirst(rest, 0, 4)
	if days, ok := r.current.date.daysUntil(service); ok && service != (date{}) && days != 0 && (days < -2 || days > 2) {
		r.current.behind, r.current.compared = days, true
	}
}
