package amqp

import "fmt"

// Defaults of Limits.
const (
	DefaultDepth   = 32
	DefaultValues  = 16384
	DefaultFrame   = 65536 // what the service announces as its max-frame-size
	DefaultMessage = 1 << 20
)

// Limits bounds what is accepted from a peer. A field that is not positive means
// its default.
type Limits struct {
	Depth   int    // how deep lists, maps, arrays and described values nest
	Values  int    // values in one frame or message, those within others included
	Frame   uint32 // bytes of one frame, its header included
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

// DecodeError says that what a peer sent is not legal AMQP 1.0, or more than
// the Limits allow. It never contains the data that was sent.
type DecodeError struct {
	Condition Symbol // what to answer the peer with
	Reason    string
}

// Error returns the condition and the reason.
func (e *DecodeError) Error() string { return string(e.Condition) + ": " + e.Reason }

func malformed(format string, args ...any) error {
	return &DecodeError{ConditionDecode, fmt.Sprintf(format, args...)}
}
