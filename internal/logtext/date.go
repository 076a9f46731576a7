package logtext

import (
	"bytes"
	"strings"
	"time"
)

// date is the day of a log line by the clock that wrote it. The zero date means none.
type date struct {
	year  int
	month time.Month // 0 if day and month could be either way round
	day   int
}

// daysUntil returns how many days o is later than d; ok is false if one of them is not known to the
// day.
func (d date) daysUntil(o date) (days int, ok bool) {
	if d.month == 0 || o.month == 0 {
		return 0, false
	}
	return int(o.noon().Sub(d.noon()).Hours() / 24), true
}

func (d date) noon() time.Time { return time.Date(d.year, d.month, d.day, 12, 0, 0, 0, time.UTC) }

// dateReach is how far from the start of a line its own time may be.
const dateReach = 100

// dateOf returns the date of the time stamp near the start of a log line. A time that the service put
// in an answer is not the line's own.
func dateOf(line []byte) date {
	reach := line[:min(len(line), dateReach)]
	for i := 0; i < len(reach); i++ {
		if !isDigit(reach[i]) || i > 0 && isWordByte(reach[i-1]) {
			continue
		}
		end := i
		for end < len(reach) && isDigit(reach[end]) {
			end++
		}
		if d := dateAt(line, i, end); d != (date{}) && !fromService(line[:i]) {
			return d
		}
		i = end
	}
	return date{}
}

// fromService reports whether a date after this text is one from the service.
func fromService(before []byte) bool {
	tail := strings.ToLower(string(before[max(0, len(before)-16):]))
	return strings.Contains(tail, "utc") || strings.Contains(tail, "date:") || strings.Contains(tail, "timestamp:")
}

// dateAt reads the date that has the number line[start:end] as its first part, or for asctime as its
// last. Without a time of day after it, it is not a time stamp.
func dateAt(line []byte, start, end int) date {
	switch end - start {
	case 4:
		if d := yearFirst(line, start, end); d != (date{}) {
			return d
		}
		return asctime(line[:start], line[start:end])
	case 1, 2:
		return yearLast(line, end)
	}
	return date{}
}

// yearFirst reads 2024-05-01T08:00:00 and 1970/1/1 00:00:04.
func yearFirst(line []byte, start, end int) date {
	parts, length := dateParts(line, end, 2)
	behind := end + length
	if length == 0 || behind+1 >= len(line) || line[behind] != 'T' && line[behind] != ' ' || !isDigit(line[behind+1]) {
		return date{}
	}
	return date{number(line[start:end]), time.Month(parts[0]), parts[1]}.valid()
}

// yearLast reads 5/20/2019 10:06:16 PM. Whether day or month comes first is not known.
func yearLast(line []byte, end int) date {
	_, length := dateParts(line, end, 1)
	behind := end + length
	if length == 0 || behind+6 > len(line) || line[behind] != line[end] || line[behind+5] != ' ' {
		return date{}
	}
	return date{year: number(line[behind+1 : behind+5])}.valid()
}

// asctime reads Thu Jan 1 00:00:04 1970, of which before ends with the time of day.
func asctime(before, year []byte) date {
	fields := bytes.Fields(before[max(0, len(before)-24):])
	if len(fields) < 3 || bytes.Count(fields[len(fields)-1], []byte(":")) != 2 {
		return date{}
	}
	month, err := time.Parse("Jan", string(fields[len(fields)-3]))
	if err != nil {
		return date{}
	}
	return date{number(year), month.Month(), number(fields[len(fields)-2])}.valid()
}

func (d date) valid() date {
	if d.year < 1900 || d.year > 2200 || d.month > time.December || d.day > 31 {
		return date{}
	}
	return d
}

// dateParts reads count numbers of one or two digits at line[at:], each after the same separator, and
// returns them with their length; 0 if they are not there.
func dateParts(line []byte, at, count int) (parts [2]int, length int) {
	if at >= len(line) || line[at] != '-' && line[at] != '/' {
		return parts, 0
	}
	i := at
	for p := range count {
		if i >= len(line) || line[i] != line[at] {
			return parts, 0
		}
		end := i + 1
		for end < len(line) && end < i+3 && isDigit(line[end]) {
			end++
		}
		if end == i+1 {
			return parts, 0
		}
		parts[p] = number(line[i+1 : end])
		i = end
	}
	return parts, i - at
}

// number reads digits. Of a number that is longer than any date or status it reads the beginning,
// which is larger than any.
func number(digits []byte) int {
	n := 0
	for _, d := range digits {
		if n < 1<<24 {
			n = n*10 + int(d-'0')
		}
	}
	return n
}
