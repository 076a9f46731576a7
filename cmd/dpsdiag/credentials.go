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

// credential is one way to prove an identity, as given on the command line.
type credential struct {
	flags []string
	read  func(context.Context, *app) (probe.Attestation, error)
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
		{o.key.flags(), o.readKey},
		{o.groupKey.flags(), o.readGroupKey},
		{x509Flags, o.readX509},
		{tokenFlags, o.readToken},
		{o.tpm.given(), o.tpm.read},
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

// attestation reads the one credential that was given.
func (o *credentialOptions) attestation(ctx context.Context, a *app) (probe.Attestation, error) {
	given := o.given()
	switch len(given) {
	case 0:
		return nil, usagef("give one of --key-file, --group-key-file, --cert with --cert-key, --pkcs12, --sas-token-env, --tpm, or --from; or try --sandbox healthy",
			"no credential: a device proves itself with a key, a certificate, a token or a TPM")
	case 1:
		return given[0].read(ctx, a)
	}
	return nil, usagef("leave one of them out", "%s and %s are two credentials; a device proves itself with one", given[0].flags[0], given[1].flags[0])
}

// one refuses a secret from two sources.
func (s secretSource) one() error {
	if given := s.flags(); len(given) > 1 {
		return usagef("leave one of them out", "%s and %s both give the same secret", given[0], given[1])
	}
	return nil
}

func (o *credentialOptions) readKey(_ context.Context, a *app) (probe.Attestation, error) {
	if err := o.key.one(); err != nil {
		return nil, err
	}
	key, err := o.key.readKey(a)
	if err != nil {
		return nil, err
	}
	return probe.NewSymmetricKey(key), nil
}

func (o *credentialOptions) readGroupKey(_ context.Context, a *app) (probe.Attestation, error) {
	if err := o.groupKey.one(); err != nil {
		return nil, err
	}
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
	attestation, err := probe.NewX509(certs, key)
	if err != nil {
		return nil, usagef(keyPairHint, "--cert-key %q: %v", o.certKey, err)
	}
	return attestation, nil
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
		return nil, nil, usagef("give --cert FILE and --cert-key FILE together", "%s is missing", missing)
	}
	certs, err := readCertificates("--cert", o.cert)
	if err != nil {
		return nil, nil, err
	}
	key, err := readPrivateKey(o.certKey)
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

// What to do about files that are not what they should be.
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

func readCertificates(flag, path string) ([]*x509.Certificate, error) {
	data, err := readFile(flag, path)
	if err != nil {
		return nil, err
	}
	certs, err := certchain.ParsePEM(data)
	if err != nil {
		return nil, usagef(certificateHint, "%s %q: %v", flag, path, err)
	}
	return certs, nil
}

func readPrivateKey(path string) (crypto.Signer, error) {
	data, err := readFile("--cert-key", path)
	if err != nil {
		return nil, err
	}
	key, err := certchain.ParseKey(data)
	if err != nil {
		return nil, usagef(privateKeyHint(err), "--cert-key %q: %v", path, err)
	}
	return key, nil
}

// idMaker is an attestation that makes its own registration id: a TPM. The id is "" when
// the TPM cannot be read, which the probe reports.
type idMaker interface{ RegistrationID() string }

// commonNamer is an attestation that carries a registration id.
type commonNamer interface{ CommonName() string }

// registrationID is the id given, or else the one that the certificate carries.
func registrationID(given edgeconf.Value, attestation probe.Attestation) (id, source string, err error) {
	if !given.IsZero() {
		return given.Text, given.Origin.String(), nil
	}
	if maker, ok := attestation.(idMaker); ok {
		return maker.RegistrationID(), "the TPM's own id", nil
	}
	namer, ok := attestation.(commonNamer)
	if !ok {
		return "", "", usagef("give the id of the enrollment, or of the device in its group", "--registration-id is missing")
	}
	if namer.CommonName() == "" {
		return "", "", usagef("give --registration-id", "the certificate has no common name to take the registration id from")
	}
	return namer.CommonName(), "the certificate's common name", nil
}
