package fleet

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dpsdiag/internal/probe"
)

// pace decides when the next device may begin. Its methods may be called from several
// goroutines.
type pace struct {
	limiter *rate.Limiter
	mu      sync.Mutex
	until   time.Time // nothing begins before
}

func newPace(limit rate.Limit) *pace { return &pace{limiter: rate.NewLimiter(limit, 1)} }

// reserve takes the next place and returns how long it is until then.
func (p *pace) reserve() time.Duration { return p.limiter.Reserve().Delay() }

// held returns how much longer the service has asked the fleet to wait.
func (p *pace) held() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(time.Until(p.until), 0)
}

// hold makes every device wait for a time.
func (p *pace) hold(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.until) {
		p.until = until
	}
}

// event lets a device that is throttled slow the whole fleet: nothing begins until it calls
// again, and that call takes a place. The limit of polls is each device's own.
func (p *pace) event(e probe.Event) {
	if e.Wait == nil || e.Wait.Before == probe.OpStatus || e.Wait.Before == probe.OpHub {
		return
	}
	if e.Wait.Reason == strconv.Itoa(http.StatusTooManyRequests) {
		p.hold(e.Wait.For)
	}
	p.reserve()
}
