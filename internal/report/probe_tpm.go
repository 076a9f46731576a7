package report

import "dpsdiag/internal/probe"

// endorsementKey is a TPM's endorsement key in base64, "" unless it was asked for.
func (d *Probe) endorsementKey() string {
	for _, run := range d.Runs {
		for _, s := range run.Stages {
			if key := s.Facts[probe.FactEndorsementKey]; key != "" {
				return key
			}
		}
	}
	return ""
}

func (d *Probe) drawEndorsementKey(p *page) {
	if key := d.endorsementKey(); key != "" {
		drawEndorsementKey(p, key)
	}
}

// drawEndorsementKey writes a key in one line at any width, so that it can be copied whole.
func drawEndorsementKey(p *page, key string) {
	p.heading("Endorsement key of the TPM, for the enrollment (one line)")
	p.line(span{key, accent})
}
