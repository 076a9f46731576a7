package logtext_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// scanner is shared by all tests.
var scanner = newScanner()

func newScanner() *logtext.Scanner {
	s := logtext.NewScanner()
	s.Now = func() time.Time { return time.Date(2025, time.June, 1, 12, 0, 0, 0, time.UTC) }
	return s
}

func scan(t *testing.T, text string) *logtext.Findings {
	t.Helper()
	found, err := scanner.Scan(t.Context(), strings.NewReader(text), "")
	if err != nil {
		t.Fatalf("Scan(%q): %v", text, err)
	}
	return found
}

// matches are the matches as "id lines".
func matches(list []logtext.Match) []string {
	var out []string
	for _, m := range list {
		var lines []string
		for _, p := range m.Places {
			lines = append(lines, fmt.Sprint(p.Line))
		}
		out = append(out, m.Entry.ID+" "+strings.Join(lines, ","))
	}
	return out
}

func facts(found *logtext.Findings, kind logtext.Kind) []string {
	var out []string
	for _, f := range found.Facts {
		if f.Kind == kind {
			out = append(out, f.Value)
		}
	}
	return out
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"a message, whatever its case and full stop": {
			"CA CERTIFICATE NOT FOUND", []string{"dps-401002-ca-not-found 1"},
		},
		"the longest text wins": {
			"Connection Refused: not authorised.", []string{"mqtt-connack-5 1"},
		},
		"whole words only": {
			"MyInternalServerErrorHandler ServerErrors xENOTFOUNDx", nil,
		},
		"a case before its code before the status": {
			`HTTP/1.1 401 {"errorCode":401002,"message":"Invalid certificate."}`,
			[]string{"dps-401002-invalid-cert 1", "dps-401002 1", "http-401 1"},
		},
		"a wrapper comes last": {
			"caused by: DPS client error\ncaused by: Unsupported API version 2021-06-01.",
			[]string{"edge-caused-api-version 2", "edge-dps-client-error 1"},
		},
		"a word that is a message": {
			"read tcp 10.0.0.1:443: EOF", []string{"net-eof 1"},
		},
		"the same word in prose": {
			"cat <<EOF > file\nwe reached the EOF of the file", nil,
		},
		"a generic word next to a known error does not count": {
			"dps: Unauthorized\nerrorCode: 404201", []string{"dps-404201 2"},
		},
		"a code in the usual spellings": {
			"errorCode: 401002\nerror code = 401002\nfailed with error 401002: TrackingID\nErrorCode\\\":401002", []string{"dps-401002 1,2,3,4"},
		},
		"an unknown code gives its class": {
			"errorCode: 404999", []string{"http-404 1", "dps-code-family 1"},
		},
		"numbers that are no codes": {
			"pid 401002 at 0.401002 s, port 404", nil,
		},
		"HTTP statuses in context": {
			"status code 'NotFound'\nHTTP/1.1 429\nstatusCode=503\ndps returned status 403", []string{"http-404 1", "http-429 2", "http-503 3", "http-403 4"},
		},
		"return codes of CONNECT": {
			"mqtt: return code 3\nCONNACK rc=5", []string{"mqtt-connack-3 1", "mqtt-connack-5 2"},
		},
		"a return code of something else": {
			"script ended with return code 3\nmqtt_transport of azure.iot.device: disconnected with result code: 1", nil,
		},
		"mbedTLS in three notations": {
			"ret -0x2700\nesp_tls_stack_err=0x2700\nesp_tls_stack_err=9984", []string{"mbedtls-2700 1,2,3", "esp-mqtt-error-event 2,3"},
		},
		"lines that repeat are counted": {
			"EAI_AGAIN\nEAI_AGAIN EAI_AGAIN\nEAI_AGAIN", []string{"net-dns-again 1,2,3"},
		},
		"a body over several lines": {
			"{\n \"errorCode\": 401002,\n \"trackingId\": \"a-1-b-2-c\",\n \"message\": \"Unauthorized\"\n}",
			[]string{"dps-401002-unauthorized 4", "dps-401002 2"},
		},
		"a body that is cut off": {
			`{"errorCode":400004,"trackingId":"1","message":"Unsupported API version 2030-01-01.","timest`,
			[]string{"dps-unsupported-api-version 1", "dps-400004 1"},
		},
		"an answer that the .NET SDK put together": {
			"AMQP transport exception: service error.\nService Error: 401002 - Unauthorized (TrackingID: 1-a Time: 2024-05-01T08:00:00Z)",
			[]string{"dps-401002-unauthorized 2", "dps-401002 2", "cs-wrap 1"},
		},
		"a name of the hub that PowerShell prints as well": {
			"dps: CategoryInfo : InvalidOperation: (:) [], RuntimeException", nil,
		},
		"the same name from the hub": {
			"dps: ErrorCode:InvalidOperation;No such thing", []string{"hub-400003 1"},
		},
		"an exception of the language, whatever it was thrown for": {
			"dps: java.lang.IllegalArgumentException: 7\nValueError: 8", nil,
		},
		"the state of PubSubClient": {
			"dps\nfailed, rc=5 try again in 5 seconds\nfailed, rc=-2 try again", []string{"mqtt-connack-5 2", "arduino-pubsub-neg 3"},
		},
		"a code of the control plane": {
			"errorcode: IH400999.", []string{"http-400 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, matches(scan(t, test.text).Matches)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.text, diff)
			}
		})
	}
}

// TestEveryMessage: every message of the catalogue matches its own entry, in every position; a name of
// the hub, after a word that introduces a code.
func TestEveryMessage(t *testing.T) {
	t.Parallel()
	for e := range codes.All() {
		for _, message := range e.Messages {
			lead := "ERROR: "
			if e.Kind == codes.KindIoTHub && !strings.Contains(message, " ") {
				lead = "ERRORCODE:"
			}
			text := "dps: the client said:\n[12:00] " + lead + strings.Map(upperASCII, message) + "\nend"
			is := func(m logtext.Match) bool { return m.Entry == e && m.Line.Line == 2 }
			if found := scan(t, text); !slices.ContainsFunc(found.Matches, is) {
				t.Errorf("%q of %s: found %v", message, e.ID, matches(found.Matches))
			}
		}
	}
}

// upperASCII is a letter of ASCII as a capital: the case of other letters matters.
func upperASCII(r rune) rune {
	if r >= 'a' && r <= 'z' {
		return r - 'a' + 'A'
	}
	return r
}

// TestDresses: what terminals, log collectors and programs put around a text does not change what is
// found.
func TestDresses(t *testing.T) {
	t.Parallel()
	const plain = "aziot-identityd[8]: caused by: {\"errorCode\":401002,\"trackingId\":\"0a1b-2c3d\",\"message\":\"CA certificate not found.\"}\naziot-identityd[8]: no such host\n"
	want := []string{"dps-401002-ca-not-found 1", "dps-401002 1", "net-no-such-host 2"}
	escaped := strings.NewReplacer(`"`, `\"`).Replace(plain)
	var little, big strings.Builder // in UTF-16
	for i := range len(plain) {
		little.WriteString(plain[i:i+1] + "\x00")
		big.WriteString("\x00" + plain[i:i+1])
	}
	for name, text := range map[string]string{
		"plain":                  plain,
		"CR LF":                  strings.ReplaceAll(plain, "\n", "\r\n"),
		"byte order mark":        "\ufeff" + plain,
		"UTF-16LE with mark":     "\xff\xfe" + little.String(),
		"UTF-16LE without mark":  little.String(),
		"UTF-16BE with mark":     "\xfe\xff" + big.String(),
		"UTF-16BE without mark":  big.String(),
		"terminal colours":       "\x1b[1;31m" + strings.ReplaceAll(plain, "certificate", "\x1b[4mcertificate\x1b[0m"),
		"rsyslog's colours":      strings.ReplaceAll(plain, "certificate", "#033[4mcertificate#033[0m"),
		"escaped once":           escaped,
		"escaped twice":          strings.NewReplacer(`\"`, `\\\"`).Replace(escaped),
		"escaped as code points": strings.NewReplacer(`"`, `\u0022`).Replace(plain),
		"as XML":                 strings.NewReplacer(`"`, `&quot;`).Replace(plain),
		"syslog":                 prefixed(plain, "Jun  3 06:00:11 gw-1 "),
		"RFC 5424":               prefixed(plain, "<30>1 2024-06-03T06:00:11.123Z gw-1 "),
		"wide spaces":            strings.ReplaceAll(plain, " ", "  \t "),
		"invalid UTF-8":          strings.ReplaceAll(plain, "caused by", "caused\xff by"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := scan(t, text)
			if diff := cmp.Diff(want, matches(found.Matches)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"0a1b-2c3d"}, found.Matches[0].TrackingIDs); diff != "" {
				t.Errorf("tracking ids (-want +got):\n%s", diff)
			}
		})
	}
}

func prefixed(text, prefix string) string {
	return prefix + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+prefix) + "\n"
}

// TestStringsWithLineBreaks: the lines inside one string of JSON are lines of the log.
func TestStringsWithLineBreaks(t *testing.T) {
	t.Parallel()
	text := `{"log":"{\r\n \"errorCode\": 401002,\r\n \"message\": \"Invalid certificate.\"\r\n}\n","stream":"stderr"}`
	want := []string{"dps-401002-invalid-cert 1", "dps-401002 1"}
	if diff := cmp.Diff(want, matches(scan(t, text).Matches)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOtherPrograms: in a journal of many programs only what belongs to the provisioning is found.
func TestOtherPrograms(t *testing.T) {
	t.Parallel()
	text := `Jun 03 06:00:04 gw nginx[7]: connect() failed (111: Connection refused)
Jun 03 06:00:05 gw openvpn[9]: OpenSSL: error:0A000086:SSL routines::certificate verify failed
Jun 03 06:00:06 gw aziot-identityd[8]: [WARN] - Failed to send HTTP request (attempt 1 of 3): error trying to connect: tcp connect error: Connection timed out (os error 110)
Jun 03 06:00:07 gw nginx[7]: connect() failed (111: Connection refused)
`
	found := scan(t, text)
	if diff := cmp.Diff([]string{"net-timedout 3", "aziot-rust-connect 3", "edge-http-failed 3"}, matches(found.Matches)); diff != "" {
		t.Errorf("matches (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"net-refused 1,4", "openssl-verify-failed 2"}, matches(found.Dropped)); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}

// TestFarLines: in the log of one program generic words count near lines that are certainly about
// provisioning, and far from them they do not.
func TestFarLines(t *testing.T) {
	t.Parallel()
	filler := strings.Repeat("nothing of interest\n", 200)
	text := "connection refused by the printer\n" + filler + "connection reset by peer\nDPS registration failed\nEHOSTUNREACH\n" + filler + "broken pipe\n"
	if diff := cmp.Diff([]string{"net-reset 202", "net-unreach 204", "edge-11-reg-failed 203"}, matches(scan(t, text).Matches)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := scan(t, filler+"connection refused\n"+filler).Matches; len(got) > 0 {
		t.Errorf("found %v in a long text about something else", matches(got))
	}
	if got := matches(scan(t, "connection refused\n").Matches); len(got) != 1 {
		t.Errorf("found %v in a text of one line, want what it says", got)
	}
}

func TestPhases(t *testing.T) {
	t.Parallel()
	text := `caused by: timed out
Sending DPS registration request.
caused by: Unauthorized
Assigned to IoT hub: h.azure-devices.net
amqp:unauthorized-access
Sending DPS registration request.
ECONNRESET
`
	got := map[string]logtext.Phase{}
	for _, m := range scan(t, text).Matches {
		got[m.Entry.ID] = m.Phase
	}
	delete(got, "aziot-progress")
	want := map[string]logtext.Phase{
		"edge-dps-comm": logtext.PhaseUnknown, "edge-caused-unauthorized": logtext.PhaseRegister,
		"amqp-unauthorized-access": logtext.PhaseAssigned, "net-reset": logtext.PhaseRegister,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClocks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]logtext.Clock{
		"1970/1/1 00:00:04 [ERROR] connect_return_code=5":                                                           {Year: 1970},
		"Error: Time:Thu Jan  1 00:00:12 1970 File:x.c Func:f Line:1 certificate verify failed":                     {Year: 1970},
		"2029-10-18T16:31:26+03:00 device agent[1]: certificate verify failed":                                      {Year: 2029, Future: true},
		"2024-05-01 08:00:00 certificate verify failed":                                                             {Year: 2024},
		`2019-01-01T00:00:00Z {"errorCode":401002,"message":"x","timestampUtc":"2024-05-01T08:00:00.1Z"}` + "\nEOF": {Year: 2019},

		"certificate verify failed": {}, // no clock at all
	} {
		found := scan(t, text)
		if got := found.Matches[0].Clock; got != want {
			t.Errorf("%q: clock %+v, want %+v", text, got, want)
		}
	}
	text := `2019-01-01T00:00:00Z {"timestampUtc":"2024-05-01T08:00:00.1Z","errorCode":401002,"message":"Unauthorized"}`
	if got := scan(t, text+"\n"+text).Matches[0].Clock; !got.Known || got.Behind != 1947 {
		t.Errorf("the clock is 1947 days behind the answer, got %+v", got)
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		kind logtext.Kind
		text string
		want []string
	}{
		"attestation":           {logtext.KindAttestation, "Starting provisioning edge device via X509 provisioning...", []string{"x509"}},
		"attestation, set":      {logtext.KindAttestation, `method = "symmetric_key"`, []string{"symmetric-key"}},
		"attestation, of a TPM": {logtext.KindAttestation, "SecurityProviderTpmHsm at /dev/tpmrm0", []string{"tpm"}},
		"not of X.509 errors":   {logtext.KindAttestation, "x509: certificate signed by unknown authority", nil},
		"transport":             {logtext.KindTransport, "MQTT transport exception", []string{"mqtt"}},
		"client":                {logtext.KindClient, "com.microsoft.azure.sdk.iot.provisioning", []string{logtext.ClientJava}},
		"assigned":              {logtext.KindEvent, `"status":"assigned"`, []string{logtext.EventAssigned}},
		"not assigned":          {logtext.KindEvent, "the device was not has been assigned", nil},
		"a web page":            {logtext.KindSign, "<!DOCTYPE html>", []string{logtext.SignHTML}},
		"an empty id":           {logtext.KindSign, "The link address '0ne00112233/registrations/' did not match", []string{logtext.SignEmptyID}},
		"a webhook":             {logtext.KindWebhook, "Custom allocation failed with status code: 403", []string{"403"}},
		"words for a fault":     {logtext.KindTopic, "the enrollment gw-1 is disabled, DPS says", []string{logtext.TopicEnrollmentDisabled}},
		"no words on a known":   {logtext.KindTopic, "CA certificate not found.", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, facts(scan(t, test.text), test.kind)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.text, diff)
			}
		})
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	text := `PUT https://global.azure-devices-provisioning.net/0ne00A1B2C3/registrations/pump-17/register?api-version=2021-06-01
sr=0ne00D4E5F6%2Fregistrations%2Fpump-18&sig=x
$dps/registrations/PUT/iotdps-register/?$rid=1
Found certificate: 77AA CN=pump-17, O=Plant
registration_id "pump-19" at contoso.azure-devices.net
registrationId = <your id>
Tracking ID:fb98cf343f2a4021957955f06926ed1e-G:10-TimeStamp:12/10/2020
trackingId: n/a`
	want := logtext.IDs{
		Scopes:          []logtext.ID{{"0ne00A1B2C3", logtext.Place{Line: 1}}, {"0ne00D4E5F6", logtext.Place{Line: 2}}},
		RegistrationIDs: []logtext.ID{{"pump-17", logtext.Place{Line: 1}}, {"pump-18", logtext.Place{Line: 2}}, {"pump-19", logtext.Place{Line: 5}}},
		Endpoints:       []logtext.ID{{"global.azure-devices-provisioning.net", logtext.Place{Line: 1}}},
		Hubs:            []logtext.ID{{"contoso.azure-devices.net", logtext.Place{Line: 5}}},
		APIVersions:     []logtext.ID{{"2021-06-01", logtext.Place{Line: 1}}},
		CommonNames:     []logtext.ID{{"pump-17", logtext.Place{Line: 4}}},
		TrackingIDs:     []logtext.ID{{"fb98cf343f2a4021957955f06926ed1e-G:10-TimeStamp:12/10/2020", logtext.Place{Line: 7}}},
	}
	if diff := cmp.Diff(want, scan(t, text).IDs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	text := `[provisioning]
id_scope = "0ne00112233"
# registration_id = "commented"
registration_id = ""
global_endpoint = "https://global.azure-devices-provisioning.net"
symmetric_key = { value = "c2hvcnQ=" }
scope_id: <SCOPE_ID>
PROVISIONING_IDSCOPE=None
{"MESSAGE":"registration_id = dev-3","PRIORITY":"6"}
dps provision --id-scope 0ne00445566 --registration-id dev-1
symmetric_key: "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=c2hvcnQ="
registration id may not be empty
Enter your ID scope:
`
	line := func(n int) logtext.Place { return logtext.Place{Line: n} }
	want := []logtext.Setting{
		{Place: line(2), Key: "id_scope", Meaning: "id-scope", Value: "0ne00112233", State: logtext.StateSet, Assigned: true},
		{Place: line(4), Key: "registration_id", Meaning: "registration-id", State: logtext.StateEmpty, Assigned: true},
		{Place: line(5), Key: "global_endpoint", Meaning: "endpoint", Value: "https://global.azure-devices-provisioning.net", State: logtext.StateSet, Assigned: true},
		{Place: line(6), Key: "symmetric_key", Meaning: "key", State: logtext.StateSet, Assigned: true, Form: logtext.FormBase64, Size: 8},
		{Place: line(7), Key: "scope_id", Meaning: "id-scope", Value: "<SCOPE_ID>", State: logtext.StatePlaceholder, Assigned: true},
		{Place: line(8), Key: "PROVISIONING_IDSCOPE", Meaning: "id-scope", Value: "None", State: logtext.StateEmpty, Assigned: true},
		{Place: line(9), Key: "registration_id", Meaning: "registration-id", Value: "dev-3", State: logtext.StateSet, Assigned: true},
		{Place: line(10), Key: "--id-scope", Meaning: "id-scope", Value: "0ne00445566", State: logtext.StateSet},
		{Place: line(10), Key: "--registration-id", Meaning: "registration-id", Value: "dev-1", State: logtext.StateSet},
		{Place: line(11), Key: "symmetric_key", Meaning: "key", State: logtext.StateSet, Assigned: true, Form: logtext.FormConnectionString, Size: 64},
	}
	if diff := cmp.Diff(want, scan(t, text).Settings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	text := `{"errorCode":401002,"trackingId":"0a1b-2c3d","message":"Unauthorized"}
{"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized","ExceptionMessage":"Tracking ID:aa11bb22-TimeStamp:1"}
{"status":"failed","registrationState":{"errorCode":400209,"errorMessage":"{\"Message\":\"ErrorCode:IotHubUnauthorizedAccess;Unauthorized\"}"}}`
	var got []string
	for _, b := range scan(t, text).Bodies {
		got = append(got, fmt.Sprintf("%d %s %d %s", b.Place.Line, b.Shape, b.Code, b.TrackingID))
	}
	want := []string{"1 dps 401002 0a1b-2c3d", "2 hub 0 aa11bb22-TimeStamp:1", "3 hub-in-dps 400209 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNothingKnown(t *testing.T) {
	t.Parallel()
	found := scan(t, "the frobnicator failed: no such quux\nall is well")
	if len(found.Matches) > 0 {
		t.Errorf("found %v", matches(found.Matches))
	}
	if diff := cmp.Diff([]logtext.Line{{Place: logtext.Place{Line: 1}, Text: "the frobnicator failed: no such quux"}}, found.Unmatched); diff != "" {
		t.Errorf("unmatched (-want +got):\n%s", diff)
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	binary := func(what string) func(error) bool {
		return func(err error) bool {
			b, ok := errors.AsType[*logtext.BinaryError](err)
			return ok && b.What == what
		}
	}
	for name, test := range map[string]struct {
		input io.Reader
		is    func(error) bool
	}{
		"empty":             {strings.NewReader(""), func(err error) bool { return errors.Is(err, logtext.ErrEmpty) }},
		"only white space":  {strings.NewReader(" \n\t\r\n"), func(err error) bool { return errors.Is(err, logtext.ErrEmpty) }},
		"damaged gzip":      {strings.NewReader("\x1f\x8b\x08\x00abc"), func(err error) bool { return errors.Is(err, logtext.ErrDamaged) }},
		"cut gzip":          {bytes.NewReader(gzipped(t, "text\n")[:20]), func(err error) bool { return errors.Is(err, logtext.ErrDamaged) }},
		"gzip twice":        {bytes.NewReader(gzipped(t, string(gzipped(t, "text\n")))), binary("a gzip file in a gzip file")},
		"a program":         {strings.NewReader("\x7fELF\x02\x01"), binary("a program")},
		"noise":             {strings.NewReader(strings.Repeat("\x01\x02\xfe\xffa", 100)), binary("")},
		"a broken reader":   {io.MultiReader(strings.NewReader("text\n"), brokenReader{}), func(err error) bool { return errors.Is(err, errBroken) }},
		"broken from start": {brokenReader{}, func(err error) bool { return errors.Is(err, errBroken) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found, err := scanner.Scan(t.Context(), test.input, ""); found != nil || !test.is(err) {
				t.Errorf("Scan = %v, %v", found, err)
			}
		})
	}
}

// TestGzip: a text that is packed with gzip is read as it is, in any encoding.
func TestGzip(t *testing.T) {
	t.Parallel()
	const text = "errorCode: 401002, CA certificate not found"
	for _, text := range []string{text, "\xff\xfe" + strings.Join(strings.Split(text, ""), "\x00") + "\x00"} {
		plain, err := scanner.Scan(t.Context(), strings.NewReader(text), "")
		if err != nil {
			t.Fatal(err)
		}
		packed, err := scanner.Scan(t.Context(), bytes.NewReader(gzipped(t, text)), "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(matches(plain.Matches), matches(packed.Matches)); diff != "" || len(plain.Matches) == 0 {
			t.Errorf("%q: matches of the plain and of the packed text:\n%s", text, diff)
		}
	}
}

// gzipped is a text, packed.
func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var errBroken = errors.New("broken")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scanner.Scan(ctx, endless("a line\n"), ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Scan of an endless text ended with %v", err)
	}
}

// endless repeats a text without end.
func endless(text string) io.Reader { return &repeater{text: text} }

type repeater struct {
	text string
	at   int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], r.text[r.at:])
		n += c
		r.at = (r.at + c) % len(r.text)
	}
	return n, nil
}

// TestLongLine: in a line of any length everything is found, and once.
func TestLongLine(t *testing.T) {
	t.Parallel()
	const message = "CA certificate not found."
	for at := range 300 {
		text := strings.Repeat("x ", 32_300+at) + message + strings.Repeat(" y", 34_000) + " EAI_AGAIN"
		found := scan(t, text)
		if diff := cmp.Diff([]string{"dps-401002-ca-not-found 1", "net-dns-again 1"}, matches(found.Matches)); diff != "" {
			t.Fatalf("message at %d (-want +got):\n%s", strings.Index(text, message), diff)
		}
		if found.Inputs[0].Lines != 1 {
			t.Fatalf("%d lines, want 1", found.Inputs[0].Lines)
		}
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	one, err := scanner.Scan(t.Context(), strings.NewReader("\nEAI_AGAIN\nmethod = \"x509\""), "one.log")
	if err != nil {
		t.Fatal(err)
	}
	two, err := scanner.Scan(t.Context(), strings.NewReader("CA certificate not found.\nEAI_AGAIN"), "two.log")
	if err != nil {
		t.Fatal(err)
	}
	joined := logtext.Join(one, two)
	if diff := cmp.Diff([]string{"dps-401002-ca-not-found 1", "net-dns-again 2,2"}, matches(joined.Matches)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := joined.Matches[1].Places[1].String(); got != "two.log line 2" || joined.Matches[1].Count != 2 {
		t.Errorf("second place %q, count %d", got, joined.Matches[1].Count)
	}
	if got := slices.Concat(facts(joined, logtext.KindAttestation)); len(got) != 1 || len(joined.Inputs) != 2 {
		t.Errorf("facts %v of %d inputs", got, len(joined.Inputs))
	}
}

// TestUnifiedStepsAreNotReadForWords: lines that report a step are in the log of every attempt.
func TestUnifiedStepsAreNotReadForWords(t *testing.T) {
	t.Parallel()
	const head = "2026-10-03T18:16:17.408Z [INFO ] [connection] [t:1] connection_client.c:311: "
	found := scan(t, head+"dps state=AZ_IOT_CONN_STATE_CONNECTING\n"+
		"2026-10-03T18:16:18.408Z [ERROR] [connection] [t:1] connection_client.c:322: dps state=AZ_IOT_CONN_STATE_FAULTED reason=AZ_IOT_ERR_DPS\n"+
		head+"hub state=AZ_IOT_CONN_STATE_RETRY_PENDING reason=AZ_IOT_ERR_MQTT\n")
	var got []string
	for _, line := range found.Sample {
		got = append(got, line.Text)
	}
	want := []string{"dps state=AZ_IOT_CONN_STATE_FAULTED reason=AZ_IOT_ERR_DPS", "hub state=AZ_IOT_CONN_STATE_RETRY_PENDING reason=AZ_IOT_ERR_MQTT"}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("lines read for words: %q, want %q", got, want)
	}
}

func TestReleases(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"aziot-identityd[655]: Version - 1.5.6\naziot-keyd[66]: Version - 1.5.6": {"iot-edge 1.5.6 at 1"},
		"Version - 1.0.7.1 (f7c51d92be)\niotedged[22]: started":                  {"iot-edge 1.0.7.1 at 1"},
		"Version - 1.4.1 of a broker":                                            nil,
		"image: azureiotedge-hub:1.5\nimage: azureiotedge-agent:1.4.10.":         {"iot-edge 1.5 at 1", "iot-edge 1.4.10 at 2"},
		"apt install aziot-edge=1.4.20-1 aziot-identity-service=1.4.8-1":         {"iot-edge 1.4.20 at 1", "iot-edge 1.4.8 at 1"},
		"EFLOW 1.1.8, TPM":                      {"eflow 1.1.8 at 1"},
		"azureiotedge-agent:1 and aziot-edge 1": nil, // no minor number
		"azureiotedge-agent:latest":             nil,
	} {
		var got []string
		for _, r := range scan(t, text).Releases {
			got = append(got, fmt.Sprintf("%s %s at %d", r.Product, r.Version, r.Line.Line))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
