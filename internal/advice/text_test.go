package advice

import (
	"dpsdiag/internal/likeness"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

var updateLogs = flag.Bool("update", false, "rewrite testdata/logs/matches.txt")

const logFolder = "../../testdata/logs"

// logTable says for every log of testdata/logs what it is: the first cause and its
// strength. The logs are made up after what the clients print, see the folder's README.
func logTable() map[string]string {
	return map[string]string{
		"alert-certificate-expired":     "cert-expired suggests",
		"arduino-pubsub":                "server-root-ca-missing suggests",
		"az-sku":                        "management-request-invalid proves",
		"c-certificate-refused":         "cert-enrollment-mismatch suggests",
		"c-disabled":                    "enrollment-disabled suggests",
		"c-hub-link-broken":             "hub-link-broken suggests",
		"c-key-and-certificate-differ":  "cert-key-pair-mismatch suggests",
		"c-mqtt-unknown-scope":          "wrong-id-scope suggests",
		"c-mqtt-wrong-key":              "symmetric-key-mismatch suggests",
		"c-port-blocked":                "port-blocked suggests",
		"c-schannel-untrusted":          "server-root-ca-missing suggests",
		"central-not-approved":          "iot-central-device-not-ready suggests",
		"certificate-upload":            "enrollment-cert-upload-invalid proves",
		"clock-ahead-of-service":        "device-clock-wrong suggests",
		"concurrent":                    "concurrent-registration proves",
		"curl-html":                     "proxy-interference suggests",
		"curl-payload":                  "payload-invalid proves",
		"dotnet-common-name-differs":    "cert-cn-registration-id-mismatch suggests",
		"dotnet-connack-5":              "symmetric-key-mismatch suggests",
		"dotnet-no-private-key":         "client-cert-not-presented suggests",
		"dotnet-untrusted-root":         "server-root-ca-missing suggests",
		"dotnet-tpm-library":            "tpm-not-available suggests",
		"edge-api-version":              "api-version-unsupported suggests",
		"esp-idf-heap":                  "client-defect suggests",
		"freertos-key-refused":          "client-config-missing suggests",
		"zephyr-ca-unreadable":          "server-root-ca-missing suggests",
		"python-no-module":              "client-defect suggests",
		"python-cut-trace":              "symmetric-key-mismatch allows",
		"edge-chain":                    "cert-chain-incomplete suggests",
		"edge-config-commented":         "client-config-missing suggests",
		"edge-disabled":                 "enrollment-disabled suggests",
		"edge-dns-then-refused":         "cert-not-trusted-by-enrollment suggests",
		"edge-dns":                      "dns-failure suggests",
		"edge-endorsement-key":          "tpm-ek-mismatch proves",
		"edge-hub-after-assignment":     "hub-identity-unusable suggests",
		"edge-hub-link":                 "hub-link-broken suggests",
		"edge-key-config-unauthorized":  "symmetric-key-mismatch suggests",
		"edge-not-yet-valid":            "device-clock-wrong suggests",
		"edge-offline":                  "network-unreachable suggests",
		"edge11-tpm-missing":            "tpm-not-available suggests",
		"rest-tpm-challenge":            "tpm-challenge-unanswered proves",
		"java-reopened":                 "client-defect suggests",
		"docker-json":                   "cert-not-trusted-by-enrollment suggests",
		"powershell-utf16":              "tpm-not-available suggests",
		"edge-registration-id":          "registration-id-invalid suggests",
		"edge-scope-id-in-toml":         "client-config-missing suggests",
		"edge-timeout":                  "port-blocked suggests",
		"edge-tpm-permission":           "tpm-access-denied suggests",
		"edge-webhook-403":              "custom-allocation-unauthorized suggests",
		"edge-webhook-503":              "custom-allocation-failed suggests",
		"edge-webhook-rejects":          "custom-allocation-rejected suggests",
		"edge-x509-config-unauthorized": "cert-not-trusted-by-enrollment suggests",
		"edge11-not-found":              "enrollment-not-found suggests",
		"edge11-symmetric-unauthorized": "symmetric-key-mismatch suggests",
		"embedded-c-refused":            "custom-allocation-failed proves",
		"env-none":                      "client-config-missing suggests",
		"esp-idf-clock":                 "device-clock-wrong suggests",
		"esp-idf-dns":                   "dns-failure suggests",
		"expired-leaf":                  "cert-expired suggests",
		"freertos-refused":              "cert-enrollment-mismatch suggests",
		"freertos-tls":                  "server-root-ca-missing suggests",
		"hub-host-as-endpoint":          "wrong-global-endpoint suggests",
		"java-pkix":                     "server-root-ca-missing suggests",
		"java-registration-id":          "registration-id-invalid suggests",
		"java-throttled":                "throttled proves",
		"java-unknown-scope":            "wrong-id-scope suggests",
		"journal-ten-services":          "cert-not-trusted-by-enrollment suggests",
		"leaf-is-ca":                    "cert-wrong-role-or-extensions suggests",
		"mosquitto-1883":                "port-blocked suggests",
		"mosquitto":                     "symmetric-key-mismatch suggests",
		"moved-device":                  "stale-assignment allows",
		"netx-trust":                    "server-root-ca-missing suggests",
		"no-hub":                        "no-hub-available suggests",
		"node-certificate-chain":        "cert-chain-incomplete suggests",
		"node-dns":                      "dns-failure suggests",
		"node-scope-undefined":          "client-config-missing suggests",
		"node-self-signed-proxy":        "proxy-interference suggests",
		"nrf-status-401":                "cert-not-trusted-by-enrollment suggests",
		"openssl-s-client":              "server-root-ca-missing suggests",
		"operator-throttle":             "throttled suggests",
		"portal-verification":           "pop-certificate-wrong-issuer suggests",
		"private-endpoint":              "public-network-access-disabled suggests",
		"proxy-407":                     "proxy-not-configured suggests",
		"python-file-missing":           "device-key-material-unreadable suggests",
		"python-key-not-base64":         "client-config-missing suggests",
		"python-service-401":            "cert-not-trusted-by-enrollment suggests",
		"python-unknown-scope":          "wrong-id-scope allows",
		"python-wrong-key":              "symmetric-key-mismatch suggests",
		"quota":                         "quota-exceeded proves",
		"service-hub-connection-string": "service-credentials-insufficient suggests",
		"tls-version":                   "tls-version-or-cipher-unsupported suggests",
		"token-expired-hub":             "sas-token-expired suggests",
		"tpm-challenge-normal":          "tpm-ek-mismatch suggests",
		"tpm-over-mqtt":                 "attestation-mismatch suggests",
		"unverified-ca":                 "ca-not-verified suggests",
		"websocket-400":                 "transport-protocol-wrong suggests",
		"wrong-cloud":                   "wrong-global-endpoint suggests",
		"zephyr-refused":                "cert-not-trusted-by-enrollment suggests",
	}
}

func readLog(t *testing.T, name string) *logtext.Findings {
	t.Helper()
	file, err := os.Open(filepath.Join(logFolder, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found, err := textScanner.Scan(t.Context(), file, "")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLogs(t *testing.T) {
	t.Parallel()
	for name, want := range logTable() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := DiagnoseText(readLog(t, name), likeness.Default())
			got := "nothing"
			if len(d.Causes) > 0 {
				got = d.Causes[0].ID.String() + " " + d.Causes[0].Strength.String()
			}
			if got != want {
				t.Errorf("first cause %s, want %s; all: %s", got, want, verdictOnText(readLog(t, name), textRules()))
			}
			if len(d.Causes) > maxCauses {
				t.Errorf("%d causes", len(d.Causes))
			}
			for _, c := range d.Causes {
				if len(c.Because) == 0 || !strings.Contains(c.Because[0], "line ") {
					t.Errorf("cause %s has no reason that can be checked: %q", c.ID.String(), c.Because)
				}
			}
		})
	}
}

// TestEveryLogIsInTheTable: no fixture is left out.
func TestEveryLogIsInTheTable(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(logFolder, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	table := logTable()
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".log")
		if _, ok := table[name]; !ok {
			t.Errorf("%s is not in the table", name)
		}
		delete(table, name)
	}
	for name := range table {
		t.Errorf("%s is in the table and no file", name)
	}
}

// TestLogMatches compares the errors found in every log, with their lines, with what
// testdata/logs/matches.txt says.
func TestLogMatches(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	names := make([]string, 0, len(logTable()))
	for name := range logTable() {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "%s\n", name)
		for _, m := range readLog(t, name).Matches {
			var lines []string
			for _, p := range m.Places {
				lines = append(lines, fmt.Sprint(p.Line))
			}
			fmt.Fprintf(&b, "  %s: %s\n", m.Entry.ID, strings.Join(lines, " "))
		}
	}
	file := filepath.Join(logFolder, "matches.txt")
	if *updateLogs {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestEveryMessageLeadsToItsCause: a text that holds one message of the catalogue has the
// first cause of its row.
func TestEveryMessageLeadsToItsCause(t *testing.T) {
	t.Parallel()
	for _, kind := range codes.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			for e := range codes.All() {
				if e.Kind != kind || e.Wrapper || len(e.CauseIDs) == 0 {
					continue
				}
				for _, message := range e.Messages {
					text := "dps client: " + message
					if kind == codes.KindIoTHub && !strings.Contains(message, " ") {
						text = "dps client: code " + message // that is how a hub names it
					}
					d := DiagnoseText(findings(t, text), likeness.Default())
					if len(d.Causes) == 0 || d.Causes[0].ID != e.CauseIDs[0] {
						t.Errorf("%q of %s: got %s", message, e.ID, verdictOnText(findings(t, text), textRules()))
					}
				}
			}
		})
	}
}

// TestOrdinaryWordsProveNothing: words of the service that other programs print as well, or
// that stand in a record of something else, are no proof.
func TestOrdinaryWordsProveNothing(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"PowerShell":               "Provision-EflowVm : failed\n + CategoryInfo : InvalidOperation: (:) [Provision-EflowVm], RuntimeException",
		"a registry of containers": "iotedge: pulling edgeAgent: ServerError: come back later",
		"HTTP":                     "dps: the answer was ServiceUnavailable",
		"a broker":                 "azure iot: MessageTooLarge",
		"a module":                 "aziot: {\"name\":\"proxy\",\"status\":\"disabled\"}",
		"a record of a hub":        "{\"deviceId\":\"d\",\"registrationId\":\"d\",\"status\":\"disabled\",\"statusReason\":null} in iothub",
		"an ETag":                  "az iot dps enrollment update: Precondition failed.",
		"a parser":                 "edgeAgent: Deserialization error.",
		"an allocation function":   "Custom allocation failed with status code: 401",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range DiagnoseText(findings(t, text), likeness.Default()).Causes {
				if c.Strength == Proves {
					t.Errorf("proves %s", c.ID.String())
				}
			}
		})
	}
}

// TestMessageGoesBeforeTheNameOfItsKind: the class of an exception, or a hub's name for an
// error, tells less than the message behind it.
func TestMessageGoesBeforeTheNameOfItsKind(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"dps: javax.net.ssl.SSLHandshakeException: Received fatal alert: protocol_version":                                                            "tls-version-or-cipher-unsupported",
		"dps: javax.net.ssl.SSLHandshakeException: no message":                                                                                        "server-root-ca-missing",
		"ProvisioningServiceClientHttpException: Bad Request:{\"Message\":\"ErrorCode:ArgumentInvalid;Unknown api version; uri: /enrollments/e\"}":    "api-version-unsupported",
		"ProvisioningServiceClientHttpException: Unauthorized:{\"errorCode\":401000,\"message\":\"Unauthorized\"}":                                    "service-credentials-insufficient",
		"Found certificate: CN=Test CA; PrivateKey: False\nUsing certificate CN=dev; PrivateKey: True\ndps: Service Error: 400004 - BadRequest (Trac": "registration-id-invalid",
	} {
		d := DiagnoseText(findings(t, text), likeness.Default())
		if len(d.Causes) == 0 || d.Causes[0].ID.String() != want {
			t.Errorf("%q: want %s first, got\n%s", text, want, verdictOnText(findings(t, text), textRules()))
		}
	}
}

// TestEveryTextOnlyCauseHasALog: a cause that no sandbox scenario can show is shown by a
// log.
func TestEveryTextOnlyCauseHasALog(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, want := range logTable() {
		cause, _, _ := strings.Cut(want, " ")
		shown[cause] = true
	}
	for _, rule := range Rules() {
		if rule.ID.Definition().Scenario == "" && !shown[rule.ID.String()] {
			t.Errorf("%s has no scenario and is the first cause of no log", rule.ID)
		}
	}
}

// TestCommand: the proposed probe has everything the text reveals of the device, and no
// secret.
func TestCommand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"CONNACK (5)": "dpsdiag probe --id-scope ID-SCOPE --registration-id REGISTRATION-ID CREDENTIAL --transport mqtt",
		"id_scope = \"0ne00112233\"\nregistration_id = \"dev-1\"\nmethod = \"symmetric_key\"\nsymmetric_key = { value = \"c2VjcmV0\" }\ncaused by: Unauthorized": "dpsdiag probe --id-scope 0ne00112233 --registration-id dev-1 --key-file KEY-FILE",
		"amqps://global.azure-devices-provisioning.cn/0cn00112233/registrations/dev-2\nmethod = \"x509\"\nerrorCode: 401002":                                     "dpsdiag probe --cloud china --id-scope 0cn00112233 --registration-id dev-2 --cert CERT-FILE --cert-key CERT-KEY-FILE --transport amqp",
		"registrationId: \"dev'1; rm\"\nerrorCode: 401002":                   "dpsdiag probe --id-scope ID-SCOPE --registration-id REGISTRATION-ID CREDENTIAL",
		"Assigned to IoT hub: h.azure-devices.net\namqp:unauthorized-access": "dpsdiag probe --id-scope ID-SCOPE --registration-id REGISTRATION-ID CREDENTIAL --check-hub",
	} {
		d := DiagnoseText(findings(t, text), likeness.Default())
		if len(d.Decide) == 0 || d.Decide[0].Command != want {
			t.Errorf("%q: steps %v, want first %q", text, d.Decide, want)
		}
	}
	for _, text := range []string{"", "IH400053", "Endorsement key is invalid, or does not match the Enrollment.", "nothing here"} {
		if d := DiagnoseText(findings(t, "dps "+text), likeness.Default()); len(d.Decide) > 0 {
			t.Errorf("%q: steps %v, want none", text, d.Decide)
		}
	}
}

// TestCollect: where a text says too little, it is told how to get one that says more, for
// the clients in it.
func TestCollect(t *testing.T) {
	t.Parallel()
	collect := func(text string) []string {
		var clients []string
		for _, c := range DiagnoseText(findings(t, text), likeness.Default()).Collect {
			clients = append(clients, c.Client)
		}
		return clients
	}
	if got := collect("all is well"); len(got) != len(logLevels()) {
		t.Errorf("without a client: %v", got)
	}
	if diff := cmp.Diff([]string{"Azure IoT SDK for Java"}, collect("com.microsoft.azure.sdk.iot says nothing")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := collect("CA certificate not found"); len(got) > 0 {
		t.Errorf("with a cause: %v", got)
	}
}

// TestSeveralTexts: texts that are explained together have one diagnosis.
func TestSeveralTexts(t *testing.T) {
	t.Parallel()
	config := findings(t, "method = \"x509\"\nid_scope = \"0ne00112233\"")
	log := findings(t, "caused by: Unauthorized")
	d := DiagnoseText(logtext.Join(log, config), likeness.Default())
	if len(d.Causes) == 0 || d.Causes[0].ID.String() != "cert-not-trusted-by-enrollment" {
		t.Errorf("causes %v", d.Causes)
	}
}
