package tpm

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"
)

// identityKey is the key with which the service identifies the device. The service makes it. Its
// private part is encrypted with the storage root key, so no other TPM can use it.
type identityKey struct {
	public  tpm2.TPM2BPublic
	private tpm2.TPM2BPrivate
}

// activate imports the identity key of an activation blob into the TPM. The key is encrypted
// twice: the key of the inner wrapper is encrypted to the endorsement key, and that of the
// outer wrapper to the storage root key.
func (t *TPM) activate(c *chip, blob []byte) (*identityKey, error) {
	parts, err := parseActivation(blob)
	if err != nil {
		return nil, &Error{Kind: Blob, Step: "read the activation blob", Path: c.path, Text: err.Error()}
	}
	srk, release, err := t.srk.load(c)
	if err != nil {
		return nil, err
	}
	defer release()
	innerKey, err := t.activateCredential(c, srk, parts)
	if err != nil {
		return nil, err
	}
	key := &identityKey{public: tpm2.BytesAs2B[tpm2.TPMTPublic](parts.public)}
	rsp, err := tpm2.Import{
		ParentHandle:  srk,
		EncryptionKey: tpm2.TPM2BData{Buffer: innerKey},
		ObjectPublic:  key.public,
		Duplicate:     tpm2.TPM2BPrivate{Buffer: parts.duplicate},
		InSymSeed:     tpm2.TPM2BEncryptedSecret{Buffer: parts.outerSeed},
		Symmetric: tpm2.TPMTSymDef{
			Algorithm: tpm2.TPMAlgAES,
			KeyBits:   tpm2.NewTPMUSymKeyBits(tpm2.TPMAlgAES, tpm2.TPMKeyBits(innerKeySize*8)),
			Mode:      tpm2.NewTPMUSymMode(tpm2.TPMAlgAES, tpm2.TPMAlgCFB),
		},
	}.Execute(c)
	if err != nil {
		return nil, c.activationFailed("import the key", err)
	}
	key.private = rsp.OutPrivate
	return key, nil
}

// activateCredential decrypts the key of the inner wrapper with the endorsement key.
func (t *TPM) activateCredential(c *chip, srk tpm2.AuthHandle, parts activation) ([]byte, error) {
	ek, release, err := t.ek.load(c)
	if err != nil {
		return nil, err
	}
	defer release()
	session, err := c.endorsementSession()
	if err != nil {
		return nil, err
	}
	defer c.flush(session.Handle())
	ek.Auth = session
	rsp, err := tpm2.ActivateCredential{
		ActivateHandle: srk,
		KeyHandle:      ek,
		CredentialBlob: tpm2.TPM2BIDObject{Buffer: parts.credential},
		Secret:         tpm2.TPM2BEncryptedSecret{Buffer: parts.credentialSeed},
	}.Execute(c)
	if err != nil {
		return nil, c.activationFailed("activate the credential", err)
	}
	if n := len(rsp.CertInfo.Buffer); n != innerKeySize {
		return nil, &Error{Kind: Blob, Step: "activate the credential", Path: c.path, Text: fmt.Sprintf("the key of the inner wrapper has %d bytes; the SDKs accept only %d", n, innerKeySize)}
	}
	return rsp.CertInfo.Buffer, nil
}

// activationFailed classifies the error of a command that decrypts data from the service. If
// the data was encrypted to another TPM, this one refuses a parameter; which one, and with
// which code, differs between TPMs. Software TPMs that use OpenSSL report an internal failure
// in this case, but keep working.
func (c *chip) activationFailed(step string, err error) error {
	code, ok := errors.AsType[tpm2.TPMRC](err)
	if ok && (isParameter(code) || errors.Is(code, tpm2.TPMRCFailure) && c.works()) {
		return &Error{Kind: Activation, Step: step, Path: c.path, Code: uint32(code), Text: code.Error()}
	}
	return c.failed(step, err)
}

// works reports whether the TPM still executes commands. In failure mode it does not.
func (c *chip) works() bool {
	_, err := tpm2.GetRandom{BytesRequested: 1}.Execute(c)
	return err == nil
}

// endorsementSession starts a session that satisfies the policy of the endorsement key:
// authorization for the endorsement hierarchy. The caller flushes it.
func (c *chip) endorsementSession() (tpm2.Session, error) {
	const nonceSize = 16
	session, _, err := tpm2.PolicySession(c, tpm2.TPMAlgSHA256, nonceSize)
	if err != nil {
		return nil, c.failed("start a session", err)
	}
	_, err = tpm2.PolicySecret{
		AuthHandle:    c.hierarchy(tpm2.TPMRHEndorsement),
		PolicySession: session.Handle(),
		NonceTPM:      session.NonceTPM(),
	}.Execute(c)
	if err != nil {
		c.flush(session.Handle())
		return nil, c.failed("use the endorsement key", err)
	}
	return session, nil
}

// load loads an identity key into the TPM; release removes it.
func (t *TPM) load(c *chip, key *identityKey) (loaded tpm2.AuthHandle, release func(), err error) {
	srk, releaseSRK, err := t.srk.load(c)
	if err != nil {
		return tpm2.AuthHandle{}, nil, err
	}
	defer releaseSRK()
	rsp, err := tpm2.Load{ParentHandle: srk, InPrivate: key.private, InPublic: key.public}.Execute(c)
	if err != nil {
		return tpm2.AuthHandle{}, nil, c.failed("load the key", err)
	}
	loaded = tpm2.AuthHandle{Handle: rsp.ObjectHandle, Name: rsp.Name, Auth: tpm2.PasswordAuth(nil)}
	return loaded, func() { c.flush(rsp.ObjectHandle) }, nil
}

// sign returns the HMAC-SHA256 of message.
func (t *TPM) sign(c *chip, key *identityKey, message []byte) ([]byte, error) {
	loaded, release, err := t.load(c, key)
	if err != nil {
		return nil, err
	}
	defer release()
	if len(message) > t.inputBuffer {
		return c.hmacSequence(loaded, message, t.inputBuffer)
	}
	rsp, err := tpm2.Hmac{Handle: loaded, Buffer: tpm2.TPM2BMaxBuffer{Buffer: message}, HashAlg: tpm2.TPMAlgSHA256}.Execute(c)
	if err != nil {
		return nil, c.failed("sign", err)
	}
	return rsp.OutHMAC.Buffer, nil
}

// hmacSequence returns the HMAC-SHA256 of a message that is too long for one command. It sends
// the message in pieces of at most size bytes.
func (c *chip) hmacSequence(key tpm2.AuthHandle, message []byte, size int) ([]byte, error) {
	start, err := tpm2.HmacStart{Handle: key, HashAlg: tpm2.TPMAlgSHA256}.Execute(c)
	if err != nil {
		return nil, c.failed("sign", err)
	}
	sequence := tpm2.AuthHandle{Handle: start.SequenceHandle, Auth: tpm2.PasswordAuth(nil)}
	for ; len(message) > size; message = message[size:] {
		if _, err := (tpm2.SequenceUpdate{SequenceHandle: sequence, Buffer: tpm2.TPM2BMaxBuffer{Buffer: message[:size]}}).Execute(c); err != nil {
			c.flush(start.SequenceHandle)
			return nil, c.failed("sign", err)
		}
	}
	// The TPM flushes a completed sequence.
	end, err := tpm2.SequenceComplete{SequenceHandle: sequence, Buffer: tpm2.TPM2BMaxBuffer{Buffer: message}, Hierarchy: tpm2.TPMRHNull}.Execute(c)
	if err != nil {
		c.flush(start.SequenceHandle)
		return nil, c.failed("sign", err)
	}
	return end.Result.Buffer, nil
}

// keep makes the endorsement key, the storage root key and the identity key persistent, as the
// SDKs do. It replaces an older identity key. It ignores the cancellation of the context, since
// an interruption could leave the device without an identity key.
func (t *TPM) keep(c *chip, key *identityKey) error {
	c = &chip{ctx: context.WithoutCancel(c.ctx), path: c.path, auth: c.auth, tpm: c.tpm}
	if err := t.ek.persist(c); err != nil {
		return err
	}
	if err := t.srk.persist(c); err != nil {
		return err
	}
	loaded, release, err := t.load(c, key)
	if err != nil {
		return err
	}
	defer release()
	if old, err := (tpm2.ReadPublic{ObjectHandle: IdentityHandle}).Execute(c); err == nil {
		if err := c.evict(tpm2.AuthHandle{Handle: IdentityHandle, Name: old.Name}, IdentityHandle); err != nil {
			return c.failed("remove the old identity key", err)
		}
	}
	return c.failed("make the identity key persistent", c.evict(loaded, IdentityHandle))
}
