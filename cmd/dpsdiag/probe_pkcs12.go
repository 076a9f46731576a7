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

// given returns the flags that were used.
func (o *pkcs12Options) given() []string {
	var used []string
	if o.file != "" {
		used = append(used, "--pkcs12")
	}
	return append(used, o.password.flags()...)
}

// read returns the certificates and the private key in the file.
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
		return nil, nil, usagef("give the password with which the file was exported", "--pkcs12 %q: %v", o.file, err)
	case err != nil:
		return nil, nil, usagef("make a PKCS#12 file for one device: openssl pkcs12 -export -in CERT -inkey KEY -certfile CHAIN -out FILE.p12", "--pkcs12 %q: %v", o.file, err)
	}
	return chain, key, nil
}

// readPassword returns the password that the flags give. Without one it returns none if the file
// can be opened without a password, or else asks the user.
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
		return dps.Secret{}, usagef("give --pkcs12-password-file or --pkcs12-password-env", "--pkcs12 %q: the file needs a password", o.file)
	}
	password, err := a.askSecret(ctx, fmt.Sprintf("Password of %q: ", o.file))
	if err != nil {
		return dps.Secret{}, fmt.Errorf("ask for the password of --pkcs12: %w", err)
	}
	return password, nil
}
