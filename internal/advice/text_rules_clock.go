package advice

import (
	"dpsdiag/internal/logtext"

	"dpsdiag/internal/cause"
)

func clockTextRules() []textRule {
	return []textRule{
		{
			id: "clock-unset", why: "the device dates its failure long before the service existed, so its clock was not set",
			see: seeMatch(func(m *logtext.Match) bool {
				return m.Clock.Year != 0 && m.Clock.Year < 2016 && clockMatters(m)
			}),
			effects: []effect{favours(exact, cause.DeviceClockWrong)},
		},
		{
			id: "clock-ahead", why: "the device dates its failure in the future, so its clock is ahead",
			see:     seeMatch(func(m *logtext.Match) bool { return m.Clock.Future && clockMatters(m) }),
			effects: []effect{favours(exact, cause.DeviceClockWrong)},
		},
		{
			id: "clock-differs", why: "the date of the log line and the time in the service's answer are days apart",
			see:     seeMatch(func(m *logtext.Match) bool { return m.Clock.Known && m.Clock.Behind != 0 && clockMatters(m) }),
			effects: []effect{favours(exact, cause.DeviceClockWrong)},
		},
		{
			id: "time-not-synchronised", why: "the device did not get the time",
			see: seeAny(
				unless(seeSign(logtext.SignTimeSet), unless(seeOtherTimeouts, seeSign(logtext.SignTimeSync))),
				seeBoth(seeMatch(func(m *logtext.Match) bool { return distrustsServer(m) || refusesIdentity(m) }), seeSign(logtext.SignTimeSync)),
			),
			effects: []effect{favours(worded, cause.DeviceClockWrong), favours(faint, cause.NetworkUnreachable), favours(faint, cause.PortBlocked)},
		},
	}
}

// clockMatters reports whether a wrong clock can be behind an error.
func clockMatters(m *logtext.Match) bool {
	return namingAny(cause.DeviceClockWrong, cause.SASTokenExpired, cause.CertExpired, cause.ServerRootCAMissing, cause.SymmetricKeyMismatch)(m)
}

// seeOtherTimeouts sees that hosts other than a time server do not answer either.
func seeOtherTimeouts(c *textCase) string {
	return quoteMatch(c.matching(func(m *logtext.Match) bool {
		return missesNetwork(m) && !namingAny(cause.DeviceClockWrong)(m)
	}))
}
