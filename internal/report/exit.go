package report

import "dpsdiag/internal/advice"

// The exit statuses of dpsdiag, the same for every output format.
const (
	ExitOK          = 0   // registered and nothing is wrong; recognised
	ExitFault       = 1   // a fault was found and is named
	ExitDifferent   = 1   // diff: something differs
	ExitUnknown     = 1   // explain: nothing known in the input
	ExitUsage       = 2   // bad flag or unreadable input; nothing was sent
	ExitNoVerdict   = 3   // nothing could be concluded
	ExitRetryLater  = 4   // the service asked to come back later
	ExitWarned      = 5   // registered with warnings, and --fail-on warning was given
	ExitInterrupted = 130 // interrupted; what was learned was printed
)

// exitOf is the one table from a verdict to the exit status.
func exitOf(verdict advice.Verdict, warned, failOnWarning bool) int {
	switch verdict {
	case advice.Registered:
		if warned && failOnWarning {
			return ExitWarned
		}
		return ExitOK
	case advice.Fault:
		return ExitFault
	case advice.RetryLater:
		return ExitRetryLater
	case advice.Interrupted:
		return ExitInterrupted
	}
	return ExitNoVerdict
}
