package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/dps"
)

// targetOptions are the flags that say what to reach.
type targetOptions struct {
	from                  string
	noFrom                bool
	found                 string // the configuration that was found and is used, without --from
	scope, registrationID string
	endpoint, cloud       string
	ports                 portOptions
	caFile, proxy         string
}

func (o *targetOptions) flags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("target", pflag.ContinueOnError)
	flags.StringVar(&o.from, "from", "", "`FILE` to read target, credential and payload from: the config.toml of IoT Edge or the identity service. Flags win over it, it wins over the environment variables of the SDK samples, such as PROVISIONING_IDSCOPE (dpsdiag help environment lists them). Without a credential and --registration-id, "+usualConfig+" is taken if this machine has it")
	flags.BoolVar(&o.noFrom, "no-from", false, "take no configuration that is found on this machine")
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

// cloudCompletions are the clouds, each with its host.
func cloudCompletions() []cobra.Completion {
	var list []cobra.Completion
	for _, c := range dps.Clouds() {
		list = append(list, cobra.CompletionWithDesc(string(c), c.GlobalHost()))
	}
	return list
}

// cloudHost is the global endpoint of a cloud by its name.
func cloudHost(name string) string { return dps.Cloud(name).GlobalHost() }

// check checks what can be checked from the flags alone.
func (o *targetOptions) check(flags *pflag.FlagSet) error {
	if o.from != "" && o.noFrom {
		return usagef("leave one of them out", "--from and --no-from exclude each other")
	}
	if o.endpoint != "" && o.cloud != "" {
		return usagef("leave one of them out", "--endpoint and --cloud both name the service")
	}
	if o.cloud != "" && !slices.Contains(cloudNames(), o.cloud) {
		return usagef("the clouds are "+strings.Join(cloudNames(), ", "), "--cloud: %q is not a cloud known here", o.cloud)
	}
	return o.ports.check(flags)
}

// portOptions are the flags for one port each; 0 keeps the endpoint's.
type portOptions struct{ https, mqtt, amqp int }

func (o *portOptions) addTo(flags *pflag.FlagSet) {
	const usage = "`PORT` of the %s transport%s (default %d, or the port of --endpoint)"
	flags.IntVar(&o.https, "port-https", 0, fmt.Sprintf(usage, "https", " and of WebSocket", dps.PortHTTPS))
	flags.IntVar(&o.mqtt, "port-mqtt", 0, fmt.Sprintf(usage, "mqtt", "", dps.PortMQTT))
	flags.IntVar(&o.amqp, "port-amqp", 0, fmt.Sprintf(usage, "amqp", "", dps.PortAMQP))
}

// check refuses a number that was given and is not a port.
func (o *portOptions) check(flags *pflag.FlagSet) error {
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
