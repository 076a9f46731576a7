package probe

import "time"

// withoutCredential is the attestation of a preflight that has none: it checks the network up to the
// service and goes no further.
type withoutCredential struct{}

// NoCredential attests nothing. It is for a preflight, which needs no id scope and no
// registration id with it.
func NoCredential() Attestation { return withoutCredential{} }

// Kind implements Attestation.
func (withoutCredential) Kind() AttestationKind { return KindNone }

// Inspect implements Attestation.
func (withoutCredential) Inspect(Target, time.Time, time.Duration) Inputs { return Inputs{} }

// Identify implements Attestation.
func (withoutCredential) Identify(Target, time.Time) Identity { return Identity{} }

// anonymous reports whether only the network is checked, without a device.
func (t Target) anonymous() bool { return t.Attestation == KindNone }

// needsCredential is why a session is opened no further for a target without a device.
const needsCredential = "what comes next needs a credential"
