package advice

import (
	"dpsdiag/internal/logtext"

	"dpsdiag/internal/cause"
)

func clockTextRules() []textRule {
	return []textRule{
		{
			id: "time-not-synchronised", why: "the device did not get the time",
			see: seeAny(
				unless(seeSign(logtext.SignTimeSet), unless(seeOtherTimeouts, seeSign(logtext.SignTimeSync))),
				seeBoth(seeMatch(func(m *logtext.Match) bool { return distrustsServer(m) || refusesIdentity(m) }), seeSign(logtext.SignTimeSync)),
			),
			effects: []effect{favours(worded, cause.DeviceClockWrong), favours(faint, cause.NetworkUnreachable)},
		},
	}
}

// clockMatters reports whether a wrong clock can cause an error.
func clockMatters(m *logtext.Match) bool {
	return namingAny(cause.DeviceClockWrong, cause.SASTokenExpired, cause.CertExpired, cause.ServerRootCAMissing, cause.SymmetricKeyMismatch)(m)
}

// seeOtherTimeouts finds that hosts other than a time server do not answer either.
func seeOtherTimeouts(c *textCase) string {
	return quoteMatch(c.matching(func(m *logtext.Match) bool {
		return missesNetwork(m) && !namingAny(cause.DeviceClockWrong)(m)
	}))
}
