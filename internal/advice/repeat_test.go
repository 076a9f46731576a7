package advice

import (
	"testing"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

func TestRepeat(t *testing.T) {
	t.Parallel()
	flags := func(pairs ...string) []probe.Flag {
		list := []probe.Flag{}
		for i := 0; i < len(pairs); i += 2 {
			list = append(list, probe.Flag{Name: pairs[i], Value: pairs[i+1]})
		}
		return list
	}
	file := flags("--id-scope", "0ne1", "--registration-id", "a b", "--endpoint", "localhost:8443", "--port-mqtt", "8884", "--ca-file", "state/ca.pem", "--proxy", "none", "--key-file", "state/device.key", "--transport", "mqtt")
	for name, test := range map[string]struct {
		asked   []probe.Flag
		command string
		want    string
	}{
		"every flag again": {
			file, probeCommand + "CREDENTIAL --preflight",
			"dpsdiag probe --id-scope 0ne1 --registration-id 'a b' --endpoint localhost:8443 --port-mqtt 8884 --ca-file state/ca.pem --proxy none --key-file state/device.key --transport mqtt --preflight",
		},
		"MQTT has no lookup": {
			file, probeCommand + "CREDENTIAL --lookup",
			"dpsdiag probe --id-scope 0ne1 --registration-id 'a b' --endpoint localhost:8443 --port-mqtt 8884 --ca-file state/ca.pem --proxy none --key-file state/device.key --lookup",
		},
		"another credential": {
			file, probeCommand + "--group-key-file GROUP-KEY-FILE",
			"dpsdiag probe --id-scope 0ne1 --registration-id 'a b' --endpoint localhost:8443 --port-mqtt 8884 --ca-file state/ca.pem --proxy none --transport mqtt --group-key-file GROUP-KEY-FILE",
		},
		"another cloud": {
			file, "dpsdiag probe --cloud CLOUD --id-scope ID-SCOPE --registration-id REGISTRATION-ID CREDENTIAL --preflight",
			"dpsdiag probe --id-scope 0ne1 --registration-id 'a b' --ca-file state/ca.pem --proxy none --key-file state/device.key --transport mqtt --cloud CLOUD --preflight",
		},
		"another scope": {
			file, "dpsdiag probe --id-scope SCOPE-FROM-PORTAL --registration-id REGISTRATION-ID CREDENTIAL",
			"dpsdiag probe --registration-id 'a b' --endpoint localhost:8443 --port-mqtt 8884 --ca-file state/ca.pem --proxy none --key-file state/device.key --transport mqtt --id-scope SCOPE-FROM-PORTAL",
		},
		"a file of settings": {
			flags("--from", "config.toml"), probeCommand + "CREDENTIAL --preflight",
			"dpsdiag probe --from config.toml --preflight",
		},
		"a key in place of what named the device": {
			flags("--cert", "d.pem", "--cert-key", "d.key", "--chain", "c.pem"), probeCommand + "--key-file KEY-FILE",
			"dpsdiag probe --registration-id sensor-17 --key-file KEY-FILE",
		},
		"a chain and the certificate": {
			flags("--cert", "d.pem", "--cert-key", "d.key"), probeCommand + "CREDENTIAL --chain CHAIN-FILE",
			"dpsdiag probe --cert d.pem --cert-key d.key --chain CHAIN-FILE",
		},
		"another version": {
			flags("--from", "c.toml", "--api-version", "2019-03-31"), probeCommand + "CREDENTIAL --api-version API-VERSION",
			"dpsdiag probe --from c.toml --api-version 2021-06-01",
		},
		"only the environment": {flags(), probeCommand + "CREDENTIAL --preflight", "dpsdiag probe --preflight"},
		"the sandbox again, and only HTTPS has a lookup": {
			flags("--sandbox", "throttled", "--transport", "all"), probeCommand + "CREDENTIAL --lookup",
			"dpsdiag probe --sandbox throttled --lookup",
		},
		"what a sandbox has not": {flags("--sandbox", "throttled"), probeCommand + "--group-key-file GROUP-KEY-FILE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := probe.Target{RegistrationID: "sensor-17", Attestation: probe.KindSymmetricKey, APIVersion: dps.DefaultAPIVersion, Asked: test.asked}
			if got := repeat(test.command, target); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}

func TestCommandsFor(t *testing.T) {
	t.Parallel()
	known := &probe.Evidence{Target: probe.Target{
		Endpoint: dps.Endpoint{Host: "plant.azure-devices-provisioning.net"}, Scope: "0ne1", RegistrationID: "it's",
		Asked: []probe.Flag{{Name: "--cert", Value: "my certs/d.pem"}},
	}, Runs: []probe.Run{{Hub: &probe.HubCheck{Hub: "plant-4.azure-devices.net", DeviceID: "d"}}}}
	newer := &probe.Evidence{Runs: []probe.Run{{Hub: &probe.HubCheck{Hub: "plant-4.device.azure-devices.net", DeviceID: "d"}}}}
	unknown := &probe.Evidence{Target: probe.Target{Endpoint: dps.Endpoint{Host: publicHost}, Scope: "'; echo"}}
	for name, test := range map[string]struct {
		id   cause.ID
		ev   *probe.Evidence
		want string
	}{
		"the instance and the device": {cause.SymmetricKeyMismatch, known, `az iot dps enrollment show --dps-name plant --enrollment-id 'it'\''s' --show-keys`},
		"the hub":                     {cause.HubIdentityUnusable, known, "az iot hub device-identity show --hub-name plant-4 --device-id d"},
		"the hub by its device name":  {cause.HubIdentityUnusable, newer, "az iot hub device-identity show --hub-name plant-4 --device-id d"},
		"the file":                    {cause.CertExpired, known, "openssl x509 -noout -dates -in 'my certs/d.pem'"},
		"the scopes of all instances": {cause.WrongIDScope, known, `az iot dps list --query "[*].{name:name,idScope:properties.idScope}" --output table`},
		"nothing known":               {cause.SymmetricKeyMismatch, unknown, "az iot dps enrollment show --dps-name DPS-NAME --enrollment-id REGISTRATION-ID --show-keys"},
		"no hub asked":                {cause.HubIdentityUnusable, unknown, "az iot hub device-identity show --hub-name HUB-NAME --device-id DEVICE-ID"},
		"no command":                  {cause.Throttled, known, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := commandsFor(test.ev)(test.id.Definition()); got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}
