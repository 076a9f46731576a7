package advice

import (
	"cmp"
	"slices"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
)

// decide returns the steps that would decide between the remaining causes, the first of them a probe
// with the device's values that the text shows. If an operator's call failed there is no device to
// probe.
func (c *textCase) decide(causes []candidate) []cause.Step {
	if len(causes) == 0 || causes[0].strength == Proves || !aboutDevice(causes[0].rule.ID) {
		return nil
	}
	target := c.target()
	own := cause.Step{
		How:     "Register the device itself and see at which stage it fails; with --preflight nothing changes in the service",
		Command: fillCommand(probeCommand+"CREDENTIAL"+c.transportFlag(), target),
	}
	if c.refusedByHub() != nil {
		own.How = "Register the device and connect to its hub with the same credentials; this disconnects a device with the same id that is online"
		own.Command += " --check-hub"
	}
	steps := decide(&probe.Evidence{Target: target}, causes)
	for i := range steps {
		steps[i].Command = strings.Replace(steps[i].Command, "--cloud CLOUD", "--cloud "+c.cloud(), 1)
	}
	steps = slices.DeleteFunc(steps, func(s cause.Step) bool { return s.Command == own.Command })
	return firstSteps(append([]cause.Step{own}, steps...))
}

func firstSteps(steps []cause.Step) []cause.Step { return steps[:min(len(steps), maxDeciders)] }

// aboutDevice reports whether a probe of the device can show anything about a cause.
func aboutDevice(id cause.ID) bool {
	return !slices.Contains([]cause.ID{
		cause.ManagementRequestInvalid, cause.ServiceCredentialsInsufficient, cause.EnrollmentCertUploadInvalid, cause.PopCertificateWrongIssuer,
	}, id)
}

// cloud is the cloud of the instance, or a placeholder for it.
func (c *textCase) cloud() string {
	switch {
	case c.sign(logtext.SignChina) != nil:
		return string(dps.CloudChina)
	case c.sign(logtext.SignUSGov) != nil:
		return string(dps.CloudUSGov)
	}
	return "CLOUD"
}

// target is the part of the device's values that the text shows. The rest remain placeholders for the
// reader to replace.
func (c *textCase) target() probe.Target {
	host := dps.CloudPublic.GlobalHost()
	for _, id := range c.IDs.Endpoints {
		if _, ok := dps.CloudOf(id.Value); ok {
			host = id.Value
			break
		}
	}
	endpoint, err := dps.ParseEndpoint(host)
	if err != nil {
		endpoint, _ = dps.ParseEndpoint(dps.CloudPublic.GlobalHost())
	}
	return probe.Target{
		Endpoint:       endpoint,
		Scope:          cmp.Or(firstID(c.IDs.Scopes), "ID-SCOPE"),
		RegistrationID: cmp.Or(firstID(c.IDs.RegistrationIDs), "REGISTRATION-ID"),
		Attestation:    c.attempt.Attestation.Value,
		APIVersion:     firstID(c.IDs.APIVersions),
	}
}

func firstID(ids []logtext.ID) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[0].Value
}

// transportFlag chooses the transport that the text shows, if it is not the default one.
func (c *textCase) transportFlag() string {
	// A text about a WebSocket also mentions the protocol inside it.
	for _, overWebSocket := range []bool{true, false} {
		for _, t := range probe.Transports() {
			shown := c.fact(logtext.KindTransport, string(t.ID())) != nil
			if shown && t.ID() != probe.HTTPS && t.Traits().WebSocket == overWebSocket {
				return " --transport " + string(t.ID())
			}
		}
	}
	return ""
}

// Collect is how to make a client log more.
type Collect struct {
	Client string // its name for users
	How    string
}

// collect returns how to get a better log, if the text leaves the cause open: from the clients that it
// mentions, or else from all of them.
func (c *textCase) collect(causes []candidate) []Collect {
	if len(causes) > 0 && causes[0].strength > Allows {
		return nil
	}
	var named, all []Collect
	for _, l := range logLevels() {
		entry := Collect{Client: l.name, How: l.how}
		all = append(all, entry)
		if c.anyClient(l.clients...) {
			named = append(named, entry)
		}
	}
	if len(named) > 0 {
		return named
	}
	return all
}

// logLevel is how to make a client log more (the documentation of each client, and for the embedded
// ones their configuration headers).
type logLevel struct {
	clients []string
	name    string
	how     string
}

func logLevels() []logLevel {
	return []logLevel{
		{[]string{logtext.ClientIdentityService}, "IoT Edge 1.2 and later", "iotedge system set-log-level debug; iotedge system restart; then iotedge system logs"},
		{[]string{logtext.ClientEdge11}, "IoT Edge 1.1", "set IOTEDGE_LOG=debug for the service (systemctl edit iotedge); then journalctl -u iotedge"},
		{[]string{logtext.ClientEFLOW}, "EFLOW", "Connect-EflowVm, then in the machine sudo iotedge system logs and sudo iotedge check --verbose"},
		{[]string{logtext.ClientC}, "Azure IoT SDK for C", "Prov_Device_LL_SetOption(handle, PROV_OPTION_LOG_TRACE, &true)"},
		{[]string{logtext.ClientEmbeddedC}, "Azure SDK for Embedded C", "az_log_set_message_callback; with Paho MQTT_C_CLIENT_TRACE=ON and MQTT_C_CLIENT_TRACE_LEVEL=PROTOCOL"},
		{[]string{logtext.ClientFreeRTOS}, "Azure IoT middleware for FreeRTOS", "LIBRARY_LOG_LEVEL LOG_DEBUG for each library"},
		{[]string{logtext.ClientNetX}, "Azure RTOS (NetX Duo)", "NX_AZURE_IOT_LOG_LEVEL 3 and nx_azure_iot_log_init"},
		{[]string{logtext.ClientZephyr}, "Zephyr and nRF Connect", "CONFIG_AZURE_IOT_HUB_LOG_LEVEL_DBG, CONFIG_MQTT_HELPER_LOG_LEVEL_DBG and CONFIG_MBEDTLS_DEBUG"},
		{[]string{logtext.ClientESP}, "ESP-IDF", `esp_log_level_set("*", ESP_LOG_VERBOSE) and the mbedTLS debug level in menuconfig`},
		{[]string{logtext.ClientSphere}, "Azure Sphere", "azsphere device show-deployment-status and the debug output of the application"},
		{[]string{logtext.ClientNode}, "Azure IoT SDK for Node.js", "DEBUG=azure-iot*,mqttjs*,rhea* in the environment"},
		{[]string{logtext.ClientPython}, "Azure IoT SDK for Python", "logging.basicConfig(level=logging.DEBUG)"},
		{[]string{logtext.ClientJava}, "Azure IoT SDK for Java", "level DEBUG for com.microsoft.azure.sdk.iot in the SLF4J binding; -Djavax.net.debug=ssl,handshake for TLS"},
		{[]string{logtext.ClientDotNet}, "Azure IoT SDK for .NET", "dotnet-trace or an EventListener on Microsoft-Azure-Devices-Provisioning-Client and -Provisioning-Transport-Mqtt, -Amqp, -Http"},
		{[]string{logtext.ClientCLI}, "Azure CLI", "add --debug to the az command"},
		{[]string{logtext.ClientMosquitto}, "mosquitto", "add -d to mosquitto_pub or mosquitto_sub"},
	}
}
