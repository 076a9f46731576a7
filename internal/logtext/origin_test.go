package logtext

import "testing"

func TestOrigin(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"May 1 08:00:00 gw1 aziot-identityd[812]: text":             "aziot-identityd",
		"May 01 08:00:00 gw1 kernel: text":                          "kernel",
		"<34>Oct 11 22:14:15 host su: text":                         "su",
		"<34>1 2003-10-11T22:14:15.003Z host app[7]: text":          "app",
		"2024-05-01T08:00:00.123456+00:00 gw1 iotedged[9]: text":    "iotedged",
		"2024-05-01T08:00:00+00:00 gw1 NetworkManager: text":        "NetworkManager",
		"2024-05-01 08:00:00,123 ERROR com.acme.Registrar: text":    "",
		"2024-05-01 08:00:00 ERROR: File:client.c Func:open text":   "",
		"2024-05-01 08:00:00 host com.acme.Registrar: text":         "",
		"2024-05-01T08:00:00Z [ERR!] - text":                        "",
		"aziot-identityd[1472]: 2022-05-29T02:11:14Z [WARN] - text": "aziot-identityd",
		"edgeagent-1 | text":                                        "edgeagent-1",
		"web_2 | text":                                              "web_2",
		"[pod/agent-0/main] text":                                   "pod/agent-0/main",
		"CONNACK | SESSION_PRESENT: false":                          "",
		"Error: text":                                               "",
		" Ma 1 08:00:00 gw1 app[7]: text":                           "",
		"May the force":                                             "",
		"x[y]: text":                                                "",
		"":                                                          "",
		"<":                                                         "",
	} {
		if got := string(origin([]byte(line))); got != want {
			t.Errorf("origin(%q) = %q, want %q", line, got, want)
		}
	}
}
