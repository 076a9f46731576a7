package advice

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// unrequested judges a cause of an issued certificate in a probe that requested none, or reports false.
func (c *Case) unrequested() (Weight, bool) {
	switch {
	case c.Evidence.Target.Signing:
		return Weight{}, false
	case c.judged():
		return inapplicable(noIssuance), true
	}
	return Weight{}, true
}

func weighNotIssued(c *Case) Weight {
	if w, ok := c.unrequested(); ok {
		return w
	}
	switch {
	case c.hub != nil || c.Run.Issued != nil:
		return ruledOut("the service issued a certificate")
	case !assigned(c.Run):
		return Weight{}
	}
	w := proven("a signing request was sent, and the assignment came without a certificate")
	if version := c.Evidence.Target.APIVersion; !dps.IssuesCertificates(version) {
		w.Because = append(w.Because, "the api-version "+version+" has no signing requests")
		w.Remedies = []string{"Use the api-version " + dps.IssuingAPIVersion + ", which issues certificates"}
	}
	return w
}

// ofSigningRequest reports whether the message of the refusal is about a signing request.
func (r *refusal) ofSigningRequest() bool {
	message := strings.ToLower(r.message)
	words := strings.FieldsFunc(message, func(c rune) bool { return !unicode.IsLetter(c) })
	return slices.Contains(words, "csr") || strings.Contains(message, "signing request") || strings.Contains(message, "certificate request")
}

func weighRequestRejected(c *Case) Weight {
	if w, ok := c.unrequested(); ok {
		return w
	}
	switch {
	case c.class() != http.StatusBadRequest:
		return Weight{}
	case c.refusal.opening != nil:
		return ruledOut("the session was refused before the signing request was sent")
	case c.namesID():
		return ruledOut("the message is about the registration id, not the signing request")
	case c.refusal.ofSigningRequest():
		return suggested("the message is about the signing request")
	case len(c.warnings(cause.CSRRejected)) > 0:
		return suggested("the call had a signing request that is not what the service documents")
	}
	return allowed("the call had a signing request, in which nothing wrong was found")
}

func weighIssuedUnusable(c *Case) Weight {
	if w, ok := c.unrequested(); ok && c.Run.Issued == nil && !c.presentedIssued() {
		return w
	}
	switch issued := c.Run.Issued; {
	case c.presentedIssued():
		return c.issuedAtHub()
	case issued == nil || len(issued.Faults()) == 0:
		return Weight{}
	case (issued.Expired || issued.NotYetValid) && c.clock() == nil:
		return c.unusable(suggested(append(issued.Faults(), "the clock of the service is not known over this transport, so the local one may be wrong")...))
	default:
		return c.unusable(proven(issued.Faults()...))
	}
}

// unusable adds what to do about a certificate with faults.
func (c *Case) unusable(w Weight) Weight {
	switch issued := c.Run.Issued; {
	case issued.Expired:
		w.Remedies = []string{"Register again for a new certificate before the old one ends; the policy says how long it is valid"}
	case issued.OtherKey, issued.OtherName:
		w.Remedies = []string{"Register again with a request from the device's own key; if the answer is the same, collect the operation id for a support request"}
	}
	return w
}

// issuedAtHub judges the answer of a hub to a certificate that the service has just issued. It is sound,
// or the run would have ended before.
func (c *Case) issuedAtHub() Weight {
	const sound = "the certificate was issued a moment ago, is in date, and fits its key; it was sent with what signed it"
	const remedy = "Synchronise the credential of the namespace to the hub: az iot adr ns credential sync"
	w := suggested(sound, "a hub takes issued certificates only after their authority was synchronised to it")
	w.Remedies = []string{remedy}
	switch {
	case c.tlsFailure() == netfail.TLSAlert:
		w.Because = append([]string{"the hub aborted the TLS handshake on the issued certificate"}, w.Because...)
	case c.hubAnswer(probe.HubDenied) == nil, c.hubError() == hubQuota:
		return Weight{}
	}
	return w
}

// presentedIssued reports whether the hub was shown a certificate that the service had issued.
func (c *Case) presentedIssued() bool { return c.hub != nil && c.hub.Issued }

// weighHubProtocol judges a hub that does not answer as a classic one: it may speak MQTT 5 only. Its
// answer says nothing about the credential then.
func weighHubProtocol(c *Case) Weight {
	if c.hub == nil || !c.hub.SpeaksMQTT5() {
		return Weight{}
	}
	w := proven("the hub answers in MQTT 5 (" + c.hub.Last(probe.HubTryMQTT5).Text + ")")
	if last := c.hub.Last(probe.HubAsk); last != nil {
		w.Because = append([]string{fmt.Sprintf("asked over %s, the hub gives no answer of a classic hub: %s", c.hub.Protocol, last.Text)}, w.Because...)
	}
	w.Remedies = []string{"Use a client that speaks MQTT 5, with a certificate: a hub of this kind takes no key. dpsdiag does with --csr-key FILE, or --api-version " + dps.IssuingAPIVersion + " and the device's certificate"}
	return w
}
