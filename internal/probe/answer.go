package probe

import (
	"fmt"
	"net/http"
	"strconv"

	"dpsdiag/internal/dps"
)

// stateOf returns the state in an answer; status is "" if there is none.
func stateOf(a Answer) (dps.Status, *dps.Registration) {
	switch {
	case a.Body.Operation != nil:
		return a.Body.Operation.Status, a.Body.Operation.Registration
	case a.Body.Registration != nil:
		return a.Body.Registration.Status, a.Body.Registration
	}
	return "", nil
}

// comeBackLater reports the answers that every SDK treats as transient: 429 and 5xx.
func comeBackLater(a Answer) bool { return a.Failure == nil && PutsOff(a.Status) }

// PutsOff reports an HTTP status by which a service asks to come back later. 511 does not
// count: a gateway between the device and the service sends it to clients that have not
// signed in (RFC 6585, section 6).
func PutsOff(status int) bool {
	return status == http.StatusTooManyRequests || status/100 == 5 && status != http.StatusNetworkAuthenticationRequired
}

// describeRefusal describes an answer in one line.
func describeRefusal(a Answer) string {
	text := describeBody(a)
	if header := a.headerError(); header != "" {
		text += "; the header says " + header
	}
	return text
}

func describeBody(a Answer) string {
	switch b := a.Body; {
	case b.Error != nil:
		return fmt.Sprintf("%d: %d %s", a.Status, b.Error.ErrorCode, b.Error.Message)
	case a.Condition != "":
		return describeCondition(a.Condition, b)
	case b.Challenge != nil:
		return fmt.Sprintf("%d: the service challenges a TPM", a.Status)
	case a.TooLarge:
		return fmt.Sprintf("%d with a body of more than %d bytes", a.Status, MaxBody)
	case a.Location != "":
		return fmt.Sprintf("%d: redirected to %s", a.Status, a.Location)
	case b.Kind == dps.BodyEmpty:
		return fmt.Sprintf("%d without a body", a.Status)
	case b.Kind.Foreign():
		return fmt.Sprintf("%d with a body that the service does not send (%s)", a.Status, b.Kind)
	}
	return strconv.Itoa(a.Status)
}
