package inspect

import (
	"crypto/x509"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/service"
)

// Device is what is known of the device itself. Only ID and Now are needed: what is not known
// is not compared.
type Device struct {
	ID    string // registration id
	Scope string
	Host  string // of the endpoint that the device uses, without its port
	// Kind is how the device attests, "" if that is not known.
	Kind service.AttestationType
	// SignsWith reports whether the device signs with a key; nil if that is not known.
	SignsWith func(dps.Key) bool
	// GivenGroupKey reports whether a key is the group key from which the device's key was
	// derived here; nil if none was given.
	GivenGroupKey func(dps.Key) bool
	// Chain is what the device presents, leaf first.
	Chain          []*x509.Certificate
	EndorsementKey []byte
	Now            time.Time
	// Secrets are what no check may contain, the credential for the service among them.
	Secrets []dps.Secret
}
