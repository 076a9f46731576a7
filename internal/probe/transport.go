package probe

import (
	"context"
	"net"

	"dpsdiag/internal/dps"
)

// TransportID is the name of a transport in the --transport flag.
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
	// Traits describe how the transport differs from others.
	Traits() TransportTraits
	// Supports returns an error with the reason if the service does not offer the mode or the
	// attestation over this transport.
	Supports(Mode, AttestationKind) error
	// Open starts a session. The first call of dial returns the connection from the connect and
	// tls stages; further calls make new ones in the same way. If the Session is nil, the
	// Opening says why: a Refusal by the peer, a Failure, or that the session could not be
	// opened further (Withheld).
	Open(ctx context.Context, dial Dialer, target Target, id Identity) (Session, Opening)
}

// TransportTraits are the properties of a transport that other code needs to know.
type TransportTraits struct {
	Protocol string                 // for people, such as "MQTT 3.1.1 over TLS"
	Port     func(dps.Endpoint) int // the port of an endpoint to connect to
	// BeginsInHTTP says that the first data sent after TLS is an HTTP request, including that
	// of a WebSocket.
	BeginsInHTTP bool
	WebSocket    bool // the protocol is spoken over a WebSocket
	// Garbled is the catalogue id of an answer that does not follow the protocol.
	Garbled string
	hub     hubProtocol // the protocol for the assigned hub
}

// Traits returns the traits of the transport of that name; for an unknown name, those of
// HTTPS.
func (id TransportID) Traits() TransportTraits {
	for _, t := range Transports() {
		if t.ID() == id {
			return t.Traits()
		}
	}
	return NewHTTPS().Traits()
}

// Port returns the port of an endpoint that the transport connects to.
func (id TransportID) Port(e dps.Endpoint) int { return id.Traits().Port(e) }

// StandardPort returns the service's port for the transport.
func (id TransportID) StandardPort() int { return id.Port(dps.StandardPorts()) }

// HasOwnPort reports whether the service uses a port for this transport only.
func (id TransportID) HasOwnPort() bool { return id.StandardPort() != dps.PortHTTPS }

// Dialer makes a TLS connection to the transport's port.
type Dialer func(ctx context.Context) (net.Conn, error)

// Session is an open transport. Every call returns an Answer; if none came, its Failure
// says why. Calls are made one at a time.
type Session interface {
	Register(ctx context.Context, body []byte) Answer
	Status(ctx context.Context, operationID string) Answer
	Lookup(ctx context.Context, body []byte) Answer
	Close() error
}
