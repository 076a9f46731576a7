package probe

import (
	"context"
	"net"

	"dpsdiag/internal/dps"
)

// TransportID names a transport as the --transport flag does.
type TransportID string

// The transports of the device API.
const (
	HTTPS  TransportID = "https"
	MQTT   TransportID = "mqtt"
	MQTTWS TransportID = "mqtt-ws"
	AMQP   TransportID = "amqp"
	AMQPWS TransportID = "amqp-ws"
)

// Transports lists the transports in the order in which a comparison shows them.
func Transports() []Transport {
	return []Transport{NewHTTPS(), NewMQTT(), NewMQTTOverWebSocket(), NewAMQP(), NewAMQPOverWebSocket()}
}

// Transport speaks the device API over one protocol.
type Transport interface {
	ID() TransportID
	// Traits are the transport's in its differences from others.
	Traits() TransportTraits
	// Supports returns an error that says why when the service does not offer the mode or
	// the attestation over this transport.
	Supports(Mode, AttestationKind) error
	// Open starts a session. The first call of dial hands over the connection that the
	// connect and tls stages proved; further calls make new ones in the same way. A nil
	// Session means that the Opening says why: a Refusal by the peer, or a Failure, or that
	// there is nothing to go on with (Withheld).
	Open(ctx context.Context, dial Dialer, target Target, id Identity) (Session, Opening)
}

// TransportTraits are what others than the transport itself ask of it, where transports
// differ.
type TransportTraits struct {
	Protocol string                 // for people, such as "MQTT 3.1.1 over TLS"
	Port     func(dps.Endpoint) int // the port of an endpoint that it connects to
	// BeginsInHTTP says that what is sent first, after TLS, is an HTTP request: that of a
	// WebSocket as well.
	BeginsInHTTP bool
	WebSocket    bool // the protocol is spoken over a WebSocket
	// Garbled is the catalogue's id for an answer that is not in the protocol.
	Garbled string
	hub     hubProtocol // in which the assigned hub is asked
}

// Traits are those of the transport of that name; those of HTTPS for a name of none.
func (id TransportID) Traits() TransportTraits {
	for _, t := range Transports() {
		if t.ID() == id {
			return t.Traits()
		}
	}
	return NewHTTPS().Traits()
}

// Port is the port of an endpoint that the transport connects to.
func (id TransportID) Port(e dps.Endpoint) int { return id.Traits().Port(e) }

// StandardPort is the port that the service has for the transport.
func (id TransportID) StandardPort() int { return id.Port(dps.StandardPorts()) }

// HasOwnPort reports whether the service has a port for the transport alone.
func (id TransportID) HasOwnPort() bool { return id.StandardPort() != dps.PortHTTPS }

// Dialer makes a TLS connection to the transport's port.
type Dialer func(ctx context.Context) (net.Conn, error)

// Session is an opened transport. Every call returns an Answer; where none came, its
// Failure says why. Calls are made one at a time.
type Session interface {
	Register(ctx context.Context, body []byte) Answer
	Status(ctx context.Context, operationID string) Answer
	Lookup(ctx context.Context, body []byte) Answer
	Close() error
}
