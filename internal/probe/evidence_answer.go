package probe

import (
	"strconv"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/tpm"
)

// Opening is the result of opening a session on the transport.
type Opening struct {
	// Layer is the protocol that gave Status, or did not answer.
	Layer Layer
	// Status is the answer of Layer, in its own terms. An HTTP answer always has one; elsewhere
	// 0 means accepted, or no answer if there is a Failure.
	Status int
	// Server is the peer's name for itself, if it sent one.
	Server string
	// Mechanisms are the SASL mechanisms that the peer offers; nil if it was not asked.
	Mechanisms []string
	// Refusal is the refusal in the transport's own terms, "" if there is none.
	Refusal string
	// Condition is the AMQP error condition of a refusal, "" elsewhere.
	Condition  string
	Body       dps.Body
	Location   string      // the target of an HTTP redirect
	RetryAfter *RetryAfter // what a refusal asked for; nil if it did not
	Date       time.Time   // the peer's clock, zero if it is not known
	// Answered says that the TPM answered the peer's challenge with a token, and TPM why it
	// could not. Both are for transports with a challenge during opening.
	Answered bool
	TPM      *tpm.Error
	// Withheld says why the session was not opened further although the peer did not refuse it,
	// "" if it was opened.
	Withheld string
	// Failure is set if no answer came at all.
	Failure *netfail.Failure
	// Said is the first line of what a peer sent that does not speak the transport's protocol,
	// or "" if that is not text.
	Said string
	// Exchanges are the steps of opening, in order: the request and the answer.
	Exchanges []Exchange
}

// Layer is a protocol that can refuse a session before any call.
type Layer string

// The layers, with the meaning of Opening.Status on each.
const (
	LayerHTTP          Layer = "http"           // status of an answer to a plain request
	LayerWebSocket     Layer = "websocket"      // HTTP status of the handshake's answer; 101 for one that the probe refuses
	LayerMQTTConnect   Layer = "mqtt-connect"   // return code of the CONNACK
	LayerMQTT5Connect  Layer = "mqtt5-connect"  // reason code of the CONNACK of a hub that speaks MQTT 5
	LayerMQTTSubscribe Layer = "mqtt-subscribe" // return code of the SUBACK: 128 for a refusal
	LayerSASL          Layer = "sasl"           // outcome code: 1 credentials, 2 to 4 system errors
	LayerAMQPOpen      Layer = "amqp-open"      // 0 always: AMQP refuses with a Condition
	LayerAMQPAttach    Layer = "amqp-attach"    // 0 always
)

// Operation is a call of the device API, or the opening before all calls.
type Operation string

// Opening a session, which may be retried, and the calls of the device API.
const (
	OpOpen     Operation = "open"
	OpRegister Operation = "register"
	OpStatus   Operation = "status"
	OpLookup   Operation = "lookup"
	// OpHub is a connection to the assigned hub, in a Wait.
	OpHub Operation = "hub"
)

// Answer is one answer of the service, or the lack of one.
type Answer struct {
	Op     Operation
	Took   time.Duration
	Status int // HTTP status, or the status in an MQTT topic or AMQP error; 0 for none
	Body   dps.Body
	// RetryAfter is the pause that the service asked for; nil if it asked for none.
	RetryAfter *RetryAfter
	RequestID  string // x-ms-request-id
	// ErrorHeader is x-ms-error-code: the number of the error, or its name for calls that have
	// names (azure-rest-api-specs deviceprovisioningservices/data-plane, device/models.tsp).
	ErrorHeader string
	Location    string    // the target of a redirect
	ETag        string    // the lock token of a message that a hub delivered
	Server      string    // the answering server's name for itself
	TooLarge    bool      // the peer sent more than MaxBody bytes; the rest was not read
	Date        time.Time // the service's clock, zero if it is not known
	Condition   string    // AMQP error condition
	// Strays counts answers to other calls, or to none, that came since the previous answer and
	// were ignored: late answers, duplicates, or answers for another client.
	Strays int
	// Unacknowledged says that the answer to the call arrived, but no PUBACK.
	Unacknowledged bool
	// Answered says that this is the challenge that every TPM gets first and that the TPM
	// answered it. This is part of a normal registration, not a refusal.
	Answered bool
	// Failure is set if no answer came, or only part of it; Status shows which.
	Failure  *netfail.Failure
	Exchange *Exchange // the call on the wire; nil if nothing could be sent
}

// HeaderCode is the error code of a refusal in its header, 0 if that has none or has a name.
func (a *Answer) HeaderCode() int {
	code, err := strconv.Atoi(a.ErrorHeader)
	if err != nil || a.Status/100 < 4 || len(a.ErrorHeader) != 6 || code < 100_000 {
		return 0
	}
	return code
}

// headerError is what the header says about a refusal and the body does not, "" for nothing.
func (a *Answer) headerError() string {
	if a.Status/100 < 4 || a.Body.Error != nil && a.ErrorHeader == strconv.Itoa(a.Body.Error.ErrorCode) {
		return ""
	}
	return a.ErrorHeader
}

// RetryAfter is a pause that the service asked for.
type RetryAfter struct {
	Text  string        // as sent
	Wait  time.Duration // 0 unless Valid
	Valid bool          // Text is a whole number of seconds or an HTTP date
}

// usable reports whether the service asked for a pause that could be parsed.
func (ra *RetryAfter) usable() bool { return ra != nil && ra.Valid }

// Wait is a pause of the probe between two calls, or two attempts to open.
type Wait struct {
	Before  Operation
	For     time.Duration
	Attempt int    // the following attempt, counted from 1
	Reason  string // "429", "503", "assigning", the refusal of an opening
	Asked   bool   // the service asked for exactly this pause
}
