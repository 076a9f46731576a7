package amqp

// Composite is a type that the standard defines as a described list of fields: a
// performative, an outcome, an Error and so on. Append omits trailing absent fields, as the
// standard allows.
//
// In all composite types a pointer, a slice or a Map that is nil means an absent field.
// Fields of other types are absent when zero, which is then their default by the standard
// too.
type Composite interface {
	descriptor() descriptor
	visit(f *fields)
}

// descriptor is the code that says what a described value is.
type descriptor uint64

// The descriptors of the standard: parts 2 (performatives), 3 (states,
// termini, message sections) and 5 (SASL).
const (
	descOpen        descriptor = 0x10
	descBegin       descriptor = 0x11
	descAttach      descriptor = 0x12
	descFlow        descriptor = 0x13
	descTransfer    descriptor = 0x14
	descDisposition descriptor = 0x15
	descDetach      descriptor = 0x16
	descEnd         descriptor = 0x17
	descClose       descriptor = 0x18
	descError       descriptor = 0x1d

	descReceived descriptor = 0x23
	descAccepted descriptor = 0x24
	descRejected descriptor = 0x25
	descReleased descriptor = 0x26
	descModified descriptor = 0x27
	descSource   descriptor = 0x28
	descTarget   descriptor = 0x29

	descSASLMechanisms descriptor = 0x40
	descSASLInit       descriptor = 0x41
	descSASLChallenge  descriptor = 0x42
	descSASLResponse   descriptor = 0x43
	descSASLOutcome    descriptor = 0x44

	descHeader                descriptor = 0x70
	descDeliveryAnnotations   descriptor = 0x71
	descMessageAnnotations    descriptor = 0x72
	descProperties            descriptor = 0x73
	descApplicationProperties descriptor = 0x74
	descData                  descriptor = 0x75
	descSequence              descriptor = 0x76
	descValue                 descriptor = 0x77
	descFooter                descriptor = 0x78
)

// A kind is one descriptor of the standard in its two forms, and how to make the
// composite that it describes; message sections that are not composites have nil.
type kind struct {
	descriptor descriptor
	symbol     Symbol
	create     func() Composite
}

// kinds lists every kind. It is an array, which needs no memory of its own: each value that is read
// looks up its kind.
func kinds() [31]kind {
	return [...]kind{
		{descOpen, "amqp:open:list", create[Open]},
		{descBegin, "amqp:begin:list", create[Begin]},
		{descAttach, "amqp:attach:list", create[Attach]},
		{descFlow, "amqp:flow:list", create[Flow]},
		{descTransfer, "amqp:transfer:list", create[Transfer]},
		{descDisposition, "amqp:disposition:list", create[Disposition]},
		{descDetach, "amqp:detach:list", create[Detach]},
		{descEnd, "amqp:end:list", create[End]},
		{descClose, "amqp:close:list", create[Close]},
		{descError, "amqp:error:list", create[Error]},

		{descReceived, "amqp:received:list", create[Received]},
		{descAccepted, "amqp:accepted:list", create[Accepted]},
		{descRejected, "amqp:rejected:list", create[Rejected]},
		{descReleased, "amqp:released:list", create[Released]},
		{descModified, "amqp:modified:list", create[Modified]},
		{descSource, "amqp:source:list", create[Source]},
		{descTarget, "amqp:target:list", create[Target]},

		{descSASLMechanisms, "amqp:sasl-mechanisms:list", create[SASLMechanisms]},
		{descSASLInit, "amqp:sasl-init:list", create[SASLInit]},
		{descSASLChallenge, "amqp:sasl-challenge:list", create[SASLChallenge]},
		{descSASLResponse, "amqp:sasl-response:list", create[SASLResponse]},
		{descSASLOutcome, "amqp:sasl-outcome:list", create[SASLOutcome]},

		{descHeader, "amqp:header:list", create[Header]},
		{descDeliveryAnnotations, "amqp:delivery-annotations:map", nil},
		{descMessageAnnotations, "amqp:message-annotations:map", nil},
		{descProperties, "amqp:properties:list", create[Properties]},
		{descApplicationProperties, "amqp:application-properties:map", nil},
		{descData, "amqp:data:binary", nil},
		{descSequence, "amqp:amqp-sequence:list", nil},
		{descValue, "amqp:amqp-value:*", nil},
		{descFooter, "amqp:footer:map", nil},
	}
}

// create returns an empty composite of the type that P points to.
func create[T any, P interface {
	*T
	Composite
}]() Composite {
	return P(new(T))
}

// kindOf returns the kind of v, a descriptor in either form.
func kindOf(v any) (kind, bool) {
	code, numeric := v.(uint64)
	symbol, symbolic := v.(Symbol)
	for _, k := range kinds() {
		if numeric && k.descriptor == descriptor(code) || symbolic && k.symbol == symbol {
			return k, true
		}
	}
	return kind{}, false
}

// String returns the symbolic form.
func (d descriptor) String() string {
	k, _ := kindOf(uint64(d))
	return string(k.symbol)
}

// describedComposite returns the generic form of c.
func describedComposite(c Composite) Described {
	f := &fields{writing: true}
	c.visit(f)
	return Described{uint64(c.descriptor()), trimNulls(f.list)}
}

// trimNulls cuts the null values off the end of a list.
func trimNulls(list []any) []any {
	for len(list) > 0 && list[len(list)-1] == nil {
		list = list[:len(list)-1]
	}
	return list
}

// parseComposite returns the composite for the generic value v. The error is a
// *DecodeError.
func parseComposite(v any) (Composite, error) {
	described, ok := v.(Described)
	if !ok {
		return nil, malformed("%T where a described type is expected", v)
	}
	k, ok := kindOf(described.Descriptor)
	if !ok || k.create == nil {
		return nil, malformed("described type of an unknown kind")
	}
	list, ok := described.Value.([]any)
	if !ok {
		return nil, malformed("%s is not a list", k.symbol)
	}
	c := k.create()
	f := &fields{of: k.descriptor, list: list}
	c.visit(f)
	if f.err != nil {
		return nil, f.err
	}
	return c, nil
}
