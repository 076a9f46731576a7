package probe

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/url"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// Settings of the MQTT session.
const (
	mqttSubprotocol  = "mqtt"
	mqttQoS          = 1
	mqttKeepAlive    = 60 * time.Second       // as in the Python SDK
	mqttWriteTimeout = 10 * time.Second       // for a peer that accepts no more bytes
	mqttAckGrace     = time.Second            // for a PUBACK that arrives after the answer, out of order
	mqttQuiesce      = 500 * time.Millisecond // for the DISCONNECT to be sent
)

// mqttTransport speaks the device API over MQTT 3.1.1, directly over TLS or over a
// WebSocket (learn.microsoft.com: iot-dps/iot-mqtt-connect-to-iot-dps).
type mqttTransport struct{ overWebSocket bool }

// NewMQTT returns the MQTT transport.
func NewMQTT() Transport { return mqttTransport{} }

// NewMQTTOverWebSocket returns the transport that speaks MQTT over a WebSocket.
func NewMQTTOverWebSocket() Transport { return mqttTransport{overWebSocket: true} }

// ID implements Transport.
func (t mqttTransport) ID() TransportID {
	if t.overWebSocket {
		return MQTTWS
	}
	return MQTT
}

// Traits implements Transport.
func (t mqttTransport) Traits() TransportTraits {
	traits := TransportTraits{
		Protocol: "MQTT 3.1.1 over TLS", Port: func(e dps.Endpoint) int { return e.MQTT },
		Garbled: "node-mqtt-unrecognized-packet-type", hub: hubMQTT(t),
	}
	if t.overWebSocket {
		traits.Protocol = "MQTT 3.1.1 over WebSocket"
		traits.throughWebSocket()
	}
	return traits
}

// Supports implements Transport.
func (mqttTransport) Supports(m Mode, k AttestationKind) error {
	switch {
	case m == ModeLookup:
		return errors.New("the service offers the status lookup over https only")
	case k == KindTPM:
		return errors.New("the service accepts a TPM over https and amqp only")
	}
	return nil
}

// Open implements Transport: CONNECT, then SUBSCRIBE to the answers.
func (t mqttTransport) Open(ctx context.Context, dial Dialer, target Target, id Identity) (Session, Opening) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, opening := t.dial(ctx, dial, target.Endpoint, id.redactor())
	if conn == nil {
		return nil, opening
	}
	if target.anonymous() {
		conn.Close()
		opening.Layer, opening.Withheld = cmp.Or(opening.Layer, LayerMQTTConnect), needsCredential
		return nil, opening
	}
	s := newMQTTSession(newMQTTWire(conn), target, id)
	steps := []struct {
		layer Layer
		take  func(context.Context) error
		show  func(error) Exchange
	}{
		{LayerMQTTConnect, s.connect, s.showConnect},
		{LayerMQTTSubscribe, s.subscribe, s.showSubscribe},
	}
	for _, step := range steps {
		opening.Layer, opening.Status = step.layer, 0
		err := step.take(ctx)
		opening.Exchanges = append(opening.Exchanges, step.show(err))
		if err != nil {
			s.Close()
			opening.failMQTT(err)
			return nil, opening
		}
	}
	return s, opening
}

func (t mqttTransport) dial(ctx context.Context, dial Dialer, e dps.Endpoint, redact *redactor) (net.Conn, Opening) {
	if t.overWebSocket {
		return dialWebSocket(ctx, dial, e, mqttSubprotocol, redact)
	}
	conn, err := dial(ctx)
	if err != nil {
		return nil, Opening{Layer: LayerMQTTConnect, Failure: callFailure(err)}
	}
	return conn, Opening{}
}

// failMQTT records either a refusal or a missing answer.
func (o *Opening) failMQTT(err error) {
	if refusal, ok := errors.AsType[*mqttRefusedError](err); ok {
		o.Status, o.Refusal = int(refusal.code), refusal.text
		return
	}
	o.Failure = netfail.Classify(err)
}

// mqttSession makes calls on one connection.
type mqttSession struct {
	client     mqtt.Client
	wire       *mqttWire
	target     Target
	redact     *redactor
	withToken  bool // of the CONNECT
	connecting mqtt.Token

	mu      sync.Mutex
	rid     string          // the id of the call that waits for an answer; "" for none
	answers chan mqttAnswer // see expect
	strays  int             // messages ignored since the last answer
}

func newMQTTSession(wire *mqttWire, target Target, id Identity) *mqttSession {
	s := &mqttSession{wire: wire, target: target, redact: id.redactor(), withToken: !id.Token.IsZero(), answers: make(chan mqttAnswer)}
	options := mqtt.NewClientOptions().
		SetProtocolVersion(4). // without it the library tries MQTT 3.1 after a refused CONNECT
		SetClientID(target.RegistrationID).
		SetUsername(s.username()).
		SetPassword(id.Token.Reveal()). // no payload is sent for ""
		SetCleanSession(true).
		SetKeepAlive(mqttKeepAlive).
		SetConnectTimeout(callTimeout).
		SetWriteTimeout(mqttWriteTimeout).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return wire, nil }).
		SetDefaultPublishHandler(s.deliver).
		SetConnectionLostHandler(s.end)
	options.Servers = []*url.URL{{Host: target.Endpoint.Host}} // the library requires one; it is not dialled
	s.client = mqtt.NewClient(options)
	s.connecting = s.client.Connect()
	return s
}

// connect waits for the CONNACK.
func (s *mqttSession) connect(ctx context.Context) error { return s.await(ctx, s.connecting) }

// subscribe subscribes to the answers and waits for the SUBACK.
func (s *mqttSession) subscribe(ctx context.Context) error {
	var token mqtt.Token
	if err := s.wire.hand(func() { token = s.client.Subscribe(dps.MQTTResponses, mqttQoS, nil) }); err != nil {
		return err
	}
	if err := s.await(ctx, token); err != nil {
		return err
	}
	if token.(*mqtt.SubscribeToken).Result()[dps.MQTTResponses] == subackRefused {
		return &mqttRefusedError{subackRefused, "SUBACK 128: the subscription to the answers is refused"}
	}
	return nil
}

// await waits until token is done; the library completes all tokens when the connection
// ends.
func (s *mqttSession) await(ctx context.Context, token mqtt.Token) error {
	select {
	case <-token.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := token.Error(); err != nil {
		return cmp.Or(s.wire.cause(), err)
	}
	return nil
}

// Register implements Session.
func (s *mqttSession) Register(ctx context.Context, body []byte) Answer {
	return s.call(ctx, OpRegister, dps.MQTTRegisterTopic, body)
}

// Status implements Session. The payload is one space, as in the Node and Python SDKs.
func (s *mqttSession) Status(ctx context.Context, operationID string) Answer {
	topic := func(rid string) string { return dps.MQTTStatusTopic(rid, operationID) }
	return s.call(ctx, OpStatus, topic, []byte(" "))
}

// Lookup implements Session; the service has none over MQTT, as Supports says.
func (s *mqttSession) Lookup(context.Context, []byte) Answer {
	return Answer{Op: OpLookup, Failure: &netfail.Failure{Kind: netfail.Other, Text: "there is no lookup over MQTT"}}
}

// Close implements Session: it sends DISCONNECT if there was a CONNACK.
func (s *mqttSession) Close() error {
	select {
	case <-s.connecting.Done():
	default:
		s.wire.Close()
		<-s.connecting.Done()
	}
	if s.connecting.Error() == nil {
		s.client.Disconnect(uint(mqttQuiesce.Milliseconds()))
	}
	return s.wire.Close()
}

// call makes one call. It never fails: if no answer came, the answer has a Failure.
func (s *mqttSession) call(ctx context.Context, op Operation, topic func(rid string) string, body []byte) Answer {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	start := time.Now()
	a := Answer{Op: op}
	if err := s.exchange(ctx, topic, body, &a); err != nil {
		a.Failure, a.Strays = netfail.Classify(err), s.takeStrays()
	}
	a.Took = time.Since(start)
	return a
}

// exchange publishes a request and waits for its answer and its PUBACK.
func (s *mqttSession) exchange(ctx context.Context, topic func(rid string) string, body []byte, a *Answer) error {
	rid := rand.Text()
	answers := s.expect(rid)
	defer s.expect("")
	var sent mqtt.Token
	if err := s.wire.hand(func() { sent = s.client.Publish(topic(rid), mqttQoS, false, body) }); err != nil {
		return err
	}
	a.Exchange = &Exchange{Request: s.showPublish(topic(rid), body)}
	select {
	case answer, ok := <-answers:
		if !ok {
			return s.wire.cause()
		}
		a.readMQTT(answer, s.redact)
		a.Exchange.Answer = s.showPublish(answer.topic, answer.body)
		a.Unacknowledged = !acknowledged(ctx, sent)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// acknowledged waits for the PUBACK of the request for a short time.
func acknowledged(ctx context.Context, sent mqtt.Token) bool {
	ctx, cancel := context.WithTimeout(ctx, mqttAckGrace)
	defer cancel()
	select {
	case <-sent.Done():
		return sent.Error() == nil // there is an error if the connection ended first
	case <-ctx.Done():
		return false
	}
}

// mqttAnswer is the message that answers a call.
type mqttAnswer struct {
	topic  string
	body   []byte
	strays int // messages ignored before it
}

// readMQTT reads what is needed of an answer.
func (a *Answer) readMQTT(answer mqttAnswer, redact *redactor) {
	status, _, retryAfter, _ := dps.ParseResponseTopic(answer.topic)
	a.Status, a.Strays = status, answer.strays
	a.RetryAfter = ParseRetryAfter(retryAfter, time.Now())
	a.setBody(answer.body, redact)
}

// expect sets the call with the request id rid as the one that waits for an answer. The
// returned channel receives that answer, and is closed when the connection has ended.
func (s *mqttSession) expect(rid string) <-chan mqttAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rid, s.answers = rid, make(chan mqttAnswer, 1)
	return s.answers
}

// deliver receives every message. Only the first answer to the waiting call is used.
func (s *mqttSession) deliver(_ mqtt.Client, m mqtt.Message) {
	_, rid, _, ok := dps.ParseResponseTopic(m.Topic())
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok || rid != s.rid {
		s.strays++
		return
	}
	s.answers <- mqttAnswer{m.Topic(), m.Payload(), s.strays}
	s.rid, s.strays = "", 0
}

// takeStrays returns how many unexpected messages have arrived since it, or an answer, last
// reported them.
func (s *mqttSession) takeStrays() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	strays := s.strays
	s.strays = 0
	return strays
}

// end tells the waiting call that nothing more will arrive. The library calls it once,
// after it has delivered every message.
func (s *mqttSession) end(mqtt.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.answers)
}
