package logtext

import (
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/codes"
)

// numberIndex finds the entries of the catalogue by number: a list of numbers in ascending order, each
// with its kind in the upper bits, then the index of its entry. Calling package codes for each number
// of a log of a million lines would take too long.
type numberIndex struct{ list string }

// numberKind is the kind of a number.
type numberKind uint32

// The kinds of numbers.
const (
	numberDPS     numberKind = iota // a six-digit code
	numberHub                       // one of IoT Hub
	numberStatus                    // an HTTP status; 5 means all of the 500 series
	numberConnack                   // a return code of MQTT
	numberMbedTLS                   // without its sign
	numberFamily                    // 0 is the rule for codes without an entry
	numberErrno                     // from here on those of codes.Families, see familyKinds
	numberWolfSSL
	numberBearSSL
	numberGnuTLS
	numberOpenSSLVerify
	numberAlert
	numberMbedTLSFlags
	numberCurl
	numberMosquitto
	numberPubSubClient
	numberArduinoMQTT
	numberPahoC
	numberMQTT5
	numberCMQTT
	numberQMTOpen
	numberCCH
	numberApple
	numberQMTStat
	numberESPMQTT
	numberNetXSecure
	numberESPTLS
	numberCME
)

// familyKinds are the kinds by the names of the families.
func familyKinds() map[string]numberKind {
	return map[string]numberKind{
		"errno": numberErrno, "mbedtls": numberMbedTLS, "wolfssl": numberWolfSSL, "bearssl": numberBearSSL, "gnutls": numberGnuTLS,
		"openssl-verify": numberOpenSSLVerify, "alert": numberAlert, "mbedtls-flags": numberMbedTLSFlags, "curl": numberCurl,
		"mosquitto": numberMosquitto, "pubsubclient": numberPubSubClient, "arduino-mqtt": numberArduinoMQTT, "paho-c": numberPahoC,
		"mqtt5": numberMQTT5, "cmqtt": numberCMQTT, "qmt-open": numberQMTOpen, "qmt-stat": numberQMTStat, "cch": numberCCH, "apple": numberApple,
		"esp-mqtt": numberESPMQTT, "netx-secure": numberNetXSecure, "esp-tls": numberESPTLS, "cme": numberCME,
	}
}

// numberBits is how many bits a number has below its kind. The uppermost one is set in a negative
// number.
const (
	numberBits = 20
	negative   = 1 << (numberBits - 1)
)

func (k numberKind) of(number int) uint32 { return uint32(k)<<numberBits | uint32(number) }

// find returns the entry of a number, nil if it has none.
func (t numberIndex) find(kind numberKind, number int) *codes.Entry {
	if number < 0 || number >= 1<<numberBits {
		return nil
	}
	wanted := kind.of(number)
	low, high := uint32(0), uint32(len(t.list)/8)
	for low < high {
		middle := (low + high) / 2
		switch found := uint32At(t.list, 2*middle); {
		case found == wanted:
			return codes.At(int(uint32At(t.list, 2*middle+1)))
		case found < wanted:
			low = middle + 1
		default:
			high = middle
		}
	}
	return nil
}

func (t numberIndex) dps(code int) *codes.Entry       { return t.find(numberDPS, code) }
func (t numberIndex) hub(code int) *codes.Entry       { return t.find(numberHub, code) }
func (t numberIndex) connack(code int) *codes.Entry   { return t.find(numberConnack, code) }
func (t numberIndex) mbedTLS(number int) *codes.Entry { return t.find(numberMbedTLS, number) }

// ofFamily is the entry of a number of a family, or nil.
func (t numberIndex) ofFamily(kind numberKind, number int) *codes.Entry {
	switch {
	case number <= -negative || number >= negative:
		return nil
	case number < 0 && isSigned(kind):
		return t.find(kind, negative-number)
	}
	return t.find(kind, max(number, -number))
}

// isSigned is the field Signed of the family of a kind.
func isSigned(kind numberKind) bool {
	switch kind {
	case numberErrno, numberPubSubClient, numberArduinoMQTT, numberPahoC, numberQMTOpen:
		return true
	}
	return false
}

// family is the rule for six-digit codes without an entry.
func (t numberIndex) family() *codes.Entry { return t.find(numberFamily, 0) }

// ofStatus is the entry of an HTTP status that is a failure, or nil.
func (t numberIndex) ofStatus(status int) *codes.Entry {
	if status < 400 || status > 599 {
		return nil
	}
	if e := t.find(numberStatus, status); e != nil || status < 500 {
		return e
	}
	return t.find(numberStatus, status/100)
}

// encodeNumbers writes the list of numbers, see numberIndex. Of two entries with the same number the
// later one counts.
func encodeNumbers(w *fieldWriter, entryNumbers map[*codes.Entry]uint16) {
	found := map[uint32]uint16{}
	for e := range codes.All() {
		for _, n := range numbersOf(e) {
			found[n] = entryNumbers[e]
		}
	}
	numbers := make([]uint32, 0, len(found))
	for n := range found {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	list := make([]uint32, 0, 2*len(numbers))
	for _, n := range numbers {
		list = append(list, n, uint32(found[n]))
	}
	w.add(list)
}

// numbersOf are the numbers of an entry, with their kinds.
func numbersOf(e *codes.Entry) []uint32 {
	var numbers []uint32
	switch e.ID {
	case "http-5xx":
		numbers = append(numbers, numberStatus.of(5))
	case "dps-code-family":
		numbers = append(numbers, numberFamily.of(0))
	}
	code := e.Code
	kinds := map[codes.Kind]numberKind{codes.KindDPS: numberDPS, codes.KindIoTHub: numberHub, codes.KindHTTP: numberStatus}
	kind, numbered := kinds[e.Kind]
	if e.Kind == codes.KindMQTT {
		kind = numberConnack
		code, numbered = strings.CutPrefix(code, "CONNACK ")
	}
	if n, err := strconv.ParseUint(code, 10, numberBits); numbered && err == nil {
		numbers = append(numbers, kind.of(int(n)))
	}
	for _, message := range e.Messages { // such as "-0x2700"
		digits, ok := strings.CutPrefix(strings.ToLower(message), "-0x")
		if n, err := strconv.ParseUint(digits, 16, 16); ok && err == nil {
			numbers = append(numbers, numberMbedTLS.of(int(n)))
		}
	}
	return append(numbers, familyNumbersOf(e)...)
}

// familyNumbersOf are the numbers of an entry in families; the code of a TLS alert is one.
func familyNumbersOf(e *codes.Entry) []uint32 {
	var numbers []uint32
	if n, err := codes.ParseFamilyNumber(e.Code); err == nil && e.Kind == codes.KindTLS {
		numbers = append(numbers, numberAlert.of(n.Number))
	}
	for _, n := range e.FamilyNumbers() {
		kind, number := familyKinds()[n.Family.Name], max(n.Number, -n.Number)
		if n.Number < 0 && isSigned(kind) {
			number |= negative
		}
		numbers = append(numbers, kind.of(number))
	}
	return numbers
}
