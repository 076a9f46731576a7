package edgeconf

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
)

func TestFilePath(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ uri, want, err string }{
		{uri: "file:///var/secrets/key", want: "/var/secrets/key"},
		{uri: "FILE:/var/secrets/key", want: "/var/secrets/key"},
		{uri: "file://localhost/var/a%20b%3F", want: "/var/a b?"},
		{uri: "/var/secrets/key", err: "is a path"},
		{uri: "var/secrets/key", err: "is not a URI"},
		{uri: `C:\secrets\key`, err: "is not a URI"},
		{uri: "file://var/secrets/key", err: "names a host"},
		{uri: "file:var/key", err: "is a relative path"},
		{uri: "file:///var/key?pin=0815", err: "contains a ? or a #"},
		{uri: "file:///var/key#1", err: "contains a ? or a #"},
		{uri: "file:///var/secrets/", err: "names a directory"},
		{uri: "file:///var/%zz", err: "is not a well-formed URI"},
		{uri: "file:///var/%00", err: "zero byte"},
		{uri: "https://example.org/key", err: "has an unsupported scheme"},
		{uri: "pkcs11:slot-id=0?pin-value=PIN-0815", err: "is a PKCS#11 URI"},
	} {
		path, err := filePath(test.uri)
		switch {
		case path != test.want || (err == nil) != (test.err == ""):
			t.Errorf("%s: %q, %v", test.uri, path, err)
		case err != nil && (!strings.HasPrefix(err.Error(), test.err) && !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "0815")):
			t.Errorf("%s: %v", test.uri, err)
		}
	}
}

func TestIsTemplateText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"<ADD DPS SCOPE ID HERE>":        true,
		"<registration-id>":              true,
		"[Your ID scope here]":           true,
		"{id_scope}":                     true,
		"${SCOPE}":                       true,
		"PASTE_YOUR_SCOPE_ID_HERE":       true,
		"PASTE_YOUR_REGISTRATION_ID":     true,
		"SCOPE-ID-HERE":                  true,
		"CHANGEME":                       true,
		"HERE":                           false,
		"0ne0045B3C6":                    false,
		"press-17":                       false,
		"ADD-001":                        false,
		"YOURS":                          false,
		"Your-device":                    false,
		"<>":                             false,
		"<a":                             false,
		"":                               false,
		textKey:                          false,
		strings.ToUpper("AB+YOUR/HERE="): false,
	} {
		if got := isTemplateText(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"unpadded." + strings.TrimRight(textKey, "="): hidden,
		"symmetric-key":                          `"symmetric-key"`,
		"line\nfeed":                             hidden,
		textKey:                                  hidden,
		strings.TrimRight(textKey, "="):          hidden,
		"HostName=h;SharedAccessKey=x":           hidden,
		"abcdefghijklmnopqrstuvwxyz234567abcd":   `"abcdefghijklmnopqrstuvwxyz234567abcd"`,
		"Factory.azure-devices-provisioning.net": `"Factory.azure-devices-provisioning.net"`,
		strings.Repeat("a", 300):                 hidden,
	} {
		if got := show(text); got != want {
			t.Errorf("%q is shown as %s", text, got)
		}
	}
}

func TestDevicePath(t *testing.T) {
	t.Parallel()
	for tcti, want := range map[string]string{
		"":                                   "/dev/tpmrm0",
		"device":                             "/dev/tpmrm0",
		"device:/dev/tpm0":                   "/dev/tpm0",
		"libtss2-tcti-device.so.0:/dev/tpm1": "/dev/tpm1",
		"swtpm:path=/run/tpm.sock":           "/run/tpm.sock",
		"swtpm:port=2321":                    "",
		"swtpm:host=localhost,port=2321":     "",
		"tabrmd":                             "",
		"mssim:host=localhost":               "",
	} {
		if got := devicePath(tcti); got != want {
			t.Errorf("%q: %q", tcti, got)
		}
	}
}

func TestAssignments(t *testing.T) {
	t.Parallel()
	got := assignments(`"https_proxy=http://a b" 'C=it''s' D=e`)
	if diff := cmp.Diff([]string{"https_proxy=http://a b", "C=its", "D=e"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestShowProxy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"http://proxy.example:3128":       "http://proxy.example:3128",
		"http://u:PASS@proxy.example":     "http://proxy.example",
		"http://u:P@SS@proxy.example:1/x": "http://proxy.example:1/x",
		"u:PASS@proxy.example":            "proxy.example",
		"localhost,127.0.0.1":             "localhost,127.0.0.1",
	} {
		if got := showProxy(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestProxyOfProvisioning(t *testing.T) {
	t.Parallel()
	agent := Proxy{User: edgeAgent, Variable: "https_proxy", Shown: "agent"}
	lower := Proxy{User: identityDaemon, Variable: "https_proxy", Shown: "lower"}
	upper := Proxy{User: identityDaemon, Variable: "HTTPS_PROXY", Shown: "upper"}
	except := Proxy{User: identityDaemon, Variable: "no_proxy", Shown: "except"}
	for _, test := range []struct {
		proxies []Proxy
		want    string
	}{
		{nil, ""},
		{[]Proxy{except}, ""},
		{[]Proxy{except, agent}, "agent"},
		{[]Proxy{agent, lower}, "lower"},
		{[]Proxy{agent, lower, upper}, "upper"},
	} {
		s := &Settings{Proxies: test.proxies}
		got, ok := s.Proxy()
		if got.Shown != test.want || ok != (test.want != "") {
			t.Errorf("%v: %q, %v", test.proxies, got.Shown, ok)
		}
	}
}

func TestOriginString(t *testing.T) {
	t.Parallel()
	for want, origin := range map[string]Origin{
		"config.toml line 14: provisioning.id_scope": {File: "config.toml", Line: 14, Column: 2, Key: "provisioning.id_scope"},
		"config.toml: provisioning":                  {File: "config.toml", Key: "provisioning"},
		"config.toml line 3":                         {File: "config.toml", Line: 3},
		"environment variable PROVISIONING_IDSCOPE":  {Variable: "PROVISIONING_IDSCOPE"},
		"--id-scope": {Flag: "--id-scope"},
	} {
		if got := origin.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestCloudOfScope(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string]dps.Cloud{
		"0ne0045B3C6": dps.CloudPublic, "0CN0000990D": dps.CloudChina, "0us000278B1": dps.CloudUSGov, "": "", "0": "", "0xx": "",
	} {
		cloud, ok := cloudOfScope(scope)
		if ok != (want != "") || ok && cloud != want {
			t.Errorf("%q: %s, %v", scope, cloud, ok)
		}
	}
}
