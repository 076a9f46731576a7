package emulator

import (
	"errors"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
)

// linkCredit is the number of requests that a peer may send before the next flow.
const linkCredit = 50

// amqpLink is one link of a session, from the peer for requests or to it for answers.
type amqpLink struct {
	*amqpSession
	handle   uint32 // both ways
	answers  bool
	settled  bool // answers need no disposition, as the peer requested
	caller   *caller
	detached bool // by us; the peer must confirm

	credit uint32 // messages that the receiver still accepts
	count  uint32 // messages so far, as both ends count them

	assembly amqp.Assembly
	partial  bool // part of a request has been received
}

// attach answers an ATTACH. The address and properties of a link contain the rest of the
// caller's data, so the caller is fully authenticated here. A link to an unknown address is
// detached at once (GitHub issue Azure/azure-iot-sdk-csharp#1109); the connection of a
// refused caller is closed, as with the answer to OPEN (assumed).
func (s *amqpSession) attach(peer *amqp.Attach) error {
	if peer.Handle > maxHandle {
		return &amqp.Error{Condition: amqp.ConditionFraming, Description: "handle beyond handle-max"}
	}
	if _, taken := s.links[peer.Handle]; taken {
		return s.fail(conditionHandleUsed, "a link has the handle %d", peer.Handle)
	}
	l := &amqpLink{
		amqpSession: s, handle: peer.Handle, answers: peer.Role == amqp.RoleReceiver,
		assembly: amqp.Assembly{Limits: amqpLimits()},
	}
	l.settled = l.answers && peer.SndSettleMode != nil && *peer.SndSettleMode == 1
	if !l.answers && peer.InitialDeliveryCount != nil {
		l.count = *peer.InitialDeliveryCount
	}
	s.links[l.handle] = l
	refused := l.identify(peer)
	switch {
	case refused == nil:
		return l.accept(peer)
	case refused.delivery.manner == cut:
		return errCut
	case refused.reason == reasonRequest || refused.reason == reasonAPIVersion:
		return l.turnAway(peer, refused)
	}
	l.tell("CLOSE", refused)
	wrong, err := l.describe(refused)
	if err != nil {
		return err
	}
	return wrong
}

// identify finds the caller of a link.
func (l *amqpLink) identify(peer *amqp.Attach) *refusal {
	address := peer.Target.Address()
	if l.answers {
		address = peer.Source.Address()
	}
	c := l.claim
	var ok bool
	if c.scope, c.registrationID, ok = parseAddress(address); !ok {
		message := "The link address '" + address + "' did not match any of the expected formats."
		return badRequest(reasonRequest, message, "the address of a link is not {idScope}/registrations/{registrationId}")
	}
	version, _ := peer.Properties.Get(dps.AMQPAPIVersion)
	c.apiVersion, _ = version.(string)
	var refused *refusal
	l.caller, refused = l.service.authenticate(c)
	return refused
}

// answerAttach returns an ATTACH with the opposite role and everything else unchanged.
func (l *amqpLink) answerAttach(peer *amqp.Attach) *amqp.Attach {
	answer := &amqp.Attach{
		Name: peer.Name, Handle: l.handle, Role: !peer.Role, Source: peer.Source, Target: peer.Target,
		SndSettleMode: peer.SndSettleMode, RcvSettleMode: peer.RcvSettleMode,
	}
	if l.answers {
		answer.InitialDeliveryCount = new(l.count)
	} else {
		answer.MaxMessageSize = uint64(amqpLimits().Message)
	}
	return answer
}

// accept opens the link for requests or for answers.
func (l *amqpLink) accept(peer *amqp.Attach) error {
	if err := l.send(l.answerAttach(peer)); err != nil {
		return err
	}
	if !l.answers {
		return l.grant()
	}
	l.outbox.link = l
	if l.service.subscribe(l.caller) {
		return errCut
	}
	return nil
}

// turnAway answers an ATTACH without our terminus (part 2, section 2.6.3) and closes the
// link.
func (l *amqpLink) turnAway(peer *amqp.Attach, refused *refusal) error {
	l.tell("DETACH", refused)
	answer := l.answerAttach(peer)
	if l.answers {
		answer.Source = nil
	} else {
		answer.Target = nil
	}
	wrong, err := l.describe(refused)
	return errors.Join(err, l.send(answer), l.close(wrong))
}

// close detaches the link for a reason.
func (l *amqpLink) close(reason *amqp.Error) error {
	l.detached = true
	l.outbox.release(l)
	return l.send(&amqp.Detach{Handle: l.handle, Closed: true, Error: reason})
}

// state returns the counters of the link for a flow.
func (l *amqpLink) state() *amqp.Flow {
	flow := l.amqpSession.state()
	flow.Handle, flow.DeliveryCount, flow.LinkCredit = new(l.handle), new(l.count), new(l.credit)
	return flow
}

// grant lets the peer send requests.
func (l *amqpLink) grant() error {
	l.credit = linkCredit
	return l.send(l.state())
}

// flow updates how many answers the peer accepts and sends those that wait. If the peer
// wants credit used up or returned, it is returned.
func (l *amqpLink) flow(peer *amqp.Flow) error {
	if l.detached {
		return nil // sent before the peer got our DETACH
	}
	if l.answers && peer.LinkCredit != nil {
		var seen uint32
		if peer.DeliveryCount != nil {
			seen = *peer.DeliveryCount
		}
		l.credit = left(*peer.LinkCredit, l.count-seen)
	}
	if err := l.flush(); err != nil {
		return err
	}
	answer := l.state()
	if drained := l.answers && peer.Drain; drained {
		l.count, l.credit = l.count+l.credit, 0
		answer = l.state()
		answer.Drain = true
	} else if !peer.Echo {
		return nil
	}
	return l.send(answer)
}
