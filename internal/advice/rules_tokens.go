package advice

import (
	"fmt"
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/duration"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// tokenRules are the causes in a shared access signature or in the clock that dates it.
func tokenRules() []Rule {
	return []Rule{
		{
			ID:    cause.SASTokenMalformed,
			Party: ServiceParty,
			Only:  usingToken(),
			Until: Accepted,
			Weigh: weighTokenForm,
		},
		{
			ID:    cause.SASTokenExpired,
			Party: ServiceParty,
			Only:  usingToken(),
			Until: Accepted,
			Weigh: weighTokenExpiry,
		},
		{
			ID:    cause.DeviceClockWrong,
			Party: ServiceParty,
			Until: Accepted,
			Judge: judgeClock,
			Weigh: weighClock,
		},
	}
}

// usingToken limits a cause to devices that send a token.
func usingToken() Attestations {
	return Attestations{
		Kinds:     probe.KindsWith(func(t probe.AttestationTraits) bool { return !t.InHandshake }),
		Otherwise: "a device with a certificate sends no token",
	}
}

// ownToken judges what is wrong with a token, if dpsdiag made it.
func (c *Case) ownToken() Weight {
	if !c.judged() {
		return Weight{}
	}
	return inapplicable("no ready-made token was used: dpsdiag signs its own, in the documented format and for this call")
}

func weighTokenForm(c *Case) Weight {
	t := c.Evidence.Inputs.Token
	switch {
	case t == nil:
		return c.ownToken()
	case !c.identityRefused():
		return Weight{}
	}
	if !t.CoversTarget {
		target := dps.Resource(c.Evidence.Target.Scope, c.Evidence.Target.RegistrationID)
		return proven(fmt.Sprintf("the token is for %s, the call was for %s", quoted(t.Resource), quoted(target)))
	}
	switch {
	case t.InMilliseconds:
		return suggested("the token's expiry looks like milliseconds; the service counts seconds")
	case t.Policy != "" && t.Policy != dps.RegistrationPolicy:
		return suggested(fmt.Sprintf("the token has the policy %s; a device's token has %s or none", quoted(t.Policy), dps.RegistrationPolicy))
	}
	return doubted("the token is for the right resource, and its expiry and policy are well-formed")
}

func weighTokenExpiry(c *Case) Weight {
	t := c.Evidence.Inputs.Token
	switch {
	case t == nil:
		return c.ownToken()
	case !c.identityRefused():
		return Weight{}
	}
	_, known := c.skew()
	left := t.Expiry.Sub(c.serviceTime())
	expiry := t.Expiry.UTC().Format(time.RFC3339)
	switch {
	case left > 0 && known:
		return ruledOut("the token was valid until " + expiry + " by the service's clock")
	case left > 0:
		return doubted("the token is valid until " + expiry + " by the local clock")
	case c.clockRight():
		return proven("the token expired at "+expiry+", "+duration.Rough(left)+" before the call", c.skewText())
	}
	return suggested("the token expired at "+expiry+", "+duration.Rough(left)+" before the call", c.skewText())
}

// earliestPlausible is a date before this program was written: a local clock that shows an earlier
// time is certainly wrong.
func earliestPlausible() time.Time { return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) }

func weighClock(c *Case) Weight {
	switch {
	case c.attempt.LongAgo.Known || c.attempt.Behind.Known:
		return Weight{}
	case c.serverDated():
		return weighClockByCertificate(c)
	case c.refusal == nil:
		return Weight{}
	}
	return weighClockByRefusal(c)
}

// weighClockByRefusal judges the clock of a device that was refused, as long as the size of the error
// does not matter.
func weighClockByRefusal(c *Case) Weight {
	_, known := c.skew()
	switch {
	case c.clockRight():
		return ruledOut(c.skewText())
	case c.tokenTaken():
		return ruledOut("the service accepted the token when the session opened")
	case c.unchallenged():
		return ruledOut("the service refused the TPM before the TPM had made a token")
	case !known && c.identityRefused() && c.challengeAnswered() != "":
		return suggested("the challenge was answered with the key from the service; only the time of the token can still be refused", c.skewText())
	case !known && c.kind() == probe.KindX509:
		return doubted("the service checks certificates by its own clock")
	case !c.clockRefused():
		return Weight{}
	}
	switch c.kind() {
	case probe.KindX509:
		return weighClockOfCertificate(c)
	case probe.KindSASToken:
		return suggested(c.skewText(), "a token dated by that clock expires at the wrong time")
	}
	return Weight{}
}

// serverDated reports whether the device finds the server's certificate out of date.
func (c *Case) serverDated() bool {
	return c.tlsFailure() == netfail.TLSServerExpired || c.tlsFailure() == netfail.TLSServerNotYet
}

// clockRefused reports whether the service refused the identity of a device whose clock is
// known to be wrong.
func (c *Case) clockRefused() bool { return c.identityRefused() && c.clockWrong() }

// weighClockOfCertificate judges a clock known to be wrong, for a device that presents a certificate.
// The service checks the certificate by its own clock, the device's TLS library by the device's.
func weighClockOfCertificate(c *Case) Weight {
	cert := c.Evidence.Inputs.Certificate
	if cert != nil && len(cert.Expired)+len(cert.NotYetValid) > 0 && len(c.outOfDate()) == 0 {
		return suggested(c.skewText(), "the device's certificates are out of date by the local clock only")
	}
	return doubted(c.skewText() + "; but the service checks certificates by its own clock")
}

// weighClockByCertificate judges the clock of a device that finds the server's certificate out of
// date. It is proven only by a second piece of evidence.
func weighClockByCertificate(c *Case) Weight {
	because := []string{c.boundText()}
	cert := c.Evidence.Inputs.Certificate
	switch {
	case c.tlsFailure() == netfail.TLSServerNotYet && cert != nil && len(cert.NotYetValid) > 0:
		return proven(append(because, "the device's own certificate is not yet valid by the local clock either")...)
	case c.issuer() == probe.IssuerOther:
		return doubted("the certificate does not chain to a public root that Azure uses, so its dates prove nothing")
	case c.issuer() == probe.IssuerKnown:
		because = append(because, "the certificate chains to a public root that Azure uses, so it is genuine")
	}
	return suggested(because...)
}

// boundText says how wrong the clock is at least, if the certificate is in date.
func (c *Case) boundText() string {
	clock := c.Run.Clock
	switch {
	case clock == nil:
		return "the server's certificate is out of date by the local clock"
	case clock.Skew < 0:
		return "the local clock is behind by at least " + duration.Rough(clock.Skew) + " if the server's certificate is in date"
	}
	return "the local clock is ahead by at least " + duration.Rough(clock.Skew) + " if the server's certificate is in date"
}

// day formats a date.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
