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
)

// numberBits is how many bits a number has below its kind.
const numberBits = 20

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
	return numbers
}
