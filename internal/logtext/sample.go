package logtext

import (
	"bytes"
	"slices"
)

// The bounds of a sample, in lines, and of one line of it, in bytes.
const (
	sampleBegin = 200
	sampleLast  = 200
	sampleWidth = 2000
)

// sample is the part of a text that is read word by word: its first lines, and of the rest the last
// ones that contain something known or mention a fault.
type sample struct {
	lines []Line
	last  []Line // a ring, once it is full
	next  int    // the oldest line of the ring
}

// takes reports whether the next line belongs into the sample.
func (s *sample) takes(telling bool) bool { return len(s.lines) < sampleBegin || telling }

// add takes a line into the sample, unless it is empty. The text is not redacted.
func (s *sample) add(place Place, text []byte) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return
	}
	line := Line{place, string(text[:min(len(text), sampleWidth)])}
	switch {
	case len(s.lines) < sampleBegin:
		s.lines = append(s.lines, line)
	case len(s.last) < sampleLast:
		s.last = append(s.last, line)
	default:
		s.last[s.next] = line
		s.next = (s.next + 1) % sampleLast
	}
}

// all returns the lines in the order of the text.
func (s *sample) all() []Line {
	return slices.Concat(s.lines, s.last[s.next:], s.last[:s.next])
}

// Quote is a line of [Findings.Sample] in a form that can be shown: not too long, and
// without secrets.
func Quote(text string) string { return excerpt([]byte(text)) }
