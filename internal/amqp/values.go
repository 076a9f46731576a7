package amqp

import (
	"encoding/hex"
	"time"
)

// Symbol is an AMQP symbol: ASCII text from a constrained domain.
type Symbol string

// Char is one Unicode code point.
type Char rune

// UUID is the 16 bytes of an RFC 4122 identifier, most significant first.
type UUID [16]byte

// String returns the usual text form, 8-4-4-4-12 lower-case hexadecimal digits.
func (u UUID) String() string {
	digits := hex.EncodeToString(u[:])
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}

// Decimal32 is an IEEE 754 decimal number in its wire form. DPS uses no decimals, so they
// are not interpreted.
type Decimal32 [4]byte

// Decimal64 is an IEEE 754 decimal number in its wire form.
type Decimal64 [8]byte

// Decimal128 is an IEEE 754 decimal number in its wire form.
type Decimal128 [16]byte

// Array is an AMQP array. Its items have the same type and, if they are Described, the same
// descriptor. An empty array does not keep the type of its items.
type Array []any

// Described is a value with a descriptor that gives it a meaning. The
// descriptors of the standard are uint64 codes or Symbol names.
type Described struct {
	Descriptor any
	Value      any
}

// Pair is one entry of a Map.
type Pair struct {
	Key   any
	Value any
}

// Map is an AMQP map in the order of the wire. It is not a Go map because AMQP keys may
// have any type, including types that cannot be keys in Go.
type Map []Pair

// Get returns the value of the first entry whose key is name, as a string or as
// a Symbol.
func (m Map) Get(name string) (value any, ok bool) {
	for _, pair := range m {
		switch key := pair.Key.(type) {
		case string:
			ok = key == name
		case Symbol:
			ok = string(key) == name
		}
		if ok {
			return pair.Value, true
		}
	}
	return nil, false
}

// The format codes of part 1, section 1.6. The high half of a code gives the width of the
// data: 4 to 9 are 0, 1, 2, 4, 8 and 16 bytes; a and b a length of 1 or 4 bytes and then
// that many; c and d a size and a count of 1 or 4 bytes each, and then the items; e and f
// the same for arrays.
const (
	codeDescribed = 0x00

	codeNull       = 0x40
	codeTrue       = 0x41
	codeFalse      = 0x42
	codeUint0      = 0x43
	codeUlong0     = 0x44
	codeList0      = 0x45
	codeUbyte      = 0x50
	codeByte       = 0x51
	codeUint8      = 0x52
	codeUlong8     = 0x53
	codeInt8       = 0x54
	codeLong8      = 0x55
	codeBool       = 0x56
	codeUshort     = 0x60
	codeShort      = 0x61
	codeUint       = 0x70
	codeInt        = 0x71
	codeFloat      = 0x72
	codeChar       = 0x73
	codeDecimal32  = 0x74
	codeUlong      = 0x80
	codeLong       = 0x81
	codeDouble     = 0x82
	codeTimestamp  = 0x83
	codeDecimal64  = 0x84
	codeDecimal128 = 0x94
	codeUUID       = 0x98

	codeBinary8  = 0xa0
	codeString8  = 0xa1
	codeSymbol8  = 0xa3
	codeBinary32 = 0xb0
	codeString32 = 0xb1
	codeSymbol32 = 0xb3
	codeList8    = 0xc0
	codeMap8     = 0xc1
	codeList32   = 0xd0
	codeMap32    = 0xd1
	codeArray8   = 0xe0
	codeArray32  = 0xf0

	// wideForm, added to the code of a variable, compound or array type with a length of 1
	// byte, gives the code of the form with a length of 4 bytes.
	wideForm = 0x10
)

// isWide reports whether code, of a variable, compound or array type, has lengths of 4
// bytes.
func isWide(code byte) bool { return code&wideForm != 0 }

// isASCII reports whether s is allowed as a symbol.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// timestamp returns the time that is ms milliseconds after the Unix epoch.
func timestamp(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
