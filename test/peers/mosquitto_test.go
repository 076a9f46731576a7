//go:build peers

package peers

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// mosquitto is a running broker with one listener for each way to connect; the numbers are
// ports on loopback.
type mosquitto struct {
	tls       int // MQTT over TLS
	webSocket int // MQTT over a WebSocket over TLS
	mutual    int // MQTT over TLS, for clients with a certificate of the authority
	locked    int // MQTT over TLS, refuses every client
	plain     int // MQTT without TLS
}

// startMosquitto runs a broker until the test ends. It uses the certificates in dir.
func startMosquitto(t *testing.T, dir string) mosquitto {
	t.Helper()
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		program = "/usr/sbin/mosquitto" // some users do not have the directory in PATH
	}
	ports := freePorts(t, 5)
	m := mosquitto{tls: ports[0], webSocket: ports[1], mutual: ports[2], locked: ports[3], plain: ports[4]}
	config := filepath.Join(dir, "mosquitto.conf")
	writeFile(t, config, m.config(dir))
	writeFile(t, filepath.Join(dir, "passwords"), "")
	command := exec.Command(program, "-c", config)
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("mosquitto does not start: %v", err)
	}
	running, said := make(chan bool, 1), make(chan string, 1)
	go readLog(log, running, said)
	t.Cleanup(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("mosquitto cannot be ended: %v", err)
		}
		text := <-said // all of it, before Wait closes the pipe
		if err := command.Wait(); err != nil || t.Failed() {
			t.Logf("mosquitto ended (%v) and said:\n%s", err, text)
		}
	})
	if !<-running {
		t.Fatal("mosquitto ended at once")
	}
	return m
}

// readLog reports once whether the broker started, and at its end its whole output.
func readLog(log io.Reader, running chan<- bool, said chan<- string) {
	var text strings.Builder
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		fmt.Fprintln(&text, lines.Text())
		if strings.HasSuffix(lines.Text(), " running") {
			running <- true
		}
	}
	select {
	case running <- false:
	default: // nobody waits any more
	}
	said <- text.String()
}

func (m mosquitto) config(dir string) string {
	secured := fmt.Sprintf("certfile %s\nkeyfile %s\n", filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	open := "allow_anonymous true\n"
	return strings.Join([]string{
		"user root", // so that it can read the test's folder; without root it runs as the test's user
		"per_listener_settings true",
		"log_dest stderr",
		fmt.Sprintf("listener %d 127.0.0.1\n%s%s", m.tls, secured, open),
		fmt.Sprintf("listener %d 127.0.0.1\nprotocol websockets\n%s%s", m.webSocket, secured, open),
		fmt.Sprintf("listener %d 127.0.0.1\nrequire_certificate true\ncafile %s\n%s%s", m.mutual, filepath.Join(dir, "ca.pem"), secured, open),
		fmt.Sprintf("listener %d 127.0.0.1\n%s", m.plain, open),
		fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous false\npassword_file %s\n%s", m.locked, filepath.Join(dir, "passwords"), secured),
	}, "\n")
}

// freePorts returns ports that were free a moment ago.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // opened together, so that no port occurs twice
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// onlyMQTT5 lets clients of MQTT 5 through to the broker, over TLS, and refuses others as MQTT
// 3.1.1 says: before version 2.1 mosquitto cannot be configured so. With mutual a client needs a
// certificate of the authority. It returns the port.
func (m mosquitto) onlyMQTT5(t *testing.T, dir string, mutual bool) int {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if mutual {
		authority, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
		if err != nil {
			t.Fatal(err)
		}
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		config.ClientCAs.AppendCertsFromPEM(authority)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	t.Cleanup(func() { listener.Close(); open.Wait() })
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { m.relay(conn) })
		}
	})
	return listener.Addr().(*net.TCPAddr).Port
}

// relay passes a connection on to the broker if it begins with a CONNECT of MQTT 5.
func (m mosquitto) relay(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	const level = 2 + 2 + len("MQTT") // of a CONNECT of less than 128 bytes
	head, err := reader.Peek(level + 1)
	if err != nil {
		return
	}
	if head[level] != 5 {
		_, _ = conn.Write([]byte{0x20, 2, 0, 1})
		return
	}
	broker, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", m.plain))
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(broker, reader); broker.Close() }()
	_, _ = io.Copy(conn, broker)
}
