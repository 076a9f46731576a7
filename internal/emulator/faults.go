package emulator

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
)

// fault is a failure of the service as data: when it occurs and its answer. The first
// matching fault in the list applies.
type fault struct {
	// on lists the operations; opAssign needs an answer with a result, the others one without.
	on []operation
	// devices are the affected registration ids; empty means all.
	devices []string
	// times is how often it occurs for each device; 0 means always. It must be 0 at opConnect,
	// where the caller is not known yet and nothing is recorded about unknown callers. Nor is a
	// count kept at opHub for a device that the hub does not know.
	times  int
	answer answer
}

// answer is a fault's answer, instead of the service's own.
type answer struct {
	status     int // HTTP status
	code       int // six digits; 0 sends no body
	message    string
	retryAfter *time.Duration
	// foreign, unless nil, is sent instead of the service's error body.
	foreign *foreign
	// result is how a registration ends: failed or disabled, or assigning if it never ends.
	// Then code and message are the registration's own, and status is not used.
	result dps.Status
	// delivery is how the answer reaches the device. With status 0 the answer is the service's
	// own.
	delivery delivery
}

// delivery is how an answer reaches the device. The zero value is a normal delivery.
type delivery struct {
	manner manner
	delay  time.Duration // of a late answer
}

// manner is how the delivery of an answer goes wrong.
type manner string

// The ways in which it can go wrong. At opConnect, opSubscribe and opHub an answer can only
// be cut. HTTPS answers each request once, so it has no second and no other answer.
const (
	cut       manner = "cut"       // the connection ends instead
	late      manner = "late"      // the answer comes after a delay
	duplicate manner = "duplicate" // the answer comes twice
	other     manner = "other"     // it is preceded by an answer to a request that was never made
)

// speaks reports whether the fault has its own answer.
func (a answer) speaks() bool { return a.status != 0 }

// refusal returns the answer of a fault at any operation except opAssign.
func (a answer) refusal() *refusal {
	return &refusal{
		reason: reasonFault, status: a.status, code: a.code, message: a.message,
		why: "a fault is configured", wait: a.retryAfter, foreign: a.foreign, delivery: a.delivery,
	}
}

// family returns the answer for only an HTTP status: its generic code and its text.
func family(status int) answer {
	return answer{status: status, code: generic(status), message: http.StatusText(status)}
}

// strike returns the fault that applies to a device at this operation, or nil. The id "" is
// an unknown caller, to which only faults for every device apply. seen counts the faults of
// a device; nil, for an unknown caller, excludes faults with a count.
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
