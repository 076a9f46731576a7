package emulator

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"sync"
	"time"

	"dpsdiag/internal/dps"
)

// source generates ids, symmetric keys and serial numbers. The same seed always gives the same
// values, which tests use; otherwise the seed is random. ChaCha8 is a cryptographically strong
// generator, so it may also generate keys.
type source struct {
	mu     sync.Mutex
	stream *rand.ChaCha8
}

// newSource reads a seed from r.
func newSource(r io.Reader) (*source, error) {
	var seed [32]byte
	if _, err := io.ReadFull(r, seed[:]); err != nil {
		return nil, fmt.Errorf("read random seed: %w", err)
	}
	return &source{stream: rand.NewChaCha8(seed)}, nil
}

func (s *source) bytes(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make([]byte, n)
	_, _ = s.stream.Read(b) // never fails, as documented
	return b
}

// Read implements io.Reader and never fails.
func (s *source) Read(b []byte) (int, error) { return copy(b, s.bytes(len(b))), nil }

// key returns a symmetric key of the size the service generates.
func (s *source) key() dps.Key { return dps.NewKey(s.bytes(dps.GeneratedKeySize)) }

// serial returns a positive certificate serial number of at most 16 bytes.
func (s *source) serial() *big.Int {
	b := s.bytes(16)
	b[0] = b[0]&0x7f | 0x40
	return new(big.Int).SetBytes(b)
}

// guid returns a random GUID, for tracking ids.
func (s *source) guid() string {
	b := s.bytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// operationID returns an id in the service's form, a digit, 16 hex digits and a GUID
// (seen in GitHub issue Azure/azure-iot-sdk-node#721).
func (s *source) operationID() string {
	return "4." + hex.EncodeToString(s.bytes(8)) + "." + s.guid()
}

// etag returns base64 of a quoted text in the form of a GUID, as in registrations
// (azure-sdk-for-c sdk/src/azure/iot/az_iot_provisioning_client.c).
func (s *source) etag(now time.Time) string {
	text := fmt.Sprintf("%q", fmt.Sprintf("%x-0000-0100-0000-%08x0000", s.bytes(4), uint32(now.Unix())))
	return base64.StdEncoding.EncodeToString([]byte(text))
}

// timestamp formats t as the service does: UTC, seven digits after the second, Z.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }
