package edgeconf

import (
	"fmt"
)

// Obstacle says why a probe cannot use a source's settings.
type Obstacle struct {
	Problem Problem // "" if the configuration may be correct
	Detail  string  // one line, without secrets
	Hint    string  // what to do instead
	Origin  Origin
}

// Missing returns why a probe with these settings is not possible, or nil if it is. The
// registration id may be absent without an error if a certificate or a TPM provides it.
func (s *Settings) Missing() *Obstacle {
	a := &s.Attestation
	switch {
	case s.Obstacle != nil:
		return s.Obstacle
	case s.Endpoint.IsZero() && explained(s.remarks, settingEndpoint) != nil:
		return explained(s.remarks, settingEndpoint)
	case s.Payload.IsZero() && explained(s.remarks, settingPayload) != nil:
		return explained(s.remarks, settingPayload)
	case s.IDScope.IsZero():
		return s.lacks(settingIDScope, "give --id-scope")
	case a.Obstacle != nil:
		return a.Obstacle
	case !s.canAttest():
		return s.lacks(settingAttestation, "give a credential, such as --key-file")
	case s.RegistrationID.IsZero() && (a.Kind == SymmetricKey || explained(s.remarks, settingRegistrationID) != nil):
		return s.lacks(settingRegistrationID, "give --registration-id")
	}
	return nil
}

// canAttest reports whether everything for the kind of attestation is there. A credential
// from flags is kept by the code that reads the flags.
func (s *Settings) canAttest() bool {
	a := &s.Attestation
	switch {
	case a.Origin.Flag != "":
		return true
	case a.Kind == SymmetricKey:
		return a.Key.Size() > 0
	case a.Kind == X509:
		return !a.Certificate.IsZero() && !a.PrivateKey.IsZero()
	}
	return a.Kind == TPM2
}

// lacks says why a setting is missing, as found while reading, or else only that it is
// missing.
func (s *Settings) lacks(setting settingName, hint string) *Obstacle {
	if o := explained(s.remarks, setting); o != nil {
		return o
	}
	return &Obstacle{Problem: ProblemSetting, Detail: fmt.Sprintf("the %s is missing", setting), Hint: hint}
}

// explained returns the first remark about a setting as an obstacle.
func explained(remarks []Remark, setting settingName) *Obstacle {
	for _, r := range remarks {
		if r.setting == setting {
			return &Obstacle{
				Problem: r.Problem, Detail: r.Detail, Origin: r.Origin,
				Hint: "correct the configuration, or give the value as a flag",
			}
		}
	}
	return nil
}
