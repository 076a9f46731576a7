package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
	"dpsdiag/internal/service"
	"dpsdiag/internal/tpm"
)

// prefix begins the name of every variable.
const prefix = "DPSDIAG_REAL_"

// variable is an environment variable.
type variable struct {
	name string // without the prefix
	text string
}

// variables lists all of them, in the order of the page.
func variables() []variable {
	return []variable{
		{"ID_SCOPE", "the id scope; always needed"},
		{"KEY_ID, KEY", "registration id and key (base64) of an individual enrollment"},
		{"GROUP_ID, GROUP_KEY", "a registration id in lower case, with at least one letter, and the key (base64) of the enrollment group that it belongs to"},
		{"CERT, CERT_KEY, CHAIN", "PEM files: the device's certificate, its key and, if the first file lacks them, the intermediates. The common name is the registration id"},
		{"TPM", "a TPM such as `/dev/tpmrm0`. Its own id has to be enrolled"},
		{"SERVICE", "the connection string of a policy with EnrollmentRead and RegistrationStatusRead, to inspect each device as well"},
		{"DISABLED_ID, DISABLED_KEY", "registration id and key of an individual enrollment that is disabled (fact 2)"},
		{"CLOSED_ID_SCOPE, CLOSED_ID, CLOSED_KEY, CLOSED_ENDPOINT", "the same of an instance that this machine may not use: public network access off, or an IP filter. The endpoint may be left out (fact 6)"},
		{"THROTTLE", "`1` polls a finished registration faster than the service allows (fact 4)"},
		{"LOGS, EARLIER", "the resource logs of an earlier run in JSON, and what that run wrote (fact 8)"},
		{"ROOTS", "hosts whose root CA is recorded, with commas between them (fact 9). Default: the global endpoints of the clouds of China and of the US government"},
		{"ENDPOINT", "a host in place of the global endpoint of the public cloud"},
		{"PORT_HTTPS, PORT_MQTT, PORT_AMQP", "other ports than 443, 8883 and 5671"},
		{"CA_FILE", "PEM file of certificates to trust besides those of the system"},
	}
}

// device is a device that may be registered.
type device struct {
	name        string // of the credential
	endpoint    dps.Endpoint
	scope, id   string
	attestation probe.Attestation
}

// settings are what the variables say.
type settings struct {
	endpoint dps.Endpoint
	scope    string
	roots    *x509.CertPool // nil for those of the system
	proxy    proxy.Func

	key, x509, tpm   *device
	group            *device
	groupKey         dps.Key
	disabled, closed *device

	service   *service.ConnectionString
	throttle  bool
	logs      string
	earlier   *Result
	rootHosts []dps.Endpoint
	secrets   []dps.Secret
}

// devices are those to register, in order.
func (s *settings) devices() []*device {
	var list []*device
	for _, d := range []*device{s.key, s.x509, s.tpm, s.group} {
		if d != nil {
			list = append(list, d)
		}
	}
	return list
}

// signer is a device with a symmetric key, nil if there is none.
func (s *settings) signer() *device { return cmp.Or(s.key, s.group) }

// environment reads variables and collects what is wrong with them, so that all of it is reported together.
type environment struct {
	lookup func(string) (string, bool)
	faults []string
}

func (e *environment) get(name string) string {
	text, _ := e.lookup(prefix + name)
	return strings.TrimSpace(text)
}

func (e *environment) fault(format string, args ...any) {
	e.faults = append(e.faults, fmt.Sprintf(format, args...))
}

// all returns the values of variables that belong together. It returns nil if none is set, and
// complains if some are.
func (e *environment) all(names ...string) []string {
	var values, missing, given []string
	for _, name := range names {
		value := e.get(name)
		values = append(values, value)
		if value == "" {
			missing = append(missing, prefix+name)
		} else {
			given = append(given, prefix+name)
		}
	}
	switch {
	case len(given) == 0:
		return nil
	case len(missing) > 0:
		e.fault("%s is missing: it belongs to %s", strings.Join(missing, ", "), strings.Join(given, ", "))
		return nil
	}
	return values
}

// file reads a file that a variable names.
func (e *environment) file(name, path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		e.fault("%s%s: %v", prefix, name, err)
	}
	return data
}

// readSettings reads the variables. It connects to nothing but a TPM.
func readSettings(ctx context.Context, lookup func(string) (string, bool)) (*settings, error) {
	e := &environment{lookup: lookup}
	s := &settings{throttle: e.get("THROTTLE") != "" && e.get("THROTTLE") != "0"}
	s.scope = e.scope("ID_SCOPE")
	s.endpoint = e.endpoint()
	s.readTrust(e)
	s.key = s.keyed(e, "symmetric-key", "KEY_ID", "KEY")
	s.disabled = s.keyed(e, "disabled", "DISABLED_ID", "DISABLED_KEY")
	s.readGroup(e)
	s.readCertificate(e)
	s.readTPM(ctx, e)
	s.readClosed(e)
	s.readService(e)
	s.readLogs(e)
	s.readRootHosts(e)
	if s.scope == "" && len(e.faults) == 0 || e.get("ID_SCOPE") == "" {
		e.fault("%sID_SCOPE is missing: the id scope of the instance", prefix)
	}
	if len(s.devices()) == 0 {
		e.fault("a credential is missing: %[1]sKEY_ID with %[1]sKEY, %[1]sGROUP_ID with %[1]sGROUP_KEY, %[1]sCERT with %[1]sCERT_KEY, or %[1]sTPM", prefix)
	}
	if len(e.faults) > 0 {
		return nil, errors.New(strings.Join(e.faults, "\n      "))
	}
	return s, nil
}

func (e *environment) scope(name string) string {
	scope := e.get(name)
	if scope == "" {
		return ""
	}
	if _, err := dps.CheckIDScope(scope); err != nil {
		e.fault("%s%s: %v", prefix, name, err)
	}
	return scope
}

func (e *environment) endpoint() dps.Endpoint {
	endpoint := dps.StandardPorts()
	endpoint.Host = dps.CloudPublic.GlobalHost()
	if text := e.get("ENDPOINT"); text != "" {
		parsed, err := dps.ParseEndpoint(text)
		if err != nil {
			e.fault("%sENDPOINT: %v", prefix, err)
		}
		endpoint = parsed
	}
	for name, port := range map[string]*int{"PORT_HTTPS": &endpoint.HTTPS, "PORT_MQTT": &endpoint.MQTT, "PORT_AMQP": &endpoint.AMQP} {
		text := e.get(name)
		if text == "" {
			continue
		}
		number, err := strconv.ParseUint(text, 10, 16)
		if err != nil || number == 0 {
			e.fault("%s%s: %q is not a port", prefix, name, text)
		}
		*port = int(number)
	}
	return endpoint
}

func (s *settings) readTrust(e *environment) {
	environment, err := proxy.ParseEnvironment(e.lookup)
	if err != nil {
		e.fault("%v", err)
	} else {
		s.proxy = environment.Choose
	}
	path := e.get("CA_FILE")
	if path == "" {
		return
	}
	certs, err := certchain.ParsePEM(e.file("CA_FILE", path))
	if err != nil {
		e.fault("%sCA_FILE: %v", prefix, err)
	}
	if s.roots, err = x509.SystemCertPool(); err != nil {
		s.roots = x509.NewCertPool() // the system has none
	}
	for _, c := range certs {
		s.roots.AddCert(c)
	}
}

// secretKey parses a key. The text is a secret even if it is none.
func (s *settings) secretKey(e *environment, name, text string) dps.Key {
	secret := dps.NewSecret(text)
	s.secrets = append(s.secrets, secret)
	key, err := dps.ParseKey(secret)
	if err != nil {
		e.fault("%s%s: %v", prefix, name, err)
	}
	return key
}

func (e *environment) registrationID(name, id string) {
	if _, err := dps.CheckRegistrationID(id); err != nil {
		e.fault("%s%s: %v", prefix, name, err)
	}
}

func (s *settings) keyed(e *environment, kind, idName, keyName string) *device {
	values := e.all(idName, keyName)
	if values == nil {
		return nil
	}
	e.registrationID(idName, values[0])
	key := s.secretKey(e, keyName, values[1])
	return &device{kind, s.endpoint, s.scope, values[0], probe.NewSymmetricKey(key)}
}

func (s *settings) readGroup(e *environment) {
	values := e.all("GROUP_ID", "GROUP_KEY")
	if values == nil {
		return
	}
	e.registrationID("GROUP_ID", values[0])
	if values[0] != strings.ToLower(values[0]) || values[0] == strings.ToUpper(values[0]) {
		e.fault("%sGROUP_ID: %q is not in lower case with at least one letter, which fact 10 needs", prefix, values[0])
	}
	s.groupKey = s.secretKey(e, "GROUP_KEY", values[1])
	s.group = &device{"group-key", s.endpoint, s.scope, values[0], probe.NewGroupKey(s.groupKey)}
}

func (s *settings) readCertificate(e *environment) {
	values := e.all("CERT", "CERT_KEY")
	if values == nil {
		return
	}
	certs, err := certchain.ParsePEM(e.file("CERT", values[0]))
	if err != nil {
		e.fault("%sCERT: %v", prefix, err)
		return
	}
	if path := e.get("CHAIN"); path != "" {
		more, err := certchain.ParsePEM(e.file("CHAIN", path))
		if err != nil {
			e.fault("%sCHAIN: %v", prefix, err)
		}
		certs = append(certs, more...)
	}
	key, err := certchain.ParseKey(e.file("CERT_KEY", values[1]))
	if err != nil {
		e.fault("%sCERT_KEY: %v", prefix, err)
		return
	}
	attestation, err := probe.NewX509(certs, key)
	if err != nil {
		e.fault("%sCERT: %v", prefix, err)
		return
	}
	e.registrationID("CERT", attestation.CommonName())
	s.x509 = &device{"x509", s.endpoint, s.scope, attestation.CommonName(), attestation}
}

func (s *settings) readTPM(ctx context.Context, e *environment) {
	path := e.get("TPM")
	if path == "" {
		return
	}
	opened, err := tpm.Open(ctx, path, false, tpm.Auth{})
	if err != nil {
		e.fault("%sTPM: %v", prefix, err)
		return
	}
	held := &probe.TPM{TPM: opened}
	if held.RegistrationID() == "" {
		e.fault("%sTPM: %q cannot be read: dpsdiag probe --tpm says why", prefix, path)
	}
	s.tpm = &device{"tpm", s.endpoint, s.scope, held.RegistrationID(), held}
}

func (s *settings) readClosed(e *environment) {
	values := e.all("CLOSED_ID_SCOPE", "CLOSED_ID", "CLOSED_KEY")
	if values == nil {
		return
	}
	s.closed = s.keyed(e, "closed", "CLOSED_ID", "CLOSED_KEY")
	s.closed.scope = e.scope("CLOSED_ID_SCOPE")
	if text := e.get("CLOSED_ENDPOINT"); text != "" {
		endpoint, err := dps.ParseEndpoint(text)
		if err != nil {
			e.fault("%sCLOSED_ENDPOINT: %v", prefix, err)
		}
		s.closed.endpoint = endpoint
	}
}

// policyLife is how long the token for the service API is valid.
const policyLife = time.Hour

func (s *settings) readService(e *environment) {
	text := e.get("SERVICE")
	if text == "" {
		return
	}
	policy, err := service.ParseConnectionString(dps.NewSecret(text))
	if err != nil {
		e.fault("%sSERVICE: %v", prefix, err)
		return
	}
	s.secrets = append(s.secrets, dps.NewSecret(text), policy.Key.Text())
	s.service = &policy
}

func (s *settings) readLogs(e *environment) {
	values := e.all("LOGS", "EARLIER")
	if values == nil {
		return
	}
	if _, err := os.Stat(values[0]); err != nil {
		e.fault("%sLOGS: %v", prefix, err)
	}
	s.logs = values[0]
	earlier, err := readResult(e.file("EARLIER", values[1]))
	if err != nil {
		e.fault("%sEARLIER: %v", prefix, err)
	}
	s.earlier = earlier
}

func (s *settings) readRootHosts(e *environment) {
	hosts := cmp.Or(e.get("ROOTS"), dps.CloudChina.GlobalHost()+","+dps.CloudUSGov.GlobalHost())
	for text := range strings.SplitSeq(hosts, ",") {
		endpoint, err := dps.ParseEndpoint(strings.TrimSpace(text))
		if err != nil {
			e.fault("%sROOTS: %v", prefix, err)
		}
		s.rootHosts = append(s.rootHosts, endpoint)
	}
}
