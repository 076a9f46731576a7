package dps

import (
	"strings"
	"testing"
)

func TestCheckRegistrationID(t *testing.T) {
	tests := map[string]struct {
		remarks int
		err     string
	}{
		"dev-01":                 {},
		"0123456789":             {},
		"a.b_c:d":                {},
		"Dev01":                  {remarks: 1},
		"dev.":                   {remarks: 1},
		"-dev":                   {remarks: 1},
		"_Dev:":                  {remarks: 3},
		"":                       {err: "empty"},
		"dev 01":                 {err: `' ' at position 4`},
		"gerät":                  {err: "position 4"},
		"a/b":                    {err: `'/'`},
		strings.Repeat("a", 128): {},
		strings.Repeat("a", 129): {err: "129 characters"},
	}
	for id, test := range tests {
		remarks, err := CheckRegistrationID(id)
		if len(remarks) != test.remarks {
			t.Errorf("CheckRegistrationID(%q) remarks %q, want %d", id, remarks, test.remarks)
		}
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("CheckRegistrationID(%q) = %v, want %q", id, err, test.err)
		}
	}
}

func TestCheckIDScope(t *testing.T) {
	for scope, want := range map[string]struct {
		remarks int
		fails   bool
	}{
		"0ne0045B3C6": {}, "0cn0000990D": {}, "0us000278B1": {}, "0ne123": {remarks: 1}, "one0045B3C6": {remarks: 1},
		"": {fails: true}, "0ne/../x": {fails: true}, "0ne 45B3C6": {fails: true},
	} {
		remarks, err := CheckIDScope(scope)
		if len(remarks) != want.remarks || (err != nil) != want.fails {
			t.Errorf("CheckIDScope(%q) = %q, %v", scope, remarks, err)
		}
	}
}

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]Endpoint{
		"global.azure-devices-provisioning.net": {"global.azure-devices-provisioning.net", 443, 8883, 5671},
		"localhost:4433":                        {"localhost", 4433, 4433, 4433},
		"[::1]:8443":                            {"::1", 8443, 8443, 8443},
		"::1":                                   {"::1", 443, 8883, 5671},
		"dps_emulator.local.:8443":              {"dps_emulator.local.", 8443, 8443, 8443},
	} {
		if got, err := ParseEndpoint(text); err != nil || got != want {
			t.Errorf("ParseEndpoint(%q) = %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "https://x", "host:0", "host:65536", "host:http", "a b", "host/path", "host\n", ":443", "a:b:c",
		"host:+1", "[fe80::1%eth0]:443",
		".", "..", "a..b", "-x", "x-", "lücke", "*.azure-devices.net", strings.Repeat("a", 64) + ".net", strings.Repeat("a.", 127) + "net",
	} {
		if got, err := ParseEndpoint(text); err == nil {
			t.Errorf("ParseEndpoint(%q) = %+v, want an error", text, got)
		}
	}
}

// TestEndpointIsNoConnectionString: the error does not quote the key.
func TestEndpointIsNoConnectionString(t *testing.T) {
	_, err := ParseEndpoint("HostName=x.azure-devices-provisioning.net;SharedAccessKeyName=owner;SharedAccessKey=QUJD")
	if err == nil || strings.Contains(err.Error(), "QUJD") || !strings.Contains(err.Error(), "connection string") {
		t.Errorf("%v", err)
	}
}

func TestCloudOf(t *testing.T) {
	for host, want := range map[string]Cloud{
		"global.azure-devices-provisioning.net": CloudPublic, "MyDps.Azure-Devices-Provisioning.net.": CloudPublic,
		"x.azure-devices-provisioning.cn": CloudChina, "global.azure-devices-provisioning.us": CloudUSGov,
		"localhost": "", "hub.azure-devices.net": "", ".azure-devices-provisioning.net": "",
	} {
		if got, ok := CloudOf(host); got != want || ok != (want != "") {
			t.Errorf("CloudOf(%q) = %q, %v; want %q", host, got, ok, want)
		}
	}
}
