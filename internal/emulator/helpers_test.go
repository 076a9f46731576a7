package emulator

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/atomicfile"
	"dpsdiag/internal/dps"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is the time of every test.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456700, time.UTC)

func atNoon() time.Time { return noon }

// seed makes ids and symmetric keys the same in every run.
func seed() io.Reader { return strings.NewReader("an emulator's seed for its tests") }

// begin starts an emulator at noon, with the seed, that ends with the test. It asks for no
// waits unless the test does.
func begin(t *testing.T, c Config) *Emulator {
	t.Helper()
	c.Now, c.Random = atNoon, seed()
	if c.RetryAfter == nil {
		c.RetryAfter = new(time.Duration(0))
	}
	if c.Disk == nil {
		c.Disk = atomicfile.System{Unsynced: true}
	}
	e, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil && !errors.Is(err, net.ErrClosed) { // if the test ended it
			t.Error(err)
		}
	})
	return e
}

// end ends an emulator before the test ends, so that another one can have its directory.
func end(t *testing.T, e *Emulator) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// beginWith starts an emulator with a fault.
func beginWith(t *testing.T, f fault) *Emulator {
	t.Helper()
	return begin(t, Config{File: &File{faults: []*fault{&f}}})
}

// hub returns the stub hub's address for devices.
func (e *Emulator) hub() string {
	_, port, _ := net.SplitHostPort(e.Ready().Endpoints.Hub)
	return "localhost:" + port
}

// at returns the address of a transport for the device.
func (d Device) at(transport string) string {
	port := d.Endpoint.HTTPS
	switch transport {
	case transportMQTT:
		port = d.Endpoint.MQTT
	case transportAMQP:
		port = d.Endpoint.AMQP
	}
	return net.JoinHostPort(d.Endpoint.Host, strconv.Itoa(port))
}

// client is a device that uses plain net/http.
type client struct {
	t      *testing.T
	device Device
	http   *http.Client
	// token signs the calls; zero sends no Authorization.
	token dps.Secret
}

// wire is an answer as received.
type wire struct {
	err    error // no answer came
	status int
	header http.Header
	text   string
	body   dps.Body
}

// newClient returns a client for a device.
func newClient(t *testing.T, d Device) *client {
	t.Helper()
	clock := noon.Add(d.ClockOffset)
	config := &tls.Config{RootCAs: d.Roots, Time: func() time.Time { return clock }}
	if d.CertPEM != nil {
		pair, err := tls.X509KeyPair(d.CertPEM, []byte(d.CertKeyPEM.Reveal()))
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: config}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{t: t, device: d, http: &http.Client{Transport: transport}, token: tokenOf(t, d, clock)}
}

// tokenOf signs with the device's key, if it has one; its tokens are valid for an hour.
func tokenOf(t *testing.T, d Device, clock time.Time) dps.Secret {
	t.Helper()
	if !d.Token.IsZero() || d.Attestation == X509 || d.Attestation == TPM {
		return d.Token
	}
	key := parseKey(t, d.Key)
	if d.Attestation == GroupKey {
		key = parseKey(t, d.GroupKey).Derive(d.RegistrationID)
	}
	return dps.Sign(key, dps.Resource(d.Scope, d.RegistrationID), clock.Add(time.Hour))
}

func parseKey(t *testing.T, text dps.Secret) dps.Key {
	t.Helper()
	if text.IsZero() {
		return dps.Key{}
	}
	key, err := dps.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// do sends one request; edits change it first.
func (c *client) do(method, path, body string, edits ...func(*http.Request)) wire {
	c.t.Helper()
	url := "https://" + c.device.at(transportHTTPS) + path
	r, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	if !c.token.IsZero() {
		r.Header.Set("Authorization", c.token.Reveal())
	}
	for _, edit := range edits {
		edit(r)
	}
	return c.send(r)
}

func (c *client) send(r *http.Request) wire {
	c.t.Helper()
	answer, err := c.http.Do(r)
	if err != nil {
		return wire{err: err}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return wire{status: answer.StatusCode, header: answer.Header, text: string(text), body: dps.ParseBody(text)}
}

func (c *client) register() wire {
	c.t.Helper()
	body, err := json.Marshal(dps.Request{RegistrationID: c.device.RegistrationID, Payload: c.device.Payload})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.do(http.MethodPut, c.path(dps.RegisterPath), string(body))
}

func (c *client) poll(operationID string) wire {
	c.t.Helper()
	path := dps.OperationPath(c.device.Scope, c.device.RegistrationID, operationID) + "?" + dps.Query(dps.DefaultAPIVersion)
	return c.do(http.MethodGet, path, "")
}

func (c *client) lookup() wire {
	c.t.Helper()
	return c.do(http.MethodPost, c.path(dps.LookupPath), "")
}

// path completes one of the paths that have no operation id.
func (c *client) path(of func(scope, id string) string) string {
	return of(c.device.Scope, c.device.RegistrationID) + "?" + dps.Query(dps.DefaultAPIVersion)
}

// patience is the number of polls after which a test considers a registration endless.
const patience = 5

// enter registers and polls until the service has finished or refuses.
func (c *client) enter() wire {
	c.t.Helper()
	got := c.register()
	for range patience {
		if got.status != http.StatusAccepted {
			return got
		}
		got = c.poll(got.body.Operation.OperationID)
	}
	return got
}

// String summarises an answer in the form of the tables.
func (w wire) String() string {
	switch {
	case w.err != nil:
		return "no answer: " + w.err.Error()
	case w.body.Error != nil:
		return fmt.Sprintf("%d %d %s", w.status, w.body.Error.ErrorCode, w.body.Error.Message)
	case w.body.Operation != nil:
		return strings.TrimSpace(fmt.Sprintf("%d %s", w.status, summary(w.body.Operation)))
	case w.body.Registration != nil:
		return fmt.Sprintf("%d bare %s", w.status, w.body.Registration.Status)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", w.status, w.body.Kind, w.header.Get("Content-Type")))
}

func summary(o *dps.Operation) string {
	text := string(o.Status)
	if o.Registration != nil && o.Registration.ErrorCode != 0 {
		text += fmt.Sprintf(" %d %s", o.Registration.ErrorCode, o.Registration.ErrorMessage)
	}
	return text
}

// want compares the summary of an answer.
func (w wire) want(t *testing.T, summary string) {
	t.Helper()
	if got := w.String(); got != summary {
		t.Errorf("answer is %q, want %q", got, summary)
	}
}

// serverCertificate returns the leaf that the server presents.
func (c *client) serverCertificate() *x509.Certificate {
	c.t.Helper()
	transport := c.http.Transport.(*http.Transport)
	conn, err := tls.Dial("tcp", c.device.at(transportHTTPS), transport.TLSClientConfig)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}
