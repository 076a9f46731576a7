package advice

import (
	"net/http"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// enrollmentRules are the causes between the device's names and what is enrolled.
func enrollmentRules() []Rule {
	return []Rule{
		{
			ID:    cause.EnrollmentNotFound,
			Party: ServiceParty,
			Until: Accepted,
			Weigh: weighEnrolled,
		},
		{
			ID:    cause.WrongIDScope,
			Until: Accepted,
			Weigh: weighScope,
		},
		{
			ID:    cause.EnrollmentDisabled,
			Party: ServiceParty,
			Until: Assigned,
			Weigh: weighDisabled,
		},
		{
			ID:    cause.RegistrationIDInvalid,
			Party: ServiceParty,
			Until: Accepted,
			Judge: judgeRegistrationID,
			Weigh: weighRegistrationID,
		},
		{
			ID:    cause.AttestationMismatch,
			Party: ServiceParty,
			Until: Accepted,
			Weigh: weighAttestation,
		},
	}
}

func weighEnrolled(c *Case) Weight {
	switch missing := c.class() == http.StatusNotFound; {
	case missing && c.challengeAnswered() != "":
		return doubted(enrolledTPM)
	case missing && c.Evidence.Target.Mode == probe.ModeLookup:
		return remark("the lookup only knows devices that have registered: the device may be enrolled but never have registered")
	case missing:
		return Weight{}
	case c.challengeAnswered() != "":
		return ruledOut(enrolledTPM)
	case c.unchallenged():
		return doubted(unknownTPM)
	case c.identityRefused():
		return allowed("an identity that is not enrolled can be refused with the same message as a wrong credential")
	}
	return Weight{}
}

// What the challenge, or its absence, shows about the enrollment of a TPM (azure-iot-sdk-csharp
// e2e/test/provisioning/ProvisioningE2ETests.cs).
const (
	enrolledTPM = "the service challenged the TPM, as it does if the TPM is enrolled"
	unknownTPM  = "for a TPM that is not enrolled the service has a separate code (404201)"
)

func weighScope(c *Case) Weight {
	missing := c.class() == http.StatusNotFound && !c.refusal.foreign()
	if !missing && !c.identityRefused() && !c.unavailable() {
		return Weight{}
	}
	odd := c.warnings(cause.WrongIDScope)
	if other := c.otherCloud(); other != "" {
		odd = append(odd, other)
	}
	switch {
	case missing && c.challengeAnswered() != "":
		return doubted(enrolledTPM)
	case c.challengeAnswered() != "":
		return ruledOut(enrolledTPM)
	case c.unavailable():
		return suggested(append(odd, "the service gives this return code for an unknown id scope",
			"in MQTT it means an outage, and SDKs retry on it")...)
	case len(odd) > 0:
		return suggested(odd...)
	case missing && c.refusal.code == 0:
		return suggested("a missing enrollment has a separate error code (404201); this answer has none")
	case c.unchallenged():
		return doubted(unknownTPM)
	case !missing:
		return allowed("an identity that is enrolled in another instance is unknown under this id scope")
	}
	return allowed("an enrollment in another instance is not visible under this id scope")
}

// unavailable reports return code 3 of MQTT, which the service gives for an unknown id
// scope (GitHub issue Azure/azure-iot-sdk-python#670).
func (c *Case) unavailable() bool { return c.refusal.at(probe.LayerMQTTConnect, 3) }

// scopeClouds are the beginnings of id scopes seen in public, with the cloud each was seen
// in (GitHub issue Azure/iotedge#6631 and public code; no grammar is published).
func scopeClouds() map[string]dps.Cloud {
	return map[string]dps.Cloud{"0ne": dps.CloudPublic, "0cn": dps.CloudChina, "0us": dps.CloudUSGov}
}

// otherCloud says that the id scope looks like one of another cloud than the endpoint's, "" if it does
// not or if that cannot be known.
func (c *Case) otherCloud() string {
	scope := strings.ToLower(c.Evidence.Target.Scope)
	cloud, ok := dps.CloudOf(c.host())
	if !ok || len(scope) < 3 {
		return ""
	}
	home, ok := scopeClouds()[scope[:3]]
	if !ok || home == cloud {
		return ""
	}
	return "id scopes that begin with " + scope[:3] + " belong to the " + string(home) + " cloud, the endpoint to the " + string(cloud) + " one"
}

func weighDisabled(c *Case) Weight {
	switch {
	case c.refusal != nil && c.refusal.state == dps.StatusDisabled:
		return proven("disabled is the state of an enrollment that an operator turned off")
	case c.identityRefused() && !c.certificateRefused() && !accepted(c.Run):
		return allowed("whether the service refuses a disabled device with this answer is not documented")
	case c.Run.End == probe.EndUnanswered:
		w := allowed("a device with a disabled enrollment has been seen to wait forever")
		w.Against = []string{"the service has a separate state for that: disabled"}
		return w
	}
	return Weight{}
}

// weighRegistrationID judges an id without anything unusual.
func weighRegistrationID(c *Case) Weight {
	switch {
	case !c.idRefused() || c.attempt.OddID.Known:
		return Weight{}
	case strictID(c.Evidence.Target.RegistrationID):
		return ruledOut("the registration id has only lower-case letters, digits and hyphens, which every API version accepts")
	case c.clientIDRejected():
		return suggested("the client id, which this return code rejects, is the registration id")
	}
	return Weight{}
}

// idRefused reports whether the refusal may be about the registration id.
func (c *Case) idRefused() bool { return c.class() == http.StatusBadRequest || c.clientIDRejected() }

// clientIDRejected reports return code 2 of MQTT.
func (c *Case) clientIDRejected() bool { return c.refusal.at(probe.LayerMQTTConnect, 2) }

// strictID reports whether every version of the service accepts the id (azure-rest-api-specs
// deviceprovisioningservices/data-plane, device/routes.tsp).
func strictID(id string) bool {
	const strict = "abcdefghijklmnopqrstuvwxyz0123456789-"
	return id != "" && len(id) <= dps.MaxRegistrationID && strings.Trim(id, strict) == "" &&
		!strings.HasPrefix(id, "-") && !strings.HasSuffix(id, "-")
}

func weighAttestation(c *Case) Weight {
	switch {
	case c.challenged() && c.kind() != probe.KindTPM:
		return suggested("the service sent the challenge for a TPM to a device without one")
	case c.refusal.lacksMechanism() && c.kind() == probe.KindTPM:
		return suggested("the peer does not offer the SASL mechanism for a TPM")
	case c.challengeAnswered() != "":
		return ruledOut(enrolledTPM)
	case c.unchallenged() && !c.refusal.plain():
		return suggested("a TPM that is enrolled is challenged first; this one was refused without a challenge")
	case c.identityRefused():
		return allowed("the refusal does not say which attestation the enrollment expects")
	}
	return Weight{}
}

// challenged reports whether the last answer was the challenge for a TPM, without an answer to it.
func (c *Case) challenged() bool { return c.refusal != nil && c.refusal.body == dps.BodyChallenge }
