package emulator

import (
	"cmp"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// rendering is how a scenario looks to the device of the sandbox on a transport where it
// differs from HTTPS. WebSocket transports look like those without, unless listed.
type rendering struct{ mqtt, mqttWS, amqp, amqpWS string }

func (r rendering) over(transport string) string {
	switch transport {
	case transportMQTT:
		return r.mqtt
	case transportMQTTWS:
		return cmp.Or(r.mqttWS, r.mqtt)
	case transportAMQP:
		return r.amqp
	case transportAMQPWS:
		return cmp.Or(r.amqpWS, r.amqp)
	}
	return ""
}

// renderings are the differences between the transports, by the name of the scenario.
func renderings() map[string]rendering {
	const (
		certificate = "amqp:unauthorized-access 401002 IotHubUnauthorizedAccess"
		blockPage   = "handshake 403 html text/html; charset=utf-8"
		gone        = "no connection: EOF"
	)
	badKey := rendering{mqtt: "CONNACK 5", amqp: "SASL 1"}
	badChain := rendering{amqp: "CLOSE " + certificate}
	noTrust := rendering{mqtt: "no connection: unknown authority", amqp: "no connection: unknown authority"}
	return map[string]rendering{
		"symmetric-key-mismatch": badKey,
		"group-key-not-derived":  badKey,
		"derived-key-incorrect":  badKey,
		"sas-token-malformed":    badKey,
		"sas-token-expired":      badKey,
		"device-clock-wrong":     badKey,
		"attestation-mismatch":   badKey,
		"enrollment-not-found":   badKey,

		"cert-expired":                     badChain,
		"cert-chain-incomplete":            badChain,
		"cert-not-trusted-by-enrollment":   badChain,
		"ca-not-verified":                  badChain,
		"cert-enrollment-mismatch":         badChain,
		"cert-wrong-role-or-extensions":    badChain,
		"cert-cn-registration-id-mismatch": badChain,

		"wrong-id-scope":          {mqtt: "CONNACK 3", amqp: "CLOSE amqp:not-found"},
		"registration-id-invalid": {amqp: "CLOSE com.microsoft:argument-error 400004 Invalid RegistrationId"},
		"api-version-unsupported": {amqp: "DETACH com.microsoft:argument-error 400004 Unsupported API version 2019-03-31."},

		"server-root-ca-missing":            noTrust,
		"tls-version-or-cipher-unsupported": {mqtt: "no connection: protocol version", amqp: "no connection: protocol version"},
		"port-blocked": {
			mqtt: "no connection: connection refused", mqttWS: assigned, amqp: "no connection: connection refused", amqpWS: assigned,
		},
		"public-network-access-disabled": {
			mqtt: "CONNACK 5", mqttWS: "handshake " + noKey, amqp: "SASL 1", amqpWS: "handshake " + noKey,
		},
		"proxy-interference": {
			mqtt: "no connection: non-CONNACK", mqttWS: blockPage, amqp: `no connection: unexpected protocol "HTTP"`, amqpWS: blockPage,
		},
		"cut-at-connect":      {mqtt: gone, amqp: gone},
		"cut-after-subscribe": {mqtt: cutOff, amqp: gone},
	}
}

// Every scenario on every transport, with clients of other projects.
func TestScenarioOverEveryTransport(t *testing.T) {
	t.Parallel()
	told := renderings()
	for _, play := range plays() {
		for _, transport := range allTransports() {
			t.Run(play.name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				e := begin(t, Config{Scenario: play.name})
				want := cmp.Or(told[play.name].over(transport), play.sandbox)
				if got := enterOver(t, e.Device(), transport); got != want {
					t.Errorf("the device sees %q, want %q", got, want)
				}
			})
		}
	}
	for name := range told {
		if _, ok := ScenarioByName(name); !ok {
			t.Errorf("%s is not a scenario", name)
		}
	}
}

// A status of the service on each of the calls, in the terms of each transport.
func TestStatusOverEveryTransport(t *testing.T) {
	t.Parallel()
	conditions := map[int]string{
		400: "com.microsoft:argument-error", 401: "amqp:unauthorized-access", 403: "amqp:unauthorized-access",
		404: "amqp:not-found", 405: "amqp:not-allowed", 409: "amqp:precondition-failed", 412: "amqp:precondition-failed",
		413: "amqp:link:message-size-exceeded", 415: "com.microsoft:argument-error",
		429: "com.microsoft:device-container-throttled", 500: "amqp:internal-error", 503: "amqp:internal-error",
	}
	for status, condition := range conditions {
		told := family(status)
		told.retryAfter = new(7 * time.Second)
		e := beginWith(t, fault{on: []operation{opRegister, opStatus}, answer: told})
		for _, transport := range allTransports() {
			t.Run(fmt.Sprintf("%d/%s", status, transport), func(t *testing.T) {
				t.Parallel()
				s := newStranger(t, e.Device(), transport)
				if refused := s.open(); refused != "" {
					t.Fatal(refused)
				}
				for _, got := range []wire{s.register("{}"), s.poll("4.0.0")} {
					got.want(t, fmt.Sprintf("%d %d %s", status, status*1000, http.StatusText(status)))
					wantHeader(t, got.header, map[string]string{"Retry-After": "7"})
					if transport == transportAMQP || transport == transportAMQPWS {
						wantHeader(t, got.header, map[string]string{"Condition": condition})
					}
				}
			})
		}
	}
}

// A status at connect, for which the transports have their own refusals.
func TestConnectFaultOverEveryTransport(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]rendering{
		400: {mqtt: "400 400000 Bad Request", amqp: "CLOSE com.microsoft:argument-error 400000 Bad Request"},
		401: {mqtt: "CONNACK 5", amqp: "SASL 1"},
		403: {mqtt: "CONNACK 5", amqp: "SASL 1"},
		404: {mqtt: "CONNACK 3", amqp: "CLOSE amqp:not-found 404000 Not Found"},
		429: {mqtt: "CONNACK 3", amqp: "SASL 4"},
		503: {mqtt: "CONNACK 3", amqp: "SASL 4"},
	} {
		everyone := fault{on: []operation{opConnect}, answer: family(status)}
		one := everyone
		one.devices = []string{keyDevice}
		answered := fmt.Sprintf("%d %d %s", status, status*1000, http.StatusText(status))
		for _, f := range []fault{everyone, one} {
			e := beginWith(t, f)
			for _, transport := range allTransports() {
				want := cmp.Or(want.over(transport), answered)
				if len(f.devices) == 0 && (transport == transportMQTTWS || transport == transportAMQPWS) {
					want = "handshake " + answered // before anything is known of the caller
				}
				t.Run(fmt.Sprintf("%d %v/%s", status, f.devices, transport), func(t *testing.T) {
					t.Parallel()
					if got := enterOver(t, e.Device(), transport); got != want {
						t.Errorf("the device sees %q, want %q", got, want)
					}
				})
			}
		}
	}
}

// A page from something in between, instead of an answer, for one device only.
func TestForeignAnswerOverEveryTransport(t *testing.T) {
	t.Parallel()
	page := answer{status: http.StatusOK, foreign: &foreign{contentType: "text/html", text: blockPage}}
	onCall := beginWith(t, fault{on: []operation{opRegister}, answer: page})
	atConnect := beginWith(t, fault{on: []operation{opConnect}, devices: []string{keyDevice}, answer: page})
	for _, transport := range allTransports() {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t, onCall.Device(), transport)
			if refused := s.open(); refused != "" {
				t.Fatal(refused)
			}
			if got := s.register("{}"); got.text != blockPage {
				t.Errorf("answer %q, %v", got.text, got.err)
			}
		})
	}
	want := rendering{mqtt: "no connection: non-CONNACK", amqp: "CLOSE com.microsoft:argument-error " + blockPage}
	for _, transport := range allTransports()[1:] {
		t.Run("connect/"+transport, func(t *testing.T) {
			t.Parallel()
			if got := enterOver(t, atConnect.Device(), transport); got+"\n" != want.over(transport) && got != want.over(transport) {
				t.Errorf("the device sees %q, want %q", got, want.over(transport))
			}
		})
	}
}

// Retry-After while assigning, and the result of its absence on each transport.
func TestRetryAfterOverEveryTransport(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{RetryAfter: new(1500 * time.Millisecond)})
	for _, transport := range allTransports() {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t, e.Device(), transport)
			if refused := s.open(); refused != "" {
				t.Fatal(refused)
			}
			got := s.register("")
			wantHeader(t, got.header, map[string]string{"Retry-After": "2"})
			operation := got.body.Operation.OperationID
			wantHeader(t, s.poll(operation).header, map[string]string{"Retry-After": "2"})
			last := s.poll(operation)
			last.want(t, assigned)
			wantHeader(t, last.header, map[string]string{"Retry-After": ""})
		})
	}
}

// Each attestation on each transport.
func TestAttestationsOverEveryTransport(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Files: true})
	for _, d := range readIdentities(t, e) {
		for _, transport := range allTransports() {
			t.Run(string(d.Attestation)+"/"+transport, func(t *testing.T) {
				t.Parallel()
				if got := enterOver(t, d, transport); got != assigned {
					t.Errorf("the device sees %q", got)
				}
			})
		}
	}
}

// The id scope is known at connect, but for AMQP with a certificate only with the links.
func TestUnknownScopeOverEveryTransport(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		transportHTTPS: "404 empty", transportMQTT: "CONNACK 3", transportMQTTWS: "CONNACK 3",
		transportAMQP: "CLOSE amqp:not-found", transportAMQPWS: "CLOSE amqp:not-found",
	}
	e := begin(t, Config{Scenario: "wrong-id-scope", Files: true})
	for _, d := range readIdentities(t, e) {
		for transport, want := range want {
			t.Run(string(d.Attestation)+"/"+transport, func(t *testing.T) {
				t.Parallel()
				if got := enterOver(t, d, transport); got != want {
					t.Errorf("the device sees %q, want %q", got, want)
				}
			})
		}
	}
}

// The transports share one service: an operation begun on one can be polled on another.
func TestTransportsShareTheRegistration(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	var strangers []stranger
	for _, transport := range allTransports() {
		s := newStranger(t, e.Device(), transport)
		if refused := s.open(); refused != "" {
			t.Fatal(refused)
		}
		strangers = append(strangers, s)
	}
	for i, s := range strangers {
		next, last := strangers[(i+1)%len(strangers)], strangers[(i+2)%len(strangers)]
		operation := s.register("{}").body.Operation.OperationID
		next.poll(operation).want(t, "202 assigning")
		last.poll(operation).want(t, assigned)
	}
}
