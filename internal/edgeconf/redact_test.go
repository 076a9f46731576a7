package edgeconf

import (
	"os"
	"strings"
	"testing"
)

// TestRedactKeepsNoSecret: whatever is not known to be harmless is replaced.
func TestRedactKeepsNoSecret(t *testing.T) {
	t.Parallel()
	const document = `# hostname = "in-a-comment"
hostname = "press-07"
trust_bundle_cert = "file:///etc/ca.pem"
[provisioning]
source = "dps"
global_endpoint = "https://global.azure-devices-provisioning.net"
id_scope = "0ne0045B3C6"
connection_string = "HostName=hub;SharedAccessKey=secret-1"
payload = { uri = "https://user:secret-2@payload" }
[provisioning.attestation]
method = "symmetric_key"
registration_id = "sensor-17"
symmetric_key = { value = "secret-3" }
[tpm]
hierarchy_authorization = { endorsement = "secret-4" }
[aziot_keys]
pkcs11_pin = "secret-5"
pin_uri = "pkcs11:token=t?pin-value=secret-6"
[agent.env]
https_proxy = "http://user:secret-7@proxy.plant:3128"
password = "secret-8"
[[list]]
registration_id = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE"
keys = ["secret-9"]
port = 8883
`
	got, err := Redact("config.toml", func(string) ([]byte, error) { return []byte(document), nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"secret-", "comment", "8isrFI1s", "user"} {
		if strings.Contains(got, part) {
			t.Errorf("%q is in\n%s", part, got)
		}
	}
	for _, part := range []string{"press-07", "file:///etc/ca.pem", "global.azure-devices-provisioning.net", "0ne0045B3C6", "symmetric_key", "sensor-17", "proxy.plant:3128", "8883", "[redacted]"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is missing in\n%s", part, got)
		}
	}
}

func TestRedactRefusesWhatIsNoConfiguration(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{"no TOML": "key = secret", "not text": "\x00\x01"} {
		text, err := Redact("config.toml", func(string) ([]byte, error) { return []byte(content), nil })
		if err == nil || text != "" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if _, err := Redact("config.toml", func(string) ([]byte, error) { return nil, os.ErrNotExist }); err == nil {
		t.Error("a file that is missing is read")
	}
}
