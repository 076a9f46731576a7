package advice

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/logtext"
)

// textScanner is made once: it takes longer than most scans.
var textScanner = newTextScanner()

func newTextScanner() *logtext.Scanner {
	s := logtext.NewScanner()
	s.Now = func() time.Time { return time.Date(2025, time.June, 1, 12, 0, 0, 0, time.UTC) }
	return s
}

func findings(t *testing.T, text string) *logtext.Findings {
	t.Helper()
	found, err := textScanner.Scan(t.Context(), strings.NewReader(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// verdictOnText is a diagnosis in short: the causes with their strength, then what is
// ruled out.
func verdictOnText(found *logtext.Findings, rules []textRule) string {
	var b strings.Builder
	d := diagnoseText(found, nil, rules)
	for _, c := range d.Causes {
		b.WriteString(c.ID.String() + " " + c.Strength.String() + "\n")
	}
	for _, c := range d.RuledOut {
		b.WriteString("not " + c.ID.String() + "\n")
	}
	return b.String()
}

// textRuleTable has a text for every rule, with what the rule decides in it: the causes
// that come first, or one that is ruled out ("not ...").
func textRuleTable() map[string]struct {
	text string
	want []string
} {
	return map[string]struct {
		text string
		want []string
	}{
		"key-attestation":         {"method = \"symmetric_key\"\ncaused by: Unauthorized", []string{"symmetric-key-mismatch", "group-key-not-derived", "not cert-expired"}},
		"certificate-attestation": {"method = \"x509\"\nerrorCode: 401002", []string{"cert-not-trusted-by-enrollment", "not symmetric-key-mismatch"}},
		"tpm-attestation":         {"method = \"tpm\"\nerrorCode: 401002", []string{"tpm-ek-mismatch", "not cert-chain-incomplete"}},
		"certificate-refused":     {"method = \"x509\"\ncaused by: Unauthorized", []string{"cert-not-trusted-by-enrollment", "cert-chain-incomplete", "cert-enrollment-mismatch"}},
		"key-refused":             {"method = \"symmetric_key\"\namqp:unauthorized-access", []string{"symmetric-key-mismatch", "group-key-not-derived"}},
		"tpm-refused":             {"method = \"tpm\"\nHTTP request failed: [401 Unauthorized]", []string{"tpm-ek-mismatch", "enrollment-not-found"}},
		"group-refused":           {"the enrollment group says\nCONNACK (5)", []string{"group-key-not-derived", "symmetric-key-mismatch"}},
		"individual-refused":      {"the individual enrollment says\nerrorCode: 401002", []string{"symmetric-key-mismatch", "cert-not-trusted-by-enrollment", "cert-enrollment-mismatch"}},
		"own-client-refused":      {"mosquitto says\nCONNACK (5)", []string{"symmetric-key-mismatch", "group-key-not-derived", "sas-token-malformed"}},
		"sdk-token":               {"azure.iot.device\nUsernameOrPassword: CONNACK (4)", []string{"client-config-missing", "sas-token-malformed"}},
		"private-network-refused": {"caused by: Unauthorized\npublic network access disabled", []string{"public-network-access-disabled"}},

		"clock-unset":               {"1970-01-01T00:00:12Z dps CONNACK (5)", []string{"device-clock-wrong"}},
		"clock-ahead":               {"2031-01-01T00:00:12Z dps CONNACK (5)", []string{"device-clock-wrong"}},
		"clock-differs":             {"2024-01-01T00:00:12Z {\"timestampUtc\":\"2025-01-01T00:00:00Z\",\"errorCode\":401002,\"message\":\"Unauthorized\"}\n2024-01-01T00:00:13Z CONNACK (5)", []string{"device-clock-wrong"}},
		"time-not-synchronised":     {"SETTING TIME SNTP .....", []string{"device-clock-wrong", "network-unreachable"}},
		"all-outward-traffic-fails": {"Could not query NTP server\niotedge check: Connection timed out (os error 110)", []string{"port-blocked", "network-unreachable"}},
		"setting-empty":             {"id_scope = \"\"\nERROR in dps", []string{"client-config-missing"}},
		"setting-placeholder":       {"id_scope = \"<SCOPE_ID>\"\nCONNACK (3)", []string{"wrong-id-scope", "client-config-missing"}},
		"setting-misnamed":          {"/etc/aziot/config.toml\nscope_id = \"0ne00112233\"", []string{"client-config-missing"}},
		"key-of-wrong-form":         {"symmetric_key = \"HostName=h;SharedAccessKey=x\"\nerrorCode: 404201", []string{"enrollment-not-found", "symmetric-key-mismatch"}},
		"certificate-of-ca":         {"identity_cert = \"/certs/iot-edge-device-ca-gw-full-chain.cert.pem\"\nerrorCode: 401002", []string{"cert-wrong-role-or-extensions"}},
		"name-unset":                {"dps: getaddrinfo ENOTFOUND undefined", []string{"client-config-missing"}},
		"endpoint-of-another-cloud": {"global_endpoint = \"https://global.azure-devices-provisioning.net\"\nportal.azure.cn", []string{"wrong-global-endpoint"}},
		"endpoint-is-no-endpoint":   {"global_endpoint = \"https://h.azure-devices.net\"", []string{"wrong-global-endpoint"}},
		"common-name-differs":       {"method = \"x509\"\nregistration_id = \"a\"\nsubject CN=b\nerrorCode: 401002", []string{"cert-cn-registration-id-mismatch"}},
		"registration-id-empty":     {"registration_id = \"\"", []string{"client-config-missing", "cert-cn-registration-id-mismatch"}},
		"registration-id-empty-certificate": {
			"method = \"x509\"\nregistration_id = \"\"", []string{"cert-cn-registration-id-mismatch", "client-config-missing"},
		},
		"registration-id-against-rules": {"registration_id = \"dev/1\"\nerrorCode: 400004", []string{"registration-id-invalid"}},

		"refused-after-assignment":  {"Assigned to IoT hub: h.azure-devices.net\namqp:unauthorized-access", []string{"hub-identity-unusable", "stale-assignment"}},
		"refused-before-assignment": {"Could not reconcile Identities with current device data. Reprovisioning.\nSending DPS registration request.\ncaused by: Unauthorized", []string{"symmetric-key-mismatch"}},
		"answered-later":            {"getaddrinfo EAI_AGAIN\nEAI_AGAIN for dps\nerrorCode: 404201", []string{"enrollment-not-found"}},
		"answered":                  {"Failed to send HTTP request (attempt 1\nerrorCode: 401002", []string{"symmetric-key-mismatch"}},
		"ended-behind-the-answer":   {"dps HTTP/1.1 401\nPaho returned rc==1", []string{"symmetric-key-mismatch"}},
		"succeeded-in-the-end":      {"caused by: timed out\nSuccessfully provisioned with DPS", []string{"network-unreachable", "port-blocked", "service-transient"}},
		"name-fails-first":          {"dps: EAI_AGAIN\nconnect timed out", []string{"dns-failure"}},
		"handshake-was-reached":     {"dps: CERTIFICATE_VERIFY_FAILED\nConnectionFailedError\nUnable to connect to server (32103)\nno route to host", []string{"server-root-ca-missing", "proxy-interference", "network-unreachable"}},
		"web-page":                  {"<!DOCTYPE html>", []string{"proxy-interference"}},
		"middlebox-named":           {"dps: certificate issued by Zscaler\nunable to get local issuer certificate", []string{"proxy-interference", "server-root-ca-missing"}},
		"proxy-and-no-connection":   {"https_proxy=http://p:3128\ndps: connection refused", []string{"proxy-not-configured", "port-blocked"}},
		"proxy-and-distrust":        {"https_proxy=http://p:3128\ndps: unable to get local issuer certificate", []string{"proxy-interference", "server-root-ca-missing"}},
		"own-port-silent":           {"port 8883 of dps\ncaused by: timed out", []string{"network-unreachable", "port-blocked"}},
		"roots-named":               {"dps: self-signed certificate in certificate chain\nBaltimore CyberTrust", []string{"server-root-ca-missing", "proxy-interference"}},
		"trust-anchor":              {"dps: Failed to parse CA certificate, err: -0x2180", []string{"server-root-ca-missing", "device-key-material-unreadable"}},
		"no-private-key":            {"PrivateKey: False", []string{"client-cert-not-presented", "device-key-material-unreadable"}},

		"certificate-of-another-host": {
			"dps: certificate verify failed: Hostname mismatch, certificate is not valid for 'h'", []string{"wrong-global-endpoint", "proxy-interference"},
		},

		"challenge-answered": {"Authorization required, resend request using supplied key\nRetrying with Token: x\nerrorCode: 404201", []string{"enrollment-not-found", "not tpm-challenge-unanswered"}},
		"tpm-library":        {"dps: DllNotFoundException: Unable to load shared library 'libtss2-mu.so'", []string{"tpm-not-available", "client-defect"}},
		"tpm-and-envelopes":  {"method = \"tpm\"\ncaused by: DPS client error", []string{"tpm-not-available", "tpm-ek-mismatch", "tpm-access-denied"}},
		"tpm-over-mqtt":      {"method = \"tpm\"\nMQTT transport exception", []string{"attestation-mismatch"}},

		"webhook-unauthorized": {"Custom allocation failed with status code: 403", []string{"custom-allocation-unauthorized"}},
		"webhook-rejects":      {"Custom allocation failed with status code: 404", []string{"iot-central-device-not-ready", "custom-allocation-rejected"}},
		"webhook-fails":        {"Custom allocation failed with status code: 503", []string{"custom-allocation-failed"}},
		"webhook-of-central":   {"IoT Central\nCustom allocation failed with status code: 400", []string{"iot-central-device-not-ready"}},
		"function-refuses":     {"Executed 'Functions.allocate'\ndps HTTP status code 401", []string{"custom-allocation-unauthorized"}},
		"function-rejects":     {"Executed 'Functions.allocate'\ndps HTTP status code 400", []string{"custom-allocation-rejected"}},
		"function-fails":       {"Executed 'Functions.allocate'\ndps HTTP status code 500", []string{"custom-allocation-failed"}},
		"hub-refused-dps":      {"caused by: {\"Message\":\"ErrorCode:IotHubUnauthorizedAccess;Unauthorized\"}\nIotHubUnauthorized", []string{"hub-link-broken"}},
		"linked-hub":           {"linked hub\nerrorCode: 400208", []string{"no-hub-available", "custom-allocation-failed", "hub-link-broken"}},
		"record-disabled":      {"{\"deviceId\":\"d\",\"status\":\"disabled\",\"connectionState\":\"Disconnected\"} of iothub", []string{"hub-identity-unusable", "enrollment-disabled"}},
		"identity-from-before": {"offline backup\nIotHubUnauthorized\nDeviceNotFound", []string{"hub-identity-unusable", "stale-assignment"}},
		"many-devices":         {"load test of dps\nTimeoutError", []string{"throttled"}},
		"central-refused":      {"IoT Central\nCONNACK (5)", []string{"symmetric-key-mismatch", "group-key-not-derived"}},

		"operator-call-refused":   {"PUT /enrollments/e\nHTTP/1.1 401", []string{"service-credentials-insufficient"}},
		"operator-call-invalid":   {"PUT /enrollments/e\nHTTP/1.1 400", []string{"management-request-invalid"}},
		"operator-call-outdated":  {"az iot dps enrollment update\nPrecondition failed.", []string{"management-request-invalid"}},
		"operator-call-failed":    {"az iot dps enrollment update", []string{"management-request-invalid", "service-credentials-insufficient"}},
		"hub-credentials":         {"PUT /enrollments/e\nskn=iothubowner", []string{"service-credentials-insufficient"}},
		"certificate-unverified":  {"isVerified: false\nCA certificate not found", []string{"ca-not-verified"}},
		"nothing-but-success":     {"Provisioning succeeded", []string{"enrollment-not-found", "wrong-id-scope"}},
		"nothing-but-begin":       {"Starting DPS registration with scope_id", []string{"enrollment-not-found", "enrollment-disabled"}},
		"nothing-but-stack":       {"async_provisioning_device_client.py", []string{"symmetric-key-mismatch", "group-key-not-derived"}},
		"words-tpm-denied":        {"/dev/tpmrm0: permission denied", []string{"tpm-access-denied"}},
		"words-tpm-missing":       {"no tpm: /dev/tpm0 not found", []string{"tpm-not-available"}},
		"words-tpm-failed":        {"the tpm module has an error 7", []string{"tpm-not-available", "tpm-access-denied"}},
		"words-server-untrusted":  {"dps: the server certificate is untrusted here", []string{"server-root-ca-missing"}},
		"words-key-pair":          {"dps: private key does not match its certificate", []string{"cert-key-pair-mismatch"}},
		"words-name-mismatch":     {"dps: common name differs from the id", []string{"cert-cn-registration-id-mismatch"}},
		"words-clock":             {"dps: the clock is out of sync", []string{"device-clock-wrong"}},
		"words-certificate-early": {"dps: our certificate has a start in the future", []string{"device-clock-wrong"}},
		"words-token-expired":     {"dps: the token has expired", []string{"sas-token-expired", "device-clock-wrong"}},
		"words-certificate-expired": {
			"dps: our leaf cert expired", []string{"cert-expired", "device-clock-wrong"},
		},
		"words-enrollment-disabled": {"the enrollment is disabled", []string{"enrollment-disabled"}},
		"words-enrollment-missing":  {"this enrollment does not exist", []string{"enrollment-not-found", "wrong-id-scope"}},
		"words-scope-wrong":         {"the id scope is wrong", []string{"wrong-id-scope"}},
		"words-setting-missing":     {"the registration id is missing", []string{"client-config-missing"}},
		"words-registration-id":     {"the registration id is malformed", []string{"registration-id-invalid"}},
		"words-webhook-denied":      {"dps: the webhook is forbidden", []string{"custom-allocation-unauthorized"}},
		"words-webhook-failed":      {"dps: the webhook timed out", []string{"custom-allocation-failed"}},
		"words-api-version":         {"dps: api version is not supported there", []string{"api-version-unsupported"}},
		"words-quota":               {"iothub: the quota is exceeded", []string{"quota-exceeded", "throttled"}},
		"words-throttled":           {"dps: the request rate is exceeded", []string{"throttled"}},
		"words-cipher":              {"dps: cipher suite mismatch", []string{"tls-version-or-cipher-unsupported"}},
		"words-chain":               {"dps: the issuer is not trusted", []string{"cert-chain-incomplete"}},
		"words-key-material":        {"dps: our pem file is corrupt", []string{"device-key-material-unreadable"}},
		"words-proxy":               {"dps: the proxy refused us", []string{"proxy-not-configured", "proxy-interference"}},
		"words-name":                {"dps: hostname not found by us", []string{"dns-failure"}},
		"words-key-invalid":         {"dps: the device key is incorrect", []string{"symmetric-key-mismatch", "group-key-not-derived"}},
		"words-crash":               {"NullReferenceException in Microsoft.Azure.Devices", []string{"client-defect"}},
		"words-link":                {"adding the linked hub did not work: error 7", []string{"management-request-invalid", "hub-link-broken"}},
		"words-payload":             {"dps: the payload is malformed", []string{"payload-invalid"}},
	}
}

// TestEveryTextRuleMatters: each rule decides something in its text, and without it the
// diagnosis is another.
func TestEveryTextRuleMatters(t *testing.T) {
	t.Parallel()
	table := textRuleTable()
	rules := textRules()
	for i, rule := range rules {
		t.Run(rule.id, func(t *testing.T) {
			t.Parallel()
			row, ok := table[rule.id]
			if !ok {
				t.Fatal("no text shows this rule")
			}
			found := findings(t, row.text)
			with := verdictOnText(found, rules)
			checkVerdict(t, with, row.want)
			if without := verdictOnText(found, slices.Delete(slices.Clone(rules), i, i+1)); with == without {
				t.Errorf("without the rule the diagnosis is the same:\n%s", with)
			}
		})
	}
	for id := range table {
		if !slices.ContainsFunc(rules, func(r textRule) bool { return r.id == id }) {
			t.Errorf("a text for %s, which is no rule", id)
		}
	}
}

// checkVerdict compares the first causes, and what is ruled out.
func checkVerdict(t *testing.T, got string, want []string) {
	t.Helper()
	lines := strings.Split(got, "\n")
	for i, w := range want {
		if strings.HasPrefix(w, "not ") {
			if !slices.Contains(lines, w) {
				t.Errorf("%s is missing:\n%s", w, got)
			}
			continue
		}
		if id, _, _ := strings.Cut(lines[min(i, len(lines)-1)], " "); id != w {
			t.Errorf("cause %d is %q, want %q:\n%s", i+1, id, w, got)
		}
	}
}

// TestTextRulesAreSound: ids are unique, every effect is one thing and names causes that
// exist.
func TestTextRulesAreSound(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, rule := range textRules() {
		if rule.id == "" || seen[rule.id] || rule.why == "" || rule.see == nil || len(rule.effects) == 0 {
			t.Errorf("rule %q is incomplete or there twice", rule.id)
		}
		seen[rule.id] = true
		for _, e := range rule.effects {
			kinds := 0
			for _, is := range []bool{e.grade > 0, e.doubt, e.out} {
				if is {
					kinds++
				}
			}
			if kinds != 1 || len(e.causes) == 0 {
				t.Errorf("rule %s has an effect that is not one thing: %+v", rule.id, e)
			}
		}
	}
}
