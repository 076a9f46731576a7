package amqp

import "fmt"

// Defaults of Limits.
const (
	DefaultDepth   = 32
	DefaultValues  = 16384
	DefaultFrame   = 65536 // what the service announces as its max-frame-size
	DefaultMessage = 1 << 20
)

// Limits limits what is accepted from a peer. A field that is not positive means its
// default.
type Limits struct {
	Depth   int    // how deep lists, maps, arrays and described values nest
	Values  int    // values in one frame or message, including nested ones
	Frame   uint32 // bytes of one frame, including its header
	Message int    // bytes of one message
}

func (l Limits) depth() int    { return positiveOr(l.Depth, DefaultDepth) }
func (l Limits) values() int   { return positiveOr(l.Values, DefaultValues) }
func (l Limits) frame() uint32 { return positiveOr(l.Frame, DefaultFrame) }
func (l Limits) message() int  { return positiveOr(l.Message, DefaultMessage) }

func positiveOr[T int | uint32](n, standard T) T {
	if n > 0 {
		return n
	}
	return standard
}

// The error conditions of a DecodeError (part 2, sections 2.8.15, 2.8.16
// and 2.8.18).
const (
	ConditionDecode      Symbol = "amqp:decode-error"
	ConditionFraming     Symbol = "amqp:connection:framing-error"
	ConditionLimit       Symbol = "amqp:resource-limit-exceeded"
	ConditionMessageSize Symbol = "amqp:link:message-size-exceeded"
	ConditionField       Symbol = "amqp:invalid-field"
)

// DecodeError says that a peer's data is not legal AMQP 1.0, or exceeds the Limits. It
// never contains the data.
type DecodeError struct {
	Condition Symbol // the condition for the answer to the peer
	Reason    string
}

// Error returns the condition and the reason.
func (e *DecodeError) Error() string { return string(e.Condition) + ": " + e.Reason }

func malformed(format string, args ...any) error {
	return &DecodeError{ConditionDecode, fmt.Sprintf(format, args...)}
}
