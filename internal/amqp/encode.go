package amqp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"
)

// Append appends the encoding of v to dst. The package comment lists the types that v and
// its contents may have; a time.Time is truncated to milliseconds. On error it returns nil.
func Append(dst []byte, v any) ([]byte, error) {
	dst, v, err := appendDescriptors(dst, v)
	if err != nil {
		return nil, err
	}
	at := len(dst)
	dst, code, err := appendBody(append(dst, codeNull), v, false)
	if err != nil {
		return nil, err
	}
	dst[at] = code
	return dst, nil
}

// appendDescriptors appends the descriptors around v and returns the value that they
// describe.
func appendDescriptors(dst []byte, v any) (out []byte, inner any, err error) {
	for {
		if c, ok := v.(Composite); ok {
			v = describedComposite(c)
		}
		d, ok := v.(Described)
		if !ok {
			return dst, v, nil
		}
		if dst, err = Append(append(dst, codeDescribed), d.Descriptor); err != nil {
			return nil, nil, err
		}
		v = d.Value
	}
}

// appendBody appends the data after the format code of v and returns that code. It uses the
// shortest form, or the wide form, which is possible for every value of a type and which
// the items of an array need.
func appendBody(dst []byte, v any, wide bool) (out []byte, code byte, err error) {
	switch v := v.(type) {
	case []byte:
		return appendVariable(dst, codeBinary8, v, wide)
	case string:
		if !utf8.ValidString(v) {
			return nil, 0, errors.New("amqp: string is not UTF-8")
		}
		return appendVariable(dst, codeString8, v, wide)
	case Symbol:
		if !isASCII(string(v)) {
			return nil, 0, errors.New("amqp: symbol is not ASCII")
		}
		return appendVariable(dst, codeSymbol8, v, wide)
	case Char:
		if !utf8.ValidRune(rune(v)) {
			return nil, 0, errors.New("amqp: char is not a Unicode code point")
		}
		return binary.BigEndian.AppendUint32(dst, uint32(v)), codeChar, nil
	case []any, Map, Array:
		return appendCompound(dst, v, wide)
	case bool:
		out, code = appendBool(dst, v, wide)
		return out, code, nil
	}
	if out, code, ok := appendInteger(dst, v, wide); ok {
		return out, code, nil
	}
	if out, code, ok := appendFixed(dst, v); ok {
		return out, code, nil
	}
	return nil, 0, fmt.Errorf("amqp: no encoding for the Go type %T", v)
}

func appendBool(dst []byte, v, wide bool) (out []byte, code byte) {
	switch {
	case wide && v:
		return append(dst, 1), codeBool
	case wide:
		return append(dst, 0), codeBool
	case v:
		return dst, codeTrue
	}
	return dst, codeFalse
}

// appendInteger appends an integer of a type that has short forms.
func appendInteger(dst []byte, v any, wide bool) (out []byte, code byte, ok bool) {
	switch v := v.(type) {
	case uint32:
		switch {
		case wide || v > math.MaxUint8:
			return binary.BigEndian.AppendUint32(dst, v), codeUint, true
		case v == 0:
			return dst, codeUint0, true
		}
		return append(dst, byte(v)), codeUint8, true
	case uint64:
		switch {
		case wide || v > math.MaxUint8:
			return binary.BigEndian.AppendUint64(dst, v), codeUlong, true
		case v == 0:
			return dst, codeUlong0, true
		}
		return append(dst, byte(v)), codeUlong8, true
	case int32:
		if wide || v != int32(int8(v)) {
			return binary.BigEndian.AppendUint32(dst, uint32(v)), codeInt, true
		}
		return append(dst, byte(v)), codeInt8, true
	case int64:
		if wide || v != int64(int8(v)) {
			return binary.BigEndian.AppendUint64(dst, uint64(v)), codeLong, true
		}
		return append(dst, byte(v)), codeLong8, true
	}
	return nil, 0, false
}

// appendFixed appends a value of a type that has only one form.
func appendFixed(dst []byte, v any) (out []byte, code byte, ok bool) {
	switch v := v.(type) {
	case nil:
		return dst, codeNull, true
	case uint8:
		return append(dst, v), codeUbyte, true
	case int8:
		return append(dst, byte(v)), codeByte, true
	case uint16:
		return binary.BigEndian.AppendUint16(dst, v), codeUshort, true
	case int16:
		return binary.BigEndian.AppendUint16(dst, uint16(v)), codeShort, true
	case float32:
		return binary.BigEndian.AppendUint32(dst, math.Float32bits(v)), codeFloat, true
	case float64:
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(v)), codeDouble, true
	case time.Time:
		return binary.BigEndian.AppendUint64(dst, uint64(v.UnixMilli())), codeTimestamp, true
	case Decimal32:
		return append(dst, v[:]...), codeDecimal32, true
	case Decimal64:
		return append(dst, v[:]...), codeDecimal64, true
	case Decimal128:
		return append(dst, v[:]...), codeDecimal128, true
	case UUID:
		return append(dst, v[:]...), codeUUID, true
	}
	return nil, 0, false
}

// appendLengths appends numbers below 2^32 with 1 byte each, or with 4 in the
// wide form, and returns the code of that form.
func appendLengths(dst []byte, narrow byte, wide bool, lengths ...int) (out []byte, code byte) {
	for _, n := range lengths {
		if wide {
			dst = binary.BigEndian.AppendUint32(dst, uint32(n))
		} else {
			dst = append(dst, byte(n))
		}
	}
	if wide {
		return dst, narrow + wideForm
	}
	return dst, narrow
}

func appendVariable[T []byte | string | Symbol](dst []byte, narrow byte, v T, wide bool) ([]byte, byte, error) {
	if uint64(len(v)) > math.MaxUint32 {
		return nil, 0, errTooLong
	}
	dst, code := appendLengths(dst, narrow, wide || len(v) > math.MaxUint8, len(v))
	return append(dst, v...), code, nil
}

var errTooLong = errors.New("amqp: value of 4 GiB or more")
