package amqp_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/amqp"
)

func TestWriteTransfer(t *testing.T) {
	t.Parallel()
	transfer := amqp.Transfer{
		Handle: 1, DeliveryID: new(uint32(7)), DeliveryTag: []byte("tag"), MessageFormat: new(uint32(0)), Settled: true,
	}
	// The bytes in a non-final frame besides its part of the message.
	const first, further = 8 + 18, 8 + 13
	for _, test := range []struct {
		name     string
		size     int
		maxFrame uint32
		frames   int
	}{
		{"no payload", 0, 512, 1},
		{"no limit", 100_000, math.MaxUint32, 1},
		{"just one frame", 512 - first, 512, 1},
		{"just not one frame", 512 - first + 1, 512, 2},
		{"just two frames", 1024 - first - further, 512, 2},
		{"just not two frames", 1024 - first - further + 1, 512, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			payload := bytes.Repeat([]byte("0123456789abcdef"), test.size/16+1)[:test.size]
			var wire bytes.Buffer
			n, err := amqp.WriteTransfer(&wire, 3, transfer, payload, test.maxFrame)
			if err != nil {
				t.Fatal(err)
			}
			if n != test.frames {
				t.Errorf("%d frames, want %d", n, test.frames)
			}
			var assembly amqp.Assembly
			var got *amqp.Delivery
			for i := range n {
				f := nextFrame(t, &wire, test.maxFrame)
				part := f.Body.(*amqp.Transfer)
				if last := i == n-1; f.Channel != 3 || part.More == last {
					t.Errorf("frame %d of %d on channel %d: more is %t", i, n, f.Channel, part.More)
				}
				if want := (&amqp.Transfer{Handle: 1, More: part.More}); i > 0 && !cmp.Equal(want, part) {
					t.Errorf("frame %d repeats fields: %+v", i, part)
				}
				if got, err = assembly.Add(part, f.Payload); err != nil {
					t.Fatal(err)
				}
			}
			want := &amqp.Delivery{ID: 7, Tag: []byte("tag"), Settled: true, Payload: payload}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("delivery (-want +got):\n%s", diff)
			}
			if wire.Len() != 0 {
				t.Errorf("%d bytes after the last frame", wire.Len())
			}
		})
	}
}

// nextFrame reads a frame and checks its size.
func nextFrame(t *testing.T, wire *bytes.Buffer, maxFrame uint32) amqp.Frame {
	t.Helper()
	before := wire.Len()
	f, err := amqp.Limits{Frame: maxFrame}.ReadFrame(wire)
	if err != nil {
		t.Fatalf("frame of %d bytes: %v", before-wire.Len(), err)
	}
	return f
}

// brokenAfter is a writer that fails after a number of frames.
type brokenAfter int

var errBroken = errors.New("broken")

func (n *brokenAfter) Write(b []byte) (int, error) {
	if *n == 0 {
		return 0, errBroken
	}
	*n--
	return len(b), nil
}

func TestWriteTransferFails(t *testing.T) {
	t.Parallel()
	if n, err := amqp.WriteTransfer(new(brokenAfter(1)), 0, amqp.Transfer{}, make([]byte, 2000), 512); n != 1 || !errors.Is(err, errBroken) {
		t.Errorf("broken writer: %d frames, %v", n, err)
	}
	long := amqp.Transfer{DeliveryTag: make([]byte, 512)}
	if n, err := amqp.WriteTransfer(new(brokenAfter(1)), 0, long, nil, 512); n != 0 || err == nil || errors.Is(err, errBroken) {
		t.Errorf("long performative: %d frames, %v", n, err)
	}
	illegal := amqp.Transfer{State: &amqp.Rejected{Error: &amqp.Error{Condition: "é"}}}
	if n, err := amqp.WriteTransfer(new(brokenAfter(1)), 0, illegal, nil, 512); n != 0 || err == nil || errors.Is(err, errBroken) {
		t.Errorf("illegal performative: %d frames, %v", n, err)
	}
}

func TestAssembly(t *testing.T) {
	t.Parallel()
	assembly := amqp.Assembly{Limits: amqp.Limits{Message: 4}}
	part := []byte("ab")
	steps := []struct {
		name      string
		transfer  amqp.Transfer
		payload   []byte
		want      *amqp.Delivery
		condition amqp.Symbol
	}{
		{"first frame without id", amqp.Transfer{}, part, nil, amqp.ConditionField},
		{"one frame", amqp.Transfer{DeliveryID: new(uint32(0))}, part, &amqp.Delivery{Payload: part}, ""},
		{"first of two", amqp.Transfer{DeliveryID: new(uint32(1)), DeliveryTag: part, More: true}, part, nil, ""},
		{
			"second of two, now settled",
			amqp.Transfer{Settled: true},
			[]byte("cd"),
			&amqp.Delivery{ID: 1, Tag: part, Settled: true, Payload: []byte("abcd")}, "",
		},
		{"first, to be aborted", amqp.Transfer{DeliveryID: new(uint32(2)), More: true}, part, nil, ""},
		{"aborted", amqp.Transfer{Aborted: true}, part, nil, ""},
		{"first after the aborted one", amqp.Transfer{DeliveryID: new(uint32(3)), More: true}, part, nil, ""},
		{"same id repeated", amqp.Transfer{DeliveryID: new(uint32(3)), More: true}, nil, nil, ""},
		{"id changed", amqp.Transfer{DeliveryID: new(uint32(4))}, nil, nil, amqp.ConditionField},
		{"first after the error", amqp.Transfer{DeliveryID: new(uint32(5)), More: true}, part, nil, ""},
		{"too long", amqp.Transfer{More: true}, []byte("cde"), nil, amqp.ConditionMessageSize},
		{"nothing left to continue", amqp.Transfer{}, part, nil, amqp.ConditionField},
	}
	for _, step := range steps {
		payload := bytes.Clone(step.payload)
		got, err := assembly.Add(&step.transfer, payload)
		clear(payload)
		if step.condition != "" {
			wantCondition(t, err, step.condition)
		} else if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}
