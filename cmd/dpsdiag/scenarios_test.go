package main

import (
	"encoding/json"
	"slices"
	"testing"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// expectation is what a probe of a scenario must end in.
type expectation struct {
	exit int
	// first are the causes that may come first: one, or several where they cannot be told
	// apart from outside. Empty means that there is no cause.
	first []string
	// least and most bound the strength of the first cause, most that of all causes.
	least, most string
	// named are causes that must be among those named, wherever.
	named []string
}

// strengths in their order.
var strengths = []string{"allows", "suggests", "proves"}

// expectations has one row for each scenario: the diagnosis table of the whole program.
func expectations() map[string]expectation {
	key := []string{"symmetric-key-mismatch", "group-key-not-derived"}
	proven := func(cause string) expectation {
		return expectation{exit: report.ExitFault, first: []string{cause}, least: "proves", most: "proves"}
	}
	likely := func(causes ...string) expectation {
		return expectation{exit: report.ExitFault, first: causes, least: "suggests", most: "suggests"}
	}
	possible := func(causes ...string) expectation {
		return expectation{exit: report.ExitFault, first: causes, least: "allows", most: "allows"}
	}
	hidden := func(first []string, cause string) expectation {
		e := likely(first...)
		e.named = []string{cause}
		return e
	}
	later := func(cause, least string) expectation {
		return expectation{exit: report.ExitRetryLater, first: []string{cause}, least: least, most: "proves"}
	}
	cut := expectation{exit: report.ExitNoVerdict, first: []string{"proxy-interference", "network-unreachable"}, least: "allows", most: "allows"}
	return map[string]expectation{
		"healthy":   {exit: report.ExitOK},
		"throttled": {exit: report.ExitOK},

		"http-400": possible("payload-invalid", "registration-id-invalid", "api-version-unsupported"),
		"http-401": likely(key...),
		"http-403": possible("quota-exceeded", "public-network-access-disabled"),
		"http-404": possible("enrollment-not-found", "wrong-id-scope"),
		"http-405": likely("transport-protocol-wrong"),
		"http-409": likely("concurrent-registration"),
		"http-412": likely("concurrent-registration"),
		"http-415": possible("payload-invalid", "proxy-interference"),
		"http-429": later("throttled", "proves"),
		"http-500": later("service-transient", "suggests"),

		"symmetric-key-mismatch": likely(key...),
		"group-key-not-derived":  likely(key...),
		"derived-key-incorrect":  likely("derived-key-incorrect", "symmetric-key-mismatch"),
		"sas-token-malformed":    proven("sas-token-malformed"),
		"sas-token-expired":      proven("sas-token-expired"),
		"device-clock-wrong":     proven("device-clock-wrong"),

		"cert-expired":                     proven("cert-expired"),
		"cert-cn-registration-id-mismatch": proven("cert-cn-registration-id-mismatch"),
		"cert-chain-incomplete":            likely("cert-chain-incomplete"),
		"cert-not-trusted-by-enrollment":   likely("cert-not-trusted-by-enrollment"),
		"ca-not-verified":                  likely("ca-not-verified", "cert-not-trusted-by-enrollment"),
		"cert-enrollment-mismatch":         likely("cert-enrollment-mismatch"),
		"cert-wrong-role-or-extensions":    likely("cert-wrong-role-or-extensions", "cert-enrollment-mismatch"),
		"server-root-ca-missing":           likely("server-root-ca-missing"),

		"wrong-id-scope":          likely("wrong-id-scope"),
		"enrollment-not-found":    likely("enrollment-not-found"),
		"enrollment-disabled":     proven("enrollment-disabled"),
		"registration-id-invalid": proven("registration-id-invalid"),
		"attestation-mismatch":    hidden(key, "attestation-mismatch"),
		"concurrent-registration": likely("concurrent-registration"),
		"payload-invalid":         proven("payload-invalid"),
		"api-version-unsupported": likely("api-version-unsupported"),

		"custom-allocation-failed":       proven("custom-allocation-failed"),
		"custom-allocation-unauthorized": proven("custom-allocation-unauthorized"),
		"custom-allocation-rejected":     likely("custom-allocation-rejected"),
		"iot-central-device-not-ready":   likely("iot-central-device-not-ready"),
		"no-hub-available":               likely("no-hub-available"),
		"hub-link-broken":                proven("hub-link-broken"),
		"quota-exceeded":                 likely("quota-exceeded"),
		"never-assigned":                 {exit: report.ExitNoVerdict, first: nil, least: "allows", most: "allows"},

		"certificate-not-issued":       proven("certificate-not-issued"),
		"csr-rejected":                 likely("csr-rejected"),
		"issued-certificate-expired":   proven("issued-certificate-unusable"),
		"issued-certificate-other-key": proven("issued-certificate-unusable"),

		// Every device registers; what its hub then says the probe does not hear.
		"hub-protocol-unsupported":    {exit: report.ExitOK},
		"issued-certificate-unusable": {exit: report.ExitOK},
		"hub-identity-unusable":       {exit: report.ExitOK},
		"stale-assignment":            {exit: report.ExitOK},
		"hub-unavailable":             {exit: report.ExitOK},
		"hub-unavailable-forever":     {exit: report.ExitOK},
		"hub-throttled":               {exit: report.ExitOK},
		"hub-throttled-forever":       {exit: report.ExitOK},

		"throttled-forever":                 later("throttled", "proves"),
		"service-transient":                 later("service-transient", "suggests"),
		"public-network-access-disabled":    hidden(key, "public-network-access-disabled"),
		"proxy-interference":                likely("proxy-interference"),
		"tls-version-or-cipher-unsupported": likely("tls-version-or-cipher-unsupported"),
		"port-blocked":                      likely("port-blocked"),

		"cut-at-connect":           cut,
		"cut-after-subscribe":      cut,
		"cut-before-answer":        cut,
		"cut-while-polling":        cut,
		"answer-late":              {exit: report.ExitOK},
		"answer-duplicated":        {exit: report.ExitOK},
		"answer-for-other-request": {exit: report.ExitOK},
	}
}

// scenariosWithoutTPM are those that need no TPM; make tpm tests the others.
func scenariosWithoutTPM() []emulator.Scenario {
	return slices.DeleteFunc(emulator.Scenarios(), func(s emulator.Scenario) bool { return s.Attestation == emulator.TPM })
}

func TestEveryScenarioIsDiagnosed(t *testing.T) {
	t.Parallel()
	table := expectations()
	for _, s := range scenariosWithoutTPM() {
		want, ok := table[s.Name]
		if !ok {
			t.Errorf("scenario %s has no row in the table", s.Name)
			continue
		}
		delete(table, s.Name)
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			status := w.run(t, append([]string{"probe", "--sandbox", s.Name, "-o", "json"}, quickly(s.Name)...)...)
			var doc report.Probe
			if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
				t.Fatalf("%v in %q; standard error: %s", err, w.out.String(), w.err.String())
			}
			want.check(t, status, &doc)
		})
	}
	for name := range table {
		t.Errorf("the table has a row for %s, which is not a scenario", name)
	}
}

// TestEveryScenarioOverEveryTransport: the same fault leads to the same first cause and
// exit status whichever transport carried it; otherwise says where it cannot.
func TestEveryScenarioOverEveryTransport(t *testing.T) {
	t.Parallel()
	table, other := expectations(), exceptions()
	for _, s := range scenariosWithoutTPM() {
		for _, transport := range transportNames() {
			want, ok := other[s.Name][transport]
			if !ok {
				want = table[s.Name]
			}
			t.Run(s.Name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				w := newWorld()
				options := slices.DeleteFunc(quickly(s.Name), func(o string) bool { return o == "--transport" || o == "mqtt" })
				status := w.run(t, append([]string{"probe", "--sandbox", s.Name, "--transport", transport, "-o", "json"}, options...)...)
				var doc report.Probe
				if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
					t.Fatalf("%v in %q; standard error: %s", err, w.out.String(), w.err.String())
				}
				want.check(t, status, &doc)
			})
		}
	}
}

// exceptions are the scenarios that look otherwise over some transports.
func exceptions() map[string]map[string]expectation {
	fine := expectation{exit: report.ExitOK}
	likely := func(causes ...string) expectation {
		return expectation{exit: report.ExitFault, first: causes, least: "suggests", most: "suggests"}
	}
	key := likely("symmetric-key-mismatch", "group-key-not-derived")
	chain := likely("cert-not-trusted-by-enrollment", "cert-enrollment-mismatch")
	network := likely("public-network-access-disabled")
	return map[string]map[string]expectation{
		// Nothing in MQTT or AMQP tells the service's time, so the clock is not proven.
		"cert-expired":               {"mqtt": likely("cert-expired"), "amqp": likely("cert-expired")},
		"issued-certificate-expired": {"mqtt": likely("issued-certificate-unusable"), "amqp": likely("issued-certificate-unusable")},
		"sas-token-expired":          {"mqtt": likely("sas-token-expired"), "amqp": likely("sas-token-expired")},
		"device-clock-wrong":         {"mqtt": key, "amqp": key},
		// A CONNACK and a SASL outcome have one word for every credential that is refused.
		"enrollment-not-found":           {"mqtt": key, "mqtt-ws": key, "amqp": key, "amqp-ws": key},
		"public-network-access-disabled": {"mqtt": key, "mqtt-ws": network, "amqp": key, "amqp-ws": network},
		// AMQP has one message for every certificate.
		"cert-enrollment-mismatch": {"amqp": chain, "amqp-ws": chain},
		// The ports of the other transports are open.
		"port-blocked": {"https": fine, "mqtt-ws": fine, "amqp-ws": fine},
		// HTTPS subscribes to nothing.
		"cut-after-subscribe": {"https": fine},
	}
}

// quickly shortens the scenarios that are about waiting.
func quickly(scenario string) []string {
	switch scenario {
	case "never-assigned":
		return []string{"--timeout", "1500ms"}
	case "throttled":
		return nil
	case "port-blocked": // over all transports unless one is named
		return nil
	case "cut-after-subscribe": // HTTPS has no such step
		return []string{"--transport", "mqtt"}
	}
	return []string{"--retry-max-wait", "10ms"}
}

func (want expectation) check(t *testing.T, status int, doc *report.Probe) {
	t.Helper()
	if status != want.exit || doc.ExitCode != want.exit {
		t.Errorf("exit status %d, exit_code %d, want %d", status, doc.ExitCode, want.exit)
	}
	for _, c := range doc.Causes {
		if slices.Index(strengths, c.Strength) > slices.Index(strengths, want.most) {
			t.Errorf("%s: %s, want at most %q", c.ID, c.Strength, want.most)
		}
	}
	for _, id := range want.named {
		if !slices.ContainsFunc(doc.Causes, func(c report.Cause) bool { return c.ID == id }) {
			t.Errorf("%s is not named", id)
		}
	}
	if len(want.first) == 0 {
		if want.least == "" && len(doc.Causes) > 0 {
			t.Errorf("causes %+v, want none", doc.Causes)
		}
		return
	}
	if len(doc.Causes) == 0 {
		t.Fatalf("no cause, want %v", want.first)
	}
	first := doc.Causes[0]
	if !slices.Contains(want.first, first.ID) {
		t.Errorf("first cause %s, want one of %v", first.ID, want.first)
	}
	if slices.Index(strengths, first.Strength) < slices.Index(strengths, want.least) {
		t.Errorf("%s: %s, want at least %q", first.ID, first.Strength, want.least)
	}
}
