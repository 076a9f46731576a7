package amqp

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// Decode reads one value from the start of b and returns it with the bytes that
// follow it. The value shares no memory with b. The error is a *DecodeError.
func (l Limits) Decode(b []byte) (value any, rest []byte, err error) {
	d := newDecoder(b, l)
	value, err = d.next()
	if err != nil {
		return nil, nil, err
	}
	return value, d.rest(), nil
}

// A decoder reads values from in[pos:end]. The end moves in while a compound
// value is read, so that no item reaches beyond the value it belongs to.
type decoder struct {
	in       []byte
	pos, end int
	depth    int // further levels allowed
	values   int // further values allowed
}

func newDecoder(b []byte, l Limits) *decoder {
	return &decoder{in: b, end: len(b), depth: l.depth(), values: l.values()}
}

func (d *decoder) remaining() int { return d.end - d.pos }

func (d *decoder) rest() []byte { return d.in[d.pos:d.end:d.end] }

// malformed returns an error that says where the input is wrong.
func (d *decoder) malformed(format string, args ...any) error {
	return malformed("at byte %d: %s", d.pos, fmt.Sprintf(format, args...))
}

// charge counts values against the limit before anything is allocated for them.
func (d *decoder) charge(values uint64) error {
	if values > uint64(d.values) {
		return &DecodeError{ConditionLimit, fmt.Sprintf("at byte %d: too many values", d.pos)}
	}
	d.values -= int(values)
	return nil
}

// enter goes one level down; the caller restores the depth.
func (d *decoder) enter() error {
	if d.depth == 0 {
		return &DecodeError{ConditionLimit, fmt.Sprintf("at byte %d: nested too deep", d.pos)}
	}
	d.depth--
	return nil
}

func (d *decoder) restore(depth int) { d.depth = depth }

// take returns the next n bytes.
func (d *decoder) take(n uint32) ([]byte, error) {
	if uint64(n) > uint64(d.remaining()) {
		return nil, d.malformed("%d bytes announced, %d left", n, d.remaining())
	}
	raw := d.in[d.pos : d.pos+int(n)]
	d.pos += int(n)
	return raw, nil
}

func (d *decoder) byte() (byte, error) {
	raw, err := d.take(1)
	if err != nil {
		return 0, err
	}
	return raw[0], nil
}

// length reads the length, size or count that belongs to a format code.
func (d *decoder) length(code byte) (uint32, error) {
	if !isWide(code) {
		n, err := d.byte()
		return uint32(n), err
	}
	raw, err := d.take(4)
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(raw), nil
}

// next reads a value that was not announced, and so charges for it.
func (d *decoder) next() (any, error) {
	if err := d.charge(1); err != nil {
		return nil, err
	}
	return d.value()
}

// value reads a value that has already been charged for.
func (d *decoder) value() (any, error) {
	code, err := d.byte()
	if err != nil {
		return nil, err
	}
	if code == codeDescribed {
		return d.described()
	}
	return d.body(code)
}

func (d *decoder) described() (any, error) {
	defer d.restore(d.depth)
	if err := d.enter(); err != nil {
		return nil, err
	}
	descriptor, err := d.next()
	if err != nil {
		return nil, err
	}
	value, err := d.next()
	if err != nil {
		return nil, err
	}
	return Described{descriptor, value}, nil
}

// body reads the data after a format code.
func (d *decoder) body(code byte) (any, error) {
	switch code >> 4 {
	case 0x4:
		return d.constant(code)
	case 0x5, 0x6, 0x7, 0x8, 0x9:
		raw, err := d.take(minWidth(code))
		if err != nil {
			return nil, err
		}
		return d.fixed(code, raw)
	case 0xa, 0xb:
		return d.variable(code)
	case 0xc, 0xd:
		return d.compound(code)
	case 0xe, 0xf:
		return d.array(code)
	}
	return nil, d.unknown(code)
}

func (d *decoder) unknown(code byte) error {
	return d.malformed("unknown format code 0x%02x", code)
}

// minWidth returns the minimum number of bytes after a format code; for a type of fixed
// width, the exact number.
func minWidth(code byte) uint32 {
	switch class := code >> 4; {
	case class <= 0x4:
		return 0
	case class <= 0x9:
		return 1 << (class - 5)
	case isWide(code):
		return 4
	}
	return 1
}

// constant returns the value of a format code without data.
func (d *decoder) constant(code byte) (any, error) {
	switch code {
	case codeNull:
		return nil, nil
	case codeTrue, codeFalse:
		return code == codeTrue, nil
	case codeUint0:
		return uint32(0), nil
	case codeUlong0:
		return uint64(0), nil
	case codeList0:
		return []any{}, nil
	}
	return nil, d.unknown(code)
}

// fixed interprets the bytes of a type of fixed width.
func (d *decoder) fixed(code byte, raw []byte) (any, error) {
	switch code {
	case codeUbyte:
		return raw[0], nil
	case codeByte:
		return int8(raw[0]), nil
	case codeUint8:
		return uint32(raw[0]), nil
	case codeUlong8:
		return uint64(raw[0]), nil
	case codeInt8:
		return int32(int8(raw[0])), nil
	case codeLong8:
		return int64(int8(raw[0])), nil
	case codeBool:
		if raw[0] > 1 {
			return nil, d.malformed("boolean is neither 0 nor 1")
		}
		return raw[0] == 1, nil
	case codeUshort:
		return binary.BigEndian.Uint16(raw), nil
	case codeShort:
		return int16(binary.BigEndian.Uint16(raw)), nil
	}
	return d.fixedWide(code, raw)
}

// fixedWide interprets the bytes of a type of 4, 8 or 16 bytes.
func (d *decoder) fixedWide(code byte, raw []byte) (any, error) {
	switch code {
	case codeUint:
		return binary.BigEndian.Uint32(raw), nil
	case codeInt:
		return int32(binary.BigEndian.Uint32(raw)), nil
	case codeFloat:
		return math.Float32frombits(binary.BigEndian.Uint32(raw)), nil
	case codeChar:
		char := rune(binary.BigEndian.Uint32(raw))
		if !utf8.ValidRune(char) {
			return nil, d.malformed("char is not a Unicode code point")
		}
		return Char(char), nil
	case codeUlong:
		return binary.BigEndian.Uint64(raw), nil
	case codeLong:
		return int64(binary.BigEndian.Uint64(raw)), nil
	case codeDouble:
		return math.Float64frombits(binary.BigEndian.Uint64(raw)), nil
	case codeTimestamp:
		return timestamp(int64(binary.BigEndian.Uint64(raw))), nil
	case codeDecimal32:
		return Decimal32(raw), nil
	case codeDecimal64:
		return Decimal64(raw), nil
	case codeDecimal128:
		return Decimal128(raw), nil
	case codeUUID:
		return UUID(raw), nil
	}
	return nil, d.unknown(code)
}

func (d *decoder) variable(code byte) (any, error) {
	size, err := d.length(code)
	if err != nil {
		return nil, err
	}
	raw, err := d.take(size)
	if err != nil {
		return nil, err
	}
	switch code &^ wideForm {
	case codeBinary8:
		return append([]byte{}, raw...), nil
	case codeString8:
		if !utf8.Valid(raw) {
			return nil, d.malformed("string is not UTF-8")
		}
		return string(raw), nil
	case codeSymbol8:
		if s := string(raw); isASCII(s) {
			return Symbol(s), nil
		}
		return nil, d.malformed("symbol is not ASCII")
	}
	return nil, d.unknown(code)
}
