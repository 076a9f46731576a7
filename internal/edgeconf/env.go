package edgeconf

import (
	"strings"

	"dpsdiag/internal/dps"
)

// FromEnv reads the environment variables of the SDK samples that [samples] lists. lookup
// is usually os.LookupEnv and readFile is usually [ReadFile]. If the variables of several
// samples are set, it uses the first sample with a credential, or else the one with the
// most variables, and adds remarks about the others. If none is set, the settings are
// empty.
func FromEnv(lookup func(string) (string, bool), readFile func(string) ([]byte, error)) *Settings {
	e := &environment{lookup: lookup, readFile: readFile}
	settings := &Settings{schema: schemaEnvironment}
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

// value returns the value of a variable, zero if it is not set or empty.
func (e *environment) value(name string) Value {
	text, _ := e.lookup(name)
	return Value{text, Origin{Variable: name}}
}

// choose returns the sample whose variables are set.
func (e *environment) choose() (sample, bool) {
	var chosen sample
	var credential Value
	most := 0
	for _, sample := range samples() {
		set, own := e.count(sample)
		switch {
		case set == 0 || own.IsZero() && (set <= most || !credential.IsZero()):
		case credential.IsZero():
			chosen, credential, most = sample, own, set
		case own.Origin != credential.Origin:
			e.add(ProblemMethod, "", own.Origin, "%s is not used: %s is set too, and a device uses only one credential", own.Origin, credential.Origin)
		}
	}
	return chosen, most > 0
}

// count returns how many of a sample's variables are set, or 0 if none of them is certainly
// about provisioning, and the variable with the credential.
func (e *environment) count(sample sample) (set int, credential Value) {
	sure := false
	for _, variable := range sample.variables {
		v := e.value(variable.name)
		if v.IsZero() {
			continue
		}
		set++
		sure = sure || variable.distinctive()
		switch variable.role {
		case roleKey, roleCertificate, roleBoth:
			credential = v
		}
	}
	if !sure {
		return 0, Value{}
	}
	return set, credential
}

// fill reads the variables of one sample.
func (e *environment) fill(s *Settings, sample sample) {
	for _, variable := range sample.variables {
		v := e.value(variable.name)
		_, set := e.lookup(variable.name)
		switch {
		case variable.role == roleSwitch:
			e.lintSwitch(v)
		case set && v.IsZero():
			e.add(ProblemSetting, "", v.Origin, "%s is set, but empty", v.Origin)
		case set:
			e.assign(s, sample.kind, variable.role, v)
		}
	}
}

func (e *environment) assign(s *Settings, kind Kind, role role, v Value) {
	a := &s.Attestation
	switch role {
	case roleEndpoint:
		s.Endpoint = e.host(v)
	case roleIDScope:
		s.IDScope = e.take(settingIDScope, v)
	case roleRegistrationID:
		s.RegistrationID = e.take(settingRegistrationID, v)
	case roleKey:
		a.Kind, a.Origin = kind, v.Origin
		if a.Key = e.key(v); a.Key.Size() > 0 {
			a.KeyOrigin = v.Origin
		}
	case roleCertificate:
		a.Kind, a.Origin = kind, v.Origin
		a.Certificate = e.pem(v, settingAttestation)
	case roleBoth:
		a.Kind, a.Origin = kind, v.Origin
		a.Certificate = e.pem(v, settingAttestation)
		a.PrivateKey = a.Certificate
	case rolePrivateKey:
		a.PrivateKey = e.pem(v, settingAttestation)
	case rolePassphrase:
		a.Passphrase = dps.NewSecret(v.Text)
	case roleTrust:
		s.Trust = e.pem(v, settingTrust)
	}
}

// pem reads the file named by a variable.
func (e *environment) pem(v Value, setting settingName) File {
	if strings.Contains(v.Text, "-----BEGIN") {
		e.add(ProblemCredential, setting, v.Origin, "%s contains the PEM text itself; the sample expects the path of a file", v.Origin)
		return File{}
	}
	if v = e.take(setting, v); v.IsZero() {
		return File{}
	}
	return e.named(v, ProblemCredential, setting, e.readFile)
}

// lintSwitch adds a remark if the variable that selects a connection string or DPS does not
// select DPS.
func (e *environment) lintSwitch(v Value) {
	if !strings.EqualFold(v.Text, "DPS") {
		e.add(ProblemSetting, "", v.Origin, "%s is not set to DPS, so the samples of most SDKs use a connection string and do not provision", v.Origin)
	}
}
