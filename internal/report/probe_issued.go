package report

import (
	"time"

	"dpsdiag/internal/probe"
)

// drawIssued draws the certificate that the service issued, if it did: that of the first run
// with one.
func (d *Probe) drawIssued(p *page) {
	for i := range d.Runs {
		if text := d.Runs[i].issued(); text != "" {
			p.clip(shortDetail, text, span{"  ", plain}, span{"certificate ", faint})
			return
		}
	}
}

// issued says in one line what was issued, "" for nothing.
func (r *Run) issued() string {
	s := r.stage(probe.StageAssign)
	if s.Facts["issued-chain"] == "" {
		return ""
	}
	text := s.Facts["issued-key"]
	switch s.Facts["issued-key-fits"] {
	case "yes":
		text += " as requested"
	case "no":
		text += ", another key than requested"
	}
	if until, err := time.Parse(time.RFC3339, s.Facts["issued-not-after"]); err == nil {
		text += ", valid until " + until.Format(time.DateOnly)
	}
	return text + "; " + s.Facts["issued-chain"]
}
