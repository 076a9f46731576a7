package emulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"dpsdiag/internal/atomicfile"
	"dpsdiag/internal/dps"
	srv "dpsdiag/internal/service"
)

// Config configures one emulator. The zero value is a healthy service on free loopback
// ports that leaves no files.
type Config struct {
	// HTTPS, MQTT, AMQP and Hub are the addresses to listen on; "" means a free port of
	// 127.0.0.1.
	HTTPS, MQTT, AMQP, Hub string
	// SANs are additional names or addresses for the server certificate, which always has
	// localhost, 127.0.0.1, ::1 and the addresses listened on.
	SANs []string
	// StateDir keeps the CA and the enrolled keys between starts, and contains the files of the
	// identities. Files, which StateDir implies, requests files in a temporary directory that
	// Close removes. The devices are then assumed to be outside this process.
	StateDir string
	Files    bool
	// Disk is where files are written; nil means that of the system.
	Disk atomicfile.Disk
	// Scenario is the name of one of Scenarios; "" means Healthy.
	Scenario string
	// File adds enrollments, groups, hubs and faults; nil adds none. See ReadFile.
	File *File
	// TPM enrolls a TPM, and replaces an enrollment with the same id in File; nil enrolls none.
	TPM *TPMDevice
	// HubProfile is the connection profile of the stub hub; "" means that of File, or else the
	// classic one.
	HubProfile dps.ConnectionProfile
	// RetryAfter is the requested wait while assigning; nil means that of File, or else two
	// seconds. A scenario about waiting has its own minimum.
	RetryAfter *time.Duration
	// IdleTimeout is how long a connection stays open between two calls if its protocol does
	// not say, as MQTT and AMQP may; 0 means DefaultIdleTimeout.
	IdleTimeout time.Duration

	Now    func() time.Time // nil means time.Now
	Random io.Reader        // seeds ids and symmetric keys; nil means crypto/rand.Reader
	Log    *slog.Logger     // nil discards; it logs why each refused call was refused
}

func (c Config) withDefaults() Config {
	for _, address := range []*string{&c.HTTPS, &c.MQTT, &c.AMQP, &c.Hub} {
		*address = cmp.Or(*address, "127.0.0.1:0")
	}
	c.IdleTimeout = cmp.Or(c.IdleTimeout, DefaultIdleTimeout)
	c.Files = c.Files || c.StateDir != ""
	if c.Disk == nil {
		c.Disk = atomicfile.System{Unsynced: c.StateDir == ""} // a temporary directory is not needed again
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Emulator is a running service. Close ends it.
type Emulator struct {
	store   *store
	ready   Ready
	device  Device
	owner   srv.ConnectionString
	service *service
	ports   ports
	https   *http.Server
	// exported are the names of the files that Export has written.
	exported []string

	stop        context.CancelFunc
	serving     sync.WaitGroup // one for each listener
	connections sync.WaitGroup // one for each connection in net/http
	webSockets  *sync.WaitGroup
}

// Start starts the emulator and returns when devices can register. ctx limits only the
// start. Errors are an unknown scenario, ErrNoTPM if the scenario needs a TPM, ErrStateInUse, an
// [AddressError], and a state directory that cannot be read or written.
func Start(ctx context.Context, config Config) (*Emulator, error) {
	config = config.withDefaults()
	scenario, ok := ScenarioByName(config.Scenario)
	if !ok {
		return nil, fmt.Errorf("unknown scenario %q", config.Scenario)
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start the emulator: %w", err)
	}
	store, err := openStore(config.StateDir, config.Files, config.Disk)
	if err != nil {
		return nil, err
	}
	if err := store.reserve(ctx); err != nil {
		return nil, err
	}
	e := &Emulator{store: store}
	if err := e.start(ctx, config, scenario); err != nil {
		return nil, errors.Join(err, e.ports.close(), store.close())
	}
	return e, nil
}

func (e *Emulator) start(ctx context.Context, config Config, scenario Scenario) error {
	w, err := newWorld(config, e.store)
	if err != nil {
		return err
	}
	if config.Files { // all of them, from the start
		if _, err := w.issuing(); err != nil {
			return err
		}
	}
	if err := scenario.stage(w, config.Files); err != nil {
		return err
	}
	w.service.publish(w.mint.now.Add(w.ahead), w.mint.random)
	if e.ports, err = openPorts(ctx, config, w.blocked); err != nil {
		return err
	}
	if err := e.introduce(w, scenario); err != nil {
		return err
	}
	return e.serve(context.WithoutCancel(ctx), w, config)
}

// introduce sets the results of Ready and Device, and writes the files.
func (e *Emulator) introduce(w *world, scenario Scenario) error {
	caFile, err := w.saveTrusted()
	if err != nil {
		return err
	}
	e.owner = w.service.policies[0].connection(e.ports.serviceHost())
	connectionFile, err := w.saveOperators(e.owner.Host)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AddCert(w.trusted)
	e.ready = Ready{
		Schema: Schema, Endpoints: e.ports.endpoints(), IDScope: w.devices[0].Scope,
		CAFile: caFile, StateDir: e.store.dir, Identities: []Identity{},
		ServiceConnectionStringFile: connectionFile,
	}
	for _, d := range w.devices {
		d.Endpoint, d.Roots, d.ClockOffset = e.ports.reachable(), roots, w.clock
		identity, err := d.save(e.store)
		if err != nil {
			return err
		}
		e.ready.Identities = append(e.ready.Identities, identity)
	}
	e.device = *w.player(scenario)
	return nil
}

// serve starts the listeners. They are served until Close.
func (e *Emulator) serve(ctx context.Context, w *world, config Config) error {
	names := append(config.SANs, e.ports.hosts()...)
	pair, err := w.serverPair(names)
	if err != nil {
		return err
	}
	w.service.hosts = append([]string{"localhost", "127.0.0.1", "::1"}, names...)
	now := func() time.Time { return config.Now().Add(w.ahead) }
	w.service.stub = e.ports.stub()
	e.service = newService(w.service, now, w.mint.random)
	f := front{service: e.service, log: config.Log, idle: config.IdleTimeout}
	ctx, e.stop = context.WithCancel(ctx)
	secure := serverTLS(pair, w.tls)
	handler := &httpHandler{webSockets{front: &f, spoken: f.subprotocols()}}
	e.webSockets = &handler.open
	e.https = newHTTPServer(ctx, handler, secure, config.IdleTimeout, config.Log)
	e.https.ConnState = e.count
	e.serving.Go(func() {
		if err := e.https.ServeTLS(e.ports.https, "", ""); !errors.Is(err, http.ErrServerClosed) {
			config.Log.Error("HTTPS listener ended", "error", err)
		}
	})
	for _, raw := range []struct {
		listener net.Listener
		server   tlsServer
	}{
		{e.ports.mqtt.Listener, tlsServer{&f, transportMQTT, secure, f.speakMQTT}},
		{e.ports.amqp.Listener, tlsServer{&f, transportAMQP, secure, f.speakAMQP}},
	} {
		if raw.listener != nil {
			e.serving.Go(func() { raw.server.serve(ctx, raw.listener) })
		}
	}
	hub := newHubServer(ctx, f, secure, e.ports.hub.Listener)
	e.serving.Go(func() { hub.serve(ctx, e.ports.hub.Listener) })
	return nil
}

// count counts connections, so that Close can wait until all have ended.
func (e *Emulator) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		e.connections.Add(1)
	case http.StateClosed, http.StateHijacked:
		e.connections.Done()
	}
}

// Ready returns the data needed to use the emulator.
func (e *Emulator) Ready() Ready { return e.ready }

// Device returns the device that demonstrates the scenario, for use inside this process:
// that of Config.TPM, unless the scenario is for another attestation.
func (e *Emulator) Device() Device { return e.device }

// Owner returns the credential of a policy with all rights at the service API, for use
// inside this process.
func (e *Emulator) Owner() srv.ConnectionString { return e.owner }

// RemoveFiles removes a temporary state directory, whatever still runs. It is for a program
// that ends immediately; Close does the same.
func (e *Emulator) RemoveFiles() error { return e.store.close() }

// Close ends every listener and connection and removes a temporary state directory.
func (e *Emulator) Close() error {
	e.stop()
	err := errors.Join(e.https.Close(), e.ports.close())
	e.serving.Wait()
	e.connections.Wait()
	e.webSockets.Wait()
	return errors.Join(err, e.store.close())
}
