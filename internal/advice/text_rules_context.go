package advice

import (
	"regexp"
	"strings"
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/logtext"
)

// contextTextRules are for words around an error that say what it is about: the same error means
// something else in another place.
func contextTextRules() []textRule {
	return []textRule{
		{
			id: "hub-answers-itself", why: "this is an answer of a hub, and no registration with DPS is seen in which it could be about the link of DPS",
			see:     seeHubAlone,
			effects: []effect{weakens(cause.HubLinkBroken)},
		},
		{
			id: "token-ended", why: "the time until which the token was valid has passed",
			see:     seeLine(regexp.MustCompile(`(?i)\b(?:token|sas)\b.*\b(?:expir\w*|valid(?:ity)?)\b.*\b(?:has passed|has elapsed|is past|is over|in the past)\b`)),
			effects: []effect{favours(exact, cause.SASTokenExpired), weakens(cause.HubIdentityUnusable)},
		},
		{
			id: "resource-used-up", why: "the system had no space, memory or descriptor left, whatever the client wanted to do with it",
			see:     seeMatch(usedUp),
			effects: []effect{favours(exact, cause.ClientLimitExceeded), weakens(cause.DeviceKeyMaterialUnreadable, cause.DNSFailure, cause.NetworkUnreachable)},
		},
		{
			id: "client-of-the-gateway", why: "a gateway judged the certificate of a client here, not a device that of a server",
			see:     seeJudgedClient,
			effects: []effect{weakens(cause.ServerRootCAMissing, cause.ProxyInterference)},
		},
		{
			id: "another-server", why: "this is about the server in the line, and not about DPS or a hub",
			see:     seeOtherServer,
			effects: []effect{weakens(cause.ServerRootCAMissing, cause.ProxyInterference)},
		},
		{
			id: "names-compared", why: "the service says that the name in the certificate and the registration id differ",
			see:     seeComparedNames,
			effects: []effect{favours(exact, cause.CertCNRegistrationIDMismatch), weakens(cause.RegistrationIDInvalid)},
		},
		{
			id: "certificate-ended", why: "the certificate had ended when the device was refused",
			see:     seeEndedCertificate,
			effects: []effect{favours(exact, cause.CertExpired), weakens(cause.SymmetricKeyMismatch, cause.GroupKeyNotDerived, cause.DerivedKeyIncorrect)},
		},
		{
			id: "certificate-early", why: "a certificate that is not valid yet shows that the clock is behind, and says nothing against its issuer",
			see: seeBoth(seeMatch(distrustsServer), seeLine(regexp.MustCompile(
				`(?i)\b(?:certificate|cert)\b.*\bin the future\b`))),
			effects: []effect{favours(hinted, cause.DeviceClockWrong), weakens(cause.ServerRootCAMissing)},
		},
	}
}

// seeLine finds a line that matches a pattern.
func seeLine(pattern *regexp.Regexp) func(*textCase) string {
	return func(c *textCase) string {
		for i := range c.Sample {
			if l := &c.Sample[i]; pattern.MatchString(l.Text) {
				return quote(l.Place, logtext.Quote(l.Text))
			}
		}
		return ""
	}
}

// seeHubAlone finds the error that DPS passes on from a hub in a text without DPS.
func seeHubAlone(c *textCase) string {
	if c.event(logtext.EventBegun) != nil || c.event(logtext.EventAssigning) != nil || c.matching(func(m *logtext.Match) bool { return m.Entry.ID != hubBody && answersOfDPS(m) }) != nil {
		return ""
	}
	for i := range c.Bodies {
		if b := &c.Bodies[i]; b.Shape == logtext.ShapeHub && b.Code == 0 {
			return quoteMatch(c.matching(func(m *logtext.Match) bool { return m.Entry.ID == hubBody && m.Line.Place == b.Place }))
		}
	}
	return ""
}

// usedUp reports whether a match is an error of the system for something that is used up, in words: its
// number alone may be one of something else.
func usedUp(m *logtext.Match) bool {
	words := regexp.MustCompile(`(?i)no space left|no buffer space|read-only file system|too many open files|out of memory|cannot allocate memory|\bE(?:NOSPC|ROFS|MFILE|NFILE|NOMEM|NOBUFS)\b`)
	return strings.HasPrefix(m.Entry.ID, "errno-") && leading(cause.ClientLimitExceeded)(m) && words.MatchString(m.Line.Text)
}

// seeJudgedClient finds a distrusted certificate in a line about a client or a downstream device.
func seeJudgedClient(c *textCase) string {
	client := regexp.MustCompile(`(?i)\bauthenticat\w* (?:the )?(?:client|leaf|downstream|child)|\b(?:client|downstream|leaf|child)(?: device)?(?:'s)? certificate`)
	return quoteMatch(c.matching(func(m *logtext.Match) bool { return distrustsServer(m) && client.MatchString(m.Line.Text) }))
}

// seeOtherServer finds that all distrusted certificates are those of other servers.
func seeOtherServer(c *textCase) string {
	of := func(other bool) *logtext.Match {
		return c.matching(func(m *logtext.Match) bool {
			return distrustsServer(m) && logtext.NamesOtherServer(m.Line.Text) == other
		})
	}
	if of(false) != nil {
		return ""
	}
	return quoteMatch(of(true))
}

// seeComparedNames finds an answer of the service about the name in a certificate.
func seeComparedNames(c *textCase) string {
	name := regexp.MustCompile(`(?i)\b(?:common name|subject(?: name)?|cn)\b`)
	differs := regexp.MustCompile(`(?i)\b(?:does not|doesn't|do not|must) (?:match|equal)|\bmismatch|\bdiffers?\b|\bis not the (?:same|registration)`)
	for i := range c.Bodies {
		b := &c.Bodies[i]
		if b.Shape == logtext.ShapeDPS && name.MatchString(b.Message) && differs.MatchString(b.Message) {
			return quote(b.Place, b.Message)
		}
	}
	return ""
}

// seeEndedCertificate finds the end of a certificate that is before the day of a refusal after it.
func seeEndedCertificate(c *textCase) string {
	const day = `(\d{4}-\d\d-\d\d)`
	end := regexp.MustCompile(`(?i)(?:\bnot ?after|\bcert\w*\b.*\b(?:valid (?:un)?til|valid to|expire[sd]?(?: on| at)?|expiry|expiration))\b\W{0,4}` + day)
	dated := regexp.MustCompile(`^\W*` + day)
	refused := c.matching(refusesIdentity)
	if refused == nil {
		return ""
	}
	at, known := dayIn(dated, refused.Line.Text)
	for i := range c.Sample {
		l := &c.Sample[i]
		if last, ok := dayIn(end, l.Text); known && ok && last.Before(at) {
			return quote(l.Place, logtext.Quote(l.Text))
		}
	}
	return ""
}

// dayIn is the day that a pattern finds in a text.
func dayIn(pattern *regexp.Regexp, text string) (time.Time, bool) {
	m := pattern.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	day, err := time.Parse(time.DateOnly, m[1])
	return day, err == nil
}
