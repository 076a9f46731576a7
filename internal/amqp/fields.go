package amqp

import (
	"fmt"
	"reflect"
)

// fields is the list of fields of a composite while it is read or written. Each composite
// lists its fields once, in order, with the functions below. They read a field from the
// list or, when writing, append it. Reading keeps the first error. A field missing at the
// end is null; additional fields at the end are ignored.
type fields struct {
	of      descriptor
	writing bool
	list    []any
	read    int
	err     error
}

// next reads the next field.
func (f *fields) next() any {
	f.read++
	if f.read > len(f.list) {
		return nil
	}
	return f.list[f.read-1]
}

// put appends a field; null if absent.
func (f *fields) put(v any, absent bool) {
	if absent {
		v = nil
	}
	f.list = append(f.list, v)
}

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = malformed("%s, field %d: %s", f.of, f.read, fmt.Sprintf(format, args...))
	}
}

func assign[T any](f *fields, v any, dst *T) {
	typed, ok := v.(T)
	if !ok {
		f.fail("%T where %v is expected", v, reflect.TypeFor[T]())
		return
	}
	*dst = typed
}

// required is a field that must not be null.
func required[T any](f *fields, p *T) {
	if f.writing {
		f.put(*p, false)
	} else if v := f.next(); v != nil {
		assign(f, v, p)
	} else {
		f.fail("mandatory, but absent")
	}
}

// optional is a field whose zero value is also its default.
func optional[T comparable](f *fields, p *T) {
	var zero T
	if f.writing {
		f.put(*p, *p == zero)
	} else if v := f.next(); v != nil {
		assign(f, v, p)
	}
}

// nilable is a binary or map field.
func nilable[S ~[]E, E any](f *fields, p *S) {
	if f.writing {
		f.put(*p, *p == nil)
	} else if v := f.next(); v != nil {
		assign(f, v, p)
	}
}

// pointer is a field that may be absent because its zero value has a meaning.
func pointer[T any](f *fields, p **T) {
	if f.writing {
		if *p == nil {
			f.put(nil, true)
		} else {
			f.put(**p, false)
		}
	} else if v := f.next(); v != nil {
		*p = new(T)
		assign(f, v, *p)
	}
}

// nested is a field that is itself a composite.
func nested[T interface {
	comparable
	Composite
}](f *fields, p *T) {
	if f.writing {
		optional(f, p)
		return
	}
	v := f.next()
	if v == nil {
		return
	}
	c, err := parseComposite(v)
	if err != nil {
		f.fail("%v", err)
		return
	}
	assign(f, any(c), p)
}

// symbols is a field with any number of symbols; a single one may be written without an
// array (part 1, section 1.4: the attribute "multiple").
func symbols(f *fields, p *[]Symbol) {
	if f.writing {
		array := make(Array, 0, len(*p))
		for _, symbol := range *p {
			array = append(array, symbol)
		}
		f.put(array, len(array) == 0)
		return
	}
	v := f.next()
	array, ok := v.(Array)
	if !ok && v != nil {
		array = Array{v}
	}
	for _, item := range array {
		var symbol Symbol
		assign(f, item, &symbol)
		*p = append(*p, symbol)
	}
}
