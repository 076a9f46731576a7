package emulator

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// played is the result of each scenario on the wire: for the device of the sandbox, and for
// the three identities of the ready line.
type played struct {
	name             string
	sandbox          string
	key, group, x509 string
}

// everyone is a scenario with the same result for all devices.
func everyone(name, outcome string) played { return played{name, outcome, outcome, outcome, outcome} }

const (
	assigned   = "200 assigned"
	noKey      = "401 401002 Unauthorized"
	badLeaf    = "401 401002 Invalid certificate."
	noTrust    = "no answer: unknown authority"
	noTLS      = "no answer: protocol version"
	cutOff     = "no answer: EOF"
	deserial   = "400 400012 Deserialization error."
	tooMany    = "429 429001 Operations are being throttled for this tenant."
	hubBody    = `200 failed 400209 Msg: {"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized","ExceptionMessage":"Tracking ID:HEX-G:0-TimeStamp:03/01/2026 12:00:00"}`
	hubFullMsg = `200 failed 403002 Msg: {"Message":"ErrorCode:IotHubQuotaExceeded;The hub localhost has no room for another device.","ExceptionMessage":"Tracking ID:HEX-G:0-TimeStamp:03/01/2026 12:00:00"}`
)

func plays() []played {
	return []played{
		everyone("healthy", assigned),
		everyone("http-400", "400 400000 Bad Request"),
		everyone("http-401", "401 401000 Unauthorized"),
		everyone("http-403", "403 403000 Forbidden"),
		everyone("http-404", "404 404000 Not Found"),
		everyone("http-405", "405 405000 Method Not Allowed"),
		everyone("http-409", "409 409000 Conflict"),
		everyone("http-412", "412 412000 Precondition Failed"),
		everyone("http-415", "415 415000 Unsupported Media Type"),
		everyone("http-429", "429 429000 Too Many Requests"),
		everyone("http-500", "500 500000 Internal Server Error"),
		{"symmetric-key-mismatch", noKey, noKey, noKey, assigned},
		{"group-key-not-derived", noKey, noKey, assigned, assigned},
		{"derived-key-incorrect", noKey, noKey, assigned, assigned},
		{"sas-token-malformed", noKey, assigned, assigned, assigned},
		{"sas-token-expired", noKey, assigned, assigned, assigned},
		{"device-clock-wrong", noKey, noKey, noKey, assigned},
		{"cert-expired", badLeaf, assigned, assigned, badLeaf},
		{"cert-cn-registration-id-mismatch", badLeaf, assigned, assigned, badLeaf},
		{"cert-chain-incomplete", "401 401002 CA certificate not found.", assigned, assigned, "401 401002 CA certificate not found."},
		{"cert-not-trusted-by-enrollment", "401 401002 " + messageOtherCA, assigned, assigned, "401 401002 " + messageOtherCA},
		{"ca-not-verified", "401 401002 CA certificate not found.", assigned, assigned, "401 401002 CA certificate not found."},
		{"cert-enrollment-mismatch", badLeaf, assigned, assigned, badLeaf},
		{"cert-wrong-role-or-extensions", badLeaf, assigned, assigned, badLeaf},
		everyone("server-root-ca-missing", noTrust),
		everyone("wrong-id-scope", "404 empty"),
		{"enrollment-not-found", "404 404201 Enrollment not found.", "404 404201 Enrollment not found.", "404 404201 Enrollment not found.", "401 401002 " + messageOtherCA},
		everyone("enrollment-disabled", "200 disabled"),
		everyone("registration-id-invalid", "400 400004 Invalid RegistrationId"),
		{"attestation-mismatch", noKey, noKey, assigned, badLeaf},
		everyone("concurrent-registration", "409 409203 Precondition failed."),
		everyone("payload-invalid", deserial),
		everyone("api-version-unsupported", "400 400004 Unsupported API version 2019-03-31."),
		everyone("custom-allocation-failed", "200 failed 400207 Custom allocation failed with status code: 500"),
		everyone("custom-allocation-unauthorized", "200 failed 400207 Custom allocation failed with status code: 401"),
		everyone("custom-allocation-rejected", "200 failed 400207 Custom allocation failed with status code: 400"),
		everyone("iot-central-device-not-ready", "200 failed 400207 Custom allocation failed with status code: 404"),
		everyone("no-hub-available", "200 failed 400208 No IoT hub is available for the allocation."),
		everyone("hub-link-broken", hubBody),
		everyone("quota-exceeded", hubFullMsg),
		everyone("never-assigned", "202 assigning"),
		everyone("certificate-not-issued", assigned), // and then: TestIssuanceScenarios
		everyone("csr-rejected", assigned),
		everyone("issued-certificate-expired", assigned),
		everyone("issued-certificate-other-key", assigned),
		everyone("issued-certificate-unusable", assigned),
		everyone("hub-identity-unusable", assigned), // and then: TestHubScenarios
		everyone("hub-protocol-unsupported", assigned),
		everyone("stale-assignment", assigned),
		everyone("hub-unavailable", assigned),
		everyone("hub-unavailable-forever", assigned),
		everyone("hub-throttled", assigned),
		everyone("hub-throttled-forever", assigned),
		everyone("throttled", tooMany),
		everyone("throttled-forever", tooMany),
		everyone("service-transient", "503 503000 Service Unavailable"),
		everyone("public-network-access-disabled", noKey),
		everyone("proxy-interference", "403 html text/html; charset=utf-8"),
		everyone("tls-version-or-cipher-unsupported", noTLS),
		everyone("port-blocked", assigned),
		everyone("cut-at-connect", cutOff),
		everyone("cut-after-subscribe", assigned),
		everyone("cut-before-answer", cutOff),
		everyone("cut-while-polling", cutOff),
		everyone("answer-late", assigned),
		everyone("answer-duplicated", assigned),
		everyone("answer-for-other-request", assigned),
	}
}

// outcome registers a device over HTTPS and summarises the answer without the parts that
// depend on the seed.
func outcome(t *testing.T, d Device) string {
	t.Helper()
	got := newClient(t, d).enter()
	if got.err == nil && got.body.Error != nil {
		wantSoundAnswer(t, got)
	}
	return got.short()
}

func TestScenarioInTheSandbox(t *testing.T) {
	t.Parallel()
	for _, play := range plays() {
		t.Run(play.name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, Config{Scenario: play.name})
			if got := outcome(t, e.Device()); got != play.sandbox {
				t.Errorf("the device sees %q, want %q", got, play.sandbox)
			}
		})
	}
}

func TestScenarioForDevicesOutside(t *testing.T) {
	t.Parallel()
	for _, play := range plays() {
		t.Run(play.name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, Config{Scenario: play.name, Files: true})
			got := map[Attestation]string{}
			for _, d := range readIdentities(t, e) {
				got[d.Attestation] = outcome(t, d)
			}
			want := map[Attestation]string{SymmetricKey: play.key, GroupKey: play.group, X509: play.x509}
			if kind := e.Device().Attestation; kind == SASToken {
				want[SASToken] = play.sandbox
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("what the identities see (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryScenarioIsPlayed(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, s := range Scenarios() {
		if s.Attestation != TPM { // those are in another table
			want = append(want, s.Name)
		}
	}
	for _, play := range plays() {
		got = append(got, play.name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scenarios (-list +table):\n%s", diff)
	}
}

func TestScenariosAreWellFormed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		if seen[s.Name] {
			t.Errorf("%s is in the list twice", s.Name)
		}
		seen[s.Name] = true
		if !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(s.Name) || s.Title == "" || strings.HasSuffix(s.Title, ".") {
			t.Errorf("name %q, title %q", s.Name, s.Title)
		}
		if several := []string{"throttled", "service-transient", "issued-certificate-unusable"}; s.Cause != "" && s.Cause != s.Name && !slices.Contains(several, s.Cause) {
			t.Errorf("%s is not named after its cause %s", s.Name, s.Cause)
		}
		if found, ok := ScenarioByName(s.Name); !ok || found.Title != s.Title {
			t.Errorf("%s is not found by its name", s.Name)
		}
	}
	if healthy, ok := ScenarioByName(""); !ok || healthy.Name != Healthy {
		t.Error("no name is not the healthy scenario")
	}
	if _, ok := ScenarioByName("nosuch"); ok {
		t.Error("found a scenario that does not exist")
	}
}

// A fault that occurs once or after a wait: what follows, and what the device gets.
func TestFaultsThatPass(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"throttled": assigned, "throttled-forever": tooMany, "concurrent-registration": assigned,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, Config{Scenario: name, Files: true})
			for _, d := range readIdentities(t, e) { // each device has its own count
				c := newClient(t, d)
				if first := c.enter(); first.status < 400 {
					t.Errorf("%s: first call: %s", d.RegistrationID, first)
				}
				c.enter().want(t, want)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config Config
		want   string
	}{
		"no wait in the sandbox":     {Config{RetryAfter: new(time.Duration(0))}, "0"},
		"fractions are rounded up":   {Config{RetryAfter: new(1500 * time.Millisecond)}, "2"},
		"throttled":                  {Config{Scenario: "throttled", RetryAfter: new(time.Duration(0))}, "1"},
		"never assigned has a least": {Config{Scenario: "never-assigned", RetryAfter: new(time.Duration(0))}, "1"},
		"never assigned, longer":     {Config{Scenario: "never-assigned", RetryAfter: new(9 * time.Second)}, "9"},
		"transient says nothing":     {Config{Scenario: "service-transient"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newClient(t, begin(t, test.config).Device()).register()
			wantHeader(t, got.header, map[string]string{"Retry-After": test.want})
		})
	}
	e, err := Start(t.Context(), Config{Now: atNoon})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	wantHeader(t, newClient(t, e.Device()).register().header, map[string]string{"Retry-After": "2"})
}

// The text of a block page must not look like the service.
func TestForeignAnswerHasNoHeaderOfTheService(t *testing.T) {
	t.Parallel()
	got := newClient(t, begin(t, Config{Scenario: "proxy-interference"}).Device()).register()
	wantHeader(t, got.header, map[string]string{"X-Ms-Request-Id": "", "Strict-Transport-Security": "", "X-Ms-Error-Code": ""})
}

// The clock of the sandbox device is slow; for devices outside the process, the service's
// clock is fast instead.
func TestClocks(t *testing.T) {
	t.Parallel()
	inside := begin(t, Config{Scenario: "device-clock-wrong"})
	if inside.Device().ClockOffset != -3*time.Hour {
		t.Errorf("clock offset %s", inside.Device().ClockOffset)
	}
	outside := begin(t, Config{Scenario: "device-clock-wrong", Files: true})
	for e, want := range map[*Emulator]string{inside: "Sun, 01 Mar 2026 12:00:00 GMT", outside: "Sun, 01 Mar 2026 15:00:00 GMT"} {
		d := e.Device()
		d.ClockOffset = 0
		wantHeader(t, newClient(t, d).register().header, map[string]string{"Date": want})
	}
}

func TestIncompleteChainHasNoChainFile(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Scenario: "cert-chain-incomplete", Files: true})
	for _, identity := range e.Ready().Identities {
		if identity.ChainFile != "" {
			t.Errorf("chain file %s", identity.ChainFile)
		}
	}
	text, err := json.Marshal(e.Ready())
	if err != nil || strings.Contains(string(text), "chain_file") {
		t.Errorf("ready line %s, %v", text, err)
	}
}

// The CA that devices lack does not replace the one on disk.
func TestMissingRootKeepsTheCA(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := begin(t, Config{StateDir: dir})
	before := readFile(t, first.Ready().CAFile)
	end(t, first)
	second := begin(t, Config{StateDir: dir, Scenario: "server-root-ca-missing"})
	if got := second.Ready().CAFile; got != filepath.Join(dir, "other-ca.pem") {
		t.Errorf("CA file %s", got)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "ca.pem")); err != nil || string(after) != string(before) {
		t.Errorf("ca.pem changed: %v", err)
	}
}
