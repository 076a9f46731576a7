package advice

import (
	"testing"

	"dpsdiag/internal/probe"
)

// TestTraitsNameEntries: the catalogue has the entries that transports and attestations refer to.
func TestTraitsNameEntries(t *testing.T) {
	t.Parallel()
	for _, transport := range probe.Transports() {
		if id := transport.Traits().Garbled; entryByID(id) == nil {
			t.Errorf("%s: the catalogue has no %q", transport.ID(), id)
		}
	}
	for _, kind := range probe.KindsWith(func(a probe.AttestationTraits) bool { return a.Disbelieved != "" }) {
		if id := kind.Traits().Disbelieved; entryByID(id) == nil {
			t.Errorf("%s: the catalogue has no %q", kind, id)
		}
	}
}
