package emulator

// The transports, as the log names them.
const (
	transportHTTPS  = "https"
	transportMQTT   = "mqtt"
	transportMQTTWS = "mqtt-ws"
	transportAMQP   = "amqp"
	transportAMQPWS = "amqp-ws"
	transportHub    = "hub" // before it is known which of the others
)

// call is who asked what, for the log.
type call struct {
	transport, remote string
	operation         operation
	registrationID    string
	deviceID          string // of a call of the hub, in place of registrationID
}

// who is the name of the caller, as the log has it.
func (c call) who() []any {
	if c.operation == opHub {
		return []any{"device_id", c.deviceID}
	}
	return []any{"registration_id", c.registrationID}
}

// report logs what was answered to a call and, of a refusal, why.
func (f *front) report(c call, answer response) {
	attributes := append([]any{"transport", c.transport, "operation", string(c.operation)}, c.who()...)
	attributes = append(attributes, "remote", c.remote, "status", answer.status, "tracking_id", answer.trackingID)
	if answer.refused != nil {
		attributes = append(attributes, "error_code", answer.errorCode, "reason", string(answer.refused.reason), "why", answer.refused.why)
	}
	f.log.Info("call", attributes...)
}

// reportRefused logs that a connection was refused, and in what terms of its transport.
func (f *front) reportRefused(c call, with string, refused *refusal) {
	attributes := append([]any{"transport", c.transport}, c.who()...)
	f.log.Info("connection refused", append(attributes,
		"remote", c.remote, "with", with, "reason", string(refused.reason), "why", refused.why)...)
}

// reportEnd logs how a connection ended, for debugging.
func (f *front) reportEnd(transport, remote string, err error) {
	f.log.Debug("connection ended", "transport", transport, "remote", remote, "error", err)
}
