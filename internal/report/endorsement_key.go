package report

import "encoding/base64"

// EndorsementKeySchema names the JSON of an [EndorsementKey].
const EndorsementKeySchema = "dpsdiag/endorsement-key/1"

// EndorsementKey is what an enrollment of a TPM needs. It is public.
type EndorsementKey struct {
	Schema         string `json:"schema"`
	RegistrationID string `json:"registration_id"`
	Key            string `json:"endorsement_key"` // base64
}

// NewEndorsementKey makes the document of a TPM's endorsement key, a marshalled TPM2B_PUBLIC.
func NewEndorsementKey(registrationID string, key []byte) *EndorsementKey {
	return &EndorsementKey{EndorsementKeySchema, Clean(registrationID), base64.StdEncoding.EncodeToString(key)}
}

// ExitStatus implements [Document].
func (d *EndorsementKey) ExitStatus() int { return ExitOK }

func (d *EndorsementKey) drawText(p *page) {
	p.fields("", field{"registration id", d.RegistrationID})
	drawEndorsementKey(p, d.Key)
}
