package advice

import (
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// registryMessage is made up: the wording of the service is not published.
const registryMessage = "Managed identity of the provisioning service is not authorized on the device registry namespace"

const hubMessage = `Msg: {"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized","ExceptionMessage":"Tracking ID:1f-G:0"}`

func webhook(status string) change {
	return state(dps.StatusFailed, 400207, "Custom allocation failed with status code: "+status)
}

func enrollmentTable() []row {
	return []row{
		{
			name:    "404201",
			ev:      refusedProbe(refuse(404, 404201, "Enrollment not found.")),
			verdict: Fault,
			causes:  []string{"suggests enrollment-not-found", "allows wrong-id-scope"},
			out:     []string{"tpm-ek-mismatch"},
		},
		{
			name:    "404201 with a TPM",
			ev:      refusedProbe(unread, refuse(404, 404201, "Enrollment not found.")),
			verdict: Fault,
			causes:  []string{"suggests enrollment-not-found", "allows wrong-id-scope", "allows tpm-ek-mismatch"},
		},
		{
			name:    "404 without a code",
			ev:      refusedProbe(bare(404)),
			verdict: Fault,
			causes:  []string{"suggests wrong-id-scope", "allows enrollment-not-found"},
			out:     []string{"hub-identity-unusable", "stale-assignment"},
		},
		{
			name:    "404 with a page, and the service's code in the header",
			ev:      refusedProbe(page(404), inHeader("404201")),
			verdict: Fault,
			causes:  []string{"suggests enrollment-not-found", "allows wrong-id-scope"},
		},
		{
			name:    "404 without a body, and the service's code in the header",
			ev:      refusedProbe(bare(404), inHeader("404201")),
			verdict: Fault,
			causes:  []string{"suggests enrollment-not-found", "allows wrong-id-scope"},
		},
		{
			name:    "404 with a page, and the name of an error in the header",
			ev:      refusedProbe(host(ownHost), page(404), inHeader("UNKNOWN_WORKFLOW_ID")),
			verdict: Fault,
			causes:  []string{"suggests proxy-interference", "allows wrong-global-endpoint"},
		},
		{
			name:    "404 with a page",
			ev:      refusedProbe(host(ownHost), page(404)),
			verdict: Fault,
			causes:  []string{"suggests proxy-interference", "allows wrong-global-endpoint"},
		},
		{
			name:    "an id scope of a form that was never seen",
			ev:      refusedProbe(scope("0ne"), warn("wrong-id-scope", "the id scope has 3 characters"), refuse(404, 404201, "")),
			verdict: Fault,
			causes:  []string{"suggests wrong-id-scope", "suggests enrollment-not-found"},
		},
		{
			name:    "an id scope of another cloud",
			ev:      refusedProbe(scope("0cn0000990D"), refuse(404, 404201, "")),
			verdict: Fault,
			causes:  []string{"suggests wrong-id-scope", "suggests wrong-global-endpoint", "suggests enrollment-not-found"},
		},
		{
			name:    "a lookup of a device that never registered",
			ev:      refusedProbe(lookup, refuse(404, 404202, "Registration not found.")),
			verdict: NoVerdict,
			causes:  []string{"allows enrollment-not-found", "allows wrong-id-scope"},
			out:     []string{"management-request-invalid"},
		},
		{
			name:    "disabled",
			ev:      refusedProbe(state(dps.StatusDisabled, 0, "")),
			verdict: Fault,
			causes:  []string{"proves enrollment-disabled"},
			out:     []string{"enrollment-not-found", "wrong-id-scope", "attestation-mismatch", "registration-id-invalid", "public-network-access-disabled"},
		},
		{
			name:    "blacklisted, as old services said",
			ev:      refusedProbe(state("blacklisted", 0, "")),
			verdict: Fault,
			causes:  []string{"suggests enrollment-disabled"},
		},
		{
			name:    "a lookup of a disabled device",
			ev:      refusedProbe(lookup, registration(dps.StatusDisabled)),
			verdict: Fault,
			causes:  []string{"proves enrollment-disabled"},
		},
		{
			name:    "the service mentions the id, which is invalid",
			ev:      refusedProbe(id("sensor."), warn("registration-id-invalid", `the registration id ends in "."`), refuse(400, 400004, "Invalid RegistrationId")),
			verdict: Fault,
			causes:  []string{"proves registration-id-invalid"},
		},
		{
			name:    "the service mentions the id, which has upper-case letters",
			ev:      refusedProbe(id("sensor_17"), refuse(400, 400004, "Invalid RegistrationId")),
			verdict: Fault,
			causes:  []string{"suggests registration-id-invalid"},
		},
		{
			name:    "a bad request without a reason",
			ev:      refusedProbe(id("sensor_17"), refuse(400, 400004, "BadRequest")),
			verdict: Fault,
			causes:  []string{"suggests registration-id-invalid", "allows payload-invalid"},
			out:     []string{"enrollment-cert-upload-invalid", "management-request-invalid", "tpm-ek-mismatch"},
		},
		{
			name:    "a bad request and an odd id",
			ev:      refusedProbe(id("sensor."), warn("registration-id-invalid", `the registration id ends in "."`), bare(400)),
			verdict: Fault,
			causes:  []string{"suggests registration-id-invalid", "allows payload-invalid"},
		},
		{
			name:    "a challenge that was not answered",
			ev:      refusedProbe(unread, challenge()),
			verdict: Fault,
			causes:  []string{"suggests tpm-challenge-unanswered"},
		},
		{
			name:    "a challenge for a device without a TPM",
			ev:      refusedProbe(challenge()),
			verdict: Fault,
			causes:  []string{"suggests attestation-mismatch"},
			out:     []string{"tpm-challenge-unanswered"},
		},
	}
}

func challenge() change {
	return answer(probe.Answer{Status: 401, Body: dps.Body{
		Kind:      dps.BodyChallenge,
		Challenge: &dps.Challenge{Message: "Authorization required, resend request using supplied key", KeyName: "registration"},
	}})
}

func requestTable() []row {
	array := warn("payload-invalid", "the payload is not a JSON object")
	return []row{
		{
			name:    "a body that cannot be read, and an odd payload",
			ev:      refusedProbe(array, refuse(400, 400012, "Deserialization error.")),
			verdict: Fault,
			causes:  []string{"proves payload-invalid"},
		},
		{
			name:    "a body that cannot be read",
			ev:      refusedProbe(refuse(400, 400012, "Deserialization error.")),
			verdict: Fault,
			causes:  []string{"suggests payload-invalid"},
		},
		{
			name:    "a bad request, an odd payload, a sound id",
			ev:      refusedProbe(array, refuse(400, 400000, "Bad Request")),
			verdict: Fault,
			causes:  []string{"suggests payload-invalid"},
			out:     []string{"registration-id-invalid", "management-request-invalid"},
		},
		{
			name:    "a version that the service does not know, though published",
			ev:      refusedProbe(refuse(400, 400004, "Unsupported API version 2019-03-31.")),
			verdict: Fault,
			causes:  []string{"suggests api-version-unsupported"},
			out:     []string{"wrong-global-endpoint"},
		},
		{
			name:    "a preview version",
			ev:      refusedProbe(version("2025-07-01-preview"), refuse(400, 400004, "Unsupported API version 2025-07-01-preview.")),
			verdict: Fault,
			causes:  []string{"suggests api-version-unsupported"},
		},
		{
			name:    "an unpublished version",
			ev:      refusedProbe(version("2019-03-13"), refuse(400, 400004, "Unsupported API version 2019-03-13.")),
			verdict: Fault,
			causes:  []string{"proves api-version-unsupported"},
		},
		{
			name:    "an unpublished version, and no reason from the service",
			ev:      refusedProbe(version("2019-03-13"), refuse(400, 400000, "Bad Request")),
			verdict: Fault,
			causes:  []string{"suggests api-version-unsupported", "allows payload-invalid"},
		},
		{
			name:    "a version that another cloud does not have",
			ev:      refusedProbe(host("global.azure-devices-provisioning.us"), issuer(probe.IssuerKnown), refuse(400, 400004, "Unsupported API version 2019-03-31.")),
			verdict: Fault,
			causes:  []string{"suggests wrong-global-endpoint", "suggests api-version-unsupported"},
		},
		{
			name:    "a race",
			ev:      refusedProbe(refuse(409, 409203, "Precondition failed.")),
			verdict: Fault,
			causes:  []string{"suggests concurrent-registration"},
		},
		{
			name:    "a precondition",
			ev:      refusedProbe(refuse(412, 412000, "Precondition Failed")),
			verdict: Fault,
			causes:  []string{"suggests concurrent-registration"},
			out:     []string{"management-request-invalid"},
		},
		{
			name:    "a method that is not allowed",
			ev:      refusedProbe(refuse(405, 405000, "Method Not Allowed")),
			verdict: Fault,
			causes:  []string{"suggests transport-protocol-wrong"},
			out:     []string{"client-config-missing"},
		},
	}
}

func allocationTable() []row {
	return []row{
		{name: "the webhook fails", ev: refusedProbe(webhook("500")), verdict: Fault, causes: []string{"proves custom-allocation-failed"}},
		{name: "the webhook is unavailable", ev: refusedProbe(webhook("502")), verdict: Fault, causes: []string{"proves custom-allocation-failed"}},
		{
			name: "the webhook is busy", ev: refusedProbe(webhook("429")), verdict: Fault,
			causes: []string{"suggests custom-allocation-failed", "allows iot-central-device-not-ready"}, out: []string{"custom-allocation-rejected"},
		},
		{name: "the webhook requires a key", ev: refusedProbe(webhook("401")), verdict: Fault, causes: []string{"proves custom-allocation-unauthorized"}},
		{
			name: "the webhook forbids", ev: refusedProbe(webhook("403")), verdict: Fault,
			causes: []string{
				"suggests custom-allocation-unauthorized", "suggests custom-allocation-rejected",
				"allows iot-central-device-not-ready", "allows custom-allocation-failed",
			},
		},
		{
			name: "the webhook rejects the device", ev: refusedProbe(webhook("400")), verdict: Fault,
			causes: []string{"suggests custom-allocation-rejected", "allows iot-central-device-not-ready", "allows custom-allocation-failed"},
			out:    []string{"custom-allocation-unauthorized"},
		},
		{
			name: "the webhook is full", ev: refusedProbe(webhook("409")), verdict: Fault,
			causes: []string{"suggests custom-allocation-rejected", "allows iot-central-device-not-ready", "allows custom-allocation-failed"},
		},
		{
			name: "IoT Central does not know the device", ev: refusedProbe(webhook("404")), verdict: Fault,
			causes: []string{"suggests iot-central-device-not-ready", "allows custom-allocation-failed", "allows custom-allocation-rejected"},
		},
		{
			name: "the webhook answers 200 without an allocation", ev: refusedProbe(webhook("200")), verdict: Fault,
			causes: []string{"suggests custom-allocation-failed", "allows iot-central-device-not-ready"},
			out:    []string{"custom-allocation-rejected", "custom-allocation-unauthorized"},
		},
		{
			name: "a webhook status cut off", ev: refusedProbe(webhook("5")), verdict: Fault,
			causes: []string{
				"suggests custom-allocation-rejected", "allows custom-allocation-failed", "allows iot-central-device-not-ready",
				"allows custom-allocation-unauthorized",
			},
		},
		{
			name: "a webhook status that is none", ev: refusedProbe(webhook("unknown")), verdict: Fault,
			causes: []string{
				"suggests custom-allocation-rejected", "allows custom-allocation-failed", "allows iot-central-device-not-ready",
				"allows custom-allocation-unauthorized",
			},
		},
		{
			name: "no hub", ev: refusedProbe(state(dps.StatusFailed, 400208, "")), verdict: Fault,
			causes: []string{"suggests no-hub-available", "allows custom-allocation-failed"},
		},
		{
			name: "no hub was found in the hub's words", ev: refusedProbe(state(dps.StatusFailed, 401001, "iothub not found")), verdict: Fault,
			causes: []string{"suggests hub-link-broken", "allows no-hub-available"},
		},
		{name: "the hub refused the service", ev: refusedProbe(state(dps.StatusFailed, 400209, hubMessage)), verdict: Fault, causes: []string{"proves hub-link-broken"}},
		{
			name: "the service was refused by an unknown party", ev: refusedProbe(state(dps.StatusFailed, 400209, "")), verdict: Fault,
			causes: []string{"suggests hub-link-broken", "allows custom-allocation-unauthorized", "allows registry-link-broken"},
		},
		{
			name: "the device registry refused the service", ev: refusedProbe(state(dps.StatusFailed, 400209, registryMessage)), verdict: Fault,
			causes: []string{"suggests registry-link-broken", "suggests hub-link-broken", "allows custom-allocation-unauthorized"},
		},
		{
			name:    "the webhook refused the service under the hub's code",
			ev:      refusedProbe(state(dps.StatusFailed, 400209, "Custom allocation failed with status code: 401")),
			verdict: Fault,
			causes:  []string{"proves custom-allocation-unauthorized"},
			out:     []string{"hub-link-broken"},
		},
		{
			name: "a hub's error in place of the answer",
			ev: refusedProbe(answer(probe.Answer{Status: 401, Body: dps.Body{Kind: dps.BodyHubError, Hub: &dps.HubError{
				Message: "ErrorCode:IotHubUnauthorizedAccess;Unauthorized",
			}}})),
			verdict: Fault,
			causes:  []string{"suggests hub-link-broken"},
		},
		{
			name:    "a hub without room",
			ev:      refusedProbe(state(dps.StatusFailed, 403002, "ErrorCode:IotHubQuotaExceeded")),
			verdict: Fault,
			causes:  []string{"suggests quota-exceeded"},
		},
		{
			name:    "a failure of an unknown code",
			ev:      refusedProbe(state(dps.StatusFailed, 409777, "")),
			verdict: Fault,
			causes: []string{
				"allows custom-allocation-failed", "allows custom-allocation-rejected", "allows hub-link-broken", "allows no-hub-available",
			},
			out: []string{"symmetric-key-mismatch"},
		},
		{
			name:    "a failure without a reason",
			ev:      refusedProbe(state(dps.StatusFailed, 0, "")),
			verdict: Fault,
			causes: []string{
				"allows custom-allocation-failed", "allows custom-allocation-rejected", "allows hub-link-broken", "allows no-hub-available",
			},
		},
	}
}

func healthTable() []row {
	throttle := refuse(429, 429001, "Operations are being throttled for this tenant.")
	return []row{
		{name: "throttled until the end", ev: refusedProbe(throttle, throttle, ends(probe.EndExhausted)), verdict: RetryLater, causes: []string{"proves throttled"}},
		{
			name: "throttled by a page", ev: refusedProbe(host(ownHost), page(429), ends(probe.EndExhausted)), verdict: RetryLater,
			causes: []string{"suggests throttled", "allows wrong-global-endpoint", "allows proxy-interference"},
		},
		{
			name: "throttled, then cut off", ev: refusedProbe(throttle, lose(netfail.Reset, probe.EndCut)), verdict: NoVerdict,
			causes: []string{"allows proxy-interference", "allows network-unreachable", "allows service-transient", "allows throttled"},
		},
		{
			name: "503 until the end", ev: refusedProbe(refuse(503, 503000, "Service Unavailable"), ends(probe.EndExhausted)), verdict: RetryLater,
			causes: []string{"suggests service-transient", "allows throttled"},
		},
		{
			name: "503 from an interceptor", ev: refusedProbe(issuer(probe.IssuerOther), page(503), ends(probe.EndExhausted)), verdict: RetryLater,
			causes: []string{"suggests proxy-interference", "allows service-transient", "allows throttled", "allows wrong-global-endpoint"},
		},
		{
			name: "502 from an unknown server", ev: refusedProbe(host(ownHost), page(502), ends(probe.EndExhausted)), verdict: RetryLater,
			causes: []string{"suggests service-transient", "allows proxy-interference", "allows wrong-global-endpoint"},
		},
		{
			name: "504 may be a slow webhook", ev: refusedProbe(bare(504)), verdict: RetryLater,
			causes: []string{"suggests service-transient", "allows custom-allocation-failed"},
		},
		{
			name: "403 of the service", ev: refusedProbe(refuse(403, 403000, "Forbidden")), verdict: Fault,
			causes: []string{"allows quota-exceeded", "allows public-network-access-disabled"},
			out:    []string{"hub-identity-unusable", "service-credentials-insufficient"},
		},
		{
			name: "assigning forever", ev: refusedProbe(accept, ends(probe.EndUnanswered)), verdict: NoVerdict,
			causes: []string{"allows custom-allocation-failed", "allows service-transient", "allows enrollment-disabled"},
		},
		{
			name: "a status that is not known", ev: refusedProbe(refuse(418, 0, "")), verdict: Fault,
			causes: []string{"allows service-transient", "allows client-defect"},
		},
	}
}
