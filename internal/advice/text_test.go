package advice

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/likeness"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/logtext"
)

var updateLogs = flag.Bool("update", false, "rewrite testdata/logs/matches.txt")

const logFolder = "../../testdata/logs"

// logTable are the first causes of the logs with their strength, by the names of the logs: the
// contents of testdata/logs/causes.txt.
func logTable(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(logFolder, "causes.txt"))
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if name, want, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			table[name] = want
		}
	}
	return table
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
	for name, want := range logTable(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := DiagnoseText(readLog(t, name), likeness.Default())
			got := "nothing"
			if len(d.Causes) > 0 {
				got = d.Causes[0].ID.String() + " " + d.Causes[0].Strength.String()
			}
			if got != want {
				t.Errorf("first cause %s, want %s; all: %s", got, want, verdictOnText(readLog(t, name), nil, usualMeasures()))
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
	table := logTable(t)
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

// TestLogMatches compares the matches in every log, with their lines, with testdata/logs/matches.txt.
func TestLogMatches(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	names := make([]string, 0, len(logTable(t)))
	for name := range logTable(t) {
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

// TestOrdinaryWordsProveNothing: words of the service that other programs print as well, or that are
// in a record of something else, are not a proof.
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

// TestMessageGoesBeforeTheNameOfItsKind: the class of an exception, or a hub's name for an error, says
// less than the message after it.
func TestMessageGoesBeforeTheNameOfItsKind(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"dps: javax.net.ssl.SSLHandshakeException: Received fatal alert: protocol_version":                                                         "tls-version-or-cipher-unsupported",
		"dps: javax.net.ssl.SSLHandshakeException: no message":                                                                                     "server-root-ca-missing",
		"ProvisioningServiceClientHttpException: Bad Request:{\"Message\":\"ErrorCode:ArgumentInvalid;Unknown api version; uri: /enrollments/e\"}": "api-version-unsupported",
		"ProvisioningServiceClientHttpException: Unauthorized:{\"errorCode\":401000,\"message\":\"Unauthorized\"}":                                 "service-credentials-insufficient",
	} {
		d := DiagnoseText(findings(t, text), likeness.Default())
		if len(d.Causes) == 0 || d.Causes[0].ID.String() != want {
			t.Errorf("%q: want %s first, got\n%s", text, want, verdictOnText(findings(t, text), nil, usualMeasures()))
		}
	}
}

// TestEveryTextOnlyCauseHasALog: a cause without a sandbox scenario has a log that shows it.
func TestEveryTextOnlyCauseHasALog(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, want := range logTable(t) {
		cause, _, _ := strings.Cut(want, " ")
		shown[cause] = true
	}
	for _, rule := range Rules() {
		if rule.ID.Definition().Scenario == "" && !shown[rule.ID.String()] {
			t.Errorf("%s has no scenario and is the first cause of no log", rule.ID)
		}
	}
}

// TestCommand: the suggested probe has every value of the device that the text shows, and no secret.
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

// TestCollect: if a text says too little, the diagnosis says how to get a better one, for the clients
// in it.
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

// TestSeveralTexts: texts that are explained together get one diagnosis.
func TestSeveralTexts(t *testing.T) {
	t.Parallel()
	config := findings(t, "method = \"x509\"\nid_scope = \"0ne00112233\"")
	log := findings(t, "aziot-identityd: [ERR!] - DPS client error: the device certificate was refused\naziot-identityd: [ERR!] - caused by: Unauthorized")
	d := DiagnoseText(logtext.Join(log, config), likeness.Default())
	if len(d.Causes) == 0 || d.Causes[0].ID.String() != "cert-not-trusted-by-enrollment" {
		t.Errorf("causes %v", d.Causes)
	}
}
