package tpm

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-tpm/tpm2"
)

// blobOf joins parts, each preceded by its size.
func blobOf(parts ...string) []byte {
	var b []byte
	for _, part := range parts {
		b = binary.BigEndian.AppendUint16(b, uint16(len(part)))
		b = append(b, part...)
	}
	return b
}

const keyedHash = "\x00\x08and more"

func TestParseActivation(t *testing.T) {
	t.Parallel()
	whole := blobOf("one", "two", "three", "", keyedHash, "six")
	want := activation{[]byte("one"), []byte("two"), []byte("three"), []byte{}, []byte(keyedHash), []byte("six")}
	for name, blob := range map[string][]byte{"whole": whole, "something follows": append(bytes.Clone(whole), 1, 2, 3)} {
		got, err := parseActivation(blob)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(activation{})); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	for name, test := range map[string]struct {
		blob []byte
		want string
	}{
		"nothing":            {nil, "it ends before part 1 of 6, the credential"},
		"half a size":        {whole[:6], "it ends before part 2 of 6, the credential's seed"},
		"cut in a part":      {whole[:9], "part 2 of 6, the credential's seed, has 2 bytes of 3"},
		"without the last":   {whole[:len(whole)-5], "it ends before part 6 of 6, the address"},
		"too large a part":   {blobOf(strings.Repeat("x", maxPart+1)), "part 1 of 6, the credential, would have 2049 bytes; no TPM accepts that many"},
		"another kind":       {blobOf("1", "2", "3", "4", "\x00\x01", "6"), "its key is not an HMAC key"},
		"an empty key":       {blobOf("1", "2", "3", "4", "", "6"), "its key is not an HMAC key"},
		"a token, not bytes": {[]byte("SharedAccessSignature"), "part 1 of 6, the credential, would have 21352 bytes; no TPM accepts that many"},
	} {
		got, err := parseActivation(test.blob)
		if err == nil || err.Error() != test.want || got.credential != nil {
			t.Errorf("%s: %+v, %v; want %s", name, got, err, test.want)
		}
	}
}

// FuzzParseActivation: a parsed blob can be assembled again.
func FuzzParseActivation(f *testing.F) {
	f.Add(blobOf("one", "two", "three", "", keyedHash, "six"))
	f.Add([]byte{0, 1})
	f.Fuzz(func(t *testing.T, blob []byte) {
		a, err := parseActivation(blob)
		if err != nil {
			if diff := cmp.Diff(activation{}, a, cmp.AllowUnexported(activation{})); diff != "" {
				t.Errorf("rejected, and yet:\n%s", diff)
			}
			return
		}
		again := blobOf(string(a.credential), string(a.credentialSeed), string(a.duplicate), string(a.outerSeed), string(a.public), string(a.uri))
		if !bytes.HasPrefix(blob, again) {
			t.Errorf("%x became %x", blob, again)
		}
	})
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		kind Kind
		code uint32
	}{
		{fs.ErrNotExist, Missing, 0},
		{&fs.PathError{Err: syscall.EACCES}, Permission, 0},
		{&fs.PathError{Err: syscall.EPERM}, Permission, 0},
		{errors.New("anything"), NoAnswer, 0},
		{fmt.Errorf("wrapped: %w", tpm2.TPMRCLockout), Lockout, 0x921},
		{tpm2.TPMRCBadAuth, Hierarchy, 0x0a2},
		{tpm2.TPMRCHierarchy | 0x1c0, Hierarchy, 0x1c5},
		{tpm2.TPMRCObjectMemory, NoManager, 0x902},
		{tpm2.TPMRCSessionHandles, NoManager, 0x905},
		{tpm2.TPMRCInitialize, Other, 0x100},
		{tpm2.TPMRCValue, Other, 0x084},
	} {
		got := classify("/dev/nonesuch", "a step", test.err)
		want := &Error{Kind: test.kind, Step: "a step", Path: "/dev/nonesuch", Code: test.code, Text: test.err.Error()}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.err, diff)
		}
		if got.Error() == "" {
			t.Errorf("%v: no words", test.err)
		}
	}
}

// TestMisfit: a blob that a TPM cannot decrypt was made for another TPM, unless the TPM
// itself is broken.
func TestMisfit(t *testing.T) {
	t.Parallel()
	working := response(0, []byte{0, 1, 7})
	broken := response(uint32(tpm2.TPMRCFailure), nil)
	for _, test := range []struct {
		code   tpm2.TPMRC
		random []byte // the answer to GetRandom
		want   Kind
	}{
		{tpm2.TPMRCIntegrity | 0x1c0, broken, Activation},
		{tpm2.TPMRCValue | 0x2c0, broken, Activation},
		{tpm2.TPMRCFailure, working, Activation},
		{tpm2.TPMRCFailure, broken, Other},
		{tpm2.TPMRCBadAuth | 0x900, working, Hierarchy},
	} {
		c := &chip{ctx: t.Context(), tpm: fixedTPM{test.random}}
		if got := AsError(c.activationFailed("a step", test.code)); got.Kind != test.want {
			t.Errorf("0x%03x: %s, want %s", uint32(test.code), got.Kind, test.want)
		}
	}
}

// response makes a TPM response without sessions.
func response(code uint32, rest []byte) []byte {
	b := []byte{0x80, 0x01}
	b = binary.BigEndian.AppendUint32(b, uint32(10+len(rest)))
	b = binary.BigEndian.AppendUint32(b, code)
	return append(b, rest...)
}

// fixedTPM gives the same response to every command.
type fixedTPM struct{ answer []byte }

func (f fixedTPM) Send([]byte) ([]byte, error) { return f.answer, nil }
func (f fixedTPM) Close() error                { return nil }

// mute answers no command until it is closed.
type mute struct{ closed chan struct{} }

func (m mute) Send([]byte) ([]byte, error) {
	<-m.closed
	return nil, net.ErrClosed
}

func (m mute) Close() error {
	close(m.closed)
	return nil
}

// TestPatience: a device that does not answer is abandoned and gets no more commands.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device := mute{make(chan struct{})}
		p := &patient{device: device, limit: helloLimit}
		for range 2 {
			if _, err := p.Send(nil); err == nil || err.Error() != silence {
				t.Errorf("%v", err)
			}
		}
		p.close() // leaves the device to the pending read
		device.Close()
	})
}

func TestCheckResponse(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string][]byte{
		"nothing":     nil,
		"HTTP":        []byte("HTTP/1.1 400 Bad Request\r\n\r\n"),
		"TPM 1.2":     append([]byte{0x00, 0xc4}, response(0x1e, nil)[2:]...),
		"cut off":     response(0, []byte{1, 2, 3})[:12],
		"too long":    append(response(0, nil), 0),
		"only a size": {0, 0, 0, 10},
	} {
		p := &patient{device: fixedTPM{answer}, limit: helloLimit}
		c := &chip{ctx: t.Context(), tpm: p}
		if _, err := c.describe(&Facts{}); AsError(err).Kind != NoAnswer {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPropertyText(t *testing.T) {
	t.Parallel()
	for want, values := range map[string][]uint32{
		"":         {0},
		"IFX":      {0x49465800},
		"SW TPM":   {0x53572020, 0x2054504d, 0},
		"\\x[0m\"": {0x5c781b5b, 0x306d2200},
		"2.0":      {family20},
	} {
		if got := propertyText(values...); got != want {
			t.Errorf("%x: %q, want %q", values, got, want)
		}
	}
}

func TestEndedContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := &chip{ctx: ctx, tpm: fixedTPM{response(0, nil)}}
	if _, err := c.describe(&Facts{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the end of the context", err)
	}
}
