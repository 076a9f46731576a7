package advice

import (
	"fmt"
	"net/http"
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/tpm"
)

// tpmRules are the causes that concern attestation with a TPM.
func tpmRules() []Rule {
	return []Rule{
		{
			ID:    cause.TPMEKMismatch,
			Party: ServiceParty,
			Only:  usingTPM(),
			Until: Accepted,
			Weigh: weighEndorsementKey,
		},
		{
			ID:    cause.TPMNotAvailable,
			Only:  usingTPM(),
			Weigh: weighTPM,
		},
		{
			ID:    cause.TPMAccessDenied,
			Only:  usingTPM(),
			Weigh: weighTPMAccess,
		},
		{
			ID:    cause.TPMChallengeUnanswered,
			Party: ServiceParty,
			Only:  usingTPM(),
			Until: Accepted,
			Judge: judgeChallenge,
			Weigh: weighChallenge,
		},
	}
}

// usingTPM limits a cause to devices that attest with a TPM.
func usingTPM() Attestations {
	return Attestations{Kinds: []probe.AttestationKind{probe.KindTPM}, Otherwise: "no TPM was used"}
}

// endorsementRefused is the entry for what the service answers to an endorsement key that is not the
// enrolled one.
const endorsementRefused = "dps-400004-ek"

func weighEndorsementKey(c *Case) Weight {
	occupied := c.warnings(cause.TPMEKMismatch)
	switch {
	case c.tpmKind() == tpm.Activation, c.hasEntry(endorsementRefused):
		return proven(append(c.endorsementKey(), occupied...)...)
	case c.challengeAnswered() != "":
		return ruledOut("the TPM could use the data that the service encrypted to the enrolled endorsement key")
	case len(occupied) > 0 && (c.tpmKind() == tpm.Template || c.identityRefused()):
		return suggested(occupied...)
	case c.identityRefused():
		w := allowed(c.endorsementKey()...)
		w.Against = []string{"for an endorsement key other than the enrolled one the service has a separate code (400004)"}
		return w
	case c.class() == http.StatusNotFound && c.madeFromKey():
		return remark(append(c.endorsementKey(), "the registration id is derived from this key, so another key would have another id")...)
	}
	return Weight{}
}

// endorsementKey says which key the device has, if it could be read.
func (c *Case) endorsementKey() []string {
	t := c.Evidence.Inputs.TPM
	if t == nil || t.EK.Public == nil {
		return nil
	}
	origin := "made from the standard template"
	if t.EK.Handle != 0 {
		origin = fmt.Sprintf("persistent at 0x%08x", t.EK.Handle)
	}
	return []string{"the endorsement key used has the SHA-256 " + t.EK.Hash() + " and is " + origin}
}

// madeFromKey reports whether the registration id is the one that SDKs derive from the endorsement
// key.
func (c *Case) madeFromKey() bool {
	t := c.Evidence.Inputs.TPM
	return t != nil && t.EK.Public != nil && c.Evidence.Target.RegistrationID == dps.TPMRegistrationID(t.EK.Public)
}

func weighTPM(c *Case) Weight {
	switch c.tpmKind() {
	case tpm.Missing:
		return proven()
	case tpm.NoManager:
		w := proven()
		w.Remedies = []string{"Use a kernel with a resource manager (Linux has one since 4.12), or stop other users of the TPM and use the device without one, such as /dev/tpm0"}
		return w
	case tpm.NoAnswer:
		w := suggested()
		w.Remedies = []string{"Check that the path is that of a TPM 2.0: an older TPM cannot attest, and another kind of device does not answer, or not as a TPM does"}
		return w
	case tpm.Template, tpm.Other:
		return suggested()
	case tpm.Activation, tpm.Blob:
		if assigned(c.Run) {
			return allowed("the TPM accepted the key for the registration, but not the one for the hub")
		}
	}
	return Weight{}
}

// protectedHierarchies says which hierarchies of the TPM have a password.
func (c *Case) protectedHierarchies() []string {
	var list []string
	if t := c.Evidence.Inputs.TPM; t != nil {
		for _, h := range []struct {
			name      string
			protected bool
		}{{"endorsement", t.EndorsementAuth}, {"owner", t.OwnerAuth}} {
			if h.protected {
				list = append(list, "the "+h.name+" hierarchy has a password; none was given, or a wrong one")
			}
		}
	}
	return list
}

func weighTPMAccess(c *Case) Weight {
	f := c.tpmFailure()
	if f == nil {
		return Weight{}
	}
	w := proven()
	switch f.Kind {
	case tpm.Permission:
		if f.Group != "" && f.Group != "root" {
			w.Remedies = []string{"Add the account that runs the client to the group " + f.Group + ", and restart the client"}
		}
	case tpm.Hierarchy:
		w.Because = c.protectedHierarchies()
		w.Remedies = []string{
			"Give dpsdiag the passwords in a file for --from, under [tpm.hierarchy_authorization] as in the config.toml of IoT Edge; there is no flag for them",
			"Clear the passwords if nothing else needs them (tpm2_changeauth): the SDKs use empty ones",
		}
	case tpm.Lockout:
		w.Remedies = []string{"Wait for the recovery time of the lockout, or end it with the lockout password (tpm2_dictionarylockout --clear-lockout)"}
	default:
		return Weight{}
	}
	return w
}

func weighChallenge(c *Case) Weight {
	switch {
	case c.attempt.ChallengeAnswered.Known:
		return Weight{}
	case c.unchallenged():
		return ruledOut("there was no challenge to answer")
	case c.challenged():
		return suggested("the challenge is the first half of the attestation, and no second call followed it")
	case c.tpmKind() == tpm.Blob:
		return suggested("the challenge does not contain a key for a TPM")
	}
	return Weight{}
}

// challengeAnswered says over which transport the TPM answered the service's challenge, "" if over
// none. The service challenges only a TPM that is enrolled.
func (c *Case) challengeAnswered() string {
	for _, run := range c.across.runs {
		answered := run.Opening != nil && run.Opening.Answered
		if answered || slices.ContainsFunc(run.Answers, func(a probe.Answer) bool { return a.Answered }) {
			return "the TPM answered the challenge over " + string(run.Transport)
		}
	}
	return ""
}

// tokenTaken reports whether the service accepted the token of a TPM when the session opened.
func (c *Case) tokenTaken() bool {
	o := c.Run.Opening
	return o != nil && o.Answered && o.Refusal == "" && o.Failure == nil
}

// unchallenged reports whether the service did not believe a TPM without having challenged it. Without
// a challenge there is no token that could be wrong.
func (c *Case) unchallenged() bool {
	return c.kind() == probe.KindTPM && c.identityRefused() && c.challengeAnswered() == ""
}
