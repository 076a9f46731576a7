package amqp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
)

// maxChallenges is the maximum number of challenges in a SASL exchange; the TPM mechanism
// needs three.
const maxChallenges = 64

// ErrNotOffered is wrapped by the error of ClientSASL if the server does not offer the
// mechanism; SASLResult lists the mechanisms that it offers.
var ErrNotOffered = errors.New("mechanism not offered")

// SASLLogin is a client's mechanism and credentials.
type SASLLogin struct {
	Mechanism string
	Initial   Credential // the initial response, nil for none
	Hostname  string     // host name of the sasl-init frame, "" for none

	// Answer returns the response to a challenge; its error ends the exchange. It is nil for a
	// mechanism without challenges.
	Answer func(challenge []byte) (Credential, error)

	Limits Limits
}

// SASLResult is what a client learned in a SASL exchange, even in one that failed.
type SASLResult struct {
	Offered []string     // nil if the mechanisms did not arrive
	Outcome *SASLOutcome // nil if none arrived
}

// ClientSASL authenticates as a client on a fresh connection, from the protocol header to
// the outcome, and reads no byte after it: the next data on conn is the header of AMQP
// itself. It ends when ctx does.
//
// The error is nil if the server accepted the login. Otherwise it wraps one of
// *NotAMQPError, *ProtocolError (no SASL), *DecodeError, ErrNotOffered, *RefusedError,
// ErrCut, the error of login.Answer, or that of ctx.
func ClientSASL(ctx context.Context, conn net.Conn, login SASLLogin) (SASLResult, error) {
	var result SASLResult
	err := during(ctx, conn, func() error {
		return login.run(saslConn{conn, login.Limits}, &result)
	})
	return result, err
}

func (login SASLLogin) run(c saslConn, result *SASLResult) error {
	if err := WriteProtocol(c.conn, ProtocolSASL); err != nil {
		return step("sending the protocol header", cut(err))
	}
	header, err := ReadProtocol(c.conn)
	if err != nil {
		return step("waiting for the server's protocol header", cut(err))
	}
	if want := ProtocolSASL.Header(); header != want {
		return step("waiting for the server's protocol header", &ProtocolError{Got: header, Want: want})
	}
	offer, err := readAs[*SASLMechanisms](c)
	if err != nil {
		return step("waiting for the mechanisms", err)
	}
	result.Offered = make([]string, 0, len(offer.Mechanisms))
	for _, mechanism := range offer.Mechanisms {
		result.Offered = append(result.Offered, string(mechanism))
	}
	if !slices.Contains(result.Offered, login.Mechanism) {
		return fmt.Errorf("sasl: %w: %s is not among %q", ErrNotOffered, login.Mechanism, result.Offered)
	}
	err = c.write(&SASLInit{Mechanism: Symbol(login.Mechanism), InitialResponse: login.Initial, Hostname: login.Hostname})
	if err != nil {
		return step("sending the initial response", err)
	}
	result.Outcome, err = login.answer(c)
	if err != nil {
		return err
	}
	if code := result.Outcome.Code; code != SASLOK {
		return fmt.Errorf("sasl: %w", &RefusedError{code})
	}
	return nil
}

// answer answers challenges until the outcome.
func (login SASLLogin) answer(c saslConn) (*SASLOutcome, error) {
	for range maxChallenges {
		body, err := c.read()
		if err != nil {
			return nil, step("waiting for the outcome", err)
		}
		switch body := body.(type) {
		case *SASLOutcome:
			return body, nil
		case *SASLChallenge:
			if err := login.respond(c, body.Challenge); err != nil {
				return nil, err
			}
		default:
			return nil, step("waiting for the outcome", malformed("unexpected %s", body.descriptor()))
		}
	}
	return nil, step("waiting for the outcome", malformed("more than %d challenges", maxChallenges))
}

func (login SASLLogin) respond(c saslConn, challenge []byte) error {
	if login.Answer == nil {
		return step("waiting for the outcome", malformed("challenge to a mechanism without any"))
	}
	response, err := login.Answer(challenge)
	if err != nil {
		return fmt.Errorf("sasl: answering a challenge: %w", err)
	}
	if err := c.write(&SASLResponse{response}); err != nil {
		return step("answering a challenge", err)
	}
	return nil
}
