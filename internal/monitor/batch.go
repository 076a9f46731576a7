package monitor

// batch is the records of a part of an input, in order.
type batch struct {
	records    []record
	arena      arena
	unreadable int // lines or objects that are damaged
	partial    bool

	// layout are the members of the last object, in order: the next one mostly has the same.
	layout []member
}

// member is a name and the field that it is.
type member struct {
	name  string
	field field
}

// fieldAt is the field of the member at a position of an object.
func (b *batch) fieldAt(position int, name []byte) field {
	if position < len(b.layout) && b.layout[position].name == string(name) {
		return b.layout[position].field
	}
	known := member{string(name), fieldOf(name)}
	if position < len(b.layout) {
		b.layout[position] = known
	} else if position < maxLayout {
		b.layout = append(b.layout, known)
	}
	return known.field
}

// maxLayout bounds the members that are remembered.
const maxLayout = 64

// reset empties the batch. Texts of its records must not be used afterwards.
func (b *batch) reset() {
	b.records, b.unreadable, b.partial = b.records[:0], 0, false
	b.arena.reset()
}

// add adds the record that fields make, or counts it if they make none.
func (b *batch) add(f *fields, line int, local localTime) {
	var r record
	f.record(&r, &b.arena, local)
	r.line = line
	b.records = append(b.records, r)
}

// object adds what an object holds. It returns where the object ends, or less than 0.
func (b *batch) object(text []byte, line int) int {
	var f fields
	m := members{text: text}
	for position := 0; m.next(); position++ {
		switch field := b.fieldAt(position, m.key); {
		case field == noField:
		case (field == recordsField || field == tablesField) && m.value[0] == '[':
			b.nested(text, line)
			return len(text)
		default:
			f.set(field, b.arena.text(m.value))
		}
	}
	if !m.done {
		return isCut
	}
	b.add(&f, line, monthFirst)
	return m.at
}

// nested adds the records within a text that is not one record a line.
func (b *batch) nested(text []byte, line int) {
	s := stream{text: text, ended: true, line: line, batch: b}
	s.read()
}
