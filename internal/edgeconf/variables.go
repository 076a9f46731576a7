package edgeconf

// Sample is a set of environment variables that go together: those of one kind of sample
// programs. A device that runs the sample gets all its settings from them.
type Sample struct {
	Name      string
	SDKs      []string // whose samples read these variables
	Source    string   // where that was read: a file in the SDK's repository
	Kind      Kind
	Variables []Variable
}

// Variable is one environment variable of a sample.
type Variable struct {
	Name string
	Role Role
}

// Role is what a variable holds.
type Role string

// The roles of variables. A certificate file may hold its private key too.
const (
	RoleEndpoint       Role = "endpoint"
	RoleIDScope        Role = "id scope"
	RoleRegistrationID Role = "registration id"
	RoleKey            Role = "symmetric key"
	RoleCertificate    Role = "certificate file"
	RoleBoth           Role = "certificate and private key file"
	RolePrivateKey     Role = "private key file"
	RolePassphrase     Role = "pass phrase of the private key"
	RoleTrust          Role = "file of trusted certificates"
	RoleSwitch         Role = "has to be DPS"
)

// Samples lists the samples whose variables [FromEnv] knows, in the order in which it
// prefers them. The group sample of Node takes the key of the group in
// PROVISIONING_SYMMETRIC_KEY and cannot be told from the one for individual enrollments;
// the samples of Java and the group sample of Python have their keys in the source code.
func Samples() []Sample {
	provisioning := func(more ...Variable) []Variable {
		return append([]Variable{{"PROVISIONING_HOST", RoleEndpoint}, {"PROVISIONING_IDSCOPE", RoleIDScope}}, more...)
	}
	return []Sample{
		{
			Name: "symmetric key", SDKs: []string{"Node", "Python"}, Kind: SymmetricKey,
			Source: "azure-iot-sdk-node provisioning/device/samples/register_symkey.js",
			Variables: provisioning(
				Variable{"PROVISIONING_REGISTRATION_ID", RoleRegistrationID},
				Variable{"PROVISIONING_SYMMETRIC_KEY", RoleKey}),
		},
		{
			Name: "X.509", SDKs: []string{"Python"}, Kind: X509,
			Source: "azure-iot-sdk-python samples/async-hub-scenarios/provision_x509.py",
			Variables: provisioning(
				Variable{"DPS_X509_REGISTRATION_ID", RoleRegistrationID},
				Variable{"X509_CERT_FILE", RoleCertificate},
				Variable{"X509_KEY_FILE", RolePrivateKey},
				Variable{"X509_PASS_PHRASE", RolePassphrase}),
		},
		{
			Name: "X.509", SDKs: []string{"Node"}, Kind: X509,
			Source: "azure-iot-sdk-node provisioning/device/samples/register_x509.js",
			Variables: provisioning(
				Variable{"PROVISIONING_REGISTRATION_ID", RoleRegistrationID},
				Variable{"CERTIFICATE_FILE", RoleCertificate},
				Variable{"KEY_FILE", RolePrivateKey}),
		},
		{
			Name: "symmetric key with payload", SDKs: []string{"Python"}, Kind: SymmetricKey,
			Source: "azure-iot-sdk-python samples/async-hub-scenarios/provision_symmetric_key_with_payload.py",
			Variables: provisioning(
				Variable{"PROVISIONING_REGISTRATION_ID_PAYLOAD", RoleRegistrationID},
				Variable{"PROVISIONING_SYMMETRIC_KEY_PAYLOAD", RoleKey}),
		},
		{
			Name: "plug and play", SDKs: []string{"C", ".NET", "Node", "Python"}, Kind: SymmetricKey,
			Source: "azure-iot-sdk-c iothub_client/samples/pnp/common/pnp_sample_config.c",
			Variables: []Variable{
				{"IOTHUB_DEVICE_DPS_ENDPOINT", RoleEndpoint},
				{"IOTHUB_DEVICE_DPS_ID_SCOPE", RoleIDScope},
				{"IOTHUB_DEVICE_DPS_DEVICE_ID", RoleRegistrationID},
				{"IOTHUB_DEVICE_DPS_DEVICE_KEY", RoleKey},
				{"IOTHUB_DEVICE_SECURITY_TYPE", RoleSwitch},
			},
		},
		{
			Name: "symmetric key", SDKs: []string{"Embedded C"}, Kind: SymmetricKey,
			Source: "azure-sdk-for-c sdk/samples/iot/iot_sample_common.h",
			Variables: []Variable{
				{"AZ_IOT_PROVISIONING_ID_SCOPE", RoleIDScope},
				{"AZ_IOT_PROVISIONING_SAS_REGISTRATION_ID", RoleRegistrationID},
				{"AZ_IOT_PROVISIONING_SAS_KEY", RoleKey},
				{"AZ_IOT_DEVICE_X509_TRUST_PEM_FILE_PATH", RoleTrust},
			},
		},
		{
			Name: "X.509", SDKs: []string{"Embedded C"}, Kind: X509,
			Source: "azure-sdk-for-c sdk/samples/iot/iot_sample_common.h",
			Variables: []Variable{
				{"AZ_IOT_PROVISIONING_ID_SCOPE", RoleIDScope},
				{"AZ_IOT_PROVISIONING_REGISTRATION_ID", RoleRegistrationID},
				{"AZ_IOT_DEVICE_X509_CERT_PEM_FILE_PATH", RoleBoth},
				{"AZ_IOT_DEVICE_X509_TRUST_PEM_FILE_PATH", RoleTrust},
			},
		},
	}
}

// distinctive reports whether a variable is about provisioning by its name alone. Others,
// such as KEY_FILE, are looked at only beside one that is.
func (v Variable) distinctive() bool {
	switch v.Role {
	case RoleEndpoint, RoleIDScope, RoleRegistrationID, RoleKey:
		return true
	}
	return false
}
