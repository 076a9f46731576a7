package amqp

import "slices"

// open reads the size and the count of a compound value or an array and moves the end of
// the input to the end of the value. It returns the previous end, for close.
func (d *decoder) open(code byte) (count uint32, outer int, err error) {
	size, err := d.length(code)
	if err != nil {
		return 0, 0, err
	}
	if uint64(size) > uint64(d.remaining()) {
		return 0, 0, d.malformed("%d bytes announced, %d left", size, d.remaining())
	}
	outer, d.end = d.end, d.pos+int(size)
	count, err = d.length(code)
	return count, outer, err
}

// close restores the end of the input and checks that everything was read.
func (d *decoder) close(outer int) error {
	if d.remaining() != 0 {
		return d.malformed("%d bytes left over after the last item", d.remaining())
	}
	d.end = outer
	return nil
}

// announce checks that count items of at least width bytes are possible, and charges values
// for them, before memory is allocated.
func (d *decoder) announce(count, width uint32, values uint64) error {
	if uint64(count)*uint64(width) > uint64(d.remaining()) {
		return d.malformed("%d items announced in %d bytes", count, d.remaining())
	}
	return d.charge(values)
}

// compound reads a list or a map.
func (d *decoder) compound(code byte) (any, error) {
	defer d.restore(d.depth)
	if err := d.enter(); err != nil {
		return nil, err
	}
	count, outer, err := d.open(code)
	if err != nil {
		return nil, err
	}
	if err := d.announce(count, 1, uint64(count)); err != nil {
		return nil, err
	}
	var value any
	switch code &^ wideForm {
	case codeList8:
		value, err = d.list(count)
	case codeMap8:
		value, err = d.mapping(count)
	default:
		err = d.unknown(code)
	}
	if err != nil {
		return nil, err
	}
	return value, d.close(outer)
}

func (d *decoder) list(count uint32) ([]any, error) {
	list := make([]any, 0, count)
	for range count {
		item, err := d.value()
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	return list, nil
}

// mapping reads the keys and values of a map; count is the number of both.
func (d *decoder) mapping(count uint32) (Map, error) {
	if count%2 != 0 {
		return nil, d.malformed("map with a key but no value")
	}
	entries := make(Map, 0, count/2)
	for range count / 2 {
		key, err := d.value()
		if err != nil {
			return nil, err
		}
		value, err := d.value()
		if err != nil {
			return nil, err
		}
		entries = append(entries, Pair{key, value})
	}
	return entries, nil
}

// array reads items that share one constructor: a format code, and descriptors
// before it when the items are described.
func (d *decoder) array(code byte) (any, error) {
	if code&^wideForm != codeArray8 {
		return nil, d.unknown(code)
	}
	defer d.restore(d.depth)
	if err := d.enter(); err != nil {
		return nil, err
	}
	count, outer, err := d.open(code)
	if err != nil {
		return nil, err
	}
	descriptors, itemCode, err := d.constructor()
	if err != nil {
		return nil, err
	}
	values := uint64(count) * uint64(1+len(descriptors))
	if err := d.announce(count, minWidth(itemCode), values); err != nil {
		return nil, err
	}
	items := make(Array, 0, count)
	for range count {
		item, err := d.body(itemCode)
		if err != nil {
			return nil, err
		}
		items = append(items, describe(item, descriptors))
	}
	return items, d.close(outer)
}

// constructor reads the constructor of an array. Each descriptor counts as a level.
func (d *decoder) constructor() (descriptors []any, code byte, err error) {
	for {
		code, err = d.byte()
		if err != nil || code != codeDescribed {
			return descriptors, code, err
		}
		if err := d.enter(); err != nil {
			return nil, 0, err
		}
		descriptor, err := d.next()
		if err != nil {
			return nil, 0, err
		}
		descriptors = append(descriptors, descriptor)
	}
}

// describe puts descriptors around a value, the first one outermost.
func describe(value any, descriptors []any) any {
	for _, descriptor := range slices.Backward(descriptors) {
		value = Described{descriptor, value}
	}
	return value
}
