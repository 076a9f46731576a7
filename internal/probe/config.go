package probe

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/json"
	"net"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/proxy"
)

// Config is one probe. Endpoint, Scope, RegistrationID, Attestation and Transports must be
// set, except Scope in ModeHub, and Scope and RegistrationID with NoCredential. ModeResume
// also requires OperationID, and ModeHub requires Assignment. The zero value of every other
// field works.
type Config struct {
	Endpoint       dps.Endpoint
	Scope          string
	RegistrationID string
	Attestation    Attestation
	Transports     []Transport
	Mode           Mode            // "" means ModeRegister
	Payload        json.RawMessage // nil sends none
	APIVersion     string          // "" means dps.DefaultAPIVersion, or dps.IssuingAPIVersion with Signing
	// Signing requests a certificate; nil requests none. OnIssued is called with every chain,
	// as soon as the service has issued it, in DER, leaf first; nil does nothing.
	Signing  *Signing
	OnIssued func(transport TransportID, chain [][]byte)
	// OperationID is the operation to poll in ModeResume, and Assignment the hub to check in
	// ModeHub.
	OperationID string
	Assignment  *Assignment
	// CheckHub asks the assigned hub whether it accepts the device: over MQTT if the transport
	// is MQTT, with or without a WebSocket, and over HTTPS otherwise. NoHub is the reason for
	// not asking the hub, for the report; "" if the check was not requested.
	CheckHub bool
	NoHub    string
	// MayDisconnect allows the check to disconnect a live device even if the transport alone
	// would not: a hub that accepts only MQTT 5 cannot be asked without that.
	MayDisconnect bool

	// Origins are copied into the evidence. Remarks are warnings about the origins; they
	// replace those with the same id that the inputs stage would make itself.
	Origins []Origin
	Remarks []Warning
	Asked   []Flag // copied into the evidence, see Target

	// Roots are the trust anchors for the server; nil means those of the system. ExtraRoots
	// only tells the report that the user added some.
	Roots      *x509.CertPool
	ExtraRoots bool

	Proxy proxy.Func // which proxy to use for the service; nil means a direct connection

	Budget       time.Duration // for the whole probe; 0 means DefaultBudget
	MaxAttempts  int           // to open and then to register, including the first; 0 means DefaultMaxAttempts
	RetryMaxWait time.Duration // longest single wait; 0 means DefaultRetryMaxWait
	ExpiresIn    time.Duration // warn about certificates that expire sooner; 0 means DefaultExpiresIn

	Now      func() time.Time // nil means time.Now
	Resolver Resolver         // nil means net.DefaultResolver
	Dial     DialFunc         // nil means a plain net.Dialer
	OnEvent  func(Event)      // nil means no events; called from one goroutine at a time
}

// Assignment is the hub that a device was assigned to, and the device's id there; "" means its
// registration id. Profile is the connection profile of the hub, "" if it is not known.
type Assignment struct {
	Hub, DeviceID string
	Profile       dps.ConnectionProfile
}

// Defaults of Config.
const (
	DefaultBudget       = 60 * time.Second
	DefaultMaxAttempts  = 4
	DefaultRetryMaxWait = 30 * time.Second
	DefaultExpiresIn    = 30 * 24 * time.Hour
)

// Resolver looks up the addresses of a host; *net.Resolver is one.
type Resolver interface {
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// DialFunc opens a TCP connection to an address; (*net.Dialer).DialContext is one.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Event reports progress while a probe runs.
type Event struct {
	Transport TransportID
	Stage     StageID
	// Finding is set when the stage has ended.
	Finding *Finding
	// Wait is set when the probe pauses before another call.
	Wait *Wait
	// Queued is set when the stage waits for the run over another transport. When the wait is
	// over, another event of the stage follows, without Queued.
	Queued bool
}

// withDefaults sets the defaults of the zero fields.
func (c Config) withDefaults() Config {
	c.Mode = cmp.Or(c.Mode, ModeRegister)
	if c.APIVersion == "" {
		c.APIVersion = dps.DefaultAPIVersion
		if c.Signing != nil {
			c.APIVersion = dps.IssuingAPIVersion
		}
	}
	c.Budget = cmp.Or(c.Budget, DefaultBudget)
	c.MaxAttempts = cmp.Or(c.MaxAttempts, DefaultMaxAttempts)
	c.RetryMaxWait = cmp.Or(c.RetryMaxWait, DefaultRetryMaxWait)
	c.ExpiresIn = cmp.Or(c.ExpiresIn, DefaultExpiresIn)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.OnEvent == nil {
		c.OnEvent = func(Event) {}
	}
	if c.OnIssued == nil {
		c.OnIssued = func(TransportID, [][]byte) {}
	}
	return c
}

func (c Config) target() Target {
	return Target{
		Endpoint:       c.Endpoint,
		Scope:          c.Scope,
		RegistrationID: c.RegistrationID,
		Attestation:    c.Attestation.Kind(),
		APIVersion:     c.APIVersion,
		Mode:           c.Mode,
		Signing:        c.Signing != nil,
		ExtraRoots:     c.ExtraRoots,
		Asked:          c.Asked,
	}
}
