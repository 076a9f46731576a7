package amqp

import (
	"context"
	"fmt"
	"net"
)

// SASLMechanism is a mechanism that a server offers.
type SASLMechanism struct {
	Name string

	// Verify decides whether to accept a client that has chosen the mechanism. Its code becomes
	// the outcome. Its error ends the exchange without an outcome; an error of Challenge should
	// be returned as it is.
	Verify func(x *SASLExchange) (SASLCode, error)
}

// SASLExchange is the conversation of a mechanism with one client.
type SASLExchange struct {
	Init SASLInit // the client's initial response

	conn saslConn
}

// Challenge sends a challenge and returns the client's response.
func (x *SASLExchange) Challenge(challenge []byte) (Credential, error) {
	if err := x.conn.write(&SASLChallenge{challenge}); err != nil {
		return nil, step("sending a challenge", err)
	}
	response, err := readAs[*SASLResponse](x.conn)
	if err != nil {
		return nil, step("waiting for a response", err)
	}
	return response.Response, nil
}

// ServerSASL authenticates a client whose SASL protocol header was read with ReadProtocol:
// it answers that header, offers the mechanisms and ends with the outcome, SASLAuth for a
// mechanism that was not offered. The next data on conn is the protocol header of AMQP. It
// ends when ctx does.
//
// The error is nil if the client was accepted and a *RefusedError if it was not; otherwise
// it wraps a *DecodeError, ErrCut, or the error of Verify or of ctx.
func ServerSASL(ctx context.Context, conn net.Conn, offer []SASLMechanism, limits Limits) error {
	return during(ctx, conn, func() error {
		return serveSASL(saslConn{conn, limits}, offer)
	})
}

func serveSASL(c saslConn, offer []SASLMechanism) error {
	if err := WriteProtocol(c.conn, ProtocolSASL); err != nil {
		return step("sending the protocol header", cut(err))
	}
	names := &SASLMechanisms{}
	for _, mechanism := range offer {
		names.Mechanisms = append(names.Mechanisms, Symbol(mechanism.Name))
	}
	if err := c.write(names); err != nil {
		return step("offering mechanisms", err)
	}
	init, err := readAs[*SASLInit](c)
	if err != nil {
		return step("waiting for the client's choice", err)
	}
	code, err := verify(&SASLExchange{*init, c}, offer)
	if err != nil {
		return err
	}
	if err := c.write(&SASLOutcome{Code: code}); err != nil {
		return step("sending the outcome", err)
	}
	if code != SASLOK {
		return fmt.Errorf("sasl: mechanism %q: %w", init.Mechanism, &RefusedError{code})
	}
	return nil
}

func verify(x *SASLExchange, offer []SASLMechanism) (SASLCode, error) {
	for _, mechanism := range offer {
		if Symbol(mechanism.Name) == x.Init.Mechanism {
			return mechanism.Verify(x)
		}
	}
	return SASLAuth, nil
}
