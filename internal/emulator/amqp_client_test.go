package emulator

import (
	"fmt"
	"net"
	"testing"
	"time"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
)

// rawAMQP is a device that sends its own frames.
type rawAMQP struct {
	*client
	conn net.Conn
	open *amqp.Open // the answer to its OPEN
}

// dialAMQP connects without sending a byte.
func dialAMQP(t *testing.T, d Device) *rawAMQP {
	t.Helper()
	c := newClient(t, d)
	conn, err := c.dial(testContext(t), transportAMQP)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(hang)); err != nil {
		t.Fatal(err)
	}
	return &rawAMQP{client: c, conn: conn}
}

// hello exchanges headers and authenticates with SASL if the device has a token.
func (r *rawAMQP) hello() {
	r.t.Helper()
	if !r.token.IsZero() {
		login := amqp.SASLLogin{Mechanism: "PLAIN", Initial: amqp.PlainResponse(r.address(), r.token.Reveal())}
		if _, err := amqp.ClientSASL(testContext(r.t), r.conn, login); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := amqp.WriteProtocol(r.conn, amqp.ProtocolAMQP); err != nil {
		r.t.Fatal(err)
	}
	if header, err := amqp.ReadProtocol(r.conn); err != nil || header != amqp.ProtocolAMQP.Header() {
		r.t.Fatalf("header %v, %v", header, err)
	}
}

// enterAMQP opens a connection and a session on channel 3.
func enterAMQP(t *testing.T, d Device, edits ...func(*amqp.Open)) *rawAMQP {
	t.Helper()
	r := dialAMQP(t, d)
	r.hello()
	open := &amqp.Open{ContainerID: "test"}
	for _, edit := range edits {
		edit(open)
	}
	r.send(open)
	r.open = expect[*amqp.Open](r)
	r.begin(1000)
	return r
}

func (r *rawAMQP) begin(window uint32) {
	r.t.Helper()
	r.send(&amqp.Begin{NextOutgoingID: 5, IncomingWindow: window, OutgoingWindow: 1000})
	if begin := expect[*amqp.Begin](r); begin.RemoteChannel == nil || *begin.RemoteChannel != channel {
		r.t.Fatalf("answer to BEGIN: %+v", begin)
	}
}

func (r *rawAMQP) address() string { return dps.Resource(r.device.Scope, r.device.RegistrationID) }

const (
	channel  = 3
	requests = 1 // the handle of the device's sender
	answers  = 0 // and of its receiver
)

func (r *rawAMQP) send(bodies ...amqp.Composite) {
	r.t.Helper()
	for _, body := range bodies {
		r.sendFrame(amqp.Frame{Channel: r.channelOf(body), Body: body})
	}
}

func (r *rawAMQP) channelOf(body amqp.Composite) uint16 {
	switch body.(type) {
	case *amqp.Open, *amqp.Close:
		return 0
	}
	return channel
}

func (r *rawAMQP) sendFrame(f amqp.Frame) {
	r.t.Helper()
	if err := amqp.WriteFrame(r.conn, f); err != nil {
		r.t.Fatal(err)
	}
}

// next reads a frame with a body.
func (r *rawAMQP) next() amqp.Frame {
	r.t.Helper()
	for {
		f, err := amqp.Limits{}.ReadFrame(r.conn)
		if err != nil {
			r.t.Fatal(causeOf(err))
		}
		if f.Body != nil {
			return f
		}
	}
}

// expect reads a frame that must have the body T.
func expect[T amqp.Composite](r *rawAMQP) T {
	r.t.Helper()
	f := r.next()
	body, ok := f.Body.(T)
	if !ok {
		r.t.Fatalf("%s where %T is expected", describeFrame(f), body)
	}
	return body
}

// describeFrame returns the contents of an error in an unexpected frame.
func describeFrame(f amqp.Frame) string { return fmt.Sprintf("%T %+v", f.Body, f.Body) }

// ends waits for the end of the connection.
func (r *rawAMQP) ends() {
	r.t.Helper()
	if f, err := (amqp.Limits{}).ReadFrame(r.conn); err == nil {
		r.t.Fatalf("%s where the connection is to end", describeFrame(f))
	}
}

func (r *rawAMQP) attachSender(address string) *amqp.Attach {
	return &amqp.Attach{
		Name: "sender_link", Handle: requests, Role: amqp.RoleSender, InitialDeliveryCount: new(uint32(40)),
		Source: amqp.NewSource("remote_endpoint"), Target: amqp.NewTarget(address),
		Properties: amqp.Map{{Key: amqp.Symbol("com.microsoft:api-version"), Value: "2019-03-31"}},
	}
}

func (r *rawAMQP) attachReceiver(address string) *amqp.Attach {
	return &amqp.Attach{
		Name: "recv_link", Handle: answers, Role: amqp.RoleReceiver, MaxMessageSize: 65536,
		Source: amqp.NewSource(address), Target: amqp.NewTarget("local_endpoint"),
		Properties: amqp.Map{{Key: amqp.Symbol("com.microsoft:api-version"), Value: "2019-03-31"}},
	}
}

// attach attaches both links and gives the service credit for the given number of answers.
func (r *rawAMQP) attach(credit uint32) {
	r.t.Helper()
	r.send(r.attachReceiver(r.address()))
	expect[*amqp.Attach](r)
	r.send(r.attachSender(r.address()))
	expect[*amqp.Attach](r)
	expect[*amqp.Flow](r)
	if credit > 0 {
		r.credit(credit, 0)
	}
}

// credit gives credit for answers, after the given number of received ones.
func (r *rawAMQP) credit(credit, count uint32) {
	r.t.Helper()
	r.send(&amqp.Flow{
		NextIncomingID: new(uint32(0)), IncomingWindow: 1000, NextOutgoingID: 5, OutgoingWindow: 1000,
		Handle: new(uint32(answers)), DeliveryCount: &count, LinkCredit: &credit,
	})
}

// registerMessage is a register call with a correlation id, if any, and a body.
func registerMessage(id any, body ...byte) *amqp.Message {
	m := &amqp.Message{
		ApplicationProperties: amqp.Map{{Key: "iotdps-operation-type", Value: "iotdps-register"}},
		Data:                  [][]byte{body},
	}
	if id != nil {
		m.Properties = &amqp.Properties{CorrelationID: id}
	}
	return m
}

func statusMessage(id any, operationID string) *amqp.Message {
	m := registerMessage(id)
	m.ApplicationProperties = amqp.Map{
		{Key: "iotdps-operation-type", Value: "iotdps-get-operationstatus"}, {Key: "iotdps-operation-id", Value: operationID},
	}
	return m
}

// request sends a message as delivery id.
func (r *rawAMQP) request(id uint32, m *amqp.Message) {
	r.t.Helper()
	r.transfer(amqp.Transfer{Handle: requests, DeliveryID: &id, DeliveryTag: []byte{byte(id)}, MessageFormat: new(uint32(0))}, m, 512)
}

func (r *rawAMQP) transfer(t amqp.Transfer, m *amqp.Message, frame uint32) (frames int) {
	r.t.Helper()
	payload, err := m.Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	if frames, err = amqp.WriteTransfer(r.conn, channel, t, payload, frame); err != nil {
		r.t.Fatal(err)
	}
	return frames
}

// outcome reads the disposition of a delivery.
func (r *rawAMQP) outcome(id uint32) amqp.DeliveryState {
	r.t.Helper()
	d := expect[*amqp.Disposition](r)
	if d.Role != amqp.RoleReceiver || d.First != id || !d.Settled {
		r.t.Fatalf("disposition %+v, want one of delivery %d", d, id)
	}
	return d.State
}

// accepted reads the disposition of a delivery that is accepted.
func (r *rawAMQP) accepted(id uint32) {
	r.t.Helper()
	if state, ok := r.outcome(id).(*amqp.Accepted); !ok {
		r.t.Fatalf("delivery %d has the outcome %+v", id, state)
	}
}

// answer reads an answer, and the frames that it takes.
func (r *rawAMQP) answer() (message *amqp.Message, frames []*amqp.Transfer) {
	r.t.Helper()
	var assembly amqp.Assembly
	for {
		f := r.next()
		t, ok := f.Body.(*amqp.Transfer)
		if !ok {
			r.t.Fatalf("%s where an answer is expected", describeFrame(f))
		}
		frames = append(frames, t)
		d, err := assembly.Add(t, f.Payload)
		if err != nil {
			r.t.Fatal(err)
		}
		if d == nil {
			continue
		}
		if message, err = (amqp.Limits{}).DecodeMessage(d.Payload); err != nil {
			r.t.Fatal(err)
		}
		return message, frames
	}
}

// operationOf parses the contents of an answer.
func operationOf(t *testing.T, m *amqp.Message) *dps.Operation {
	t.Helper()
	if len(m.Data) != 1 {
		t.Fatalf("%d data sections", len(m.Data))
	}
	body := dps.ParseBody(m.Data[0])
	if body.Operation == nil {
		t.Fatalf("body %s", m.Data[0])
	}
	return body.Operation
}

// theirs converts an error for the helpers of the other library.
func theirs(e *amqp.Error) *goError {
	if e == nil {
		return &goError{}
	}
	return &goError{Condition: goCondition(e.Condition), Description: e.Description}
}
