package hostile_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"time"

	"dpsdiag/internal/probe"
	"dpsdiag/test/hostile"
)

// turn is what a trick knows when it is done.
type turn struct {
	rng       *rand.Rand
	source    hostile.Source
	honest    []byte // the message that is due, if there is one
	cut       int
	transport probe.TransportID
}

// start is the beginning of the honest message.
func (t *turn) start() []byte { return t.honest[:min(t.cut, len(t.honest))] }

// wrapped puts what is sent into frames of a WebSocket where the transport uses one.
func (t *turn) wrapped(texts [][]byte) [][]byte {
	if t.transport.Traits().WebSocket {
		for i := range texts {
			texts[i] = hostile.InWebSocket(texts[i])
		}
	}
	return texts
}

// trick is one thing that a server may do wrong.
type trick struct {
	name   string
	layer  layer
	config func(s *service) (*tls.Config, error) // inTLS
	send   func(w io.Writer, t *turn)            // the others
}

// places is the number of messages, or of connections, to choose from: a registration has at most so many.
func (t trick) places(transport probe.TransportID) int {
	switch {
	case t.layer != inPlain:
		return 1
	case transport == probe.HTTPS:
		return 3
	case transport == probe.MQTT:
		return 4
	}
	return 8
}

// flood is how much a peer sends that sends without end.
const flood = 4 << 20

// tricksFor are the tricks that make sense over a transport.
func tricksFor(id probe.TransportID) []trick {
	list := append(tcpTricks(), tlsTricks()...)
	list = append(list, byteTricks(inCipher)...)
	list = append(list, byteTricks(inPlain)...)
	add := func(name string, texts func(*turn) [][]byte) {
		list = append(list, trick{name: name, layer: inPlain, send: func(w io.Writer, t *turn) { sendOne(w, t, texts(t)) }})
		list = append(list, trick{name: name + " again and again", layer: inPlain, send: func(w io.Writer, t *turn) {
			all := texts(t)
			repeat(w, all[t.rng.IntN(len(all))])
		}})
	}
	traits := id.Traits()
	if traits.BeginsInHTTP {
		add("HTTP", func(t *turn) [][]byte { return t.source.HTTP() })
		add("HTTP with an odd body", func(t *turn) [][]byte { return t.source.HTTPBodies() })
	}
	if traits.WebSocket {
		add("WebSocket", func(t *turn) [][]byte { return t.source.WebSocket() })
	}
	switch id {
	case probe.MQTT, probe.MQTTWS:
		add("MQTT", func(t *turn) [][]byte { return t.wrapped(t.source.MQTT()) })
	case probe.AMQP, probe.AMQPWS:
		add("AMQP", func(t *turn) [][]byte { return t.wrapped(t.source.AMQP()) })
	}
	return list
}

func sendOne(w io.Writer, t *turn, texts [][]byte) { _, _ = w.Write(texts[t.rng.IntN(len(texts))]) }

// repeat sends a text without end.
func repeat(w io.Writer, text []byte) {
	block := bytes.Repeat(text, 1+(32<<10)/(len(text)+1))
	if len(block) == 0 {
		return
	}
	for sent := 0; sent < flood; sent += len(block) {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// drip sends a text slowly, a byte at a time.
func drip(w io.Writer, text []byte) {
	for i := range text {
		if _, err := w.Write(text[i : i+1]); err != nil {
			return
		}
		<-time.After(3 * time.Millisecond)
	}
}

// byteTricks need no knowledge of the protocol.
func byteTricks(l layer) []trick {
	return []trick{
		{name: "cut", layer: l, send: func(w io.Writer, t *turn) { _, _ = w.Write(t.start()) }},
		{name: "slow drip", layer: l, send: func(w io.Writer, t *turn) { drip(w, t.honest) }},
		{name: "changed bytes", layer: l, send: func(w io.Writer, t *turn) {
			changed := bytes.Clone(t.honest)
			for range 1 + t.rng.IntN(4) {
				changed[t.rng.IntN(len(changed))] = byte(t.rng.Uint32())
			}
			_, _ = w.Write(changed)
		}},
		{name: "twice", layer: l, send: func(w io.Writer, t *turn) { _, _ = w.Write(bytes.Repeat(t.honest, 2)) }},
		{name: "again and again", layer: l, send: func(w io.Writer, t *turn) { repeat(w, t.honest) }},
		{name: "random bytes", layer: l, send: func(w io.Writer, t *turn) {
			_, _ = w.Write(append(t.start(), hostile.Random(t.rng, 1+t.rng.IntN(4096))...))
		}},
		{name: "flood of zeros", layer: l, send: func(w io.Writer, t *turn) { _, _ = w.Write(t.start()); repeat(w, make([]byte, 1024)) }},
		{name: "flood of random bytes", layer: l, send: func(w io.Writer, t *turn) { _, _ = w.Write(t.start()); repeat(w, hostile.Random(t.rng, 1021)) }},
	}
}

// tcpTricks answer the ClientHello.
func tcpTricks() []trick {
	first := [][]byte{
		{},
		[]byte("SSH-2.0-OpenSSH_9.2\r\n"),
		[]byte("220 mail.example ESMTP \x1b[2J\r\n"),
		[]byte("HTTP/1.1 400 Bad Request\r\nServer: \x1b]0;x\x07\r\n\r\n<html>blocked by \x1b[31mpolicy\u202e</html>"),
		[]byte("HTTP/1.1 302 Found\r\nLocation: https://portal.example/\x00\r\n\r\n"),
		[]byte("AMQP\x00\x01\x00\x00"),
		{0x20, 2, 0, 5},                                     // CONNACK
		{0x16, 3, 3, 0xff, 0xff, 2, 0, 0xff},                // a record that is too long
		{0x16, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff},             // a ServerHello of 16 MB
		{0x16, 3, 3, 0, 0},                                  // an empty record
		{0x14, 3, 3, 0, 1, 1},                               // ChangeCipherSpec
		{0x17, 3, 3, 0, 1, 1},                               // data before the handshake
		{0x15, 3, 3, 0, 2, 1, 0},                            // close_notify
		{0x15, 3, 3, 0, 2, 1, 90},                           // user_canceled, a warning
		{0x15, 3, 3, 0, 2, 2, 40},                           // handshake_failure
		{0x15, 3, 3, 0, 2, 2, 116},                          // certificate_required
		{0x15, 3, 3, 0, 2, 9, 255},                          // no level and no alert that exist
		{0x16, 3, 3, 0, 4, 0, 0, 0, 0},                      // HelloRequest
		{0x16, 3, 1, 0, 4, 1, 0, 0, 0},                      // a ClientHello from the server
		{0x80, 0x2e, 1, 3, 1, 0, 0x15, 0, 0, 0, 0x10, 1, 0}, // SSL 2
	}
	texts := func(*turn) [][]byte { return first }
	return []trick{
		{name: "no TLS", layer: inTCP, send: func(w io.Writer, t *turn) { sendOne(w, t, texts(t)) }},
		{name: "no TLS, again and again", layer: inTCP, send: func(w io.Writer, t *turn) { repeat(w, first[t.rng.IntN(len(first))]) }},
		{name: "no TLS, slowly", layer: inTCP, send: func(w io.Writer, t *turn) { drip(w, first[t.rng.IntN(len(first))]) }},
		{name: "random bytes, no TLS", layer: inTCP, send: func(w io.Writer, t *turn) { _, _ = w.Write(hostile.Random(t.rng, 1+t.rng.IntN(2000))) }},
	}
}
