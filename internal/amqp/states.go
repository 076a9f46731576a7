package amqp

// Error is the reason a peer gives for an end or a refusal (part 2, section 2.8.14). Its
// text comes from the peer unchanged: escape it before printing.
type Error struct {
	Condition   Symbol // mandatory
	Description string
	Info        Map
}

// Error returns the condition and the description.
func (e *Error) Error() string {
	if e.Description == "" {
		return string(e.Condition)
	}
	return string(e.Condition) + ": " + e.Description
}

func (*Error) descriptor() descriptor { return descError }

func (e *Error) visit(f *fields) {
	required(f, &e.Condition)
	optional(f, &e.Description)
	nilable(f, &e.Info)
}

// ParseError returns the Error in a decoded value, such as a property of an Open. The error
// is a *DecodeError.
func ParseError(v any) (*Error, error) {
	c, err := parseComposite(v)
	if err != nil {
		return nil, err
	}
	if e, ok := c.(*Error); ok {
		return e, nil
	}
	return nil, malformed("%s where an error is expected", c.descriptor())
}

// DeliveryState is the result of a message: *Received, *Accepted, *Rejected, *Released or
// *Modified (part 3, section 3.4).
type DeliveryState interface {
	Composite
	deliveryState()
}

// Received says how much of a message has arrived.
type Received struct {
	SectionNumber uint32 // mandatory
	SectionOffset uint64 // mandatory
}

// Accepted says that a message was processed.
type Accepted struct{}

// Rejected says that a message was invalid, or in DPS that a request failed.
type Rejected struct{ Error *Error }

// Released says that a message was not processed.
type Released struct{}

// Modified says that a message was not processed and must be changed.
type Modified struct {
	DeliveryFailed     bool
	UndeliverableHere  bool
	MessageAnnotations Map
}

func (*Received) deliveryState() {}
func (*Accepted) deliveryState() {}
func (*Rejected) deliveryState() {}
func (*Released) deliveryState() {}
func (*Modified) deliveryState() {}

func (*Received) descriptor() descriptor { return descReceived }
func (*Accepted) descriptor() descriptor { return descAccepted }
func (*Rejected) descriptor() descriptor { return descRejected }
func (*Released) descriptor() descriptor { return descReleased }
func (*Modified) descriptor() descriptor { return descModified }

func (r *Received) visit(f *fields) {
	required(f, &r.SectionNumber)
	required(f, &r.SectionOffset)
}
func (*Accepted) visit(*fields)     {}
func (r *Rejected) visit(f *fields) { nested(f, &r.Error) }
func (*Released) visit(*fields)     {}
func (m *Modified) visit(f *fields) {
	optional(f, &m.DeliveryFailed)
	optional(f, &m.UndeliverableHere)
	nilable(f, &m.MessageAnnotations)
}

// Source is the end of a link that messages come from (part 3, section 3.5.3). Its fields,
// the first of which is the address, are kept unchanged so that an answer can repeat them.
type Source struct{ Fields []any }

// Target is the end of a link that messages go to (part 3, section 3.5.4). Its fields are
// kept like those of a Source.
type Target struct{ Fields []any }

// NewSource returns the source with an address.
func NewSource(address string) *Source { return &Source{[]any{address}} }

// NewTarget returns the target with an address.
func NewTarget(address string) *Target { return &Target{[]any{address}} }

// Address returns the address, or "" if there is no source or no address, or if
// the address is not a string.
func (s *Source) Address() string {
	if s == nil {
		return ""
	}
	return firstString(s.Fields)
}

// Address returns the address like that of a Source.
func (t *Target) Address() string {
	if t == nil {
		return ""
	}
	return firstString(t.Fields)
}

func firstString(list []any) string {
	if len(list) == 0 {
		return ""
	}
	s, _ := list[0].(string)
	return s
}

func (*Source) descriptor() descriptor { return descSource }
func (*Target) descriptor() descriptor { return descTarget }

func (s *Source) visit(f *fields) { visitAll(f, &s.Fields) }
func (t *Target) visit(f *fields) { visitAll(f, &t.Fields) }

func visitAll(f *fields, p *[]any) {
	if f.writing {
		f.list = *p
	} else {
		*p = trimNulls(f.list)
	}
}
