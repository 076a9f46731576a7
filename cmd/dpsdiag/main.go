// Command dpsdiag explains why a device does not provision through the Azure IoT Hub Device
// Provisioning Service, and what to do next.
//
// main runs the command line with the streams, clock and environment of the process (app.go).
// root.go has the command tree, and errors.go turns errors into messages and exit statuses. Each
// command has its own file, and the other files whose names begin with the command's name belong
// to it. inputs.go reads files and secrets, flags.go and formats.go have what commands share, and
// ask.go prompts the user.
//
// A probe is prepared in four steps. The flags are parsed and checked (probe.go). Flags, --from
// and the environment are merged into settings (probe_settings.go). The settings are checked and
// become a device (probe_device.go; probe_sandbox.go makes that of a sandbox). The device and the
// flags become the configuration of the probe (probe.go).
package main

import (
	"context"
	"os"
)

func main() { os.Exit(run(context.Background(), realWorld(), os.Args[1:])) }
