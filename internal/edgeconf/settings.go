package edgeconf

import (
	"dpsdiag/internal/dps"
)

// Settings are what one source says about provisioning, or several merged. The zero value
// says nothing.
type Settings struct {
	schema schema // "" for merged sources and for flags

	Endpoint       Value // HOST or HOST:PORT, as dps.ParseEndpoint takes it
	IDScope        Value
	RegistrationID Value
	Payload        File // JSON to send with the registration
	Attestation    Attestation
	TPM            TPM
	Trust          File // PEM certificates to trust besides those of the system
	Proxies        []Proxy

	// Obstacle is set when the source does not provision through DPS at all.
	Obstacle *Obstacle

	remarks []Remark // what reading showed; Lint adds what the values show
}

// schema is the form a source has.
type schema string

// The forms of a source. schemaEdge is the config.toml that people write for IoT Edge or
// the identity service; schemaIdentity is what "config apply" makes of it for
// aziot-identityd, where other names are used and keys are named by an id.
const (
	schemaEdge        schema = "config.toml"
	schemaIdentity    schema = "aziot-identityd"
	schemaEnvironment schema = "environment"
)

// settingName names a setting that a probe needs.
type settingName string

// The settings that remarks can be about.
const (
	settingSource         settingName = "source"
	settingEndpoint       settingName = "endpoint"
	settingIDScope        settingName = "id scope"
	settingRegistrationID settingName = "registration id"
	settingAttestation    settingName = "attestation"
	settingPayload        settingName = "payload"
	settingTrust          settingName = "trust anchors"
	settingProxy          settingName = "proxy"
)

// Attestation is how the device proves itself.
type Attestation struct {
	Kind   Kind   // "" when none is stated
	Origin Origin // of the statement

	Key       dps.Key // of SymmetricKey, as the device signs with it
	KeyOrigin Origin
	KeyFile   string // the file with the key, "" when the key is written in the source itself

	Certificate File // of X509: PEM, the leaf first
	PrivateKey  File // of X509: PEM
	Passphrase  dps.Secret

	// Obstacle is set when a probe cannot attest in this way.
	Obstacle *Obstacle
}

// Kind is a way to attest; the values are those of probe.AttestationKind.
type Kind string

// The kinds of attestation that a configuration can name.
const (
	SymmetricKey Kind = "symmetric-key"
	X509         Kind = "x509"
	TPM2         Kind = "tpm"
)

// File is a file that a setting names. Its content is a secret, because that of a private
// key is.
type File struct {
	Path    string
	Content dps.Secret
	Origin  Origin // of the setting
}

// IsZero reports whether no file was named.
func (f File) IsZero() bool { return f.Path == "" }

// TPM is how aziot-tpmd reaches the TPM.
type TPM struct {
	// Path is the device or the unix socket, "" when the setting names something else.
	Path                       string
	TCTI                       Value // as written; zero means the default, "device"
	EndorsementAuth, OwnerAuth dps.Secret
}

// Proxy is a proxy that the configuration gives to one program.
type Proxy struct {
	User     string // the program: aziot-identityd, edgeAgent
	Variable string // https_proxy, HTTPS_PROXY or no_proxy
	URL      dps.Secret
	Shown    string // the URL without user name and password
	Origin   Origin
}

// Provisions reports whether the proxy is that of the program which provisions.
func (p Proxy) Provisions() bool { return p.User == identityDaemon }

// The programs that proxies are for. aziot-identityd is the one that provisions.
const (
	identityDaemon = "aziot-identityd"
	edgeAgent      = "edgeAgent"
)

// Proxy returns the proxy that provisioning goes through, or else the one that edgeAgent is
// given, and whether there is any.
func (s *Settings) Proxy() (Proxy, bool) {
	for _, user := range []string{identityDaemon, edgeAgent} {
		// aziot-identityd reads the upper-case variable first (http-common/src/proxy.rs).
		for _, variable := range []string{"HTTPS_PROXY", "https_proxy"} {
			for _, p := range s.Proxies {
				if p.User == user && p.Variable == variable {
					return p, true
				}
			}
		}
	}
	return Proxy{}, false
}

// Remark is something wrong or odd that the configuration alone shows.
type Remark struct {
	Problem Problem // of the cause taxonomy
	setting settingName
	Detail  string // one line, without secrets
	Origin  Origin
}

// Named is the origin of one setting, in the words of a report.
type Named struct {
	Name, From string
	Source     string // the file or the environment that From is in; "" for a flag
}

// Origins lists where each value comes from, in the order in which a report tells it.
func (s *Settings) Origins() []Named {
	a := &s.Attestation
	list := []struct {
		name   string
		origin Origin
		path   string
	}{
		{"endpoint", s.Endpoint.Origin, ""},
		{"id_scope", s.IDScope.Origin, ""},
		{"registration_id", s.RegistrationID.Origin, ""},
		{"attestation", a.Origin, ""},
		{"symmetric_key", a.KeyOrigin, a.KeyFile},
		{"certificate", a.Certificate.Origin, a.Certificate.Path},
		{"private_key", a.PrivateKey.Origin, a.PrivateKey.Path},
		{"payload", s.Payload.Origin, s.Payload.Path},
		{"trust_anchors", s.Trust.Origin, s.Trust.Path},
	}
	var named []Named
	for _, entry := range list {
		from := entry.origin.String()
		if entry.path != "" && entry.origin.Flag == "" {
			from += ", file " + entry.path
		}
		if !entry.origin.IsZero() {
			named = append(named, Named{entry.name, from, entry.origin.source()})
		}
	}
	for _, p := range s.Proxies {
		named = append(named, Named{p.Variable + " of " + p.User, p.Origin.String(), p.Origin.source()})
	}
	return named
}
