package codes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

var (
	rows404     = []string{"http-404", "hub-connect-auth"}
	dps401002   = []string{"dps-401002", "dps-401002-invalid-cert", "dps-401002-ca-not-found", "dps-401002-chain-mismatch", "dps-401002-unauthorized", "dps-401002-iothub-name"}
	rows401002  = append(slices.Clone(dps401002), "hub-401002")
	entriesFive = []string{"mqtt-connack-5", "mqtt-paho-go-5", "c-result-transport", "c-reg-hub-not-specified", "freertos-errorinitfailed"}
)

func TestLookup(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][]string{
		// HTTP statuses
		"429":                    {"http-429"},
		"404":                    rows404,
		"  404\n":                rows404,
		"http 404":               rows404,
		"HTTP404":                rows404,
		"HTTP/1.1 404":           rows404,
		"HTTP/404":               rows404,
		"HTTP/2 404 Not Found":   {"http-404"},
		"status 404":             rows404,
		"status_code=404":        rows404,
		"HTTP Status Code: 404":  rows404,
		"error 404":              rows404,
		"404 Not Found":          {"http-404"},
		"401":                    {"http-401", "http-webhook-401", "hub-connect-auth", "dps-tpm-challenge"},
		"hub 401":                {"hub-connect-auth"},
		"webhook 401":            {"http-webhook-401"},
		"401 Unauthorized":       {"http-401"},
		"500":                    {"http-500", "http-5xx", "hub-connect-5xx"},
		"599":                    {"http-5xx", "hub-connect-5xx"},
		"5xx":                    {"http-5xx"},
		"http 5XX":               {"http-5xx"},
		"HTTP error 401":         {"http-401", "http-webhook-401", "hub-connect-auth", "dps-tpm-challenge", "edge-empty-error"},
		"429: Too many requests": {"http-429", "edge-throttled"},

		// six-digit codes
		"401002":                           rows401002,
		"errorCode:401002":                 rows401002,
		`"errorCode": 401002`:              rows401002,
		"`401002`":                         rows401002,
		"ERROR CODE 401002":                rows401002,
		"dps 401002":                       dps401002,
		"IoT Hub 401002":                   {"hub-401002"},
		"401002 (invalid certificate)":     {"dps-401002-invalid-cert"},
		"401002 CA certificate not found.": {"dps-401002-ca-not-found"},
		"DeviceNotFound (404001)":          {"hub-404001"},
		"404201":                           {"dps-404201"},
		"404102":                           {"hub-404103"},
		"429001":                           {"dps-429001", "hub-429001"},
		"400004":                           {"dps-400004", "dps-400004-ek", "dps-400004-cert64", "dps-400004-customalloc", "dps-400004-regid", "dps-unsupported-api-version", "dps-400004-attestation", "hub-400004", "hub-unknown-api-version"},
		"IH400053":                         {"arm-ih400053"},
		"ih400053":                         {"arm-ih400053"},

		// MQTT, AMQP, TLS
		"CONNACK 5":                  {"mqtt-connack-5"},
		"CONNACK(5)":                 {"mqtt-connack-5"},
		"connack:0x05":               {"mqtt-connack-5"},
		"CONNACK 5 (not authorised)": {"mqtt-connack-5"},
		"rc=5":                       {"mqtt-connack-5"},
		"rc5":                        {"mqtt-connack-5"},
		"return code 5":              {"mqtt-connack-5"},
		"connect_return_code=5":      {"mqtt-connack-5"},
		"mqtt 5":                     {"mqtt-connack-5", "mqtt-paho-go-5"},
		"rc=1":                       {"mqtt-connack-1", "mqtt-paho-rc1"},
		"0x80":                       {"mqtt-suback-fail"},
		"SASL outcome 3":             {"amqp-sasl-outcome-sys"},
		"amqp:unauthorized-access":   {"amqp-unauthorized-access"},
		"unauthorized-access":        {"amqp-unauthorized-access"},
		"com.microsoft:timeout":      {"amqp-ms-timeout"},
		"detach-forced":              {"amqp-link-detach-forced"},
		"redirect":                   {"amqp-connection-redirect", "amqp-link-redirect"},
		"alert 42":                   {"tls-alert-42"},
		"SSL alert number 42":        {"tls-alert-42"},
		"unknown_ca":                 {"tls-alert-48"},
		"error:0A000086":             {"openssl-verify-failed"},
		"0A000086":                   {"openssl-verify-failed"},
		"05800074":                   {"openssl-key-mismatch"},
		"verify error:num=20:unable to get local issuer certificate": {"openssl-x509-20"},
		"X509_V_ERR_CERT_HAS_EXPIRED":                                {"openssl-x509-10"},
		"X509_V_ERR 24":                                              {"openssl-x509-79"},
		"0x2700":                                                     {"mbedtls-2700"},
		"-0x2700":                                                    {"mbedtls-2700"},
		"-9984":                                                      {"mbedtls-2700"},
		"x509: certificate signed by unknown authority": {"go-x509-unknown-authority"},

		// numbers of families
		"errno 110":             {"net-timedout"},
		"[Errno 110]":           {"net-timedout"},
		"errno -3":              {"net-dns-again"},
		"errno 3":               nil,
		"113":                   {"net-unreach", "modem-cme-network"},
		"error 188":             {"wolfssl-trust"},
		"WinError 10060":        {"net-winsock-timeout"},
		"10093":                 {"winsock-not-started"},
		"12175":                 {"winhttp-secure-failure"},
		"wolfSSL -188":          {"wolfssl-trust"},
		"wolfssl error 188":     {"wolfssl-trust"},
		"BearSSL 62":            {"bearssl-trust"},
		"curl exit code 77":     {"curl-ca-file"},
		"pubsubclient state -4": {"arduino-pubsub-timeout"},
		"paho rc 7":             {"mosq-rc-lost"},
		"MQTT5 reason 0x87":     {"mqtt5-credentials"},
		"+CMQTTCONNECT 32":      {"cmqtt-tls"},
		"quectel 4":             {"qmt-name", "qmt-stat-timeout"},
		"0x80072F8F":            {"winhttp-secure-failure"},
		"-2147012721":           {"winhttp-secure-failure"},

		// names and messages of SDKs and IoT Edge
		"PROV_DEVICE_RESULT_DEV_AUTH_ERROR":     {"c-result-dev-auth-error"},
		"prov_device_result_dev_auth_error (7)": {"c-result-dev-auth-error"},
		"PROV_DEVICE_RESULT 7":                  {"c-result-dev-auth-error"},
		"0x20002":                               {"netx-invalid-parameter"},
		"ProvisioningTransportException":        {"cs-transport-exception"},
		"Microsoft.Azure.Devices.Provisioning.Client.ProvisioningTransportException": {"cs-transport-exception"},
		"azure.iot.device.exceptions.CredentialError":                                {"py-credentialerror"},
		"DPS-401002":        {"dps-401002"},
		"net eof":           {"net-eof"},
		"disabled":          {"status-disabled"},
		"BadRequest":        {"dps-400004"},
		"Unauthorized":      {"http-401", "dps-401002-unauthorized", "java-svc-401"},
		"Unauthorized!":     {"java-svc-401", "http-401", "dps-401002-unauthorized"},
		"UnauthorizedError": {"node-unauthorizederror", "node-mqtt-identifier-rejected", "node-mqtt-bad-username-or-password", "node-mqtt-not-authorized"},
		"failed to provision with IoT Hub, and no valid device backup was found dps client error":   {"edge-no-backup"},
		"Failed to provision with IoT Hub, and no valid device backup was found: DPS client error.": {"edge-no-backup"},
		"FAILED TO PROVISION WITH IOT HUB AND NO VALID DEVICE BACKUP WAS FOUND DPS CLIENT ERROR":    {"edge-no-backup"},

		// a small number alone is ambiguous: every entry that matches it
		"5":       entriesFive,
		"0x05":    entriesFive,
		"error 5": entriesFive,

		// no match at all
		"":                       nil,
		" \"' ":                  nil,
		"...":                    nil,
		"4042":                   nil,
		"40420":                  nil,
		"0404":                   nil,
		"401999":                 nil,
		"4xx":                    nil,
		"foo 404":                nil,
		"404 devices are gone":   nil,
		"http 5":                 nil,
		"CONNACK 404":            nil,
		"404 401":                nil,
		"no code":                nil,
		"java.lang.Error":        nil,
		"certificate":            nil,
		"99999999999999999999":   nil,
		strings.Repeat("4", 999): nil,
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, ids(codes.Lookup(query))); diff != "" {
				t.Errorf("Lookup(%q) (-want +got):\n%s", query, diff)
			}
		})
	}
}

// TestEveryEntryIsFound: an entry is found by its id, its code and each of its messages, also quoted
// or in upper case, each of them in one of these ways.
func TestEveryRowIsFound(t *testing.T) {
	t.Parallel()
	for e := range codes.All() {
		if got := codes.Lookup(e.ID); len(got) != 1 || got[0] != e {
			t.Errorf("Lookup(%q) = %v, want that entry alone", e.ID, ids(got))
		}
		texts := slices.Concat(e.Messages, e.Aliases)
		if !strings.HasPrefix(e.Code, "(") { // such an entry has no code
			texts = append(texts, e.Code, e.Name)
		}
		for i, text := range texts {
			spellings := []string{text, "`" + strings.ToUpper(text) + "`", `"` + text + `."`}
			spelling := spellings[i%len(spellings)]
			if !slices.Contains(codes.Lookup(spelling), e) {
				t.Errorf("Lookup(%q) does not find %s", spelling, e.ID)
			}
		}
	}
}

// TestCallersShareNothing: changes of a caller to a list do not affect the next one.
func TestCallersShareNothing(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]func() []*codes.Entry{
		"Lookup":   func() []*codes.Entry { return codes.Lookup("401002") },
		"Nearest":  func() []*codes.Entry { return codes.Nearest("401999", 3) },
		"ByCause":  func() []*codes.Entry { return codes.ByCause(cause.Throttled) },
		"Common":   codes.Common,
		"ForReply": func() []*codes.Entry { return codes.ForReply(401, 401002, "") },
	} {
		want := ids(list())
		clear(list())
		if diff := cmp.Diff(want, ids(list())); diff != "" {
			t.Errorf("%s after a caller cleared its list (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzLookup(f *testing.F) {
	for _, seed := range []string{
		"429", "HTTP/1.1 404 Not Found", `"errorCode": 401002`, "rc=5", "-0x2700", "amqp:unauthorized-access",
		"x509: certificate signed by unknown authority", "azure.iot.device.exceptions.CredentialError", "5xx", "“\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		found := codes.Lookup(query)
		for i, e := range found {
			if e == nil || slices.Contains(found[:i], e) {
				t.Fatalf("Lookup(%q) = %v: an entry is missing or given twice", query, ids(found))
			}
		}
		if again := codes.Lookup("\t`" + query + "` "); len(query) < 500 && !slices.Equal(found, again) {
			t.Fatalf("Lookup(%q) = %v, quoted %v", query, ids(found), ids(again))
		}
		if status, ok := codes.Parse(query).Class(); ok && (status < 400 || status > 599) {
			t.Fatalf("Class(%q) = %d", query, status)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	for _, query := range []string{"429", "401002", "x509: certificate signed by unknown authority"} {
		b.Run(query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				codes.Lookup(query)
			}
		})
	}
}
