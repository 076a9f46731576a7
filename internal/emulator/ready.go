package emulator

// Schema is the JSON schema id of [Ready].
const Schema = "dpsdiag/emulator/1"

// Ready is the data needed to use a running emulator: the line that "dpsdiag emulate -o
// json" prints. Paths are absolute; without files they are empty.
type Ready struct {
	Schema     string     `json:"schema"`
	Endpoints  Endpoints  `json:"endpoints"`
	IDScope    string     `json:"id_scope"`
	CAFile     string     `json:"ca_file"`
	StateDir   string     `json:"state_dir"`
	Identities []Identity `json:"identities"`
	// ServiceConnectionStringFile contains the connection string of a policy with all rights at
	// the service API.
	ServiceConnectionStringFile string `json:"service_connection_string_file"`
}

// Endpoints are the addresses of the listeners, host:port. The HTTPS listener also serves
// MQTT and AMQP over WebSockets; the stub hub's listener serves HTTPS, MQTT, and MQTT over
// WebSockets.
type Endpoints struct {
	HTTPS string `json:"https"`
	MQTT  string `json:"mqtt"`
	AMQP  string `json:"amqp"`
	Hub   string `json:"hub"`
}

// Identity is a device that can register, or that has the scenario's fault, with its files.
// CertFile is the leaf followed by its intermediates, ChainFile is only the intermediates;
// it is empty if the device sends none.
type Identity struct {
	RegistrationID string      `json:"registration_id"`
	Attestation    Attestation `json:"attestation"`
	KeyFile        string      `json:"key_file,omitempty"`
	GroupKeyFile   string      `json:"group_key_file,omitempty"`
	TokenFile      string      `json:"token_file,omitempty"`
	CertFile       string      `json:"cert_file,omitempty"`
	ChainFile      string      `json:"chain_file,omitempty"`
}
