package logtext_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

// TestEveryNumber: every number of the catalogue matches its entry after the words that a program prints
// there.
func TestEveryNumber(t *testing.T) {
	t.Parallel()
	forms := map[string]string{
		"errno": "connect failed: errno=%d", "mbedtls": "mbedtls_ssl_handshake returned -0x%x", "wolfssl": "wolfSSL error: %d", "bearssl": "getLastSSLError: %d",
		"gnutls": "gnutls_handshake() failed: %d", "openssl-verify": "Verify return code: %d (text)", "alert": "SSL alert number %d", "mbedtls-flags": "esp_tls_cert_verify_flags=0x%x", "curl": "curl: (%d) text",
		"mosquitto": "Disconnected with result code %d", "pubsubclient": "failed with state %d", "arduino-mqtt": "MQTT connection failed! Error code = %d", "paho-c": "MQTTClient_connect failed, rc=%d",
		"mqtt5": "MQTT reason code 0x%x", "cmqtt": "+CMQTTCONNECT: 0,%d", "qmt-open": "+QMTOPEN: 0,%d", "qmt-stat": "+QMTSTAT: 0,%d", "esp-mqtt": "mqtt error type: %d", "esp-tls": "Last error code reported from esp-tls: 0x%x", "cme": "+CME ERROR: %d", "netx-secure": "nx_secure_tls_session_start failed: 0x%x",
		"cch": "+CCHOPEN: 0,%d", "apple": "NSURLErrorDomain error %d",
	}
	for _, f := range codes.Families() {
		if forms[f.Name] == "" {
			t.Errorf("this test has no form for numbers of %s", f.Name)
		}
	}
	for e := range codes.All() {
		for _, n := range e.FamilyNumbers() {
			number := n.Number
			if n.Family.Name == "mbedtls" {
				number = -number // the form has the sign
			}
			text := "dps: the client said:\n[12:00] " + fmt.Sprintf(forms[n.Family.Name], number) + "\nend"
			is := func(m logtext.Match) bool { return m.Entry == e && m.Line.Line == 2 }
			if found := scan(t, text); !slices.ContainsFunc(found.Matches, is) {
				t.Errorf("%s %d of %s: found %v in %q", n.Family.Name, n.Number, e.ID, matches(found.Matches), text)
			}
		}
	}
}

// TestFamilyNumbers: the forms in which systems, libraries and modems print their numbers.
func TestFamilyNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		// errno, by the number of Linux, of newlib (ESP32, Zephyr), of BSD and of Windows
		"OSError: [Errno 12] ENOMEM":                              {"errno-memory 1"},
		"connect() failed, errno: 110":                            {"net-timedout 1"},
		"mqtt: socket connect failed errno = 116":                 {"net-timedout 1"},
		"[Errno 61] connect":                                      {"net-refused 1"},
		"Failed to open a new connection: errno=119":              {"esp-tls-connect 1", "net-timedout 1"},
		"send: errno 128":                                         {"errno-not-connected 1"},
		"Error: Failure: connect failure 10061.":                  {"c-net-socket 1", "net-winsock-refused 1"},
		"socket create failure 10093.":                            {"winsock-not-started 1"},
		"Socket error 10060":                                      {"net-winsock-timeout 1"},
		"WSAGetLastError returned 11001":                          {"net-winsock-dns 1"},
		"ExtendedSocketException (10013)":                         {"errno-blocked 1"},
		"key not opened (os error 13)":                            {"errno-access 1"},
		"OSError: 113":                                            {"net-unreach 1"},
		"captured as transport's socket errno: 0x68":              {"net-reset 1"},
		"mqtt_connect failed -111":                                {"net-refused 1", "zephyr-mqtt-connect 1"},
		"CFNetwork SSLHandshake failed (-9807)":                   {"apple-tls-untrusted 1"},
		"Connection 1: TLS Trust encountered error 3:-9807":       {"apple-tls-untrusted 1"},
		"Error Domain=NSURLErrorDomain Code=-1003 text":           {"apple-dns 1"},
		"OSStatus error -9814.":                                   {"apple-tls-expired 1"},
		"+CCHOPEN: 1,15":                                          {"cch-tls 1"},
		"+CCHOPEN: 0,0":                                           nil,
		"[WinError 32] used by another process":                   nil,
		"[WinError 1225] refused":                                 {"net-refused 1"},
		"WinHttpOpen failed, GetLastError() = 12007":              {"winhttp-name 1", "c-winhttp 1"},
		"WinHttpSendRequest failed 12029":                         {"winhttp-connect 1", "c-winhttp 1"},
		"WinHttpSendRequest: 0x80072F8F":                          {"winhttp-secure-failure 1", "c-winhttp 1"},
		"Win32Exception: SSPI failed with -2146893019":            {"schannel-untrusted 1"},
		"[Errno 0] Success":                                       nil,
		"errno 4711":                                              nil,
		"errnofoo 110, xerrno is not 111x":                        nil,
		"at 12:00:01 errno:":                                      nil,
		"socket.gaierror: [Errno -3] a text":                      {"net-dns-again 1", "net-no-such-host 1"},
		"getaddrinfo() returns 202, addrinfo=0x0":                 {"errno-lwip-resolver 1", "esp-tls-dns 1"},
		"OSError: -202":                                           {"errno-lwip-resolver 1"},
		"OSError: -30592":                                         {"mbedtls-alert 1"},
		"OSError: (-17040, 'text')":                               nil,
		"OSError: (-9216, 'MBEDTLS_ERR_X509_INVALID_DATE')":       {"mbedtls-cert-parse 1"},
		"mbedtls_x509_crt_parse returned -0x21E6":                 {"esp-tls-cert-parse 1", "mbedtls-cert-parse 1"},
		"net_sock_tls: TLS handshake error: -7280":                {"mbedtls-closed 1", "zephyr-tls 1"},
		"reported from tls stack: 0x2700":                         {"mbedtls-2700 1"},
		"esp_tls_cert_verify_flags=0x208":                         {"esp-cert-flags-time 1", "esp-cert-flags-trust 1"},
		"wolfSSL_connect failed, err = -155":                      {"wolfssl-trust 1"},
		"BearSSL error: 54":                                       {"bearssl-time 1"},
		"BearSSL error: 296":                                      {"tls-alert-40 1"},
		"BearSSL error: 560":                                      {"tls-alert-48 1"},
		"depth=1 verify error:num=9:text":                         {"openssl-x509-9 1"},
		"Verify return code: 0 (ok)":                              nil,
		"Verify return code: 23 (text)":                           {"openssl-verify-revoked 1"},
		"got an alert message, type: [2:42]":                      {"tls-alert-42 1"},
		"The TLS protocol defined fatal error code is 70":         {"tls-alert-70 1"},
		"gnutls_handshake() failed: -348":                         {"gnutls-trust 1"},
		"curl: (35) text":                                         {"curl-tls 1"},
		"cURL error 28: text":                                     {"curl-timeout 1"},
		"azure device: Disconnected with result code 7":           {"mosq-rc-lost 1"},
		"paho: on_disconnect rc: 19":                              {"mosq-rc-keepalive 1"},
		"mqtt: rc: 16":                                            {"mosq-rc-keepalive 1"},
		"rc: 16":                                                  nil,
		"failed with state -2":                                    {"arduino-pubsub-neg 1"},
		"failed, rc=-4 try again in 5 seconds":                    {"arduino-pubsub-timeout 1"},
		"failed, rc=-3 try again in 5 seconds":                    {"arduino-pubsub-lost 1"},
		"failed, rc=3 try again in 5 seconds":                     {"mqtt-connack-3 1"},
		"client initialized (state=1)":                            nil,
		"MQTT connection failed! Error code = -1":                 {"arduino-mqtt-timeout 1"},
		"MQTT connection failed! Error code = 5":                  {"mqtt-connack-5 1"},
		"MQTT5 DISCONNECT, reason code 135":                       {"mqtt5-credentials 1"},
		"MQTT reason code: 0x8e":                                  {"mqtt5-session-taken-over 1"},
		"+CMQTTCONNECT: 0,32":                                     {"cmqtt-tls 1"},
		"+CMQTTCONNECT: 0,0":                                      nil,
		"+CMQTTSTART: 23":                                         {"cmqtt-client 1"},
		"+QMTOPEN: 0,3":                                           {"qmt-pdp 1"},
		"+QMTOPEN: 2,-1":                                          {"qmt-network 1"},
		"+QMTCONN: 0,0,4":                                         {"mqtt-connack-4 1"},
		"+QMTCONN: 0,0,0":                                         nil,
		"+CME ERROR: 30":                                          {"modem-cme-network 1"},
		"esp_tls_last_esp_err=0x8001":                             {"esp-tls-dns 1"},
		"net_mqtt: connect failed, err -116":                      {"net-timedout 1"},
		"azure_iot_hub: MQTT error: -12":                          {"errno-memory 1"},
		"Failed to connect: -1":                                   nil,
		"Failed to connect: -30592":                               {"mbedtls-alert 1"},
		"device 12 failed to connect 3 times":                     nil,
		"+QMTSTAT: 0,1":                                           {"qmt-stat-closed 1"},
		"invalid peer certificate: UnknownIssuer":                 {"rustls-trust 1"},
		"chain: RevocationStatusUnknown":                          {"net-chain-revocation 1"},
		"the state is 5 and the result 7, exit status 60, rc -2.": nil,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, matches(scan(t, text).Matches)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", text, diff)
			}
		})
	}
}

// TestNumbersOfOtherSoftware: the numbers of a text that is about something else mean nothing.
func TestNumbersOfOtherSoftware(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"nginx: [error] connect() failed (errno 111) while connecting to upstream",
		"mysqld: Got error: socket error 10060 on table x",
		"php-fpm: cURL error 28: timed out",
		"kernel: usb 1-1: device descriptor read/64, errno 110\nkernel: ssl alert number 42",
		"Jenkins: script failed, rc=5\nJenkins: failed with state -2",
		"postgres: client disconnected with result code 7\npostgres: error (os error 13)",
	} {
		if found := scan(t, text); len(found.Matches) > 0 {
			t.Errorf("%q: found %v", text, matches(found.Matches))
		}
	}
}
