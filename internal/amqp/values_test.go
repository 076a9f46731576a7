package amqp_test

import (
	"encoding/hex"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/amqp"
)

// canonical are values and their shortest encodings.
func canonical() []struct {
	name  string
	value any
	bytes string
} {
	long := strings.Repeat("x", 256)
	return []struct {
		name  string
		value any
		bytes string
	}{
		{"null", nil, "40"},
		{"true", true, "41"},
		{"false", false, "42"},
		{"ubyte", uint8(0x80), "50 80"},
		{"ushort", uint16(0x1234), "60 1234"},
		{"uint 0", uint32(0), "43"},
		{"small uint", uint32(255), "52 ff"},
		{"uint", uint32(256), "70 00000100"},
		{"ulong 0", uint64(0), "44"},
		{"small ulong", uint64(16), "53 10"},
		{"ulong", uint64(math.MaxUint64), "80 ffffffffffffffff"},
		{"byte", int8(-1), "51 ff"},
		{"short", int16(-2), "61 fffe"},
		{"small int", int32(-128), "54 80"},
		{"int", int32(-129), "71 ffffff7f"},
		{"small long", int64(127), "55 7f"},
		{"long", int64(128), "81 0000000000000080"},
		{"float", float32(1), "72 3f800000"},
		{"double", float64(-2), "82 c000000000000000"},
		{"decimal32", amqp.Decimal32{0x22, 0x50, 0, 1}, "74 22500001"},
		{"decimal64", amqp.Decimal64{1, 2, 3, 4, 5, 6, 7, 8}, "84 0102030405060708"},
		{"decimal128", amqp.Decimal128{15: 1}, "94 00000000000000000000000000000001"},
		{"char", amqp.Char('€'), "73 000020ac"},
		{"timestamp", time.UnixMilli(1311704463521).UTC(), "83 0000013167adb8a1"},
		{"timestamp before 1970", time.UnixMilli(-1).UTC(), "83 ffffffffffffffff"},
		{"uuid", amqp.UUID{0x01, 0x02, 15: 0xff}, "98 010200000000000000000000000000ff"},
		{"empty binary", []byte{}, "a0 00"},
		{"binary", []byte{0, 0xff}, "a0 02 00ff"},
		{"long binary", []byte(long), "b0 00000100" + hex.EncodeToString([]byte(long))},
		{"string", "é", "a1 02 c3a9"},
		{"string of 255", long[:255], "a1 ff" + hex.EncodeToString([]byte(long[:255]))},
		{"long string", long, "b1 00000100" + hex.EncodeToString([]byte(long))},
		{"symbol", amqp.Symbol("PLAIN"), "a3 05 504c41494e"},
		{"long symbol", amqp.Symbol(long), "b3 00000100" + hex.EncodeToString([]byte(long))},
		{"empty list", []any{}, "45"},
		{"list", []any{nil, uint32(1), []any{}}, "c0 05 03 40 5201 45"},
		{"list of 254 bytes", many(254), "c0 ff fe" + strings.Repeat("40", 254)},
		{"long list", many(256), "d0 00000104 00000100" + strings.Repeat("40", 256)},
		{"empty map", amqp.Map{}, "c1 01 00"},
		{
			"map keeps order and odd keys",
			amqp.Map{{Key: amqp.Symbol("b"), Value: uint32(0)}, {Key: []byte{1}, Value: nil}},
			"c1 09 04 a30162 43 a00101 40",
		},
		{"empty array", amqp.Array{}, "e0 02 00 40"},
		{"array of symbols", amqp.Array{amqp.Symbol("a"), amqp.Symbol("bc")}, "e0 0d 02 b3 00000001 61 00000002 6263"},
		{"array of booleans", amqp.Array{true, false}, "e0 04 02 56 01 00"},
		{"array of lists", amqp.Array{[]any{}, []any{true}}, "e0 13 02 d0 00000004 00000000 00000005 00000001 41"},
		{"array of arrays", amqp.Array{amqp.Array{uint8(1)}}, "e0 0c 01 f0 00000006 00000001 50 01"},
		{
			"array of described",
			amqp.Array{amqp.Described{Descriptor: uint64(5), Value: int32(1)}, amqp.Described{Descriptor: uint64(5), Value: int32(-1)}},
			"e0 0d 02 00 5305 71 00000001 ffffffff",
		},
		{"described", amqp.Described{Descriptor: amqp.Symbol("x:y"), Value: "z"}, "00 a303783a79 a1017a"},
	}
}

func many(n int) []any { return make([]any, n) }

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, test := range canonical() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			wire := unhex(t, test.bytes)
			got, rest, err := amqp.Limits{}.Decode(append(wire, 0xde, 0xad))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.value, got); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]byte{0xde, 0xad}, rest); diff != "" {
				t.Errorf("rest (-want +got):\n%s", diff)
			}
			encoded, err := amqp.Append([]byte("before"), test.value)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("before"+string(wire), string(encoded)); diff != "" {
				t.Errorf("encoded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeOtherForms(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, bytes string
		want        any
	}{
		{"boolean of one byte, true", "56 01", true},
		{"boolean of one byte, false", "56 00", false},
		{"uint", "70 00000001", uint32(1)},
		{"ulong", "80 0000000000000010", uint64(16)},
		{"int", "71 ffffffff", int32(-1)},
		{"long", "81 ffffffffffffffff", int64(-1)},
		{"binary with a long length", "b0 00000001 07", []byte{7}},
		{"string with a long length", "b1 00000001 61", "a"},
		{"symbol with a long length", "b3 00000001 61", amqp.Symbol("a")},
		{"list8 without items", "c0 01 00", []any{}},
		{"list32", "d0 00000005 00000001 41", []any{true}},
		{"map32", "d1 00000006 00000002 41 42", amqp.Map{{Key: true, Value: false}}},
		{"array32 of short strings", "f0 0000000a 00000002 a1 0161 026263", amqp.Array{"a", "bc"}},
		{"array of true", "e0 02 03 41", amqp.Array{true, true, true}},
		{"array of empty lists", "e0 02 02 45", amqp.Array{[]any{}, []any{}}},
		{
			"array of twice described", "e0 08 01 00 5301 00 5302 41",
			amqp.Array{amqp.Described{Descriptor: uint64(1), Value: amqp.Described{Descriptor: uint64(2), Value: true}}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, rest, err := amqp.Limits{}.Decode(unhex(t, test.bytes))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(rest) != 0 {
				t.Errorf("%d bytes left over", len(rest))
			}
		})
	}
}

func TestDecodeRejects(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, bytes, reason string }{
		{"nothing", "", "1 bytes announced, 0 left"},
		{"unknown code without data", "46", "unknown format code 0x46"},
		{"unknown code of one byte", "57 00", "unknown format code 0x57"},
		{"unknown code of four bytes", "75 00000000", "unknown format code 0x75"},
		{"unknown variable code", "a2 00", "unknown format code 0xa2"},
		{"unknown compound code", "c2 01 00", "unknown format code 0xc2"},
		{"unknown array code", "e1 02 00 40", "unknown format code 0xe1"},
		{"code below the classes", "30", "unknown format code 0x30"},
		{"array of a code below the classes", "e0 02 01 30", "unknown format code 0x30"},
		{"boolean of 2", "56 02", "boolean"},
		{"short ushort", "60 12", "2 bytes announced, 1 left"},
		{"short length", "b0 000000", "4 bytes announced, 3 left"},
		{"string longer than the input", "a1 02 61", "2 bytes announced, 1 left"},
		{"string not UTF-8", "a1 01 ff", "not UTF-8"},
		{"symbol not ASCII", "a3 02 c3a9", "not ASCII"},
		{"char is a surrogate", "73 0000d800", "not a Unicode code point"},
		{"char is too great", "73 00110000", "not a Unicode code point"},
		{"list longer than the input", "c0 05 01 40", "5 bytes announced, 2 left"},
		{"list without room for its count", "c0 00", "1 bytes announced, 0 left"},
		{"list with fewer items than announced", "c0 02 02 40", "2 items announced in 1 bytes"},
		{"list whose items end too early", "c0 05 03 a1024041", "1 bytes announced, 0 left"},
		{"list with bytes left over", "c0 03 01 40 40", "1 bytes left over"},
		{"item reaches beyond its list", "c0 04 01 a1 04 61 62 63 64", "4 bytes announced, 1 left"},
		{"map with a key alone", "c1 02 01 40", "key but no value"},
		{"map whose key is broken", "c1 03 02 5640", "boolean"},
		{"map whose value is broken", "c1 04 02 40 5602", "boolean"},
		{"array whose descriptor is broken", "e0 05 01 00 5602 40", "boolean"},
		{"array longer than the input", "e0 05 01 40", "5 bytes announced, 2 left"},
		{"array without constructor", "e0 01 00", "1 bytes announced, 0 left"},
		{"array with fewer items than announced", "e0 04 02 60 0001", "2 items announced in 2 bytes"},
		{"array with bytes left over", "e0 04 01 50 00 00", "1 bytes left over"},
		{"array with a descriptor alone", "e0 04 01 00 53 01", "1 bytes announced, 0 left"},
		{"described without value", "00 53 10", "1 bytes announced, 0 left"},
		{"described without descriptor", "00", "1 bytes announced, 0 left"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			value, rest, err := amqp.Limits{}.Decode(unhex(t, test.bytes))
			wantCondition(t, err, amqp.ConditionDecode)
			if !strings.Contains(err.Error(), test.reason) {
				t.Errorf("error %q does not say %q", err, test.reason)
			}
			if value != nil || rest != nil {
				t.Errorf("value %v and rest %x with the error", value, rest)
			}
		})
	}
}

func TestAppendRejects(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		value any
	}{
		{"int", 1},
		{"Go map", map[string]any{}},
		{"string not UTF-8", "\xff"},
		{"symbol not ASCII", amqp.Symbol("é")},
		{"char not a code point", amqp.Char(-1)},
		{"array of two types", amqp.Array{uint32(1), uint64(1)}},
		{"array of two descriptors", amqp.Array{
			amqp.Described{Descriptor: uint64(1), Value: true}, amqp.Described{Descriptor: uint64(2), Value: true},
		}},
		{"in a list", []any{1}},
		{"as a key", amqp.Map{{Key: 1}}},
		{"in an array", amqp.Array{1}},
		{"as a descriptor", amqp.Described{Descriptor: 1}},
		{"as the descriptor of an item", amqp.Array{amqp.Described{Descriptor: 1}}},
		{"as a described value", amqp.Described{Value: 1}},
		{"in a composite", &amqp.Error{Condition: "é"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got, err := amqp.Append(nil, test.value); err == nil || got != nil {
				t.Errorf("got %x, %v; want an error alone", got, err)
			}
		})
	}
}

func TestMapGet(t *testing.T) {
	t.Parallel()
	m := amqp.Map{
		{Key: []byte("a"), Value: 0}, {Key: "a", Value: 1}, {Key: amqp.Symbol("b"), Value: 2}, {Key: "b", Value: 3},
	}
	for name, want := range map[string]any{"a": 1, "b": 2} {
		if got, ok := m.Get(name); !ok || got != want {
			t.Errorf("Get(%q) = %v, %t; want %v", name, got, ok, want)
		}
	}
	if got, ok := m.Get("c"); ok || got != nil {
		t.Errorf("Get(c) = %v, %t; want nothing", got, ok)
	}
}

func TestUUIDString(t *testing.T) {
	t.Parallel()
	u := amqp.UUID(unhex(t, "00112233445566778899aabbccddeeff"))
	if got, want := u.String(), "00112233-4455-6677-8899-aabbccddeeff"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// FuzzDecode: a decoded value can be encoded, and decodes to the same value again; an error
// has no value.
func FuzzDecode(f *testing.F) {
	for _, test := range canonical() {
		f.Add(unhex(f, test.bytes))
	}
	f.Add(unhex(f, "e0 02 03 41"))
	f.Add(unhex(f, "e0 08 01 00 5301 00 5302 41"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		value, _, err := amqp.Limits{}.Decode(wire)
		if err != nil {
			if value != nil {
				t.Fatalf("value %v with error %v", value, err)
			}
			return
		}
		encoded, err := amqp.Append(nil, value)
		if err != nil {
			t.Fatalf("%#v does not encode: %v", value, err)
		}
		again, rest, err := amqp.Limits{}.Decode(encoded)
		if err != nil || len(rest) != 0 {
			t.Fatalf("%x does not decode: %d left, %v", encoded, len(rest), err)
		}
		if diff := cmp.Diff(value, again, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("not the same again:\n%s", diff)
		}
	})
}
