package amqp_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/amqp"
)

// TestParseError: an Error inside another value, such as a property, is parsed as one;
// other values are not.
func TestParseError(t *testing.T) {
	t.Parallel()
	want := &amqp.Error{Condition: "amqp:not-found", Description: "gone", Info: amqp.Map{{Key: amqp.Symbol("retry-after"), Value: int32(3)}}}
	encoded, err := amqp.Append(nil, want)
	must(t, err)
	value, rest, err := amqp.Limits{}.Decode(encoded)
	must(t, err)
	got, err := amqp.ParseError(value)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" || len(rest) != 0 {
		t.Errorf("%d bytes left, (-want +got):\n%s", len(rest), diff)
	}

	for name, v := range map[string]any{
		"null":              nil,
		"text":              "amqp:not-found",
		"another composite": amqp.Described{Descriptor: uint64(0x24), Value: []any{}},
		"no condition":      amqp.Described{Descriptor: uint64(0x1d), Value: []any{nil, "gone"}},
		"unknown":           amqp.Described{Descriptor: uint64(0x99), Value: []any{}},
	} {
		got, err := amqp.ParseError(v)
		if got != nil {
			t.Errorf("%s is read as %v", name, got)
		}
		wantCondition(t, err, amqp.ConditionDecode)
	}
}
