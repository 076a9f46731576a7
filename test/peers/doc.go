// Package peers runs the probe against servers of other projects, so that the probe and the
// emulator cannot have the same misunderstanding of a protocol.
//
// Its tests need programs other than Go and have a build tag:
//
//	go test -tags peers ./test/peers/
//
// They need mosquitto, an MQTT broker (Debian package mosquitto), and Node.js with rhea, an
// AMQP 1.0 library (in the folder rhea: npm ci --ignore-scripts --omit=dev). No test is
// skipped: if a program is missing, the test fails.
package peers
