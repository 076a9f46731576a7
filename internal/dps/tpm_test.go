package dps

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// publicArea completes header with a modulus that counts down from 255.
func publicArea(header string) []byte {
	b := []byte(header)
	for i := range modulusSize {
		b = append(b, byte(255-i))
	}
	return b
}

// TestTPMRegistrationID: the expected id was not computed with this code.
func TestTPMRegistrationID(t *testing.T) {
	const want = "vhb3ofbqdkxsrtbysx556ycrfgqd6br6cybxsq3ljzfkjn4yxwhq"
	if got := TPMRegistrationID(publicArea(ekHeader)); got != want {
		t.Errorf("registration id %s, want %s", got, want)
	}
	if _, err := CheckRegistrationID(want); err != nil {
		t.Error(err)
	}
}

func TestCheckPublicAreas(t *testing.T) {
	ek, srk := publicArea(ekHeader), publicArea(srkHeader)
	if len(ek) != 316 || len(srk) != 284 {
		t.Fatalf("sizes %d and %d, want 316 and 284", len(ek), len(srk))
	}
	changed := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[at] ^= 1
		return b
	}
	tests := map[string]struct {
		check func([]byte) error
		key   []byte
		want  string // "" for no error
	}{
		"endorsement key":         {CheckEndorsementKey, ek, ""},
		"storage root key":        {CheckStorageRootKey, srk, ""},
		"other modulus":           {CheckEndorsementKey, changed(ek, 300), ""},
		"nothing":                 {CheckEndorsementKey, nil, "has 0 bytes"},
		"cut off":                 {CheckEndorsementKey, ek[:300], "has 300 bytes, but its size field says 316"},
		"something added":         {CheckStorageRootKey, append(bytes.Clone(srk), 0), "has 285 bytes, but its size field says 284"},
		"without its size":        {CheckEndorsementKey, ek[2:], "has 314 bytes, but its size field says 3"},
		"storage for endorsment":  {CheckEndorsementKey, srk, "has 284 bytes"},
		"endorsement for storage": {CheckStorageRootKey, ek, "has 316 bytes"},
		"ECC":                     {CheckEndorsementKey, []byte("\x00\x04\x00\x23\x00\x0b"), "type 0x0023"},
		"other attributes":        {CheckEndorsementKey, changed(ek, 9), "standard RSA-2048 template"},
		"other key size":          {CheckStorageRootKey, changed(srk, 20), "standard RSA-2048 template"},
	}
	for name, test := range tests {
		err := test.check(test.key)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestSignWith: a key stored elsewhere makes the same token as the key itself.
func TestSignWith(t *testing.T) {
	key, expiry := mustKey(t, exampleDerivedKey), time.Unix(1767225600, 0)
	resource := Resource("0ne00000A0A", exampleID)
	token, err := SignWith(resource, expiry, func(message []byte) ([]byte, error) { return key.sum(string(message)), nil })
	if err != nil || token != Sign(key, resource, expiry) {
		t.Errorf("token %s, %v", token.Reveal(), err)
	}
	refused := errors.New("refused")
	token, err = SignWith(resource, expiry, func([]byte) ([]byte, error) { return nil, refused })
	if !errors.Is(err, refused) || !token.IsZero() {
		t.Errorf("token %q, %v; want the signer's error", token.Reveal(), err)
	}
}
