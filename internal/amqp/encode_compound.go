package amqp

import (
	"bytes"
	"fmt"
	"math"
)

// appendCompound appends the data after the format code of a list, map or array.
func appendCompound(dst []byte, v any, wide bool) (out []byte, code byte, err error) {
	var (
		items  []byte
		count  int
		narrow byte
	)
	switch v := v.(type) {
	case []any:
		if len(v) == 0 && !wide {
			return dst, codeList0, nil
		}
		narrow, count = codeList8, len(v)
		items, err = appendAll(nil, v)
	case Map:
		narrow, count = codeMap8, 2*len(v)
		items, err = appendPairs(nil, v)
	case Array:
		narrow, count = codeArray8, len(v)
		items, err = appendItems(nil, v)
	}
	if err != nil {
		return nil, 0, err
	}
	wide = wide || count > math.MaxUint8 || len(items)+1 > math.MaxUint8
	size := len(items) + 1 // the count is part of the size
	if wide {
		size = len(items) + 4
	}
	if uint64(size) > math.MaxUint32 || uint64(count) > math.MaxUint32 {
		return nil, 0, errTooLong
	}
	dst, code = appendLengths(dst, narrow, wide, size, count)
	return append(dst, items...), code, nil
}

func appendAll(dst []byte, list []any) ([]byte, error) {
	for _, v := range list {
		var err error
		if dst, err = Append(dst, v); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func appendPairs(dst []byte, m Map) ([]byte, error) {
	for _, pair := range m {
		var err error
		if dst, err = appendAll(dst, []any{pair.Key, pair.Value}); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// appendItems appends the common constructor of all items of an array, and then the items.
// The constructor of an empty array is that of null.
func appendItems(dst []byte, items Array) ([]byte, error) {
	if len(items) == 0 {
		return append(dst, codeNull), nil
	}
	var first []byte
	for i, item := range items {
		constructor, inner, err := appendDescriptors(nil, item)
		if err != nil {
			return nil, err
		}
		body, code, err := appendBody(nil, inner, true)
		if err != nil {
			return nil, err
		}
		constructor = append(constructor, code)
		if i == 0 {
			first = constructor
			dst = append(dst, constructor...)
		}
		if !bytes.Equal(constructor, first) {
			return nil, fmt.Errorf("amqp: item %d of an array differs in type from item 0", i)
		}
		dst = append(dst, body...)
	}
	return dst, nil
}
