// Package emulator is a device provisioning service that runs on this machine. Official SDKs
// and the sandbox of the probe register against it.
//
// Call [Start] with a [Config], then use [Emulator.Ready] for the data that a person or a
// script needs to connect, or [Emulator.Device] for the identity that demonstrates the
// scenario, and end it with [Emulator.Close]. [Scenarios] lists the faults that it can
// simulate.
//
// # How a request is processed
//
// A listener reads a call and converts it into a request, which does not depend on the
// transport: https.go for HTTPS, mqtt.go for MQTT, amqp.go for AMQP, websocket.go for these
// two over WebSockets. The service first authenticates the caller (authenticate.go, with
// sas.go, x509.go and tpm_enrollment.go) against the enrollments (enrollment.go): with
// every call over HTTPS, and when a connection opens over the others. A TPM that sends its
// keys gets a challenge (tpm.go) and answers with a token. Then the service answers the call
// (service.go) from the state of the registration (registration.go), unless a fault
// (faults.go) applies. The result is a response or a refusal, which the listener converts
// into the form of its transport. So a fault is described once for all transports.
//
// MQTT and AMQP share two things: the stream (stream.go), which is TLS or a WebSocket over
// TLS, and the conversation on it (conversation.go), which handles one connection in one
// goroutine.
// MQTT adds little more than its packets (mqtt_wire.go). AMQP adds a login (amqp_login.go,
// amqp_login_tpm.go), then sessions (amqp_session.go) with links (amqp_link.go), for
// requests (amqp_request.go) and for answers, which are sent when the peer accepts them
// (amqp_outbox.go).
//
// # The hub
//
// An assigned device then connects to the stub hub. When its registration ends, settle in
// hub.go writes its identity into the registry, which also has the record of the
// registration. hub_listener.go detects the protocol of a connection by its first bytes:
// HTTPS (hub_https.go), or MQTT (hub_mqtt.go), which shares all but its topics with the
// MQTT of the service (mqtt.go, mqtt_publish.go; the service's part is in mqtt_service.go).
// A hub that accepts only MQTT 5 is served by hub_mqtt5.go. The hub has its own error body
// (hub_error.go). It does not support AMQP.
//
// # The service API
//
// An operator's calls come over HTTPS too (api_http.go), with the credential of a policy
// (api_auth.go). api.go lists the calls. They change the enrollments that devices register
// against, and read the records of registrations, under the same lock. export.go writes what
// is stored into files.
//
// # Where to add
//
//   - a fault of the service: an entry of a configuration's faults, or a field of answer in
//     faults.go if no existing answer can express it;
//   - a scenario: one value in the list of scenarios.go or, for the hub, scenarios_hub.go,
//     made from the changes in changes_service.go and changes_device.go;
//   - a transport: one file that converts its protocol into request and claim, and response
//     and refusal into its protocol; ports.go opens its listener, Endpoints contains its
//     address and Start serves it. The protocols over WebSockets are a list in websocket.go;
//   - an attestation: the fields that it needs in credential and enrollment, a case in
//     authenticate, a case of hubCredential in hub.go, a ready identity in world.go and, if
//     AMQP has a mechanism for it, an entry of mechanisms in amqp_login.go; for the service
//     API, its cases in readAttestation and mechanismOf of api_wire.go;
//   - a call of the service API: a shape of path and its methods in api.go.
//
// # What is known and what is assumed
//
// If the real service's answer is documented or was observed, the emulator gives the same
// answer, and the code names the source. If it is not known, the comment says "assumed".
package emulator
