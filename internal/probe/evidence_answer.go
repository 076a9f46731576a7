package probe

import (
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/tpm"
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
	// Withheld says why the session was opened no further although nobody refused, "" where
	// it was opened.
	Withheld string
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
