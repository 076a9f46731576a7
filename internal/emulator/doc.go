// Package emulator is a device provisioning service that runs on this machine: official
// SDKs register against it, and the sandbox of the probe does.
//
// Call [Start] with a [Config], then read [Emulator.Ready] for what a person or a script
// needs to reach it, or [Emulator.Device] for the identity that makes the scenario real,
// and end it with [Emulator.Close]. [Scenarios] lists the faults it can play.
//
// # How a request travels
//
// A listener takes a call off the wire and writes it down as a request, which knows no
// transport: https.go for HTTPS, mqtt.go and amqp.go for the other two, websocket.go for
// both inside HTTPS. The service first authenticates the caller (authenticate.go, with
// sas.go, x509.go and tpm_enrollment.go) against the enrollments (enrollment.go): with
// every call of HTTPS, when a connection opens elsewhere. A TPM that introduces itself is
// refused with a challenge (tpm.go) and comes back with a token. Then it answers the call (service.go) from the state
// of that registration (registration.go), unless a fault (faults.go) has the first word.
// What comes back is a response, or a refusal, which the listener renders in the terms of
// its transport. So a fault is described once, however it travels.
//
// What MQTT and AMQP have in common is a stream (stream.go), TLS or a WebSocket in it, and
// the conversation on it (conversation.go), which does everything of one connection in one
// goroutine. MQTT is packets (mqtt_wire.go) and little else. AMQP is a login
// (amqp_login.go, amqp_login_tpm.go), then sessions (amqp_session.go) with links (amqp_link.go), on which
// requests come (amqp_request.go) and answers go when the peer takes them (amqp_outbox.go).
//
// # The hub
//
// A device that was assigned goes on at the stub hub. The end of its registration writes its
// identity there (settle in hub.go), beside the record of the registration, so that there is
// one store. hub_listener.go tells by the first bytes of a connection what is spoken on it:
// HTTPS (hub_https.go), or MQTT (hub_mqtt.go), which shares all but its topics with the MQTT
// of the service (mqtt.go, mqtt_publish.go; what is the service's own is in mqtt_service.go).
// The hub has words of its own for an error (hub_error.go). It does not speak AMQP.
//
// # Where to add
//
//   - a fault of the service: an entry of a configuration's faults, or a field of answer in
//     faults.go when no present answer can express it;
//   - a scenario: one value in the list of scenarios.go or, of the hub, scenarios_hub.go,
//     built from the changes in changes_service.go and changes_device.go;
//   - a transport: one file that turns its wire into request and claim, and response and
//     refusal into its wire; ports.go opens its listener, Endpoints names its address and
//     Start serves it. What is spoken over WebSockets is a list in websocket.go;
//   - an attestation: a field of credential, a case in authenticate, keys or certificates
//     of enrollment, a case of hubCredential in hub.go, a ready identity in world.go and, if
//     AMQP has a mechanism for it, an entry of mechanisms in amqp_login.go.
//
// # What is known and what is not
//
// Where the real service's answer is documented or was seen, the emulator gives it, and
// the code names the source. Where it is not known the comment says "assumed".
package emulator
