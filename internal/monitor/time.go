package monitor

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// localTime says how dates with slashes are read.
type localTime bool

// monthFirst is the order of the United States, dayFirst that of most other countries.
const (
	monthFirst localTime = false
	dayFirst   localTime = true
)

// dateOrder is in which order the dates of an input are written.
type dateOrder struct {
	local   localTime
	certain bool // a date has a number that is no month
	seen    bool // a date with slashes
	matters bool // in the other order a date would be another day
}

// learn looks at a date. The first one with a number over 12 decides. Until then the order is guessed from the
// clock: the United States have one of 12 hours.
func (o *dateOrder) learn(text string) {
	var first, second, year int
	if _, err := fmt.Sscanf(text, "%d/%d/%d", &first, &second, &year); err != nil || o.certain || first > 31 || second > 31 {
		return
	}
	if !o.seen {
		o.local = localTime(!strings.ContainsAny(text, "Mm"))
	}
	o.seen = true
	o.matters = o.matters || first != second
	if (first > 12) != (second > 12) {
		o.local, o.certain = localTime(first > 12), true
	}
}

// unclear reports whether nothing tells the order, and it matters.
func (o *dateOrder) unclear() bool { return o.matters && !o.certain }

// minuteCache remembers the minute of the last time that was read: most records are of the same one.
type minuteCache struct {
	text [len("2026-11-29T10:15")]byte
	at   int64
}

// parse returns a time in Unix milliseconds, 0 if the text is not a time.
func (c *minuteCache) parse(text []byte, local localTime) int64 {
	if at, ok := c.parseUTC(text); ok {
		return at
	}
	clean := strings.TrimSpace(strings.ToUpper(string(bytes.ReplaceAll(text, []byte("\u202f"), []byte(" "))))) // browsers put it before AM or am
	for _, layout := range timeLayouts(local) {
		if at, err := time.Parse(layout, clean); err == nil {
			return at.UnixMilli()
		}
	}
	return 0
}

// timeLayouts are the ways in which times are written other than in UTC by RFC 3339.
func timeLayouts(local localTime) []string {
	both := []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006/1/2 15:04:05", "2006/1/2, 15:04:05"}
	month := []string{"1/2/2006, 3:04:05 PM", "1/2/2006 3:04:05 PM", "1/2/2006, 15:04:05", "1/2/2006 15:04:05"}
	day := []string{"2/1/2006, 15:04:05", "2/1/2006 15:04:05", "2.1.2006, 15:04:05", "2.1.2006 15:04:05", "2/1/2006, 3:04:05 PM", "2/1/2006 3:04:05 PM"}
	if local == dayFirst {
		return append(append(both, day...), month...)
	}
	return append(append(both, month...), day...)
}

// parseUTC reads a time such as 2026-11-29T10:15:41.5501220Z, which nearly all are.
func (c *minuteCache) parseUTC(text []byte) (int64, bool) {
	const shortest = len("2026-11-29T10:15:41Z")
	if len(text) < shortest || text[len(text)-1] != 'Z' || text[len(c.text)] != ':' || !c.find(text[:len(c.text)]) {
		return 0, false
	}
	d := digits{text: text}
	second, millis := d.number(17, 19, 0, 60), 0
	if fraction := len(text) - 1 - shortest; fraction > 0 {
		d.bad = d.bad || text[19] != '.'
		millis = d.number(20, 20+min(3, fraction), 0, 999)
		for range 3 - min(3, fraction) {
			millis *= 10
		}
	}
	return c.at + int64(second*1000+millis), !d.bad
}

// find sets at to the minute of a text. It reports false if the text is not a time.
func (c *minuteCache) find(text []byte) bool {
	if string(text) == string(c.text[:]) {
		return true
	}
	d := digits{text: text}
	year, month, day := d.number(0, 4, 1, 9999), d.number(5, 7, 1, 12), d.number(8, 10, 1, 31)
	hour, minute := d.number(11, 13, 0, 23), d.number(14, 16, 0, 59)
	if d.bad || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' {
		return false
	}
	copy(c.text[:], text)
	c.at = daysFrom1970(year, month, day)*86_400_000 + int64(hour*60+minute)*60_000
	return true
}

// digits reads numbers at fixed positions in a text, and remembers whether one was not a number.
type digits struct {
	text []byte
	bad  bool
}

func (d *digits) number(from, to, least, most int) int {
	n := 0
	for _, c := range d.text[from:to] {
		d.bad = d.bad || !isDigit(c)
		n = n*10 + int(c-'0')
	}
	d.bad = d.bad || n < least || n > most
	return n
}

// daysFrom1970 counts days in the Gregorian calendar, as if the year began in March.
func daysFrom1970(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + day - 1
	return int64(era*146097+ofEra*365+ofEra/4-ofEra/100+ofYear) - 719468
}
