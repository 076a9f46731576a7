package main

import (
	"context"
	"fmt"
	"strings"

	"dpsdiag/internal/probe"
)

// fact is a question that only a real instance can answer.
type fact struct {
	number   int
	question string
	needs    string // for the page
	when     turn
	// missing says what the fact needs and the settings lack, "" for nothing.
	missing  func(*settings) string
	try      func(context.Context, *recorder) []Trial
	conclude func(*recorder, []Trial) (text string, decided bool)
	// changes are what the possible answers change in dpsdiag.
	changes []change
}

// turn is when the trials of a fact run, in relation to the registrations of the devices.
type turn int

const (
	afterDevices turn = iota
	beforeDevices
	atLast
)

// change is what an answer changes.
type change struct {
	answer, text string
	places       []place
}

// place is a name in a file.
type place struct{ file, name string }

func (p place) String() string { return "`" + p.name + "` in `" + p.file + "`" }

// facts lists all of them, by the numbers of the page.
func facts() []fact {
	return []fact{
		unknownNames(), disabledEnrollment(), saslOffered(), throttling(), mismatches(),
		closedNetwork(), clientCertificates(), resourceLogs(), sovereignRoots(), caseOfIDs(),
	}
}

func nothingMissing(*settings) string { return "" }

func needsSigner(s *settings) string {
	if s.signer() == nil {
		return "it needs a device with a symmetric key: " + prefix + "KEY_ID or " + prefix + "GROUP_ID"
	}
	return ""
}

// named are the trials with a name.
func named(trials []Trial, name string) []Trial {
	var list []Trial
	for _, t := range trials {
		if t.Name == name {
			list = append(list, t)
		}
	}
	return list
}

// told lists the answers to the trials of a name, one line for all transports with the same.
func told(trials []Trial, name string) string {
	var order []string
	over := map[string][]string{}
	for _, t := range named(trials, name) {
		text := t.Answer.text()
		if over[text] == nil {
			order = append(order, text)
		}
		over[text] = append(over[text], t.Transport)
	}
	var lines []string
	for _, text := range order {
		lines = append(lines, fmt.Sprintf("%s over %s: %s", name, strings.Join(over[text], ", "), text))
	}
	return strings.Join(lines, "\n")
}

// heard reports whether the service answered every trial in some way.
func heard(trials []Trial) bool {
	for i := range trials {
		if trials[i].Answer.Failure != "" {
			return false
		}
	}
	return len(trials) > 0
}

// alike lists the transports over which two trials have the same answer, and the others.
func alike(trials []Trial, a, b string) (same, differ []string) {
	for _, first := range named(trials, a) {
		for _, second := range named(trials, b) {
			switch {
			case first.Transport != second.Transport:
			case first.Answer.text() == second.Answer.text():
				same = append(same, first.Transport)
			default:
				differ = append(differ, first.Transport)
			}
		}
	}
	return same, differ
}

// distinction says over which transports two trials can be told apart.
func distinction(trials []Trial, a, b string) string {
	same, differ := alike(trials, a, b)
	switch {
	case len(same) == 0:
		return fmt.Sprintf("%q and %q can be told apart over every transport", a, b)
	case len(differ) == 0:
		return fmt.Sprintf("%q and %q look the same over every transport", a, b)
	}
	return fmt.Sprintf("%q and %q look the same over %s, not over %s", a, b, strings.Join(same, ", "), strings.Join(differ, ", "))
}

func unknownNames() fact {
	const scope, absent, certificate = "unknown id scope", "no enrollment, key", "no enrollment, certificate"
	return fact{
		number: 1, needs: "nothing more",
		question: "How are an unknown id scope and a missing enrollment answered over HTTPS and AMQP, and with which codes?",
		missing:  nothingMissing,
		try: func(ctx context.Context, r *recorder) []Trial {
			stranger := device{"stranger", r.endpoint, r.scope, strangerID(), probe.NewSymmetricKey(randomKey())}
			elsewhere := stranger
			elsewhere.scope = unknownScope(r.scope)
			trials := r.try(ctx, asked{name: scope, sent: "a registration under the id scope " + elsewhere.scope, device: elsewhere})
			trials = append(trials, r.try(ctx, asked{name: absent, sent: "a registration of the id " + stranger.id + " with a random key", device: stranger})...)
			if self, err := selfSigned(stranger.id); err == nil {
				stranger.attestation = self
				trials = append(trials, r.try(ctx, asked{name: certificate, sent: "the same with a self-signed certificate", device: stranger})...)
			}
			return trials
		},
		conclude: func(_ *recorder, trials []Trial) (string, bool) {
			return strings.Join([]string{
				told(trials, scope), told(trials, absent), told(trials, certificate), distinction(trials, scope, absent),
			}, "\n"), heard(trials)
		},
		changes: []change{
			{"404 with a code of its own for the id scope", "a catalogue entry of its own, which proves wrong-id-scope; the emulator sends the code", []place{
				{"internal/codes/catalogue/dps-extended.toml", "dps-404201"}, {"internal/advice/rules_enrollment.go", "weighScope"}, {"internal/emulator/authenticate.go", "checkScope"},
			}},
			{"404 without a code", "the emulator stays as it is; the comment \"assumed\" is removed", []place{{"internal/emulator/authenticate.go", "checkScope"}}},
			{"401 as for a wrong key", "the two causes stay allowed together, and 404 no longer suggests the id scope", []place{{"internal/advice/rules_enrollment.go", "weighEnrolled"}}},
			{"over AMQP a condition other than not-found, or an end at another step", "where the emulator refuses, and how the probe reads the condition", []place{
				{"internal/emulator/amqp_login.go", "saslCode"}, {"internal/probe/transport_amqp_refusal.go", "conditionStatus"},
			}},
		},
	}
}

func disabledEnrollment() fact {
	const name = "disabled enrollment"
	return fact{
		number: 2, needs: "DISABLED_ID, DISABLED_KEY",
		question: "What answer does a device get whose enrollment is disabled, and with which code?",
		missing: func(s *settings) string {
			if s.disabled == nil {
				return "it needs " + prefix + "DISABLED_ID and " + prefix + "DISABLED_KEY"
			}
			return ""
		},
		try: func(ctx context.Context, r *recorder) []Trial {
			return r.try(ctx, asked{name: name, sent: "a registration of " + r.disabled.id, device: *r.disabled})
		},
		conclude: func(_ *recorder, trials []Trial) (string, bool) {
			for i := range trials {
				if trials[i].Answer.registered() {
					return "the device was registered: its enrollment is not disabled", false
				}
			}
			return told(trials, name), heard(trials)
		},
		changes: []change{
			{"the state disabled", "a 401 no longer allows enrollment-disabled", []place{{"internal/advice/rules_enrollment.go", "weighDisabled"}}},
			{"401 with a code or a message of its own", "a catalogue entry for it, which proves the cause, and the emulator's scenario", []place{
				{"internal/codes/catalogue/dps-extended.toml", "dps-401002-unauthorized"}, {"internal/emulator/scenarios.go", "enrollment-disabled"},
			}},
			{"401 as for a wrong key", "both stay allowed; the scenario sends this answer", []place{{"internal/emulator/scenarios.go", "enrollment-disabled"}}},
		},
	}
}

func saslOffered() fact {
	const offer, wrong = "offer", "wrong key"
	over := func() []probe.Transport { return []probe.Transport{probe.NewAMQP(), probe.NewAMQPOverWebSocket()} }
	return fact{
		number: 3, needs: "KEY_ID or GROUP_ID",
		question: "Which SASL mechanisms does the AMQP port offer, and what does a wrong token get there?",
		missing:  needsSigner,
		try: func(ctx context.Context, r *recorder) []Trial {
			anonymous := device{"none", r.endpoint, "", "", probe.NoCredential()}
			trials := r.try(ctx, asked{name: offer, sent: "the SASL header, and nothing after the mechanisms", device: anonymous, mode: probe.ModePreflight, transports: over()})
			other := *r.signer()
			other.attestation = probe.NewSymmetricKey(randomKey())
			return append(trials, r.try(ctx, asked{name: wrong, sent: "PLAIN with a token of " + other.id + " that a random key signed", device: other, transports: over()})...)
		},
		conclude: func(_ *recorder, trials []Trial) (string, bool) {
			var lines []string
			decided := heard(named(trials, wrong))
			for _, t := range named(trials, offer) {
				lines = append(lines, fmt.Sprintf("mechanisms over %s: %s", t.Transport, strings.Join(t.Answer.Mechanisms, " ")))
				decided = decided && len(t.Answer.Mechanisms) > 0
			}
			return strings.Join(append(lines, told(trials, wrong)), "\n"), decided
		},
		changes: []change{
			{"other mechanisms, or in another order", "the emulator's list", []place{{"internal/emulator/amqp_login.go", "mechanisms"}}},
			{"SASL outcome 1", "the comment \"assumed\" is removed", []place{{"internal/emulator/amqp_login.go", "saslCode"}}},
			{"SASL succeeds, and OPEN or ATTACH is refused with a condition", "where the emulator refuses; the refusal then has a code, which makes the diagnosis more precise", []place{
				{"internal/emulator/amqp_login.go", "saslCode"}, {"internal/advice/rules_keys.go", "identityRefused"},
			}},
		},
	}
}

// throttling comes last: for a while the service refuses other polls of the device too.
func throttling() fact {
	const name = "polls"
	const polls = 60
	return fact{
		number: 4, needs: "THROTTLE=1, and KEY_ID or GROUP_ID", when: atLast,
		question: "Which code, message and form does throttling have over HTTPS, MQTT and AMQP?",
		missing: func(s *settings) string {
			if !s.throttle {
				return "it needs " + prefix + "THROTTLE=1, which polls faster than the service allows"
			}
			return needsSigner(s)
		},
		try: func(ctx context.Context, r *recorder) []Trial {
			a := asked{name: name, sent: fmt.Sprintf("a registration, and up to %d polls of it without a pause", polls), device: *r.signer()}
			for _, t := range supporting(r.signer().attestation.Kind()) {
				a.transports = append(a.transports, altered{Transport: t, polls: polls})
			}
			return r.try(ctx, a)
		},
		conclude: func(_ *recorder, trials []Trial) (string, bool) {
			refused := 0
			for i := range trials {
				if a := &trials[i].Answer; a.State == "" && (a.Status == 429 || a.Condition != "") {
					refused++
				}
			}
			text := told(trials, name)
			if refused < len(trials) {
				text += fmt.Sprintf("\nthe service refused polls over %d of %d transports", refused, len(trials))
			}
			return text, refused == len(trials)
		},
		changes: []change{
			{"another code or text than 429001", "the catalogue entry, and what the emulator sends", []place{
				{"internal/codes/catalogue/dps-extended.toml", "dps-429001"}, {"internal/emulator/limits.go", "throttle"},
			}},
			{"over AMQP another condition", "the status that the probe derives from it", []place{{"internal/probe/transport_amqp_refusal.go", "conditionStatus"}, {"internal/emulator/amqp_error.go", "amqpError"}}},
			{"over MQTT the end of the connection, or CONNACK 3", "CONNACK 3 then also allows throttled", []place{{"internal/advice/rules_service.go", "weighThrottled"}, {"internal/emulator/mqtt_service.go", "connackCode"}}},
			{"no Retry-After", "the emulator leaves it out; the probe already waits by its own schedule", []place{{"internal/emulator/limits.go", "throttle"}}},
		},
	}
}

func mismatches() fact {
	const client, body, version = "client id differs", "id in the body differs", "unknown api-version"
	const never = "1999-12-31"
	return fact{
		number: 5, needs: "KEY_ID or GROUP_ID",
		question: "What happens if an MQTT client id and user name differ, if the ids in path and body differ, and with an unknown api-version over MQTT and AMQP?",
		missing:  needsSigner,
		try: func(ctx context.Context, r *recorder) []Trial {
			d, other := *r.signer(), strangerID()
			trials := r.try(ctx, asked{
				name: client, sent: "CONNECT with the client id " + other + " and the user name of " + d.id, device: d,
				transports: []probe.Transport{otherClientID(d.id, other)},
			})
			trials = append(trials, r.try(ctx, asked{
				name: body, sent: "a register call of " + d.id + " with the id " + other + " in its body", device: d,
				transports: []probe.Transport{otherBody(probe.NewHTTPS(), other), otherBody(probe.NewMQTT(), other), otherBody(probe.NewAMQP(), other)},
			})...)
			return append(trials, r.try(ctx, asked{
				name: version, sent: "a registration with the api-version " + never, device: d, apiVersion: never,
				transports: []probe.Transport{probe.NewHTTPS(), probe.NewMQTT(), probe.NewAMQP()},
			})...)
		},
		conclude: func(_ *recorder, trials []Trial) (string, bool) {
			return strings.Join([]string{told(trials, client), told(trials, body), told(trials, version)}, "\n"), heard(trials)
		},
		changes: []change{
			{"another client id is taken", "the emulator takes it too", []place{{"internal/emulator/mqtt_service.go", "judge"}}},
			{"another client id gets a CONNACK, or the end of the connection", "that CONNACK; a cut right after CONNECT then allows client-config-invalid", []place{
				{"internal/emulator/mqtt_service.go", "judge"}, {"internal/advice/rules_client.go", "ClientConfigInvalid"},
			}},
			{"another id in the body is taken, or refused with a code", "the emulator's answer, and a catalogue entry for the code", []place{
				{"internal/emulator/service.go", "checkBody"}, {"internal/codes/catalogue/dps-extended.toml", "dps-400004"},
			}},
			{"an unknown api-version is refused while the session opens", "the step at which the emulator refuses, and api-version-unsupported for that refusal", []place{
				{"internal/emulator/authenticate.go", "checkVersion"}, {"internal/advice/rules_request.go", "APIVersionUnsupported"},
			}},
		},
	}
}

func closedNetwork() fact {
	const name, wrong = "closed network", "closed network, wrong key"
	return fact{
		number: 6, needs: "CLOSED_ID_SCOPE, CLOSED_ID, CLOSED_KEY",
		question: "How do a closed public network and an IP filter look over MQTT and AMQP?",
		missing: func(s *settings) string {
			if s.closed == nil {
				return "it needs " + prefix + "CLOSED_ID_SCOPE, " + prefix + "CLOSED_ID and " + prefix + "CLOSED_KEY"
			}
			return ""
		},
		try: func(ctx context.Context, r *recorder) []Trial {
			trials := r.try(ctx, asked{name: name, sent: "a registration of " + r.closed.id, device: *r.closed})
			other := *r.closed
			other.attestation = probe.NewSymmetricKey(randomKey())
			return append(trials, r.try(ctx, asked{name: wrong, sent: "the same with a random key", device: other})...)
		},
		conclude: func(_ *recorder, trials []Trial) (string, bool) {
			for i := range named(trials, name) {
				if trials[i].Answer.registered() {
					return "the device was registered: this network is not closed for this machine", false
				}
			}
			// A connection that is refused or cut is an answer here.
			return strings.Join([]string{told(trials, name), told(trials, wrong), distinction(trials, name, wrong)}, "\n"), len(trials) > 0
		},
		changes: []change{
			{"the same as for a wrong key", "the comment \"assumed\" is removed; the checks of inspect stay the only proof", []place{{"internal/emulator/scenarios.go", "public-network-access-disabled"}}},
			{"a code or a message of its own", "a catalogue entry, which proves public-network-access-disabled", []place{
				{"internal/codes/catalogue/dps-extended.toml", "dps-401002"}, {"internal/advice/rules_service.go", "PublicNetworkAccessDisabled"},
			}},
			{"a connection refused or cut, or a failed handshake", "such an end allows this cause as well as port-blocked", []place{
				{"internal/advice/rules_service.go", "PublicNetworkAccessDisabled"}, {"internal/advice/rules_network.go", "PortBlocked"},
			}},
		},
	}
}

func clientCertificates() fact {
	const plain, flagged, withCert = "without the query", "with the query", "with the query and a certificate"
	return fact{
		number: 7, needs: "KEY_ID or GROUP_ID; with CERT also the last part",
		question: "What does iothub-no-client-cert=true in the address of a WebSocket change, and does the server ask for a certificate without it?",
		missing:  needsSigner,
		try: func(ctx context.Context, r *recorder) []Trial {
			d := *r.signer()
			trials := r.try(ctx, asked{name: plain, sent: "MQTT over a WebSocket, and over TLS", device: d, transports: []probe.Transport{probe.NewMQTTOverWebSocket(), probe.NewMQTT()}})
			trials = append(trials, r.try(ctx, asked{name: flagged, sent: "MQTT over a WebSocket with " + noClientCert, device: d, transports: []probe.Transport{withoutClientCert()}})...)
			if r.x509 != nil {
				trials = append(trials, r.try(ctx, asked{name: withCert, sent: "the same with a certificate as the only credential", device: *r.x509, transports: []probe.Transport{withoutClientCert()}})...)
			}
			return trials
		},
		conclude: func(_ *recorder, trials []Trial) (string, bool) {
			var lines []string
			for i := range trials {
				t := &trials[i]
				asks := "asks for no certificate in the handshake"
				if t.Answer.ClientCertificate {
					asks = "asks for a certificate in the handshake"
				}
				lines = append(lines, fmt.Sprintf("%s over %s: the server %s; %s", t.Name, t.Transport, asks, t.Answer.text()))
			}
			return strings.Join(lines, "\n"), heard(trials)
		},
		changes: []change{
			{"without the query keys fail, with it they work", "the probe sends the query unless it has a certificate", []place{{"internal/probe/transport_websocket.go", "webSocketPath"}}},
			{"both work, and a certificate works with the query too", "nothing: the probe's form stays", nil},
			{"with the query a certificate is not asked for or not taken", "a device that sends it with a certificate gets client-cert-not-presented", []place{{"internal/advice/rules_keypair.go", "ClientCertNotPresented"}}},
			{"the server does not ask in the handshake", "the emulator's WebSocket and the fact that the tls stage reports", []place{{"internal/emulator/tls.go", "serverTLS"}}},
		},
	}
}

func sovereignRoots() fact {
	const name = "handshake"
	return fact{
		number: 9, needs: "nothing; the hosts of ROOTS",
		question: "Which root CA do the endpoints of the sovereign clouds chain to today?",
		missing:  nothingMissing,
		try: func(ctx context.Context, r *recorder) []Trial {
			var trials []Trial
			for _, endpoint := range r.rootHosts {
				d := device{"none", endpoint, "", "", probe.NoCredential()}
				some := r.try(ctx, asked{name: name, sent: "a TLS handshake with " + endpoint.Host, device: d, mode: probe.ModePreflight, transports: []probe.Transport{probe.NewHTTPS()}})
				for i := range some {
					some[i].Name = endpoint.Host
				}
				trials = append(trials, some...)
			}
			return trials
		},
		conclude: func(_ *recorder, trials []Trial) (string, bool) {
			var lines []string
			decided := len(trials) > 0
			for i := range trials {
				chain := trials[i].Answer.Chain
				if len(chain) == 0 {
					decided = false
					lines = append(lines, trials[i].Name+": "+trials[i].Answer.text())
					continue
				}
				lines = append(lines, fmt.Sprintf("%s: %s", trials[i].Name, strings.Join(chain, " < ")))
			}
			return strings.Join(lines, "\n"), decided
		},
		changes: []change{
			{"a root that dpsdiag has", "a sentence in the catalogue with the root of that cloud", []place{{"internal/probe/roots.go", "publicRoots"}}},
			{"another root", "its file; without it the chain would be reported as intercepted", []place{{"internal/probe/roots.go", "publicRoots"}, {"internal/probe/roots.go", "issuerOf"}}},
		},
	}
}

// caseOfIDs comes before the device of the group is registered: after a registration with one key the
// service may refuse another key of the same device for up to half an hour, which would decide the
// wrong way.
func caseOfIDs() fact {
	const sent, lower = "key of the id as sent", "key of the id in lower case"
	return fact{
		number: 10, needs: "GROUP_ID, GROUP_KEY", when: beforeDevices,
		question: "Does the service lower the case of a registration id before it derives the device's key from a group's?",
		missing: func(s *settings) string {
			if s.group == nil {
				return "it needs " + prefix + "GROUP_ID and " + prefix + "GROUP_KEY"
			}
			return ""
		},
		try: func(ctx context.Context, r *recorder) []Trial {
			d := *r.group
			d.id = strings.ToUpper(d.id)
			over := []probe.Transport{probe.NewHTTPS()}
			d.attestation = probe.NewSymmetricKey(r.groupKey.Derive(d.id))
			trials := r.try(ctx, asked{name: sent, sent: "a registration of " + d.id + " with the key derived from that", device: d, transports: over})
			if trials[0].Answer.registered() {
				return trials
			}
			d.attestation = probe.NewSymmetricKey(r.groupKey.Derive(strings.ToLower(d.id)))
			return append(trials, r.try(ctx, asked{name: lower, sent: "the same with the key derived from the id in lower case", device: d, transports: over})...)
		},
		conclude: func(_ *recorder, trials []Trial) (string, bool) {
			second := named(trials, lower)
			switch text := told(trials, sent); {
			case !heard(trials):
				return text, false
			case len(second) == 0:
				return "no: it takes the key that is derived from the id as it was sent\n" + text, true
			case second[0].Answer.registered():
				return "yes: it takes only the key that is derived from the id in lower case\n" + text + "\n" + told(trials, lower), true
			default:
				return "it takes neither key\n" + text + "\n" + told(trials, lower), false
			}
		},
		changes: []change{
			{"no", "nothing but the comment: keys are derived from the id as written", []place{{"internal/dps/key.go", "Derive"}}},
			{"yes", "keys are derived from the id in lower case, with the check of both sides, the emulator and the remark about capitals", []place{
				{"internal/dps/key.go", "Derive"}, {"internal/inspect/check_key.go", "matchKey"}, {"internal/dps/ids.go", "CheckRegistrationID"},
			}},
			{"neither key", "capitals are refused in another way: the message says which rule", []place{{"internal/dps/ids.go", "CheckRegistrationID"}}},
		},
	}
}

// unknownScope is an id scope like the given one that no instance has: the one that the tests of
// Microsoft's SDKs use (azure-iot-sdk-csharp e2e/test/provisioning/ProvisioningE2ETests.cs).
func unknownScope(scope string) string {
	const none = "FFFFFFFF"
	if len(scope) < 3 {
		return "0ne" + none
	}
	return scope[:3] + none
}
