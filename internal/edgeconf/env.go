package edgeconf

import (
	"strings"

	"dpsdiag/internal/dps"
)

// FromEnv reads the environment variables of the SDK samples that [Samples] lists. lookup
// is usually os.LookupEnv and readFile [ReadFile]. Of several samples whose variables are
// set it takes the first that has a credential, or else the one with the most variables,
// and remarks on the others. With none set, the settings say nothing.
func FromEnv(lookup func(string) (string, bool), readFile func(string) ([]byte, error)) *Settings {
	e := &environment{lookup: lookup, readFile: readFile}
	settings := &Settings{Schema: SchemaEnvironment}
	if sample, ok := e.choose(); ok {
		e.fill(settings, sample)
	}
	settings.remarks = e.remarks
	return settings
}

type environment struct {
	notes
	lookup   func(string) (string, bool)
	readFile func(string) ([]byte, error)
}

// value is the value of a variable, zero when it is not set or empty.
func (e *environment) value(name string) Value {
	text, _ := e.lookup(name)
	return Value{text, Origin{Variable: name}}
}

// choose picks the sample whose variables are set.
func (e *environment) choose() (Sample, bool) {
	var chosen Sample
	var credential Value
	most := 0
	for _, sample := range Samples() {
		set, own := e.count(sample)
		switch {
		case set == 0 || own.IsZero() && (set <= most || !credential.IsZero()):
		case credential.IsZero():
			chosen, credential, most = sample, own, set
		case own.Origin != credential.Origin:
			e.add(causeAttestation, "", own.Origin, "%s is not used: %s is set too, and a device proves itself with one credential", own.Origin, credential.Origin)
		}
	}
	return chosen, most > 0
}

// count returns how many of a sample's variables are set, 0 unless one of them is about
// provisioning for certain, and the one with the credential.
func (e *environment) count(sample Sample) (set int, credential Value) {
	sure := false
	for _, variable := range sample.Variables {
		v := e.value(variable.Name)
		if v.IsZero() {
			continue
		}
		set++
		sure = sure || variable.distinctive()
		switch variable.Role {
		case RoleKey, RoleCertificate, RoleBoth:
			credential = v
		}
	}
	if !sure {
		return 0, Value{}
	}
	return set, credential
}

// fill reads the variables of one sample.
func (e *environment) fill(s *Settings, sample Sample) {
	for _, variable := range sample.Variables {
		v := e.value(variable.Name)
		_, set := e.lookup(variable.Name)
		switch {
		case variable.Role == RoleSwitch:
			e.lintSwitch(v)
		case set && v.IsZero():
			e.add(causeConfig, "", v.Origin, "%s is set, but empty", v.Origin)
		case set:
			e.assign(s, sample.Kind, variable.Role, v)
		}
	}
}

func (e *environment) assign(s *Settings, kind Kind, role Role, v Value) {
	a := &s.Attestation
	switch role {
	case RoleEndpoint:
		s.Endpoint = e.host(v)
	case RoleIDScope:
		s.IDScope = e.take(SettingIDScope, v)
	case RoleRegistrationID:
		s.RegistrationID = e.take(SettingRegistrationID, v)
	case RoleKey:
		a.Kind, a.Origin = kind, v.Origin
		if a.Key = e.key(v); a.Key.Size() > 0 {
			a.KeyOrigin = v.Origin
		}
	case RoleCertificate:
		a.Kind, a.Origin = kind, v.Origin
		a.Certificate = e.pem(v, SettingAttestation)
	case RoleBoth:
		a.Kind, a.Origin = kind, v.Origin
		a.Certificate = e.pem(v, SettingAttestation)
		a.PrivateKey = a.Certificate
	case RolePrivateKey:
		a.PrivateKey = e.pem(v, SettingAttestation)
	case RolePassphrase:
		a.Passphrase = dps.NewSecret(v.Text)
	case RoleTrust:
		s.Trust = e.pem(v, SettingTrust)
	}
}

// pem reads the file that a variable names.
func (e *environment) pem(v Value, setting Setting) File {
	if strings.Contains(v.Text, "-----BEGIN") {
		e.add(causeMaterial, setting, v.Origin, "%s holds the PEM text itself; the sample takes it for the path of a file", v.Origin)
		return File{}
	}
	if v = e.take(setting, v); v.IsZero() {
		return File{}
	}
	return e.named(v, causeMaterial, setting, e.readFile)
}

// lintSwitch remarks when the switch between a connection string and DPS stands on the
// other side.
func (e *environment) lintSwitch(v Value) {
	if !strings.EqualFold(v.Text, "DPS") {
		e.add(causeConfig, "", v.Origin, "%s is not set to DPS, so the samples of most SDKs take a connection string and do not provision", v.Origin)
	}
}
