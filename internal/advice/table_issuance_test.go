package advice

import (
	"crypto/x509"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// signing requests a certificate.
func signing(ev *probe.Evidence) {
	ev.Target.Signing, ev.Target.APIVersion = true, dps.IssuingAPIVersion
}

// issued is an assignment with a certificate, sound unless altered.
func issued(alter ...func(*probe.Issued)) change {
	return func(ev *probe.Evidence) {
		state(dps.StatusAssigned, 0, "")(ev)
		i := &probe.Issued{Chain: []*x509.Certificate{certificate("sensor-17", "Issuer"), certificate("Issuer", "Root")}, Unlinked: -1}
		for _, each := range alter {
			each(i)
		}
		run(ev).Issued = i
	}
}

// issuedTo shows the issued certificate to the hub, which answers.
func issuedTo(end probe.End, steps ...probe.HubStep) change {
	return func(ev *probe.Evidence) {
		atHub(end, steps...)(ev)
		issued()(ev)
		run(ev).Hub.Issued = true
	}
}

// triedMQTT5 asks the hub whether it speaks MQTT 5.
func triedMQTT5(result probe.HubResult) probe.HubStep {
	return probe.HubStep{Action: probe.HubTryMQTT5, Result: result, Hub: hubHost, Text: "CONNACK 0x87: not authorized"}
}

func overMQTT5(code int) probe.Opening {
	return probe.Opening{Layer: probe.LayerMQTT5Connect, Status: code}
}

func issuanceTable() []row {
	otherKey := func(i *probe.Issued) { i.OtherKey = true }
	past := func(i *probe.Issued) { i.Expired = true }
	unreadable := func(i *probe.Issued) { i.Chain, i.Unreadable = nil, "certificate 1 of the chain is not base64" }
	unauthorized := overHTTPS(401, "IotHubUnauthorizedAccess")
	return []row{
		{
			name: "assigned without the certificate that was requested", verdict: Fault,
			ev:     refusedProbe(signing, state(dps.StatusAssigned, 0, "")),
			causes: []string{"proves certificate-not-issued"},
		},
		{
			name: "a signing request to a version without them", verdict: Fault,
			ev:     refusedProbe(signing, version("2021-06-01"), state(dps.StatusAssigned, 0, "")),
			causes: []string{"proves certificate-not-issued"},
		},
		{
			name: "a signing request with a fault is refused", verdict: Fault,
			ev:     refusedProbe(signing, warn("csr-rejected", "for another name"), refuse(400, 400000, "Bad Request")),
			causes: []string{"suggests csr-rejected", "allows payload-invalid", "allows api-version-unsupported"},
		},
		{
			name: "a sound signing request is refused for what it is", verdict: Fault,
			ev:     refusedProbe(signing, refuse(400, 400000, "The CSR could not be verified.")),
			causes: []string{"suggests csr-rejected", "allows payload-invalid", "allows api-version-unsupported"},
		},
		{
			name: "a call with a signing request is refused for its registration id", verdict: Fault,
			ev:     refusedProbe(signing, warn("csr-rejected", "for another name"), refuse(400, 400004, "Invalid RegistrationId")),
			causes: []string{"suggests payload-invalid"},
			out:    []string{"csr-rejected"},
		},
		{
			name: "the issued certificate is for another key", verdict: Fault,
			ev:     refusedProbe(signing, issued(otherKey)),
			causes: []string{"proves issued-certificate-unusable"},
			out:    []string{"certificate-not-issued"},
		},
		{
			name: "the issued certificate has expired", verdict: Fault,
			ev:     refusedProbe(signing, issued(past)),
			causes: []string{"proves issued-certificate-unusable"},
		},
		{
			name: "the issued certificate has expired by a clock that nothing confirms", verdict: Fault,
			ev:     refusedProbe(signing, noClock, issued(past)),
			causes: []string{"suggests issued-certificate-unusable"},
		},
		{
			name: "the issued chain cannot be read", verdict: Fault,
			ev:     refusedProbe(signing, issued(unreadable)),
			causes: []string{"proves issued-certificate-unusable"},
		},
		{
			name: "the hub refuses the issued certificate", verdict: Fault,
			ev: refusedProbe(signing, issuedTo(probe.EndRefused,
				asked(probe.HubDenied, unauthorized), registeredAgain(probe.HubTaken), asked(probe.HubDenied, unauthorized))),
			causes: []string{"suggests issued-certificate-unusable", "allows hub-identity-unusable", "allows stale-assignment"},
			out:    []string{"certificate-not-issued", "symmetric-key-mismatch"},
		},
		{
			name: "the hub aborts the handshake on the issued certificate", verdict: Fault,
			ev: refusedProbe(signing, device(), onTheWay(unshaken(netfail.TLSAlert, "")), func(ev *probe.Evidence) {
				issued()(ev)
				run(ev).Hub.Issued = true
			}),
			causes: []string{"suggests issued-certificate-unusable", "allows hub-identity-unusable"},
		},
		{
			name: "a hub of MQTT 5 refuses MQTT 3.1.1", verdict: Fault,
			ev:     refusedProbe(over(probe.MQTT), atHub(probe.EndRefused, asked(probe.HubOdd, overMQTT(1)), triedMQTT5(probe.HubTaken))),
			causes: []string{"proves hub-protocol-unsupported"},
		},
		{
			name: "a hub that cuts MQTT 3.1.1 speaks MQTT 5", verdict: Fault,
			ev: refusedProbe(over(probe.MQTT), speechless(netfail.Reset, probe.EndRefused), func(ev *probe.Evidence) {
				run(ev).Hub.Steps = append(run(ev).Hub.Steps, triedMQTT5(probe.HubTaken))
			}),
			causes: []string{"proves hub-protocol-unsupported"},
		},
		{
			name: "a hub of no protocol that is known", verdict: Fault,
			ev:     refusedProbe(over(probe.MQTT), atHub(probe.EndRefused, asked(probe.HubOdd, overMQTT(1)), triedMQTT5(probe.HubFailed))),
			causes: []string{"allows proxy-interference"},
		},
		{
			name: "a hub of MQTT 5 refuses the certificate", verdict: Fault,
			ev:     refusedProbe(signing, issuedTo(probe.EndRefused, asked(probe.HubDenied, overMQTT5(0x87)), registeredAgain(probe.HubTaken), asked(probe.HubDenied, overMQTT5(0x87)))),
			causes: []string{"suggests issued-certificate-unusable", "allows hub-identity-unusable", "allows stale-assignment"},
		},
		{
			name: "a hub of MQTT 5 throttles until the end", verdict: RetryLater,
			ev:     refusedProbe(signing, issuedTo(probe.EndExhausted, asked(probe.HubBusy, overMQTT5(0x9f)))),
			causes: []string{"suggests throttled"},
		},
		{
			name: "a hub of MQTT 5 is unavailable until the end", verdict: RetryLater,
			ev:     refusedProbe(signing, issuedTo(probe.EndExhausted, asked(probe.HubBusy, overMQTT5(0x88)))),
			causes: []string{"suggests service-transient"},
		},
		{
			name: "the hub's quota is used up, with an issued certificate", verdict: Fault,
			ev:     refusedProbe(signing, issuedTo(probe.EndRefused, asked(probe.HubDenied, overHTTPS(403, "IotHubQuotaExceeded")))),
			causes: []string{"suggests quota-exceeded"},
		},
	}
}
