package logtext

import (
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/codes"
)

// rows finds the rows of the catalogue by number: a list of numbers in ascending order,
// each with its kind in the upper bits, then its row. To ask package codes for each number
// of a log of a million lines would take too long.
type rows struct{ list string }

// numberKind says what a number is.
type numberKind uint32

// The kinds of numbers.
const (
	numberDPS     numberKind = iota // a six-digit code
	numberHub                       // one of IoT Hub
	numberStatus                    // an HTTP status; 5 stands for all of the 500 series
	numberConnack                   // a return code of MQTT
	numberMbedTLS                   // without its sign
	numberFamily                    // 0 is the rule for codes without a row
)

// numberBits is how many bits a number has below its kind.
const numberBits = 20

func (k numberKind) of(number int) uint32 { return uint32(k)<<numberBits | uint32(number) }

// find returns the row of a number, nil if it has none.
func (t rows) find(kind numberKind, number int) *codes.Entry {
	if number < 0 || number >= 1<<numberBits {
		return nil
	}
	wanted := kind.of(number)
	low, high := uint32(0), uint32(len(t.list)/8)
	for low < high {
		middle := (low + high) / 2
		switch found := uint32At(t.list, 2*middle); {
		case found == wanted:
			return codes.Row(int(uint32At(t.list, 2*middle+1)))
		case found < wanted:
			low = middle + 1
		default:
			high = middle
		}
	}
	return nil
}

func (t rows) dps(code int) *codes.Entry       { return t.find(numberDPS, code) }
func (t rows) hub(code int) *codes.Entry       { return t.find(numberHub, code) }
func (t rows) connack(code int) *codes.Entry   { return t.find(numberConnack, code) }
func (t rows) mbedTLS(number int) *codes.Entry { return t.find(numberMbedTLS, number) }

// family is the rule for six-digit codes without a row.
func (t rows) family() *codes.Entry { return t.find(numberFamily, 0) }

// ofStatus is the row of an HTTP status that tells of a failure, or nil.
func (t rows) ofStatus(status int) *codes.Entry {
	if status < 400 || status > 599 {
		return nil
	}
	if e := t.find(numberStatus, status); e != nil || status < 500 {
		return e
	}
	return t.find(numberStatus, status/100)
}

// encodeRows writes the list of numbers, see rows. Of two rows with the same number the
// later one counts.
func encodeRows(w *fieldWriter, rowNumbers map[*codes.Entry]uint16) {
	found := map[uint32]uint16{}
	for e := range codes.All() {
		for _, n := range numbersOf(e) {
			found[n] = rowNumbers[e]
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

// numbersOf are the numbers of a row, with their kinds.
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
