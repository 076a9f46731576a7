package dps

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
)

// The marshalled public areas (TPM2B_PUBLIC) of keys made from the RSA-2048 templates L-1
// of the TCG EK Credential Profile and of the TCG Provisioning Guidance, without the
// modulus at the end: size, type RSA, name algorithm SHA-256, attributes, policy,
// AES-128-CFB, no scheme, 2048 bits, default exponent, size of the modulus. Every SDK's
// client makes keys of this form (azure-iot-sdk-csharp
// security/tpm/src/SecurityProviderTpmHsm.cs).
const (
	ekHeader = "\x01\x3a\x00\x01\x00\x0b\x00\x03\x00\xb2" +
		"\x00\x20\x83\x71\x97\x67\x44\x84\xb3\xf8\x1a\x90\xcc\x8d\x46\xa5\xd7\x24" +
		"\xfd\x52\xd7\x6e\x06\x52\x0b\x64\xf2\xa1\xda\x1b\x33\x14\x69\xaa" +
		"\x00\x06\x00\x80\x00\x43\x00\x10\x08\x00\x00\x00\x00\x00\x01\x00"
	srkHeader = "\x01\x1a\x00\x01\x00\x0b\x00\x03\x04\x72" +
		"\x00\x00" +
		"\x00\x06\x00\x80\x00\x43\x00\x10\x08\x00\x00\x00\x00\x00\x01\x00"
	modulusSize = 256
)

// algorithmRSA is TPM_ALG_RSA.
const algorithmRSA = 0x0001

// TPMRegistrationID is the default registration id of a device with a TPM: the SHA-256 of
// the endorsement key, in base32 without padding, in lower case (azure-iot-sdk-node
// security/tpm/src/tpm.ts). ek is the marshalled TPM2B_PUBLIC.
func TPMRegistrationID(ek []byte) string {
	sum := sha256.Sum256(ek)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
}

// CheckEndorsementKey returns an error if b is not the marshalled TPM2B_PUBLIC of an
// endorsement key with the standard RSA-2048 template: 316 bytes, the modulus last.
func CheckEndorsementKey(b []byte) error { return checkPublicArea(b, ekHeader) }

// CheckStorageRootKey returns an error if b is not the marshalled TPM2B_PUBLIC of a storage
// root key with the standard RSA-2048 template: 284 bytes, the modulus last.
func CheckStorageRootKey(b []byte) error { return checkPublicArea(b, srkHeader) }

func checkPublicArea(b []byte, header string) error {
	want := len(header) + modulusSize
	switch {
	case len(b) < 4:
		return fmt.Errorf("the key has %d bytes; the public area of an RSA-2048 key has %d", len(b), want)
	case int(binary.BigEndian.Uint16(b)) != len(b)-2:
		return fmt.Errorf("the key has %d bytes, but its size field says %d: it was truncated or extended",
			len(b), int(binary.BigEndian.Uint16(b))+2)
	case binary.BigEndian.Uint16(b[2:]) != algorithmRSA:
		return fmt.Errorf("the key is of type 0x%04x; one of type RSA (0x%04x) is expected", binary.BigEndian.Uint16(b[2:]), algorithmRSA)
	case len(b) != want:
		return fmt.Errorf("the key has %d bytes; the public area of a key with the standard RSA-2048 template has %d", len(b), want)
	case !bytes.HasPrefix(b, []byte(header)):
		return fmt.Errorf("the key was not made from the standard RSA-2048 template: its attributes, policy or algorithms differ")
	}
	return nil
}
