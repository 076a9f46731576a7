package probe

import "dpsdiag/internal/dps"

// StageID names a stage in reports.
type StageID string

// The stages, in order.
const (
	StageInputs   StageID = "inputs"
	StageResolve  StageID = "resolve"
	StageConnect  StageID = "connect"
	StageTLS      StageID = "tls"
	StageOpen     StageID = "open"
	StageRegister StageID = "register"
	StageAssign   StageID = "assign"
	StageHub      StageID = "hub"
)

// Stages lists every stage in the order in which it runs and is reported.
func Stages() []StageID {
	return []StageID{StageInputs, StageResolve, StageConnect, StageTLS, StageOpen, StageRegister, StageAssign, StageHub}
}

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

// Port is the port of an endpoint that the transport connects to.
func (id TransportID) Port(e dps.Endpoint) int {
	switch id {
	case MQTT:
		return e.MQTT
	case AMQP:
		return e.AMQP
	}
	return e.HTTPS // which serves the WebSocket transports too
}

// StandardPort is the port that the service has for the transport.
func (id TransportID) StandardPort() int { return id.Port(dps.StandardPorts()) }

// AttestationKind names how a device proves itself, as reports write it.
type AttestationKind string

// The attestations.
const (
	KindSymmetricKey AttestationKind = "symmetric-key"
	KindGroupKey     AttestationKind = "group-key"
	KindX509         AttestationKind = "x509"
	KindTPM          AttestationKind = "tpm"
	KindSASToken     AttestationKind = "sas-token"
)
