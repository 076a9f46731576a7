// Package emulator is a device provisioning service that runs on this machine: official
// SDKs register against it, and the sandbox of the probe does.
//
// Call [Start] with a [Config], then read [Emulator.Ready] for what a person or a script
// needs to reach it, or [Emulator.Device] for the identity that makes the scenario real,
// and end it with [Emulator.Close]. [Scenarios] lists the faults it can play.
//
// # How a request travels
//
// A listener (https.go) takes a call off the wire and writes it down as a request, which
// knows no transport. The service first authenticates the caller (authenticate.go, with
// sas.go and x509.go) against the enrollments (enrollment.go), a step of its own because
// MQTT and AMQP do it when a connection opens. Then it answers the call (service.go) from
// the state of that registration (registration.go), unless a fault (faults.go) has the
// first word. What comes back is a response, which the listener renders in the terms of
// its transport. So a fault is described once, however it travels.
//
// # Where to add
//
//   - a fault of the service: an entry of a configuration's faults, or a field of answer in
//     faults.go when no present answer can express it;
//   - a scenario: one value in the list of scenarios.go, built from the changes in
//     changes_service.go and changes_device.go;
//   - a transport: one file that turns its wire into request and claim, and response and
//     refusal into its wire; Start opens its listener and Endpoints names its address;
//   - an attestation: a field of credential, a case in authenticate, keys or certificates
//     of enrollment, and a ready identity in world.go.
//
// # What is known and what is not
//
// Where the real service's answer is documented or was seen, the emulator gives it, and
// the code names the source. Where it is not known the comment says "assumed".
package emulator
