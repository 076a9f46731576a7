package probe

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/packets"
)

func TestReadConnack5(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		sent string
		code int // -1 for an error
		text string
	}{
		"accepted":             {"\x20\x03\x00\x00\x00", 0, ""},
		"not authorized":       {"\x20\x03\x00\x87\x00", 0x87, "CONNACK 0x87: not authorized"},
		"with a reason":        {"\x20\x0b\x00\x87\x08\x1f\x00\x05clock", 0x87, "CONNACK 0x87: not authorized (clock)"},
		"an unknown code":      {"\x20\x03\x00\xfe\x00", 0xfe, "CONNACK 0xFE: a reserved code"},
		"of MQTT 3.1.1":        {"\x20\x02\x00\x01", -1, "the peer answers in MQTT 3.1.1 (CONNACK 1)"},
		"HTTP":                 {"HTTP/1.1 400 Bad Request\r\n", -1, "the peer does not speak MQTT"},
		"another packet":       {"\x30\x03\x00\x01a", -1, "the peer does not speak MQTT"},
		"endless":              {"\x20\xff\xff\xff\xff\xff", -1, "malformed length"},
		"too long":             {"\x20\xff\xff\xff\x7f", -1, "a CONNACK of 268435455 bytes"},
		"cut off":              {"\x20\x0b\x00\x87\x08", -1, "unexpected EOF"},
		"nothing":              {"", -1, "EOF"},
		"a foreign property":   {"\x20\x06\x00\x87\x03\x01\x00\x00", -1, "a malformed CONNACK"},
		"a short property":     {"\x20\x04\x00\x87\x01\x1f", -1, "a malformed CONNACK"},
		"without a code":       {"\x20\x01\x00", -1, "a malformed CONNACK"},
		"no properties at all": {"\x20\x00", -1, "a malformed CONNACK"},
	} {
		answer, err := readConnack5(bufio.NewReader(strings.NewReader(test.sent)))
		switch {
		case err != nil:
			if test.code >= 0 || !strings.Contains(err.Error(), test.text) {
				t.Errorf("%s: %v", name, err)
			}
		case int(answer.ReasonCode) != test.code || test.code > 0 && describeConnack5(answer) != test.text:
			t.Errorf("%s: %#x, %s", name, answer.ReasonCode, describeConnack5(answer))
		}
	}
}

func FuzzReadConnack5(f *testing.F) {
	f.Add([]byte("\x20\x0b\x00\x87\x08\x1f\x00\x05clock"))
	f.Add([]byte("\x20\x06\x00\x87\x03\x0b\x80\x80"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		answer, err := readConnack5(bufio.NewReader(bytes.NewReader(sent)))
		if (answer == nil) == (err == nil) {
			t.Errorf("%v with %v", answer, err)
		}
		if answer != nil && describeConnack5(answer) == "" {
			t.Error("no description")
		}
	})
}

func TestConnack5Result(t *testing.T) {
	t.Parallel()
	for code, want := range map[byte]HubResult{
		packets.ConnackSuccess: HubTaken, packets.ConnackNotAuthorized: HubDenied, packets.ConnackInvalidClientID: HubDenied,
		packets.ConnackBanned: HubDenied, packets.ConnackServerBusy: HubBusy, packets.ConnackQuotaExceeded: HubBusy,
		packets.ConnackConnectionRateExceeded: HubBusy, packets.ConnackUnsupportedProtocolVersion: HubOdd, 0x7f: HubOdd,
	} {
		if got := connack5Result(code); got != want {
			t.Errorf("%#x: %s, want %s", code, got, want)
		}
	}
}
