package emulator

// Schema names the shape of [Ready] in JSON.
const Schema = "dpsdiag/emulator/1"

// Ready is what a person or a script needs to use a running emulator: the line that
// "dpsdiag emulate -o json" prints. Paths are absolute; without files they are empty.
type Ready struct {
	Schema     string     `json:"schema"`
	Endpoints  Endpoints  `json:"endpoints"`
	IDScope    string     `json:"id_scope"`
	CAFile     string     `json:"ca_file"`
	StateDir   string     `json:"state_dir"`
	Identities []Identity `json:"identities"`
}

// Endpoints are the addresses of the listeners, host:port. That of HTTPS serves MQTT and AMQP
// over WebSockets too; that of the stub hub serves HTTPS, MQTT, and MQTT over WebSockets.
type Endpoints struct {
	HTTPS string `json:"https"`
	MQTT  string `json:"mqtt"`
	AMQP  string `json:"amqp"`
	Hub   string `json:"hub"`
}

// Identity is a device ready to register, or faulty as the scenario has it, with the files
// it needs. CertFile is the leaf followed by its intermediates, ChainFile the intermediates
// alone; it is empty when the device sends none.
type Identity struct {
	RegistrationID string      `json:"registration_id"`
	Attestation    Attestation `json:"attestation"`
	KeyFile        string      `json:"key_file,omitempty"`
	GroupKeyFile   string      `json:"group_key_file,omitempty"`
	TokenFile      string      `json:"token_file,omitempty"`
	CertFile       string      `json:"cert_file,omitempty"`
	ChainFile      string      `json:"chain_file,omitempty"`
}
