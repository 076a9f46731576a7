package probe_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"testing"

	"github.com/coder/websocket"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// amqpPeer is the service over AMQP. A nil function behaves like a healthy service; a
// step's function ends the conversation.
type amqpPeer struct {
	mechanisms       []amqp.SASLMechanism // nil for PLAIN with any token for the device
	opening          amqp.Open            // the contents of OPEN other than the container id
	maxMessage       uint64               // the largest request that it accepts, 0 for any
	steps            map[amqpStep]func(*amqpConn)
	register, status func(*amqpConn, amqpRequest)
	tls              *tls.Config
	saw              chan<- any // receives every frame and SASL choice of the client, if not nil
}

// amqpStep is a step at which a peer can begin to misbehave.
type amqpStep string

const (
	atSASL     amqpStep = "SASL header"
	atHeader   amqpStep = "AMQP header"
	atOpen     amqpStep = "OPEN"
	atBegin    amqpStep = "BEGIN"
	atReceiver amqpStep = "ATTACH of the receiver"
	atSender   amqpStep = "ATTACH of the sender"
	atRegister amqpStep = "register"
	atStatus   amqpStep = "status"
)

// amqpConn is one connection of a peer.
type amqpConn struct {
	net.Conn
	ctx      context.Context
	peer     amqpPeer
	attached *amqp.Attach // the last one
	answers  uint32       // handle of the client's receiver
	sent     uint32       // answers so far
	calls    map[string]int
	limit    uint32 // the size of the frames of an answer
	assembly amqp.Assembly
}

// amqpRequest is a call of the device API.
type amqpRequest struct {
	number   int // number among those of its type on this connection, from 1
	delivery uint32
	message  *amqp.Message
}

const amqpServer = "IoTDPSGW_test"

func (p amqpPeer) serve(ctx context.Context, conn net.Conn) {
	c := &amqpConn{Conn: conn, ctx: ctx, peer: p, calls: map[string]int{}, limit: amqp.DefaultFrame}
	header, err := amqp.ReadProtocol(conn)
	if err != nil {
		return
	}
	c.note(header)
	if header == amqp.ProtocolSASL.Header() {
		if c.leaves(atSASL) || amqp.ServerSASL(ctx, conn, c.offer(), amqp.Limits{}) != nil {
			untilClosed(conn)
			return
		}
		if _, err := amqp.ReadProtocol(conn); err != nil {
			return
		}
	}
	if c.leaves(atHeader) {
		return
	}
	c.announce(amqp.ProtocolAMQP)
	for {
		frame, err := amqp.Limits{}.ReadFrame(conn)
		if err != nil || !c.take(frame) {
			return
		}
	}
}

func (c *amqpConn) note(v any) {
	if c.peer.saw != nil {
		c.peer.saw <- v
	}
}

// leaves runs the function of a step, if there is one.
func (c *amqpConn) leaves(step amqpStep) bool {
	f := c.peer.steps[step]
	if f != nil {
		f(c)
	}
	return f != nil
}

func (c *amqpConn) offer() []amqp.SASLMechanism {
	if c.peer.mechanisms != nil {
		return c.peer.mechanisms
	}
	return []amqp.SASLMechanism{{Name: "TPM"}, {Name: "PLAIN", Verify: func(x *amqp.SASLExchange) (amqp.SASLCode, error) {
		c.note(x.Init)
		user, password, ok := amqp.ParsePlain(x.Init.InitialResponse)
		token, err := dps.ParseToken(dps.NewSecret(password))
		if ok && err == nil && user == dps.Resource(scope, id) && token.Covers(user) {
			return amqp.SASLOK, nil
		}
		return amqp.SASLAuth, nil
	}}}
}

// saslWith runs the server's side of a SASL exchange.
func (c *amqpConn) saslWith(mechanisms ...amqp.SASLMechanism) {
	_ = amqp.ServerSASL(c.ctx, c, mechanisms, amqp.Limits{})
}

// take handles a frame; it returns false to end the conversation.
func (c *amqpConn) take(f amqp.Frame) bool {
	if f.Body != nil {
		c.note(f.Body)
	}
	switch body := f.Body.(type) {
	case *amqp.Open:
		if c.leaves(atOpen) {
			return false
		}
		answer := c.peer.opening
		answer.ContainerID = amqpServer
		if answer.MaxFrameSize == nil {
			answer.MaxFrameSize = new(uint32(amqp.DefaultFrame))
		}
		c.send(&answer)
	case *amqp.Begin:
		if c.leaves(atBegin) {
			return false
		}
		c.send(&amqp.Begin{RemoteChannel: &f.Channel, IncomingWindow: 1000, OutgoingWindow: 1000})
	case *amqp.Attach:
		return c.attach(body)
	case *amqp.Transfer:
		return c.call(body, f.Payload)
	case *amqp.Close:
		c.send(&amqp.Close{})
		return false
	}
	return true
}

// If the peer fails to send something, the client fails, which the test checks.

func (c *amqpConn) announce(p amqp.Protocol) { _ = amqp.WriteProtocol(c, p) }

func (c *amqpConn) write(f amqp.Frame) { _ = amqp.WriteFrame(c, f) }

func (c *amqpConn) send(body amqp.Composite) { c.write(amqp.Frame{Body: body}) }

// attach answers with the other role and the same addresses, and gives credit to a sender.
func (c *amqpConn) attach(link *amqp.Attach) bool {
	c.attached = link
	answer := &amqp.Attach{Name: link.Name, Handle: link.Handle, Role: !link.Role, Source: link.Source, Target: link.Target}
	if link.Role == amqp.RoleReceiver {
		if c.leaves(atReceiver) {
			return false
		}
		c.answers = link.Handle
		answer.InitialDeliveryCount = new(uint32(0))
		c.send(answer)
		return true
	}
	if c.leaves(atSender) {
		return false
	}
	answer.MaxMessageSize = c.peer.maxMessage
	c.send(answer)
	c.send(&amqp.Flow{
		NextIncomingID: new(uint32(0)), IncomingWindow: 1000, OutgoingWindow: 1000,
		Handle: &link.Handle, DeliveryCount: new(uint32(0)), LinkCredit: new(uint32(100)),
	})
	return true
}

func (c *amqpConn) call(t *amqp.Transfer, payload []byte) bool {
	delivery, err := c.assembly.Add(t, payload)
	if delivery == nil || err != nil {
		return err == nil
	}
	message, err := amqp.Limits{}.DecodeMessage(delivery.Payload)
	if err != nil {
		return false
	}
	kind, _ := message.ApplicationProperties.Get(dps.AMQPOperationType)
	c.note(message)
	step, handle, healthy := atStatus, c.peer.status, amqpReply(registeredAMQP)
	if kind == dps.AMQPRegister {
		step, handle, healthy = atRegister, c.peer.register, amqpReply(registeringAMQP, dps.AMQPRetryAfter, int32(0))
	}
	if c.leaves(step) {
		return false
	}
	if handle == nil {
		handle = healthy
	}
	c.calls[string(step)]++
	handle(c, amqpRequest{c.calls[string(step)], delivery.ID, message})
	return true
}

const (
	registeringAMQP = `{"operationId":"op1","status":"assigning"}`
	registeredAMQP  = `{"operationId":"op1","status":"assigned","registrationState":{"registrationId":"dev-01","status":"assigned","assignedHub":"hub.example","deviceId":"dev-01"}}`
)

// correlation returns the correlation id for an answer to the request.
func (r amqpRequest) correlation() any { return r.message.Properties.CorrelationID }

func amqpAccept(c *amqpConn, r amqpRequest) { c.settle(r, &amqp.Accepted{}) }

func (c *amqpConn) settle(r amqpRequest, state amqp.DeliveryState) {
	c.send(&amqp.Disposition{Role: amqp.RoleReceiver, First: r.delivery, Settled: true, State: state})
}

// amqpReply accepts a request and answers it. Application properties come in pairs.
func amqpReply(body string, properties ...any) func(*amqpConn, amqpRequest) {
	return amqpThen(amqpAccept, amqpAnswer(&amqp.Message{Data: [][]byte{[]byte(body)}}, properties...))
}

// amqpAnswer answers a request without accepting it.
func amqpAnswer(m *amqp.Message, properties ...any) func(*amqpConn, amqpRequest) {
	return func(c *amqpConn, r amqpRequest) { c.answer(r.correlation(), *m, properties...) }
}

// amqpAnswerTo answers another request.
func amqpAnswerTo(correlation any, body string) func(*amqpConn, amqpRequest) {
	return func(c *amqpConn, _ amqpRequest) { c.answer(correlation, amqp.Message{Data: [][]byte{[]byte(body)}}) }
}

func (c *amqpConn) answer(correlation any, m amqp.Message, properties ...any) {
	m.Properties = &amqp.Properties{CorrelationID: correlation}
	for i := 0; i < len(properties); i += 2 {
		m.ApplicationProperties = append(m.ApplicationProperties, amqp.Pair{Key: properties[i], Value: properties[i+1]})
	}
	payload, err := m.Encode()
	if err != nil {
		panic(err)
	}
	c.transfer(payload)
}

func (c *amqpConn) transfer(payload []byte) {
	t := amqp.Transfer{Handle: c.answers, DeliveryID: new(c.sent), DeliveryTag: []byte{byte(c.sent)}, MessageFormat: new(uint32(0))}
	_, _ = amqp.WriteTransfer(c, 0, t, payload, c.limit)
	c.sent++
}

// amqpReject refuses a request. Info comes in pairs.
func amqpReject(condition, description string, info ...any) func(*amqpConn, amqpRequest) {
	return func(c *amqpConn, r amqpRequest) {
		c.settle(r, &amqp.Rejected{Error: amqpError(condition, description, info...)})
	}
}

func amqpError(condition, description string, info ...any) *amqp.Error {
	e := &amqp.Error{Condition: amqp.Symbol(condition), Description: description}
	for i := 0; i < len(info); i += 2 {
		e.Info = append(e.Info, amqp.Pair{Key: info[i], Value: info[i+1]})
	}
	return e
}

// amqpThen combines two handlers into one. amqpFirst uses one handler for the first request
// and another for the rest.
func amqpThen(one, two func(*amqpConn, amqpRequest)) func(*amqpConn, amqpRequest) {
	return func(c *amqpConn, r amqpRequest) { one(c, r); two(c, r) }
}

func amqpFirst(first, later func(*amqpConn, amqpRequest)) func(*amqpConn, amqpRequest) {
	return func(c *amqpConn, r amqpRequest) {
		if r.number == 1 {
			first(c, r)
			return
		}
		later(c, r)
	}
}

// amqpSends sends frames whatever the request is.
func amqpSends(bodies ...amqp.Composite) func(*amqpConn, amqpRequest) {
	return func(c *amqpConn, _ amqpRequest) {
		for _, body := range bodies {
			c.send(body)
		}
	}
}

// amqpCut closes the connection, amqpSilent sends nothing, amqpRaw sends bytes.
func amqpCut(c *amqpConn) { c.Close() }

func amqpSilent(c *amqpConn) { untilClosed(c) }

func amqpRaw(bytes string) func(*amqpConn) {
	return func(c *amqpConn) {
		c.Write([]byte(bytes))
		untilClosed(c)
	}
}

// amqpFrames sends frames and then waits for the client to close the connection.
func amqpFrames(bodies ...amqp.Composite) func(*amqpConn) {
	return func(c *amqpConn) {
		amqpSends(bodies...)(c, amqpRequest{})
		untilClosed(c)
	}
}

// amqpNoLink refuses a link as the standard requires: an ATTACH without addresses, then
// DETACH.
func amqpNoLink(reason *amqp.Error) func(*amqpConn) {
	return func(c *amqpConn) {
		link := &amqp.Attach{Name: c.attached.Name, Handle: c.attached.Handle, Role: !c.attached.Role}
		if c.attached.Role == amqp.RoleReceiver {
			link.InitialDeliveryCount = new(uint32(0))
		}
		amqpFrames(link, &amqp.Detach{Handle: link.Handle, Closed: true, Error: reason})(c)
	}
}

// amqpStart serves a peer and returns a probe of it.
type amqpStart func(*testing.T, amqpPeer) probe.Config

// overAMQP runs a test over AMQP and over AMQP on a WebSocket.
func overAMQP(t *testing.T, test func(*testing.T, amqpStart)) {
	t.Helper()
	t.Run("amqp", func(t *testing.T) { test(t, startAMQP) })
	t.Run("amqp-ws", func(t *testing.T) { test(t, startAMQPOverWebSocket) })
}

// amqpBudget is the time limit of a probe: it lasts until a peer uses it up.
type amqpBudget struct {
	context.Context
	spent chan struct{}
}

func newAMQPBudget(t *testing.T) amqpBudget {
	return amqpBudget{t.Context(), make(chan struct{})}
}

// Done and Err make it a context that ends like one with a deadline.
func (b amqpBudget) Done() <-chan struct{} { return b.spent }

func (b amqpBudget) Err() error {
	select {
	case <-b.spent:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// spend makes a step at which the time runs out, before f.
func (b amqpBudget) spend(f func(*amqpConn)) func(*amqpConn) {
	return func(c *amqpConn) { close(b.spent); f(c) }
}

func startAMQP(t *testing.T, p amqpPeer) probe.Config {
	t.Helper()
	config, roots := serverTLS(t)
	if p.tls != nil {
		config.ClientAuth, config.VerifyConnection = p.tls.ClientAuth, p.tls.VerifyConnection
	}
	cfg := target(t, listen(t, func(conn net.Conn) {
		conn = tls.Server(conn, config)
		defer conn.Close()
		p.serve(t.Context(), conn)
	}))
	cfg.Roots, cfg.Transports = roots, []probe.Transport{probe.NewAMQP()}
	return cfg
}

func startAMQPOverWebSocket(t *testing.T, p amqpPeer) probe.Config {
	t.Helper()
	return startAMQPHandshake(t, p.tls, func(w http.ResponseWriter, req *http.Request) {
		ws, err := websocket.Accept(w, req, &websocket.AcceptOptions{Subprotocols: []string{"AMQPWSB10"}})
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		ctx := context.WithoutCancel(req.Context())
		p.serve(ctx, websocket.NetConn(ctx, ws, websocket.MessageBinary))
	})
}

// startAMQPHandshake serves WebSocket handshakes and returns a probe of it.
func startAMQPHandshake(t *testing.T, changes *tls.Config, h http.HandlerFunc) probe.Config {
	t.Helper()
	cfg := startTLS(t, changes.Clone(), h)
	cfg.Transports = []probe.Transport{probe.NewAMQPOverWebSocket()}
	return cfg
}
