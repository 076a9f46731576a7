package logtext

import (
	"maps"
	"slices"
)

const (
	// reach is the number of lines around one that is certainly about provisioning in which generic
	// words such as "connection refused" are taken to be about it as well.
	reach = 40

	// maxStreams bounds the number of programs that are distinguished.
	maxStreams = 256

	// maxPending bounds the records that wait for a line that shows whether they matter.
	maxPending = 200
)

// stream is what one program wrote, if the text contains the logs of several.
type stream struct {
	name       string // "" for lines without the name of a program
	anchored   bool   // some line of it is certainly about provisioning
	lastAnchor int    // the last such line
	phase      Phase
	date       date     // of the last dated line
	pending    []record // generic words that wait for an anchor
	body       *openBody
	behind     int // days the device's clock is behind that of the service
	compared   bool
	way        attempt // of the registrations that this program reports
}

// streamNamed returns the stream of a program.
func (r *pass) streamNamed(name []byte) *stream {
	if s, known := r.streams[string(name)]; known {
		return s
	}
	if len(r.streams) >= maxStreams {
		name = []byte("\x00others")
		if s, known := r.streams[string(name)]; known {
			return s
		}
	}
	s := &stream{name: string(name)}
	r.streams[s.name] = s
	return s
}

// byName returns the streams in the order of their names.
func (r *pass) byName() []*stream {
	list := make([]*stream, 0, len(r.streams))
	for _, name := range slices.Sorted(maps.Keys(r.streams)) {
		list = append(list, r.streams[name])
	}
	return list
}

// near reports whether a line is shortly after one that is certainly about provisioning.
func (s *stream) near(line int) bool { return s.lastAnchor > 0 && line-s.lastAnchor <= reach }

// event updates the phase of the device.
func (s *stream) event(value string) {
	switch value {
	case EventBegun:
		s.phase = PhaseRegister
	case EventConnected, EventAssigning:
		if s.phase == PhaseUnknown {
			s.phase = PhaseRegister
		}
	case EventAssigned:
		s.phase = PhaseAssigned
	}
}

// anchor notes that the line is certainly about provisioning, and adds the records that waited for
// that.
func (r *pass) anchor() {
	s := r.current
	s.anchored, s.lastAnchor = true, r.line
	r.anchors++
	for _, rec := range s.pending {
		if s.name != "" || r.line-rec.place.Line <= reach {
			r.commit(rec)
		} else {
			r.drop(rec)
		}
	}
	s.pending = s.pending[:0]
}

// clock is the date by the clock of the program that wrote the line.
func (r *pass) clockOf(s *stream) Clock {
	c := Clock{Year: s.date.year, Behind: s.behind, Known: s.compared}
	if ahead, ok := r.today.daysUntil(s.date); ok {
		c.Future = ahead > 2
	} else {
		c.Future = s.date.year > r.today.year
	}
	return c
}
