package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// device is the device that a probe acts as, and how to reach the service. It is made from the
// settings or by the sandbox, and its values have been checked.
type device struct {
	endpoint       dps.Endpoint
	scope          string
	registrationID string // "" if it is the id of a TPM that cannot be read
	attestation    probe.Attestation
	payload        json.RawMessage
	signing        *probe.Signing // of a sandbox that requests a certificate
	assignment     *probe.Assignment
	roots          *x509.CertPool // trusted certificates; nil means those of the system
	ownRoots       bool           // whether the user added some of the roots
	proxy          proxy.Func
	now            func() time.Time
	origins        []probe.Origin
	remarks        []probe.Warning
	// chain is the device's certificate chain, if its private key is not known.
	chain []*x509.Certificate
}

// check checks the settings and makes the device from them. A mistake in them is a usage error.
func (s *settings) check(ctx context.Context, a *app, ports portOptions) (d *device, err error) {
	d = &device{proxy: s.proxy, now: a.now, origins: s.origins, remarks: s.remarks, assignment: s.assignment}
	if d.payload, err = parsePayload(s.payload); err != nil {
		return nil, err
	}
	if d.attestation, err = s.credential.read(ctx, a); err != nil {
		return nil, err
	}
	if d.attestation.Kind() != probe.KindNone {
		if d.scope, err = s.checkScope(scopeHint + "; or try --sandbox healthy"); err != nil {
			return nil, err
		}
		if err := d.identify(s.givenID()); err != nil {
			return nil, err
		}
	}
	if d.endpoint, err = dps.ParseEndpoint(s.endpoint.Text); err != nil {
		return nil, usagef("the endpoint of the public cloud is "+dps.CloudPublic.GlobalHost(), "%s: %v", s.endpoint.Origin, err)
	}
	ports.set(&d.endpoint)
	d.roots, err = s.trustAnchors()
	d.ownRoots = d.roots != nil
	return d, err
}

// givenID returns the registration id that was given, or else the device id in the hub that was
// given, since the two are usually the same.
func (s *settings) givenID() edgeconf.Value {
	if s.registrationID.IsZero() && s.assignment != nil && s.assignment.DeviceID != "" {
		return edgeconf.Value{Text: s.assignment.DeviceID, Origin: edgeconf.Origin{Flag: "--hub-device-id"}}
	}
	return s.registrationID
}

// checkScope returns the id scope; hint is for the case that there is none.
func (s *settings) checkScope(hint string) (string, error) {
	if s.scope.IsZero() && s.assignment != nil {
		return "", nil
	}
	if s.scope.IsZero() {
		return "", usagef(hint, "--id-scope is missing")
	}
	if _, err := dps.CheckIDScope(s.scope.Text); err != nil {
		return "", usagef(scopeHint, "%s: %v", s.scope.Origin, err)
	}
	return s.scope.Text, nil
}

// identify sets the registration id to the one that was given, or else to that of the credential.
func (d *device) identify(given edgeconf.Value) error {
	id, source := given.Text, given.Origin.String()
	if given.IsZero() {
		var err error
		if id, source, err = ownID(d.attestation); err != nil {
			return err
		}
	}
	if _, err := dps.CheckRegistrationID(id); err != nil && id != "" {
		return usagef(fmt.Sprintf("at most %d letters, digits and - . _ :", dps.MaxRegistrationID), "%s: %v", source, err)
	}
	if given.IsZero() && id != "" {
		d.origins = append(d.origins, probe.Origin{Name: "registration_id", From: source})
	}
	d.registrationID = id
	return nil
}

// ownID returns the registration id that a credential contains, and the name of its source for
// messages. The id is "" if the TPM cannot be read, which the probe reports.
func ownID(attestation probe.Attestation) (id, source string, err error) {
	switch carrier := attestation.(type) {
	case interface{ RegistrationID() string }:
		return carrier.RegistrationID(), "the TPM's own id", nil
	case interface{ CommonName() string }:
		if carrier.CommonName() == "" {
			return "", "", usagef("give --registration-id", "the certificate has no common name to take the registration id from")
		}
		return carrier.CommonName(), "the certificate's common name", nil
	}
	return "", "", usagef(registrationIDHint, "--registration-id is missing")
}

// trustAnchors returns the trusted certificates of the system and those that the user added, or nil
// if the user added none.
func (s *settings) trustAnchors() (*x509.CertPool, error) {
	if s.trust.IsZero() {
		return nil, nil
	}
	certs, err := certificatesIn(s.trust)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // the system has none, so those of the user are the only ones
	}
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool, nil
}

// parsePayload checks a payload. It returns nil if there is none.
func parsePayload(f edgeconf.File) (json.RawMessage, error) {
	if f.IsZero() {
		return nil, nil
	}
	data := bytes.TrimSpace([]byte(f.Content.Reveal()))
	var payload any
	if err := json.Unmarshal(data, &payload); err != nil {
		return nil, usagef(`a payload is a JSON object, such as {"model":"T1"}, or @ and the name of a file with one`, "%s: not JSON: %v", f.Origin, err)
	}
	return data, nil
}
