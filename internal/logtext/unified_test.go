package logtext

import "testing"

func TestUnifiedMessage(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"2026-10-03T18:16:17.408Z [INFO ] [connection] [t:10294] connection_client.c:3756: open: sdk=1.0.0": "open: sdk=1.0.0",
		"2026-10-03T18:16:17.408Z [ERROR] [mqttv3_conn] [t:1] a.c:1: b":                                     "b",
		"2026-10-03T18:16:17.408Z [DEBUG] [dps] [t:1] a.c:1: ":                                              "",
	} {
		if got, ok := unifiedMessage([]byte(line)); !ok || string(got) != want {
			t.Errorf("%s: %q, %v", line, got, ok)
		}
	}
	for _, line := range []string{
		"",
		"open: sdk=1.0.0",
		"2026-10-03T18:16:17.408Z",
		"2026-10-03T18:16:17.408Z [INFO ]",
		"2026-10-03T18:16:17.408Z [INFO ] [connection] connection_client.c:3756: open",
		"2026-10-03T18:16:17.408Z [HELLO] [connection] [t:1] connection_client.c:3756: open",
		"2026-10-03T18:16:17.408Z [INFO ] [connection] [t:1] connection_client.c: open",
		"2026-10-03T18:16:17.408Z [INFO ] [connection] [t:1] connection_client.py:3756: open",
		"2026-10-03T18:16:17.408Z host aziot-identityd[812]: [INFO] [a] [t:1] b.c:1: c",
	} {
		if got, ok := unifiedMessage([]byte(line)); ok {
			t.Errorf("%s is taken for a line of the unified SDK: %q", line, got)
		}
	}
}
