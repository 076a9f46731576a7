// Package dps contains the basic types of the Azure IoT Hub Device Provisioning Service. These are
// a device's requests, the service's answers, and the credentials that both sides compute.
//
// Start with [CheckRegistrationID] and [CheckIDScope] for the names of a device, [Resource]
// and [Sign] for the token that authenticates it, and [ParseBody] for the service's
// answers.
//
// Everything here is a pure function of its arguments: no clock, no network, no file. The
// probe and the emulator both use it, so a token is defined in one place. Comments name the
// public source of each protocol fact.
package dps
