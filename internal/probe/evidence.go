package probe

import (
	"crypto/x509"
	"slices"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/proxy"
	"dpsdiag/internal/tpm"
)

// Evidence is everything a probe learned. A nil pointer or an empty slice means "not
// learned", never "no". It is complete in shape also after a failure, a timeout or an
// interruption: every run has one finding per stage.
type Evidence struct {
	Started time.Time     // by the local clock
	Took    time.Duration // the whole probe
	Target  Target
	Inputs  Inputs
	Runs    []Run // one per transport, in the order asked for
	// Origins say where the settings come from; nil when nobody told.
	Origins []Origin
}

// Origin says in words where a setting comes from.
type Origin struct {
	Name   string // of the setting, such as id_scope
	From   string // the place: a flag, an environment variable, a line of a file
	Source string // the file or the environment that the place is in; "" for a flag
}

// Target is what was probed, in words a report can print.
type Target struct {
	Endpoint       dps.Endpoint
	Scope          string
	RegistrationID string
	Attestation    AttestationKind
	APIVersion     string
	Mode           Mode
	ExtraRoots     bool // --ca-file added trust anchors to those of the system
}

// Mode is how far a probe goes.
type Mode string

// Register is the whole way. Preflight stops before the register call and Lookup asks for
// the registration's state; both change nothing in the service.
const (
	ModeRegister  Mode = "register"
	ModePreflight Mode = "preflight"
	ModeLookup    Mode = "lookup"
)

// Inputs are the facts of the inputs stage: what can be said of the identity and the
// settings before any packet. They are the same for every transport.
type Inputs struct {
	Key         *KeyFacts         // a symmetric key or a group key signs
	Token       *TokenFacts       // a ready SAS token is used
	Certificate *CertificateFacts // a client certificate is used
	TPM         *tpm.Facts        // a TPM proves the device
	Warnings    []Warning         // what is odd and may be refused
}

// Warning is something odd that does not stop the probe.
type Warning struct {
	ID     string // of the cause that it is a sign of, or a name of its own
	Detail string
}

// KeyFacts describe a symmetric key without being it.
type KeyFacts struct {
	Size    int  // bytes after base64 decoding: the device key, or the group key if Derived
	Derived bool // dpsdiag derived the device key from a group key of this size
}

// TokenFacts describe a ready SAS token without being it.
type TokenFacts struct {
	Resource       string // sr, URL-decoded
	CoversTarget   bool   // Resource is the id scope and registration id of the target
	Expiry         time.Time
	Expired        bool // by the local clock
	InMilliseconds bool // the expiry looks like milliseconds
	Policy         string
}

// CertificateFacts describe the chain that the device presents.
type CertificateFacts struct {
	Leaf  *x509.Certificate
	Chain []*x509.Certificate // what is sent after the leaf, in the order sent
	// CommonName is the leaf's; it is the registration id the service takes.
	CommonName string
	NameMatch  NameMatch
	// Expired and NotYetValid are the sent certificates outside their validity by the
	// local clock.
	Expired, NotYetValid []*x509.Certificate
	SelfSigned           bool // the leaf is its own issuer
	IsCA                 bool // the leaf is a CA certificate
	NoClientAuth         bool // an extended key usage is present and lacks clientAuth
	// Unlinked says that a certificate of the chain is not signed by the one after it;
	// it counts from 0, the leaf. -1 when all are.
	Unlinked int
	// Top is the issuer name of the last certificate sent: whom the service has to know.
	Top string
}

// NameMatch compares a certificate's common name with the registration id.
type NameMatch string

// The outcomes of that comparison.
const (
	NameSame      NameMatch = "same"
	NameCase      NameMatch = "case" // equal but for letter case
	NameDifferent NameMatch = "different"
	NameMissing   NameMatch = "missing" // the certificate has no common name
)

// Run is the evidence of one transport.
type Run struct {
	Transport  TransportID
	Findings   []Finding // exactly one per stage, in the order of Stages
	Route      Route
	Resolution *Resolution     // of the service's host, or of the proxy's
	Dials      []Dial          // one per address of that host tried, in order
	Tunnels    []proxy.Attempt // what the proxy answered, one per connection to it
	ProxyTrial *proxy.Attempt  // whether a proxy that is named and not used connects; nil when not tried
	TLS        *Handshake
	Clock      *Clock
	Opening    *Opening
	Answers    []Answer // every answer of the service, in order, polls included
	Waits      []Wait
	// TPM is why the device's TPM could not answer the service; nil when it could, or was
	// not asked. A TPM that fails before any packet is in Inputs instead.
	TPM *tpm.Error
	Hub *HubCheck // what the assigned hub said of the device; nil when it was not asked
	// OutOfTime says what was under way when the budget ran out; nil when it did not, or
	// when the run had its answer by then.
	OutOfTime *Timeout
	End       End
}

// End says how a run came to its end.
type End string

// A run is Complete when it got a final answer or passed everything it was asked to do.
// The other ends say why it did not.
const (
	EndComplete    End = "complete"
	EndRefused     End = "refused"     // the service, the peer, the network or the device's own TPM said no
	EndExhausted   End = "exhausted"   // told to come back later (429, 5xx) until the retries ran out
	EndTimeout     End = "timeout"     // the budget ran out, or a peer said nothing
	EndCut         End = "cut"         // the connection was cut before an answer
	EndInterrupted End = "interrupted" // the user interrupted
	EndUnanswered  End = "unanswered"  // still assigning when the budget ran out
)

// Finding is the outcome of one stage on one transport.
type Finding struct {
	Stage   StageID
	Outcome Outcome
	Took    time.Duration
	Detail  string   // one line for a person
	Needs   StageID  // for Skipped: the stage whose failure prevents this one
	Facts   []Fact   // for the report, in order
	Steps   []string // what was done one after the other, a line each; nil where the stage is one step
}

// Fact is a named detail of a finding, for people and scripts.
type Fact struct{ Name, Value string }

// Outcome is how a stage ended.
type Outcome string

// The five outcomes. Skipped means that an earlier stage failed; NotApplicable that this
// probe was never meant to go there.
const (
	Passed        Outcome = "passed"
	Warned        Outcome = "warned"
	Failed        Outcome = "failed"
	Skipped       Outcome = "skipped"
	NotApplicable Outcome = "not-applicable"
)

// Resolution is what name resolution gave.
type Resolution struct {
	Host      string
	Addresses []string // in the order in which they will be tried
	Literal   bool     // the host is an address, nothing was asked
	Failure   *netfail.Failure
}

// Dial is one attempt to connect to one address.
type Dial struct {
	Address string // IP:port
	Took    time.Duration
	Failure *netfail.Failure // nil when it connected
}

// Handshake is what the TLS handshake showed, passed or failed.
type Handshake struct {
	ServerName string // sent as SNI and verified
	Version    uint16 // tls.VersionTLS12 ...; 0 when the handshake failed early
	Cipher     uint16
	// Peer is the chain the server presented, leaf first; also on failed verification.
	Peer []*x509.Certificate
	// Root is the trust anchor the chain ended in; nil unless verified.
	Root *x509.Certificate
	// Issuer sums up who signed the server certificate.
	Issuer ServerIssuer
	// ClientCertRequested says that the server asked for a client certificate,
	// ClientCertSent that one was handed over.
	ClientCertRequested, ClientCertSent bool
	Failure                             *netfail.TLSFailure
}

// ServerIssuer sums up the issuers of the server's chain.
type ServerIssuer string

// IssuerKnown is a public root that Azure endpoints chain to; IssuerOther any other, which
// on an Azure host name means that something else answered.
const (
	IssuerKnown ServerIssuer = "known"
	IssuerOther ServerIssuer = "other"
)

// Clock compares the local clock with the peer's.
type Clock struct {
	Source ClockSource
	// Skew is how far the local clock is ahead of the peer's; negative when behind. From a
	// certificate it is the least skew that explains the failed validity.
	Skew time.Duration
	// Uncertainty is half the round trip plus the source's resolution.
	Uncertainty time.Duration
}

// ClockSource is where a comparison of clocks comes from.
type ClockSource string

// The Date header of an answer is exact to a second; the validity of the server's
// certificate gives only the least skew that explains why it was refused.
const (
	ClockDateHeader  ClockSource = "date-header"
	ClockCertificate ClockSource = "certificate"
)

// Opening is what opening a session on the transport showed.
type Opening struct {
	// Layer is the protocol that gave Status, or fell silent.
	Layer Layer
	// Status is what Layer answered with, in its own terms. An HTTP answer always has
	// one; elsewhere 0 means accepted, or no answer if there is a Failure.
	Status int
	// Server is how the peer names itself, as far as it does.
	Server string
	// Mechanisms are those of SASL that the peer offers; nil when it was not asked.
	Mechanisms []string
	// Refusal is the refusal in the transport's own terms, "" when there is none.
	Refusal string
	// Condition is the AMQP error condition of a refusal, "" elsewhere.
	Condition  string
	Body       dps.Body
	Location   string      // where an HTTP redirect points
	RetryAfter *RetryAfter // what a refusal asked for; nil when it did not
	Date       time.Time   // the peer's clock, zero when it told none
	// Answered says that the TPM answered the peer's challenge with a token, and TPM why it
	// could not; both are for transports that challenge while opening.
	Answered bool
	TPM      *tpm.Error
	// Failure is set when no answer came at all.
	Failure *netfail.Failure
	// Said is the first line of what a peer sent that does not speak the transport's
	// protocol, "" where that is no text.
	Said string
	// Exchanges are the steps of opening, in order: what was sent, and the answer.
	Exchanges []Exchange
}

// Layer is a protocol that can refuse a session before any call.
type Layer string

// The layers, with the meaning that Opening.Status has on each.
const (
	LayerHTTP          Layer = "http"           // status of an answer to a plain request
	LayerWebSocket     Layer = "websocket"      // HTTP status of the handshake's answer; 101 for one that is refused here
	LayerMQTTConnect   Layer = "mqtt-connect"   // return code of the CONNACK
	LayerMQTTSubscribe Layer = "mqtt-subscribe" // return code of the SUBACK: 128 for a refusal
	LayerSASL          Layer = "sasl"           // outcome code: 1 credentials, 2 to 4 system errors
	LayerAMQPOpen      Layer = "amqp-open"      // 0 always: AMQP refuses with a Condition
	LayerAMQPAttach    Layer = "amqp-attach"    // 0 always
)

// Operation is a call of the device API, or what precedes them all.
type Operation string

// Opening a session, which may be tried again, and the calls of the device API.
const (
	OpOpen     Operation = "open"
	OpRegister Operation = "register"
	OpStatus   Operation = "status"
	OpLookup   Operation = "lookup"
	// OpHub stands for a connection to the assigned hub, in a Wait.
	OpHub Operation = "hub"
)

// Answer is one answer of the service, or the lack of one.
type Answer struct {
	Op     Operation
	Took   time.Duration
	Status int // HTTP status, or the status in an MQTT topic or AMQP error; 0 for none
	Body   dps.Body
	// RetryAfter is what the service asked for; nil when it did not ask.
	RetryAfter *RetryAfter
	RequestID  string    // x-ms-request-id
	Location   string    // where a redirect points
	ETag       string    // of a message that a hub gave out: its lock token
	Server     string    // how the answering server names itself
	TooLarge   bool      // more than MaxBody bytes were sent; the rest was not read
	Date       time.Time // the service's clock, zero when it told none
	Condition  string    // AMQP error condition
	// Strays counts the answers to other calls, or to none, that came since the previous
	// answer and were passed over: late ones, duplicates, those of somebody else.
	Strays int
	// Unacknowledged says that no PUBACK came for the call, though its answer did.
	Unacknowledged bool
	// Answered says that this is the challenge every TPM gets first and that the TPM
	// answered it: part of a normal registration, not a refusal.
	Answered bool
	// Failure is set when no answer came, or not all of it; Status tells which.
	Failure  *netfail.Failure
	Exchange *Exchange // the call on the wire; nil when nothing could be sent
}

// RetryAfter is a wait that the service asked for.
type RetryAfter struct {
	Text  string        // as sent
	Wait  time.Duration // 0 unless Valid
	Valid bool          // Text is a whole number of seconds or an HTTP date
}

// usable reports whether the service asked for a wait that could be read.
func (ra *RetryAfter) usable() bool { return ra != nil && ra.Valid }

// Wait is a pause the probe made between two calls, or two attempts to open.
type Wait struct {
	Before  Operation
	For     time.Duration
	Attempt int    // the attempt that follows, counted from 1
	Reason  string // "429", "503", "assigning", the refusal of an opening
	Asked   bool   // the service asked for it, and for no more
}

// Find returns the finding of a stage.
func (r *Run) Find(id StageID) *Finding {
	for i := range r.Findings {
		if r.Findings[i].Stage == id {
			return &r.Findings[i]
		}
	}
	return nil
}

// FailedStage returns the first finding that failed, or nil.
func (r *Run) FailedStage() *Finding {
	for i := range r.Findings {
		if r.Findings[i].Outcome == Failed {
			return &r.Findings[i]
		}
	}
	return nil
}

// LastAnswer returns the last answer to one of ops, or to any call when ops is empty; nil
// when there is none. A missing answer (Failure) counts.
func (r *Run) LastAnswer(ops ...Operation) *Answer {
	for i := range slices.Backward(r.Answers) {
		if len(ops) == 0 || slices.Contains(ops, r.Answers[i].Op) {
			return &r.Answers[i]
		}
	}
	return nil
}

// Registration returns the last registration state the service told, or nil.
func (r *Run) Registration() *dps.Registration {
	for _, answer := range slices.Backward(r.Answers) {
		switch body := answer.Body; {
		case body.Registration != nil:
			return body.Registration
		case body.Operation != nil && body.Operation.Registration != nil:
			return body.Operation.Registration
		}
	}
	return nil
}

// Attempts counts the register or lookup calls made.
func (r *Run) Attempts() int {
	n := 0
	for i := range r.Answers {
		if r.Answers[i].Op != OpStatus {
			n++
		}
	}
	return n
}
