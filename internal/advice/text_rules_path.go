package advice

import (
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/logtext"
)

func progressTextRules() []textRule {
	return []textRule{
		{
			id: "succeeded-in-the-end", why: "DPS assigned the device after the failures, so they were temporary",
			see: func(c *textCase) string {
				assigned, first := c.event(logtext.EventAssigned), c.firstFailure()
				if assigned == nil || first == nil || !c.lastFailure().Before(assigned.Last) {
					return ""
				}
				return quoteFact(assigned)
			},
			effects: []effect{favours(worded, cause.ServiceTransient)},
		},
	}
}

// refusedByHub returns a match after the assignment with which the hub refuses the device.
func (c *textCase) refusedByHub() *logtext.Match {
	return c.matching(func(m *logtext.Match) bool {
		return c.isOfHub(m) && !missesNetwork(m) &&
			namingAny(cause.HubIdentityUnusable, cause.StaleAssignment, cause.SymmetricKeyMismatch, cause.CertNotTrustedByEnrollment, cause.SASTokenExpired)(m)
	})
}

// isOfHub reports whether an error comes after the assignment. A line that says so in the words of a
// program of its own counts for an error that a hub has written.
func (c *textCase) isOfHub(m *logtext.Match) bool {
	own := m.Entry.ID == hubBody && slices.ContainsFunc(c.Registered, func(p logtext.Place) bool { return p.Before(m.Line.Place) })
	return m.Phase == logtext.PhaseAssigned || own && m.Phase == logtext.PhaseUnknown
}

// lastFailure is the last place where the text says what went wrong.
func (c *textCase) lastFailure() logtext.Place {
	var end logtext.Place
	for i := range c.Matches {
		m := &c.Matches[i]
		if p := last(m); telling(m) && p.Line > end.Line {
			end = p
		}
	}
	return end
}

// seeAnswerAfterNetwork finds an answer of DPS after the last failure of the network.
func seeAnswerAfterNetwork(c *textCase) string {
	answer, network := c.matching(answersOfDPS), c.matching(missesNetwork)
	if answer == nil || network == nil || last(answer).Input != last(network).Input || last(answer).Before(last(network)) {
		return "" // in a log on a single line the answer counts
	}
	return quoteMatch(answer)
}

// last is the last place of a match.
func last(m *logtext.Match) logtext.Place { return m.Places[len(m.Places)-1] }

// seeLayer finds a match that shows how far the connection got.
func seeLayer(firstCauses ...cause.ID) func(*textCase) string {
	return seeMatch(func(m *logtext.Match) bool { return len(m.Entry.CauseIDs) <= 3 && leading(firstCauses...)(m) })
}

func pathTextRules() []textRule {
	return []textRule{
		{
			id: "name-fails-first", why: "the name was not resolved, and the other failures follow from that",
			see:     unless(seeMatch(answersOfDPS), seeLayer(cause.DNSFailure)),
			effects: []effect{favours(worded, cause.DNSFailure), weakens(cause.PortBlocked, cause.NetworkUnreachable, cause.ServerRootCAMissing, cause.ProxyInterference)},
		},
		{
			id: "middlebox-named", why: "this product inspects TLS and answers instead of the service",
			see:     seeSign(logtext.SignMiddlebox),
			effects: []effect{favours(hinted, cause.ProxyInterference)},
		},
		{
			id: "proxy-and-no-connection", why: "a proxy is used, and the connection failed",
			see:     seeBoth(seeMatch(missesNetwork), seeSign(logtext.SignProxy)),
			effects: []effect{favours(faint, cause.ProxyInterference)},
		},
		{
			id: "own-port-silent", why: "the transport has its own port, which firewalls block more often than 443",
			see: seeBoth(seeMatch(func(m *logtext.Match) bool { return missesNetwork(m) && namingAny(cause.PortBlocked)(m) }), func(c *textCase) string {
				return quoteFact(firstOf(c.fact(logtext.KindTransport, "mqtt"), c.fact(logtext.KindTransport, "amqp")))
			}),
			effects: []effect{favours(faint, cause.PortBlocked)},
		},
		{
			id: "certificate-of-another-host", why: "the server's certificate is for another name, which is checked only after its issuer is trusted",
			see:     seeSign(logtext.SignOtherHost),
			effects: []effect{favours(worded, cause.ProxyInterference, cause.WrongGlobalEndpoint)},
		},
		{
			id: "trust-anchor", why: "the certificate that could not be read is the one for checking the server, not the device's own",
			see: seeMatch(func(m *logtext.Match) bool {
				return leading(cause.ServerRootCAMissing)(m) && namingAny(cause.DeviceKeyMaterialUnreadable)(m)
			}),
			effects: []effect{weakens(cause.DeviceKeyMaterialUnreadable, cause.CertKeyPairMismatch)},
		},
		{
			id: "no-private-key", why: "a certificate without its private key cannot be presented",
			see:     unless(seeSign(logtext.SignPrivateKey), seeSign(logtext.SignNoPrivateKey)), // next to a leaf with its key it is a CA
			effects: []effect{favours(worded, cause.ClientCertNotPresented), weakens(cause.CertNotTrustedByEnrollment, cause.CertEnrollmentMismatch)},
		},
	}
}

func firstOf(facts ...*logtext.Fact) *logtext.Fact {
	i := slices.IndexFunc(facts, func(f *logtext.Fact) bool { return f != nil })
	if i < 0 {
		return nil
	}
	return facts[i]
}

func tpmTextRules() []textRule {
	return []textRule{
		{
			id: "tpm-library", why: "the missing library is the one for the TPM",
			see:     seeBoth(seeMatch(leading(cause.ClientDefect, cause.ClientVersionUnsupported)), seeMatch(leading(cause.TPMNotAvailable))),
			effects: []effect{favours(worded, cause.TPMNotAvailable)},
		},
	}
}
