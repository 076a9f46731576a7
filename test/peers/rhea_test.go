//go:build peers

package peers

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// rhea is a running AMQP server; the numbers are ports on loopback.
type rhea struct {
	AMQP      int // AMQP over TLS
	WebSocket int // AMQP over a WebSocket over TLS
}

// startRhea runs the server until the test ends. It uses the certificates in dir.
func startRhea(t *testing.T, dir string) rhea {
	t.Helper()
	command := exec.Command("node", "peer.mjs", filepath.Join(dir, "server.key"), filepath.Join(dir, "server.pem"), filepath.Join(dir, "ca.pem"))
	command.Dir = "rhea"
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("node does not start: %v", err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the server ended: %v", err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the server does not start (was npm ci run?): %v", err)
	}
	var r rhea
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatal(err)
	}
	return r
}
