package amqp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"dpsdiag/internal/amqp"
)

// little is the limit for an operation that should allocate almost nothing.
const little = 64 << 10

// allocated returns how many bytes f allocates. Other goroutines count too, so tests that
// use it do not run in parallel.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestAnnouncedLengthsAllocateNothing(t *testing.T) {
	tests := []struct {
		name, bytes string
		condition   amqp.Symbol
	}{
		{"binary", "b0 ffffffff 00", amqp.ConditionDecode},
		{"string", "b1 ffffffff 61", amqp.ConditionDecode},
		{"symbol", "b3 7fffffff 61", amqp.ConditionDecode},
		{"list by size", "d0 ffffffff 00000001 40", amqp.ConditionDecode},
		{"list by count", "d0 00000008 ffffffff 40404040", amqp.ConditionDecode},
		{"map by count", "d1 00000008 fffffffe 40404040", amqp.ConditionDecode},
		{"array by size", "f0 ffffffff 00000001 40", amqp.ConditionDecode},
		{"array by count", "f0 00000009 ffffffff 83 40404040", amqp.ConditionDecode},
		{"array of nulls", "f0 00000005 ffffffff 40", amqp.ConditionLimit},
		{"array of described nulls", "f0 00000008 ffffffff 00 5301 40", amqp.ConditionLimit},
		{"array of arrays of nulls", "f0 0000000e 00000001 f0 00000005 ffffffff 40", amqp.ConditionLimit},
		{"list of arrays of true", "c0 0b 01 f0 00000005 ffffffff 41", amqp.ConditionLimit},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wire := unhex(t, test.bytes)
			var err error
			got := allocated(func() { _, _, err = amqp.Limits{}.Decode(wire) })
			wantCondition(t, err, test.condition)
			if got > little {
				t.Errorf("%d bytes allocated", got)
			}
		})
	}
}

// Each list announces as many items as there are bytes after it, which is impossible for
// all of them together.
func TestNestedCountsAreCharged(t *testing.T) {
	wire := make([]byte, 64<<10)
	for at := 0; at+9 < len(wire) && at < 9*30; at += 9 {
		wire[at] = 0xd0
		binary.BigEndian.PutUint32(wire[at+1:], uint32(len(wire)-at-5))
		binary.BigEndian.PutUint32(wire[at+5:], uint32(len(wire)-at-9))
	}
	var err error
	got := allocated(func() { _, _, err = amqp.Limits{Values: 100_000}.Decode(wire) })
	wantCondition(t, err, amqp.ConditionLimit)
	if bound := uint64(100_000*16 + little); got > bound {
		t.Errorf("%d bytes allocated, more than %d", got, bound)
	}
}

func TestDepthLimit(t *testing.T) {
	t.Parallel()
	lists := func(depth int) []byte {
		var value any = true
		for range depth {
			value = []any{value}
		}
		return encoded(t, value)
	}
	described := func(depth int) []byte {
		var value any = true
		for range depth {
			value = amqp.Described{Descriptor: uint64(1), Value: value}
		}
		return encoded(t, value)
	}
	describedItems := func(depth int) []byte {
		var value any = true
		for range depth - 1 {
			value = amqp.Described{Descriptor: uint64(1), Value: value}
		}
		return encoded(t, amqp.Array{value})
	}
	arrays := func(depth int) []byte {
		var value any = true
		for range depth {
			value = amqp.Array{value}
		}
		return encoded(t, value)
	}
	for name, nest := range map[string]func(int) []byte{
		"lists": lists, "described": described, "described items": describedItems, "arrays": arrays,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := (amqp.Limits{Depth: 3}).Decode(nest(3)); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			_, _, err := amqp.Limits{Depth: 3}.Decode(nest(4))
			wantCondition(t, err, amqp.ConditionLimit)
			_, _, err = amqp.Limits{}.Decode(nest(amqp.DefaultDepth + 1))
			wantCondition(t, err, amqp.ConditionLimit)
		})
	}
	t.Run("endless descriptors", func(t *testing.T) {
		t.Parallel()
		_, _, err := amqp.Limits{}.Decode(make([]byte, 1<<20))
		wantCondition(t, err, amqp.ConditionLimit)
	})
	t.Run("depth is given back", func(t *testing.T) {
		t.Parallel()
		wire := encoded(t, []any{[]any{true}, amqp.Described{Descriptor: uint64(1)}, amqp.Array{true}, amqp.Map{}, []any{true}})
		if _, _, err := (amqp.Limits{Depth: 2}).Decode(wire); err != nil {
			t.Error(err)
		}
	})
}

func TestValuesLimit(t *testing.T) {
	t.Parallel()
	list := encoded(t, []any{true, amqp.Described{Descriptor: uint64(1), Value: "x"}, amqp.Map{{Key: "k", Value: "v"}}})
	const values = 1 + 3 + 2 + 2 // the list, its items, the described pair, the map entry
	if _, _, err := (amqp.Limits{Values: values}).Decode(list); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	_, _, err := amqp.Limits{Values: values - 1}.Decode(list)
	wantCondition(t, err, amqp.ConditionLimit)

	section := encoded(t, amqp.Described{Descriptor: uint64(0x75), Value: []byte{}})
	_, err = amqp.Limits{}.DecodeMessage(bytes.Repeat(section, amqp.DefaultValues/2))
	wantCondition(t, err, amqp.ConditionLimit)
}

func TestLimitsThatAreNotPositive(t *testing.T) {
	t.Parallel()
	limits := amqp.Limits{Depth: -1, Values: -1, Message: -1}
	_, _, err := limits.Decode(make([]byte, 1<<10))
	wantCondition(t, err, amqp.ConditionLimit)
	_, _, err = limits.Decode(unhex(t, "f0 00000005 ffffffff 40"))
	wantCondition(t, err, amqp.ConditionLimit)
	_, err = limits.DecodeMessage(make([]byte, amqp.DefaultMessage+1))
	wantCondition(t, err, amqp.ConditionMessageSize)
}

func TestFrameSizeLimit(t *testing.T) {
	head := unhex(t, "ffffffff 02 00 0000")
	t.Run("announced size over the limit", func(t *testing.T) {
		r := strings.NewReader(string(head) + "more")
		_, err := amqp.Limits{}.ReadFrame(r)
		wantCondition(t, err, amqp.ConditionFraming)
		if r.Len() != 4 {
			t.Errorf("read beyond the header: %d bytes left", r.Len())
		}
	})
	t.Run("announced size within the limit", func(t *testing.T) {
		r := io.MultiReader(bytes.NewReader(head), strings.NewReader("few bytes"))
		var err error
		got := allocated(func() { _, err = amqp.Limits{Frame: math.MaxUint32}.ReadFrame(r) })
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
		}
		if got > little {
			t.Errorf("%d bytes allocated", got)
		}
	})
}

func encoded(t testing.TB, v any) []byte {
	t.Helper()
	b, err := amqp.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
