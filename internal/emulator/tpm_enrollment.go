package emulator

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dpsdiag/internal/dps"
)

// TPMDevice is the enrollment data of a device that attests with a TPM.
type TPMDevice struct {
	RegistrationID string
	EndorsementKey []byte // marshalled TPM2B_PUBLIC: see ParseEndorsementKey
}

// Check returns an error if the device cannot be enrolled under its registration id.
func (d TPMDevice) Check() error {
	if slices.Contains([]string{keyDevice, groupDevice, x509Device}, strings.ToLower(d.RegistrationID)) {
		return fmt.Errorf("%q is enrolled already", d.RegistrationID)
	}
	return checkID(d.RegistrationID)
}

// ErrNoTPM means that a scenario needs a TPM and none is enrolled.
var ErrNoTPM = errors.New("no TPM is enrolled")

// tpmEnrollment is the service's data about a TPM.
type tpmEnrollment struct {
	ek     []byte  // marshalled TPM2B_PUBLIC
	hubKey dps.Key // authenticates the device to its hub
}

// Names and texts of the challenge, as the service sends them (GitHub issue
// Azure/azure-iot-sdk-csharp#432).
const (
	challengeMessage = "Authorization required, resend request using supplied key"
	challengeKeyName = dps.RegistrationPolicy
)

// messageEndorsement is the service's message for another endorsement key than the enrolled
// one, and for text that is not a key (GitHub issues Azure/azure-iot-sdk-c#1955,
// Azure/iotedge#7304).
const messageEndorsement = "Endorsement key is invalid, or does not match the Enrollment."

// ParseEndorsementKey parses an endorsement key, as bytes or as base64 with any white
// space. It must be the marshalled TPM2B_PUBLIC of an RSA-2048 key with the standard
// template, restricted to decryption, as all SDKs make it.
func ParseEndorsementKey(data []byte) ([]byte, error) {
	key := data
	if dps.CheckEndorsementKey(data) != nil {
		var err error
		if key, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(data)), "")); err != nil {
			return nil, errors.New("neither base64 nor the 316 bytes of a TPM2B_PUBLIC")
		}
	}
	if err := dps.CheckEndorsementKey(key); err != nil {
		return nil, err
	}
	parsed, err := parseStorageKey(key)
	if err == nil {
		_, _, err = parsed.key.Encapsulate(rand.Reader, "IDENTITY") // checks that the modulus is valid
	}
	if err != nil {
		return nil, fmt.Errorf("the key cannot encrypt: %w", err)
	}
	return key, nil
}

// enrollTPM returns an individual enrollment, with the stored keys for the TPM.
func (w *world) enrollTPM(name string, ek []byte) (*enrollment, error) {
	file := "tpm-" + dps.TPMRegistrationID(ek) // unlike name, suitable as a file name
	key, err := w.store.key(file, w.mint.random)
	if err != nil {
		return nil, err
	}
	hubKey, err := w.store.key(file+"-hub", w.mint.random)
	if err != nil {
		return nil, err
	}
	return &enrollment{name: name, keys: []dps.Key{key}, tpm: &tpmEnrollment{ek: ek, hubKey: hubKey}}, nil
}

// introduction returns the keys that a TPM sends in the body of its first call, nil if
// there are none. Other errors in the body are reported after the TPM has authenticated.
func introduction(body []byte) *dps.TPMKeys {
	var outer struct {
		TPM *json.RawMessage `json:"tpm"`
	}
	if err := json.Unmarshal(body, &outer); err != nil || outer.TPM == nil {
		return nil
	}
	var keys dps.TPMKeys
	if err := json.Unmarshal(*outer.TPM, &keys); err != nil {
		return &dps.TPMKeys{} // keys that cannot be read match no enrollment
	}
	return &keys
}

// challenge answers a TPM that has sent its keys with a key that only this TPM can use. The
// token that it signs with this key authenticates it.
//
// All refusals except the first and the one for another endorsement key are assumed, as is
// the status of the latter over HTTPS.
func (s *service) challenge(c claim) *refusal {
	entry := s.enrolled.individual(c.registrationID)
	switch {
	case entry == nil:
		return notFound(reasonTPM, 404201, messageNoEnrollment, "no individual enrollment of this registration id, which a TPM needs")
	case entry.tpm == nil:
		return unauthorized(reasonToken, messageUnauthorized, "the enrollment wants a key or a certificate, not a TPM")
	case !bytes.Equal(c.credential.tpm.EndorsementKey, entry.tpm.ek):
		return badRequest(reasonTPM, messageEndorsement, fmt.Sprintf(
			"the enrollment holds the endorsement key of another TPM: its id would be %s, that of the caller %s",
			dps.TPMRegistrationID(entry.tpm.ek), dps.TPMRegistrationID(c.credential.tpm.EndorsementKey)))
	}
	key, err := s.wrap(c, entry)
	if err != nil {
		return badRequest(reasonTPM, "Storage root key is invalid.", err.Error())
	}
	return &refusal{
		reason: reasonChallenge, status: http.StatusUnauthorized, why: "the TPM has to prove itself",
		challenge: &dps.Challenge{Message: challengeMessage, AuthenticationKey: key, KeyName: challengeKeyName},
	}
}

// wrap encrypts both keys of an enrollment to its TPM: it returns the one for the
// registration and stores the one for the hub, because not every client sends the storage
// root key again (iot-identity-service identity/aziot-cloud-client-async/src/dps/mod.rs).
func (s *service) wrap(c claim, entry *enrollment) ([]byte, error) {
	keys, resource := c.credential.tpm, dps.Resource(c.scope, c.registrationID)
	key, err := NewActivation(keys.EndorsementKey, keys.StorageRootKey, entry.keys[0], resource, s.random)
	if err != nil {
		return nil, err
	}
	hubKey, err := NewActivation(keys.EndorsementKey, keys.StorageRootKey, entry.tpm.hubKey, resource, s.random)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hubKeys[entry] = hubKey
	return key, nil
}
