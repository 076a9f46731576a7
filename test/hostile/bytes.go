package hostile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Controls is text that could control a terminal, or hide.
const Controls = "\x1b[31m\x1b]0;t\x07\x08\x7f\u009b2J\u202e\u2066\u200b\u2028\ufeff"

// Escapes is text that, in addition, is not UTF-8 and could end a line of any format.
const Escapes = Controls + "\xff\xfe\x00 ::error::x \r\n::warning::y </script><script>alert(1)</script> ]]> `|` $(id)"

// quotedEscapes is the same in JSON.
const quotedEscapes = `\u001b[31m\u001b]0;t\u0007\b\u007f\u009b2J\u202e\u2066\u200b\u2028\ufeff\u0000 \r\n::error::x </script><script>alert(1)</script> ]]> ` + "`|` $(id)"

// Source makes texts that are wrong for a protocol, or that come at the wrong time. Each method returns
// different ones every time, as Rand decides.
type Source struct {
	Rand *rand.Rand
	// Secrets is what the peer knows of the other side's secrets, to send it back.
	Secrets string
}

// bodies are bodies in place of those of the service.
func (s *Source) bodies() []string {
	const assigned = `{"operationId":"op","status":"assigned","registrationState":{"registrationId":"x","status":"assigned","assignedHub":"hub.example","deviceId":"x"}}`
	deep := 20000
	return []string{
		assigned, "", "null", "[]", "0", `"text"`, "{", `{"status":`, "\xef\xbb\xbf" + assigned, assigned + assigned, assigned + "x",
		`{"operationId":1,"status":["assigned"],"registrationState":7}`,
		`{"operationId":"` + quotedEscapes + `","status":"assigning"}`,
		`{"operationId":"../../x?y#z","status":"assigning"}`, `{"operationId":"","status":"assigning"}`, `{"status":"assigned"}`,
		`{"operationId":"op","status":"` + quotedEscapes + `"}`,
		`{"operationId":"op","status":"assigned","registrationState":{"status":"assigned","assignedHub":"` + quotedEscapes + `","deviceId":"` + quotedEscapes + `"}}`,
		`{"operationId":"op","status":"failed","registrationState":{"status":"failed","errorCode":400207,"errorMessage":"` + quotedEscapes + `"}}`,
		`{"operationId":"op","status":"failed","registrationState":{"status":"assigned","errorCode":-1e308,"assignedHub":"h"}}`,
		`{"errorCode":401002,"trackingId":"` + quotedEscapes + `","message":"` + quotedEscapes + `","timestampUtc":"` + quotedEscapes + `"}`,
		`{"errorCode":99999999999999999999999999,"message":null}`, `{"errorCode":"401002","message":{"a":[1,{}]}}`,
		`{"Message":"` + quotedEscapes + `","ExceptionMessage":"x"}`,
		`{"errorCode":401002,"message":"` + s.Secrets + `"}`, s.Secrets + " " + Escapes,
		strings.Repeat("[", deep), strings.Repeat("[", deep) + strings.Repeat("]", deep), strings.Repeat(`{"a":`, deep) + "1" + strings.Repeat("}", deep),
		`{"status":"assigning","status":"failed","operationId":"a","operationId":"b"}`,
		`{"message":"` + strings.Repeat("x", 300000) + `"}`, "{" + strings.Repeat(`"a":1,`, 50000) + `"b":2}`, strings.Repeat("9", 100000),
		"<html><title>" + Escapes + "</title></html>", Escapes, strings.Repeat(Escapes, 1000),
	}
}

// HTTPBodies are answers of HTTP with a status and a body that may not fit each other.
func (s *Source) HTTPBodies() [][]byte {
	var list [][]byte
	status := []int{200, 202, 204, 206, 304, 301, 307, 400, 401, 403, 404, 407, 409, 412, 415, 421, 429, 500, 502, 503, 504, 511, 599, 600, 999}
	for _, body := range s.bodies() {
		head := fmt.Sprintf("HTTP/1.1 %d Fine\r\nContent-Type: application/json\r\nRetry-After: %s\r\nLocation: /\r\nContent-Length: %d\r\n\r\n",
			status[s.Rand.IntN(len(status))], []string{"0", "1", "-5", "99999999999999", "Wed, 01 Jan 2400 00:00:00 GMT", "soon"}[s.Rand.IntN(6)], len(body))
		list = append(list, []byte(head+body))
	}
	return list
}

// HTTP are answers that are wrong as HTTP.
func (s *Source) HTTP() [][]byte {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, _ = w.Write(make([]byte, 8<<20))
	_ = w.Close()
	const ok = "HTTP/1.1 200 OK\r\n"
	list := []string{
		ok, ok + "X: 1\r\n", ok + strings.Repeat("X: 1\r\n", 20000), ok + "X: " + strings.Repeat("y", 2<<20) + "\r\n\r\n",
		ok + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("5\r\nhello\r\n", 100000), ok + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
		ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\nx", ok + "Transfer-Encoding: chunked\r\n\r\n5;" + strings.Repeat("e", 1<<20) + "\r\nhello\r\n0\r\n\r\n",
		ok + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: " + Escapes + "\r\n\r\n", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		ok + "Content-Length: 100\r\n\r\n{}", ok + "Content-Length: 1\r\n\r\n{\"a\":1}" + ok, ok + "Content-Length: -1\r\n\r\n{}",
		ok + "Content-Length: 99999999999999999999\r\n\r\n{}", ok + "Content-Length: 9223372036854775807\r\n\r\n{}", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
		ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", ok + "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + strings.Repeat("x", 20),
		ok + fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", bomb.Len()) + bomb.String(), ok + "\r\n" + strings.Repeat("endless ", 50000),
		"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: " + Escapes[:8] + "\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + Escapes,
		"HTTP/1.1 000 \r\n\r\n", "HTTP/1.1 -1 x\r\n\r\n", "HTTP/1.1 2000 x\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "<html>",
		"HTTP/1.1 401 " + strings.NewReplacer("\r", "", "\n", "").Replace(Escapes) + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate " + strings.Repeat("A", 9000) + "\r\nContent-Length: 0\r\n\r\n",
		ok + "X\x00Y: 1\r\nContent-Length: 2\r\n\r\n{}", ok + ": 1\r\nContent-Length: 2\r\n\r\n{}", ok + "X: a\r\n folded\r\nContent-Length: 2\r\n\r\n{}",
		ok + "Date: " + Escapes[:5] + "\r\nServer: " + Escapes[:16] + "\r\nContent-Length: 2\r\n\r\n{}", ok + "Date: Wed, 01 Jan 1800 00:00:00 GMT\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 429 Slow\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 307 R\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 301 R\r\nLocation: " + Escapes[:6] + "\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
	}
	var texts [][]byte
	for _, text := range list {
		texts = append(texts, []byte(text))
	}
	return texts
}

// webSocketFrame is a frame of a WebSocket.
func webSocketFrame(first byte, payload []byte) []byte {
	frame := []byte{first}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, byte(n))
	case n < 1<<16:
		frame = binary.BigEndian.AppendUint16(append(frame, 126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 127), uint64(n))
	}
	return append(frame, payload...)
}

// WebSocket are frames in an order or of a form that is wrong.
func (s *Source) WebSocket() [][]byte {
	return [][]byte{
		webSocketFrame(0x89, nil), webSocketFrame(0x89, make([]byte, 125)), webSocketFrame(0x8a, nil), webSocketFrame(0x89, make([]byte, 126)), // pings, a pong, a ping that is too long
		webSocketFrame(0x02, []byte("x")), webSocketFrame(0x00, []byte("x")), webSocketFrame(0x80, []byte("x")), webSocketFrame(0x02, nil), // fragments without an end or a start
		webSocketFrame(0x09, nil), webSocketFrame(0xc2, []byte("x")), webSocketFrame(0xf2, []byte("x")), webSocketFrame(0x83, []byte("x")), webSocketFrame(0x8f, []byte("x")), // fragmented ping, reserved bits and opcodes
		{0x82, 0x81, 1, 2, 3, 4, 5},
		{0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{0x82, 126, 0, 1, 0},
		{0x82},
		webSocketFrame(0x81, []byte(Escapes)), webSocketFrame(0x81, []byte("text")), webSocketFrame(0x82, Random(s.Rand, 3000)), webSocketFrame(0x82, make([]byte, 1<<20)), webSocketFrame(0x82, nil),
		webSocketFrame(0x88, nil), webSocketFrame(0x88, []byte{3}), webSocketFrame(0x88, []byte{0, 0}), webSocketFrame(0x88, append([]byte{3, 0xf0}, Escapes[:100]...)), webSocketFrame(0x88, append([]byte{0x0f, 0xa0}, "\x1b[2J"...)), webSocketFrame(0x88, append([]byte{3, 0xed}, s.Secrets[:min(100, len(s.Secrets))]...)),
	}
}

// InWebSocket puts a text into a frame of a WebSocket.
func InWebSocket(text []byte) []byte { return webSocketFrame(0x82, text) }

// mqttPacket is a packet of MQTT.
func mqttPacket(first byte, body []byte) []byte {
	packet := []byte{first}
	for n := len(body); ; n >>= 7 {
		if n < 128 {
			return append(append(packet, byte(n)), body...)
		}
		packet = append(packet, byte(n)|0x80)
	}
}

func mqttText(text string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(text))), text...)
}

// MQTT are packets that are wrong, or that nobody waits for.
func (s *Source) MQTT() [][]byte {
	list := [][]byte{
		{0x20, 0xff, 0xff, 0xff, 0xff, 0x7f}, {0x30, 0xff, 0xff, 0xff, 0x7f}, {0x20, 0}, {0x20, 1, 0}, {0x20, 3, 0, 0, 0}, {0x20, 2, 0xff, 0}, {0x2f, 2, 0, 0}, // lengths and flags
		{0x90, 2, 0, 1}, {0x90, 3, 0, 1, 0x80}, {0x90, 3, 0, 1, 7}, {0x90, 3, 0xff, 0xff, 1}, {0x90, 1, 0}, {0x90, 0}, append([]byte{0x90, 120, 0, 1}, make([]byte, 118)...), // SUBACK
		{0x40, 2, 0, 1}, {0x40, 2, 9, 9}, {0x40, 1, 0}, {0x50, 2, 0, 1}, {0x62, 2, 0, 1}, {0x70, 2, 0, 1}, {0xb0, 2, 0, 1}, {0xd0, 0}, {0xd0, 1, 0}, // acknowledgements, PINGRESP
		{0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 0}, {0x82, 0}, {0xc0, 0}, {0xe0, 0}, {0xe0, 2, 0x87, 0}, {0xf0, 0}, {0x00, 0}, // what only a client sends, or nobody
		{0x36, 4, 0, 1, 'a', 'b'}, {0x30, 3, 0xff, 0xff, 'a'}, {0x30, 0}, {0x30, 2, 0, 0}, {0x32, 3, 0, 1, 'a'}, // PUBLISH: QoS 3, lengths, an id that is missing
	}
	for code := range 8 {
		list = append(list, []byte{0x20, 2, byte(code & 1), byte(code)})
	}
	list = append(list, []byte{0x20, 2, 0, byte(s.Rand.Uint32())})
	for _, topic := range []string{"$dps/registrations/res/200/?$rid=1", "$dps/registrations/res/999/?$rid=1", "$dps/registrations/res/-1/?$rid=" + Escapes, "$dps/registrations/res/" + Escapes, "$dps/registrations/res/429/?$rid=1&retry-after=99999999999", "other", "#", Escapes} {
		all := s.bodies()
		list = append(list, mqttPacket(0x30, append(mqttText(topic), all[s.Rand.IntN(len(all))]...)))
		list = append(list, mqttPacket(0x32, append(append(mqttText(topic), 0, 1), all[s.Rand.IntN(len(all))]...)))
	}
	return list
}

// amqpFrame is a frame of AMQP with a performative whose fields are given in their encoding.
func amqpFrame(kind byte, channel uint16, body []byte) []byte {
	frame := binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))
	frame = binary.BigEndian.AppendUint16(append(frame, 2, kind), channel)
	return append(frame, body...)
}

// amqpFields are values of all types, many of which no performative takes.
func (s *Source) amqpFields() []byte {
	values := [][]byte{
		{0x40},
		{0x41},
		{0x42},
		{0x43},
		{0x44},
		{0x50, 0xff},
		{0x52, 7},
		{0x53, 0xff},
		{0x54, 0x80},
		{0x56, 9},
		{0x60, 0xff, 0xff},
		{0x70, 0xff, 0xff, 0xff, 0xff},
		{0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		append([]byte{0xa1, byte(len(Escapes))}, Escapes...), append([]byte{0xa3, byte(len(Escapes))}, Escapes...),
		{0xa0, 3, 0, 1, 2},
		{0xb0, 0xff, 0xff, 0xff, 0xff},
		{0xb1, 0x7f, 0xff, 0xff, 0xff},
		{0x45},
		{0xc0, 1, 0},
		{0xc0, 2, 1, 0x40},
		{0xc1, 3, 1, 0x40, 0x41},
		{0xc1, 4, 2, 0x40, 0x41, 0x42},
		{0xd0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		{0xd1, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xfe},
		{0xe0, 3, 2, 0x45, 0},
		{0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40},
		{0x00, 0x53, 0x24, 0x45},
		{0x00, 0x53, 0x1d, 0xc0, 5, 1, 0xa3, 2, 0x1b, '['},
		{0x00, 0x00, 0x00, 0x40},
		{0x71, 0, 0, 0},
		{0x13},
		bytes.Repeat([]byte{0x00}, 5000), bytes.Repeat([]byte{0xd0, 0, 0, 0x7f, 0xff, 0, 0, 0, 1}, 3000),
	}
	var body []byte
	count := s.Rand.IntN(15)
	for range count {
		body = append(body, values[s.Rand.IntN(len(values))]...)
	}
	claimed := []int{count, count, count, 0, 255, -1}[s.Rand.IntN(6)]
	list := binary.BigEndian.AppendUint32([]byte{0xd0}, uint32(4+len(body)))
	return append(binary.BigEndian.AppendUint32(list, uint32(claimed)), body...)
}

// AMQP are headers and frames that are wrong, or that nobody waits for.
func (s *Source) AMQP() [][]byte {
	list := [][]byte{
		[]byte("AMQP\x00\x01\x00\x00"), []byte("AMQP\x03\x01\x00\x00"), []byte("AMQP\x02\x01\x00\x00"), []byte("AMQP\x00\x00\x09\x01"), []byte("AMQP\xff\xff\xff\xff"), []byte("AMQ"), []byte("HTTP/1.1 400 \x1b[2J\r\n\r\n"),
		{0, 0, 0, 0, 2, 0, 0, 0},
		{0, 0, 0, 7, 2, 0, 0, 0},
		{0, 0, 0, 8, 2, 0, 0, 0},
		{0, 0, 0, 8, 0, 0, 0, 0},
		{0, 0, 0, 8, 255, 0, 0, 0},
		{0, 0, 0, 8, 2, 7, 0, 0},
		{0, 0, 0, 8, 2, 0, 0xff, 0xff},
		{0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0},
		{0x7f, 0xff, 0xff, 0xff, 2, 0, 0, 0},
		amqpFrame(0, 0, Random(s.Rand, 300)), amqpFrame(0, 0, bytes.Repeat([]byte{0x00}, 20000)), amqpFrame(1, 0, Random(s.Rand, 30)),
	}
	for _, descriptor := range []byte{0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x24, 0x99} {
		list = append(list, amqpFrame(0, uint16(s.Rand.IntN(3)), append([]byte{0x00, 0x53, descriptor}, s.amqpFields()...)))
	}
	for _, descriptor := range []byte{0x40, 0x41, 0x42, 0x43, 0x44} {
		list = append(list, amqpFrame(1, 0, append([]byte{0x00, 0x53, descriptor}, s.amqpFields()...)))
	}
	for _, code := range []byte{0, 1, 2, 3, 4, 5, 200} {
		list = append(list, amqpFrame(1, 0, []byte{0x00, 0x53, 0x44, 0xc0, 3, 1, 0x50, code}))
	}
	all := s.bodies()
	body := all[s.Rand.IntN(len(all))]
	data := append(binary.BigEndian.AppendUint32([]byte{0x00, 0x53, 0x75, 0xb0}, uint32(len(body))), body...)
	for _, more := range []byte{0x41, 0x42} { // a transfer on handle 0 or 1, with or without more to come
		list = append(list, amqpFrame(0, 0, append([]byte{0x00, 0x53, 0x14, 0xc0, 12, 6, 0x43, 0x43, 0xa0, 1, 1, 0x43, 0x41, more, 0x40}, data...)),
			amqpFrame(0, 0, append([]byte{0x00, 0x53, 0x14, 0xc0, 13, 6, 0x52, 1, 0x43, 0xa0, 1, 1, 0x43, 0x41, more, 0x40}, data...)))
	}
	return list
}

// Random are random bytes.
func Random(rng *rand.Rand, n int) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(rng.Uint32())
	}
	return text
}
