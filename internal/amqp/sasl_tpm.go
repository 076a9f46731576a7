package amqp

import (
	"bytes"
	"errors"
	"fmt"
)

// The mechanism TPM of DPS (Azure SDK for C#: SaslTpmHandler.cs; for C:
// provisioning_client/src/prov_sasl_tpm.c): the client begins with its ids and its
// endorsement key, answers a challenge of one NUL with its storage root key, collects an
// activation blob that comes in segments, answers each segment except the last with one
// NUL, and the last with a SAS token. Answers with content begin with a NUL.

// MechanismTPM is the name of the mechanism.
const MechanismTPM = "TPM"

// The control byte before each segment of the activation blob.
const (
	tpmSegment  = 0x80 // set in each
	tpmLast     = 0x40 // set in the last
	tpmSequence = 0x03 // number of the segment, modulo 4
)

// TPMInitialResponse returns the initial response of the mechanism TPM.
func TPMInitialResponse(idScope, registrationID string, endorsementKey []byte) Credential {
	return append(Credential("\x00"+idScope+"\x00"+registrationID+"\x00"), endorsementKey...)
}

// ParseTPMInitialResponse parses the result of TPMInitialResponse; ok is false for anything
// else.
func ParseTPMInitialResponse(response Credential) (idScope, registrationID string, endorsementKey []byte, ok bool) {
	parts := bytes.SplitN(response, []byte{0}, 4)
	if len(parts) != 4 || len(parts[0]) != 0 {
		return "", "", nil, false
	}
	return string(parts[1]), string(parts[2]), parts[3], true
}

// TPMResponse returns the response that contains a storage root key or a SAS token or,
// without content, the acknowledgement of a segment.
func TPMResponse(content []byte) Credential { return append(Credential{0}, content...) }

// ParseTPMResponse returns the content of a TPMResponse; ok is false for anything
// else.
func ParseTPMResponse(response Credential) (content []byte, ok bool) {
	if len(response) == 0 || response[0] != 0 {
		return nil, false
	}
	return response[1:], true
}

// TPMKeyRequest returns the challenge that asks for the storage root key.
func TPMKeyRequest() []byte { return []byte{0} }

// IsTPMKeyRequest distinguishes the challenge of TPMKeyRequest from a segment.
func IsTPMKeyRequest(challenge []byte) bool { return bytes.Equal(challenge, TPMKeyRequest()) }

// SplitTPMBlob returns the two challenges that contain an activation blob. There are always
// two, because the Java SDK accepts only the control bytes 0x80 and then 0xc1
// (provisioning-device-client: AmqpsProvisioningSaslHandler.java).
func SplitTPMBlob(blob []byte) [2][]byte {
	half := (len(blob) + 1) / 2
	return [2][]byte{
		append([]byte{tpmSegment}, blob[:half]...),
		append([]byte{tpmSegment | tpmLast | 1}, blob[half:]...),
	}
}

// TPMBlob joins the segments of an activation blob. Its zero value is empty.
type TPMBlob struct {
	data     []byte
	segments int
	done     bool
}

// Add takes the next segment, a challenge, and reports whether it is the last. A segment
// out of sequence is an error.
func (b *TPMBlob) Add(challenge []byte) (last bool, err error) {
	if len(challenge) == 0 || challenge[0]&tpmSegment == 0 {
		return false, errors.New("sasl: TPM challenge is not a segment")
	}
	control := challenge[0]
	if want := b.segments % 4; b.done || int(control&tpmSequence) != want {
		return false, fmt.Errorf("sasl: TPM segment with control byte 0x%02x out of sequence after %d", control, b.segments)
	}
	b.data = append(b.data, challenge[1:]...)
	b.segments++
	b.done = control&tpmLast != 0
	return b.done, nil
}

// Bytes returns the blob, or nil before the last segment.
func (b *TPMBlob) Bytes() []byte {
	if !b.done {
		return nil
	}
	return b.data
}
