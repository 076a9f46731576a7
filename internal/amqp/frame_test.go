package amqp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/amqp"
)

// frames are frames and their bytes without the size at the start.
func frames() []struct {
	name  string
	frame amqp.Frame
	bytes string
} {
	accepted := &amqp.Accepted{}
	refusal := &amqp.Error{
		Condition:   "amqp:not-found",
		Description: "no",
		Info:        amqp.Map{{Key: amqp.Symbol("retry-after"), Value: int32(3)}},
	}
	refusalBytes := "00 531d c0 27 03 a30e616d71703a6e6f742d666f756e64 a1026e6f c1 10 02 a30b72657472792d6166746572 5403"
	return []struct {
		name  string
		frame amqp.Frame
		bytes string
	}{
		{"heartbeat", amqp.Frame{}, "02 00 0000"},
		{"heartbeat on a channel", amqp.Frame{Channel: 0x1234}, "02 00 1234"},
		{"open", amqp.Frame{Body: &amqp.Open{ContainerID: "c"}}, "02 00 0000 005310 c0 04 01 a10163"},
		{
			"open as the service sends it",
			amqp.Frame{Body: &amqp.Open{
				ContainerID: "c", Hostname: "g", MaxFrameSize: new(uint32(65536)),
				ChannelMax: new(uint16(8191)), IdleTimeOut: 240000,
			}},
			"02 00 0000 005310 c0 14 05 a10163 a10167 7000010000 601fff 700003a980",
		},
		{
			"open with an error among its properties",
			amqp.Frame{Body: &amqp.Open{
				ContainerID: "c",
				Properties: amqp.Map{{
					Key:   amqp.Symbol("e"),
					Value: amqp.Described{Descriptor: uint64(0x1d), Value: []any{amqp.Symbol("x")}},
				}},
			}},
			"02 00 0000 005310 c0 1b 0a a10163 4040404040404040 c1 0d 02 a30165 00 531d c0 04 01 a30178",
		},
		{
			"begin that answers channel 0",
			amqp.Frame{Channel: 1, Body: &amqp.Begin{
				RemoteChannel: new(uint16(0)), NextOutgoingID: 1, IncomingWindow: 2048, OutgoingWindow: 0,
				HandleMax: new(uint32(7)), DesiredCapabilities: []amqp.Symbol{"a"},
			}},
			"02 00 0001 005311 c0 18 07 600000 5201 7000000800 43 5207 40 e0 07 01 b3 00000001 61",
		},
		{
			"attach",
			amqp.Frame{Body: &amqp.Attach{
				Name: "l", Handle: 1, Role: amqp.RoleReceiver, SndSettleMode: new(uint8(0)), RcvSettleMode: 1,
				Source: amqp.NewSource("s"), Target: &amqp.Target{Fields: []any{}},
			}},
			"02 00 0000 005312 c0 18 07 a1016c 5201 41 5000 5001 00 5328 c0 04 01 a10173 00 5329 45",
		},
		{
			"flow of a session",
			amqp.Frame{Body: &amqp.Flow{IncomingWindow: 1, NextOutgoingID: 0, OutgoingWindow: 300}},
			"02 00 0000 005313 c0 0a 04 40 5201 43 700000012c",
		},
		{
			"flow of a link without credit",
			amqp.Frame{Body: &amqp.Flow{
				NextIncomingID: new(uint32(0)), Handle: new(uint32(0)), DeliveryCount: new(uint32(5)),
				LinkCredit: new(uint32(0)), Drain: true,
			}},
			"02 00 0000 005313 c0 0b 09 43 43 43 43 43 5205 43 40 41",
		},
		{
			"transfer with a payload",
			amqp.Frame{
				Body:    &amqp.Transfer{DeliveryID: new(uint32(0)), DeliveryTag: []byte{}, More: true, State: accepted},
				Payload: []byte{0xca, 0xfe},
			},
			"02 00 0000 005314 c0 0d 08 43 43 a000 40 40 41 40 00532445 cafe",
		},
		{
			"disposition that rejects",
			amqp.Frame{Body: &amqp.Disposition{
				Role: amqp.RoleReceiver, First: 1, Last: new(uint32(1)), Settled: true, State: &amqp.Rejected{Error: refusal},
			}},
			"02 00 0000 005315 c0 39 05 41 5201 5201 41 00 5325 c0 2d 01" + refusalBytes,
		},
		{
			"disposition with the other states",
			amqp.Frame{Body: &amqp.Disposition{State: &amqp.Modified{DeliveryFailed: true, MessageAnnotations: amqp.Map{}}}},
			"02 00 0000 005315 c0 10 05 42 43 40 40 00 5327 c0 06 03 41 40 c10100",
		},
		{
			"disposition that says how much arrived",
			amqp.Frame{Body: &amqp.Disposition{State: &amqp.Received{SectionNumber: 1, SectionOffset: 2}}},
			"02 00 0000 005315 c0 0f 05 42 43 40 40 00 5323 c0 05 02 5201 5302",
		},
		{
			"disposition that releases",
			amqp.Frame{Body: &amqp.Disposition{Settled: true, State: &amqp.Released{}}},
			"02 00 0000 005315 c0 09 05 42 43 40 41 00532645",
		},
		{
			"detach",
			amqp.Frame{Body: &amqp.Detach{Handle: 2, Closed: true, Error: refusal}},
			"02 00 0000 005316 c0 30 03 5202 41" + refusalBytes,
		},
		{"end", amqp.Frame{Body: &amqp.End{}}, "02 00 0000 00531745"},
		{"close", amqp.Frame{Body: &amqp.Close{Error: refusal}}, "02 00 0000 005318 c0 2d 01" + refusalBytes},
		{
			"mechanisms",
			amqp.Frame{Type: amqp.FrameSASL, Body: &amqp.SASLMechanisms{Mechanisms: []amqp.Symbol{"PLAIN", "TPM"}}},
			"02 01 0000 005340 c0 15 01 e0 12 02 b3 00000005 504c41494e 00000003 54504d",
		},
		{
			"init",
			amqp.Frame{Type: amqp.FrameSASL, Body: &amqp.SASLInit{
				Mechanism: "TPM", InitialResponse: amqp.Credential{0}, Hostname: "h",
			}},
			"02 01 0000 005341 c0 0c 03 a30354504d a00100 a10168",
		},
		{
			"challenge",
			amqp.Frame{Type: amqp.FrameSASL, Body: &amqp.SASLChallenge{Challenge: []byte{0}}},
			"02 01 0000 005342 c0 04 01 a00100",
		},
		{
			"empty response",
			amqp.Frame{Type: amqp.FrameSASL, Body: &amqp.SASLResponse{Response: amqp.Credential{}}},
			"02 01 0000 005343 c0 03 01 a000",
		},
		{
			"outcome",
			amqp.Frame{Type: amqp.FrameSASL, Body: &amqp.SASLOutcome{Code: amqp.SASLAuth, AdditionalData: []byte("x")}},
			"02 01 0000 005344 c0 06 02 5001 a00178",
		},
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, test := range frames() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			wire := sized(t, test.bytes)
			got, err := amqp.AppendFrame(nil, test.frame)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wire, got); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
			r := iotest.OneByteReader(strings.NewReader(string(wire) + "rest"))
			frame, err := amqp.Limits{}.ReadFrame(r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.frame, frame); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
			rest, err := io.ReadAll(r)
			if err != nil || string(rest) != "rest" {
				t.Errorf("left in the reader: %q, %v", rest, err)
			}
		})
	}
}

// sized returns the bytes of a frame, given those after its size.
func sized(t testing.TB, digits string) []byte {
	t.Helper()
	rest := unhex(t, digits)
	return append(binary.BigEndian.AppendUint32(nil, uint32(4+len(rest))), rest...)
}

func TestReadFrameOtherForms(t *testing.T) {
	t.Parallel()
	external := &amqp.SASLMechanisms{Mechanisms: []amqp.Symbol{"EXTERNAL"}}
	tests := []struct {
		name, bytes string
		want        amqp.Frame
	}{
		{"extended header", "03 00 0005 ffffffff 005317 45", amqp.Frame{Channel: 5, Body: &amqp.End{}}},
		{"extended header alone", "03 00 0000 ffffffff", amqp.Frame{}},
		{"channel of a SASL frame", "02 01 1234", amqp.Frame{Type: amqp.FrameSASL}},
		{"descriptor of eight bytes", "02 00 0000 00 80 0000000000000017 45", amqp.Frame{Body: &amqp.End{}}},
		{"descriptor as a symbol", "02 00 0000 00 a30d 616d71703a656e643a6c697374 45", amqp.Frame{Body: &amqp.End{}}},
		{"one symbol instead of an array", "02 01 0000 005340 c0 0b 01 a308 45585445524e414c", amqp.Frame{Type: amqp.FrameSASL, Body: external}},
		{"list with long lengths", "02 00 0000 005317 d0 00000004 00000000", amqp.Frame{Body: &amqp.End{}}},
		{"fields all null", "02 00 0000 005318 c0 02 01 40", amqp.Frame{Body: &amqp.Close{}}},
		{"more fields than there are", "02 00 0000 005317 c0 03 02 40 41", amqp.Frame{Body: &amqp.End{}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := amqp.Limits{}.ReadFrame(bytes.NewReader(sized(t, test.bytes)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadFrameRejects(t *testing.T) {
	t.Parallel()
	const framing, decode = amqp.ConditionFraming, amqp.ConditionDecode
	tests := []struct {
		name, bytes string // including the size
		condition   amqp.Symbol
		reason      string
	}{
		{"size below the header", "00000007 02 00 0000", framing, "size 7 with data at 8"},
		{"data offset within the header", "00000008 01 00 0000", framing, "size 8 with data at 4"},
		{"data offset beyond the frame", "00000008 03 00 0000", framing, "size 8 with data at 12"},
		{"size over the limit", "00010001 02 00 0000", framing, "over the limit"},
		{"unknown type", "00000008 02 02 0000", framing, "unknown frame type 2"},
		{"not a described type", "00000009 02 00 0000 40", decode, "where a described type"},
		{"unknown descriptor", "0000000c 02 00 0000 00531945", decode, "unknown kind"},
		{"descriptor of no known type", "0000000d 02 00 0000 00a0011045", decode, "unknown kind"},
		{"section that is not a composite", "0000000c 02 00 0000 00537740", decode, "unknown kind"},
		{"message section", "0000000c 02 00 0000 00537045", decode, "amqp:header:list in a frame of type 0"},
		{"SASL in a frame of AMQP", "00000011 02 00 0000 005342 c0 04 01 a00100", decode, "in a frame of type 0"},
		{"AMQP in a frame of SASL", "0000000c 02 01 0000 00531745", decode, "in a frame of type 1"},
		{"not a list", "0000000c 02 00 0000 00531740", decode, "is not a list"},
		{"bytes after the performative", "0000000d 02 00 0000 00531745 00", decode, "1 bytes after amqp:end:list"},
		{"mandatory field missing", "0000000c 02 00 0000 00531045", decode, "field 1: mandatory"},
		{"mandatory field null", "0000000f 02 00 0000 005310 c0 02 01 40", decode, "field 1: mandatory"},
		{"second field missing", "00000010 02 00 0000 005311 c0 03 02 40 43", decode, "field 3: mandatory"},
		{"field of another type", "00000011 02 00 0000 005310 c0 04 01 a30163", decode, "amqp.Symbol where string"},
		{"optional field of another type", "00000010 02 00 0000 005316 c0 03 02 43 43", decode, "uint32 where bool"},
		{"symbols of another type", "00000011 02 01 0000 005340 c0 04 01 a10161", decode, "string where amqp.Symbol"},
		{"error that is a list alone", "0000000f 02 00 0000 005318 c0 02 01 45", decode, "where a described type"},
		{"error that is a state", "00000012 02 00 0000 005318 c0 05 01 00532445", decode, "*amqp.Accepted where *amqp.Error"},
		{
			"state that is an error", "0000001b 02 00 0000 005315 c0 0e 05 41 43 40 40 00 531d c0 04 01 a30178", decode,
			"*amqp.Error where amqp.DeliveryState",
		},
		{"truncated value", "0000000b 02 00 0000 005317", decode, "1 bytes announced, 0 left"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			frame, err := amqp.Limits{}.ReadFrame(bytes.NewReader(unhex(t, test.bytes)))
			wantCondition(t, err, test.condition)
			if !strings.Contains(err.Error(), test.reason) {
				t.Errorf("error %q does not say %q", err, test.reason)
			}
			if diff := cmp.Diff(amqp.Frame{}, frame); diff != "" {
				t.Errorf("a frame with the error:\n%s", diff)
			}
		})
	}
}

func TestReadFrameEnds(t *testing.T) {
	t.Parallel()
	wire := sized(t, "02 00 0000 005317 45")
	for n := range wire {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, err := (amqp.Limits{}).ReadFrame(bytes.NewReader(wire[:n])); !errors.Is(err, want) {
			t.Errorf("after %d bytes: got %v, want %v", n, err, want)
		}
	}
	broken := errors.New("broken")
	if _, err := (amqp.Limits{}).ReadFrame(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

// calls counts the calls of Write.
type calls int

func (c *calls) Write(b []byte) (int, error) { *c++; return len(b), nil }

func TestWriteFrame(t *testing.T) {
	t.Parallel()
	var n calls
	transfer := amqp.Frame{Body: &amqp.Transfer{}, Payload: make([]byte, 1000)}
	if err := amqp.WriteFrame(&n, transfer); err != nil || n != 1 {
		t.Errorf("%d calls of Write, %v", n, err)
	}
	for _, f := range []amqp.Frame{
		{Body: &amqp.SASLOutcome{}},
		{Type: amqp.FrameSASL, Body: &amqp.End{}},
		{Body: &amqp.Accepted{}},
		{Body: &amqp.Close{Error: &amqp.Error{Condition: "é"}}},
	} {
		if err := amqp.WriteFrame(&n, f); err == nil || n != 1 {
			t.Errorf("%T in a frame of type %d: %d calls of Write, %v", f.Body, f.Type, n, err)
		}
	}
}

func TestFrameLimit(t *testing.T) {
	t.Parallel()
	if got := (&amqp.Open{}).FrameLimit(); got != math.MaxUint32 {
		t.Errorf("absent: got %d", got)
	}
	if got := (&amqp.Open{MaxFrameSize: new(uint32(512))}).FrameLimit(); got != 512 {
		t.Errorf("got %d, want 512", got)
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	var noSource *amqp.Source
	var noTarget *amqp.Target
	got := []string{
		amqp.NewSource("s").Address(), amqp.NewTarget("t").Address(), noSource.Address(), noTarget.Address(),
		(&amqp.Source{}).Address(), (&amqp.Target{Fields: []any{nil, uint32(1)}}).Address(),
	}
	if diff := cmp.Diff([]string{"s", "t", "", "", "", ""}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	if got, want := (&amqp.Error{Condition: "a:b", Description: "c"}).Error(), "a:b: c"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (&amqp.Error{Condition: "a:b"}).Error(), "a:b"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzReadFrame: a frame that was read can be written, and is read as the same frame again;
// an error has no frame.
func FuzzReadFrame(f *testing.F) {
	for _, test := range frames() {
		f.Add(sized(f, test.bytes))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		frame, err := amqp.Limits{}.ReadFrame(bytes.NewReader(wire))
		if err != nil {
			if !reflect.ValueOf(frame).IsZero() {
				t.Fatalf("frame %v with error %v", frame, err)
			}
			return
		}
		written, err := amqp.AppendFrame(nil, frame)
		if err != nil {
			t.Fatalf("%#v cannot be written: %v", frame.Body, err)
		}
		again, err := amqp.Limits{}.ReadFrame(bytes.NewReader(written))
		if err != nil {
			t.Fatalf("%x cannot be read: %v", written, err)
		}
		if diff := cmp.Diff(frame, again, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("not the same again:\n%s", diff)
		}
	})
}
