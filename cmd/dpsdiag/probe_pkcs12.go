package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
)

// pkcs12Options are the flags of a credential in a PKCS#12 file.
type pkcs12Options struct {
	file     string
	password secretSource // a file or a variable, never the command line
}

func (o *pkcs12Options) addTo(flags *pflag.FlagSet) {
	o.password.name = "pkcs12-password"
	flags.StringVar(&o.file, "pkcs12", "", "PKCS#12 `FILE` (.pfx, .p12) with certificate, private key and intermediates; a password is asked for on a terminal")
	flags.StringVar(&o.password.file, "pkcs12-password-file", "", "`FILE` with the password of --pkcs12 in its first line")
	flags.StringVar(&o.password.env, "pkcs12-password-env", "", "environment variable `VAR` with the password of --pkcs12")
}

// given are the flags that were used.
func (o *pkcs12Options) given() []string {
	var used []string
	if o.file != "" {
		used = append(used, "--pkcs12")
	}
	return append(used, o.password.flags()...)
}

// read opens the file.
func (o *pkcs12Options) read(ctx context.Context, a *app) ([]*x509.Certificate, crypto.Signer, error) {
	if o.file == "" {
		return nil, nil, usagef("give --pkcs12 FILE", "%s needs --pkcs12", o.given()[0])
	}
	data, err := readFile("--pkcs12", o.file)
	if err != nil {
		return nil, nil, err
	}
	password, err := o.readPassword(ctx, a, data)
	if err != nil {
		return nil, nil, err
	}
	chain, key, err := certchain.ParsePKCS12(data, password)
	switch {
	case errors.Is(err, certchain.ErrPassword):
		return nil, nil, usagef("it is the one that the file was exported with", "--pkcs12 %q: %v", o.file, err)
	case err != nil:
		return nil, nil, usagef("a PKCS#12 file with one device: openssl pkcs12 -export -in CERT -inkey KEY -certfile CHAIN -out FILE.p12", "--pkcs12 %q: %v", o.file, err)
	}
	return chain, key, nil
}

// readPassword returns the password that was given, none if the file opens without, or else
// asks for it.
func (o *pkcs12Options) readPassword(ctx context.Context, a *app, data []byte) (dps.Secret, error) {
	if len(o.password.flags()) > 0 {
		secret, _, err := o.password.read(a)
		line, _, _ := strings.Cut(secret.Reveal(), "\n")
		return dps.NewSecret(strings.TrimSuffix(line, "\r")), err
	}
	if _, _, err := certchain.ParsePKCS12(data, dps.Secret{}); !errors.Is(err, certchain.ErrPassword) {
		return dps.Secret{}, nil
	}
	if _, terminal := a.terminal(a.stdin); !terminal {
		return dps.Secret{}, usagef("give --pkcs12-password-file or --pkcs12-password-env", "--pkcs12 %q: it has a password", o.file)
	}
	password, err := a.askSecret(ctx, fmt.Sprintf("Password of %q: ", o.file))
	if err != nil {
		return dps.Secret{}, fmt.Errorf("ask for the password of --pkcs12: %w", err)
	}
	return password, nil
}
