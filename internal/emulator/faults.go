package emulator

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
)

// fault is a failure of the service, kept as data: when it strikes and what it answers.
// The first fault of the list that applies is the one that strikes.
type fault struct {
	// on says at which moments; opAssign needs an answer with a result, the others one
	// without.
	on []operation
	// devices are the registration ids it concerns; empty means all.
	devices []string
	// times is how often it strikes each device; 0 means always. At opConnect it is 0: who
	// calls is not known yet, and nothing is remembered of strangers. Nor is it at opHub of a
	// device that the hub does not know.
	times  int
	answer answer
}

// answer is what a fault says instead of the service's own answer.
type answer struct {
	status     int // HTTP status
	code       int // six digits; 0 sends no body
	message    string
	retryAfter *time.Duration
	// foreign, unless nil, is sent in place of an error body of the service.
	foreign *foreign
	// result is how a registration ends: failed or disabled, or never when it is assigning.
	// Then code and message are the registration's own, and status is not used.
	result dps.Status
	// delivery is how the answer reaches the device. With status 0 the answer is the
	// service's own.
	delivery delivery
}

// delivery is how an answer reaches the device. The zero value is as it should be.
type delivery struct {
	manner manner
	delay  time.Duration // of a late answer
}

// manner is what goes wrong with the delivery of an answer.
type manner string

// What can go wrong. At opConnect, opSubscribe and opHub an answer can only be cut. HTTPS answers
// each request once and on its own, so there is no second and no other answer there.
const (
	cut       manner = "cut"       // the connection ends instead
	late      manner = "late"      // the answer comes after a delay
	duplicate manner = "duplicate" // the answer comes twice
	other     manner = "other"     // before it comes one to a request that was never made
)

// speaks reports whether the fault has an answer of its own.
func (a answer) speaks() bool { return a.status != 0 }

// refusal returns the answer of a fault at any moment but opAssign.
func (a answer) refusal() *refusal {
	return &refusal{
		reason: reasonFault, status: a.status, code: a.code, message: a.message,
		why: "a fault is configured", wait: a.retryAfter, foreign: a.foreign, delivery: a.delivery,
	}
}

// family is the answer of a bare HTTP status: its generic code and its text.
func family(status int) answer {
	return answer{status: status, code: generic(status), message: http.StatusText(status)}
}

// strike returns the fault that the service meets at this moment of a device's, or nil; the
// id "" is that of a stranger, whom only faults of every device concern. seen counts the
// faults a device has met; nil, for a stranger, meets none that is counted.
func (s *service) strike(on operation, id string, seen map[*fault]int) *fault {
	for _, f := range s.faults {
		if !f.concerns(on, id) || f.times > 0 && (seen == nil || seen[f] >= f.times) {
			continue
		}
		if f.times > 0 {
			seen[f]++
		}
		return f
	}
	return nil
}

func (f *fault) concerns(on operation, id string) bool {
	sameID := func(other string) bool { return strings.EqualFold(other, id) }
	return slices.Contains(f.on, on) && (len(f.devices) == 0 || slices.ContainsFunc(f.devices, sameID))
}
