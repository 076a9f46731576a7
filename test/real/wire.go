package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"strings"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// altered is a transport of the probe that sends something that a device does not send.
type altered struct {
	probe.Transport
	// first changes the first bytes of every connection, and shown does the same to the text of
	// what was sent; nil changes nothing.
	first func([]byte) []byte
	shown func(string) string
	// body changes the body of the register call; nil changes nothing.
	body func([]byte) []byte
	// polls is how often each status is asked for, one call right after the other, until the
	// service refuses one; 0 means once.
	polls int
}

// Open implements probe.Transport.
func (a altered) Open(ctx context.Context, dial probe.Dialer, target probe.Target, id probe.Identity) (probe.Session, probe.Opening) {
	if a.first != nil {
		plain := dial
		dial = func(ctx context.Context) (net.Conn, error) {
			conn, err := plain(ctx)
			if err != nil {
				return nil, err
			}
			return &firstChanged{Conn: conn, change: a.first}, nil
		}
	}
	session, opening := a.Transport.Open(ctx, dial, target, id)
	if a.shown != nil && len(opening.Exchanges) > 0 {
		sent := &opening.Exchanges[0].Request
		sent.Line = a.shown(sent.Line)
		for i := range sent.Headers {
			sent.Headers[i].Value = a.shown(sent.Headers[i].Value)
		}
	}
	if session == nil {
		return nil, opening
	}
	return &alteredSession{session, a}, opening
}

type alteredSession struct {
	probe.Session
	by altered
}

// Register implements probe.Session.
func (s *alteredSession) Register(ctx context.Context, body []byte) probe.Answer {
	if s.by.body != nil {
		body = s.by.body(body)
	}
	return s.Session.Register(ctx, body)
}

// Status implements probe.Session.
func (s *alteredSession) Status(ctx context.Context, operationID string) probe.Answer {
	answer := s.Session.Status(ctx, operationID)
	for range s.by.polls {
		if answer.Failure != nil || answer.Status/100 != 2 {
			break
		}
		answer = s.Session.Status(ctx, operationID)
	}
	return answer
}

// firstChanged is a connection whose first written bytes are changed.
type firstChanged struct {
	net.Conn
	change func([]byte) []byte
}

// Write implements net.Conn.
func (c *firstChanged) Write(p []byte) (int, error) {
	if c.change == nil {
		return c.Conn.Write(p)
	}
	sent := c.change(p)
	c.change = nil
	if _, err := c.Conn.Write(sent); err != nil {
		return 0, err
	}
	return len(p), nil
}

// otherClientID is MQTT with another client id than the user name has.
func otherClientID(id, other string) altered {
	return altered{
		Transport: probe.NewMQTT(),
		first: func(sent []byte) []byte {
			packet, err := packets.ReadPacket(bytes.NewReader(sent))
			connect, ok := packet.(*packets.ConnectPacket)
			if err != nil || !ok {
				return sent
			}
			connect.ClientIdentifier = other
			var changed bytes.Buffer
			if err := connect.Write(&changed); err != nil {
				return sent
			}
			return changed.Bytes()
		},
		shown: func(text string) string {
			if text == id {
				return other
			}
			return text
		},
	}
}

// noClientCert is the query by which SDKs say that they will not present a certificate.
const noClientCert = "?iothub-no-client-cert=true"

// withoutClientCert is MQTT over a WebSocket with noClientCert in its address.
func withoutClientCert() altered {
	const path = "/$iothub/websocket"
	change := func(text string) string { return strings.Replace(text, path+" ", path+noClientCert+" ", 1) }
	return altered{
		Transport: probe.NewMQTTOverWebSocket(),
		first:     func(sent []byte) []byte { return []byte(change(string(sent))) },
		shown:     change,
	}
}

// otherBody is a transport with another registration id in the body than in the path, the user
// name or the address of a link.
func otherBody(t probe.Transport, other string) altered {
	return altered{Transport: t, body: func(sent []byte) []byte {
		var request dps.Request
		if json.Unmarshal(sent, &request) != nil {
			return sent
		}
		request.RegistrationID = other
		changed, err := json.Marshal(request)
		if err != nil {
			return sent
		}
		return changed
	}}
}
