package emulator

import (
	"fmt"
	"testing"

	"dpsdiag/internal/dps"
)

func TestRegistryForgetsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	r := newRegistry(2)
	a, b := r.open("a"), r.open("b")
	if r.open("A") != a {
		t.Error("a registration id in upper case has a record of its own")
	}
	r.open("c")
	if r.recent.Len() != 2 || len(r.byID) != 2 {
		t.Errorf("%d records by use, %d by id, want 2", r.recent.Len(), len(r.byID))
	}
	if r.open("a") != a {
		t.Error("the record used last is forgotten")
	}
	if r.open("b") == b {
		t.Error("the record used longest ago is kept")
	}
}

func TestRecordForgetsFinishedOperationsFirst(t *testing.T) {
	t.Parallel()
	r := newRegistry(1)
	rec := r.open("a")
	for i := range maxOperations {
		rec.begin(&pending{operationID: fmt.Sprint(i)}, noon)
	}
	rec.finish(rec.find("1"), noon, "")
	rec.begin(&pending{operationID: "new"}, noon)
	rec.begin(&pending{operationID: "newer"}, noon)
	for id, want := range map[string]bool{"0": false, "1": false, "2": true, "new": true, "newer": true} {
		if got := rec.find(id) != nil; got != want {
			t.Errorf("operation %s is known: %v, want %v", id, got, want)
		}
	}
	if len(rec.pending) != maxOperations {
		t.Errorf("%d operations, want %d", len(rec.pending), maxOperations)
	}
}

func TestPollsAreCounted(t *testing.T) {
	t.Parallel()
	for polls := range 3 {
		p := &pending{polls: polls}
		for range polls {
			if !p.waits() {
				t.Fatalf("polls %d: done too early", polls)
			}
		}
		for range 2 {
			if p.waits() {
				t.Errorf("polls %d: not done", polls)
			}
		}
	}
}

// Later calls do not change the service's answers about a finished registration.
func TestSecondRegistrationKeepsTheFirstCreation(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	c := newClient(t, e.Device())
	first, second := c.enter(), c.enter()
	a, b := first.body.Operation, second.body.Operation
	if a == nil || b == nil {
		t.Fatalf("%s, then %s", first, second)
	}
	if a.OperationID == b.OperationID {
		t.Error("both registrations have one operation id")
	}
	if a.Registration.Created != b.Registration.Created || b.Registration.Status != dps.StatusAssigned {
		t.Errorf("first %+v, second %+v", a.Registration, b.Registration)
	}
	if a.Registration.ETag == b.Registration.ETag {
		t.Error("both registrations have one etag")
	}
	if again := c.poll(a.OperationID); again.text != first.text {
		t.Errorf("the first operation now says %s", again.text)
	}
}

// A registration that nobody polls ends all the same.
func TestLookupsSeeTheEnd(t *testing.T) {
	t.Parallel()
	c := newClient(t, begin(t, Config{}).Device())
	c.register()
	for range defaultPolls {
		c.lookup().want(t, "200 bare assigning")
	}
	c.lookup().want(t, "200 bare assigned")
	c.register()
	c.lookup().want(t, "200 bare assigning")
}
