package monitor

import (
	"bytes"
	"slices"
)

// layout is the bytes that similar records have in common: everything but the values that differ from
// one record to the next. A service writes its records in the same form, so most of them are read by
// comparing the bytes between these values. A record that differs in anything else is read member by
// member, with the same result, and its layout is learned.
type layout struct {
	gaps []gap
	end  []byte // what follows the last gap
	same fields // those of the values that do not differ, and of others that a gap replaces

	record []byte  // from which the layout was learned
	values []value // those of the record that may differ
	frame  []byte  // the record without these
}

// gap is a value that differs.
type gap struct {
	before []byte // the bytes between the previous gap and this one
	field  field
	bare   bool // a number or a word, without quotes
}

// value is the position of a value without escapes in the text of a record, without its quotes.
type value struct {
	from, to int
	field    field
	bare     bool // a number or a word
	nested   bool // of the properties
	differs  bool // from that of an earlier record
}

// read sets the fields of the record with which the text begins. It returns where that ends, or
// isOther if it has another layout.
//
// A gap matches only what a string can contain without escapes, so that the text has the same members
// as the record from which the layout was learned.
func (l *layout) read(text []byte, f *fields) int {
	*f = l.same
	at := 0
	for i := range l.gaps {
		g := &l.gaps[i]
		if !bytes.HasPrefix(text[at:], g.before) {
			return isOther
		}
		at += len(g.before)
		from := at
		if !g.bare {
			at += plainBytes(text[at:])
			f[g.field] = text[from:at]
			continue
		}
		for at < len(text) && isLiteral(text[at]) {
			at++
		}
		if at == from {
			return isOther
		}
		f[g.field] = withoutNull(text[from:at])
	}
	if !bytes.HasPrefix(text[at:], l.end) {
		return isOther
	}
	return at + len(l.end)
}

// layouts are those that were learned from a text, the last used first.
type layouts struct {
	known   []*layout
	lessons int // how many more may be learned
}

// maxLayouts is how many layouts are remembered. lessons is how many are learned from one part of a
// text, in case no two of its records are similar.
const (
	maxLayouts = 8
	lessons    = 32
)

// read sets the fields of the record with which the text begins if it has one of the layouts. It
// returns where the record ends, or isOther.
func (ls *layouts) read(text []byte, f *fields) int {
	for i, l := range ls.known {
		end := l.read(text, f)
		if end < 0 {
			continue
		}
		if i > 0 {
			copy(ls.known[1:i+1], ls.known[:i])
			ls.known[0] = l
		}
		return end
	}
	return isOther
}

// learn learns the layout of a record that was read member by member.
func (ls *layouts) learn(record []byte) {
	if ls.lessons == 0 {
		return
	}
	ls.lessons--
	l := newLayout(record)
	if l == nil {
		return
	}
	at := slices.IndexFunc(ls.known, func(other *layout) bool { return bytes.Equal(other.frame, l.frame) })
	switch {
	case at >= 0:
		l.compare(ls.known[at])
		ls.known[at] = l
	case len(ls.known) < maxLayouts:
		ls.known = append(ls.known, l)
	default:
		ls.known[maxLayouts-1] = l
	}
	l.divide()
}

// newLayout returns the layout of a record, nil if it cannot have one. It has no gaps yet.
func newLayout(text []byte) *layout {
	l := &layout{record: bytes.Clone(text)}
	if !l.findValues() {
		return nil
	}
	var b batch
	for m := (members{text: l.record}); m.next(); {
		b.set(&l.same, fieldOf(m.key), m.value)
	}
	b.setProperties(&l.same)
	at := 0
	for _, v := range l.values {
		l.frame = append(l.frame, l.record[at:v.from]...)
		at = v.to
	}
	l.frame = append(l.frame, l.record[at:]...)
	return l
}

// findValues finds the values of the record that may differ in others. It reports false if the record
// holds a list: it could be an envelope of others.
func (l *layout) findValues() bool {
	var times [fieldCount]int
	m := members{text: l.record}
	for m.next() {
		field := fieldOf(m.key)
		times[field]++
		if m.value[0] == '[' {
			return false
		}
		from := m.at - len(m.value)
		if field == propertiesField {
			l.findProperties(m.value, from, &times)
			continue
		}
		l.addValue(m.value, from, 1, field)
	}
	// Which of two values of a field counts depends on which is empty, so neither can be a gap.
	l.values = slices.DeleteFunc(l.values, func(v value) bool {
		return v.field != noField && times[v.field] > 1 || v.nested && times[propertiesField] > 1
	})
	return m.done
}

// findProperties finds the values in the properties, an object or the text of one.
func (l *layout) findProperties(properties []byte, from int, times *[fieldCount]int) {
	quote := 1 // bytes
	if properties[0] == '"' {
		quote = len(`\"`)
		from++
		properties = bytes.ReplaceAll(properties[1:len(properties)-1], []byte(`\"`), []byte(`"`))
		if bytes.IndexByte(properties, '\\') >= 0 {
			return
		}
	}
	first := len(l.values)
	for m := (members{text: properties}); m.next(); {
		field := propertyOf(m.key)
		times[field]++
		begin := m.at - len(m.value)
		l.addValue(m.value, from+begin+(quote-1)*bytes.Count(properties[:begin], []byte(`"`)), quote, field)
	}
	for i := range l.values[first:] {
		l.values[first+i].nested = true
	}
}

// addValue adds a value, which begins at from, if it is a string without escapes, a number or a word.
// quote is the number of bytes of a quotation mark.
func (l *layout) addValue(written []byte, from, quote int, field field) {
	switch {
	case isLiteral(written[0]):
		l.values = append(l.values, value{from: from, to: from + len(written), field: field, bare: true})
	case written[0] == '"' && bytes.IndexByte(written, '\\') < 0:
		from += quote
		l.values = append(l.values, value{from: from, to: from + len(written) - len(`""`), field: field})
	}
}

// compare finds the values that differ from those of a layout with the same frame.
func (l *layout) compare(other *layout) {
	for i := range min(len(l.values), len(other.values)) {
		v, w := &l.values[i], other.values[i]
		v.differs = w.differs || !bytes.Equal(l.record[v.from:v.to], other.record[w.from:w.to])
	}
}

// divide makes gaps of the values that differ.
func (l *layout) divide() {
	at := 0
	for _, v := range l.values {
		if v.differs {
			l.gaps = append(l.gaps, gap{l.record[at:v.from], v.field, v.bare})
			at = v.to
		}
	}
	l.end = l.record[at:]
}
