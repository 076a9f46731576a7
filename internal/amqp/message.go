package amqp

import (
	"errors"
	"fmt"
	"time"
)

// Message is a message with its sections (part 3, section 3.2). A nil section is absent.
// The body is either Data, Sequence or Value, or absent.
type Message struct {
	Header                *Header
	DeliveryAnnotations   Map
	Annotations           Map
	Properties            *Properties
	ApplicationProperties Map
	Data                  [][]byte // one item for each section
	Sequence              [][]any  // one item for each section
	Value                 any
	HasValue              bool // there is a Value, which may be nil
	Footer                Map
}

// Header is the section on delivery (part 3, section 3.2.1).
type Header struct {
	Durable       bool
	Priority      *uint8  // 4 when absent
	TTL           *uint32 // milliseconds, unlimited when absent
	FirstAcquirer bool
	DeliveryCount uint32
}

func (*Header) descriptor() descriptor { return descHeader }

func (h *Header) visit(f *fields) {
	optional(f, &h.Durable)
	pointer(f, &h.Priority)
	pointer(f, &h.TTL)
	optional(f, &h.FirstAcquirer)
	optional(f, &h.DeliveryCount)
}

// Properties is the section of standard properties (part 3, section 3.2.4). The
// ids are nil, uint64, UUID, []byte or string: copy them, do not convert them.
type Properties struct {
	MessageID          any
	UserID             []byte
	To                 string
	Subject            string
	ReplyTo            string
	CorrelationID      any
	ContentType        Symbol
	ContentEncoding    Symbol
	AbsoluteExpiryTime *time.Time
	CreationTime       *time.Time
	GroupID            string
	GroupSequence      *uint32
	ReplyToGroupID     string
}

func (*Properties) descriptor() descriptor { return descProperties }

func (p *Properties) visit(f *fields) {
	messageID(f, &p.MessageID)
	nilable(f, &p.UserID)
	optional(f, &p.To)
	optional(f, &p.Subject)
	optional(f, &p.ReplyTo)
	messageID(f, &p.CorrelationID)
	optional(f, &p.ContentType)
	optional(f, &p.ContentEncoding)
	pointer(f, &p.AbsoluteExpiryTime)
	pointer(f, &p.CreationTime)
	optional(f, &p.GroupID)
	pointer(f, &p.GroupSequence)
	optional(f, &p.ReplyToGroupID)
}

// messageID is a message-id of any of its types (part 3, sections 3.2.11 to
// 3.2.14).
func messageID(f *fields, p *any) {
	if f.writing {
		f.put(*p, false)
		return
	}
	switch v := f.next().(type) {
	case nil, uint64, UUID, []byte, string:
		*p = v
	default:
		f.fail("%T where a message id is expected", v)
	}
}

// Encode returns the payload for m.
func (m *Message) Encode() ([]byte, error) {
	if err := m.checkBody(); err != nil {
		return nil, err
	}
	return appendAll(nil, m.sections())
}

func (m *Message) checkBody() error {
	kinds := 0
	for _, present := range []bool{len(m.Data) > 0, len(m.Sequence) > 0, m.HasValue} {
		if present {
			kinds++
		}
	}
	if kinds > 1 {
		return errors.New("amqp: message with more than one kind of body")
	}
	return nil
}

// sections returns the sections of m that are present, in order.
func (m *Message) sections() []any {
	var list []any
	add := func(d descriptor, v any) { list = append(list, Described{uint64(d), v}) }
	addMap := func(d descriptor, m Map) {
		if m != nil {
			add(d, m)
		}
	}
	if m.Header != nil {
		list = append(list, m.Header)
	}
	addMap(descDeliveryAnnotations, m.DeliveryAnnotations)
	addMap(descMessageAnnotations, m.Annotations)
	if m.Properties != nil {
		list = append(list, m.Properties)
	}
	addMap(descApplicationProperties, m.ApplicationProperties)
	for _, data := range m.Data {
		add(descData, data)
	}
	for _, sequence := range m.Sequence {
		add(descSequence, sequence)
	}
	if m.HasValue {
		add(descValue, m.Value)
	}
	addMap(descFooter, m.Footer)
	return list
}

// DecodeMessage parses the whole payload of a message. The error is a
// *DecodeError.
func (l Limits) DecodeMessage(payload []byte) (*Message, error) {
	if len(payload) > l.message() {
		return nil, &DecodeError{ConditionMessageSize, fmt.Sprintf("more than %d bytes", l.message())}
	}
	m := &Message{}
	var last descriptor
	for d := newDecoder(payload, l); d.remaining() > 0; {
		value, err := d.next()
		if err != nil {
			return nil, err
		}
		if last, err = m.addSection(last, value); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// addSection adds the section that follows the section last, and returns which one it is.
// The codes of the sections increase in the prescribed order.
func (m *Message) addSection(last descriptor, value any) (descriptor, error) {
	section, ok := value.(Described)
	if !ok {
		return 0, malformed("%T where a message section is expected", value)
	}
	k, ok := kindOf(section.Descriptor)
	if !ok || k.descriptor < descHeader {
		return 0, malformed("unknown message section")
	}
	d := k.descriptor
	repeated := d == last && (d == descData || d == descSequence)
	secondBody := last >= descData && d <= descValue
	if !repeated && (d <= last || secondBody) {
		return 0, malformed("message section %s after %s", d, last)
	}
	return d, m.setSection(d, section)
}

func (m *Message) setSection(d descriptor, section Described) error {
	switch d {
	case descHeader, descProperties:
		return m.setComposite(section)
	case descDeliveryAnnotations:
		return setSection(d, section.Value, &m.DeliveryAnnotations)
	case descMessageAnnotations:
		return setSection(d, section.Value, &m.Annotations)
	case descApplicationProperties:
		return setSection(d, section.Value, &m.ApplicationProperties)
	case descData:
		return appendSection(d, section.Value, &m.Data)
	case descSequence:
		return appendSection(d, section.Value, &m.Sequence)
	case descFooter:
		return setSection(d, section.Value, &m.Footer)
	}
	m.Value, m.HasValue = section.Value, true
	return nil
}

func (m *Message) setComposite(section Described) error {
	c, err := parseComposite(section)
	switch c := c.(type) {
	case *Header:
		m.Header = c
	case *Properties:
		m.Properties = c
	}
	return err
}

func setSection[T any](d descriptor, v any, dst *T) error {
	typed, ok := v.(T)
	if !ok {
		return malformed("%s holds %T", d, v)
	}
	*dst = typed
	return nil
}

func appendSection[T any](d descriptor, v any, dst *[]T) error {
	var item T
	if err := setSection(d, v, &item); err != nil {
		return err
	}
	*dst = append(*dst, item)
	return nil
}
