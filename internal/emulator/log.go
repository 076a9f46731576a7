package emulator

// The transports, as the log names them.
const (
	transportHTTPS  = "https"
	transportMQTT   = "mqtt"
	transportMQTTWS = "mqtt-ws"
	transportAMQP   = "amqp"
	transportAMQPWS = "amqp-ws"
)

// call is who asked what, for the log.
type call struct {
	transport, remote string
	operation         operation
	registrationID    string
}

// report logs what was answered to a call and, of a refusal, why.
func (f *front) report(c call, answer response) {
	attributes := []any{
		"transport", c.transport, "operation", string(c.operation), "registration_id", c.registrationID,
		"remote", c.remote, "status", answer.status, "tracking_id", answer.trackingID,
	}
	if answer.refused != nil {
		attributes = append(attributes, "error_code", answer.errorCode, "reason", string(answer.refused.reason), "why", answer.refused.why)
	}
	f.log.Info("call", attributes...)
}

// reportRefused logs that a connection was refused, and in what terms of its transport.
func (f *front) reportRefused(c call, with string, refused *refusal) {
	f.log.Info("connection refused", "transport", c.transport, "registration_id", c.registrationID,
		"remote", c.remote, "with", with, "reason", string(refused.reason), "why", refused.why)
}

// reportEnd logs how a connection ended, for debugging.
func (f *front) reportEnd(transport, remote string, err error) {
	f.log.Debug("connection ended", "transport", transport, "remote", remote, "error", err)
}
