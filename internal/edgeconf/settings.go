package edgeconf

import (
	"dpsdiag/internal/dps"
)

// Settings are the provisioning settings of one source, or of several merged. The zero
// value has none.
type Settings struct {
	schema schema // "" for merged sources and for flags

	Endpoint       Value // HOST or HOST:PORT, as for dps.ParseEndpoint
	IDScope        Value
	RegistrationID Value
	Payload        File // JSON to send with the registration
	Attestation    Attestation
	TPM            TPM
	Trust          File // PEM certificates to trust in addition to those of the system
	Proxies        []Proxy

	// Obstacle is set when the source does not provision through DPS at all.
	Obstacle *Obstacle

	remarks []Remark // found while reading; Lint adds remarks about the values
}

// schema is the format of a source.
type schema string

// The formats of a source. schemaEdge is the config.toml that people write for IoT Edge or
// the identity service. schemaIdentity is the file that "config apply" makes from it for
// aziot-identityd, with other names and with ids for keys.
const (
	schemaEdge        schema = "config.toml"
	schemaIdentity    schema = "aziot-identityd"
	schemaEnvironment schema = "environment"
)

// settingName is the name of a setting that a probe needs.
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

// Attestation is how the device attests.
type Attestation struct {
	Kind   Kind   // "" if none is given
	Origin Origin // of the kind

	Key       dps.Key // of SymmetricKey, as the device signs with it
	KeyOrigin Origin
	KeyFile   string // the file with the key, "" if the key is in the source itself

	Certificate File // of X509: PEM, the leaf first
	PrivateKey  File // of X509: PEM
	Passphrase  dps.Secret

	// Obstacle is set if a probe cannot attest in this way.
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

// File is a file named by a setting. Its content is a secret, because a private key is one.
type File struct {
	Path    string
	Content dps.Secret
	Origin  Origin // of the setting
}

// IsZero reports whether no file was named.
func (f File) IsZero() bool { return f.Path == "" }

// TPM is how aziot-tpmd reaches the TPM.
type TPM struct {
	// Path is the device or the unix socket, "" if the setting names something else.
	Path                       string
	TCTI                       Value // as written; zero means the default, "device"
	EndorsementAuth, OwnerAuth dps.Secret
}

// Proxy is a proxy that the configuration sets for one program.
type Proxy struct {
	User     string // the program: aziot-identityd, edgeAgent
	Variable string // https_proxy, HTTPS_PROXY or no_proxy
	URL      dps.Secret
	Shown    string // the URL without user name and password
	Origin   Origin
}

// Provisions reports whether the program that provisions uses the proxy.
func (p Proxy) Provisions() bool { return p.User == identityDaemon }

// The programs that use proxies. aziot-identityd is the one that provisions.
const (
	identityDaemon = "aziot-identityd"
	edgeAgent      = "edgeAgent"
)

// Proxy returns the proxy for provisioning, or else the one for edgeAgent, and whether
// there is one.
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

// Remark is a mistake or something unusual in the configuration itself.
type Remark struct {
	Problem Problem // what kind of problem it is
	setting settingName
	Detail  string // one line, without secrets
	Origin  Origin
}

// Named is the origin of one setting, as text for a report.
type Named struct {
	Name, From string
	Source     string // the file or the environment of From; "" for a flag
}

// Origins lists the origin of each value, in the order of a report.
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
