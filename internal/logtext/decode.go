package logtext

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// Encoding is how the characters of an input are stored.
type Encoding string

// The encodings that are recognised. PowerShell writes UTF-16LE where other shells write
// UTF-8 (learn.microsoft.com: about_Character_Encoding).
const (
	UTF8    Encoding = "UTF-8"
	UTF16LE Encoding = "UTF-16LE"
	UTF16BE Encoding = "UTF-16BE"
)

// BinaryError says that an input is not a text.
type BinaryError struct {
	// What is the kind of file, if its first bytes show it.
	What string
	// Hint is how to get the text from it, "" if that is not known.
	Hint string
}

// Error describes the input in one line.
func (e *BinaryError) Error() string {
	if e.What == "" {
		return "not a text"
	}
	return "not a text but " + e.What
}

// sampleSize is how much of an input is used to find out what it is.
const sampleSize = 4096

// ErrDamaged says that a text is packed with gzip and cannot be unpacked, or not to its end.
var ErrDamaged = errors.New("packed with gzip and damaged")

// Decode returns r as UTF-8, without a byte order mark, and how it was encoded. Bytes that are not
// valid UTF-8 stay as they are. A text that is packed with gzip is unpacked while it is read; if it is
// damaged, an error that is [ErrDamaged] comes, from Decode or from the reader. A binary file is a
// [BinaryError].
func Decode(r io.Reader) (io.Reader, Encoding, error) {
	packed := bufio.NewReaderSize(r, sampleSize)
	if magic, err := packed.Peek(len(gzipMagic)); err != nil || string(magic) != gzipMagic {
		return decode(packed)
	}
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return nil, "", ErrDamaged
	}
	return decode(bufio.NewReaderSize(gzipReader{unpacked}, sampleSize))
}

// gzipMagic is how a file begins that is packed with gzip (RFC 1952, section 2.3.1).
const gzipMagic = "\x1f\x8b"

// gzipReader unpacks a text. If the data is damaged, its error is ErrDamaged.
type gzipReader struct{ unpacked *gzip.Reader }

// Read implements [io.Reader].
func (g gzipReader) Read(p []byte) (int, error) {
	n, err := g.unpacked.Read(p)
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	if corrupt || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = ErrDamaged
	}
	return n, err
}

func decode(buffered *bufio.Reader) (io.Reader, Encoding, error) {
	sample, err := buffered.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", fmt.Errorf("read the text: %w", err)
	}
	encoding, mark := encodingOf(sample)
	if encoding == UTF8 {
		if err := checkText(sample); err != nil {
			return nil, "", err
		}
	}
	if _, err := buffered.Discard(mark); err != nil {
		return nil, "", fmt.Errorf("read the text: %w", err)
	}
	switch encoding {
	case UTF16LE:
		return &utf16Reader{source: buffered, order: binary.LittleEndian}, encoding, nil
	case UTF16BE:
		return &utf16Reader{source: buffered, order: binary.BigEndian}, encoding, nil
	}
	return buffered, encoding, nil
}

// encodingOf determines the encoding from the byte order mark, whose length it returns, or from the
// positions of zero bytes: text in UTF-16 has one in nearly every character, always on the same side.
func encodingOf(sample []byte) (encoding Encoding, mark int) {
	switch {
	case bytes.HasPrefix(sample, []byte("\xef\xbb\xbf")):
		return UTF8, 3
	case bytes.HasPrefix(sample, []byte("\xff\xfe")):
		return UTF16LE, 2
	case bytes.HasPrefix(sample, []byte("\xfe\xff")):
		return UTF16BE, 2
	}
	var zeros [2]int
	for i, b := range sample {
		if b == 0 {
			zeros[i%2]++
		}
	}
	pairs := len(sample) / 2
	switch {
	case zeros[1] > pairs/2 && zeros[0] <= pairs/10:
		return UTF16LE, 0
	case zeros[0] > pairs/2 && zeros[1] <= pairs/10:
		return UTF16BE, 0
	}
	return UTF8, 0
}

// checkText returns a [BinaryError] if a third of the bytes cannot be those of a log. A few zero
// bytes, as in a log after a power failure, are accepted.
func checkText(sample []byte) error {
	for _, format := range binaryFormats() {
		if bytes.HasPrefix(sample, []byte(format.magic)) {
			return &BinaryError{format.what, format.hint}
		}
	}
	odd := 0
	for i := 0; i < len(sample); {
		r, size := utf8.DecodeRune(sample[i:])
		switch {
		case r == utf8.RuneError && size == 1, r < ' ' && !bytes.ContainsRune([]byte("\t\n\v\f\r\b\x1b"), r):
			odd++
		}
		i += size
	}
	if odd > 0 && odd >= len(sample)/3 {
		return &BinaryError{}
	}
	return nil
}

// binaryFormats are the files that people mistake for a log.
func binaryFormats() []struct{ magic, what, hint string } {
	return []struct{ magic, what, hint string }{
		{gzipMagic, "a gzip file in a gzip file", "unpack it first: gzip -dc FILE | gzip -dc | dpsdiag explain -"},
		{"\x28\xb5\x2f\xfd", "a Zstandard file", "unpack it first: zstd -dc FILE | dpsdiag explain -"},
		{"BZh", "a bzip2 file", "unpack it first: bzip2 -dc FILE | dpsdiag explain -"},
		{"\xfd7zXZ\x00", "an xz file", "unpack it first: xz -dc FILE | dpsdiag explain -"},
		{"PK\x03\x04", "a ZIP archive", "unpack it first, then give each log with --file"},
		{"LPKSHHRH", "a binary journal", "print it first: journalctl --file FILE | dpsdiag explain -"},
		{"ElfFile\x00", "a Windows event log", "export it as text first, for example with wevtutil qe"},
		{"\x7fELF", "a program", ""},
		{"\xd4\xc3\xb2\xa1", "a packet capture", ""},
		{"\x0a\x0d\x0d\x0a", "a packet capture", ""},
	}
}

// utf16Reader converts UTF-16 to UTF-8. Invalid UTF-16 becomes U+FFFD.
type utf16Reader struct {
	source  io.Reader
	order   binary.ByteOrder
	raw     [4096]byte
	rest    int    // bytes at the start of raw that were not decoded yet
	decoded []byte // what was not returned yet
	buffer  []byte
	err     error
}

// Read implements [io.Reader].
func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.decoded) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.fill()
	}
	n := copy(p, u.decoded)
	u.decoded = u.decoded[n:]
	return n, nil
}

// fill decodes the next part of the source and remembers how it ended.
func (u *utf16Reader) fill() {
	n, err := u.source.Read(u.raw[u.rest:])
	end := u.rest + n
	u.buffer = u.buffer[:0]
	i := 0
	for ; end-i >= 2; i += 2 {
		unit := rune(u.order.Uint16(u.raw[i:]))
		if !utf16.IsSurrogate(unit) {
			u.buffer = utf8.AppendRune(u.buffer, unit)
			continue
		}
		if end-i < 4 && err == nil {
			break // the other half is still to come
		}
		pair := utf8.RuneError
		if end-i >= 4 {
			pair = utf16.DecodeRune(unit, rune(u.order.Uint16(u.raw[i+2:])))
		}
		if pair != utf8.RuneError {
			i += 2
		}
		u.buffer = utf8.AppendRune(u.buffer, pair)
	}
	if err != nil && i < end {
		u.buffer = utf8.AppendRune(u.buffer, utf8.RuneError) // half a character
		i = end
	}
	u.rest = copy(u.raw[:], u.raw[i:end])
	u.decoded, u.err = u.buffer, err
}
