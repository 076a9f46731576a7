package emulator

import (
	"container/list"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
)

// Bounds of what is remembered: registrations in all, the one used longest ago goes first,
// and operations of each.
const (
	maxRegistrations = 10_000
	maxOperations    = 64
)

// registry remembers registrations. Only devices that proved themselves get into it.
type registry struct {
	limit  int
	byID   map[string]*list.Element // of *record, by lower-case registration id
	recent *list.List               // most recently used in front
	// devices are those that the stub hub knows, by device id. Each belongs to a record.
	devices map[string]*hubDevice
}

func newRegistry(limit int) registry {
	return registry{limit: limit, byID: map[string]*list.Element{}, recent: list.New(), devices: map[string]*hubDevice{}}
}

// open returns the record of a device, a new one where there is none yet.
func (r *registry) open(id string) *record {
	key := strings.ToLower(id)
	if element, ok := r.byID[key]; ok {
		r.recent.MoveToFront(element)
		return element.Value.(*record)
	}
	if r.recent.Len() >= r.limit {
		oldest := r.recent.Remove(r.recent.Back()).(*record)
		delete(r.byID, oldest.key)
		r.expel(oldest)
	}
	rec := &record{key: key, met: map[*fault]int{}}
	r.byID[key] = r.recent.PushFront(rec)
	return rec
}

// record is what the service remembers of one device.
type record struct {
	key     string
	created time.Time         // of the first registration; zero before it
	last    *dps.Registration // how the last finished one ended; nil before it
	pending []*pending        // newest last, at most maxOperations
	met     map[*fault]int    // how often each fault struck
	device  *hubDevice        // its identity in the stub hub; nil is none
}

// pending is a registration under way, and after its end the memory of it.
type pending struct {
	operationID string
	polls       int // answers "assigning" left to give
	endless     bool
	outcome     dps.Registration // without timestamps until done
	credential  hubCredential    // what the device is to show to its hub
	done        bool
}

// begin starts a registration. Where there are too many, one is forgotten: the oldest that
// is done, or else the oldest.
func (r *record) begin(p *pending, now time.Time) {
	if r.created.IsZero() {
		r.created = now
	}
	if len(r.pending) == maxOperations {
		at := max(slices.IndexFunc(r.pending, func(p *pending) bool { return p.done }), 0)
		r.pending = slices.Delete(r.pending, at, at+1)
	}
	r.pending = append(r.pending, p)
}

// find returns the registration of that operation id, or nil.
func (r *record) find(operationID string) *pending {
	at := slices.IndexFunc(r.pending, func(p *pending) bool { return p.operationID == operationID })
	if at < 0 {
		return nil
	}
	return r.pending[at]
}

// waits counts a poll and reports whether it still finds the service assigning.
func (p *pending) waits() bool {
	if p.endless {
		return true
	}
	if p.polls == 0 {
		return false
	}
	p.polls--
	return true
}

// finish sets what is known of a registration only at its end.
func (r *record) finish(p *pending, now time.Time, etag string) {
	p.done = true
	p.outcome.Created = timestamp(r.created)
	p.outcome.LastUpdated = timestamp(now)
	p.outcome.ETag = etag
	r.last = &p.outcome
}
