package emulator

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-tpm/tpm2"

	"dpsdiag/internal/dps"
)

// paperTPM has the private keys of a TPM and decrypts blobs according to the TPM 2.0
// Library, part 1. That a real TPM decrypts them too is tested in package probe with the
// build tag tpm.
type paperTPM struct {
	ek, srk *rsa.PrivateKey
	// The public areas as the device sends them.
	ekPublic, srkPublic []byte
}

// twoPaperTPMs are shared by all tests: making the keys of one takes half a second.
var twoPaperTPMs = sync.OnceValues(func() (two [2]paperTPM, err error) {
	for i := range two {
		if two[i], err = newPaperTPM(); err != nil {
			return two, err
		}
	}
	return two, nil
})

// paperTPMs returns the TPM of a test's device, and another.
func paperTPMs(t *testing.T) (tpm, other paperTPM) {
	t.Helper()
	two, err := twoPaperTPMs()
	if err != nil {
		t.Fatal(err)
	}
	return two[0], two[1]
}

func newPaperTPM() (p paperTPM, err error) {
	if p.ek, p.ekPublic, err = paperKey(tpm2.RSAEKTemplate); err != nil {
		return p, err
	}
	p.srk, p.srkPublic, err = paperKey(tpm2.RSASRKTemplate)
	return p, err
}

func paperKey(template tpm2.TPMTPublic) (*rsa.PrivateKey, []byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: key.N.Bytes()})
	return key, tpm2.Marshal(tpm2.New2B(template)), nil
}

// paperName returns the name of a key, from its public area without the size.
func paperName(area []byte) []byte {
	sum := sha256.Sum256(area)
	return append([]byte{0x00, 0x0b}, sum[:]...)
}

// errIntegrity means that data was not made for the keys that decrypt it.
var errIntegrity = errors.New("integrity")

// unwrap decrypts data encrypted to key: the seed, then the HMAC, then the text.
func unwrap(key *rsa.PrivateKey, label string, seed, wrapped, name []byte) ([]byte, error) {
	secret, err := rsa.DecryptOAEP(sha256.New(), nil, key, seed, []byte(label+"\x00"))
	if err != nil {
		return nil, err
	}
	mac, text := severed(wrapped)
	sum := hmac.New(sha256.New, tpm2.KDFa(crypto.SHA256, secret, "INTEGRITY", nil, nil, 256))
	sum.Write(text)
	sum.Write(name)
	if !hmac.Equal(mac, sum.Sum(nil)) {
		return nil, errIntegrity
	}
	return decryptCFB(tpm2.KDFa(crypto.SHA256, secret, "STORAGE", name, nil, 128), text), nil
}

func decryptCFB(key, text []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	plain := make([]byte, len(text))
	cipher.NewCFBDecrypter(block, make([]byte, aes.BlockSize)).XORKeyStream(plain, text) //nolint:staticcheck // what the format prescribes
	return plain
}

// cut splits off the part after its size.
func severed(b []byte) (part, rest []byte) {
	n := 2 + int(binary.BigEndian.Uint16(b))
	return b[2:n], b[n:]
}

// open returns the key and the address in a blob.
func (p paperTPM) open(t *testing.T, blob []byte) (key, uri []byte, err error) {
	t.Helper()
	var parts [6][]byte
	for i := range parts {
		parts[i], blob = severed(blob)
	}
	if len(blob) != 0 {
		t.Errorf("%d bytes follow the blob", len(blob))
	}
	inner2B, err := unwrap(p.ek, "IDENTITY", parts[1], parts[0], paperName(p.srkPublic[2:]))
	if err != nil {
		return nil, nil, err
	}
	innerKey, _ := severed(inner2B)
	name := paperName(parts[4])
	inner, err := unwrap(p.srk, "DUPLICATE", parts[3], parts[2], name)
	if err != nil {
		return nil, nil, err
	}
	digest, sensitive2B := severed(decryptCFB(innerKey, inner))
	if sum := sha256.Sum256(append(bytes.Clone(sensitive2B), name...)); !bytes.Equal(sum[:], digest) {
		return nil, nil, errIntegrity
	}
	sensitive, _ := severed(sensitive2B)
	seed, rest := severed(sensitive[4:]) // after the type and an empty password
	key, _ = severed(rest)
	if unique := sha256.Sum256(append(bytes.Clone(seed), key...)); !bytes.HasSuffix(parts[4], unique[:]) {
		t.Error("public and private part do not belong together")
	}
	return key, decryptCFB(innerKey, parts[5]), nil
}

func TestNewActivation(t *testing.T) {
	t.Parallel()
	tpm, other := paperTPMs(t)
	for _, size := range []int{1, 32, 64} {
		secret := bytes.Repeat([]byte{7}, size)
		blob, err := NewActivation(tpm.ekPublic, tpm.srkPublic, dps.NewKey(secret), "hub.example", rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, uri, err := tpm.open(t, blob)
		if err != nil || !bytes.Equal(key, secret) || string(uri) != "hub.example" {
			t.Errorf("key %x, address %q, %v", key, uri, err)
		}
		if bytes.Contains(blob, secret) && size > 1 {
			t.Error("the key stands in the blob")
		}
		for name, stranger := range map[string]paperTPM{
			"all": other,
			"EK":  {ek: other.ek, srk: tpm.srk, srkPublic: tpm.srkPublic},
			"SRK": {ek: tpm.ek, srk: other.srk, srkPublic: other.srkPublic},
		} {
			if _, _, err := stranger.open(t, blob); err == nil {
				t.Errorf("opened with a strange key (%s)", name)
			}
		}
	}
}

func TestNewActivationRefuses(t *testing.T) {
	t.Parallel()
	tpm, _ := paperTPMs(t)
	key := dps.NewKey(make([]byte, 32))
	for name, test := range map[string]struct {
		ek, srk []byte
		key     dps.Key
		uri     string
		want    string
	}{
		"no endorsement key":    {nil, tpm.srkPublic, key, "", "check endorsement key"},
		"keys the wrong way":    {tpm.srkPublic, tpm.ekPublic, key, "", "check endorsement key"},
		"no storage root key":   {tpm.ekPublic, nil, key, "", "check storage root key"},
		"no key":                {tpm.ekPublic, tpm.srkPublic, dps.Key{}, "", "has 0 bytes"},
		"a key above the block": {tpm.ekPublic, tpm.srkPublic, dps.NewKey(make([]byte, 65)), "", "has 65 bytes"},
		"a long address":        {tpm.ekPublic, tpm.srkPublic, key, strings.Repeat("x", maxURI+1), "has 1025 bytes"},
	} {
		blob, err := NewActivation(test.ek, test.srk, test.key, test.uri, rand.Reader)
		if err == nil || !strings.Contains(err.Error(), test.want) || blob != nil {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	broken := errors.New("broken")
	if _, err := NewActivation(tpm.ekPublic, tpm.srkPublic, key, "", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("%v, want the reader's error", err)
	}
}
