package probe

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	goamqp "github.com/Azure/go-amqp"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// Settings of the AMQP session.
const (
	amqpClient       = "dpsdiag"
	amqpReceiver     = "dpsdiag-receiver" // names of the links
	amqpSender       = "dpsdiag-sender"
	amqpWriteTimeout = 10 * time.Second // for a peer that accepts no more bytes
	noIdleTimeout    = -1               // the budget ends a wait, not missing heartbeats
)

// amqpSession makes calls on one connection. It opens a new connection after the service
// has closed the last one and asked to come back later.
type amqpSession struct {
	transport amqpTransport
	dial      Dialer
	target    Target
	identity  Identity
	redact    *redactor

	wire     *amqpWire    // nil until a connection was made
	conn     *goamqp.Conn // nil before OPEN
	receiver *goamqp.Receiver
	sender   *goamqp.Sender
	refused  bool // the last call was refused with the end of the connection, session or link
}

// open makes a connection and runs every step on it. If ok is false, nothing is left open
// and the Opening says why.
func (s *amqpSession) open(ctx context.Context) (opening Opening, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, opening := s.transport.dial(ctx, s.dial, s.target.Endpoint, s.redact)
	if conn == nil {
		return opening, false
	}
	s.wire, s.conn = newAMQPWire(conn), nil
	opening.Status = 0
	if s.target.anonymous() {
		return s.askMechanisms(ctx, opening), false
	}
	err := s.authenticate(ctx, &opening)
	if err == nil {
		err = s.wire.during(ctx, func(ctx context.Context) error { return s.begin(ctx, &opening) })
	}
	opening.Server = s.wire.peer()
	if err != nil {
		s.Close()
		opening.failAMQP(err, s.redact)
		s.showEnd(&opening, err)
	}
	return opening, err == nil
}

// authenticate runs the SASL exchange, unless a certificate has authenticated the device.
func (s *amqpSession) authenticate(ctx context.Context, o *Opening) error {
	login, ok := saslLogin(ctx, s.target, s.identity, s.redact, &o.Answered)
	if !ok {
		return nil
	}
	o.Layer = LayerSASL
	result, err := amqp.ClientSASL(ctx, s.wire.Conn, login)
	o.Mechanisms = s.redact.all(result.Offered)
	if errors.Is(err, amqp.ErrNotOffered) { // the error of the library quotes them unchanged
		err = fmt.Errorf("sasl: %w: %s is not among %q", amqp.ErrNotOffered, login.Mechanism, o.Mechanisms)
	}
	o.Exchanges = append(o.Exchanges, s.showSASL(login, result))
	return err
}

// askMechanisms goes as far as AMQP goes without a credential: to the mechanisms of SASL, of
// which it takes none.
func (s *amqpSession) askMechanisms(ctx context.Context, o Opening) Opening {
	o.Layer = LayerSASL
	result, err := amqp.ClientSASL(ctx, s.wire.Conn, amqp.SASLLogin{})
	o.Mechanisms = s.redact.all(result.Offered)
	shown := Exchange{Request: s.redact.message("SASL", nil, nil)}
	if result.Offered != nil {
		shown.Answer = s.redact.message("SASL mechanisms", []Fact{{"mechanisms", strings.Join(o.Mechanisms, " ")}}, nil)
	}
	o.Exchanges = append(o.Exchanges, shown)
	if errors.Is(err, amqp.ErrNotOffered) {
		o.Withheld = needsCredential
	} else {
		o.failAMQP(err, s.redact)
	}
	s.Close()
	return o
}

// begin opens the connection, a session and the links.
func (s *amqpSession) begin(ctx context.Context, o *Opening) error {
	o.Layer = LayerAMQPOpen
	session, err := s.connect(ctx)
	o.Exchanges = append(o.Exchanges, s.showOpen(err == nil))
	if err != nil {
		return err
	}
	o.Layer = LayerAMQPAttach
	err = s.attach(ctx, session)
	o.Exchanges = append(o.Exchanges, s.showAttach(err == nil))
	return err
}

// connect sends OPEN and BEGIN and waits for the answers.
func (s *amqpSession) connect(ctx context.Context) (*goamqp.Session, error) {
	conn, err := goamqp.NewConn(ctx, s.wire, &goamqp.ConnOptions{
		HostName:     s.target.Endpoint.Host,
		IdleTimeout:  noIdleTimeout,
		WriteTimeout: amqpWriteTimeout,
	})
	if err != nil {
		return nil, err
	}
	s.conn = conn
	return conn.NewSession(ctx, nil)
}

// attach opens the link for answers, then the link for requests.
func (s *amqpSession) attach(ctx context.Context, session *goamqp.Session) error {
	address, properties := s.address(), s.linkProperties()
	var err error
	s.receiver, err = session.NewReceiver(ctx, address, &goamqp.ReceiverOptions{
		Name:           amqpReceiver,
		Credit:         amqpCredit,
		Properties:     properties,
		SettlementMode: goamqp.ReceiverSettleModeFirst.Ptr(),
	})
	if err != nil {
		return err
	}
	s.sender, err = session.NewSender(ctx, address, &goamqp.SenderOptions{Name: amqpSender, Properties: properties})
	return err
}

// address is the address of both links.
func (s *amqpSession) address() string { return dps.Resource(s.target.Scope, s.target.RegistrationID) }

func (s *amqpSession) linkProperties() map[string]any {
	return map[string]any{dps.AMQPAPIVersion: s.target.APIVersion, dps.AMQPClientVersion: amqpClient}
}

// Register implements Session.
func (s *amqpSession) Register(ctx context.Context, body []byte) Answer {
	return s.call(ctx, OpRegister, body, map[string]any{dps.AMQPOperationType: dps.AMQPRegister})
}

// Status implements Session.
func (s *amqpSession) Status(ctx context.Context, operationID string) Answer {
	return s.call(ctx, OpStatus, nil, map[string]any{
		dps.AMQPOperationType: dps.AMQPGetStatus,
		dps.AMQPOperationID:   operationID,
	})
}

// Lookup implements Session; the service has none over AMQP, as Supports says.
func (s *amqpSession) Lookup(context.Context, []byte) Answer {
	return Answer{Op: OpLookup, Failure: &netfail.Failure{Kind: netfail.Other, Text: "there is no lookup over AMQP"}}
}

// Close implements Session: CLOSE, unless nothing was opened.
func (s *amqpSession) Close() error {
	cut := time.AfterFunc(closeGrace, func() { s.wire.Close() })
	defer cut.Stop()
	if s.conn != nil {
		_ = s.conn.Close() // tells how the connection ended, which is known
	}
	return s.wire.Close()
}

// call makes one request.
func (s *amqpSession) call(ctx context.Context, op Operation, body []byte, properties map[string]any) Answer {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	start := time.Now()
	a := Answer{Op: op}
	if s.reopen(ctx, &a) {
		err := s.exchange(ctx, &a, body, properties)
		s.refused = err != nil && s.wire.over()
		if err != nil {
			a.failAMQP(err, s.redact)
			a.Exchange.Answer = s.showRefusal(err)
		}
	}
	a.Took = time.Since(start)
	return a
}

// reopen opens the session again if the last call was refused with its end; there would be
// no further call if the refusal had not asked for it. If ok is false, a says why.
func (s *amqpSession) reopen(ctx context.Context, a *Answer) (ok bool) {
	if !s.refused {
		return true
	}
	s.Close()
	opening, ok := s.open(ctx)
	if ok {
		s.refused = false
		return true
	}
	a.Condition, a.Body, a.RetryAfter, a.Failure = opening.Condition, opening.Body, opening.RetryAfter, opening.Failure
	if n := len(opening.Exchanges); n > 0 {
		a.Exchange = &opening.Exchanges[n-1] // the step that failed becomes the answer of the call
	}
	if a.Failure == nil {
		a.Status = opening.HTTPStatus()
	}
	if a.Failure == nil && a.Status == 0 {
		a.Failure = &netfail.Failure{Kind: netfail.Other, Text: opening.Refusal}
	}
	return false
}

// exchange sends a request and waits for its answer.
func (s *amqpSession) exchange(ctx context.Context, a *Answer, body []byte, properties map[string]any) error {
	id := newCorrelationID()
	a.Exchange = &Exchange{Request: s.showRequest(id, body, properties)}
	request := &goamqp.Message{
		Properties:            &goamqp.MessageProperties{CorrelationID: id},
		ApplicationProperties: properties,
		Data:                  [][]byte{body},
	}
	return s.wire.during(ctx, func(ctx context.Context) error {
		if _, err := s.sender.SendWithReceipt(ctx, request, nil); err != nil {
			return err
		}
		for {
			answer, err := s.receiver.Receive(ctx, nil)
			if err != nil {
				return err
			}
			_ = s.receiver.AcceptMessage(ctx, answer) // the answer counts, whether or not this acknowledgement arrives
			s.wire.taken()
			if answer.Properties != nil && answer.Properties.CorrelationID == id {
				a.readAMQP(answer, s.redact)
				a.Exchange.Answer = s.showAnswer(answer)
				return nil
			}
			a.Strays++
		}
	})
}

// newCorrelationID returns a random UUID as text, as the Node and C# SDKs send it.
func newCorrelationID() string {
	var id amqp.UUID
	rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40 // version 4, random
	id[8] = id[8]&0x3f | 0x80 // variant of RFC 9562
	return id.String()
}

// readAMQP reads the service's answer. AMQP has no status for it: it gets 200 unless the
// body is an error.
func (a *Answer) readAMQP(m *goamqp.Message, redact *redactor) {
	a.Body = redact.parse(bodyOf(m))
	a.RetryAfter = amqpRetryAfter(m.ApplicationProperties)
	a.Status = http.StatusOK
	if a.Body.Error != nil {
		a.Status = amqpStatus("", a.Body)
	}
}

// bodyOf joins the Data sections; it also accepts a string or binary in an amqp-value.
func bodyOf(m *goamqp.Message) []byte {
	switch value := m.Value.(type) {
	case string:
		return []byte(value)
	case []byte:
		return value
	}
	return slices.Concat(m.Data...)
}
