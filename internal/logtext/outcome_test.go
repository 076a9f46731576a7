package logtext_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/logtext"
)

// ended is an outcome in short: the state, the line, the hub and the device.
func ended(o logtext.Outcome) string {
	text := string(o.State)
	for _, part := range []string{o.Hub, o.DeviceID} {
		if part != "" {
			text += " " + part
		}
	}
	return text
}

// TestOutcome: lines that look like a success but are not, and lines that look like a failure but are
// not.
func TestOutcome(t *testing.T) {
	t.Parallel()
	const (
		begun    = "Registering with the device provisioning service...\n"
		assigned = "Registration status: Assigned.\nDevice a-1 registered to one.azure-devices.net.\n"
	)
	for name, test := range map[string]struct{ text, want string }{
		"begun":                            {begun, "unfinished"},
		"assigned":                         {begun + assigned, "registered one.azure-devices.net a-1"},
		"refused":                          {begun + "401002 Unauthorized: Invalid certificate.\n", "refused"},
		"the hub refuses":                  {begun + assigned + "Creating X509 authentication for IoT Hub...\nConnection Refused: not authorised.\n", "refused"},
		"the hub refuses in other words":   {begun + assigned + "Unhandled exception. FancyHubException: go away\n", "refused"},
		"refused, then assigned":           {begun + "401002 Unauthorized\n" + begun + assigned, "recovered one.azure-devices.net a-1"},
		"assigned, then refused":           {begun + assigned + begun + "DPS: 401002 Unauthorized\n", "refused"},
		"assigned, then begun":             {begun + assigned + begun, "unfinished"},
		"two devices, the last counts":     {begun + assigned + begun + "Device b-2 registered to two.azure-devices.net.\n", "registered two.azure-devices.net b-2"},
		"success in an error":              {begun + "Error: the connection failed before registration succeeded\n", "refused"},
		"not assigned":                     {begun + "The DPS registration is not assigned; Registration status: not assigned\n", "unfinished"},
		"waiting for it":                   {begun + "waiting until Registration status: Assigned\n", "unfinished"},
		"a hub that is none":               {begun + "assigned hub=null\n", "unfinished"},
		"a hub that is empty":              {begun + "assigned hub=\n", "unfinished"},
		"a status that failed":             {begun + `{"operationId":"5.9d","status":"failed","registrationState":{"assignedHub":"one.azure-devices.net","status":"failed"}}` + "\n", "refused"},
		"counters of nothing":              {begun + assigned + "done: 0 errors, failed=0, last_error: none, error: 0\n", "registered one.azure-devices.net a-1"},
		"a counter of something":           {begun + assigned + "IoT Hub: 3 messages failed\n", "refused"},
		"a member that is null":            {begun + `{"status":"assigned","registrationState":{"assignedHub":"one.azure-devices.net","deviceId":"a-1","errorCode":0,"errorMessage":null}}`, "registered one.azure-devices.net a-1"},
		"an information about an error":    {begun + assigned + "[INFO] - closed an idle connection after an error of its peer\n", "registered one.azure-devices.net a-1"},
		"a clock that was set":             {"1970/1/1 00:00:01 [INFO] Setting time using SNTP\n2026/11/29 [INFO] Time initialized!\n" + begun + assigned, "registered one.azure-devices.net a-1"},
		"an identity of an earlier day":    {"Provisioning starting. Reason: Startup\nProvisioned with backup for a-1.\nSuccessfully provisioned with DPS.\nProvisioning complete.\n", "refused"},
		"settings were written":            {"Provision-EflowVm -scopeId 0ne000A1B2C\nProvisioning successful. iotedge service running.\n", "unknown"},
		"a crash after it":                 {begun + assigned + "Guru Meditation Error: Core 0 panic'ed\n", "refused"},
		"an access log":                    {"192.0.2.1 - - \"GET / HTTP/1.1\" 401 0\n192.0.2.1 - - \"GET / HTTP/1.1\" 429 0\n", "unknown"},
		"a web server next to it":          {"Nov 29 10:00:01 g aziot-identityd[8]: Provisioning complete.\nNov 29 10:00:02 g nginx[9]: \"GET / HTTP/1.1\" 500 error failed\n", "registered"},
		"another container failed":         {"device-1  | Registering with DPS\ndevice-2  | Registering with DPS\ndevice-2  | 401002 Unauthorized\ndevice-1  | registration succeeded\n", "refused"},
		"another container is not ready":   {"device-1  | Registering with DPS\ndevice-2  | Registering with DPS\ndevice-1  | registration succeeded\n", "unfinished"},
		"a service that waits for another": {"Nov 29 10:00:01 g aziot-edged[7]: Could not send HTTP request to the identity service\nNov 29 10:00:02 g aziot-identityd[8]: Provisioning complete.\n", "recovered"},
		"nothing":                          {"hello\n", "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := scan(t, test.text)
			if diff := cmp.Diff(test.want, ended(found.Outcome)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%+v", diff, found.Outcome)
			}
		})
	}
}

// TestJoinedOutcome: a device that registered does not hide another one that failed.
func TestJoinedOutcome(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"registered": "registration succeeded\n", "refused": "DPS: 401002 Unauthorized\n", "unfinished": "Registering with DPS\n", "unknown": "hello\n",
	}
	for _, test := range []struct{ first, second, want string }{
		{"registered", "registered", "registered"},
		{"registered", "refused", "refused"},
		{"refused", "registered", "refused"},
		{"registered", "unfinished", "unfinished"},
		{"unknown", "registered", "registered"},
		{"registered", "unknown", "registered"},
		{"unknown", "unknown", "unknown"},
	} {
		var all []*logtext.Findings
		for _, text := range []string{texts[test.first], texts[test.second]} {
			found, err := scanner.Scan(context.Background(), strings.NewReader(text), text[:3])
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, found)
		}
		if got := string(logtext.Join(all...).Outcome.State); got != test.want {
			t.Errorf("%s and %s: %s, want %s", test.first, test.second, got, test.want)
		}
	}
}
