//go:build peers

package proxy

import (
	"context"
	"net"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/nettest"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// service starts an emulator and returns a probe of it with a host name that the proxy
// resolves.
func service(t *testing.T) probe.Config {
	t.Helper()
	var none time.Duration
	e, err := emulator.Start(t.Context(), emulator.Config{Scenario: "healthy", RetryAfter: &none})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	device := e.Device()
	endpoint := device.Endpoint
	endpoint.Host = "localhost"
	key, err := dps.ParseKey(device.Key)
	if err != nil {
		t.Fatal(err)
	}
	return probe.Config{
		Endpoint: endpoint, Scope: device.Scope, RegistrationID: device.RegistrationID,
		Attestation: probe.NewSymmetricKey(key), Transports: probe.Transports(), Roots: device.Roots, Budget: time.Minute,
	}
}

// setting returns the URL of a proxy with its credentials.
func setting(p program, address, userinfo string) string {
	return p.scheme + "://" + userinfo + address
}

func through(t *testing.T, cfg probe.Config, setting string) probe.Evidence {
	t.Helper()
	p, err := proxy.Parse(setting, "--proxy")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Proxy = proxy.Through(p)
	return probe.Do(context.Background(), cfg)
}

func TestProxies(t *testing.T) {
	for _, p := range programs() {
		t.Run(p.name, func(t *testing.T) {
			cfg := service(t)
			far := ports{service: cfg.Endpoint, closed: closedPort(t), forbidden: closedPort(t)}
			address := p.run(t, far)
			right := ""
			if p.auth {
				right = user + ":" + password + "@"
			}
			t.Run("registers", func(t *testing.T) {
				for _, run := range through(t, cfg, setting(p, address, right)).Runs {
					if run.End != probe.EndComplete || run.Through() == nil {
						t.Errorf("%s: end %s, %+v, %+v", run.Transport, run.End, run.FailedStage(), run.ProxyFailed())
					}
				}
			})
			for _, refusal := range refusals(p, far, right) {
				t.Run(refusal.name, func(t *testing.T) { refusal.check(t, cfg, setting(p, address, refusal.userinfo)) })
			}
		})
	}
}

// closedPort returns a port that no one else has while the test runs, so that no two are the same.
func closedPort(t *testing.T) int {
	t.Helper()
	return nettest.ClosedPort(t).(*net.TCPAddr).Port
}

// refusal is something that a proxy refuses, and the expected classification.
type refusal struct {
	name     string
	userinfo string
	host     string // "" for the service's
	port     int    // 0 for the service's
	kind     proxy.FailureKind
}

func refusals(p program, far ports, right string) []refusal {
	list := []refusal{
		{"nobody listens", right, "", far.closed, proxy.NoRoute},
		{"an unknown name", right, "no-such-host.invalid", 0, proxy.NoRoute},
	}
	if !p.noRules {
		list = append(list, refusal{"forbidden", right, "", far.forbidden, proxy.Forbidden})
	}
	if p.auth {
		list = append(list,
			refusal{"no credentials", "", "", 0, proxy.Auth},
			refusal{"wrong credentials", user + ":other@", "", 0, proxy.Auth})
	}
	return list
}

func (r refusal) check(t *testing.T, cfg probe.Config, setting string) {
	t.Helper()
	if r.host != "" {
		cfg.Endpoint.Host = r.host
	}
	if r.port != 0 {
		cfg.Endpoint = dps.Endpoint{Host: cfg.Endpoint.Host, HTTPS: r.port, MQTT: r.port, AMQP: r.port}
	}
	for _, run := range through(t, cfg, setting).Runs {
		a := run.ProxyFailed()
		if a == nil || a.Failure.Kind != r.kind {
			t.Errorf("%s: %+v, want %s", run.Transport, a, r.kind)
			continue
		}
		t.Logf("%s: status %d, server %q, reason %q, %s", run.Transport, a.Status, a.Server, a.Reason, a.Failure.Text)
	}
}
