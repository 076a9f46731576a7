package emulator

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"
)

// The service's own data when a connection opens, as seen in a trace (GitHub issue
// Azure/azure-iot-sdk-c#815).
const (
	amqpContainer  = "IoTDPSGW_" // and 32 hexadecimal digits
	amqpHostname   = "gateway000000"
	amqpFrame      = amqp.DefaultFrame
	amqpChannelMax = 8191
	amqpIdle       = 240 * time.Second
)

const (
	// amqpPatience is how long a peer may be silent: twice the idle timeout announced to it, as
	// the standard recommends (part 2, section 2.4.5).
	amqpPatience = 2 * amqpIdle
	// amqpMinFrame is the frame size that every peer accepts (part 2, section 2.4.1).
	amqpMinFrame = 512
	// amqpLeastBeat is the minimum interval of the heartbeats that a peer can request.
	amqpLeastBeat = 250 * time.Millisecond
	maxSessions   = 4
)

// amqpLimits are the limits for a peer: a message with the largest body, and its other
// sections.
func amqpLimits() amqp.Limits { return amqp.Limits{Frame: amqpFrame, Message: MaxBody + 8<<10} }

// amqpConversation serves one AMQP connection.
type amqpConversation struct {
	conversation
	*front
	claim    claim // its api-version and, without a token, its names come with the links
	proven   bool  // a SASL exchange has checked the claim
	refused  *refusal
	opened   bool
	limit    uint32 // the largest frame that the peer accepts, in bytes
	sessions map[uint16]*amqpSession
}

// speakAMQP serves a connection until it ends.
func (f *front) speakAMQP(ctx context.Context, s *stream) error {
	a := &amqpConversation{
		front: f, conversation: conversation{stream: s, patience: readTimeout},
		limit: amqpMinFrame, sessions: map[uint16]*amqpSession{},
	}
	if a.claim.credential.chain = s.chain; len(s.chain) > 0 {
		a.claim.registrationID = s.chain[0].Subject.CommonName // until a link names one
	}
	switch err := a.negotiate(ctx); {
	case errors.Is(err, errEnd):
		s.hangUp()
		return err
	case err != nil:
		return err
	}
	read := func() (amqp.Frame, error) { return amqpLimits().ReadFrame(s) }
	return converse(ctx, &a.conversation, read, a.handle)
}

// negotiate agrees on AMQP, after SASL if the peer begins with that. A peer that begins
// with anything else gets the header of a supported protocol (part 2, section 2.2).
func (a *amqpConversation) negotiate(ctx context.Context) error {
	if err := a.expect(readTimeout); err != nil {
		return err
	}
	header, err := amqp.ReadProtocol(a)
	if alien := new(amqp.NotAMQPError); err != nil && !errors.As(err, &alien) {
		return err
	}
	if refused := a.intercept(); refused != nil && refused.foreign != nil {
		a.tell("HTTP", refused)
		_, err := a.Write(foreignHTTP(refused))
		return errors.Join(err, errEnd)
	}
	if header == amqp.ProtocolSASL.Header() {
		if err := a.login(ctx); err != nil {
			return err
		}
		if header, err = amqp.ReadProtocol(a); err != nil {
			return err
		}
	}
	if err == nil && header == amqp.ProtocolAMQP.Header() {
		return amqp.WriteProtocol(a, amqp.ProtocolAMQP)
	}
	if err == nil {
		err = &amqp.ProtocolError{Got: header, Want: amqp.ProtocolAMQP.Header()}
	}
	return errors.Join(err, amqp.WriteProtocol(a, amqp.ProtocolSASL), errEnd)
}

// tell logs that the connection is refused.
func (a *amqpConversation) tell(with string, refused *refusal) {
	a.reportRefused(call{transport: a.transport, remote: a.remote, registrationID: a.claim.registrationID}, with, refused)
}

// handle serves one frame. A peer that violates the protocol gets a CLOSE with the reason.
func (a *amqpConversation) handle(f amqp.Frame, err error) error {
	if err == nil {
		err = a.take(f)
	}
	if wrong := new(amqp.DecodeError); errors.As(err, &wrong) {
		return a.closeWith(&amqp.Error{Condition: wrong.Condition, Description: wrong.Reason})
	}
	if wrong := new(amqp.Error); errors.As(err, &wrong) {
		return a.closeWith(wrong)
	}
	return err
}

// take serves one frame; an error that is an *amqp.Error is sent to the peer.
func (a *amqpConversation) take(f amqp.Frame) error {
	if f.Type != amqp.FrameAMQP {
		return &amqp.Error{Condition: amqp.ConditionFraming, Description: "the SASL exchange is over"}
	}
	if f.Body == nil {
		return nil // keeps the connection alive
	}
	if _, opening := f.Body.(*amqp.Open); opening == a.opened { // it comes first and only once
		return &amqp.Error{Condition: conditionNotAllowed, Description: fmt.Sprintf("unexpected %T", f.Body)}
	}
	switch body := f.Body.(type) {
	case *amqp.Open:
		return a.open(body)
	case *amqp.Begin:
		return a.begin(f.Channel, body)
	case *amqp.Close:
		return errors.Join(a.write(0, &amqp.Close{}), errEnd)
	}
	session, ok := a.sessions[f.Channel]
	if !ok {
		return &amqp.Error{Condition: conditionNotAllowed, Description: fmt.Sprintf("no session on channel %d", f.Channel)}
	}
	return session.take(f.Body, f.Payload)
}

func (a *amqpConversation) write(channel uint16, body amqp.Composite) error {
	return amqp.WriteFrame(a, amqp.Frame{Channel: channel, Body: body})
}

// open answers an OPEN. An invalid claim is reported in the answer and again in a CLOSE
// directly after it (GitHub issue Azure/azure-iot-sdk-c#815).
func (a *amqpConversation) open(peer *amqp.Open) error {
	if !a.proven {
		a.refused = a.service.prove(a.claim)
	}
	if a.refused != nil && a.refused.delivery.manner == cut {
		return errCut
	}
	a.limit, a.patience = max(peer.FrameLimit(), amqpMinFrame), amqpPatience
	if a.refused != nil {
		a.tell("open-error", a.refused)
		wrong, err := a.describe(a.refused)
		return errors.Join(err, a.answerOpen(amqp.Map{{Key: amqp.Symbol(dps.AMQPOpenError), Value: wrong}}), a.closeWith(wrong))
	}
	if peer.IdleTimeOut > 0 {
		a.beat(max(time.Duration(peer.IdleTimeOut)*time.Millisecond/2, amqpLeastBeat))
	}
	return a.answerOpen(nil)
}

func (a *amqpConversation) answerOpen(properties amqp.Map) error {
	a.opened = true
	return a.write(0, &amqp.Open{
		ContainerID:  amqpContainer + hex.EncodeToString(a.service.random.bytes(16)),
		Hostname:     amqpHostname,
		MaxFrameSize: new(uint32(amqpFrame)),
		ChannelMax:   new(uint16(amqpChannelMax)),
		IdleTimeOut:  uint32(amqpIdle.Milliseconds()),
		Properties:   properties,
	})
}

// beat keeps the connection open by sending an empty frame at the given interval.
func (a *amqpConversation) beat(every time.Duration) {
	a.after(every, func() error {
		a.beat(every)
		return amqp.WriteFrame(a, amqp.Frame{})
	})
}

// closeWith ends the connection with a reason, after an OPEN, which must precede every
// CLOSE.
func (a *amqpConversation) closeWith(reason *amqp.Error) error {
	if !a.opened {
		if err := a.answerOpen(nil); err != nil {
			return err
		}
	}
	a.reportEnd(a.transport, a.remote, reason)
	return errors.Join(a.write(0, &amqp.Close{Error: reason}), errEnd)
}

// begin answers a BEGIN with a session on the same channel.
func (a *amqpConversation) begin(channel uint16, peer *amqp.Begin) error {
	_, taken := a.sessions[channel]
	switch {
	case channel > amqpChannelMax:
		return &amqp.Error{Condition: amqp.ConditionFraming, Description: "channel beyond channel-max"}
	case taken:
		return &amqp.Error{Condition: conditionNotAllowed, Description: fmt.Sprintf("a second BEGIN on channel %d", channel)}
	case len(a.sessions) == maxSessions:
		return &amqp.Error{Condition: amqp.ConditionLimit, Description: "too many sessions"}
	}
	a.sessions[channel] = newAMQPSession(a, channel, peer)
	return a.write(channel, &amqp.Begin{
		RemoteChannel: &channel, IncomingWindow: sessionWindow, OutgoingWindow: sessionWindow, HandleMax: new(uint32(maxHandle)),
	})
}
