// Command dpsdiag tells why a device does not provision through the Azure IoT Hub Device
// Provisioning Service, and what to do next.
//
// main runs the command line in the real world, which app.go builds; root.go holds the
// command tree and errors.go turns errors into messages and exit statuses. Each command
// has a file of its own; those that begin with its name belong to it. inputs.go reads files
// and secrets, flags.go and formats.go have what commands share, ask.go asks a person.
//
// A probe goes through four steps: the flags are parsed and checked (probe.go), resolved with
// the other sources into settings (probe_settings.go), checked into a device (probe_device.go,
// or probe_sandbox.go for one of the sandbox), and built into a configuration (probe.go).
package main

import (
	"context"
	"os"
)

func main() { os.Exit(run(context.Background(), realWorld(), os.Args[1:])) }
