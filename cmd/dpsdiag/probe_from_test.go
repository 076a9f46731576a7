package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"dpsdiag/internal/nettest"
	"dpsdiag/internal/report"
)

const overrideConf = "/etc/systemd/system/aziot-identityd.service.d/override.conf"

// onDevice is a world with /etc/aziot/config.toml for the first identity of an emulator, and
// with what systemd adds to aziot-identityd's environment.
func onDevice(t *testing.T, endpoint, scope, keyFile, agentProxy, override string) *world {
	t.Helper()
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(`[provisioning]
source = "dps"
global_endpoint = "https://%s"
id_scope = %q

[provisioning.attestation]
method = "symmetric_key"
registration_id = "sandbox-key-01"
symmetric_key = { value = %q }
`, endpoint, scope, strings.TrimSpace(string(key)))
	if agentProxy != "" {
		config += fmt.Sprintf("[agent.env]\nhttps_proxy = %q\n", agentProxy)
	}
	files := map[string]string{"/etc/aziot/config.toml": config, overrideConf: "[Service]\nEnvironment=" + override + "\n"}
	w := newWorld()
	w.readConfig = func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return w
}

// TestProxyOfTheDevice: a proxy in the unit of aziot-identityd leads the probe, before one of
// the environment; one that it exempts the host from does not, and a flag wins.
func TestProxyOfTheDevice(t *testing.T) {
	t.Parallel()
	ready, _ := behindProxy(t)
	setting := startProxy(t, ready.Endpoints.HTTPS, credentials)
	wrong := startProxy(t, ready.Endpoints.HTTPS, "nobody:nothing@")
	const origin = overrideConf + " line 2: "
	for name, test := range map[string]struct {
		override, env string
		flags         []string
		status        int
		want          string
	}{
		"identityd":             {override: "https_proxy=" + setting, status: report.ExitOK, want: origin + "https_proxy)"},
		"before the shell":      {override: "HTTPS_PROXY=" + setting, env: wrong, status: report.ExitOK, want: origin + "HTTPS_PROXY)"},
		"exempted":              {override: `"https_proxy=` + setting + `" "no_proxy=.plant.example"`, status: report.ExitFault, want: "no_proxy exempts the host"},
		"flag":                  {override: "https_proxy=" + wrong, flags: []string{"--proxy", setting}, status: report.ExitOK, want: "(--proxy)"},
		"the shell's, if alone": {override: "A=B", env: setting, status: report.ExitOK, want: "(https_proxy)"},
		"no proxy at all":       {override: "https_proxy=ftp://" + credentials + "h", status: report.ExitUsage, want: origin + "https_proxy: its scheme is not http"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := onDevice(t, "dps.plant.example", ready.IDScope, ready.Identities[0].KeyFile, "", test.override)
			w.setEnv(map[string]string{"https_proxy": test.env})
			args := append([]string{"probe", "--verbose", "--from", "/etc/aziot/config.toml", "--ca-file", ready.CAFile}, test.flags...)
			status := w.run(t, args...)
			all := strings.Join(strings.Fields(w.out.String()+w.err.String()), " ")
			if status != test.status || !strings.Contains(all, test.want) {
				t.Errorf("exit status %d, want %d and %q:\n%s%s", status, test.status, test.want, w.out.String(), w.err.String())
			}
			checkNoCredentials(t, w)
		})
	}
}

// TestProxyOfTheAgentAlone: the direct way is taken, as by the device, and when it fails the
// proxy that provisioning was not given is the cause.
func TestProxyOfTheAgentAlone(t *testing.T) {
	t.Parallel()
	ready, _ := behindProxy(t)
	closed := nettest.ClosedPort(t)
	proxy := startProxy(t, ready.Endpoints.HTTPS, credentials)
	w := onDevice(t, closed.String(), ready.IDScope, ready.Identities[0].KeyFile, proxy, "A=B")
	status := w.run(t, "probe", "--from", "/etc/aziot/config.toml", "--ca-file", ready.CAFile, "-o", "json")
	var doc report.Probe
	if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if status != report.ExitFault || len(doc.Causes) == 0 || doc.Causes[0].ID != "proxy-not-configured" {
		t.Errorf("exit status %d, causes %+v", status, doc.Causes)
	}
	if !strings.Contains(w.out.String(), "is only for the edgeAgent container") {
		t.Errorf("the warning is missing:\n%s", w.out.String())
	}
	checkNoCredentials(t, w)
}
