package probe

import (
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/tpm"
)

func tpmTraits() AttestationTraits {
	return AttestationTraits{Kind: KindTPM, Called: "the TPM", Flags: "--tpm TPM-PATH", NamesDevice: true, hubLacks: tpmHubLacks}
}

// tpmHubLacks says why a TPM has no key for its hub.
func tpmHubLacks(mode Mode, registration *dps.Registration) string {
	switch {
	case mode == ModeLookup:
		return "a TPM gets its key for the hub with a registration, and a lookup is not one"
	case mode == ModeHub:
		return "a TPM gets its key for the hub with a registration, which --hub-only does not do"
	case registration.TPM == nil:
		return "the service sent no key for the hub, which a TPM needs"
	}
	return ""
}

// TPM attests with a TPM 2.0.
type TPM struct {
	*tpm.TPM
	// ShowEK adds the endorsement key itself, in base64, to the facts of the inputs stage.
	ShowEK bool
}

// Kind implements Attestation.
func (t *TPM) Kind() AttestationKind { return KindTPM }

// Inspect implements Attestation. The SDKs use whatever key they find at its persistent
// handle, so a key that this probe could not use causes a warning. A lockout does too: the
// TPM can still attest, but other programs may not be able to use their keys.
func (t *TPM) Inspect(Target, time.Time, time.Duration) Inputs {
	facts := t.Facts()
	facts.ShowEK = t.ShowEK
	in := Inputs{Identity: describeTPM(&facts), TPM: &facts}
	if facts.EK.Occupied != "" {
		in.warn(cause.TPMEKMismatch, "the SDKs would use the key at 0x%08x as the endorsement key: %s", uint32(tpm.EKHandle), facts.EK.Occupied)
	}
	if facts.LockedOut {
		in.warn(cause.TPMAccessDenied, "the TPM is in lockout after too many wrong passwords: for some time it refuses every key that has a password")
	}
	if facts.SRK.Occupied != "" {
		in.notice(cause.TPMSRKTemplate, "the SDKs would use the key at 0x%08x as the storage root key: %s", uint32(tpm.SRKHandle), facts.SRK.Occupied)
	}
	return in
}

// Identify implements Attestation.
func (t *TPM) Identify(target Target, now time.Time) Identity {
	proof := t.Proof(dps.Resource(target.Scope, target.RegistrationID), now.Add(tokenLifetime))
	if proof == nil {
		return Identity{}
	}
	return Identity{TPM: proof}
}
