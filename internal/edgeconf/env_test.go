package edgeconf

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// from makes an environment from NAME=VALUE words.
func from(t *testing.T, variables ...string) *Settings {
	t.Helper()
	environment := map[string]string{}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		environment[name] = value
	}
	files := disk{"device.pem": certificate(t, "press-17"), "device.key": privateKey(t), "roots.pem": certificate(t, "root")}
	return FromEnv(func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}, files.read)
}

func TestFromEnv(t *testing.T) {
	t.Parallel()
	const pemText = "-----BEGIN PRIVATE KEY-----\\nPASS-PHRASE\\n"
	for _, test := range []struct {
		name      string
		variables []string
		want      string
	}{
		{"nothing", []string{"HOME=/home/pi"}, `
schema           environment
attestation      
missing          the id scope is missing
hint             give --id-scope
`},
		{"Node and Python with a key", []string{
			"PROVISIONING_HOST=global.azure-devices-provisioning.net", "PROVISIONING_IDSCOPE=0ne0045B3C6",
			"PROVISIONING_REGISTRATION_ID=press-17", "PROVISIONING_SYMMETRIC_KEY=" + textKey,
		}, `
schema           environment
endpoint         global.azure-devices-provisioning.net
id scope         0ne0045B3C6
registration id  press-17
attestation      symmetric-key
key              64 bytes, the one of the test data
origin           endpoint: environment variable PROVISIONING_HOST
origin           id_scope: environment variable PROVISIONING_IDSCOPE
origin           registration_id: environment variable PROVISIONING_REGISTRATION_ID
origin           attestation: environment variable PROVISIONING_SYMMETRIC_KEY
origin           symmetric_key: environment variable PROVISIONING_SYMMETRIC_KEY
`},
		{"Python with a certificate", []string{
			"PROVISIONING_IDSCOPE=0ne0045B3C6", "DPS_X509_REGISTRATION_ID=Press-17",
			"X509_CERT_FILE=device.pem", "X509_KEY_FILE=device.key", "X509_PASS_PHRASE=PASS-PHRASE",
		}, `
schema           environment
id scope         0ne0045B3C6
registration id  Press-17
attestation      x509
origin           id_scope: environment variable PROVISIONING_IDSCOPE
origin           registration_id: environment variable DPS_X509_REGISTRATION_ID
origin           attestation: environment variable X509_CERT_FILE
origin           certificate: environment variable X509_CERT_FILE, file device.pem
origin           private_key: environment variable X509_KEY_FILE, file device.key
remark           registration-id: environment variable DPS_X509_REGISTRATION_ID: the registration id has upper-case letters: some API versions refuse them, and key derivation depends on case
remark           common-name: environment variable DPS_X509_REGISTRATION_ID is "Press-17" and differs by letter case from the common name "press-17" of "device.pem", which the service uses
`},
		{"Node with a certificate", []string{
			"PROVISIONING_IDSCOPE=0ne0045B3C6", "PROVISIONING_REGISTRATION_ID=press-17", "CERTIFICATE_FILE=device.pem", "KEY_FILE=missing.key",
		}, `
schema           environment
id scope         0ne0045B3C6
registration id  press-17
attestation      x509
origin           id_scope: environment variable PROVISIONING_IDSCOPE
origin           registration_id: environment variable PROVISIONING_REGISTRATION_ID
origin           attestation: environment variable CERTIFICATE_FILE
origin           certificate: environment variable CERTIFICATE_FILE, file device.pem
missing          environment variable KEY_FILE: "missing.key" cannot be read: file does not exist on this machine
hint             correct the configuration, or give the value as a flag
remark           credential: environment variable KEY_FILE: "missing.key" cannot be read: file does not exist on this machine
`},
		{"names that mean nothing alone", []string{"CERTIFICATE_FILE=device.pem", "KEY_FILE=device.key", "X509_CERT_FILE=device.pem", "IOTHUB_DEVICE_SECURITY_TYPE=DPS"}, `
schema           environment
attestation      
missing          the id scope is missing
hint             give --id-scope
`},
		{"Python with a payload", []string{
			"PROVISIONING_IDSCOPE=0ne0045B3C6", "PROVISIONING_REGISTRATION_ID_PAYLOAD=press-17", "PROVISIONING_SYMMETRIC_KEY_PAYLOAD=" + textKey,
		}, `
schema           environment
id scope         0ne0045B3C6
registration id  press-17
attestation      symmetric-key
key              64 bytes, the one of the test data
origin           id_scope: environment variable PROVISIONING_IDSCOPE
origin           registration_id: environment variable PROVISIONING_REGISTRATION_ID_PAYLOAD
origin           attestation: environment variable PROVISIONING_SYMMETRIC_KEY_PAYLOAD
origin           symmetric_key: environment variable PROVISIONING_SYMMETRIC_KEY_PAYLOAD
`},
		{"plug and play, switched to a connection string", []string{
			"IOTHUB_DEVICE_SECURITY_TYPE=connectionString", "IOTHUB_DEVICE_DPS_ENDPOINT=https://global.azure-devices-provisioning.net",
			"IOTHUB_DEVICE_DPS_ID_SCOPE=0ne0045B3C6", "IOTHUB_DEVICE_DPS_DEVICE_ID=press-17", "IOTHUB_DEVICE_DPS_DEVICE_KEY=" + textKey,
		}, `
schema           environment
id scope         0ne0045B3C6
registration id  press-17
attestation      symmetric-key
key              64 bytes, the one of the test data
origin           id_scope: environment variable IOTHUB_DEVICE_DPS_ID_SCOPE
origin           registration_id: environment variable IOTHUB_DEVICE_DPS_DEVICE_ID
origin           attestation: environment variable IOTHUB_DEVICE_DPS_DEVICE_KEY
origin           symmetric_key: environment variable IOTHUB_DEVICE_DPS_DEVICE_KEY
missing          environment variable IOTHUB_DEVICE_DPS_ENDPOINT is "https://global.azure-devices-provisioning.net", which is not HOST or HOST:PORT, such as global.azure-devices-provisioning.net
hint             correct the configuration, or give the value as a flag
remark           endpoint: environment variable IOTHUB_DEVICE_DPS_ENDPOINT is "https://global.azure-devices-provisioning.net", which is not HOST or HOST:PORT, such as global.azure-devices-provisioning.net
remark           setting: environment variable IOTHUB_DEVICE_SECURITY_TYPE is not set to DPS, so the samples of most SDKs use a connection string and do not provision
`},
		{"Embedded C with a key", []string{
			"AZ_IOT_PROVISIONING_ID_SCOPE=0ne0045B3C6", "AZ_IOT_PROVISIONING_SAS_REGISTRATION_ID=press-17",
			"AZ_IOT_PROVISIONING_SAS_KEY=" + textKey, "AZ_IOT_DEVICE_X509_TRUST_PEM_FILE_PATH=roots.pem",
		}, `
schema           environment
id scope         0ne0045B3C6
registration id  press-17
attestation      symmetric-key
key              64 bytes, the one of the test data
origin           id_scope: environment variable AZ_IOT_PROVISIONING_ID_SCOPE
origin           registration_id: environment variable AZ_IOT_PROVISIONING_SAS_REGISTRATION_ID
origin           attestation: environment variable AZ_IOT_PROVISIONING_SAS_KEY
origin           symmetric_key: environment variable AZ_IOT_PROVISIONING_SAS_KEY
origin           trust_anchors: environment variable AZ_IOT_DEVICE_X509_TRUST_PEM_FILE_PATH, file roots.pem
`},
		{"Embedded C with a certificate and its key in one file", []string{
			"AZ_IOT_PROVISIONING_ID_SCOPE=0ne0045B3C6", "AZ_IOT_PROVISIONING_REGISTRATION_ID=press-17", "AZ_IOT_DEVICE_X509_CERT_PEM_FILE_PATH=device.pem",
		}, `
schema           environment
id scope         0ne0045B3C6
registration id  press-17
attestation      x509
origin           id_scope: environment variable AZ_IOT_PROVISIONING_ID_SCOPE
origin           registration_id: environment variable AZ_IOT_PROVISIONING_REGISTRATION_ID
origin           attestation: environment variable AZ_IOT_DEVICE_X509_CERT_PEM_FILE_PATH
origin           certificate: environment variable AZ_IOT_DEVICE_X509_CERT_PEM_FILE_PATH, file device.pem
origin           private_key: environment variable AZ_IOT_DEVICE_X509_CERT_PEM_FILE_PATH, file device.pem
`},
		{"two credentials", []string{
			"PROVISIONING_IDSCOPE=0ne0045B3C6", "PROVISIONING_REGISTRATION_ID=press-17", "PROVISIONING_SYMMETRIC_KEY=" + textKey, "X509_CERT_FILE=device.pem",
		}, `
schema           environment
id scope         0ne0045B3C6
registration id  press-17
attestation      symmetric-key
key              64 bytes, the one of the test data
origin           id_scope: environment variable PROVISIONING_IDSCOPE
origin           registration_id: environment variable PROVISIONING_REGISTRATION_ID
origin           attestation: environment variable PROVISIONING_SYMMETRIC_KEY
origin           symmetric_key: environment variable PROVISIONING_SYMMETRIC_KEY
remark           method: environment variable X509_CERT_FILE is not used: environment variable PROVISIONING_SYMMETRIC_KEY is set too, and a device uses only one credential
`},
		{"empty, a template and a line feed", []string{
			"PROVISIONING_HOST=", "PROVISIONING_IDSCOPE=<id scope>", "PROVISIONING_REGISTRATION_ID=press-17\n", "PROVISIONING_SYMMETRIC_KEY=" + textKey + "%",
		}, `
schema           environment
registration id  press-17

attestation      symmetric-key
origin           registration_id: environment variable PROVISIONING_REGISTRATION_ID
origin           attestation: environment variable PROVISIONING_SYMMETRIC_KEY
missing          environment variable PROVISIONING_IDSCOPE still has the text of a template, "<id scope>"
hint             correct the configuration, or give the value as a flag
remark           setting: environment variable PROVISIONING_HOST is set, but empty
remark           setting: environment variable PROVISIONING_IDSCOPE still has the text of a template, "<id scope>"
remark           credential: environment variable PROVISIONING_SYMMETRIC_KEY: the key is not base64: its length of 89 characters is not a multiple of 4, so a part may be missing
remark           registration-id: environment variable PROVISIONING_REGISTRATION_ID has white space at its beginning or end
`},
		{"PEM in place of a path", []string{"PROVISIONING_IDSCOPE=0ne0045B3C6", "X509_CERT_FILE=device.pem", "X509_KEY_FILE=" + pemText}, `
schema           environment
id scope         0ne0045B3C6
attestation      x509
origin           id_scope: environment variable PROVISIONING_IDSCOPE
origin           attestation: environment variable X509_CERT_FILE
origin           certificate: environment variable X509_CERT_FILE, file device.pem
missing          environment variable X509_KEY_FILE contains the PEM text itself; the sample expects the path of a file
hint             correct the configuration, or give the value as a flag
remark           credential: environment variable X509_KEY_FILE contains the PEM text itself; the sample expects the path of a file
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := describe(from(t, test.variables...))
			checkNoSecret(t, got)
			if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFromEnvKeepsThePassPhrase(t *testing.T) {
	t.Parallel()
	s := from(t, "PROVISIONING_IDSCOPE=0ne0045B3C6", "X509_CERT_FILE=device.pem", "X509_PASS_PHRASE=PASS-PHRASE")
	if got := s.Attestation.Passphrase.Reveal(); got != "PASS-PHRASE" {
		t.Errorf("pass phrase of %d characters", len(got))
	}
}

// Every sample can be recognised by itself: it has a scope, an id, a credential, and
// variables with only one role each.
func TestSamples(t *testing.T) {
	t.Parallel()
	roles := map[string]role{}
	for _, sample := range samples() {
		var has []role
		for _, v := range sample.variables {
			has = append(has, v.role)
			if known, ok := roles[v.name]; ok && known != v.role {
				t.Errorf("%s is %s and %s", v.name, known, v.role)
			}
			roles[v.name] = v.role
		}
		credential := map[Kind][]role{SymmetricKey: {roleKey}, X509: {roleCertificate, roleBoth}}[sample.kind]
		if !slices.Contains(has, roleIDScope) || !slices.Contains(has, roleRegistrationID) ||
			!slices.ContainsFunc(credential, func(r role) bool { return slices.Contains(has, r) }) {
			t.Errorf("%s of %v has %v", sample.name, sample.sdks, has)
		}
		if len(sample.sdks) == 0 || !strings.Contains(sample.source, "/") {
			t.Errorf("%s: SDKs %v, source %q", sample.name, sample.sdks, sample.source)
		}
	}
}
