package report

import "dpsdiag/internal/dps"

// DerivedKeySchema names the JSON of a [DerivedKey].
const DerivedKeySchema = "dpsdiag/derive-key/1"

// DerivedKey is the key of one device of an enrollment group. It is the only document that
// contains a secret: the user asked for it.
type DerivedKey struct {
	Schema         string `json:"schema"`
	RegistrationID string `json:"registration_id"`
	Key            string `json:"key"` // base64
}

// NewDerivedKey makes the document of a key that was derived for the registration id.
func NewDerivedKey(registrationID string, key dps.Key) *DerivedKey {
	return &DerivedKey{Schema: DerivedKeySchema, RegistrationID: Clean(registrationID), Key: key.Text().Reveal()}
}

// ExitStatus implements [Document].
func (d *DerivedKey) ExitStatus() int { return ExitOK }

// drawText writes the key alone, for scripts: no colour, no wrapping.
func (d *DerivedKey) drawText(p *page) { p.line(span{d.Key, plain}) }
