package advice

import (
	"testing"

	"dpsdiag/internal/probe"
)

// TestTraitsNameRows: what transports and attestations name of the catalogue is in it.
func TestTraitsNameRows(t *testing.T) {
	t.Parallel()
	for _, transport := range probe.Transports() {
		if id := transport.Traits().Garbled; entries(id) == nil {
			t.Errorf("%s: the catalogue has no %q", transport.ID(), id)
		}
	}
	for _, kind := range probe.KindsWith(func(a probe.AttestationTraits) bool { return a.Disbelieved != "" }) {
		if id := kind.Traits().Disbelieved; entries(id) == nil {
			t.Errorf("%s: the catalogue has no %q", kind, id)
		}
	}
}
