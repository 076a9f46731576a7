// Command dpsdiag tells why a device does not provision through the Azure IoT Hub Device
// Provisioning Service, and what to do next.
//
// main runs the command line in the real world, which app.go builds; root.go holds the
// command tree and errors.go turns errors into messages and exit statuses. Each command
// has a file of its own.
package main

import (
	"context"
	"os"
)

func main() { os.Exit(run(context.Background(), realWorld(), os.Args[1:])) }
