package advice

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

func commands(ev *probe.Evidence) []string {
	var list []string
	for _, s := range Diagnose(ev).Decide {
		list = append(list, s.Command)
	}
	return list
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ev   *probe.Evidence
		want []string
	}{
		"a proof needs no step": {refusedProbe(unresolved(netfail.NoSuchHost)), nil},
		"three steps, each once": {refusedProbe(unauthorized()), []string{
			"dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --group-key-file GROUP-KEY-FILE",
			"dpsdiag probe --id-scope SCOPE-FROM-PORTAL --registration-id sensor-17 --key-file KEY-FILE",
			"dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --key-file KEY-FILE --lookup",
		}},
		"evidence against a cause removes its step": {refusedProbe(device(above("Plant Intermediate")), noCA()), []string{
			"dpsdiag probe --id-scope SCOPE-FROM-PORTAL --registration-id sensor-17 --cert CERT-FILE --cert-key CERT-KEY-FILE",
		}},
		"the chain": {refusedProbe(device(), noCA()), []string{
			"dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --cert CERT-FILE --cert-key CERT-KEY-FILE --chain CHAIN-FILE",
			"dpsdiag probe --id-scope SCOPE-FROM-PORTAL --registration-id sensor-17 --cert CERT-FILE --cert-key CERT-KEY-FILE",
		}},
		"another version than the one tried": {refusedProbe(refuse(400, 400004, "Unsupported API version 2019-03-31.")), []string{
			"dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --key-file KEY-FILE --api-version 2021-06-01",
		}},
		"the usual version": {refusedProbe(version("2021-10-01"), refuse(400, 400004, "Unsupported API version 2021-10-01.")), []string{
			"dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --key-file KEY-FILE --api-version 2019-03-31",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, commands(test.ev)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPortFlag(t *testing.T) {
	t.Parallel()
	azure := dps.Endpoint{HTTPS: 443, MQTT: 8883, AMQP: 5671}
	one := dps.Endpoint{HTTPS: 8443, MQTT: 8443, AMQP: 8443}
	each := dps.Endpoint{HTTPS: 8443, MQTT: 8884, AMQP: 5672}
	half := dps.Endpoint{HTTPS: 443, MQTT: 8884, AMQP: 5672}
	for _, test := range []struct {
		transport probe.TransportID
		endpoint  dps.Endpoint
		want      string
	}{
		{probe.HTTPS, azure, ""},
		{probe.MQTT, azure, ""},
		{probe.AMQP, azure, ""},
		{probe.MQTT, one, ""},
		{probe.HTTPS, each, ""},
		{probe.MQTTWS, each, ""},
		{probe.MQTT, each, " --port-mqtt 8884"},
		{probe.AMQP, each, " --port-amqp 5672"},
		{probe.MQTT, half, " --port-mqtt 8884"},
		{probe.AMQP, half, " --port-amqp 5672"},
		{probe.AMQPWS, half, ""},
	} {
		if got := portFlag(test.transport, test.endpoint); got != test.want {
			t.Errorf("%s at %+v: %q, want %q", test.transport, test.endpoint, got, test.want)
		}
	}
}

func TestFillCommand(t *testing.T) {
	t.Parallel()
	endpoint := func(host string, https int) dps.Endpoint {
		return dps.Endpoint{Host: host, HTTPS: https, MQTT: 8883, AMQP: 5671}
	}
	for name, test := range map[string]struct {
		target probe.Target
		want   string
	}{
		"the default endpoint": {
			probe.Target{Endpoint: endpoint(publicHost, 443), Scope: "0ne1", RegistrationID: "a", Attestation: probe.KindGroupKey},
			"dpsdiag probe --id-scope 0ne1 --registration-id a --group-key-file GROUP-KEY-FILE",
		},
		"another cloud": {
			probe.Target{Endpoint: endpoint("global.azure-devices-provisioning.cn", 443), Scope: "0cn1", RegistrationID: "a", Attestation: probe.KindTPM},
			"dpsdiag probe --cloud china --id-scope 0cn1 --registration-id a --tpm TPM-PATH",
		},
		"an own endpoint and trust anchors": {
			probe.Target{Endpoint: endpoint("plant.example", 443), Scope: "0ne1", RegistrationID: "a", Attestation: probe.KindX509, ExtraRoots: true},
			"dpsdiag probe --endpoint plant.example --id-scope 0ne1 --registration-id a --cert CERT-FILE --cert-key CERT-KEY-FILE --ca-file CA-FILE",
		},
		"an own port, and text that a shell would read": {
			probe.Target{Endpoint: endpoint("::1", 8443), Scope: "0ne1;x", RegistrationID: "it's", Attestation: probe.KindSASToken},
			`dpsdiag probe --endpoint '[::1]:8443' --id-scope '0ne1;x' --registration-id 'it'\''s' --sas-token-env TOKEN-VARIABLE`,
		},
		"nothing known": {
			probe.Target{Endpoint: endpoint(publicHost, 443)},
			"dpsdiag probe --id-scope '' --registration-id '' CREDENTIAL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fillCommand(probeCommand+"CREDENTIAL", test.target); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}
