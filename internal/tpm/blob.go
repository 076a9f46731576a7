package tpm

import (
	"encoding/binary"
	"fmt"
)

// innerKeySize is the size in bytes of the AES key of the inner wrapper; the C and C#
// clients accept no other size.
const innerKeySize = 16

// activation is a parsed activation blob, with which the service sends a TPM its signing
// key (azure-iot-sdk-node security/tpm/src/tpm.ts). The parts are the contents of
// structures of the TPM 2.0 Library, part 2.
type activation struct {
	credential     []byte // TPM2B_ID_OBJECT: the key of the inner wrapper, for this pair of SRK and EK
	credentialSeed []byte // TPM2B_ENCRYPTED_SECRET: encrypted to the EK
	duplicate      []byte // TPM2B_PRIVATE: the identity key, wrapped twice
	outerSeed      []byte // TPM2B_ENCRYPTED_SECRET: encrypted to the SRK
	public         []byte // TPM2B_PUBLIC: the identity key's public area
	uri            []byte // TPM2B_DATA: an address encrypted with the inner key; no client needs it
}

// maxPart is the maximum size of a part: a TPM accepts commands of at most 4096 bytes, so
// no larger part exists.
const maxPart = 2048

// algorithmKeyedHash is TPM_ALG_KEYEDHASH, the type of an HMAC key.
const algorithmKeyedHash = 0x0008

// parseActivation parses an activation blob: six parts, each preceded by its size in two
// bytes. Like the SDKs, it ignores anything after them.
func parseActivation(blob []byte) (activation, error) {
	var a activation
	parts := []struct {
		name string
		into *[]byte
	}{
		{"credential", &a.credential},
		{"credential's seed", &a.credentialSeed},
		{"wrapped key", &a.duplicate},
		{"outer seed", &a.outerSeed},
		{"public area", &a.public},
		{"address", &a.uri},
	}
	for i, part := range parts {
		if len(blob) < 2 {
			return activation{}, fmt.Errorf("it ends before part %d of %d, the %s", i+1, len(parts), part.name)
		}
		size := int(binary.BigEndian.Uint16(blob))
		if size > maxPart {
			return activation{}, fmt.Errorf("part %d of %d, the %s, would have %d bytes; no TPM accepts that many", i+1, len(parts), part.name, size)
		}
		if size > len(blob)-2 {
			return activation{}, fmt.Errorf("part %d of %d, the %s, has %d bytes of %d", i+1, len(parts), part.name, len(blob)-2, size)
		}
		*part.into, blob = blob[2:2+size], blob[2+size:]
	}
	if len(a.public) < 2 || binary.BigEndian.Uint16(a.public) != algorithmKeyedHash {
		return activation{}, fmt.Errorf("its key is not an HMAC key")
	}
	return a, nil
}
