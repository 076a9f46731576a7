package amqp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Credential is the bytes of a SASL response, which may contain a password or a token.
// However it is printed, logged or marshalled, it shows only its length.
type Credential []byte

// String returns the length only.
func (c Credential) String() string { return fmt.Sprintf("[%d bytes redacted]", len(c)) }

// Format writes what String returns, whatever the verb.
func (c Credential) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, c.String()) }

// LogValue returns what String does.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String does.
func (c Credential) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// SASLCode is the outcome of a SASL exchange (part 5, section 5.3.3.6).
type SASLCode uint8

// The outcomes.
const (
	SASLOK      SASLCode = 0
	SASLAuth    SASLCode = 1 // the credentials are not accepted
	SASLSys     SASLCode = 2 // a system error
	SASLSysPerm SASLCode = 3 // a permanent system error
	SASLSysTemp SASLCode = 4 // a temporary system error
)

// String returns the name that the standard gives the code.
func (c SASLCode) String() string {
	switch c {
	case SASLOK:
		return "ok"
	case SASLAuth:
		return "auth"
	case SASLSys:
		return "sys"
	case SASLSysPerm:
		return "sys-perm"
	case SASLSysTemp:
		return "sys-temp"
	}
	return "unknown"
}

// RefusedError says that a SASL exchange ended with an outcome other than SASLOK.
type RefusedError struct{ Code SASLCode }

// Error returns a text with the code and its name.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("refused with outcome %d (%s)", uint8(e.Code), e.Code)
}

// ErrCut is wrapped by the error of an exchange whose connection ended or broke
// before the outcome. The cause is wrapped too: io.EOF, io.ErrUnexpectedEOF,
// a reset, or a TLS alert, as after a client certificate that is not accepted.
var ErrCut = errors.New("connection cut")

// SASLMechanisms offers mechanisms (part 5, section 5.3.3.1).
type SASLMechanisms struct{ Mechanisms []Symbol }

// SASLInit chooses a mechanism (part 5, section 5.3.3.2).
type SASLInit struct {
	Mechanism       Symbol // mandatory
	InitialResponse Credential
	Hostname        string
}

// SASLChallenge is a challenge from the server (part 5, section 5.3.3.3).
type SASLChallenge struct{ Challenge []byte }

// SASLResponse is the client's response to it (part 5, section 5.3.3.4).
type SASLResponse struct{ Response Credential }

// SASLOutcome ends the exchange (part 5, section 5.3.3.5).
type SASLOutcome struct {
	Code           SASLCode
	AdditionalData []byte
}

func (*SASLMechanisms) descriptor() descriptor { return descSASLMechanisms }
func (*SASLInit) descriptor() descriptor       { return descSASLInit }
func (*SASLChallenge) descriptor() descriptor  { return descSASLChallenge }
func (*SASLResponse) descriptor() descriptor   { return descSASLResponse }
func (*SASLOutcome) descriptor() descriptor    { return descSASLOutcome }

func (m *SASLMechanisms) visit(f *fields) { symbols(f, &m.Mechanisms) }
func (i *SASLInit) visit(f *fields) {
	required(f, &i.Mechanism)
	nilable(f, (*[]byte)(&i.InitialResponse))
	optional(f, &i.Hostname)
}
func (c *SASLChallenge) visit(f *fields) { required(f, &c.Challenge) }
func (r *SASLResponse) visit(f *fields)  { required(f, (*[]byte)(&r.Response)) }
func (o *SASLOutcome) visit(f *fields) {
	required(f, (*uint8)(&o.Code))
	nilable(f, &o.AdditionalData)
}

// A saslConn exchanges SASL frames. Its errors are marked as ErrCut if they come from the
// connection.
type saslConn struct {
	conn   net.Conn
	limits Limits
}

func (c saslConn) write(body Composite) error {
	b, err := AppendFrame(nil, Frame{Type: FrameSASL, Body: body})
	if err != nil {
		return err
	}
	_, err = c.conn.Write(b)
	return cut(err)
}

// read reads the next SASL frame, which is never empty.
func (c saslConn) read() (Composite, error) {
	f, err := c.limits.ReadFrame(c.conn)
	if err != nil {
		return nil, cut(err)
	}
	if f.Type != FrameSASL || f.Body == nil {
		return nil, malformed("frame of type %d in a SASL exchange", f.Type)
	}
	return f.Body, nil
}

// readAs reads a SASL frame that must have the body T.
func readAs[T Composite](c saslConn) (T, error) {
	var typed T
	body, err := c.read()
	if err != nil {
		return typed, err
	}
	typed, ok := body.(T)
	if !ok {
		return typed, malformed("unexpected %s", body.descriptor())
	}
	return typed, nil
}

// cut marks an error of reading or writing as ErrCut, unless it is a timeout or is about
// the data received.
func cut(err error) error {
	var timeout net.Error
	if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		return err
	}
	var decode *DecodeError
	var alien *NotAMQPError
	if errors.As(err, &decode) || errors.As(err, &alien) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrCut, err)
}

// step adds the step of an exchange in which err occurred.
func step(name string, err error) error { return fmt.Errorf("sasl: %s: %w", name, err) }

// during runs f, whose reads and writes on conn fail when ctx ends. In that case the error
// has the cause of that end, and conn cannot be used any more.
func during(ctx context.Context, conn net.Conn, f func() error) error {
	expired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(expired)
		_ = conn.SetDeadline(time.Unix(1, 0)) // fails on a closed conn only, where f fails too
	})
	err := f()
	if stop() {
		return err
	}
	<-expired
	if err == nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w: %w", err, context.Cause(ctx))
}
