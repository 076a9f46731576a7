package probe

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/tpm"
)

// challenged reports the first answer to a TPM: a 401 with a key that only this TPM can
// use. The probe answers it once; a second one is a refusal.
func (r *runner) challenged(a Answer) bool {
	_, takesToken := r.session.(Authorizer)
	return a.Status == http.StatusUnauthorized && a.Body.Challenge != nil && takesToken && r.identity.TPM != nil && !r.proved
}

// prove answers a challenge, so that the call can be made again. If the TPM fails, it
// reports false with the stage's finding.
func (r *runner) prove(ctx context.Context, challenge Answer) (Finding, bool) {
	token, err := r.identity.TPM.Activate(ctx, challenge.Body.Challenge.AuthenticationKey)
	if err != nil {
		return r.tpmFailed(ctx, err), false
	}
	r.identity.redactor().Add(token)
	r.session.(Authorizer).Authorize(token)
	r.proved = true
	r.run.Answers[len(r.run.Answers)-1].Answered = true
	return Finding{}, true
}

// tpmFailed ends a stage in which the device's own TPM failed.
func (r *runner) tpmFailed(ctx context.Context, err error) Finding {
	if ended(ctx) != nil {
		r.stop(EndTimeout)
		return failed("the time ran out while the TPM was working")
	}
	r.run.TPM = tpm.AsError(err)
	r.stop(EndRefused)
	return failed("%s", r.run.TPM.Error()).withTPM(r.run.TPM)
}

// takeHubKey imports the key for the hub, which comes with an assignment, into the TPM.
// Without it a device cannot connect to its hub, and some SDKs fail here (azure-iot-sdk-c
// provisioning_client/src/prov_device_ll_client.c).
func (r *runner) takeHubKey(ctx context.Context, f Finding) Finding {
	_, registration := stateOf(r.last)
	if r.identity.TPM == nil || f.Outcome != Passed || r.target.Mode != ModeRegister || registration == nil {
		return f
	}
	if registration.TPM == nil || len(registration.TPM.AuthenticationKey) == 0 {
		f.Outcome, f.Detail = Warned, f.Detail+", without the key that a TPM needs for its hub"
		return f
	}
	if err := r.identity.TPM.ActivateHub(ctx, registration.TPM.AuthenticationKey); err != nil {
		bad := r.tpmFailed(ctx, err)
		f.Outcome, f.Detail, f.Facts = Failed, f.Detail+", but: "+bad.Detail, append(f.Facts, bad.Facts...)
		return f
	}
	return f.with("hub-key", "activated")
}

// inspectTPM returns the result of the inputs stage for a TPM; it reports false if the TPM
// can attest.
func (r *runner) inspectTPM() (Finding, bool) {
	facts := r.inputs.TPM
	if facts == nil || facts.Failure == nil {
		return Finding{}, false
	}
	r.stop(EndRefused)
	return failed("%s", facts.Failure.Error()).withTPMFacts(facts).withTPM(facts.Failure), true
}

// describeTPM describes the TPM in one line.
func describeTPM(t *tpm.Facts) string {
	return fmt.Sprintf("TPM of %s, endorsement key with SHA-256 %.16s...", joinWords(t.Manufacturer, t.Model, t.Firmware), t.EK.Hash())
}

// FactEndorsementKey is the name of the fact with the TPM's endorsement key in base64, in
// the inputs stage. It is present only on request.
const FactEndorsementKey = "endorsement-key"

// withTPMFacts adds the facts about a TPM, if there is one.
func (f Finding) withTPMFacts(t *tpm.Facts) Finding {
	if t == nil {
		return f
	}
	identityKey := fmt.Sprintf("present at 0x%08x", uint32(tpm.IdentityHandle))
	if t.ShowEK {
		f = f.with(FactEndorsementKey, base64.StdEncoding.EncodeToString(t.EK.Public))
	}
	return f.with("tpm", t.Path).with("manufacturer", t.Manufacturer).with("model", t.Model).with("firmware", t.Firmware).
		with("ek-sha256", t.EK.Hash()).with("ek-source", t.EK.Source()).with("srk-source", t.SRK.Source()).
		with("identity-key", flag(t.IdentityKey, identityKey)).with("lockout", flag(t.LockedOut, "the TPM refuses passwords"))
}

// answeredByTPM is the fact for a challenge that the TPM answered.
const answeredByTPM = "answered by the TPM"

// challenge adds the result of a challenge during the opening of the session.
func (o *Opening) challenge() string { return flag(o.Answered, answeredByTPM) }

func flag(set bool, text string) string {
	if set {
		return text
	}
	return ""
}

// withTPM adds the facts of a TPM's failure that scripts need.
func (f Finding) withTPM(e *tpm.Error) Finding {
	f = f.with("tpm-failure", string(e.Kind)).with("step", e.Step).with("group", e.Group)
	if e.Code != 0 {
		f = f.with("tpm-code", fmt.Sprintf("0x%03x", e.Code))
	}
	return f
}

// tpmKeys returns the public keys for the body of a call; nil without a TPM.
func (r *runner) tpmKeys() *dps.TPMKeys {
	if r.identity.TPM == nil {
		return nil
	}
	keys := r.identity.TPM.Keys()
	return &keys
}
