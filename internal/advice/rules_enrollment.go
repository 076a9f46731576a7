package advice

import (
	"net/http"
	"strings"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// enrollmentRules are the causes that lie between the device's names and what is enrolled.
func enrollmentRules() []Rule {
	return []Rule{
		{
			ID:    "enrollment-not-found",
			Title: "No enrollment for this registration id",
			Meaning: "The instance that owns the id scope has neither an individual enrollment nor an enrollment group that fits the identity presented. " +
				"404201 says so outright; with keys and certificates the service may answer a plain Unauthorized instead.",
			Confirm: []string{
				"List the enrollments and the groups of the instance that owns the id scope (az iot dps enrollment list, az iot dps enrollment-group list) and look for exactly this registration id",
				"For a TPM compare the registration id, by default a hash of the endorsement key, with that of the enrollment",
			},
			Remedies: []string{
				"Create the enrollment, or correct the registration id on the device or in the enrollment",
				"If the enrollment was deleted on purpose, take the device out of service or move it to the scope where it is enrolled now",
			},
			Scenario: "enrollment-not-found",
			Until:    Accepted,
			Weigh:    weighEnrolled,
		},
		{
			ID:    "wrong-id-scope",
			Title: "Wrong ID scope",
			Meaning: "The device asks under the id scope of an instance that does not exist, or that is not the one holding its enrollment. " +
				"Over MQTT the service refuses the connection with return code 3, server unavailable, which looks like an outage and is none.",
			Confirm: []string{
				"Compare the id scope on the device with the one on the overview page of the instance that holds the enrollment, character by character (0 and O, 1 and l)",
				"For IoT Central take it from the device connection page of the application",
			},
			Remedies: []string{
				"Copy the id scope of the right instance into the device's configuration",
				"After an instance was deleted and made again, update every device: the new one has another scope",
			},
			Scenario: "wrong-id-scope",
			Decide: &Decider{
				How:     "Probe again with the id scope copied from the overview page of the instance that holds the enrollment",
				Command: "dpsdiag probe --id-scope SCOPE-FROM-PORTAL --registration-id REGISTRATION-ID CREDENTIAL",
			},
			Until: Accepted,
			Weigh: weighScope,
		},
		{
			ID:    "enrollment-disabled",
			Title: "Enrollment disabled",
			Meaning: "An enrollment or group fits the device, but its provisioning status is disabled. A disabled individual enrollment also locks out a device " +
				"that an enabled group would let in.",
			Confirm: []string{
				"Read provisioningStatus of the individual enrollment of this registration id and of the group (az iot dps enrollment show, az iot dps enrollment-group show)",
			},
			Remedies: []string{
				"Find out who disabled it and why: that is the way to lock a device out",
				"Enable the entry, or delete the individual one if the group should decide, then register again",
			},
			Scenario: "enrollment-disabled",
			Until:    Assigned,
			Weigh:    weighDisabled,
		},
		{
			ID:    "registration-id-invalid",
			Title: "Registration id breaks the naming rules",
			Meaning: "The registration id, or the certificate's common name used as one, has characters, letter case or a length that the service refuses. " +
				"The rules differ between API versions; the strictest takes lower-case letters, digits and hyphens.",
			Confirm: []string{
				"Check the id: at most 128 characters (64 with a certificate), letters, digits and - . _ : only, ending in a letter, a digit or a hyphen",
				"Print the id as the device sends it, in hexadecimal if need be: a trailing newline or a full-width character does not show",
			},
			Remedies: []string{
				"Use an id of lower-case letters, digits and hyphens: every API version takes it",
				"Change the enrollment, the certificate and the derived key along with the id",
			},
			Scenario: "registration-id-invalid",
			Until:    Accepted,
			Weigh:    weighRegistrationID,
		},
		{
			ID:    "attestation-mismatch",
			Title: "Attestation method does not fit enrollment or transport",
			Meaning: "The device proves itself in a way that its enrollment or the transport does not take: a key where a certificate is enrolled, a certificate where a TPM is, " +
				"a TPM over MQTT, a key derived for a group of certificates.",
			Confirm: []string{
				"Compare the attestation type of the enrollment (az iot dps enrollment show) with the security provider that the client uses",
				"Remember that TPM attestation works over HTTPS and AMQP only",
			},
			Remedies: []string{
				"Use the attestation that is enrolled, over a transport that carries it",
				"Or make a new enrollment with the attestation that the device has: the type of an existing one does not change",
			},
			Scenario: "attestation-mismatch",
			Until:    Accepted,
			Weigh:    weighAttestation,
		},
	}
}

func weighEnrolled(c *Case) Weight {
	switch missing := c.class() == http.StatusNotFound; {
	case missing && c.challengeAnswered() != "":
		return doubted(enrolledTPM)
	case missing && c.Evidence.Target.Mode == probe.ModeLookup:
		return remark("the lookup knows only what has registered: the device may be enrolled and never have registered")
	case missing:
		return Weight{}
	case c.challengeAnswered() != "":
		return ruledOut(enrolledTPM)
	case c.unchallenged():
		return doubted(unknownTPM)
	case c.identityRefused():
		return allowed("an identity that is not enrolled can be refused with the same words as a wrong credential")
	}
	return Weight{}
}

// What the challenge, or its absence, tells of the enrollment of a TPM (azure-iot-sdk-csharp
// e2e/test/provisioning/ProvisioningE2ETests.cs).
const (
	enrolledTPM = "the service challenged the TPM, as it does where that is enrolled"
	unknownTPM  = "for a TPM that is not enrolled the service has a code of its own (404201)"
)

func weighScope(c *Case) Weight {
	missing := c.class() == http.StatusNotFound && !c.refusal.foreign()
	if !missing && !c.identityRefused() && !c.unavailable() {
		return Weight{}
	}
	odd := c.warnings("wrong-id-scope")
	if other := c.otherCloud(); other != "" {
		odd = append(odd, other)
	}
	switch {
	case missing && c.challengeAnswered() != "":
		return doubted(enrolledTPM)
	case c.challengeAnswered() != "":
		return ruledOut(enrolledTPM)
	case c.unavailable():
		return suggested(append(odd, "the service gives this return code for an id scope that it does not know",
			"in the words of MQTT it means an outage, and SDKs retry on it")...)
	case len(odd) > 0:
		return suggested(odd...)
	case missing && c.refusal.code == 0:
		return suggested("a missing enrollment has an error code of its own (404201); this answer has none")
	case c.unchallenged():
		return doubted(unknownTPM)
	case !missing:
		return allowed("an identity that is enrolled in another instance is unknown under this id scope")
	}
	return allowed("an enrollment in another instance is not seen under this id scope")
}

// unavailable reports return code 3 of MQTT, which the service gives for an unknown id
// scope (GitHub issue Azure/azure-iot-sdk-python#670).
func (c *Case) unavailable() bool { return c.refusal.at(probe.LayerMQTTConnect, 3) }

// scopeClouds are the beginnings of id scopes seen in public, with the cloud each was seen
// in (GitHub issue Azure/iotedge#6631 and public code; no grammar is published).
func scopeClouds() map[string]dps.Cloud {
	return map[string]dps.Cloud{"0ne": dps.CloudPublic, "0cn": dps.CloudChina, "0us": dps.CloudUSGov}
}

// otherCloud says that the id scope looks like one of another cloud than the endpoint's,
// "" when it does not or when that cannot be told.
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
		return proven("disabled is the state of an enrollment that an operator switched off")
	case c.identityRefused() && !c.certificateRefused():
		return allowed("whether the service refuses a disabled device with this answer is not documented")
	case c.Run.End == probe.EndUnanswered:
		return allowed("a device with a disabled enrollment was seen to wait for ever")
	}
	return Weight{}
}

func weighRegistrationID(c *Case) Weight {
	if c.class() != http.StatusBadRequest && !c.clientIDRejected() {
		return Weight{}
	}
	odd := c.warnings("registration-id-invalid")
	switch {
	case len(odd) > 0 && c.hasRow("dps-400004-regid"):
		return proven(odd...)
	case len(odd) > 0:
		return suggested(odd...)
	case strictID(c.Evidence.Target.RegistrationID):
		return ruledOut("the registration id has only lower-case letters, digits and hyphens, which every API version takes")
	case c.clientIDRejected():
		return suggested("the client id, which this return code rejects, is the registration id")
	}
	return Weight{}
}

// clientIDRejected reports return code 2 of MQTT.
func (c *Case) clientIDRejected() bool { return c.refusal.at(probe.LayerMQTTConnect, 2) }

// strictID reports whether every version of the service takes the id
// (azure-rest-api-specs deviceprovisioningservices/data-plane, device/routes.tsp).
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
		return suggested("a TPM that is enrolled is challenged first; this one was refused without")
	case c.identityRefused():
		return allowed("the refusal does not say which attestation the enrollment expects")
	}
	return Weight{}
}

// challenged reports whether the last answer was the challenge for a TPM, not answered.
func (c *Case) challenged() bool { return c.refusal != nil && c.refusal.body == dps.BodyChallenge }
