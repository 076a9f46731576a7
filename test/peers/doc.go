// Package peers runs the probe against servers that are not ours, so that the probe and
// the emulator cannot share a misunderstanding of a protocol.
//
// Its tests need programs beside Go and are behind a build tag:
//
//	go test -tags peers ./test/peers/
//
// They need mosquitto, an MQTT broker (Debian package mosquitto), and Node.js with rhea, an
// AMQP 1.0 library (in the folder rhea: npm ci --ignore-scripts --omit=dev). Nothing is
// skipped: a program that is missing fails the test.
package peers
