package emulator

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// The log contains details that the device does not get, but no secrets of the device.
func TestLogTellsWhy(t *testing.T) {
	t.Parallel()
	for scenario, want := range map[string]string{
		"symmetric-key-mismatch":         "signed with neither key of the individual enrollment",
		"group-key-not-derived":          `it is signed with the key of group \"sandbox-keys\" itself`,
		"sas-token-expired":              "the token expired at 2026-03-01T11:50:00Z, it is 2026-03-01T12:00:00Z",
		"sas-token-malformed":            `the token is for \"hub.dpsdiag.example/devices/sandbox-key-01\"`,
		"cert-chain-incomplete":          "was not sent and is not enrolled",
		"cert-wrong-role-or-extensions":  "that of a CA, not of a device",
		"wrong-id-scope":                 `the id scope is \"0ne00D5D1A6\" here`,
		"public-network-access-disabled": "a fault is configured",
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			e, err := Start(t.Context(), Config{
				Scenario: scenario, Now: atNoon, Random: seed(), Log: slog.New(slog.NewJSONHandler(&log, nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			d := e.Device()
			c := newClient(t, d)
			c.register()
			if err := e.Close(); err != nil {
				t.Error(err)
			}
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s is not in the log:\n%s", want, &log)
			}
			for _, secret := range []string{d.Key.Reveal(), c.token.Reveal(), d.CertKeyPEM.Reveal()} {
				if secret != "" && strings.Contains(log.String(), secret) {
					t.Errorf("a secret is in the log:\n%s", &log)
				}
			}
		})
	}
}

// The log says for each transport who was refused, with which code and why.
func TestLogOfEveryTransport(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ scenario, transport, want string }{
		{"symmetric-key-mismatch", transportMQTT, `"transport":"mqtt","registration_id":"sandbox-key-01","remote":"127.0.0.1:`},
		{"symmetric-key-mismatch", transportMQTT, `"with":"CONNACK 5","reason":"token","why":"the token is signed with neither key of the individual enrollment"`},
		{"symmetric-key-mismatch", transportAMQP, `"with":"SASL outcome auth","reason":"token"`},
		{"wrong-id-scope", transportAMQPWS, `"transport":"amqp-ws","registration_id":"sandbox-key-01"`},
		{"wrong-id-scope", transportAMQPWS, `"with":"open-error","reason":"unknown-id-scope"`},
		{"api-version-unsupported", transportAMQP, `"with":"DETACH","reason":"api-version"`},
		{"cert-expired", transportMQTTWS, `"transport":"mqtt-ws","operation":"register","registration_id":"sandbox-x509-01"`},
		{"cert-expired", transportMQTTWS, `"status":401,`},
		{"throttled", transportAMQP, `"transport":"amqp","operation":"register","registration_id":"sandbox-key-01"`},
		{"proxy-interference", transportAMQP, `"with":"HTTP","reason":"configured-fault"`},
		{"public-network-access-disabled", transportAMQPWS, `"transport":"https","operation":"connect"`},
	} {
		t.Run(test.scenario+"/"+test.transport, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			e, err := Start(t.Context(), Config{
				Scenario: test.scenario, Now: atNoon, Random: seed(), Log: slog.New(slog.NewJSONHandler(&log, nil)),
			})
			if err != nil {
				t.Fatal(err)
			}
			d := e.Device()
			enterOver(t, d, test.transport)
			if err := e.Close(); err != nil {
				t.Error(err)
			}
			if !strings.Contains(log.String(), test.want) {
				t.Errorf("%s is not in the log:\n%s", test.want, &log)
			}
			for _, secret := range []string{d.Key.Reveal(), tokenOf(t, d, noon).Reveal(), d.CertKeyPEM.Reveal()} {
				if secret != "" && strings.Contains(log.String(), secret) {
					t.Errorf("a secret is in the log:\n%s", &log)
				}
			}
		})
	}
}

// Messages of net/http go to the log too, at debug level.
func TestLogHoldsHandshakeErrors(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e, err := Start(t.Context(), Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	d := e.Device()
	d.Roots = x509.NewCertPool()
	if got := newClient(t, d).register(); got.err == nil {
		t.Error("a client trusts the emulator without its CA")
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "level=DEBUG") || !strings.Contains(log.String(), "TLS handshake error") {
		t.Errorf("log:\n%s", &log)
	}
}

// The log says for the hub too who was refused and why, and contains no secrets of the
// device.
func TestLogOfTheHub(t *testing.T) {
	t.Parallel()
	for transport, want := range map[string]string{
		transportHTTPS: `"msg":"call","transport":"https","operation":"hub","device_id":"sandbox-key-01","remote":"127.0.0.1:`,
		transportMQTT:  `"msg":"connection refused","transport":"mqtt","device_id":"sandbox-key-01","remote":"127.0.0.1:`,
	} {
		var log bytes.Buffer
		e, err := Start(t.Context(), Config{
			Now: atNoon, Random: seed(), RetryAfter: new(time.Duration(0)), Log: slog.New(slog.NewJSONHandler(&log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		d := e.Device()
		newClient(t, d).enter().want(t, assigned)
		token := hubToken(deviceKey(t, d), strangeHub+"/devices/"+keyDevice, noon.Add(time.Hour))
		openHub(t, atHub(e), transport, keyDevice, token)
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		why := `"reason":"token","why":"the token is for \"hub.dpsdiag.example/devices/sandbox-key-01\", not for \"` + e.hub()
		for _, want := range []string{want, why} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s is not in the log:\n%s", want, &log)
			}
		}
		for _, secret := range []string{d.Key.Reveal(), token.Reveal()} {
			if strings.Contains(log.String(), secret) {
				t.Errorf("a secret is in the log:\n%s", &log)
			}
		}
	}
}
