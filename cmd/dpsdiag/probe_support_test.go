package main

import (
	"strings"
	"testing"

	"dpsdiag/internal/nettest"
)

// TestReleasePastItsSupport: a probe notes on standard error which release in the device's
// configuration is out of support; the report does not contain it.
func TestReleasePastItsSupport(t *testing.T) {
	t.Parallel()
	closed := nettest.ClosedPort(t).String()
	for tag, want := range map[string]bool{"1.4": true, "1.1.15": true, "1.99": false, "latest": false} {
		w := newWorld()
		w.readConfig = func(string) ([]byte, error) {
			return []byte("[provisioning]\nsource = \"dps\"\nglobal_endpoint = \"https://" + closed + "\"\nid_scope = \"0ne000A1B2C\"\n\n" +
				"[agent.config]\nimage = \"mcr.microsoft.com/azureiotedge-agent:" + tag + "\"\n"), nil
		}
		w.run(t, "probe", "--preflight", "--from", "/etc/aziot/config.toml", "--transport", "https", "-o", "json")
		note := "dpsdiag: note: /etc/aziot/config.toml line 7: IoT Edge " + tag + " has been out of support since "
		if got := strings.Contains(w.err.String(), note); got != want {
			t.Errorf("%s: note %v, want %v:\n%s", tag, got, want, w.err.String())
		}
		if strings.Contains(w.out.String(), "out of support") {
			t.Errorf("%s: the note is part of the document", tag)
		}
	}
}
