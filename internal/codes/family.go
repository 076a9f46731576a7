package codes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Family is a table of numbers that a library or a system gives to its errors, such as the errno of C.
// The same number means different things in different families, so an entry names the family of each
// of its numbers.
type Family struct {
	// Name is the name of the family in the field numbers of the catalogue.
	Name string
	// Signed says that a number and its negative are different errors. Other families have numbers of
	// one sign, which some programs leave out.
	Signed bool
	// names are words that say which family a number is of; words are others that people put next to it.
	names, words string
}

// Families returns all families.
func Families() []Family {
	return []Family{
		{"errno", true, "errno oserror winerror socketexception gaierror getaddrinfo eai wsagetlasterror winsock wsa lwip winhttp", "os socket exception connect failure create"},
		{"mbedtls", false, "mbedtls oserror", "ssl tls handshake esp stack"},
		{"wolfssl", false, "wolfssl", "ssl connect failed"},
		{"bearssl", false, "bearssl getlastsslerror lastsslerror", "ssl last esp8266"},
		{"gnutls", false, "gnutls", "tls ssl e handshake"},
		{"openssl-verify", false, "verify openssl", "x509 v return result depth"},
		{"alert", false, "alert", "tls ssl fatal"},
		{"mbedtls-flags", false, "flags verification", "mbedtls x509 verify flag esp tls cert"},
		{"curl", false, "curl curle curlcode libcurl", "exit easy perform"},
		{"mosquitto", false, "mosquitto mosq paho", "mqtt python rc result disconnected disconnect"},
		{"pubsubclient", true, "pubsubclient", "arduino mqtt state rc failed status"},
		{"arduino-mqtt", true, "arduinomqttclient arduino", "mqtt sdk c connection"},
		{"paho-c", true, "mqttclient mqttasync", "paho mqtt rc return"},
		{"mqtt5", false, "mqtt5 v5 reason", "mqtt disconnect connack"},
		{"cmqtt", false, "cmqtt cmqttconnect cmqttstart cmqttconnlost simcom", "at mqtt modem"},
		{"qmt-open", true, "qmtopen quectel", "at mqtt modem"},
		{"qmt-stat", false, "qmtstat quectel", "at mqtt modem"},
		{"cch", false, "cchopen simcom", "at tls ssl modem"},
		{"apple", false, "cfnetwork securetransport nsurlerrordomain kcfstreamerrordomainssl", "sslhandshake failed code error domain ios macos swift"},
		{"cme", false, "cme modem", "at"},
		{"esp-tls", false, "esp", "tls last reported from"},
		{"esp-mqtt", false, "esp", "mqtt type event"},
		{"netx-secure", false, "netx netxduo secure", "nx tls x509 threadx"},
	}
}

// FamilyNumber is a number of a family.
type FamilyNumber struct {
	Family Family
	Number int
}

// ParseFamilyNumber reads an element of the field numbers, such as "errno 110" or "mbedtls -0x2700".
func ParseFamilyNumber(text string) (FamilyNumber, error) {
	name, number, _ := strings.Cut(text, " ")
	i := slices.IndexFunc(Families(), func(f Family) bool { return f.Name == name })
	if i < 0 {
		return FamilyNumber{}, fmt.Errorf("%q does not begin with a family of numbers", text)
	}
	n, err := strconv.ParseInt(number, 0, 32)
	if err != nil {
		return FamilyNumber{}, fmt.Errorf("%q does not end with a number", text)
	}
	return FamilyNumber{Families()[i], int(n)}, nil
}

// FamilyNumbers returns the numbers of an entry with their families.
func (e *Entry) FamilyNumbers() []FamilyNumber {
	var numbers []FamilyNumber
	for _, text := range e.Numbers {
		if n, err := ParseFamilyNumber(text); err == nil { // the generator has refused what is none
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// distinctive is the size from which a number is recognised without a word that names its family.
const distinctive = 1000

// numeral is the number for look-ups.
func (n FamilyNumber) numeral() numeral {
	size := uint64(max(n.Number, -n.Number))
	found := numeral{
		low: size, high: size, exact: true, code: n.Family.Name, synonyms: n.Family.names + " " + n.Family.words,
		signed: n.Family.Signed, negative: n.Number < 0,
	}
	if size < distinctive {
		found.names = n.Family.names
	}
	return found
}
