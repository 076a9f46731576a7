package advice

import (
	"bytes"
	"slices"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/tpm"
)

// endorsement replaces the public area of an endorsement key.
func endorsement() []byte { return bytes.Repeat([]byte{7}, 316) }

// chip attests with a TPM whose endorsement key could be read, unless altered.
func chip(alter ...func(*tpm.Facts)) change {
	return func(ev *probe.Evidence) {
		facts := &tpm.Facts{Path: "/dev/tpmrm0", EK: tpm.KeyFacts{Public: endorsement()}}
		for _, each := range alter {
			each(facts)
		}
		ev.Target.Attestation, ev.Inputs = probe.KindTPM, probe.Inputs{TPM: facts}
	}
}

// unfit is a TPM that fails before any packet.
func unfit(failure tpm.Error) change {
	return func(ev *probe.Evidence) {
		chip(func(f *tpm.Facts) { f.Failure, f.EK = &failure, tpm.KeyFacts{} })(ev)
		for i := range ev.Runs {
			ev.Runs[i] = probe.Run{
				Transport: ev.Runs[i].Transport, End: probe.EndRefused,
				Findings: []probe.Finding{{Stage: probe.StageInputs, Outcome: probe.Failed}},
			}
		}
	}
}

// fails is a TPM that fails with the data of the service.
func fails(kind tpm.Kind) change {
	return func(ev *probe.Evidence) { run(ev).TPM = &tpm.Error{Kind: kind, Step: "activate the credential"} }
}

// meets is the first answer to every TPM, which then answered it.
func meets(ev *probe.Evidence) {
	challenge()(ev)
	run(ev).Answers[len(run(ev).Answers)-1].Answered = true
}

func madeID(ev *probe.Evidence) { ev.Target.RegistrationID = dps.TPMRegistrationID(endorsement()) }

func tpmTable() []row {
	occupied := warn("tpm-ek-mismatch", "the SDKs would use the key at 0x81010001")
	return []row{
		{name: "no TPM", ev: refusedProbe(unfit(tpm.Error{Kind: tpm.Missing})), verdict: Fault, causes: []string{"proves tpm-not-available"}},
		{name: "no resource manager", ev: refusedProbe(unfit(tpm.Error{Kind: tpm.NoManager})), verdict: Fault, causes: []string{"proves tpm-not-available"}},
		{name: "something that is not a TPM", ev: refusedProbe(unfit(tpm.Error{Kind: tpm.NoAnswer})), verdict: Fault, causes: []string{"suggests tpm-not-available"}},
		{name: "a TPM without RSA", ev: refusedProbe(unfit(tpm.Error{Kind: tpm.Template})), verdict: Fault, causes: []string{"suggests tpm-not-available"}},
		{name: "a TPM in failure mode", ev: refusedProbe(unfit(tpm.Error{Kind: tpm.Other})), verdict: Fault, causes: []string{"suggests tpm-not-available"}},
		{
			name: "another key where the SDKs look", verdict: Fault,
			ev:     refusedProbe(unfit(tpm.Error{Kind: tpm.Template}), occupied),
			causes: []string{"suggests tpm-ek-mismatch", "suggests tpm-not-available"},
		},
		{name: "no permission", ev: refusedProbe(unfit(tpm.Error{Kind: tpm.Permission})), verdict: Fault, causes: []string{"proves tpm-access-denied"}},
		{name: "a hierarchy with a password", ev: refusedProbe(unfit(tpm.Error{Kind: tpm.Hierarchy})), verdict: Fault, causes: []string{"proves tpm-access-denied"}},
		{
			name: "a lockout that begins during the probe", verdict: Fault,
			ev:     refusedProbe(chip(), challenge(), fails(tpm.Lockout)),
			causes: []string{"proves tpm-access-denied"},
		},
		{
			name: "no TPM, whatever the transport", verdict: Fault,
			ev:     refusedProbe(also(), unfit(tpm.Error{Kind: tpm.Missing})),
			causes: []string{"proves tpm-not-available"},
		},
		{
			name: "a key for another TPM", ev: refusedProbe(chip(), challenge(), fails(tpm.Activation)), verdict: Fault,
			causes: []string{"proves tpm-ek-mismatch"},
		},
		{
			name: "a key for another TPM, over AMQP", verdict: Fault,
			ev: refusedProbe(chip(), session(probe.AMQP, probe.Opening{Layer: probe.LayerSASL, TPM: &tpm.Error{Kind: tpm.Activation}}),
				fails(tpm.Activation)),
			causes: []string{"proves tpm-ek-mismatch"},
		},
		{
			name: "a challenge that holds no key", ev: refusedProbe(chip(), challenge(), fails(tpm.Blob)), verdict: Fault,
			causes: []string{"suggests tpm-challenge-unanswered"},
		},
		{
			name: "a key for the hub that the TPM does not accept", verdict: Fault,
			ev:     refusedProbe(chip(), meets, state(dps.StatusAssigned, 0, ""), fails(tpm.Activation)),
			causes: []string{"allows tpm-not-available"},
			out:    []string{"tpm-ek-mismatch", "tpm-challenge-unanswered"},
		},
		{
			name: "an answered challenge, then an assignment", verdict: Registered,
			ev:     refusedProbe(chip(), meets, state(dps.StatusAssigned, 0, ""), ends(probe.EndComplete)),
			causes: []string{},
		},
		{
			name: "an answered challenge, then no hub", verdict: Fault,
			ev:     refusedProbe(chip(), meets, state(dps.StatusFailed, 400208, "")),
			causes: []string{"suggests no-hub-available", "allows custom-allocation-failed"},
			out:    []string{"tpm-ek-mismatch", "tpm-challenge-unanswered"},
		},
		{
			name: "an answered challenge and no more", verdict: NoVerdict,
			ev:     refusedProbe(chip(), meets, ends(probe.EndTimeout)),
			causes: []string{},
			out:    []string{"tpm-challenge-unanswered"},
		},
		{
			name: "an answered challenge, then another one", ev: refusedProbe(chip(), meets, challenge()), verdict: Fault,
			causes: []string{"allows enrollment-disabled"},
			out:    slices.Concat(beforeChallenge(), []string{"tpm-challenge-unanswered", "device-clock-wrong"}),
		},
		{
			name: "an answered challenge, then a refusal of the token", verdict: Fault,
			ev:     refusedProbe(chip(), clock(-3*60*60*1e9), meets, unauthorized()),
			causes: []string{"proves device-clock-wrong"},
		},
		{
			name: "the service mentions the endorsement key", verdict: Fault,
			ev:     refusedProbe(chip(), refuse(400, 400004, "Endorsement key is invalid, or does not match the Enrollment.")),
			causes: []string{"proves tpm-ek-mismatch"},
			out:    []string{"registration-id-invalid"},
		},
		{
			name: "no enrollment for the id derived from the key", verdict: Fault,
			ev:     refusedProbe(chip(), madeID, refuse(404, 404201, "Enrollment not found.")),
			causes: []string{"suggests enrollment-not-found", "allows wrong-id-scope", "allows tpm-ek-mismatch"},
		},
		{
			name: "400004 that does not mention the endorsement key", verdict: Fault,
			ev:     refusedProbe(chip(), refuse(400, 400004, "Invalid argument.")),
			causes: []string{"suggests tpm-ek-mismatch", "allows payload-invalid"},
			out:    []string{"registration-id-invalid"},
		},
		{
			name: "a refusal without a challenge", ev: refusedProbe(chip(), unauthorized()), verdict: Fault,
			causes: []string{
				"suggests attestation-mismatch", "allows enrollment-disabled", "allows public-network-access-disabled", "allows tpm-ek-mismatch",
			},
			out: []string{"tpm-challenge-unanswered", "device-clock-wrong"},
		},
		{
			name: "a refusal without a challenge, with any clock", verdict: Fault,
			ev: refusedProbe(chip(), clock(-3*60*60*1e9), unauthorized()),
			causes: []string{
				"suggests attestation-mismatch", "allows enrollment-disabled", "allows public-network-access-disabled", "allows tpm-ek-mismatch",
			},
			out: []string{"tpm-challenge-unanswered", "device-clock-wrong"},
		},
		{
			name: "a plain refusal without a challenge", ev: refusedProbe(chip(), bare(401)), verdict: Fault,
			causes: []string{
				"suggests public-network-access-disabled", "allows enrollment-disabled", "allows attestation-mismatch", "allows tpm-ek-mismatch",
			},
			out: []string{"tpm-challenge-unanswered", "device-clock-wrong"},
		},
		{
			name: "a refusal without a challenge, with a scope of another cloud", verdict: Fault,
			ev: refusedProbe(chip(), scope("0cn00012345"), unauthorized()),
			causes: []string{
				"suggests wrong-id-scope", "suggests attestation-mismatch", "suggests wrong-global-endpoint", "allows enrollment-disabled",
				"allows public-network-access-disabled", "allows tpm-ek-mismatch",
			},
		},
		{
			name: "a refusal without a challenge, and another key where the SDKs look", verdict: Fault,
			ev: refusedProbe(chip(), occupied, unauthorized()),
			causes: []string{
				"suggests attestation-mismatch", "suggests tpm-ek-mismatch", "allows enrollment-disabled", "allows public-network-access-disabled",
			},
		},
		{
			name: "an answered challenge, then a refusal", ev: refusedProbe(chip(), occupied, meets, unauthorized()), verdict: Fault,
			causes: []string{"allows enrollment-disabled"},
			out:    slices.Concat(beforeChallenge(), []string{"tpm-challenge-unanswered", "device-clock-wrong"}),
		},
		{
			name: "an answered challenge, then a refusal with a code for keys", ev: refusedProbe(chip(), meets, refuse(401, 401000, "Unauthorized")), verdict: Fault,
			causes: []string{"allows enrollment-disabled"},
			out:    slices.Concat(beforeChallenge(), []string{"tpm-challenge-unanswered", "device-clock-wrong"}),
		},
		{
			name: "an answered challenge, then a plain refusal without a clock", ev: refusedProbe(chip(), meets, noClock, bare(401)), verdict: Fault,
			causes: []string{"suggests device-clock-wrong", "allows enrollment-disabled"},
			out:    slices.Concat(beforeChallenge(), []string{"tpm-challenge-unanswered"}),
		},
		{
			name: "an answered challenge, then no enrollment", ev: refusedProbe(chip(), meets, refuse(404, 404201, "Enrollment not found.")), verdict: Fault,
			causes: []string{"allows enrollment-not-found", "allows wrong-id-scope"},
			out:    []string{"tpm-ek-mismatch", "tpm-challenge-unanswered"},
		},
		{
			name: "SASL outcome 1 without a challenge", ev: refusedProbe(chip(), sasl(1, "TPM")), verdict: Fault,
			causes: []string{
				"suggests attestation-mismatch", "allows enrollment-disabled", "allows public-network-access-disabled", "allows tpm-ek-mismatch",
			},
			out: []string{"tpm-challenge-unanswered", "device-clock-wrong"},
		},
		{
			name: "SASL outcome 1 for an answered challenge", ev: refusedProbe(chip(), sasl(1, "TPM"), answeredOpening), verdict: Fault,
			causes: []string{"suggests device-clock-wrong", "allows enrollment-disabled"},
			out:    slices.Concat(beforeChallenge(), []string{"tpm-challenge-unanswered"}),
		},
		{
			name: "a call refused in a session for which the challenge was answered", verdict: Fault,
			ev:     refusedProbe(chip(), noClock, answeredOpening, unauthorized()),
			causes: []string{"allows enrollment-disabled"},
			out:    slices.Concat(beforeChallenge(), []string{"tpm-challenge-unanswered", "device-clock-wrong"}),
		},
	}
}

// beforeChallenge are the causes that prevent the service from challenging a TPM, or the TPM from
// answering.
func beforeChallenge() []string {
	return []string{"enrollment-not-found", "wrong-id-scope", "attestation-mismatch", "public-network-access-disabled", "tpm-ek-mismatch"}
}

// answeredOpening is a session for which the TPM answered the challenge.
func answeredOpening(ev *probe.Evidence) { run(ev).Opening.Answered = true }
