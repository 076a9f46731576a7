package edgeconf

import (
	"fmt"
	"slices"
)

// attestation reads how the device attests.
func (r *reader) attestation(t *table) {
	s := r.settings
	method := r.required(t, "method", settingAttestation)
	s.Attestation.Origin = method.Origin
	switch method.Text {
	case "symmetric_key":
		s.Attestation.Kind = SymmetricKey
		s.RegistrationID = r.required(t, "registration_id", settingRegistrationID)
		r.symmetricKey(t)
	case "x509":
		s.Attestation.Kind = X509
		s.RegistrationID = r.nameOfX509(t)
		r.x509(t)
	case "tpm":
		s.Attestation.Kind = TPM2
		s.RegistrationID = r.required(t, "registration_id", settingRegistrationID)
		r.tpm()
	case "": // there is a remark
	default:
		r.add(ProblemSetting, settingAttestation, method.Origin, "%s is %s, which %s refuses; the methods are \"symmetric_key\", \"x509\" and \"tpm\"",
			method.Origin, show(method.Text), r.software())
	}
	r.remarkMixed(t, method)
}

// cannot sets the obstacle of the attestation, unless it has one already.
func (r *reader) cannot(o Obstacle) {
	if a := &r.settings.Attestation; a.Obstacle == nil {
		a.Obstacle = &o
	}
}

// remarkMixed adds remarks about settings of another method, which are not read.
func (r *reader) remarkMixed(t *table, method Value) {
	var own []string
	switch method.Text {
	case "symmetric_key":
		own = []string{"symmetric_key"}
	case "x509":
		own = []string{"identity_cert", "identity_pk"}
	case "tpm":
	default:
		return
	}
	for _, key := range []string{"symmetric_key", "identity_cert", "identity_pk"} {
		if it := t.item(key); it != nil && !slices.Contains(own, key) {
			r.add(ProblemMethod, "", r.origin(it), "%s is not read, because the method is %q (line %d)", r.origin(it), method.Text, method.Origin.Line)
		}
	}
}

// tpm reads how to access the TPM.
func (r *reader) tpm() {
	r.settings.TPM = r.tpmSettings()
	if tpm := r.settings.TPM; tpm.Path == "" {
		r.cannot(Obstacle{
			Origin: tpm.TCTI.Origin,
			Detail: fmt.Sprintf("%s is %q, which is neither a device nor a unix socket", tpm.TCTI.Origin, tpm.TCTI.Text),
			Hint:   "give the TPM as --tpm /dev/tpmrm0 or --tpm SOCKET",
		})
	}
}
