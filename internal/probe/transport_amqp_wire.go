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

// amqpCredit is the number of answers that the service may send before the first is read.
// One would be enough for one call at a time; duplicates and late answers need more.
const amqpCredit = 10

// amqpPatience is how long the library may take after the end of the connection to deliver
// the remaining answers. It needs much less, unless the peer has disturbed its state.
const amqpPatience = time.Second

// amqpWire is the connection that the AMQP library is given. It passes on only what a peer
// may send and records how the connection ended. This is necessary because the library
//
//   - hides why it failed, and the peer's container id,
//   - crashes on a FLOW without link-credit and loops forever on a DISPOSITION of the
//     highest delivery-id,
//   - holds messages of any size, and any number of them, for a peer that goes on sending,
//   - and loses an answer when it learns of the end of the connection, session or link
//     before it has passed the answer on.
//
// The library is therefore never told that the connection has ended. The session is told,
// after it has received every earlier answer.
type amqpWire struct {
	net.Conn
	once    func() error
	closing chan struct{} // closed by Close

	// Only for Read.
	pending  []byte // bytes of a header or frame that the library has not read yet
	greeted  bool   // the protocol header has been passed on
	opened   bool   // an OPEN has been passed on
	partial  bool   // a transfer with more to follow has been passed on
	messages amqp.Assembly

	mu      sync.Mutex
	server  string      // the peer's container id
	untaken int         // answers passed on that the session has not received
	ended   error       // nil while everything is open
	report  func(error) // of the waiting caller; nil if nobody waits
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

// Write implements net.Conn. If the peer cannot be written to, a read fails too or gets no
// data, and that read ends the connection. So there is only one place where it ends.
func (w *amqpWire) Write(p []byte) (int, error) {
	_, _ = w.Conn.Write(p)
	return len(p), nil
}

// Close implements net.Conn. It also ends a pending write.
func (w *amqpWire) Close() error { return w.once() }

// during lets f use the library. It ends f when ctx ends, when everything on the connection
// has ended or when the request was refused, and returns the reason.
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
	case ctx.Err() != nil: // which inner does not know yet
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded): // the library looks at the deadline itself, a moment before
		return context.DeadlineExceeded
	}
	return libraryError(err)
}

// libraryError distinguishes an error about our request, which is its size, from one about
// the peer.
func libraryError(err error) error {
	if own, ok := errors.AsType[*goamqp.Error](err); ok {
		return errors.New(own.Description)
	}
	return &netfail.ProtocolError{Text: err.Error()}
}

// watch sets the function that is called, once, when everything has ended or the request
// was refused. Nil sets none.
func (w *amqpWire) watch(report func(error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report = report
	w.tellEnd()
}

// taken counts an answer that the session has received.
func (w *amqpWire) taken() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.untaken = max(w.untaken-1, 0)
	w.tellEnd()
}

// end records why the connection, the session or a link ended, unless the reason is Close.
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

// giveUp stops waiting for the session to receive answers.
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

// over reports whether nothing more can arrive.
func (w *amqpWire) over() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended != nil
}

// peer returns the peer's name for itself, "" if it sent none.
func (w *amqpWire) peer() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.server
}

// next reads the next frame and returns it in a form that the library understands. That is
// not always the form on the wire: the library does not skip extended frame headers.
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
		frame = amqp.Frame{} // of the peer's own answers, which it has settled already
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

// check records the contents of a frame. The error is the reason if the frame ends
// something.
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

// checkTransfer counts complete answers, and makes sure that the library can deliver them.
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

// maxDeliveries is more than the number of requests in a session; their delivery-ids count
// from 0.
const maxDeliveries = 1 << 16

// checkDisposition returns an error for a request that is not accepted.
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

// malformedAMQP turns an error of the AMQP codec into a netfail.ProtocolError and leaves
// other errors unchanged.
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
