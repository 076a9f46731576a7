// Package dps holds the nouns of the Azure IoT Hub Device Provisioning Service:
// what a device says to it, what it answers, and the credentials both sides compute.
//
// Start with [CheckRegistrationID] and [CheckIDScope] for what a device is called,
// [Resource] and [Sign] for the token it proves itself with, and [ParseBody] for what the
// service says back.
//
// Everything here is a pure function of its arguments: no clock, no network, no file.
// The probe and the emulator both build on it, so neither has its own idea of a token.
// Protocol facts name the public source they were read in.
package dps
