package probe

import (
	"context"
	"errors"
	"net"

	"dpsdiag/internal/dps"
)

// amqpTransport speaks the device API over AMQP 1.0, straight over TLS or over a WebSocket
// (azure-iot-sdk-node provisioning/transport/amqp/src/amqp.ts).
type amqpTransport struct{ overWebSocket bool }

// NewAMQP returns the AMQP transport.
func NewAMQP() Transport { return amqpTransport{} }

// NewAMQPOverWebSocket returns the transport that speaks AMQP over a WebSocket.
func NewAMQPOverWebSocket() Transport { return amqpTransport{overWebSocket: true} }

// ID implements Transport.
func (t amqpTransport) ID() TransportID {
	if t.overWebSocket {
		return AMQPWS
	}
	return AMQP
}

// Traits implements Transport. The probe does not speak AMQP to hubs, so it asks them over
// HTTPS.
func (t amqpTransport) Traits() TransportTraits {
	traits := TransportTraits{
		Protocol: "AMQP 1.0 over TLS", Port: func(e dps.Endpoint) int { return e.AMQP },
		Garbled: "amqp-connection-framing-error", hub: hubHTTPS{},
	}
	if t.overWebSocket {
		traits.Protocol = "AMQP 1.0 over WebSocket"
		traits.throughWebSocket()
	}
	return traits
}

// Supports implements Transport.
func (amqpTransport) Supports(m Mode, _ AttestationKind) error {
	if m == ModeLookup {
		return errors.New("the service offers the status lookup over https only")
	}
	return nil
}

// Open implements Transport: SASL unless a certificate authenticates the device, OPEN and
// BEGIN, then the two links.
func (t amqpTransport) Open(ctx context.Context, dial Dialer, target Target, id Identity) (Session, Opening) {
	s := &amqpSession{transport: t, dial: dial, target: target, identity: id, redact: id.redactor()}
	opening, ok := s.open(ctx)
	if !ok {
		return nil, opening
	}
	return s, opening
}

func (t amqpTransport) dial(ctx context.Context, dial Dialer, e dps.Endpoint, redact *redactor) (net.Conn, Opening) {
	if t.overWebSocket {
		return dialWebSocket(ctx, dial, e, dps.AMQPSubprotocol, redact)
	}
	conn, err := dial(ctx)
	if err != nil {
		return nil, Opening{Layer: LayerAMQPOpen, Failure: callFailure(err)}
	}
	return conn, Opening{}
}
