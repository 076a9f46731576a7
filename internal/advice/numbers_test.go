package advice

import (
	"testing"

	"dpsdiag/internal/cause"
)

// TestNumbersLeadToTheirCause: a number that is clear by itself leads to its cause, whatever library
// prints it. The likeness of words does not take part.
func TestNumbersLeadToTheirCause(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]cause.ID{
		"OSError: [Errno 12] ENOMEM":                         cause.ClientLimitExceeded,
		"socket: errno 24":                                   cause.ClientLimitExceeded,
		"send failed, errno = 101":                           cause.NetworkUnreachable,
		"OSError: 118":                                       cause.NetworkUnreachable,
		"connect to /run/aziot/keyd.sock: (os error 13)":     cause.LocalServiceDenied,
		"Failure: connect failure 13.":                       cause.LocalServiceDenied,
		"socket create failure 10093.":                       cause.ClientDefect,
		"Socket error 10051":                                 cause.NetworkUnreachable,
		"WSAGetLastError 11001":                              cause.DNSFailure,
		"gaierror: [Errno -2]":                               cause.DNSFailure,
		"OSError: -202":                                      cause.DNSFailure,
		"OSError: -9984":                                     cause.ServerRootCAMissing,
		"OSError: -32512":                                    cause.ClientLimitExceeded,
		"mbedtls_ssl_handshake returned -0x52":               cause.DNSFailure,
		"mbedtls_ssl_handshake returned -0x7100":             cause.ServerRootCAMissing,
		"mbedtls_pk_parse_key returned -0x3B00":              cause.DeviceKeyMaterialUnreadable,
		"TLS handshake error: -2700":                         cause.ServerRootCAMissing,
		"esp_tls_cert_verify_flags=0x200":                    cause.DeviceClockWrong,
		"wolfSSL error: -151":                                cause.DeviceClockWrong,
		"wolfSSL error: -166":                                cause.CertKeyPairMismatch,
		"wolfSSL error: -322":                                cause.WrongGlobalEndpoint,
		"getLastSSLError: 53":                                cause.DeviceClockWrong,
		"getLastSSLError: 62":                                cause.ServerRootCAMissing,
		"getLastSSLError: -1000":                             cause.ClientLimitExceeded,
		"verify error:num=9:":                                cause.DeviceClockWrong,
		"Verify return code: 26 (text)":                      cause.CertWrongRoleOrExtensions,
		"gnutls_handshake() failed: -348":                    cause.ServerRootCAMissing,
		"gnutls_handshake() failed: -60":                     cause.CertKeyPairMismatch,
		"WinHttpSendRequest: 0x80072F05":                     cause.DeviceClockWrong,
		"WinHttpSendRequest failed, 12044":                   cause.ClientCertNotPresented,
		"Win32Exception (0x80090325)":                        cause.ServerRootCAMissing,
		"errors in the certificate chain: NotTimeValid":      cause.DeviceClockWrong,
		"errors in the certificate chain: OfflineRevocation": cause.PortBlocked,
		"invalid peer certificate: NotValidForName":          cause.WrongGlobalEndpoint,
		"curl: (98)":                                         cause.ClientCertNotPresented,
		"curl: (77) text":                                    cause.ServerRootCAMissing,
		"SSL alert number 116":                               cause.ClientCertNotPresented,
		"[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED]":           cause.ClientCertNotPresented,
		"mqtt: on_disconnect rc: 19":                         cause.NetworkUnreachable,
		"mqtt: disconnected, rc=8":                           cause.ServerRootCAMissing,
		"mqtt: failed with state -2":                         cause.ServerRootCAMissing,
		"MQTT connection failed! Error code = -2":            cause.ServerRootCAMissing,
		"mqtt reason code: 159":                              cause.Throttled,
		"mqtt reason code: 142":                              cause.ConnectionTakenOver,
		"+CMQTTCONNECT: 0,25":                                cause.DNSFailure,
		"+CMQTTCONNECT: 0,29":                                cause.WrongIDScope,
		"+CMQTTCONNECT: 0,32":                                cause.ServerRootCAMissing,
		"+QMTOPEN: 0,4":                                      cause.DNSFailure,
		"+QMTSTAT: 0,2":                                      cause.NetworkUnreachable,
		"umqtt.simple.MQTTException: 3":                      cause.WrongIDScope,
		"nx_secure_tls_session_start failed: 0x105":          cause.TLSVersionOrCipherUnsupported,
		"Max number of Iot Hubs exceeded for sku = Free":     cause.QuotaExceeded,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			d := diagnoseText(findings(t, "dps: "+text), nil, usualMeasures())
			if len(d.Causes) == 0 || d.Causes[0].ID != want {
				t.Errorf("%q: %v, want %s first", text, causeIDs(d.Causes), want)
			}
		})
	}
}

func causeIDs(causes []Cause) []cause.ID {
	var ids []cause.ID
	for _, c := range causes {
		ids = append(ids, c.ID)
	}
	return ids
}
