//go:build peers

package proxy

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"dpsdiag/internal/dps"
)

// The credentials that the proxies require.
const (
	user     = "plant"
	password = "word-of-the-plant"
)

// ports are loopback ports: those of the service, one that is closed, and one to which the
// proxy must not connect.
type ports struct {
	service           dps.Endpoint
	closed, forbidden int
}

// program is a proxy that runs on loopback.
type program struct {
	name   string
	scheme string
	auth   bool // requires user and password
	// noRules says that the program cannot forbid a port.
	noRules bool
	// command writes the program's files into dir and returns the command to start it.
	command func(t *testing.T, dir string, port int, far ports) []string
}

func programs() []program {
	return []program{
		{name: "tinyproxy", scheme: "http", command: tinyproxy("")},
		{name: "tinyproxy with credentials", scheme: "http", auth: true, command: tinyproxy("BasicAuth " + user + " " + password)},
		{name: "squid", scheme: "http", command: squid(false)},
		{name: "squid with credentials", scheme: "http", auth: true, command: squid(true)},
		{name: "microsocks", scheme: "socks5", noRules: true, command: microsocks()},
		{name: "microsocks with credentials", scheme: "socks5", auth: true, noRules: true, command: microsocks("-u", user, "-P", password)},
		{name: "dante", scheme: "socks5", command: dante},
	}
}

func tinyproxy(auth string) func(*testing.T, string, int, ports) []string {
	return func(t *testing.T, dir string, port int, far ports) []string {
		config := fmt.Sprintf("Listen 127.0.0.1\nPort %d\nTimeout 20\nAllow 127.0.0.1\nMaxClients 20\n%s\n", port, auth)
		for _, allowed := range []int{far.service.HTTPS, far.service.MQTT, far.service.AMQP, far.closed} {
			config += fmt.Sprintf("ConnectPort %d\n", allowed)
		}
		return []string{"tinyproxy", "-d", "-c", write(t, dir, "tinyproxy.conf", config, 0o644)}
	}
}

func squid(auth bool) func(*testing.T, string, int, ports) []string {
	return func(t *testing.T, dir string, port int, far ports) []string {
		config := fmt.Sprintf("http_port 127.0.0.1:%d\nacl closed port %d\nhttp_access deny closed\n", port, far.forbidden)
		if auth {
			script := fmt.Sprintf("#!/bin/sh\nwhile read who word rest; do\n  if [ \"$who $word\" = '%s %s' ]; then echo OK; else echo ERR; fi\ndone\n", user, password)
			config += "auth_param basic program " + write(t, dir, "helper.sh", script, 0o755) + "\nauth_param basic children 1\n" +
				"acl known proxy_auth REQUIRED\nhttp_access deny !known\n"
		}
		config += "http_access allow all\ncache deny all\naccess_log none\ncache_log /dev/null\ncache_store_log none\n" +
			"pid_filename none\npinger_enable off\nshutdown_lifetime 0 seconds\nvisible_hostname peer\n"
		return []string{"squid", "-N", "-d1", "-f", write(t, dir, "squid.conf", config, 0o644)}
	}
}

func microsocks(auth ...string) func(*testing.T, string, int, ports) []string {
	return func(_ *testing.T, _ string, port int, _ ports) []string {
		return append([]string{"microsocks", "-i", "127.0.0.1", "-p", fmt.Sprint(port)}, auth...)
	}
}

func dante(t *testing.T, dir string, port int, far ports) []string {
	config := fmt.Sprintf(`logoutput: /dev/null
internal: 127.0.0.1 port = %d
external: 127.0.0.1
clientmethod: none
socksmethod: none
user.privileged: root
user.unprivileged: nobody
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks block { from: 127.0.0.0/8 to: 0.0.0.0/0 port = %d }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
`, port, far.forbidden)
	return []string{"danted", "-p", filepath.Join(dir, "danted.pid"), "-f", write(t, dir, "danted.conf", config, 0o644)}
}

func write(t *testing.T, dir, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// run starts the program until the test ends and returns its address.
func (p program) run(t *testing.T, far ports) string {
	t.Helper()
	//nolint:usetesting // programs that drop their privileges could not read a folder of the test
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	args := p.command(t, dir, port, far)
	var output bytes.Buffer
	ctx, end := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v (the package comment says what to install)", err)
	}
	stop := sync.OnceFunc(func() {
		end()
		_ = cmd.Wait() // it was told to end; its exit status does not matter
	})
	t.Cleanup(stop)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if !listens(t, address) {
		stop()
		t.Fatalf("%s does not listen: %s", p.name, output.String())
	}
	return address
}

// listens waits until something accepts connections.
func listens(t *testing.T, address string) bool {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return true
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			return false
		}
	}
	return false
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
