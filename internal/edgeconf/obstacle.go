package edgeconf

import (
	"fmt"

	"dpsdiag/internal/cause"
)

// Obstacle says why a probe cannot use what a source states.
type Obstacle struct {
	Reason Reason
	// CauseID names the fault; "" when the configuration may well be right.
	CauseID cause.ID
	Detail  string // one line, without secrets
	Hint    string // what to do instead
	Origin  Origin
}

// Reason classifies obstacles.
type Reason string

// The reasons that concern a whole source.
const (
	ReasonNoProvisioning Reason = "no-provisioning" // it has no [provisioning] table
	ReasonManual         Reason = "manual"          // the hub is configured by hand, DPS is not asked
	ReasonOff            Reason = "off"             // provisioning is switched off
	ReasonUnknownSource  Reason = "unknown-source"
)

// The reasons that concern an attestation, or a single setting.
const (
	ReasonPKCS11     Reason = "pkcs11"      // the key is in a PKCS#11 token
	ReasonKeyStore   Reason = "key-store"   // where the key is, only aziot-keyd knows
	ReasonEST        Reason = "est"         // an EST server issues the certificate
	ReasonLocalCA    Reason = "local-ca"    // a CA on the device issues the certificate
	ReasonSelfSigned Reason = "self-signed" // aziot-certd makes the certificate
	ReasonTPMAccess  Reason = "tpm-access"  // the TPM is behind an interface that is no file
	ReasonMissing    Reason = "missing"     // a setting is missing or cannot be taken
)

// Missing returns why a probe with these settings cannot be made, or nil when it can. The
// registration id may be absent, and nothing wrong with it, where a certificate or a TPM has
// it.
func (s *Settings) Missing() *Obstacle {
	a := &s.Attestation
	switch {
	case s.Obstacle != nil:
		return s.Obstacle
	case s.Endpoint.IsZero() && explained(s.remarks, SettingEndpoint) != nil:
		return explained(s.remarks, SettingEndpoint)
	case s.Payload.IsZero() && explained(s.remarks, SettingPayload) != nil:
		return explained(s.remarks, SettingPayload)
	case s.IDScope.IsZero():
		return s.lacks(SettingIDScope, "give --id-scope")
	case a.Obstacle != nil:
		return a.Obstacle
	case !s.canAttest():
		return s.lacks(SettingAttestation, "give a credential, such as --key-file")
	case s.RegistrationID.IsZero() && (a.Kind == SymmetricKey || explained(s.remarks, SettingRegistrationID) != nil):
		return s.lacks(SettingRegistrationID, "give --registration-id")
	}
	return nil
}

// canAttest reports whether there is what the kind of attestation needs. A credential that
// flags give is with whoever read the flags.
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

// lacks says why a setting is missing, as reading showed it, or else only that it is.
func (s *Settings) lacks(setting Setting, hint string) *Obstacle {
	if o := explained(s.remarks, setting); o != nil {
		return o
	}
	return &Obstacle{Reason: ReasonMissing, CauseID: causeConfig, Detail: fmt.Sprintf("the %s is missing", setting), Hint: hint}
}

// explained is the first remark on a setting, as an obstacle.
func explained(remarks []Remark, setting Setting) *Obstacle {
	for _, r := range remarks {
		if r.Setting == setting {
			return &Obstacle{
				Reason: ReasonMissing, CauseID: r.CauseID, Detail: r.Detail, Origin: r.Origin,
				Hint: "correct the configuration, or give the value as a flag",
			}
		}
	}
	return nil
}
