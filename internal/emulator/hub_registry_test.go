package emulator

import (
	"maps"
	"net"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The hub knows as many devices as the service stores registrations, and each once.
func TestHubIdentities(t *testing.T) {
	t.Parallel()
	r := newRegistry(2)
	known := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(r.devices))); diff != "" {
			t.Errorf("devices (-want +got):\n%s", diff)
		}
	}
	first, second := r.open("first"), r.open("second")
	r.admit(first, "a", hubCredential{})
	r.admit(second, "b", hubCredential{})
	known("a", "b")
	r.admit(first, "c", hubCredential{}) // was given another device id
	known("b", "c")
	ended := 0
	r.devices["b"].session = &hubSession{end: func() { ended++ }}
	r.admit(first, "b", hubCredential{}) // replaced the identity of another
	known("b")
	r.expel(second)
	known("b")
	if ended != 0 {
		t.Error("the connection of an identity that stays is ended")
	}
	r.open("third") // which leaves no room for the first
	known()
	if ended != 1 {
		t.Errorf("the connection of a removed identity was ended %d times", ended)
	}
}

// The hub's name for devices must resolve to the hub.
func TestHubAddress(t *testing.T) {
	t.Parallel()
	for listening, want := range map[string]string{
		"127.0.0.1:8883": "localhost:8883",
		"[::1]:8883":     "localhost:8883",
		"0.0.0.0:8883":   "localhost:8883",
		"[::]:8883":      "localhost:8883",
		"127.0.0.2:8883": "127.0.0.2:8883",
		"192.0.2.7:8883": "192.0.2.7:8883",
		"[fd00::7]:8883": "[fd00::7]:8883",
	} {
		address, err := net.ResolveTCPAddr("tcp", listening)
		if err != nil {
			t.Fatal(err)
		}
		if got := (&ports{hub: port{address: address}}).stub(); got != want {
			t.Errorf("listening on %s the hub is %q, want %q", listening, got, want)
		}
	}
}
