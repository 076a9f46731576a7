package advice

import (
	"fmt"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/likeness"
	"dpsdiag/internal/logtext"
)

// textCase is what was found in a text, with values that several rules would compute again.
type textCase struct {
	*logtext.Findings
	points   points
	attempt  *Attempt          // the text in the form that both kinds of evidence share
	likeness *likeness.Reading // nil without a model
}

func newTextCase(found *logtext.Findings) *textCase {
	c := &textCase{Findings: found}
	c.attempt = c.witness()
	return c
}

// fact returns a circumstance, nil if the text does not show it.
func (c *textCase) fact(kind logtext.Kind, value string) *logtext.Fact {
	for i := range c.Facts {
		if f := &c.Facts[i]; f.Kind == kind && f.Value == value {
			return f
		}
	}
	return nil
}

func (c *textCase) facts(kind logtext.Kind) []*logtext.Fact {
	var found []*logtext.Fact
	for i := range c.Facts {
		if c.Facts[i].Kind == kind {
			found = append(found, &c.Facts[i])
		}
	}
	return found
}

func (c *textCase) sign(value string) *logtext.Fact  { return c.fact(logtext.KindSign, value) }
func (c *textCase) event(value string) *logtext.Fact { return c.fact(logtext.KindEvent, value) }

// anyClient reports whether the text comes from one of these clients.
func (c *textCase) anyClient(clients ...string) bool {
	return slices.ContainsFunc(clients, func(client string) bool { return c.fact(logtext.KindClient, client) != nil })
}

// matching returns the first match that satisfies is, nil if none does.
func (c *textCase) matching(is func(*logtext.Match) bool) *logtext.Match {
	for i := range c.Matches {
		if is(&c.Matches[i]) {
			return &c.Matches[i]
		}
	}
	return nil
}

// telling reports whether a match says what went wrong and is not a wrapper.
func telling(m *logtext.Match) bool {
	return !m.Entry.Wrapper && !m.LastResort && len(m.Entry.CauseIDs) > 0
}

// namingAny returns a test for matches that list one of the causes.
func namingAny(causes ...cause.ID) func(*logtext.Match) bool {
	return func(m *logtext.Match) bool {
		return slices.ContainsFunc(causes, func(id cause.ID) bool { return slices.Contains(m.Entry.CauseIDs, id) })
	}
}

// leading returns a test for matches that list one of the causes first.
func leading(causes ...cause.ID) func(*logtext.Match) bool {
	return func(m *logtext.Match) bool { return telling(m) && slices.Contains(causes, m.Entry.CauseIDs[0]) }
}

// refusesIdentity reports whether a match says that the service did not believe the device, without a
// reason. A wrapper that is also printed after a failure of the network does not count.
func refusesIdentity(m *logtext.Match) bool {
	if m.Entry.Wrapper && namingAny(cause.NetworkUnreachable)(m) {
		return false
	}
	keys := namingAny(cause.SymmetricKeyMismatch, cause.GroupKeyNotDerived)(m)
	certificates := namingAny(cause.CertNotTrustedByEnrollment, cause.CertEnrollmentMismatch, cause.CertCNRegistrationIDMismatch, cause.CertChainIncomplete, cause.CertExpired)(m)
	return keys && certificates
}

// distrustsServer reports whether a match says that the device did not believe the server.
func distrustsServer(m *logtext.Match) bool {
	return slices.Contains(m.Entry.CauseIDs[:min(2, len(m.Entry.CauseIDs))], cause.ServerRootCAMissing) && !m.Entry.Wrapper
}

// missesNetwork reports whether a match says that the service was not reached.
func missesNetwork(m *logtext.Match) bool {
	return leading(cause.DNSFailure, cause.PortBlocked, cause.NetworkUnreachable, cause.ProxyNotConfigured)(m)
}

// answersOfDPS reports whether a match can only come from an answer of DPS.
func answersOfDPS(m *logtext.Match) bool {
	return m.Entry.Kind == codes.KindDPS && !m.LastResort && !m.Entry.Wrapper || m.Entry.Kind == codes.KindRegistrationStatus && !m.LastResort
}

// quote returns a place and the text there.
func quote(place logtext.Place, text string) string {
	return fmt.Sprintf("%s: %s", place, inQuotes(text))
}

// inQuotes puts a text of the log in quotes; double quotes inside it become single ones.
func inQuotes(text string) string {
	return `"` + strings.ReplaceAll(shorten(strings.Trim(text, `"`)), `"`, "'") + `"`
}

// maxQuote is how much of a line a reason quotes.
const maxQuote = 100

func shorten(text string) string {
	runes := []rune(text)
	if len(runes) <= maxQuote {
		return text
	}
	return string(runes[:maxQuote-1]) + "…"
}
