package fleet

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// Credentials open the credentials of a list's devices. They are opened for each probe and
// not kept: ten thousand certificates would take more memory than everything else.
type Credentials struct {
	// GroupKey derives the key of every device without a credential of its own; nil derives none.
	GroupKey *dps.Key
	// Dir is the folder of relative paths, that of the list.
	Dir       string
	ReadFile  func(path string) ([]byte, error)
	LookupEnv func(name string) (string, bool)
	Password  dps.Secret // of every PKCS#12 file
}

// Attestation returns the attestation of a device. An error names the column.
func (c *Credentials) Attestation(d *Device) (probe.Attestation, error) {
	switch given := d.given(); {
	case len(given) > 1:
		return nil, fmt.Errorf("%s and %s are two credentials", given[0], given[1])
	case len(given) == 0 && c.GroupKey == nil:
		return nil, errors.New("no credential")
	case len(given) == 0:
		return probe.NewGroupKey(*c.GroupKey), nil
	case given[0] == columnCert:
		return c.certificate(d)
	case given[0] == columnPKCS12:
		return c.fromPKCS12(d)
	}
	return c.key(d)
}

// given are the columns of a credential that a line fills.
func (d *Device) given() []string {
	var columns []string
	for _, column := range []struct {
		name  string
		given bool
	}{
		{columnKey, !d.key.IsZero()},
		{columnKeyFile, d.keyFile != ""},
		{columnKeyEnv, d.keyEnv != ""},
		{columnCert, d.cert+d.certKey != ""},
		{columnPKCS12, d.pkcs12 != ""},
	} {
		if column.given {
			columns = append(columns, column.name)
		}
	}
	return columns
}

func (c *Credentials) key(d *Device) (probe.Attestation, error) {
	secret, column := d.key, columnKey
	switch {
	case d.keyFile != "":
		column = columnKeyFile
		text, err := c.read(column, d.keyFile)
		if err != nil {
			return nil, err
		}
		secret = dps.NewSecret(string(text))
	case d.keyEnv != "":
		column = columnKeyEnv
		value, set := c.LookupEnv(d.keyEnv)
		switch {
		case !set && !dps.IsVariable(d.keyEnv):
			return nil, fmt.Errorf("%s: there is no environment variable of that name", column)
		case !set || value == "":
			return nil, fmt.Errorf("%s: there is no environment variable %q", column, d.keyEnv)
		}
		secret = dps.NewSecret(value)
	}
	key, err := dps.ParseKey(secret)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", column, err)
	}
	return probe.NewSymmetricKey(key), nil
}

func (c *Credentials) certificate(d *Device) (probe.Attestation, error) {
	switch {
	case d.cert == "":
		return nil, errors.New(columnCert + " is missing")
	case d.certKey == "":
		return nil, errors.New(columnCertKey + " is missing")
	}
	text, err := c.read(columnCert, d.cert)
	if err != nil {
		return nil, err
	}
	certs, err := certchain.ParsePEM(text)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", columnCert, d.cert, err)
	}
	if text, err = c.read(columnCertKey, d.certKey); err != nil {
		return nil, err
	}
	key, err := certchain.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", columnCertKey, d.certKey, err)
	}
	attestation, err := probe.NewX509(certs, key)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", columnCertKey, d.certKey, err)
	}
	return attestation, nil
}

func (c *Credentials) fromPKCS12(d *Device) (probe.Attestation, error) {
	data, err := c.read(columnPKCS12, d.pkcs12)
	if err != nil {
		return nil, err
	}
	certs, key, err := certchain.ParsePKCS12(data, c.Password)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", columnPKCS12, d.pkcs12, err)
	}
	attestation, err := probe.NewX509(certs, key)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", columnPKCS12, d.pkcs12, err)
	}
	return attestation, nil
}

// read reads the file that a column names.
func (c *Credentials) read(column, path string) ([]byte, error) {
	name := path
	if !filepath.IsAbs(path) {
		name = filepath.Join(c.Dir, path)
	}
	data, err := c.ReadFile(name)
	if bad, ok := errors.AsType[*fs.PathError](err); ok {
		err = bad.Err
	}
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", column, path, err)
	}
	if strings.TrimSpace(string(data)) == "" {
		return nil, fmt.Errorf("%s %q: it is empty", column, path)
	}
	return data, nil
}
