package emulator

import (
	"fmt"
	"net/http"
	"time"
)

// Scenario is a named fault. It changes the service's data, the devices' data, or both.
type Scenario struct {
	// Name is what the user types: the id of the cause if there is one.
	Name string
	// Title describes the fault in one line.
	Title string
	// Cause is the id of the cause that it reproduces; "" if nothing is wrong, or if the answer
	// alone does not identify one cause.
	Cause string

	// Attestation limits the scenario to devices with it; "" means every device.
	Attestation Attestation
	// NotOverHTTPS says that a device which registers over HTTPS does not meet the fault.
	NotOverHTTPS bool
	// AtHub says that every device registers and only the assigned hub shows the fault.
	AtHub bool

	service change
	device  change
	// outside replaces device if the devices are outside this process, as with "dpsdiag
	// emulate", and their fault cannot be put into their files; nil keeps device.
	outside change
}

// PlayedBy reports whether a device with this attestation can demonstrate the scenario.
func (s Scenario) PlayedBy(a Attestation) bool { return s.Attestation == "" || s.Attestation == a }

// change modifies a healthy world.
type change func(*world) error

// Healthy is the scenario in which nothing is wrong.
const Healthy = "healthy"

// Scenarios lists every scenario, in the order in which help shows them.
func Scenarios() []Scenario {
	list := []Scenario{{Name: Healthy, Title: "Every device registers"}}
	list = append(list, statusScenarios()...)
	list = append(list, keyScenarios()...)
	list = append(list, certificateScenarios()...)
	list = append(list, tpmScenarios()...)
	list = append(list, enrollmentScenarios()...)
	list = append(list, allocationScenarios()...)
	list = append(list, issuanceScenarios()...)
	list = append(list, hubScenarios()...)
	list = append(list, serviceScenarios()...)
	return append(list, deliveryScenarios()...)
}

// ScenarioByName returns the scenario of that name; "" names the healthy one.
func ScenarioByName(name string) (Scenario, bool) {
	if name == "" {
		name = Healthy
	}
	for _, s := range Scenarios() {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// stage applies the scenario to a healthy world.
func (s Scenario) stage(w *world, files bool) error {
	device := s.device
	if files && s.outside != nil {
		device = s.outside
	}
	for _, alter := range []change{s.service, device} {
		if alter == nil {
			continue
		}
		if err := alter(w); err != nil {
			return fmt.Errorf("stage scenario %s: %w", s.Name, err)
		}
	}
	return nil
}

// statusScenarios answer register with each of the common HTTP statuses of the service
// (learn.microsoft.com: iot-dps/how-to-troubleshoot-dps), with the code of its family.
func statusScenarios() []Scenario {
	var list []Scenario
	for _, status := range []int{400, 401, 403, 404, 405, 409, 412, 415, 429, 500} {
		told := family(status)
		if status == http.StatusTooManyRequests {
			told.retryAfter = new(time.Second)
		}
		list = append(list, Scenario{
			Name:    fmt.Sprintf("http-%d", status),
			Title:   fmt.Sprintf("The register call is answered with HTTP %d %s", status, http.StatusText(status)),
			service: refuseRegister(told, 0),
		})
	}
	return list
}

func keyScenarios() []Scenario {
	return []Scenario{
		{
			Name: "symmetric-key-mismatch", Cause: "symmetric-key-mismatch", Attestation: SymmetricKey,
			Title:  "The device holds another key than the enrollment",
			device: otherKeys,
		},
		{
			Name: "group-key-not-derived", Cause: "group-key-not-derived", Attestation: SymmetricKey,
			Title:  "A device of a group signs with the group key itself",
			device: useGroupKeyItself,
		},
		{
			Name: "derived-key-incorrect", Cause: "derived-key-incorrect", Attestation: SymmetricKey,
			Title:  "The device key was derived from the registration id and a line break",
			device: deriveWithLineBreak,
		},
		{
			Name: "sas-token-malformed", Cause: "sas-token-malformed", Attestation: SASToken,
			Title:  "The device has a token for a hub, not for its registration",
			device: tokenForHub,
		},
		{
			Name: "sas-token-expired", Cause: "sas-token-expired", Attestation: SASToken,
			Title:  "The device has a token that expired ten minutes ago",
			device: tokenExpired,
		},
		{
			Name: "device-clock-wrong", Cause: "device-clock-wrong",
			Title:   "The device's clock is three hours behind",
			device:  clockBehind,
			outside: serviceAhead,
		},
	}
}

func certificateScenarios() []Scenario {
	return []Scenario{
		{
			Name: "cert-expired", Cause: "cert-expired", Attestation: X509,
			Title:  "The device certificate expired yesterday",
			device: certificateExpired,
		},
		{
			Name: "cert-cn-registration-id-mismatch", Cause: "cert-cn-registration-id-mismatch", Attestation: X509,
			Title:  "The common name of the certificate is not the registration id",
			device: certificateOfAnotherName,
		},
		{
			Name: "cert-chain-incomplete", Cause: "cert-chain-incomplete", Attestation: X509,
			Title:  "The device sends its certificate without the intermediate",
			device: withoutIntermediate,
		},
		{
			Name: "cert-not-trusted-by-enrollment", Cause: "cert-not-trusted-by-enrollment", Attestation: X509,
			Title:  "Another CA than the enrolled one signed the device certificate",
			device: certificateOfAnotherCA,
		},
		{
			Name: "ca-not-verified", Cause: "ca-not-verified", Attestation: X509,
			Title:   "Possession of the enrolled CA was never proven",
			service: unverifyCAs,
		},
		{
			Name: "cert-enrollment-mismatch", Cause: "cert-enrollment-mismatch", Attestation: X509,
			Title:   "The individual enrollment holds an earlier certificate of the device",
			service: enrollFormerCertificate,
		},
		{
			Name: "cert-wrong-role-or-extensions", Cause: "cert-wrong-role-or-extensions", Attestation: X509,
			Title:  "The device presents a CA certificate that is not for client authentication",
			device: certificateOfWrongRole,
		},
		{
			Name: "server-root-ca-missing", Cause: "server-root-ca-missing",
			Title:  "The device does not trust the CA of the server",
			device: trustAnotherCA,
		},
	}
}

func tpmScenarios() []Scenario {
	return []Scenario{
		{
			Name: "tpm-ek-mismatch", Cause: "tpm-ek-mismatch", Attestation: TPM,
			Title:   "The enrollment holds the endorsement key of another TPM",
			service: enrollOtherTPMs,
		},
	}
}

func enrollmentScenarios() []Scenario {
	return []Scenario{
		{
			Name: "wrong-id-scope", Cause: "wrong-id-scope",
			Title:  "The device has an id scope that does not exist",
			device: useUnknownScope,
		},
		{
			Name: "enrollment-not-found", Cause: "enrollment-not-found",
			Title:   "Nothing is enrolled",
			service: removeEnrollments,
		},
		{
			Name: "enrollment-disabled", Cause: "enrollment-disabled",
			Title:   "Every enrollment is disabled",
			service: disableEnrollments,
		},
		{
			Name: "registration-id-invalid", Cause: "registration-id-invalid",
			Title:  "The registration id ends in a full stop",
			device: useInvalidIDs,
		},
		{
			Name: "attestation-mismatch", Cause: "attestation-mismatch",
			Title:   "The enrollment is for another attestation than the device has",
			service: swapAttestations,
		},
		{
			Name: "concurrent-registration", Cause: "concurrent-registration",
			Title:   "Another registration of the same device wins the race",
			service: refuseRegister(answer{status: http.StatusConflict, code: 409203, message: "Precondition failed."}, 1),
		},
		{
			Name: "payload-invalid", Cause: "payload-invalid",
			Title:   "The payload is a JSON array, not an object",
			device:  sendArray,
			outside: refuseRegister(answer{status: http.StatusBadRequest, code: 400012, message: messageDeserialization}, 0),
		},
		{
			Name: "api-version-unsupported", Cause: "api-version-unsupported",
			Title:   "The service takes no api-version that the device knows",
			service: takeOnlyFutureVersion,
		},
	}
}

func allocationScenarios() []Scenario {
	return []Scenario{
		{
			Name: "custom-allocation-failed", Cause: "custom-allocation-failed",
			Title:   "The custom allocation webhook answers 500",
			service: webhookAnswers(http.StatusInternalServerError),
		},
		{
			Name: "custom-allocation-unauthorized", Cause: "custom-allocation-unauthorized",
			Title:   "The custom allocation webhook answers 401",
			service: webhookAnswers(http.StatusUnauthorized),
		},
		{
			Name: "custom-allocation-rejected", Cause: "custom-allocation-rejected",
			Title:   "The custom allocation webhook answers 400",
			service: webhookAnswers(http.StatusBadRequest),
		},
		{
			Name: "iot-central-device-not-ready", Cause: "iot-central-device-not-ready",
			Title:   "IoT Central, which allocates, does not know the device",
			service: webhookAnswers(http.StatusNotFound),
		},
		{
			Name: "no-hub-available", Cause: "no-hub-available",
			Title:   "No hub is linked",
			service: unlinkHubs,
		},
		{
			Name: "hub-link-broken", Cause: "hub-link-broken",
			Title:   "The hub refuses the service",
			service: hubsAre(hubUnauthorized),
		},
		{
			Name: "quota-exceeded", Cause: "quota-exceeded",
			Title:   "The hub has no room for another device",
			service: hubsAre(hubFull),
		},
		{
			Name: "never-assigned", Title: "The service is assigning for ever",
			service: neverAssign,
		},
	}
}

func serviceScenarios() []Scenario {
	throttled := answer{
		status: http.StatusTooManyRequests, code: 429001, retryAfter: new(time.Second),
		message: messageThrottled,
	}
	return []Scenario{
		{
			Name: "throttled", Cause: "throttled",
			Title:   "The first register call of each device is throttled",
			service: refuseRegister(throttled, 1),
		},
		{
			Name: "throttled-forever", Cause: "throttled",
			Title:   "Every register call is throttled",
			service: refuseRegister(throttled, 0),
		},
		{
			Name: "service-transient", Cause: "service-transient",
			Title:   "Every register call is answered with 503",
			service: refuseRegister(family(http.StatusServiceUnavailable), 0),
		},
		{
			Name: "public-network-access-disabled", Cause: "public-network-access-disabled",
			Title:   "Network rules refuse the device, whatever it presents",
			service: refuseConnect(answer{status: http.StatusUnauthorized, code: 401002, message: messageUnauthorized}),
		},
		{
			Name: "proxy-interference", Cause: "proxy-interference",
			Title:   "Something between device and service answers with an HTML page",
			service: refuseConnect(answer{status: http.StatusForbidden, foreign: &foreign{contentType: "text/html; charset=utf-8", text: blockPage}}),
		},
		{
			Name: "tls-version-or-cipher-unsupported", Cause: "tls-version-or-cipher-unsupported",
			Title:   "The server speaks no TLS newer than 1.1",
			service: onlyOldTLS,
		},
		{
			Name: "port-blocked", Cause: "port-blocked", NotOverHTTPS: true,
			Title:   "The ports of MQTT and AMQP refuse connections, that of HTTPS does not",
			service: blockPorts,
		},
	}
}

// deliveryScenarios break a connection at each step, or deliver answers in an unexpected
// way, which a correct client ignores.
func deliveryScenarios() []Scenario {
	return []Scenario{
		{
			Name: "cut-at-connect", Title: "The connection ends before the service has accepted the device",
			service: misdeliver(delivery{manner: cut}, opConnect),
		},
		{
			Name: "cut-after-subscribe", NotOverHTTPS: true, Title: "The connection ends once the device waits for answers (MQTT, AMQP)",
			service: misdeliver(delivery{manner: cut}, opSubscribe),
		},
		{
			Name: "cut-before-answer", Title: "The connection ends between the register call and its answer",
			service: misdeliver(delivery{manner: cut}, opRegister),
		},
		{
			Name: "cut-while-polling", Title: "The connection ends between a poll and its answer",
			service: misdeliver(delivery{manner: cut}, opStatus),
		},
		{
			Name: "answer-late", Title: "The answer to the register call comes a second late",
			service: misdeliver(delivery{manner: late, delay: lateness}, opRegister),
		},
		{
			Name: "answer-duplicated", NotOverHTTPS: true, Title: "Every answer comes twice (MQTT, AMQP)",
			service: misdeliver(delivery{manner: duplicate}, opRegister, opStatus, opLookup),
		},
		{
			Name: "answer-for-other-request", NotOverHTTPS: true, Title: "Before every answer comes one to another request (MQTT, AMQP)",
			service: misdeliver(delivery{manner: other}, opRegister, opStatus, opLookup),
		},
	}
}
