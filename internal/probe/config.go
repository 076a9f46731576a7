package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/proxy"
)

// Config is one probe. Endpoint, Scope, RegistrationID, Attestation and Transports must be
// set; the zero value of every other field works.
type Config struct {
	Endpoint       dps.Endpoint
	Scope          string
	RegistrationID string
	Attestation    Attestation
	Transports     []Transport
	Mode           Mode            // "" means ModeRegister
	Payload        json.RawMessage // nil sends none
	APIVersion     string          // "" means dps.DefaultAPIVersion
	// CheckHub asks the assigned hub whether it takes the device, over the protocols that
	// DropsLiveDevice tells of. NoHub says for the report why it is not asked, if there is
	// more to say than that nobody wanted it.
	CheckHub bool
	NoHub    string

	// Origins are handed on to the evidence. Remarks are warnings that the origins give
	// rise to; they stand for those of the same id that the inputs stage would make itself.
	Origins []Origin
	Remarks []Warning

	// Roots are the trust anchors for the server; nil means those of the system.
	// ExtraRoots only says, for the report, that some were added by the user.
	Roots      *x509.CertPool
	ExtraRoots bool

	Proxy proxy.Func // which proxy leads to the service; nil means the direct way

	Budget       time.Duration // for the whole probe; 0 means DefaultBudget
	MaxAttempts  int           // to open and then to register, the first included; 0 means DefaultMaxAttempts
	RetryMaxWait time.Duration // longest single wait; 0 means DefaultRetryMaxWait
	ExpiresIn    time.Duration // warn of certificates that expire sooner; 0 means DefaultExpiresIn

	Now      func() time.Time // nil means time.Now
	Resolver Resolver         // nil means net.DefaultResolver
	Dial     DialFunc         // nil means a plain net.Dialer
	OnEvent  func(Event)      // nil means silent; called from one goroutine at a time
}

// Defaults of Config.
const (
	DefaultBudget       = 60 * time.Second
	DefaultMaxAttempts  = 4
	DefaultRetryMaxWait = 30 * time.Second
	DefaultExpiresIn    = 30 * 24 * time.Hour
)

// Check returns an error when the service cannot be asked for this over one of the
// transports; a probe of it would prove nothing. It looks at no other field.
func (c Config) Check() error {
	for _, t := range c.Transports {
		if err := t.Supports(cmp.Or(c.Mode, ModeRegister), c.Attestation.Kind()); err != nil {
			return fmt.Errorf("transport %s: %w", t.ID(), err)
		}
	}
	return nil
}

// Resolver looks up the addresses of a host; *net.Resolver is one.
type Resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// DialFunc opens a TCP connection to an address; (*net.Dialer).DialContext is one.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Event is progress a person may want to see while a probe runs.
type Event struct {
	Transport TransportID
	Stage     StageID
	// Finding is set when the stage has ended.
	Finding *Finding
	// Wait is set when the probe pauses before another call.
	Wait *Wait
}

// Attestation is how a device proves itself.
type Attestation interface {
	// Kind names the attestation in reports.
	Kind() AttestationKind
	// Inspect states the facts about the credential at the local time now, before any
	// packet; it fills in only the part of Inputs that concerns it.
	Inspect(target Target, now time.Time, expiresIn time.Duration) Inputs
	// Identify returns what to present for the target. It may be called again when a
	// token has aged.
	Identify(target Target, now time.Time) Identity
}

// HubSigner is an Attestation whose key proves the device to its hub as well: the service
// writes it there.
type HubSigner interface {
	// SignForHub returns the token of the target's device for its hub.
	SignForHub(target Target, hub, deviceID string, now time.Time) dps.Secret
}

// Identity is what a device presents on one connection: a client certificate in the TLS
// handshake, a token with each call, or the answer of its TPM to the service's challenge.
type Identity struct {
	Certificate *tls.Certificate
	Token       dps.Secret
	TPM         TPMProof // nil for every attestation but a TPM
	// Secrets are what a peer may know of the device beside the token: no report may
	// repeat them.
	Secrets []dps.Secret

	redact *redactor // nil outside of a probe
}

// redactor knows the secrets of the identity.
func (id Identity) redactor() *redactor {
	if id.redact == nil {
		return newRedactor(id)
	}
	return id.redact
}

// TPMProof answers for the device's TPM on one connection. Its calls may take seconds; a
// call that was given to the TPM is not cut short, ctx ends it before the next one. Errors
// are a *tpm.Error or the error of ctx.
type TPMProof interface {
	// Keys are the public keys that the device introduces itself with.
	Keys() dps.TPMKeys
	// Activate takes the activation blob of the service's challenge into the TPM and
	// returns the token for the target, signed with the key in it. It changes nothing that
	// outlives the call.
	Activate(ctx context.Context, blob []byte) (dps.Secret, error)
	// ActivateHub takes the activation blob of an assignment, with the key for the hub, and
	// makes it the device's persistent key if that was asked for.
	ActivateHub(ctx context.Context, blob []byte) error
	// SignForHub returns the HMAC-SHA256 of message with the key of the last ActivateHub.
	SignForHub(ctx context.Context, message []byte) ([]byte, error)
}

// Authorizer is a Session that takes a token after it was opened: the service's challenge
// to a TPM comes as an answer to a call.
type Authorizer interface {
	Authorize(token dps.Secret)
}

// Transport speaks the device API over one protocol.
type Transport interface {
	ID() TransportID
	// Port of the endpoint that this transport connects to.
	Port(dps.Endpoint) int
	// Supports returns an error that says why when the service does not offer the mode or
	// the attestation over this transport.
	Supports(Mode, AttestationKind) error
	// Open starts a session. The first call of dial hands over the connection that the
	// connect and tls stages proved; further calls make new ones in the same way. A nil
	// Session means that the Opening says why: a Refusal by the peer, or a Failure.
	Open(ctx context.Context, dial Dialer, target Target, id Identity) (Session, Opening)
}

// Dialer makes a TLS connection to the transport's port.
type Dialer func(ctx context.Context) (net.Conn, error)

// Session is an opened transport. Every call returns an Answer; where none came, its
// Failure says why. Calls are made one at a time.
type Session interface {
	Register(ctx context.Context, body []byte) Answer
	Status(ctx context.Context, operationID string) Answer
	Lookup(ctx context.Context, body []byte) Answer
	Close() error
}
