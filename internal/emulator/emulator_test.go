package emulator

import (
	"context"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"dpsdiag/internal/dps"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// The same seed and clock give the same exchange, including the ids, which come from the
// seed.
func TestRegistrationStepByStep(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{RetryAfter: new(3 * time.Second)})
	c := newClient(t, e.Device())

	first := c.register()
	operation := first.body.Operation
	if operation == nil {
		t.Fatalf("register: %s", first)
	}
	if diff := cmp.Diff(&dps.Operation{OperationID: operation.OperationID, Status: dps.StatusAssigning}, operation); diff != "" {
		t.Errorf("answer to register (-want +got):\n%s", diff)
	}
	wantHeader(t, first.header, map[string]string{
		"Retry-After":               "3",
		"Location":                  "https://" + e.Ready().Endpoints.HTTPS + dps.OperationPath(e.Device().Scope, keyDevice, operation.OperationID),
		"Content-Type":              "application/json; charset=utf-8",
		"Strict-Transport-Security": "max-age=31536000; includeSubDomains",
		"Date":                      "Sun, 01 Mar 2026 12:00:00 GMT",
		"X-Ms-Error-Code":           "",
	})

	second := c.poll(operation.OperationID)
	want := &dps.Operation{
		OperationID: operation.OperationID, Status: dps.StatusAssigning,
		Registration: &dps.Registration{RegistrationID: keyDevice, Status: dps.StatusAssigning},
	}
	if diff := cmp.Diff(want, second.body.Operation); diff != "" || second.status != http.StatusAccepted {
		t.Errorf("first poll: status %d (-want +got):\n%s", second.status, diff)
	}
	wantHeader(t, second.header, map[string]string{"Retry-After": "3"})

	last := c.poll(operation.OperationID)
	want = &dps.Operation{
		OperationID: operation.OperationID, Status: dps.StatusAssigned,
		Registration: &dps.Registration{
			RegistrationID: keyDevice, DeviceID: keyDevice, AssignedHub: e.hub(),
			Status: dps.StatusAssigned, Substatus: "initialAssignment",
			Created: "2026-03-01T12:00:00.1234567Z", LastUpdated: "2026-03-01T12:00:00.1234567Z",
			ETag: last.body.Operation.Registration.ETag,
		},
	}
	if diff := cmp.Diff(want, last.body.Operation); diff != "" || last.status != http.StatusOK {
		t.Errorf("last poll: status %d (-want +got):\n%s", last.status, diff)
	}
	wantHeader(t, last.header, map[string]string{"Retry-After": "", "Location": ""})

	bare := c.lookup()
	if diff := cmp.Diff(want.Registration, bare.body.Registration); diff != "" || bare.status != http.StatusOK {
		t.Errorf("lookup: status %d (-want +got):\n%s", bare.status, diff)
	}
}

func wantHeader(t *testing.T, got http.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got.Get(name) != value {
			t.Errorf("header %s is %q, want %q", name, got.Get(name), value)
		}
	}
}

func TestEqualSeedsGiveEqualExchanges(t *testing.T) {
	t.Parallel()
	var texts [2]string
	for i := range texts {
		e := begin(t, Config{})
		c := newClient(t, e.Device())
		texts[i] = c.token.Reveal() + strings.ReplaceAll(c.enter().text, e.hub(), "the hub")
	}
	if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
		t.Errorf("two emulators of one seed differ:\n%s", diff)
	}
}

func TestRegistrationStateByAttestation(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Files: true})
	tests := map[Attestation]*dps.Registration{
		SymmetricKey: {RegistrationID: keyDevice, DeviceID: keyDevice},
		GroupKey:     {RegistrationID: groupDevice, DeviceID: groupDevice, SymmetricKey: &dps.RegistrationKey{EnrollmentGroupID: keyGroup}},
		X509:         {RegistrationID: x509Device, DeviceID: x509Device, X509: &dps.RegistrationX509{EnrollmentGroupID: x509Group}},
	}
	for _, d := range readIdentities(t, e) {
		t.Run(string(d.Attestation), func(t *testing.T) {
			t.Parallel()
			got := newClient(t, d).enter()
			if got.body.Operation == nil {
				t.Fatalf("register: %s", got)
			}
			want := tests[d.Attestation]
			want.Status, want.Substatus, want.AssignedHub = dps.StatusAssigned, "initialAssignment", e.hub()
			stamps := cmpopts.IgnoreFields(dps.Registration{}, "Created", "LastUpdated", "ETag")
			if diff := cmp.Diff(want, got.body.Operation.Registration, stamps); diff != "" {
				t.Errorf("registration (-want +got):\n%s", diff)
			}
		})
	}
}

// A group accepts any registration id with a valid credential.
func TestGroupsTakeAnyID(t *testing.T) {
	t.Parallel()
	s, w := newTestService(t)
	for _, id := range []string{"a", "press-07", "Press-07", "line:3_a.b-", strings.Repeat("x", 128)} {
		token := dps.Sign(w.groupKey.Derive(id), dps.Resource(defaultScope, id), noon.Add(time.Minute))
		got := s.serve(claim{scope: defaultScope, registrationID: id, apiVersion: "2019-03-31", credential: credential{token: token}},
			request{operation: opRegister})
		if got.status != http.StatusAccepted {
			t.Errorf("registration id %q: status %d, %+v", id, got.status, got.refused)
		}
	}
}

// newTestService returns the service of a healthy world, and that world.
func newTestService(t *testing.T, alter ...change) (*service, *world) {
	t.Helper()
	w, err := newWorld(Config{Now: atNoon, Random: seed()}.withDefaults(), &store{})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range alter {
		if err := a(w); err != nil {
			t.Fatal(err)
		}
	}
	return newService(w.service, atNoon, w.mint.random), w
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	occupied, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = occupied.Close() })
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		config Config
		want   string
	}{
		"unknown scenario":        {Config{Scenario: "helthy"}, `unknown scenario "helthy"`},
		"occupied address":        {Config{HTTPS: occupied.Addr().String()}, "listen for HTTPS: "},
		"no address":              {Config{HTTPS: "nowhere"}, "listen for HTTPS: "},
		"occupied for MQTT":       {Config{MQTT: occupied.Addr().String()}, "listen for MQTT: "},
		"occupied for AMQP":       {Config{AMQP: occupied.Addr().String()}, "listen for AMQP: "},
		"blocked, but no address": {Config{AMQP: "nowhere", Scenario: "port-blocked"}, "listen for AMQP: "},
		"blocked, but occupied":   {Config{MQTT: occupied.Addr().String(), Scenario: "port-blocked"}, "listen for MQTT: "},
		"state directory is file": {Config{StateDir: file}, "make state directory: "},
		"short random source":     {Config{Random: strings.NewReader("short")}, "read random seed: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := Start(t.Context(), test.config)
			if err == nil {
				_ = e.Close()
				t.Fatal("started")
			}
			if !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("error is %q, want it to begin with %q", err, test.want)
			}
		})
	}
}

func TestStartHeedsItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if e, err := Start(ctx, Config{HTTPS: "localhost:0"}); err == nil {
		_ = e.Close()
		t.Error("started although its context was done")
	}
}

func TestServerCertificateNames(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{SANs: []string{"dps.plant.example", "192.0.2.7"}})
	c := newClient(t, e.Device())
	leaf := c.serverCertificate()
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "dps.plant.example", "192.0.2.7"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if want := noon.Add(-30 * 24 * time.Hour).Truncate(time.Second); !leaf.NotBefore.Equal(want) {
		t.Errorf("valid from %s, want %s", leaf.NotBefore, want)
	}
}

func TestUnspecifiedAddressIsReachedByLoopback(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{HTTPS: "0.0.0.0:0", MQTT: "0.0.0.0:0", AMQP: "localhost:0"})
	if host := e.Device().Endpoint.Host; host != "127.0.0.1" {
		t.Errorf("host is %s", host)
	}
	stillServes(t, e)
}

// Nothing listens on a blocked port, no other program gets it, and it is free afterwards.
func TestBlockedPorts(t *testing.T) {
	t.Parallel()
	e, err := Start(t.Context(), Config{Scenario: "port-blocked", MQTT: "0.0.0.0:0"})
	if err != nil {
		t.Fatal(err)
	}
	d := e.Device()
	for _, transport := range []string{transportMQTT, transportAMQP} {
		if conn, err := net.Dial("tcp", d.at(transport)); err == nil {
			conn.Close()
			t.Errorf("the port of %s is open", transport)
		}
		if other, err := net.Listen("tcp", d.at(transport)); err == nil {
			other.Close()
			t.Errorf("another got the port of %s", transport)
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	again := begin(t, Config{MQTT: d.at(transportMQTT), AMQP: d.at(transportAMQP)})
	stillServes(t, again)
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	e, err := Start(t.Context(), Config{Files: true})
	if err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("tcp", e.Ready().Endpoints.HTTPS)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(e.Ready().StateDir); !os.IsNotExist(err) {
		t.Errorf("temporary state directory: %v", err)
	}
	if again, err := net.Dial("tcp", e.Ready().Endpoints.HTTPS); err == nil {
		_ = again.Close()
		t.Error("still listening")
	}
	if err := e.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestManyDevicesAtOnce(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Files: true})
	devices := readIdentities(t, e)
	var group sync.WaitGroup
	for i := range 24 {
		d := devices[i%len(devices)]
		c := newClient(t, d)
		group.Go(func() {
			for range 5 {
				if got := c.enter(); got.String() != "200 assigned" {
					t.Errorf("%s: %s", d.RegistrationID, got)
				}
				if got := c.lookup(); got.status != http.StatusOK {
					t.Errorf("%s: lookup: %s", d.RegistrationID, got)
				}
			}
		})
	}
	group.Wait()
}
