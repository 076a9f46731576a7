package logtext

import (
	"strconv"
	"strings"

	"dpsdiag/internal/codes"
)

// rows finds the rows of the catalogue by number. To ask package codes for each number of
// a log of a million lines would take too long.
type rows struct {
	dps, hub map[int]*codes.Entry // by six-digit code
	status   map[int]*codes.Entry // by HTTP status
	connack  map[int]*codes.Entry
	mbedTLS  map[uint64]*codes.Entry // by the number without its sign
	family   *codes.Entry            // the rule for codes without a row
}

func newRows() rows {
	t := rows{
		dps: map[int]*codes.Entry{}, hub: map[int]*codes.Entry{}, status: map[int]*codes.Entry{}, connack: map[int]*codes.Entry{},
		mbedTLS: map[uint64]*codes.Entry{}, family: codes.ByID("dps-code-family"),
	}
	for e := range codes.All() {
		number, err := strconv.Atoi(e.Code)
		switch {
		case e.Kind == codes.KindDPS && err == nil:
			t.dps[number] = e
		case e.Kind == codes.KindIoTHub && err == nil:
			t.hub[number] = e
		case e.Kind == codes.KindHTTP && err == nil:
			t.status[number] = e
		case e.Kind == codes.KindMQTT && strings.HasPrefix(e.Code, "CONNACK "):
			n, _ := strconv.Atoi(strings.TrimPrefix(e.Code, "CONNACK "))
			t.connack[n] = e
		}
		t.addMbedTLS(e)
	}
	return t
}

// addMbedTLS adds the numbers of mbedTLS that a row has for messages, such as "-0x2700".
func (t *rows) addMbedTLS(e *codes.Entry) {
	for _, message := range e.Messages {
		digits, ok := strings.CutPrefix(strings.ToLower(message), "-0x")
		if n, err := strconv.ParseUint(digits, 16, 16); ok && err == nil {
			t.mbedTLS[n] = e
		}
	}
}

// ofStatus is the row of an HTTP status that tells of a failure, or nil.
func (t *rows) ofStatus(status int) *codes.Entry {
	if status < 400 || status > 599 {
		return nil
	}
	if e := t.status[status]; e != nil || status < 500 {
		return e
	}
	return codes.ByID("http-5xx")
}
