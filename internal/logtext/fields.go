package logtext

import (
	"bytes"
	"encoding/binary"
)

// fields takes apart what a fieldWriter has put together: strings of bytes, each after its length in
// four bytes. They are used in place; nothing is copied.
type fields struct{ rest string }

// next returns the next string.
func (f *fields) next() string {
	size := uint32At(f.rest, 0)
	field := f.rest[4 : 4+size]
	f.rest = f.rest[4+size:]
	return field
}

// The numbers in a string are little endian on every machine. The compiler makes one load of each of
// these.

func uint16At(s string, n uint32) uint16 {
	s = s[2*int(n):]
	_ = s[1]
	return uint16(s[0]) | uint16(s[1])<<8
}

func uint32At(s string, n uint32) uint32 {
	s = s[4*int(n):]
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

func uint64At(s string, n uint32) uint64 {
	s = s[8*int(n):]
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// uint16s copies the numbers of a short string.
func uint16s(s string) []uint16 {
	list := make([]uint16, len(s)/2)
	for i := range list {
		list[i] = uint16At(s, uint32(i))
	}
	return list
}

// uint32s copies the numbers of a short string.
func uint32s(s string) []uint32 {
	list := make([]uint32, len(s)/4)
	for i := range list {
		list[i] = uint32At(s, uint32(i))
	}
	return list
}

// uint64s copies the numbers of a short string.
func uint64s(s string) []uint64 {
	list := make([]uint64, len(s)/8)
	for i := range list {
		list[i] = uint64At(s, uint32(i))
	}
	return list
}

// fieldWriter puts together what fields takes apart.
type fieldWriter struct{ out bytes.Buffer }

// add writes a slice of numbers of fixed size.
func (w *fieldWriter) add(numbers any) {
	size := binary.Size(numbers)
	w.out.Grow(4 + size)
	write := func(data any) {
		if err := binary.Write(&w.out, binary.LittleEndian, data); err != nil {
			panic(err) // only for a type that has no fixed size
		}
	}
	write(uint32(size))
	write(numbers)
}
