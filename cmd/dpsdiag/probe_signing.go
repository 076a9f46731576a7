package main

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/spf13/pflag"

	"dpsdiag/internal/atomicfile"
	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// signingOptions are the flags about a certificate that the service issues.
type signingOptions struct{ csr, key, out string }

func (o *signingOptions) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&o.csr, "csr", "", "`FILE` with a certificate signing request (PEM, DER or base64) to send with the registration, so that the service issues a certificate")
	flags.StringVar(&o.key, "csr-key", "", "PEM `FILE` with the private key of --csr; without --csr a request is made with it, and with a new key, EC P-384, if there is no such file yet. --check-hub presents the issued certificate with it")
	flags.StringVar(&o.out, issuedFlag, "", "`FILE` for the issued chain in PEM, written as soon as it comes; the last one, if several are issued")
}

// given is the flag that requests a certificate, "" if none does.
func (o *signingOptions) given() string {
	switch {
	case o.csr != "":
		return "--csr"
	case o.key != "":
		return "--csr-key"
	}
	return ""
}

// check checks what can be checked from the flags alone.
func (o *signingOptions) check(lookup bool) error {
	if lookup && o.given() != "" {
		return usagef("leave one of them out: the service refuses a lookup with a signing request", "--lookup and %s exclude each other", o.given())
	}
	if o.out == "" {
		return nil
	}
	if o.given() == "" {
		return usagef("give --csr-key FILE, which may be a new file, or --csr FILE", "--issued-cert-out: no certificate is requested")
	}
	if err := checkWritable(o.out); err != nil {
		return cannotWrite("--issued-cert-out", o.out, err)
	}
	return nil
}

// read makes the request of the device; nil if none was asked for. With keep a new key is
// written to its file.
func (o *signingOptions) read(a *app, registrationID string, keep bool) (*probe.Signing, error) {
	if o.given() == "" {
		return nil, nil
	}
	if registrationID == "" {
		return nil, usagef(registrationIDHint, "%s: the registration id of the device is not known", o.given())
	}
	if o.csr == "" {
		key, err := o.readOrMakeKey(a, keep)
		if err != nil {
			return nil, err
		}
		request, err := certchain.NewRequest(registrationID, key)
		return &probe.Signing{Request: request, Key: key}, err
	}
	data, err := readFile("--csr", o.csr)
	if err != nil {
		return nil, err
	}
	signing := new(probe.Signing)
	if signing.Request, err = certchain.ParseRequest(data); err != nil {
		return nil, usagef("a signing request is PEM text with a BEGIN CERTIFICATE REQUEST line, or DER", "--csr %q: %v", o.csr, err)
	}
	if o.key == "" {
		return signing, nil
	}
	if signing.Key, err = o.readKey(); err != nil {
		return nil, err
	}
	if !certchain.SameKey(signing.Request.PublicKey, signing.Key.Public()) {
		return nil, usagef("give the private key that the request was made with", "--csr-key %q: the signing request is for another key", o.key)
	}
	return signing, nil
}

func (o *signingOptions) readKey() (crypto.Signer, error) {
	file, err := readMaterial("--csr-key", o.key)
	if err != nil {
		return nil, err
	}
	return privateKeyIn(file)
}

// readOrMakeKey reads the key, or makes one if there is no such file.
func (o *signingOptions) readOrMakeKey(a *app, keep bool) (crypto.Signer, error) {
	if _, err := os.Stat(o.key); !errors.Is(err, os.ErrNotExist) {
		return o.readKey()
	}
	key, text, err := certchain.NewKey()
	if err != nil || !keep {
		return key, err
	}
	if err := writeFile(a.disk, o.key, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return nil, cannotWrite("--csr-key", o.key, err)
	}
	tell(a.stderr, "dpsdiag: made a new key, %s, in %q", dps.KeyText(key.Public()), o.key)
	return key, nil
}

// issuedKeeper writes issued chains to a file.
type issuedKeeper struct {
	file   string
	disk   atomicfile.Disk
	stderr io.Writer

	mu     sync.Mutex
	failed error
}

// keep writes a chain. What cannot be written is shown, so that it is not lost.
func (k *issuedKeeper) keep(_ probe.TransportID, chain [][]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	text := certchain.EncodePEM(chain)
	err := writeFile(k.disk, k.file, func(w io.Writer) error { _, err := w.Write(text); return err })
	if err == nil {
		return
	}
	k.failed = fmt.Errorf("cannot write %q: %w; the issued certificate is shown on standard error", k.file, err)
	_, _ = k.stderr.Write(text)
}

// err is why a chain was not written, nil if all were.
func (k *issuedKeeper) err() error {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failed
}

// keeper returns what keeps issued chains, nil if nothing does.
func (o *signingOptions) keeper(a *app) *issuedKeeper {
	if o.out == "" {
		return nil
	}
	return &issuedKeeper{file: o.out, disk: a.disk, stderr: a.stderr}
}
