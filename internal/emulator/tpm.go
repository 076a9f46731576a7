package emulator

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/google/go-tpm/tpm2"

	"dpsdiag/internal/dps"
)

// innerKeySize is the size in bytes of the AES key of the inner wrapper; the C and C#
// clients accept no other size.
const innerKeySize = 16

// maxURI is the maximum size of the address in an activation blob, which every TPM accepts
// at once.
const maxURI = 1024

// NewActivation returns the activation blob with which the service sends key to one TPM:
// only the TPM with both the endorsement key ek and the storage root key srk can decrypt it
// and sign with key, at most 64 bytes long, the block of its hash. ek and srk are
// marshalled TPM2B_PUBLIC areas of the standard RSA-2048 templates; others are an error.
// uri, of at most 1024 bytes, is included in encrypted form, although no client needs it.
//
// The layout is the one that the SDKs parse (azure-iot-sdk-node security/tpm/src/tpm.ts),
// the construction follows the TPM 2.0 Library, part 1, chapters Credential Protection and
// Protected Storage, as in Microsoft's sample of the service (TSS.MSR
// TSS.Java/src/samples/DrsServer.java).
func NewActivation(ek, srk []byte, key dps.Key, uri string, random io.Reader) ([]byte, error) {
	if err := dps.CheckEndorsementKey(ek); err != nil {
		return nil, fmt.Errorf("check endorsement key: %w", err)
	}
	if err := dps.CheckStorageRootKey(srk); err != nil {
		return nil, fmt.Errorf("check storage root key: %w", err)
	}
	if len(uri) > maxURI {
		return nil, fmt.Errorf("the address has %d bytes; %d are allowed", len(uri), maxURI)
	}
	endorsement, err := parseStorageKey(ek)
	if err != nil {
		return nil, fmt.Errorf("parse endorsement key: %w", err)
	}
	root, err := parseStorageKey(srk)
	if err != nil {
		return nil, fmt.Errorf("parse storage root key: %w", err)
	}
	innerKey, obfuscation := make([]byte, innerKeySize), make([]byte, sha256.Size)
	for _, b := range [][]byte{innerKey, obfuscation} {
		if _, err := io.ReadFull(random, b); err != nil {
			return nil, fmt.Errorf("read random bytes: %w", err)
		}
	}
	credential, credentialSeed, err := tpm2.CreateCredential(random, endorsement.key, root.name, innerKey)
	if err != nil {
		return nil, fmt.Errorf("make credential: %w", err)
	}
	identity, err := newIdentity(key, obfuscation)
	if err != nil {
		return nil, fmt.Errorf("make identity key: %w", err)
	}
	duplicate, outerSeed, err := identity.wrap(root, innerKey, random)
	if err != nil {
		return nil, fmt.Errorf("wrap identity key: %w", err)
	}
	address, err := encryptCFB(innerKey, []byte(uri))
	if err != nil {
		return nil, fmt.Errorf("encrypt address: %w", err)
	}
	var blob []byte
	for _, part := range [][]byte{credential, credentialSeed, duplicate, outerSeed, identity.public, address} {
		blob = append(blob, sized(part)...)
	}
	return blob, nil
}

// storageKey is a TPM's public key that secrets can be encrypted to.
type storageKey struct {
	key  tpm2.LabeledEncapsulationKey
	name []byte // TPM2B_NAME without its size
}

func parseStorageKey(marshalled []byte) (storageKey, error) {
	area, err := tpm2.Unmarshal[tpm2.TPM2BPublic](marshalled)
	if err != nil {
		return storageKey{}, err
	}
	public, err := area.Contents()
	if err != nil {
		return storageKey{}, err
	}
	key, err := tpm2.ImportEncapsulationKey(public)
	if err != nil {
		return storageKey{}, err
	}
	name, err := tpm2.ObjectName(public)
	if err != nil {
		return storageKey{}, err
	}
	return storageKey{key, name.Buffer}, nil
}

// identity is an HMAC key as an object of a TPM.
type identity struct {
	public    []byte // TPMT_PUBLIC
	name      []byte // of the public area
	sensitive []byte // TPM2B_SENSITIVE
}

// newIdentity makes a TPM object from key. obfuscation, as long as a SHA-256, prevents the
// public digest from revealing anything about the key.
func newIdentity(key dps.Key, obfuscation []byte) (identity, error) {
	secret, err := base64.StdEncoding.DecodeString(key.Text().Reveal())
	if err != nil {
		return identity{}, err
	}
	if n := len(secret); n == 0 || n > sha256.BlockSize {
		return identity{}, fmt.Errorf("the key has %d bytes; 1 to %d are allowed", n, sha256.BlockSize)
	}
	digest := sha256.Sum256(append(append([]byte{}, obfuscation...), secret...))
	public := tpm2.TPMTPublic{
		Type:             tpm2.TPMAlgKeyedHash,
		NameAlg:          tpm2.TPMAlgSHA256,
		ObjectAttributes: tpm2.TPMAObject{UserWithAuth: true, NoDA: true, SignEncrypt: true},
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgKeyedHash, &tpm2.TPMSKeyedHashParms{
			Scheme: tpm2.TPMTKeyedHashScheme{
				Scheme:  tpm2.TPMAlgHMAC,
				Details: tpm2.NewTPMUSchemeKeyedHash(tpm2.TPMAlgHMAC, &tpm2.TPMSSchemeHMAC{HashAlg: tpm2.TPMAlgSHA256}),
			},
		}),
		Unique: tpm2.NewTPMUPublicID(tpm2.TPMAlgKeyedHash, &tpm2.TPM2BDigest{Buffer: digest[:]}),
	}
	sensitive := tpm2.TPMTSensitive{
		SensitiveType: tpm2.TPMAlgKeyedHash,
		SeedValue:     tpm2.TPM2BDigest{Buffer: obfuscation},
		Sensitive:     tpm2.NewTPMUSensitiveComposite(tpm2.TPMAlgKeyedHash, &tpm2.TPM2BSensitiveData{Buffer: secret}),
	}
	name, err := tpm2.ObjectName(&public)
	if err != nil {
		return identity{}, err
	}
	return identity{public: tpm2.Marshal(public), name: name.Buffer, sensitive: sized(tpm2.Marshal(sensitive))}, nil
}

// wrap encrypts the key twice: the inner wrapper uses innerKey and a digest for integrity, the
// outer wrapper uses keys derived from a seed that only parent can decrypt.
func (id identity) wrap(parent storageKey, innerKey []byte, random io.Reader) (duplicate, outerSeed []byte, err error) {
	digest := sha256.Sum256(append(append([]byte{}, id.sensitive...), id.name...))
	inner, err := encryptCFB(innerKey, append(sized(digest[:]), id.sensitive...))
	if err != nil {
		return nil, nil, err
	}
	seed, outerSeed, err := parent.key.Encapsulate(random, "DUPLICATE")
	if err != nil {
		return nil, nil, err
	}
	outer, err := encryptCFB(tpm2.KDFa(crypto.SHA256, seed, "STORAGE", id.name, nil, innerKeySize*8), inner)
	if err != nil {
		return nil, nil, err
	}
	mac := hmac.New(sha256.New, tpm2.KDFa(crypto.SHA256, seed, "INTEGRITY", nil, nil, sha256.Size*8))
	mac.Write(outer)
	mac.Write(id.name)
	return append(sized(mac.Sum(nil)), outer...), outerSeed, nil
}

// encryptCFB encrypts with AES in CFB mode and an initialisation vector of zeros, as the
// TPM 2.0 Library requires if every key is used once.
func encryptCFB(key, plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	encrypted := make([]byte, len(plain))
	stream := cipher.NewCFBEncrypter(block, make([]byte, aes.BlockSize)) //nolint:staticcheck,gosec // the format prescribes mode and vector, and has its own HMAC
	stream.XORKeyStream(encrypted, plain)
	return encrypted, nil
}

// sized returns b preceded by its size in two bytes, as in the TPM2B structures.
func sized(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}
