//go:build bench && linux

package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
)

// server is a process that devices register with over HTTPS.
type server struct {
	address string
	pid     int
}

// measureEmulator compares the emulator, which logs each call, with a handler of net/http that answers
// with constants and logs nothing. Both have the same certificate; every device makes a connection of
// its own, registers and polls once.
func measureEmulator(t *testing.T, b *board, dpsdiag string) {
	const rounds, devices = 7, 400
	s := startService(t, dpsdiag, "polls = 0\n")
	ours := server{s.ready.Endpoints.HTTPS, s.pid}
	folder := s.ready.StateDir
	theirs := startBare(t, filepath.Join(folder, "server.pem"), filepath.Join(folder, "server-key.pem"))
	fleet := newFleet(t, s, devices)
	fleet.register(t, ours) // both are warm
	fleet.register(t, theirs)
	var wall, cpu []float64
	for round := range rounds {
		pair := []server{ours, theirs}
		taken := make([]sample, 2)
		for i := range pair {
			i = (i + round) % 2
			taken[i] = fleet.register(t, pair[i])
		}
		wall, cpu = append(wall, taken[1].wall/taken[0].wall), append(cpu, taken[1].cpu/taken[0].cpu)
	}
	how := fmt.Sprintf("processor time of the server, median of %d pairs of %d devices; wall %.2f", rounds, devices, median(wall))
	b.add(ratio{name: "emulator, registrations to those of a bare handler", value: median(cpu), limit: 0.5, least: true, how: how})
}

// startBare starts testdata/bare.
func startBare(t *testing.T, certFile, keyFile string) server {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), build(t, "./testdata/bare"), certFile, keyFile)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return server{strings.TrimSpace(line), cmd.Process.Pid}
}

// fleet are devices of the emulator's enrollment group.
type fleet struct {
	scope  string
	roots  *x509.CertPool
	ids    []string
	tokens []string
}

func newFleet(t *testing.T, s service, devices int) *fleet {
	t.Helper()
	f := &fleet{scope: s.ready.IDScope, roots: x509.NewCertPool()}
	if !f.roots.AppendCertsFromPEM(readFile(t, s.ready.CAFile)) {
		t.Fatal("no CA certificate")
	}
	key := readKey(t, s.identity(t, emulator.GroupKey).GroupKeyFile)
	for n := range devices {
		id := fmt.Sprintf("bench-%05d", n)
		token := dps.Sign(key.Derive(id), dps.Resource(f.scope, id), time.Now().Add(time.Hour))
		f.ids, f.tokens = append(f.ids, id), append(f.tokens, token.Reveal())
	}
	return f
}

// register registers all devices, eight at a time, and returns the time and that of the server's
// processors.
func (f *fleet) register(t *testing.T, s server) sample {
	t.Helper()
	busy, start := processorTime(t, s.pid), time.Now()
	f.each(t, 8, func(i int) error { return f.registerOne(t.Context(), s, i) })
	return sample{milliseconds(time.Since(start)), processorTime(t, s.pid) - busy}
}

// each calls do for every device, some at a time.
func (f *fleet) each(t *testing.T, workers int, do func(i int) error) {
	t.Helper()
	next := make(chan int)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					t.Errorf("%s: %v", f.ids[i], err)
				}
			}
		})
	}
	for i := range f.ids {
		next <- i
	}
	close(next)
	all.Wait()
}

func (f *fleet) tls() *tls.Config {
	return &tls.Config{RootCAs: f.roots, ServerName: hostName, MinVersion: tls.VersionTLS12}
}

func (f *fleet) registerOne(ctx context.Context, s server, i int) error {
	transport := &http.Transport{TLSClientConfig: f.tls()}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport}
	base := "https://" + s.address + "/" + f.scope + "/registrations/" + f.ids[i]
	call := func(method, path, body string) (dps.Operation, error) {
		var operation dps.Operation
		req, err := http.NewRequestWithContext(ctx, method, base+path+"?"+dps.Query(dps.DefaultAPIVersion), strings.NewReader(body))
		if err != nil {
			return operation, err
		}
		req.Header.Set("Authorization", f.tokens[i])
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		resp, err := client.Do(req)
		if err != nil {
			return operation, err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return operation, err
		}
		if resp.StatusCode/100 != 2 {
			return operation, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
		}
		return operation, json.Unmarshal(text, &operation)
	}
	operation, err := call(http.MethodPut, "/register", `{"registrationId":"`+f.ids[i]+`"}`)
	if err != nil {
		return err
	}
	if operation, err = call(http.MethodGet, "/operations/"+operation.OperationID, ""); err != nil {
		return err
	}
	if operation.Status != dps.StatusAssigned {
		return fmt.Errorf("the registration is %s", operation.Status)
	}
	return nil
}

// processorTime is what the processors have done for a process, in milliseconds.
func processorTime(t *testing.T, pid int) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	if err == nil && strings.Count(string(text), " ") == 2 {
		return schedulerTime(t, pid)
	}
	t.Fatalf("the processor time of process %d is not known: %v", pid, err)
	return 0
}

// schedulerTime adds up the nanoseconds of the threads of a process. Threads of Go do not end while
// it runs.
func schedulerTime(t *testing.T, pid int) float64 {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, thread := range threads {
		fields := strings.Fields(string(readFile(t, thread)))
		nanoseconds, err := strconv.ParseFloat(fields[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += nanoseconds
	}
	return sum / 1e6
}

// measureConnections opens 10,000 connections of devices over MQTT that wait for nothing, and looks at
// the emulator's memory.
func measureConnections(t *testing.T, b *board, dpsdiag string) {
	const devices = 10_000
	row := ratio{name: "emulator, memory with 10,000 idle devices over MQTT", limit: 300, unit: " MB"}
	defer func() { b.add(row) }()
	s := startService(t, dpsdiag, "polls = 0\n")
	f := newFleet(t, s, devices)
	conns := make([]net.Conn, devices)
	defer func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	}()
	start := time.Now()
	f.each(t, 16, func(i int) (err error) {
		conns[i], err = f.connect(t.Context(), s.ready.Endpoints.MQTT, i)
		return err
	})
	if t.Failed() {
		row.unknown = "not every device could connect"
		return
	}
	memory, err := s.memory("VmRSS")
	if err != nil {
		t.Fatal(err)
	}
	row.value = memory * 1.048576
	row.how = fmt.Sprintf("resident memory %.0f s after the first connected", time.Since(start).Seconds())
}

// connect connects a device over MQTT and subscribes to the answers.
func (f *fleet) connect(ctx context.Context, address string, i int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := (&tls.Dialer{Config: f.tls()}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return conn, err
	}
	hello := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	hello.ProtocolName, hello.ProtocolVersion, hello.CleanSession, hello.Keepalive = "MQTT", 4, true, 1200
	hello.ClientIdentifier = f.ids[i]
	hello.UsernameFlag, hello.Username = true, dps.MQTTUsername(f.scope, f.ids[i], dps.DefaultAPIVersion)
	hello.PasswordFlag, hello.Password = true, []byte(f.tokens[i])
	subscribe := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	subscribe.MessageID, subscribe.Topics, subscribe.Qoss = 1, []string{dps.MQTTResponses}, []byte{1}
	for _, sent := range []packets.ControlPacket{hello, subscribe} {
		var text bytes.Buffer
		if err := sent.Write(&text); err != nil {
			return conn, err
		}
		if _, err := conn.Write(text.Bytes()); err != nil {
			return conn, err
		}
		answer, err := packets.ReadPacket(conn)
		if err != nil {
			return conn, err
		}
		if ack, ok := answer.(*packets.ConnackPacket); ok && ack.ReturnCode != packets.Accepted {
			return conn, fmt.Errorf("CONNACK %d", ack.ReturnCode)
		}
	}
	return conn, nil
}
