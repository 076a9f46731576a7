package advice

import (
	"testing"

	"dpsdiag/internal/likeness"
	"dpsdiag/internal/logtext"
)

// contextCase is a text in which the words around an error say what it is about.
type contextCase struct {
	text string
	want string // the first cause with its strength, "" for none
	not  string // a cause that must not be suggested
}

// answerOf is the first cause of a text with its strength.
func answerOf(found *logtext.Findings) (first string, all []Cause) {
	d := DiagnoseText(found, likeness.Default())
	if len(d.Causes) == 0 {
		return "", nil
	}
	return d.Causes[0].ID.String() + " " + d.Causes[0].Strength.String(), d.Causes
}

// hubTexts: an error of the hub after the assignment is about the device, inside an answer of DPS about
// the link between DPS and the hub.
func hubTexts() map[string]contextCase {
	const refused = `{"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized","ExceptionMessage":"Tracking ID:9a8c-G:4-TimeStamp:03/02/2026 11:30:02"}`
	return map[string]contextCase{
		"the token of the device has ended": {
			text: "2026-03-02 10:30:00 DPS status assigned hub contoso-hub.azure-devices.net device pump-3\n" +
				"2026-03-02 11:30:02 WARN MQTT disconnected: rc=5 \n2026-03-02 11:30:02 ERROR " + refused + "\n" +
				"2026-03-02 11:30:03 ERROR Token expiry 2026-03-02T11:30:00Z has passed",
			want: "sas-token-expired allows",
		},
		"in other words": {
			text: "DPS registration assigned to hub contoso-hub.azure-devices.net, device id pump-3\nhub connection closed\n" + refused + "\n" +
				"SAS token expiration 11:30 is in the past",
			want: "hub-identity-unusable allows",
		},
		"no word of a token": {
			text: "DPS registration assigned to hub contoso-hub.azure-devices.net, device id pump-3\nhub: " + refused,
			want: "hub-identity-unusable suggests",
		},
		"no registration in the text": {text: "telemetry: " + refused, not: "hub-link-broken"},
		"in an answer of DPS": {
			text: `DPS registration failed: {"registrationId":"pump-3","status":"failed","errorCode":401002,"errorMessage":"{\"Message\":\"ErrorCode:IotHubUnauthorizedAccess;Unauthorized\"}"}`,
			want: "hub-link-broken suggests",
		},
	}
}

// explainedTexts: what a sentence explains did not happen.
func explainedTexts() map[string]contextCase {
	return map[string]contextCase{
		"a runbook": {
			text: "# Runbook\nIf you see 401002 check the key. If you see 404201 check the enrollment. 429 means throttling; wait.",
			not:  "throttled",
		},
		"a condition":       {text: "Whenever you get errorCode 404201 from DPS, create the enrollment first.", not: "enrollment-not-found"},
		"a meaning":         {text: "DPS: 429 indicates that requests are being throttled. 401002 means that the key is wrong.", not: "throttled"},
		"another condition": {text: "When DPS answers 429, the client is throttled and has to wait for Retry-After.", not: "throttled"},
		"a table":           {text: "A 401002 error occurs when the key does not match. A 404201 error occurs when there is no enrollment.", not: "enrollment-not-found"},
		"a user's own report": {
			text: "My device gets 401002 since we regenerated the primary key of the enrollment group yesterday. What is wrong?",
			want: "symmetric-key-mismatch suggests",
		},
		"a list of codes": {text: "DPS codes: 401002 for a wrong key, 404201 for a missing enrollment, 429001 for too many requests", not: "enrollment-not-found"},
		"a list":          {text: "Errors of DPS:\n- 401002: wrong key or certificate\n- 404201: no enrollment", not: "enrollment-not-found"},
		"rows":            {text: "| DPS | what to do |\n| 401002 | the key is wrong |\n| 404201 | no enrollment |", not: "enrollment-not-found"},
		"it happened":     {text: `dps: {"errorCode":404201,"trackingId":"a","message":"Registration not found"}`, want: "enrollment-not-found suggests"},
		"it happened, and a sentence about another": {
			text: "If you see 429 in this log, wait.\n" + `dps: {"errorCode":404201,"trackingId":"a","message":"Registration not found"}`,
			want: "enrollment-not-found suggests",
		},
	}
}

// otherServerTexts: the failure of a request to another server after a success is none of the device's.
func otherServerTexts() map[string]contextCase {
	const assigned = "2026-05-01T08:00:00Z dps INFO registration assigned to hub contoso.azure-devices.net, device id pump-1\n"
	return map[string]contextCase{
		"a download": {text: assigned + "2026-05-01T08:00:01Z iothub INFO connected\n" +
			"2026-05-01T08:03:01Z updater ERROR GET https://updates.contoso.com/fw.json: x509: certificate signed by unknown authority"},
		"a download, and no success known": {
			text: "assigned hub contoso.azure-devices.net\ncurl: (60) SSL certificate problem: unable to get local issuer certificate: https://updates.example.com/x",
			not:  "server-root-ca-missing",
		},
		"an upload":   {text: assigned + "2026-05-01T08:03:01Z backup ERROR PUT http://nas.example.com/logs failed: connection refused"},
		"an own API":  {text: assigned + "2026-05-01T08:03:01Z app ERROR POST https://api.example.org/v1/orders: 401 Unauthorized"},
		"the service": {text: "2026-05-01T08:03:01Z dps ERROR PUT https://global.azure-devices-provisioning.net/0ne00112233/registrations/d: x509: certificate signed by unknown authority", want: "server-root-ca-missing suggests"},
		"the hub":     {text: assigned + "2026-05-01T08:03:01Z iothub ERROR GET https://contoso.azure-devices.net/devices/d: x509: certificate signed by unknown authority", want: "server-root-ca-missing suggests"},
	}
}

// recoveredTexts: a connection that is there again is no failure.
func recoveredTexts() map[string]contextCase {
	const lost = "connected to hub contoso.azure-devices.net\nMQTT ping timeout, no PINGRESP, connection lost (rc=16)\n"
	return map[string]contextCase{
		"connected again":        {text: lost + "reconnected to hub"},
		"with its name":          {text: lost + "reconnected to IoT Hub contoso.azure-devices.net"},
		"in other words":         {text: lost + "hub connected"},
		"restored":               {text: lost + "connection to hub restored"},
		"not yet":                {text: lost + "not reconnected to hub", want: "network-unreachable suggests"},
		"lost for good":          {text: lost + "giving up", want: "network-unreachable suggests"},
		"lost after it was back": {text: lost + "reconnected to hub\nMQTT ping timeout, no PINGRESP, connection lost (rc=16)", want: "network-unreachable suggests"},
	}
}

// resourceTexts: what is used up decides, whatever the client wanted to do.
func resourceTexts() map[string]contextCase {
	return map[string]contextCase{
		"no space":      {text: "2026-05-01 ERROR aziot-identityd: could not write device_info: No space left on device (os error 28)", want: "client-limit-exceeded allows"},
		"a key":         {text: "aziot-keyd: could not write key file /var/lib/aziot/keyd/keys/device-id: No space left on device", not: "device-key-material-unreadable"},
		"no descriptor": {text: "[ERR!] - HTTP request error: error trying to connect: tcp connect error: Too many open files (os error 24)", want: "client-limit-exceeded allows"},
		"a number of something else": {
			text: "Azure IoT Edge: System.Net.WebSockets.WebSocketException (203): Unable to connect to the remote server ---> The remote certificate is invalid according to the validation procedure.",
			not:  "client-limit-exceeded",
		},
		"a key, not opened": {text: "aziot-keyd: could not read file /etc/aziot/keys/device-id.key.pem: No such file or directory (os error 2)", want: "device-key-material-unreadable suggests"},
	}
}

// certificateTexts: whose certificate it is, and what is wrong with it.
func certificateTexts() map[string]contextCase {
	const downstream = "2026-05-01 edgehub: Unable to authenticate client leaf-1: TLS handshake failed: remote certificate is invalid: PartialChain"
	const ended = "2026-05-01 INFO using certificate /etc/dev/cert.pem subject CN=meter-1 notAfter="
	const refused = "\n2026-05-01 ERROR register failed 401 " + `{"errorCode":401002,"trackingId":"a","message":"Unauthorized"}`
	return map[string]contextCase{
		"a client of the gateway":  {text: downstream + "\nedgeAgent: running", not: "server-root-ca-missing"},
		"a downstream certificate": {text: "edgehub: TLS handshake failed: the client certificate is invalid: PartialChain", not: "server-root-ca-missing"},
		"the server's":             {text: "DPS: TLS handshake failed: remote certificate is invalid: PartialChain", want: "server-root-ca-missing suggests"},
		"two names": {
			text: `ERROR DPS: {"errorCode":400004,"trackingId":"aa","message":"Certificate common name 'meter-0041' doesn't match registration id 'meter-41'"}`,
			want: "cert-cn-registration-id-mismatch suggests",
		},
		"two names in other words": {
			text: `ERROR DPS: {"errorCode":400004,"trackingId":"aa","message":"The subject name of the certificate and the registration id differ"}`,
			want: "cert-cn-registration-id-mismatch suggests",
		},
		"one name": {text: `ERROR DPS: {"errorCode":400004,"trackingId":"aa","message":"Invalid registration id 'meter 41'"}`, want: "registration-id-invalid suggests"},
		"ended":    {text: ended + "2026-04-30T23:59:59Z" + refused, want: "cert-expired suggests"},
		"ended, in other words": {
			text: "2026-05-01 INFO device cert CN=meter-1 valid until 2026-04-30" + refused, not: "symmetric-key-mismatch",
		},
		"still good": {text: ended + "2027-04-30T23:59:59Z" + refused, not: "cert-expired"},
		"a clock at its start": {
			text: "E (7612) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x2700\nE (7620) esp-tls-mbedtls: Failed to verify peer certificate!\n" +
				"E (7622) esp-tls-mbedtls: verification info:   ! The certificate validity starts in the future\nI (7640) AZ_DPS: time is Thu Jan  1 00:00:07 1970",
			want: "device-clock-wrong suggests",
		},
		"an issuer that is not known": {
			text: "E (7612) esp-tls-mbedtls: mbedtls_ssl_handshake returned -0x2700\nE (7620) esp-tls-mbedtls: Failed to verify peer certificate!\n" +
				"E (7622) esp-tls-mbedtls: verification info:   ! The certificate is not correctly signed by the trusted CA\nE (7630) AZ_DPS: connect failed",
			want: "server-root-ca-missing suggests",
		},
	}
}

// deniedTexts: what a text says is in order is not at fault.
func deniedTexts() map[string]contextCase {
	const refused = "\ndevice says: CONNACK 5"
	return map[string]contextCase{
		"all in order":    {text: "Checked: clock is right (chrony offset 3 ms), DNS works, port 8883 open, certificate not expired." + refused, want: "symmetric-key-mismatch allows"},
		"the clock":       {text: "The clock is correct on this device." + refused, want: "symmetric-key-mismatch allows"},
		"no trouble":      {text: "no clock problem (NTP in sync)." + refused, want: "symmetric-key-mismatch allows"},
		"with the error":  {text: "The clock is not wrong and the certificate is not expired. DPS says CONNACK 5", want: "symmetric-key-mismatch allows"},
		"the certificate": {text: "I checked that the certificate is valid and not expired." + refused, not: "cert-expired"},
		"it is wrong":     {text: "The clock is wrong on this device, it shows 1970." + refused, want: "device-clock-wrong suggests"},
		"it has ended":    {text: "The device certificate has expired." + refused, want: "cert-expired suggests"},
	}
}

// contextTables are the texts by what they show.
func contextTables() map[string]map[string]contextCase {
	return map[string]map[string]contextCase{
		"hub": hubTexts(), "explained": explainedTexts(), "another server": otherServerTexts(), "recovered": recoveredTexts(),
		"used up": resourceTexts(), "certificate": certificateTexts(), "denied": deniedTexts(),
	}
}

// TestTextInContext: the words around an error decide what it is about.
func TestTextInContext(t *testing.T) {
	t.Parallel()
	for kind, cases := range contextTables() {
		for name, test := range cases {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				first, all := answerOf(findings(t, test.text))
				if test.not == "" && first != test.want {
					t.Errorf("first %q, want %q; all: %s", first, test.want, causeNames(all))
				}
				for _, c := range all {
					if c.ID.String() == test.not && c.Strength != Allows {
						t.Errorf("%s %s", c.Strength, c.ID)
					}
				}
			})
		}
	}
}
