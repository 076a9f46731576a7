package codes_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/codes"
)

// TestKindsAreGrouped: All yields the kinds in the order of Kinds.
func TestKindsAreGrouped(t *testing.T) {
	t.Parallel()
	var order []codes.Kind
	for e := range codes.All() {
		if len(order) == 0 || order[len(order)-1] != e.Kind {
			order = append(order, e.Kind)
		}
	}
	if !slices.Equal(order, codes.Kinds()) {
		t.Errorf("kinds are in the order %v, want %v", order, codes.Kinds())
	}
}

// TestContradictionsAreTold: if public sources contradict each other, every entry concerned says so.
func TestContradictionsAreTold(t *testing.T) {
	t.Parallel()
	contradictions := map[string]struct{ says, entries string }{
		"register again after 401, 403, 404": {"large-scale page", "http-401 http-403 http-404 hub-connect-auth"},
		"a 401 of DPS itself": {"comes from DPS", "dps-401002 dps-401002-invalid-cert dps-401002-ca-not-found " +
			"dps-401002-chain-mismatch dps-401002-unauthorized dps-401002-iothub-name"},
		"400209, hub or webhook":         {"400209|webhook", "dps-400209 http-webhook-401 c-result-unauthorized"},
		"409203 is a 409 and a 412":      {"race", "dps-409203 http-409"},
		"DEV_AUTH_ERROR is a catch-all":  {"every failed registration", "c-result-dev-auth-error"},
		"CONNACK 3 is no outage":         {"unknown ID scope", "mqtt-connack-3 mqtt-paho-go-3 cs-mqtt-unavailable node-mqtt-server-unavailable py-connectionfailederror"},
		"reasons of the C hub client":    {"The header", "c-hub-device-disabled c-hub-bad-credential"},
		"what to retry":                  {"Embedded C", "http-499 http-5xx http-502 http-503 http-504 azc-client-closed azc-bad-gateway azc-service-unavailable azc-timeout cs-transport-exception c-transient-state node-http-generic"},
		"a wrapper marked transient":     {"transient", "cs-wrap"},
		"throttled or failed":            {"operationId", "dps-429001 azc-parse-failed java-json-opid"},
		"names that speak of a hub":      {"The name mentions|IotHubQuotaExceededError", "node-iothubquotaexceedederror amqp-resource-limit-exceeded node-devicenotfounderror java-hub-exception"},
		"a client that says IoTHub":      {"says IoTHub", "py-connectionfailederror py-connectiondroppederror"},
		"codes that are not returned":    {"not returned", "hub-401001 dps-401001 hub-401003 hub-503003"},
		"404102 or 404103":               {"404102", "hub-404103"},
		"the registration limit":         {"1,000", "http-429 dps-429001"},
		"429 and 5xx, hub or DPS":        {"15 to 30 minutes", "http-429 http-5xx hub-connect-5xx"},
		"statuses a client has no words": {"status", "status-disabled status-unassigned status-blacklisted edge-unknown-variant py-disabled-200 py-invalid-status node-syntaxerror"},
		"Edge logs have no code":         {"six-digit code", "edge-no-backup edge-dps-client-error edge-caused-unauthorized edge-caused-hub-unauthorized edge-caused-api-version"},
	}
	told := map[string]bool{}
	for name, c := range contradictions {
		says := regexp.MustCompile(c.says)
		for id := range strings.FieldsSeq(c.entries) {
			told[id] = true
			if e := codes.ByID(id); e == nil || !says.MatchString(e.Conflict) {
				t.Errorf("%s: entry %s does not mention it", name, id)
			}
		}
	}
	for e := range codes.All() {
		if e.Conflict != "" && !told[e.ID] {
			t.Errorf("entry %s mentions a contradiction that is not in this table: %s", e.ID, e.Conflict)
		}
	}
}
