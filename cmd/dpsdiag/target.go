package main

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/probe"
)

// targetOptions are the flags that say what to reach.
type targetOptions struct {
	from                  string
	scope, registrationID string
	endpoint, cloud       string
	ports                 portOptions
	caFile, proxy         string
}

func (o *targetOptions) flags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("target", pflag.ContinueOnError)
	flags.StringVar(&o.from, "from", "", "`FILE` to read target, credential and payload from: the config.toml of IoT Edge or the identity service. Flags win over it, it wins over the environment variables of the SDK samples, such as PROVISIONING_IDSCOPE")
	flags.StringVar(&o.scope, "id-scope", "", "`ID` scope of the DPS instance, as its overview page shows it")
	flags.StringVar(&o.registrationID, "registration-id", "", "registration `ID` of the device; the default is the common name of the certificate, or the TPM's own id")
	flags.StringVar(&o.endpoint, "endpoint", "", "`HOST[:PORT]` of the service; the default is the global endpoint of --cloud. The port serves every transport")
	flags.StringVar(&o.cloud, "cloud", "", "`CLOUD` of the global endpoint: "+strings.Join(cloudNames(), ", ")+" (default "+cloudNames()[0]+")")
	o.ports.addTo(flags)
	flags.StringVar(&o.caFile, "ca-file", "", "PEM `FILE` of certificates to trust besides those of the system")
	flags.StringVar(&o.proxy, "proxy", "", "`URL` of an HTTP, HTTPS or SOCKS5 proxy; the default is that of HTTPS_PROXY, ALL_PROXY and NO_PROXY; \""+noProxy+"\" ignores them")
	return flags
}

func cloudNames() []string {
	var names []string
	for _, c := range dps.Clouds() {
		names = append(names, string(c))
	}
	return names
}

// cloudCompletions tell each cloud's host.
func cloudCompletions() []cobra.Completion {
	var list []cobra.Completion
	for _, c := range dps.Clouds() {
		list = append(list, cobra.CompletionWithDesc(string(c), c.GlobalHost()))
	}
	return list
}

// cloudHost is the global endpoint of a cloud by its name.
func cloudHost(name string) string { return dps.Cloud(name).GlobalHost() }

// validate checks what can be checked of the flags alone.
func (o *targetOptions) validate(flags *pflag.FlagSet) error {
	if o.endpoint != "" && o.cloud != "" {
		return usagef("leave one of them out", "--endpoint and --cloud both name the service")
	}
	if o.cloud != "" && !slices.Contains(cloudNames(), o.cloud) {
		return usagef("the clouds are "+strings.Join(cloudNames(), ", "), "--cloud: %q is not a cloud known here", o.cloud)
	}
	return o.ports.validate(flags)
}

// parseEndpoint combines the endpoint that was named, if any, with the ports.
func (o *targetOptions) parseEndpoint(named edgeconf.Value) (dps.Endpoint, error) {
	endpoint, err := dps.ParseEndpoint(cmp.Or(named.Text, dps.CloudPublic.GlobalHost()))
	if err != nil {
		return dps.Endpoint{}, usagef("the endpoint of the public cloud is "+dps.CloudPublic.GlobalHost(), "%s: %v", named.Origin, err)
	}
	o.ports.set(&endpoint)
	return endpoint, nil
}

// portOptions are the flags for one port each; 0 keeps the endpoint's.
type portOptions struct{ https, mqtt, amqp int }

func (o *portOptions) addTo(flags *pflag.FlagSet) {
	const usage = "`PORT` of the %s transport%s (default %d, or the port of --endpoint)"
	flags.IntVar(&o.https, "port-https", 0, fmt.Sprintf(usage, "https", " and of WebSocket", dps.PortHTTPS))
	flags.IntVar(&o.mqtt, "port-mqtt", 0, fmt.Sprintf(usage, "mqtt", "", dps.PortMQTT))
	flags.IntVar(&o.amqp, "port-amqp", 0, fmt.Sprintf(usage, "amqp", "", dps.PortAMQP))
}

// validate refuses a port that was given and is none.
func (o *portOptions) validate(flags *pflag.FlagSet) error {
	for name, value := range map[string]int{"port-https": o.https, "port-mqtt": o.mqtt, "port-amqp": o.amqp} {
		if flags.Changed(name) && (value < 1 || value > 65535) {
			return usagef("a port is a number from 1 to 65535", "--%s: %d is not a port", name, value)
		}
	}
	return nil
}

func (o *portOptions) set(endpoint *dps.Endpoint) {
	endpoint.HTTPS = cmp.Or(o.https, endpoint.HTTPS)
	endpoint.MQTT = cmp.Or(o.mqtt, endpoint.MQTT)
	endpoint.AMQP = cmp.Or(o.amqp, endpoint.AMQP)
}

// roots are the trust anchors of the system and those of --ca-file, or of the file that the
// environment names; nil means those of the system alone.
func (o *targetOptions) roots(trust edgeconf.File) (*x509.CertPool, error) {
	if trust.IsZero() {
		return nil, nil
	}
	certs, err := o.trusted(trust)
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without trust anchors can still use these
	}
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool, nil
}

func (o *targetOptions) trusted(trust edgeconf.File) ([]*x509.Certificate, error) {
	if trust.Origin.Flag != "" {
		return readCertificates(trust.Origin.Flag, trust.Path)
	}
	certs, err := certchain.ParsePEM([]byte(trust.Content.Reveal()))
	if err != nil {
		return nil, configFileError(certificateHint, trust, err)
	}
	return certs, nil
}

// fill puts the target into a probe.
func (o *targetOptions) fill(cfg *probe.Config, s *edgeconf.Settings) (err error) {
	if s.IDScope.IsZero() {
		return usagef("the overview page of the DPS instance shows it, such as 0ne0045B3C6; or try --sandbox healthy", "--id-scope is missing")
	}
	if _, err := dps.CheckIDScope(s.IDScope.Text); err != nil {
		return usagef("the overview page of the DPS instance shows it, such as 0ne0045B3C6", "%s: %v", s.IDScope.Origin, err)
	}
	id, source, err := registrationID(s.RegistrationID, cfg.Attestation)
	if err != nil {
		return err
	}
	if _, err := dps.CheckRegistrationID(id); err != nil && id != "" {
		return usagef(fmt.Sprintf("at most %d letters, digits and - . _ :", dps.MaxRegistrationID), "%s: %v", source, err)
	}
	cfg.Scope, cfg.RegistrationID = s.IDScope.Text, id
	if s.RegistrationID.IsZero() && id != "" {
		cfg.Origins = append(cfg.Origins, probe.Origin{Name: "registration_id", From: source})
	}
	if cfg.Endpoint, err = o.parseEndpoint(s.Endpoint); err != nil {
		return err
	}
	cfg.Roots, err = o.roots(s.Trust)
	cfg.ExtraRoots = cfg.Roots != nil
	return err
}

// parsePayload checks a payload; source is what messages call it.
func parsePayload(source string, data []byte) (json.RawMessage, error) {
	data = bytes.TrimSpace(data)
	var payload any
	if err := json.Unmarshal(data, &payload); err != nil {
		return nil, usagef(`a payload is a JSON object, such as {"model":"T1"}, or @ and the name of a file with one`, "%s: not JSON: %v", source, err)
	}
	return data, nil
}
