package monitor

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// batch is the records of a part of an input, in order.
type batch struct {
	seed       maphash.Seed // of the hashes of the records
	records    []record
	unreadable int // lines or objects that are damaged
	partial    bool
	vain       int // bytes of damaged records that were examined without result, less a share of those read

	arena   arena
	layouts layouts
	minute  minuteCache
	scratch []byte
	// path is the last resource id, and other whether it is of another service than DPS.
	path  []byte
	other bool
}

// reset empties the batch. Texts of its records must not be used afterwards.
func (b *batch) reset() {
	b.records, b.unreadable, b.partial, b.path = b.records[:0], 0, false, nil
	b.arena.reset()
	b.layouts.lessons = lessons
}

// set sets a field to a value as it is written.
func (b *batch) set(f *fields, field field, value []byte) {
	if field != noField && len(f[field]) == 0 {
		f[field] = b.arena.text(value)
	}
}

// setProperties sets the fields that are in the properties, an object or a text that holds one.
func (b *batch) setProperties(f *fields) {
	for m := (members{text: f[propertiesField]}); m.next(); {
		if field := propertyOf(m.key); field != noField {
			f[field] = b.arena.text(m.value)
		}
	}
	f[propertiesField] = nil
}

// add adds the record with the fields. If they are not those of a record, it counts as one of another
// service.
func (b *batch) add(f *fields, line int, local localTime) {
	b.records = append(b.records, record{line: line})
	r := &b.records[len(b.records)-1]
	if len(f[timeField]) == 0 && len(f[categoryField]) == 0 && len(f[resultField]) == 0 && len(f[operationField]) == 0 {
		return
	}
	r.result, r.signature, r.description = f[resultField], f[signatureField], f[descriptionField]
	r.operation, r.correlation = f[operationField], f[correlationField]
	r.device, r.kind, r.protocol = f[deviceField], f[kindField], f[protocolField]
	r.resource = f[pathField]
	if len(r.resource) == 0 {
		r.resource = f[nameField]
	}
	r.at = b.minute.parse(f[timeField], local)
	r.class = b.class(f, r)
	b.hash(r)
}

// hash sets the hashes of a record. One without a correlation id is never taken for another one.
func (b *batch) hash(r *record) {
	if len(r.device) > 0 {
		r.deviceHash = maphash.Bytes(b.seed, r.device)
	}
	if len(r.correlation) == 0 {
		return
	}
	b.scratch = append(append(b.scratch[:0], r.correlation...), 0)
	b.scratch = append(append(b.scratch, r.signature...), 0)
	b.scratch = binary.LittleEndian.AppendUint64(b.scratch, uint64(r.at/1000))
	b.scratch = append(b.scratch, r.device...)
	r.hash = maphash.Bytes(b.seed, b.scratch) | 1
}

// ofOther reports whether a resource id is of another service than DPS.
func (b *batch) ofOther(path []byte) bool {
	if len(path) == 0 {
		return false
	}
	if b.path == nil || !bytes.Equal(b.path, path) {
		b.path, b.other = path, !containsFold(path, "/PROVISIONINGSERVICES/")
	}
	return b.other
}

// known adds the record with which the text begins if it has a layout that was learned. It returns
// where the record ends, or less than 0.
func (b *batch) known(text []byte, line int) int {
	var f fields
	end := b.layouts.read(text, &f)
	if end >= 0 {
		b.add(&f, line, monthFirst)
	}
	return end
}

// object adds the records of an object. It returns where the object ends, or less than 0.
func (b *batch) object(text []byte, line int) int {
	var f fields
	m := members{text: text}
	for m.next() {
		field := fieldOf(m.key)
		if (field == recordsField || field == tablesField) && m.value[0] == '[' {
			b.nested(text, line)
			return len(text)
		}
		b.set(&f, field, m.value)
	}
	if !m.done {
		return isCut
	}
	b.setProperties(&f)
	b.add(&f, line, monthFirst)
	b.layouts.learn(text[:m.at])
	return m.at
}

// nested adds the records in a text that does not have one record per line.
func (b *batch) nested(text []byte, line int) {
	s := stream{text: text, ended: true, line: line, batch: b}
	s.read()
}
