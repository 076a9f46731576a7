package advice

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/tpm"
)

// newCases prepares the evidence of every run for the rules.
func newCases(ev *probe.Evidence, across *comparison) []*Case {
	var cases []*Case
	for _, run := range across.runs {
		r := across.judging(run)
		entries := entriesOf(run, r, ev.Target.Attestation)
		c := &Case{Evidence: ev, Run: run, Entries: entries, refusal: r, across: across}
		c.attempt = c.witness()
		cases = append(cases, c)
	}
	return cases
}

// kind is the attestation that the device used.
func (c *Case) kind() probe.AttestationKind { return c.Evidence.Target.Attestation }

// host is the name or address that was requested.
func (c *Case) host() string { return c.Evidence.Target.Endpoint.Host }

// azure reports whether the host is a provisioning endpoint of an Azure cloud, or a hub in one. Only
// for these does the issuer of the server certificate show whether the real service answered.
func (c *Case) azure() bool {
	if c.hub != nil {
		return dps.IsHubHost(c.host())
	}
	_, ok := dps.CloudOf(c.host())
	return ok
}

// class is the HTTP-like class of the refusal, 0 when there is none; see refusal.class.
func (c *Case) class() int { return c.refusal.class() }

// hasEntry reports whether one of the entries has that id.
func (c *Case) hasEntry(id string) bool {
	return slices.ContainsFunc(c.Entries, func(entry *codes.Entry) bool { return entry.ID == id })
}

// mentions reports whether any of the entries lists a cause.
func (c *Case) mentions(id cause.ID) bool {
	return slices.ContainsFunc(c.Entries, func(entry *codes.Entry) bool { return slices.Contains(entry.CauseIDs, id) })
}

// judged reports whether the peer has judged the device: it refused a call, or aborted the handshake.
func (c *Case) judged() bool {
	return c.refusal != nil || c.hub == nil && c.tlsFailure() == netfail.TLSAlert
}

// warnings returns the warnings of the inputs stage with a cause id.
func (c *Case) warnings(id cause.ID) []string {
	var details []string
	for _, w := range c.Evidence.Inputs.Warnings {
		if w.ID == id.String() {
			details = append(details, w.Detail)
		}
	}
	return details
}

// tlsFailure returns the kind of the failed handshake, "" when none failed.
func (c *Case) tlsFailure() netfail.TLSKind {
	if h := c.Run.TLS; h != nil && h.Failure != nil {
		return h.Failure.Kind
	}
	return ""
}

// issuer returns who signed the server's certificate. It is "" if that is not known, or if the host is
// not one of Azure's: for another host any issuer is possible.
func (c *Case) issuer() probe.ServerIssuer {
	if c.Run.TLS == nil || !c.azure() {
		return ""
	}
	return c.Run.TLS.Issuer
}

// silent reports whether the run ended without an answer: nothing was received, or the connection was
// cut.
func (c *Case) silent() bool { return silent(c.Run) }

func silent(run *probe.Run) bool {
	if h := run.TLS; h != nil && h.Failure != nil {
		return h.Failure.Kind == netfail.TLSCut || h.Failure.Kind == netfail.TLSTimeout
	}
	return lost(run) != nil && !garbled(run)
}

// tpmFailure is why the device's TPM could not attest, nil when it could.
func (c *Case) tpmFailure() *tpm.Error {
	if c.Run.TPM != nil || c.Evidence.Inputs.TPM == nil {
		return c.Run.TPM
	}
	return c.Evidence.Inputs.TPM.Failure
}

// tpmKind is the kind of that failure, "" when there is none.
func (c *Case) tpmKind() tpm.Kind {
	if f := c.tpmFailure(); f != nil {
		return f.Kind
	}
	return ""
}

// event says in one line what ended the run, "" if nothing went wrong. If the budget ran out, it says
// so first.
func (c *Case) event() string {
	text := c.ending()
	if c.Run.OutOfTime == nil {
		return text
	}
	return strings.TrimSuffix(c.Run.OutOfTime.String()+": "+text, ": ")
}

func (c *Case) ending() string {
	run := c.Run
	switch {
	case c.record != nil:
		return c.record.String()
	case c.hub != nil:
		return "after a hub was assigned: " + c.hubSays
	case c.tpmFailure() != nil:
		return c.tpmFailure().Error()
	case c.refusal != nil:
		return refusalOf(run).String()
	case run.ProxyFailed() != nil:
		return proxyText(run.ProxyFailed())
	case run.Resolution != nil && run.Resolution.Failure != nil:
		return fmt.Sprintf("the name %s was not resolved: %s", c.host(), resolutionText(run.Resolution.Failure.Kind))
	case dialFailure(run) != nil:
		return dialText(run)
	case c.tlsFailure() != "":
		return "the TLS handshake failed: " + tlsText(run.TLS)
	case lost(run) != nil:
		return lostText(lost(run)) + saysText(run.Opening)
	case run.End == probe.EndUnanswered:
		return "the registration was still being processed when the probe gave up"
	}
	return ""
}

// saysText is what a peer of another protocol sent, "" if it sent nothing.
func saysText(o *probe.Opening) string {
	if o == nil || o.Said == "" {
		return ""
	}
	return "; it says " + quoted(o.Said)
}

func lostText(f *netfail.Failure) string {
	switch f.Kind {
	case netfail.Timeout:
		return "the connection was made, but no answer came in time"
	case netfail.Reset:
		return "the connection was cut before an answer came"
	}
	return "no usable answer came: " + clipped(cmp.Or(f.Text, string(f.Kind)))
}

func resolutionText(kind netfail.Kind) string {
	switch kind {
	case netfail.NoSuchHost:
		return "the resolver says that it does not exist"
	case netfail.ResolverTimeout:
		return "no resolver answered in time"
	case netfail.Unreachable:
		return "there is no route to the resolver"
	}
	return "the resolver refused or failed"
}

func dialText(run *probe.Run) string {
	var tried []string
	for _, d := range run.Dials {
		tried = append(tried, d.Address+" "+dialKindText(d.Failure.Kind))
	}
	return "no TCP connection was made: " + strings.Join(tried, ", ")
}

func dialKindText(kind netfail.Kind) string {
	switch kind {
	case netfail.Refused:
		return "refused it"
	case netfail.Timeout:
		return "did not answer"
	case netfail.Unreachable:
		return "is unreachable"
	case netfail.Reset:
		return "reset it"
	}
	return "failed"
}

func tlsText(h *probe.Handshake) string {
	switch h.Failure.Kind {
	case netfail.TLSUnknownAuthority:
		return "the server's certificate does not chain to a trusted root"
	case netfail.TLSNameMismatch:
		return "the server's certificate is for names other than " + h.ServerName
	case netfail.TLSServerExpired:
		return "the server's certificate has expired by the local clock"
	case netfail.TLSServerNotYet:
		return "the server's certificate is not yet valid by the local clock"
	case netfail.TLSAlert:
		return alertText(h.Failure)
	case netfail.TLSNotTLS:
		if said := h.Failure.Said; said != "" {
			return "the peer does not speak TLS on this port; it says " + quoted(said)
		}
		return "the peer does not speak TLS on this port"
	case netfail.TLSVersion:
		return "the peer and dpsdiag have no TLS version or cipher in common"
	case netfail.TLSCut:
		return "the peer cut the connection"
	case netfail.TLSTimeout:
		return "the peer said nothing"
	}
	return h.Failure.Text
}

func alertText(f *netfail.TLSFailure) string {
	text := fmt.Sprintf("the peer sent alert %d", f.Alert)
	if entry := codes.ByID(tlsEntry(f)); entry != nil {
		text += " (" + entry.Name + ")"
	}
	return text
}
