package emulator

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
)

func TestReadPacketErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		bytes string
		want  error // nil for any
	}{
		"nothing":                {"", io.EOF},
		"type alone":             {"\x30", io.EOF},
		"length cut off":         {"\x30\x80", io.EOF},
		"body cut off":           {"\x30\x05\x00\x01a", io.ErrUnexpectedEOF},
		"length of five bytes":   {"\x30\x80\x80\x80\x80\x01", nil},
		"larger than is taken":   {"\x30\x81\xc0\x06" + strings.Repeat("a", maxPacket+1), nil},
		"no such type":           {"\xf0\x00", nil},
		"fields beyond the body": {"\x30\x02\x00\x7f", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packet, err := readPacket(strings.NewReader(test.bytes), maxPacket)
			if err == nil || packet != nil {
				t.Fatalf("read %v", packet)
			}
			if test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

// A packet uses memory for received data, not for its announced length.
func TestReadPacketTakesWhatArrives(t *testing.T) {
	const runs = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if _, err := readPacket(strings.NewReader("\x30\xff\xbf\x06"), maxPacket); err == nil { // 106,495 bytes
			t.Fatal("read a packet of nothing")
		}
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / runs; each > 10_000 {
		t.Errorf("an announcement takes %d bytes", each)
	}
}

func TestParseTopic(t *testing.T) {
	t.Parallel()
	for topic, want := range map[string]mqttRequest{
		dps.MQTTRegister + "?$rid=1":                  {operation: opRegister, rid: "1"},
		dps.MQTTStatus + "?$rid=a-b&operationId=4.00": {operation: opStatus, rid: "a-b", operationID: "4.00"},
		dps.MQTTStatus + "?operationId=4.00&$rid=a":   {operation: opStatus, rid: "a", operationID: "4.00"},
		dps.MQTTStatus + "?$rid=a":                    {operation: opStatus, rid: "a"},
		dps.MQTTRegister + "?$rid=a=b?c/d":            {operation: opRegister, rid: "a=b?c/d"},
	} {
		got, err := parseTopic(topic)
		if err != nil {
			t.Errorf("%s: %v", topic, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(mqttRequest{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", topic, diff)
		}
	}
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]string{
		"s/registrations/a":                   {"s", "a"},
		"/s/registrations/a":                  {"s", "a"},
		"amqps://host/s/registrations/a":      {"s", "a"},
		"amqps://host:5671/s/registrations/a": {"s", "a"},
		"amqps:///s/registrations/a":          {"s", "a"},
		"amqps://host":                        {},
		"amqps://":                            {},
		"//s/registrations/a":                 {},
		"s/registration/a":                    {},
		"s/registrations/a/":                  {},
		"/registrations/a":                    {},
		"":                                    {},
	} {
		scope, id, ok := parseAddress(address)
		if got := [2]string{scope, id}; got != want || ok != (want[0] != "") {
			t.Errorf("%s is %q, %v", address, got, ok)
		}
	}
}
