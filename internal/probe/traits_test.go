package probe_test

import (
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// TestTransportTraits: every transport has its traits, and the service has a port for it.
func TestTransportTraits(t *testing.T) {
	t.Parallel()
	endpoint := dps.Endpoint{HTTPS: 1, MQTT: 2, AMQP: 3}
	want := map[probe.TransportID]struct {
		port, standard int
		own, webSocket bool
	}{
		probe.HTTPS:  {1, 443, false, false},
		probe.MQTT:   {2, 8883, true, false},
		probe.MQTTWS: {1, 443, false, true},
		probe.AMQP:   {3, 5671, true, false},
		probe.AMQPWS: {1, 443, false, true},
	}
	for _, transport := range probe.Transports() {
		id, traits := transport.ID(), transport.Traits()
		w, known := want[id]
		if !known || id.Port(endpoint) != w.port || id.StandardPort() != w.standard || id.HasOwnPort() != w.own || traits.WebSocket != w.webSocket {
			t.Errorf("%s: port %d, standard %d, own %t, over a WebSocket %t", id, id.Port(endpoint), id.StandardPort(), id.HasOwnPort(), traits.WebSocket)
		}
		if traits.Protocol == "" || traits.Garbled == "" || traits.BeginsInHTTP == id.HasOwnPort() {
			t.Errorf("%s: %+v", id, traits)
		}
		delete(want, id)
	}
	if len(want) != 0 {
		t.Errorf("not among the transports: %v", want)
	}
}

// TestAttestationTraits: every kind is listed, with its flags and what a report calls its credential.
func TestAttestationTraits(t *testing.T) {
	t.Parallel()
	all := []probe.AttestationKind{probe.KindSymmetricKey, probe.KindGroupKey, probe.KindX509, probe.KindTPM, probe.KindSASToken}
	if got := probe.KindsWith(func(probe.AttestationTraits) bool { return true }); !slices.Equal(got, all) {
		t.Errorf("kinds %v", got)
	}
	for _, kind := range all {
		if traits := kind.Traits(); traits.Kind != kind || !strings.HasPrefix(traits.Flags, "--") || !strings.HasPrefix(traits.Called, "the ") {
			t.Errorf("%s: %+v", kind, traits)
		}
	}
	signs := probe.KindsWith(func(a probe.AttestationTraits) bool { return a.SymmetricKey })
	given := probe.KindsWith(func(a probe.AttestationTraits) bool { return a.DeviceKey })
	if !slices.Equal(signs, []probe.AttestationKind{probe.KindSymmetricKey, probe.KindGroupKey, probe.KindSASToken}) ||
		!slices.Equal(given, []probe.AttestationKind{probe.KindSymmetricKey, probe.KindSASToken}) {
		t.Errorf("a symmetric key signs for %v, one of the device for %v", signs, given)
	}
}
