package emulator

import (
	"container/list"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
)

// Limits of what is remembered: the number of registrations, of which the least recently
// used one is removed first, and the number of operations of each.
const (
	maxRegistrations = 10_000
	maxOperations    = 64
)

// registry stores registrations. Only authenticated devices are in it.
type registry struct {
	limit  int
	byID   map[string]*list.Element // of *record, by lower-case registration id
	recent *list.List               // most recently used first
	// devices are those that the stub hub knows, by device id. Each belongs to a record.
	devices map[string]*hubDevice
}

func newRegistry(limit int) registry {
	return registry{limit: limit, byID: map[string]*list.Element{}, recent: list.New(), devices: map[string]*hubDevice{}}
}

// open returns the record of a device, a new one if there is none yet.
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

// peek returns the record of a device, nil if there is none. Unlike open it leaves the order
// as it is.
func (r *registry) peek(id string) *record {
	element, ok := r.byID[strings.ToLower(id)]
	if !ok {
		return nil
	}
	return element.Value.(*record)
}

// record is the service's data about one device.
type record struct {
	key     string
	created time.Time         // of the first registration; zero before it
	last    *dps.Registration // how the last finished one ended; nil if none has
	pending []*pending        // newest last, at most maxOperations
	met     map[*fault]int    // how often each fault has occurred
	polls   window            // the status calls that were taken
	hub     string            // to which it was last assigned; "" if none
	device  *hubDevice        // its identity in the stub hub; nil if none
}

// pending is a registration, during and after its processing.
type pending struct {
	operationID string
	polls       int // number of "assigning" answers left
	endless     bool
	outcome     dps.Registration // without timestamps until done
	credential  hubCredential    // the credential that the device must present to its hub
	done        bool
}

// begin starts a registration. If there are too many, it removes one: the oldest finished
// one, or else the oldest.
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

// waits counts a poll and reports whether the service is still assigning.
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

// finish sets the fields of a registration that are known only at its end.
func (r *record) finish(p *pending, now time.Time, etag string) {
	p.done = true
	p.outcome.Created = timestamp(r.created)
	p.outcome.LastUpdated = timestamp(now)
	p.outcome.ETag = etag
	r.last = &p.outcome
	if p.outcome.Status == dps.StatusAssigned {
		r.hub = p.outcome.AssignedHub
	}
}
