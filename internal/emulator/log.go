package emulator

import "dpsdiag/internal/dps"

// The log messages about a device, at info level. Their attributes are transport,
// registration_id or, at the hub, device_id or, at the service API, request, and remote. A call also has operation, status,
// tracking_id and, if known, error_code, reason, why, result, hub and delivery. A connection
// also has with, reason and why.
const (
	LogCall     = "call"
	LogRefused  = "connection refused"
	LogAccepted = "connection accepted"
)

// The names of the transports in the log.
const (
	transportHTTPS  = "https"
	transportMQTT   = "mqtt"
	transportMQTTWS = "mqtt-ws"
	transportAMQP   = "amqp"
	transportAMQPWS = "amqp-ws"
	transportHub    = "hub" // before it is known which of the others
)

// call describes the caller and the call, for the log.
type call struct {
	transport, remote string
	operation         operation
	registrationID    string
	deviceID          string // for a call of the hub, instead of registrationID
	request           string // method and path of a call of the service API, likewise
}

// who returns the name of the caller for the log.
func (c call) who() []any {
	switch c.operation {
	case opHub:
		return []any{"device_id", c.deviceID}
	case opService:
		return []any{"request", c.request}
	}
	return []any{"registration_id", c.registrationID}
}

// report logs the answer to a call and, for a refusal, the reason.
func (f *front) report(c call, answer response) {
	attributes := append([]any{"transport", c.transport, "operation", string(c.operation)}, c.who()...)
	attributes = append(attributes, "remote", c.remote, "status", answer.status, "tracking_id", answer.trackingID)
	if answer.refused != nil {
		attributes = append(attributes, "error_code", answer.errorCode, "reason", string(answer.refused.reason), "why", answer.refused.why)
	}
	attributes = append(attributes, answer.outcome()...)
	if answer.delivery.manner != "" {
		attributes = append(attributes, "delivery", string(answer.delivery.manner))
	}
	f.log.Info(LogCall, attributes...)
}

// outcome returns the state of the registration in an answer, if there is one.
func (r response) outcome() []any {
	var state *dps.Registration
	var result []any
	switch body := r.body.(type) {
	case *dps.Operation:
		result, state = []any{"result", string(body.Status)}, body.Registration
	case *dps.Registration:
		result, state = []any{"result", string(body.Status)}, body
	}
	if state == nil {
		return result
	}
	if state.AssignedHub != "" {
		result = append(result, "hub", state.AssignedHub)
	}
	if state.ErrorCode != 0 {
		result = append(result, "error_code", state.ErrorCode, "why", state.ErrorMessage)
	}
	return result
}

// reportAccepted logs that a connection was accepted.
func (f *front) reportAccepted(c call, with string) {
	f.log.Info(LogAccepted, append(append([]any{"transport", c.transport, "operation", string(c.operation)}, c.who()...), "remote", c.remote, "with", with)...)
}

// reportKnock logs, for debugging, a request for the root, with which a probe checks HTTP.
func (f *front) reportKnock(c call) {
	f.log.Debug("asked for the root", "transport", c.transport, "remote", c.remote)
}

// reportRefused logs that a connection was refused, in the terms of its transport.
func (f *front) reportRefused(c call, with string, refused *refusal) {
	attributes := append([]any{"transport", c.transport}, c.who()...)
	f.log.Info(LogRefused, append(attributes,
		"remote", c.remote, "with", with, "reason", string(refused.reason), "why", refused.why)...)
}

// reportEnd logs how a connection ended, for debugging.
func (f *front) reportEnd(transport, remote string, err error) {
	f.log.Debug("connection ended", "transport", transport, "remote", remote, "error", err)
}
