package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	goamqp "github.com/Azure/go-amqp"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// amqpCredit is how many answers the service may send before the first is taken. One would
// do for one call at a time; duplicates and late ones need more.
const amqpCredit = 10

// amqpPatience is how long the library has after the end to pass on the answers that it
// has. It takes far less, unless the peer has put it out of step.
const amqpPatience = time.Second

// amqpWire is the connection that the AMQP library is given. It lets pass only what a peer
// may send and keeps how the connection ended, since the library
//
//   - hides why it failed, and what the peer calls itself,
//   - crashes on a FLOW without link-credit and loops for ever on a DISPOSITION of the
//     highest delivery-id,
//   - holds messages of any size, and any number of them, for a peer that goes on sending,
//   - and loses an answer when it learns of the end of the connection, session or link
//     before it has passed the answer on.
//
// The library is therefore never told of an end: the session is, once it has taken every
// answer that came before.
type amqpWire struct {
	net.Conn
	once    func() error
	closing chan struct{} // closed by Close

	// For Read alone.
	pending  []byte // what the library has not read yet of a header or frame
	greeted  bool   // the protocol header has passed
	opened   bool   // an OPEN has passed
	partial  bool   // a transfer with more to follow has passed
	messages amqp.Assembly

	mu      sync.Mutex
	server  string      // the peer's container id
	untaken int         // answers that have passed and that the session has not taken
	ended   error       // nil while everything stands
	report  func(error) // of who waits; nil when nobody does
}

func newAMQPWire(conn net.Conn) *amqpWire {
	closing := make(chan struct{})
	return &amqpWire{
		Conn:     conn,
		closing:  closing,
		once:     sync.OnceValue(func() error { close(closing); return conn.Close() }),
		messages: amqp.Assembly{Limits: amqp.Limits{Message: MaxBody}},
	}
}

// Read implements net.Conn.
func (w *amqpWire) Read(p []byte) (int, error) {
	if len(w.pending) == 0 {
		next, err := w.next()
		if err != nil {
			w.end(err)
			<-w.closing
			return 0, net.ErrClosed
		}
		w.pending = next
	}
	n := copy(p, w.pending)
	w.pending = w.pending[n:]
	return n, nil
}

// Write implements net.Conn. A peer that cannot be written to cannot be read from either,
// or falls silent, and that is what ends the connection: so it ends in one way.
func (w *amqpWire) Write(p []byte) (int, error) {
	_, _ = w.Conn.Write(p)
	return len(p), nil
}

// Close implements net.Conn. It also ends a write that is under way.
func (w *amqpWire) Close() error { return w.once() }

// during lets f use the library. It ends f when ctx ends, when everything on the connection
// ended or when the request was refused, and returns why.
func (w *amqpWire) during(ctx context.Context, f func(context.Context) error) error {
	stop := context.AfterFunc(ctx, func() { w.Close() }) // the library does not end a write that hangs
	defer stop()
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.watch(cancel)
	defer w.watch(nil)
	err := f(inner)
	switch {
	case err == nil:
		return nil
	case inner.Err() != nil:
		return context.Cause(inner)
	case ctx.Err() != nil: // which inner has yet to hear of
		return ctx.Err()
	}
	return libraryError(err)
}

// libraryError tells what the library objects to in our request, which is its size, from
// what it objects to in the peer.
func libraryError(err error) error {
	if own, ok := errors.AsType[*goamqp.Error](err); ok {
		return errors.New(own.Description)
	}
	return &netfail.ProtocolError{Text: err.Error()}
}

// watch names who is told, once, that everything ended or that the request was refused.
// Nil names nobody.
func (w *amqpWire) watch(report func(error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report = report
	w.tellEnd()
}

// taken counts an answer that the session has taken.
func (w *amqpWire) taken() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.untaken = max(w.untaken-1, 0)
	w.tellEnd()
}

// end keeps the reason for which the connection, the session or a link ended, unless that
// is Close.
func (w *amqpWire) end(reason error) {
	select {
	case <-w.closing:
		return
	default:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = reason
	w.tellEnd()
	if w.untaken > 0 {
		time.AfterFunc(amqpPatience, w.giveUp)
	}
}

// giveUp no longer waits for answers to be taken.
func (w *amqpWire) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.untaken = 0
	w.tellEnd()
}

// tellEnd needs the lock.
func (w *amqpWire) tellEnd() {
	if w.ended != nil && w.untaken == 0 && w.report != nil {
		w.report(w.ended)
	}
}

// over tells whether nothing can come any more.
func (w *amqpWire) over() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended != nil
}

// peer is how the peer names itself, "" when it did not.
func (w *amqpWire) peer() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.server
}

// next reads what comes next and returns it in the form that the library knows best, which
// is not always that of the wire: it does not skip extended frame headers.
func (w *amqpWire) next() ([]byte, error) {
	if !w.greeted {
		return w.greeting()
	}
	frame, err := amqp.Limits{}.ReadFrame(w.Conn)
	if err != nil {
		return nil, malformedAMQP(err)
	}
	if err := w.check(frame); err != nil {
		return nil, err
	}
	if d, ok := frame.Body.(*amqp.Disposition); ok && d.Role == amqp.RoleSender {
		frame = amqp.Frame{} // of its own answers, which it has settled already
	}
	return amqp.AppendFrame(nil, frame)
}

func (w *amqpWire) greeting() ([]byte, error) {
	header, err := amqp.ReadProtocol(w.Conn)
	if err != nil {
		return nil, malformedAMQP(err)
	}
	if want := amqp.ProtocolAMQP.Header(); header != want {
		return nil, &amqp.ProtocolError{Got: header, Want: want}
	}
	w.greeted = true
	return []byte{'A', 'M', 'Q', 'P', byte(header.ID), header.Major, header.Minor, header.Revision}, nil
}

// check notes what a frame tells. The error is the end that the frame makes.
func (w *amqpWire) check(frame amqp.Frame) error {
	switch body := frame.Body.(type) {
	case *amqp.Open:
		return w.checkOpen(body)
	case *amqp.Flow:
		if body.Handle != nil && body.LinkCredit == nil {
			return &netfail.ProtocolError{Text: "the peer sent a FLOW for a link without link-credit"}
		}
	case *amqp.Transfer:
		return w.checkTransfer(body, frame.Payload)
	case *amqp.Disposition:
		return w.checkDisposition(body)
	case *amqp.Detach:
		return endedBy("link", body.Error)
	case *amqp.End:
		return endedBy("session", body.Error)
	case *amqp.Close:
		return endedBy("connection", body.Error)
	}
	return nil
}

func (w *amqpWire) checkOpen(open *amqp.Open) error {
	if w.opened {
		return &netfail.ProtocolError{Text: "the peer sent a second OPEN"}
	}
	w.opened = true
	w.mu.Lock()
	w.server = open.ContainerID
	w.mu.Unlock()
	if value, ok := open.Properties.Get(dps.AMQPOpenError); ok {
		return openRefused(value)
	}
	return nil
}

// checkTransfer counts the answers that are whole, and makes sure that the library can pass
// them on.
func (w *amqpWire) checkTransfer(t *amqp.Transfer, payload []byte) error {
	if !w.partial && (t.DeliveryID == nil || t.DeliveryTag == nil || t.MessageFormat == nil) {
		return &netfail.ProtocolError{Text: "the peer sent a TRANSFER without delivery-id, delivery-tag or message-format"}
	}
	w.partial = t.More && !t.Aborted
	delivery, err := w.messages.Add(t, payload)
	if err == nil && delivery != nil {
		_, err = w.messages.Limits.DecodeMessage(delivery.Payload)
	}
	if err != nil || delivery == nil {
		return malformedAMQP(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.untaken++; w.untaken > amqpCredit {
		return &netfail.ProtocolError{Text: fmt.Sprintf("the peer sent more than the %d messages it was given credit for", amqpCredit)}
	}
	return nil
}

// maxDeliveries is more requests than a session makes; their delivery-ids count from 0.
const maxDeliveries = 1 << 16

// checkDisposition reports a request that is not accepted.
func (w *amqpWire) checkDisposition(d *amqp.Disposition) error {
	if d.Role == amqp.RoleSender {
		return nil
	}
	last := d.First
	if d.Last != nil {
		last = *d.Last
	}
	if max(d.First, last) >= maxDeliveries {
		return &netfail.ProtocolError{Text: "the peer sent a DISPOSITION of a delivery that was never made"}
	}
	if refusal := refusedDelivery(d.State); refusal != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.report != nil {
			w.report(refusal)
		}
	}
	return nil
}

// malformedAMQP makes what is no AMQP a netfail.ProtocolError and leaves other errors as they are.
func malformedAMQP(err error) error {
	if _, ok := errors.AsType[*amqp.NotAMQPError](err); ok {
		return &netfail.ProtocolError{Text: err.Error()}
	}
	if decode, ok := errors.AsType[*amqp.DecodeError](err); ok {
		if decode.Condition == amqp.ConditionMessageSize {
			return errTooLarge
		}
		return &netfail.ProtocolError{Text: err.Error()}
	}
	return err
}
