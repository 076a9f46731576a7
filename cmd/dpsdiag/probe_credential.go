package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"slices"

	"github.com/spf13/pflag"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/tpm"
)

// credentialOptions are the flags by which a device proves itself.
type credentialOptions struct {
	key, groupKey        secretSource
	cert, certKey, chain string
	pkcs12               pkcs12Options
	tokenEnv             string
	tpm                  tpmOptions
}

func (o *credentialOptions) flags() *pflag.FlagSet {
	o.key.name, o.groupKey.name = "key", "group-key"
	flags := pflag.NewFlagSet("credentials", pflag.ContinueOnError)
	flags.StringVar(&o.key.file, "key-file", "", "`FILE` with the device's symmetric key in base64")
	flags.StringVar(&o.key.env, "key-env", "", "environment variable `VAR` with the device's symmetric key")
	flags.StringVar(&o.key.value, "key", "", "\"-\" reads the device's symmetric key from standard input; the `KEY` itself works too, but others can read it in the process list")
	flags.StringVar(&o.groupKey.file, "group-key-file", "", "`FILE` with an enrollment group's key; the device key is derived from it")
	flags.StringVar(&o.groupKey.env, "group-key-env", "", "environment variable `VAR` with an enrollment group's key")
	flags.StringVar(&o.groupKey.value, "group-key", "", "\"-\" reads an enrollment group's `KEY` from standard input; as with --key")
	flags.StringVar(&o.cert, "cert", "", "PEM `FILE` with the device certificate and its intermediates; needs --cert-key")
	flags.StringVar(&o.certKey, "cert-key", "", "PEM `FILE` with the private key of --cert, not encrypted")
	flags.StringVar(&o.chain, "chain", "", "PEM `FILE` with intermediates besides those of --cert or --pkcs12")
	o.pkcs12.addTo(flags)
	flags.StringVar(&o.tokenEnv, "sas-token-env", "", "environment variable `VAR` with a ready SAS token, used as it is")
	o.tpm.addTo(flags)
	return flags
}

// credential is one way to prove an identity.
type credential struct {
	flags       []string // that give it; none if another source does
	namesDevice bool     // it may have the registration id
	read        func(context.Context, *app) (probe.Attestation, error)
}

func (o *credentialOptions) given() []credential {
	var x509Flags, tokenFlags []string
	for _, f := range []struct{ flag, value string }{{"--cert", o.cert}, {"--cert-key", o.certKey}} {
		if f.value != "" {
			x509Flags = append(x509Flags, f.flag)
		}
	}
	x509Flags = append(x509Flags, o.pkcs12.given()...)
	if o.chain != "" {
		x509Flags = append(x509Flags, "--chain")
	}
	if o.tokenEnv != "" {
		tokenFlags = []string{"--sas-token-env"}
	}
	all := []credential{
		{flags: o.key.flags(), read: o.readKey},
		{flags: o.groupKey.flags(), read: o.readGroupKey},
		{flags: x509Flags, read: o.readX509, namesDevice: true},
		{flags: tokenFlags, read: o.readToken},
		{flags: o.tpm.given(), read: o.tpm.read, namesDevice: true},
	}
	return slices.DeleteFunc(all, func(c credential) bool { return len(c.flags) == 0 })
}

// flag is the first flag that gives a credential. Those that only say how to use a TPM do
// not.
func (o *credentialOptions) flag() string {
	alone := *o
	alone.tpm.persist, alone.tpm.showEK = false, false
	if given := alone.given(); len(given) > 0 {
		return given[0].flags[0]
	}
	return ""
}

// choose returns the credential of the settings: the one that flags give, or else that of a
// file or of the environment.
func (o *credentialOptions) choose(s *edgeconf.Settings) (credential, error) {
	if s.Attestation.Origin.Flag == "" && s.Attestation.Kind != "" {
		return o.configured(s)
	}
	given := o.given()
	switch len(given) {
	case 0:
		return credential{}, usagef("give "+proofHint+"; or try --sandbox healthy; --preflight checks the network without a credential",
			"no credential: a device proves itself with a key, a certificate, a token or a TPM")
	case 1:
		return given[0], nil
	}
	return credential{}, usagef("leave one of them out", "%s and %s are two credentials; a device proves itself with one", given[0].flags[0], given[1].flags[0])
}

// configured is the credential of a file or of the environment.
func (o *credentialOptions) configured(s *edgeconf.Settings) (credential, error) {
	at := &s.Attestation
	if used := o.tpm.given(); len(used) > 0 && at.Kind != edgeconf.TPM2 {
		return credential{}, usagef("give --tpm "+exampleTPM, "%s needs --tpm", used[0])
	}
	return credential{read: func(ctx context.Context, _ *app) (probe.Attestation, error) {
		switch at.Kind {
		case edgeconf.TPM2:
			return attestation(o.tpm.openAt(ctx, s.TPM.Path, at.Origin.String(), tpm.Auth{Endorsement: s.TPM.EndorsementAuth, Owner: s.TPM.OwnerAuth}))
		case edgeconf.SymmetricKey:
			return probe.NewSymmetricKey(at.Key), nil
		}
		certs, err := certificatesIn(at.Certificate)
		if err != nil {
			return nil, err
		}
		key, err := privateKeyIn(at.PrivateKey)
		if err != nil {
			return nil, err
		}
		return x509Attestation(certs, key, at.PrivateKey)
	}}, nil
}

func (o *credentialOptions) readKey(_ context.Context, a *app) (probe.Attestation, error) {
	key, err := o.key.readKey(a)
	if err != nil {
		return nil, err
	}
	return probe.NewSymmetricKey(key), nil
}

func (o *credentialOptions) readGroupKey(_ context.Context, a *app) (probe.Attestation, error) {
	key, err := o.groupKey.readKey(a)
	if err != nil {
		return nil, err
	}
	return probe.NewGroupKey(key), nil
}

func (o *credentialOptions) readToken(_ context.Context, a *app) (probe.Attestation, error) {
	const flag = "--sas-token-env"
	token, err := a.secretFromEnv(flag, o.tokenEnv)
	if err != nil {
		return nil, err
	}
	attestation, err := probe.NewSASToken(token)
	if err != nil {
		return nil, usagef("a token looks like: SharedAccessSignature sr=...&sig=...&se=...&skn=registration", "%s %q: %v", flag, o.tokenEnv, err)
	}
	return attestation, nil
}

func (o *credentialOptions) readX509(ctx context.Context, a *app) (probe.Attestation, error) {
	certs, key, err := o.readPair(ctx, a)
	if err != nil {
		return nil, err
	}
	if certs, err = o.addChain(certs); err != nil {
		return nil, err
	}
	keyFile := edgeconf.File{Path: o.certKey, Origin: edgeconf.Origin{Flag: "--cert-key"}}
	if o.pkcs12.file != "" {
		keyFile = edgeconf.File{Path: o.pkcs12.file, Origin: edgeconf.Origin{Flag: "--pkcs12"}}
	}
	return x509Attestation(certs, key, keyFile)
}

// readPair reads --pkcs12, or --cert and --cert-key.
func (o *credentialOptions) readPair(ctx context.Context, a *app) ([]*x509.Certificate, crypto.Signer, error) {
	inPKCS12 := o.pkcs12.given()
	switch {
	case len(inPKCS12) > 0 && o.cert+o.certKey != "":
		return nil, nil, usagef("leave one of them out", "%s and %s are two credentials; a device proves itself with one", o.flag(), inPKCS12[0])
	case len(inPKCS12) > 0:
		return o.pkcs12.read(ctx, a)
	case o.cert == "" || o.certKey == "":
		missing := "--cert"
		if o.cert != "" {
			missing = "--cert-key"
		}
		return nil, nil, usagef(certKeyHint, "%s is missing", missing)
	}
	certs, err := readCertificates("--cert", o.cert)
	if err != nil {
		return nil, nil, err
	}
	file, err := readMaterial("--cert-key", o.certKey)
	if err != nil {
		return nil, nil, err
	}
	key, err := privateKeyIn(file)
	return certs, key, err
}

// addChain adds what --chain has and the others lack.
func (o *credentialOptions) addChain(certs []*x509.Certificate) ([]*x509.Certificate, error) {
	if o.chain == "" {
		return certs, nil
	}
	more, err := readCertificates("--chain", o.chain)
	if err != nil {
		return nil, err
	}
	more = slices.DeleteFunc(more, func(c *x509.Certificate) bool { return slices.ContainsFunc(certs, c.Equal) })
	return append(certs, more...), nil
}

// Hints about what is missing.
const (
	proofHint          = "one of --key-file, --group-key-file, --cert with --cert-key, --pkcs12, --sas-token-env, --tpm, or --from"
	certKeyHint        = "give --cert FILE and --cert-key FILE together"
	scopeHint          = "the overview page of the DPS instance shows it, such as 0ne0045B3C6"
	registrationIDHint = "give the id of the enrollment, or of the device in its group"
)

// Hints about files that are not what they should be.
const (
	certificateHint = "a certificate file is PEM text with BEGIN CERTIFICATE lines"
	keyPairHint     = "give the private key that the certificate was made with"
)

// privateKeyHint is what to do about a file that no private key could be read from.
func privateKeyHint(err error) string {
	if errors.Is(err, certchain.ErrEncryptedKey) {
		return "decrypt it with openssl pkey -in KEY -out PLAIN, or keep it encrypted, as a PKCS#12 file for --pkcs12: openssl pkcs12 -export -inkey KEY -in CERT -out FILE.p12"
	}
	return "a private key file is PEM text with a BEGIN PRIVATE KEY line"
}

// materialError is about the content of a file that a flag or a configuration names.
func materialError(hint string, f edgeconf.File, err error) error {
	if f.Origin.Flag != "" {
		return usagef(hint, "%s %q: %v", f.Origin, f.Path, err)
	}
	return usagef(hint, "%s: %q: %v", f.Origin, f.Path, err)
}

func certificatesIn(f edgeconf.File) ([]*x509.Certificate, error) {
	certs, err := certchain.ParsePEM([]byte(f.Content.Reveal()))
	if err != nil {
		return nil, materialError(certificateHint, f, err)
	}
	return certs, nil
}

func privateKeyIn(f edgeconf.File) (crypto.Signer, error) {
	key, err := certchain.ParseKey([]byte(f.Content.Reveal()))
	if err != nil {
		return nil, materialError(privateKeyHint(err), f, err)
	}
	return key, nil
}

// x509Attestation makes the attestation of a certificate with the key in a file.
func x509Attestation(certs []*x509.Certificate, key crypto.Signer, keyFile edgeconf.File) (probe.Attestation, error) {
	attestation, err := probe.NewX509(certs, key)
	if err != nil {
		return nil, materialError(keyPairHint, keyFile, err)
	}
	return attestation, nil
}

// readCertificates reads the certificates in the file that a flag names.
func readCertificates(flag, path string) ([]*x509.Certificate, error) {
	file, err := readMaterial(flag, path)
	if err != nil {
		return nil, err
	}
	return certificatesIn(file)
}
