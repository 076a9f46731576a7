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
			name: "the hub's quota is used up, with an issued certificate", verdict: Fault,
			ev:     refusedProbe(signing, issuedTo(probe.EndRefused, asked(probe.HubDenied, overHTTPS(403, "IotHubQuotaExceeded")))),
			causes: []string{"suggests quota-exceeded"},
		},
	}
}
