package amqp

import "math"

// Role is the end of a link that a peer is.
type Role bool

// The two roles of part 2, section 2.8.1.
const (
	RoleSender   Role = false
	RoleReceiver Role = true
)

// Open starts a connection (part 2, section 2.7.1).
type Open struct {
	ContainerID         string // mandatory
	Hostname            string
	MaxFrameSize        *uint32 // see FrameLimit
	ChannelMax          *uint16 // 65535 when absent
	IdleTimeOut         uint32  // milliseconds, 0 for none
	OutgoingLocales     []Symbol
	IncomingLocales     []Symbol
	OfferedCapabilities []Symbol
	DesiredCapabilities []Symbol
	Properties          Map
}

// FrameLimit returns the maximum frame size in bytes that the sender of the Open accepts:
// 4294967295 if it does not say.
func (o *Open) FrameLimit() uint32 {
	if o.MaxFrameSize == nil {
		return math.MaxUint32
	}
	return *o.MaxFrameSize
}

func (*Open) descriptor() descriptor { return descOpen }

func (o *Open) visit(f *fields) {
	required(f, &o.ContainerID)
	optional(f, &o.Hostname)
	pointer(f, &o.MaxFrameSize)
	pointer(f, &o.ChannelMax)
	optional(f, &o.IdleTimeOut)
	symbols(f, &o.OutgoingLocales)
	symbols(f, &o.IncomingLocales)
	symbols(f, &o.OfferedCapabilities)
	symbols(f, &o.DesiredCapabilities)
	nilable(f, &o.Properties)
}

// Begin starts a session (part 2, section 2.7.2).
type Begin struct {
	RemoteChannel       *uint16 // in the answer, the channel of the Begin that is answered
	NextOutgoingID      uint32  // mandatory
	IncomingWindow      uint32  // mandatory
	OutgoingWindow      uint32  // mandatory
	HandleMax           *uint32 // 4294967295 when absent
	OfferedCapabilities []Symbol
	DesiredCapabilities []Symbol
	Properties          Map
}

func (*Begin) descriptor() descriptor { return descBegin }

func (b *Begin) visit(f *fields) {
	pointer(f, &b.RemoteChannel)
	required(f, &b.NextOutgoingID)
	required(f, &b.IncomingWindow)
	required(f, &b.OutgoingWindow)
	pointer(f, &b.HandleMax)
	symbols(f, &b.OfferedCapabilities)
	symbols(f, &b.DesiredCapabilities)
	nilable(f, &b.Properties)
}

// Attach makes a link (part 2, section 2.7.3).
type Attach struct {
	Name                 string // mandatory
	Handle               uint32 // mandatory
	Role                 Role   // mandatory
	SndSettleMode        *uint8 // 0 unsettled, 1 settled, 2 mixed, which is the default
	RcvSettleMode        uint8  // 0 first, 1 second
	Source               *Source
	Target               *Target
	Unsettled            Map
	IncompleteUnsettled  bool
	InitialDeliveryCount *uint32 // from a sender only, and then mandatory
	MaxMessageSize       uint64  // bytes, 0 for any
	OfferedCapabilities  []Symbol
	DesiredCapabilities  []Symbol
	Properties           Map
}

func (*Attach) descriptor() descriptor { return descAttach }

func (a *Attach) visit(f *fields) {
	required(f, &a.Name)
	required(f, &a.Handle)
	required(f, (*bool)(&a.Role))
	pointer(f, &a.SndSettleMode)
	optional(f, &a.RcvSettleMode)
	nested(f, &a.Source)
	nested(f, &a.Target)
	nilable(f, &a.Unsettled)
	optional(f, &a.IncompleteUnsettled)
	pointer(f, &a.InitialDeliveryCount)
	optional(f, &a.MaxMessageSize)
	symbols(f, &a.OfferedCapabilities)
	symbols(f, &a.DesiredCapabilities)
	nilable(f, &a.Properties)
}

// Flow gives the windows of a session and, with a handle, the state of a link (part 2,
// section 2.7.4).
type Flow struct {
	NextIncomingID *uint32 // absent before the peer's Begin
	IncomingWindow uint32  // mandatory
	NextOutgoingID uint32  // mandatory
	OutgoingWindow uint32  // mandatory
	Handle         *uint32 // if absent, for the session only
	DeliveryCount  *uint32
	LinkCredit     *uint32
	Available      *uint32
	Drain          bool
	Echo           bool
	Properties     Map
}

func (*Flow) descriptor() descriptor { return descFlow }

func (w *Flow) visit(f *fields) {
	pointer(f, &w.NextIncomingID)
	required(f, &w.IncomingWindow)
	required(f, &w.NextOutgoingID)
	required(f, &w.OutgoingWindow)
	pointer(f, &w.Handle)
	pointer(f, &w.DeliveryCount)
	pointer(f, &w.LinkCredit)
	pointer(f, &w.Available)
	optional(f, &w.Drain)
	optional(f, &w.Echo)
	nilable(f, &w.Properties)
}

// Transfer carries a message or a part of one; its bytes are the payload of the
// frame (part 2, section 2.7.5). A frame that continues a message needs no more
// than the handle.
type Transfer struct {
	Handle        uint32 // mandatory
	DeliveryID    *uint32
	DeliveryTag   []byte
	MessageFormat *uint32
	Settled       bool
	More          bool
	RcvSettleMode *uint8
	State         DeliveryState
	Resume        bool
	Aborted       bool
	Batchable     bool
}

func (*Transfer) descriptor() descriptor { return descTransfer }

func (t *Transfer) visit(f *fields) {
	required(f, &t.Handle)
	pointer(f, &t.DeliveryID)
	nilable(f, &t.DeliveryTag)
	pointer(f, &t.MessageFormat)
	optional(f, &t.Settled)
	optional(f, &t.More)
	pointer(f, &t.RcvSettleMode)
	nested(f, &t.State)
	optional(f, &t.Resume)
	optional(f, &t.Aborted)
	optional(f, &t.Batchable)
}

// Disposition gives the result of the deliveries First to Last (part 2, section 2.7.6).
type Disposition struct {
	Role      Role    // mandatory: the role of the sender
	First     uint32  // mandatory
	Last      *uint32 // First when absent
	Settled   bool
	State     DeliveryState
	Batchable bool
}

func (*Disposition) descriptor() descriptor { return descDisposition }

func (d *Disposition) visit(f *fields) {
	required(f, (*bool)(&d.Role))
	required(f, &d.First)
	pointer(f, &d.Last)
	optional(f, &d.Settled)
	nested(f, &d.State)
	optional(f, &d.Batchable)
}

// Detach ends a link, or only suspends it if Closed is false (part 2, section 2.7.7).
type Detach struct {
	Handle uint32 // mandatory
	Closed bool
	Error  *Error
}

func (*Detach) descriptor() descriptor { return descDetach }

func (d *Detach) visit(f *fields) {
	required(f, &d.Handle)
	optional(f, &d.Closed)
	nested(f, &d.Error)
}

// End ends a session (part 2, section 2.7.8).
type End struct{ Error *Error }

func (*End) descriptor() descriptor { return descEnd }

func (e *End) visit(f *fields) { nested(f, &e.Error) }

// Close ends a connection (part 2, section 2.7.9).
type Close struct{ Error *Error }

func (*Close) descriptor() descriptor { return descClose }

func (c *Close) visit(f *fields) { nested(f, &c.Error) }
