//go:build unix

package main

import (
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEmulateSaysWhatItExposes: an address that other machines can reach causes a warning, and any
// other address does not.
func TestEmulateSaysWhatItExposes(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"": {"--allow-remote", "--https", "localhost:0", "--hub", "[::1]:0"},
		"dpsdiag: warning: --https 0.0.0.0:0: other machines can register devices, and read and change every enrollment with the connection string of the service API\n" +
			"dpsdiag: warning: --mqtt 0.0.0.0:0: other machines can register devices\n" +
			"dpsdiag: warning: --amqp 0.0.0.0:0: other machines can register devices\n" +
			"dpsdiag: warning: --hub 0.0.0.0:0: other machines can connect as a registered device\n": {
			"--allow-remote", "--https", "0.0.0.0:0", "--mqtt", "0.0.0.0:0", "--amqp", "0.0.0.0:0", "--hub", "0.0.0.0:0",
		},
	} {
		p := startProcess(t, append([]string{"emulate", "-o", "json"}, args...)...)
		p.readReady(t)
		if diff := cmp.Diff(want, stopForLog(t, p)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", args, diff)
		}
	}
}

// TestEmulateKeepsItsFolderToItself: by default every address is one of this machine alone, and
// the folder with the keys is new and closed to other users.
func TestEmulateKeepsItsFolderToItself(t *testing.T) {
	t.Parallel()
	p := startProcessIn(t, t.TempDir(), "emulate", "-o", "json")
	ready := p.readReady(t)
	if info, err := os.Stat(ready.StateDir); err != nil || info.Mode() != os.ModeDir|0o700 {
		t.Errorf("%s: %v, %v", ready.StateDir, info, err)
	}
	loopback := regexp.MustCompile(`^127\.0\.0\.1:\d+$`)
	for _, address := range []string{ready.Endpoints.HTTPS, ready.Endpoints.MQTT, ready.Endpoints.AMQP, strings.Replace(ready.Endpoints.Hub, "localhost", "127.0.0.1", 1)} {
		if !loopback.MatchString(address) {
			t.Errorf("%q can be reached from elsewhere", address)
		}
	}
	if rest, status := p.end(t, syscall.SIGTERM); status != 0 || rest != "" {
		t.Errorf("exit status %d, further output %q", status, rest)
	}
}
