package logtext

import (
	"bytes"
	"math/bits"
	"strconv"
	"strings"

	"dpsdiag/internal/codes"
)

// familyNames lists the words after which programs print a number of a family of codes.Families: words
// of a library, since a number alone may be that of any program.
func familyNames() []names {
	return []names{
		{keyErrno, []string{
			"errno", "errno is", "os error", "oserror", "wsagetlasterror", "wsagetlasterror()", "wsagetlasterror returned", "socketexception", "socketexceptionfactory+extendedsocketexception",
			"socket error", "socket error code", "socket error is", "winsock error", "wsa error", "connect failure", "socket create failure", "so_error", "sock errno", "getsockopt error", "native error code", "nativeerrorcode",
			"gaierror", "getaddrinfo error", "getaddrinfo() returns", "getaddrinfo returned", "getaddrinfo failed, err", "getaddrinfo() failed, error", "getaddrinfo() failed, err", "dns lookup failed err",
			"mqtt_connect failed", "mqtt_connect", "mqtt_connect error", "mqtt_connect, error",
		}},
		{keyWindowsError, []string{
			"winerror", "getlasterror", "getlasterror()", "getlasterror returned", "lasterror", "win32 error", "win32 error code", "winhttpsendrequest failed", "winhttpsendrequest failed,", "winhttpreceiveresponse failed", "winhttp error", "winhttp error code",
		}},
		{keyErrnoHex, []string{"captured as transport's socket errno"}},
		{keyWolfSSL, []string{
			"wolfssl connect failed", "wolfssl_connect failed", "wolfssl_connect failed, err", "wolfssl_connect error", "wolfssl_connect returned", "wolfssl error", "wolfssl error code", "wolfssl err", "wolfssl_get_error",
			"wolfssl_get_error returned", "wolfssl_get_error()", "wolfssl_read failed", "wolfssl_write failed", "wolfssl tls error", "wolfssl: error", "wolfssl failed, error",
		}},
		{keyBearSSL, []string{"getlastsslerror", "getlastsslerror()", "last ssl error", "last ssl error code", "lastsslerror", "bearssl error", "bearssl error code", "bearssl last error", "br_ssl_engine_last_error", "bearssl err", "bearssl"}},
		{keyGnuTLS, []string{"gnutls error", "gnutls_handshake() failed", "gnutls_handshake returned", "gnutls handshake error", "gnutls_handshake failed", "gnutls recv error", "gnutls send error"}},
		{keyOpenSSLVerify, []string{"verify error:num", "verify error: num", "verify return code", "verify error code", "verify result", "verify_result", "ssl_get_verify_result", "ssl_get_verify_result returned", "x509_v_err", "certificate verify error code"}},
		{keyAlert, []string{
			"ssl alert number", "tls alert number", "alert number", "got an alert message, type: [2", "received alert", "received fatal alert", "fatal alert code", "tls alert", "ssl alert", "tls alert code", "alert description", "fatal alert received",
			"the tls protocol defined fatal error code is", "the tls protocol defined fatal alert code is", "tls protocol defined fatal error code is", "alert code", "tls fatal alert",
		}},
		{keyMbedTLSFlags, []string{"esp_tls_cert_verify_flags", "esp_tls_flags", "tls_cert_verify_flags", "mbedtls_ssl_get_verify_result", "verification info flags", "verify flags", "verify peer certificate flags"}},
		{keyCurl, []string{"curl", "curl error", "curl error code", "curlcode", "curl_easy_perform() failed with code", "curl_easy_perform() returned", "curl_easy_perform returned", "curl exit code", "curl failed with", "curl exited with code", "curl return code"}},
		{keyMosquitto, []string{
			"disconnected with result code", "disconnected with rc", "disconnected with return code", "disconnected, rc", "disconnected rc", "disconnected (rc", "disconnect rc", "disconnect with rc", "disconnect with result code", "unexpected disconnection rc",
			"unexpected disconnection", "unexpected disconnect rc", "unexpected disconnect", "on_disconnect rc", "on_disconnect: rc", "disconnect code", "mosquitto error", "mosquitto_connect returned", "mosquitto_loop returned", "mosquitto rc",
			"mqtterrorcode", "mqtt_err", "paho error code", "paho rc", "disconnecting, rc", "disconnection rc", "disconnect reason rc",
		}},
		{keyPubSubClient, []string{
			"failed, rc", "failed rc", "failed with state", "failed, state", "failed state", "pubsubclient state", "pubsubclient error", "mqtt client state", "mqttclient state", "mqttclient.state()", "client.state()", "client state", "mqtt state", "mqtt rc",
			"mqtt connect failed, rc", "failed, status code", "mqtt error state", "mqtt status", "connection failed, rc", "mqtt connection failed, status",
		}},
		{keyArduinoMQTT, []string{"mqtt connection failed! error code", "connection failed! error code", "sdk-c code", "mqttclient.connecterror()", "connecterror()", "mqtt connect error code", "mqtt client connect error"}},
		{keyPahoC, []string{
			"mqttclient return code", "mqttclient_connect returned", "mqttclient_connect failed, rc", "mqttclient_connect rc", "mqttasync_connect returned", "failed to connect, return code", "failed to start connect, return code", "mqttasync return code",
			"connect failed, rc",
		}},
		{keyCMQTT, []string{"+cmqttstart:", "+cmqttaccq:", "+cmqttsslcfg:", "+cmqttconnect:", "+cmqttdisc:", "+cmqttsub:", "+cmqttunsub:", "+cmqttpub:", "+cmqttrel:", "+cmqttstop:"}},
		{keyQMTOpen, []string{"+qmtopen:"}},
		{keyCCH, []string{"+cchopen:"}},
		{keyApple, []string{"cfnetwork sslhandshake failed", "sslhandshake failed", "tls trust encountered error 3:", "ssl handshake failed (osstatus", "securetransport error", "nsurlerrordomain error", "nsurlerrordomain code", "domain=nsurlerrordomain code", "error domain=nsurlerrordomain code", "kcfstreamerrordomainssl error", "kcfstreamerrordomainssl code", "kcfstreamerrordomainssl,", "_kcfstreamerrorcodekey", "osstatus error", "osstatus"}},
		{keyQMTStat, []string{"+qmtstat:"}},
		{keyQMTConn, []string{"+qmtconn:"}},
		{keyESPMQTT, []string{"mqtt error type", "error_handle->error_type", "mqtt_error_type", "mqtt_event_error error_type"}},
		{keyESPTLS, []string{"reported from esp-tls", "esp_tls_last_esp_err", "last esp-tls error", "esp-tls error", "esp_tls error"}},
		{keyCME, []string{"+cme error"}},
		{keyNegated, []string{
			"connect failed", "connect failed: err", "connect failed, err", "connect failed, error", "connect failed err", "connect failed with", "connect failed with error", "connect failed: ret", "connect failed ret", "connect() failed", "connect error", "connect err",
			"failed to connect", "failed to connect, err", "failed to connect, error", "failed to connect: err", "failed to connect, ret", "failed to connect err", "mqtt client error", "mqtt error", "mqtt connect error", "mqtt connection error",
			"socket connect error", "tls connect error", "sock_connect failed, ret", "sslclient error",
		}},
		{keyNetXSecure, []string{"nx_secure_tls_session_start failed", "nx_secure_tls_session_start error", "nx_secure_tls_session_start returned", "tls session start failed", "nx_secure_tls", "nx_secure_x509", "tls error status"}},
	}
}

// families are the families that the number after a name may be from, in the order of their look-up.
func (k key) families() []numberKind {
	switch k {
	case keyErrno, keyErrnoHex, keyWindowsError, keyNegated:
		return []numberKind{numberErrno}
	case keyWolfSSL:
		return []numberKind{numberWolfSSL}
	case keyBearSSL:
		return []numberKind{numberBearSSL}
	case keyGnuTLS:
		return []numberKind{numberGnuTLS}
	case keyOpenSSLVerify:
		return []numberKind{numberOpenSSLVerify}
	case keyAlert:
		return []numberKind{numberAlert}
	case keyCurl:
		return []numberKind{numberCurl}
	case keyNetXSecure:
		return []numberKind{numberNetXSecure}
	case keyESPTLS:
		return []numberKind{numberESPTLS}
	case keyApple:
		return []numberKind{numberApple}
	}
	return k.mqttFamilies()
}

// mqttFamilies are those of clients of MQTT.
func (k key) mqttFamilies() []numberKind {
	switch k {
	case keyMosquitto:
		return []numberKind{numberMosquitto, numberMQTT5}
	case keyPubSubClient:
		return []numberKind{numberPubSubClient, numberConnack}
	case keyArduinoMQTT:
		return []numberKind{numberArduinoMQTT, numberConnack}
	case keyPahoC:
		return []numberKind{numberPahoC, numberConnack}
	case keyCMQTT:
		return []numberKind{numberCMQTT}
	case keyQMTOpen:
		return []numberKind{numberQMTOpen}
	case keyCCH:
		return []numberKind{numberCCH}
	case keyQMTStat:
		return []numberKind{numberQMTStat}
	case keyQMTConn:
		return []numberKind{numberConnack}
	case keyESPMQTT:
		return []numberKind{numberESPMQTT}
	case keyCME:
		return []numberKind{numberCME}
	}
	return nil
}

// readFamilyNumber notes the error of the number after a name.
func (r *pass) readFamilyNumber(h hit) {
	rest := r.after(h)
	switch h.key {
	case keyCMQTT, keyQMTOpen, keyQMTStat, keyQMTConn, keyCCH:
		rest = lastField(rest)
	}
	number, written, ok := cutNumber(rest, h.key == keyErrnoHex)
	if !ok || number == 0 || h.key == keyWindowsError && number < leastSocketError || h.key == keyNegated && number > -leastNegated {
		return
	}
	h = r.upTo(h, written)
	if r.tells(h) {
		return
	}
	if h.key == keyMbedTLSFlags {
		for flags := uint32(number); flags != 0; flags &= flags - 1 {
			r.noteNumber(h, r.words.byNumber.ofFamily(numberMbedTLSFlags, 1<<bits.TrailingZeros32(flags)))
		}
		return
	}
	r.noteNumber(h, r.entryOf(h.key, number))
}

// entryOf is the entry of the number after a name, or nil.
func (r *pass) entryOf(k key, number int) *codes.Entry {
	known := r.words.byNumber
	for _, kind := range k.families() {
		if kind == numberConnack && (number < 1 || number > 5) {
			continue
		}
		if entry := known.ofFamily(kind, number); entry != nil {
			return entry
		}
	}
	switch {
	case (k == keyErrno || k == keyNegated) && number <= -leastMbedTLS: // MicroPython has one exception for both
		return known.ofMbedTLS(-number)
	case (k == keyErrno || k == keyNegated) && number <= -leastNegated: // as functions of Zephyr and of Linux return it
		return known.ofFamily(numberErrno, -number)
	case k == keyBearSSL && number > bearSSLAlert:
		return known.ofFamily(numberAlert, number%bearSSLAlert)
	}
	return nil
}

const (
	// leastMbedTLS is the least number of mbedTLS that is no errno.
	leastMbedTLS = 0x1080
	// leastSocketError is the least number of Windows for a connection. Those below are no errno.
	leastSocketError = 1000
	// leastNegated is the least errno that is looked up if its negative is no error of getaddrinfo.
	leastNegated = 12
	// bearSSLAlert is what BearSSL adds to the number of an alert that it received; to one that it sent
	// it adds twice as much.
	bearSSLAlert = 256
)

// ofMbedTLS is the entry of an error of mbedTLS, without its sign. Such a number may be the sum of one
// of a module for certificates, keys or sessions, and one of a module below it; then the entry is that
// of the first.
func (t numberIndex) ofMbedTLS(number int) *codes.Entry {
	if entry := t.mbedTLS(number); entry != nil || number < leastMbedTLS {
		return entry
	}
	return t.mbedTLS(number &^ 0x7f)
}

// noteNumber notes the error that a number means. Like the number, its name is one that other programs
// use, too.
func (r *pass) noteNumber(h hit, entry *codes.Entry) {
	if entry != nil {
		r.noteWords(h, entry, !r.lineIsAnchored())
	}
}

// tells reports whether a message of the catalogue contains the number at the end of a hit, and so
// says more than it.
func (r *pass) tells(h hit) bool {
	for _, other := range r.hits {
		if other.entry != nil && !other.lastResort && !other.entry.Wrapper && other.start < h.end && h.end <= other.end {
			return true
		}
	}
	return false
}

// cutNumber reads the number at the start of text, decimal or after 0x hexadecimal, and how it is
// written.
func cutNumber(text []byte, isHexadecimal bool) (number int, written string, ok bool) {
	written = cutToken(text)
	if end := strings.IndexFunc(written, func(c rune) bool { return c == ':' || c == '.' || c == '(' || c == '\'' }); end > 0 {
		written = written[:end]
	}
	digits, isNegative := strings.CutPrefix(written, "-")
	base := 10
	if hex, found := strings.CutPrefix(strings.ToLower(digits), "0x"); found || isHexadecimal {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 20)
	if err != nil {
		return 0, "", false
	}
	number = int(n)
	if isNegative {
		number = -number
	}
	return number, written, true
}

// lastField returns the last of the numbers with commas between them at the start of a text: modems
// put the number of the client first.
func lastField(text []byte) []byte {
	for {
		end := 0
		for end < len(text) && isDigit(text[end]) {
			end++
		}
		if end == 0 || end+1 >= len(text) || text[end] != ',' || !isDigit(text[end+1]) && text[end+1] != '-' {
			return text
		}
		text = bytes.TrimLeft(text[end+1:], " ")
	}
}
