package edgeconf

// sample is a set of environment variables that one kind of sample program uses. A device
// that runs the sample gets all its settings from them.
type sample struct {
	name      string
	sdks      []string // whose samples read these variables
	source    string   // the source: a file in the SDK's repository
	kind      Kind
	variables []variable
}

// variable is one environment variable of a sample.
type variable struct {
	name string
	role role
}

// role is the content of a variable.
type role string

// The roles of variables. A certificate file may also contain its private key.
const (
	roleEndpoint       role = "endpoint"
	roleIDScope        role = "id scope"
	roleRegistrationID role = "registration id"
	roleKey            role = "symmetric key"
	roleCertificate    role = "certificate file"
	roleBoth           role = "certificate and private key file"
	rolePrivateKey     role = "private key file"
	rolePassphrase     role = "pass phrase of the private key"
	roleTrust          role = "file of trusted certificates"
	roleSwitch         role = "has to be DPS"
)

// samples lists the samples whose variables [FromEnv] knows, in order of preference. The
// group sample of Node reads the key of the group from PROVISIONING_SYMMETRIC_KEY and
// cannot be distinguished from the one for individual enrollments. The samples of Java and
// the group sample of Python have their keys in the source code.
func samples() []sample {
	provisioning := func(more ...variable) []variable {
		return append([]variable{{"PROVISIONING_HOST", roleEndpoint}, {"PROVISIONING_IDSCOPE", roleIDScope}}, more...)
	}
	return []sample{
		{
			name: "symmetric key", sdks: []string{"Node", "Python"}, kind: SymmetricKey,
			source: "azure-iot-sdk-node provisioning/device/samples/register_symkey.js",
			variables: provisioning(
				variable{"PROVISIONING_REGISTRATION_ID", roleRegistrationID},
				variable{"PROVISIONING_SYMMETRIC_KEY", roleKey}),
		},
		{
			name: "X.509", sdks: []string{"Python"}, kind: X509,
			source: "azure-iot-sdk-python samples/async-hub-scenarios/provision_x509.py",
			variables: provisioning(
				variable{"DPS_X509_REGISTRATION_ID", roleRegistrationID},
				variable{"X509_CERT_FILE", roleCertificate},
				variable{"X509_KEY_FILE", rolePrivateKey},
				variable{"X509_PASS_PHRASE", rolePassphrase}),
		},
		{
			name: "X.509", sdks: []string{"Node"}, kind: X509,
			source: "azure-iot-sdk-node provisioning/device/samples/register_x509.js",
			variables: provisioning(
				variable{"PROVISIONING_REGISTRATION_ID", roleRegistrationID},
				variable{"CERTIFICATE_FILE", roleCertificate},
				variable{"KEY_FILE", rolePrivateKey}),
		},
		{
			name: "symmetric key with payload", sdks: []string{"Python"}, kind: SymmetricKey,
			source: "azure-iot-sdk-python samples/async-hub-scenarios/provision_symmetric_key_with_payload.py",
			variables: provisioning(
				variable{"PROVISIONING_REGISTRATION_ID_PAYLOAD", roleRegistrationID},
				variable{"PROVISIONING_SYMMETRIC_KEY_PAYLOAD", roleKey}),
		},
		{
			name: "plug and play", sdks: []string{"C", ".NET", "Node", "Python"}, kind: SymmetricKey,
			source: "azure-iot-sdk-c iothub_client/samples/pnp/common/pnp_sample_config.c",
			variables: []variable{
				{"IOTHUB_DEVICE_DPS_ENDPOINT", roleEndpoint},
				{"IOTHUB_DEVICE_DPS_ID_SCOPE", roleIDScope},
				{"IOTHUB_DEVICE_DPS_DEVICE_ID", roleRegistrationID},
				{"IOTHUB_DEVICE_DPS_DEVICE_KEY", roleKey},
				{"IOTHUB_DEVICE_SECURITY_TYPE", roleSwitch},
			},
		},
		{
			name: "symmetric key", sdks: []string{"Embedded C"}, kind: SymmetricKey,
			source: "azure-sdk-for-c sdk/samples/iot/iot_sample_common.h",
			variables: []variable{
				{"AZ_IOT_PROVISIONING_ID_SCOPE", roleIDScope},
				{"AZ_IOT_PROVISIONING_SAS_REGISTRATION_ID", roleRegistrationID},
				{"AZ_IOT_PROVISIONING_SAS_KEY", roleKey},
				{"AZ_IOT_DEVICE_X509_TRUST_PEM_FILE_PATH", roleTrust},
			},
		},
		{
			name: "X.509", sdks: []string{"Embedded C"}, kind: X509,
			source: "azure-sdk-for-c sdk/samples/iot/iot_sample_common.h",
			variables: []variable{
				{"AZ_IOT_PROVISIONING_ID_SCOPE", roleIDScope},
				{"AZ_IOT_PROVISIONING_REGISTRATION_ID", roleRegistrationID},
				{"AZ_IOT_DEVICE_X509_CERT_PEM_FILE_PATH", roleBoth},
				{"AZ_IOT_DEVICE_X509_TRUST_PEM_FILE_PATH", roleTrust},
			},
		},
	}
}

// distinctive reports whether the name of a variable alone shows that it is about
// provisioning. Others, such as KEY_FILE, count only together with such a variable.
func (v variable) distinctive() bool {
	switch v.role {
	case roleEndpoint, roleIDScope, roleRegistrationID, roleKey:
		return true
	}
	return false
}
