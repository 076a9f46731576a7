package emulator

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"dpsdiag/internal/dps"

	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/google/go-cmp/cmp"
)

// The answers to a CONNECT.
func TestMQTTConnect(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	username := func(name string) func(*packets.ConnectPacket) {
		return func(p *packets.ConnectPacket) { p.Username = name }
	}
	base := dps.Resource(d.Scope, d.RegistrationID)
	tests := map[string]struct {
		edit func(*packets.ConnectPacket)
		want string
	}{
		"as it should be":           {func(*packets.ConnectPacket) {}, "CONNACK 0"},
		"clean session 0":           {func(p *packets.ConnectPacket) { p.CleanSession = false }, "CONNACK 0"},
		"client id in another case": {func(p *packets.ConnectPacket) { p.ClientIdentifier = strings.ToUpper(keyDevice) }, "CONNACK 0"},
		"client version, as Node":   {username(base + "/api-version=2019-03-31&ClientVersion=azure-iot-provisioning-device%2F1.9.0"), "CONNACK 0"},
		"client version with slash": {username(base + "/api-version=2019-03-31&ClientVersion=a/b (c; d)"), "CONNACK 0"},
		"client version, as Java":   {username(base + "/api-version=2019-03-31&ClientVersion=2019-03-31"), "CONNACK 0"},
		"api-version last":          {username(base + "/ClientVersion=1&api-version=2021-06-01"), "CONNACK 0"},
		"api-version missing":       {username(base + "/"), "CONNACK 0"}, // told by the answers
		"api-version unknown":       {username(base + "/api-version=latest"), "CONNACK 0"},
		"id ends in a full stop": {func(p *packets.ConnectPacket) {
			p.ClientIdentifier, p.Username = "a.", d.Scope+"/registrations/a./api-version=2019-03-31"
		}, "CONNACK 0"},
		"MQTT 3.1":                  {func(p *packets.ConnectPacket) { p.ProtocolName, p.ProtocolVersion = "MQIsdp", 3 }, "CONNACK 1"},
		"MQTT 5":                    {func(p *packets.ConnectPacket) { p.ProtocolVersion = 5 }, "CONNACK 1"},
		"another protocol":          {func(p *packets.ConnectPacket) { p.ProtocolName = "AMQP" }, "CONNACK 1"},
		"another client id":         {func(p *packets.ConnectPacket) { p.ClientIdentifier = "other" }, "CONNACK 2"},
		"no client id":              {func(p *packets.ConnectPacket) { p.ClientIdentifier = "" }, "CONNACK 2"},
		"unknown scope":             {username("0neFFFFFFFF/registrations/" + keyDevice + "/api-version=2019-03-31"), "CONNACK 3"},
		"no user name":              {func(p *packets.ConnectPacket) { p.UsernameFlag, p.Username, p.PasswordFlag = false, "", false }, "CONNACK 4"},
		"user name without version": {username(base), "CONNACK 4"},
		"question mark, as a hub":   {username(base + "/?api-version=2019-03-31"), "CONNACK 4"},
		"user name of a hub":        {username("hub.dpsdiag.example/" + keyDevice + "/?api-version=2021-04-12"), "CONNACK 4"},
		"no password, no cert":      {func(p *packets.ConnectPacket) { p.PasswordFlag, p.Password = false, nil }, "CONNACK 5"},
		"empty password, no cert":   {func(p *packets.ConnectPacket) { p.Password = nil }, "CONNACK 5"},
		"password is not a token":   {func(p *packets.ConnectPacket) { p.Password = []byte("secret") }, "CONNACK 5"},
		"token of a known stranger": {func(p *packets.ConnectPacket) {
			p.ClientIdentifier, p.Username = groupDevice, dps.Resource(d.Scope, groupDevice)+"/api-version=2019-03-31"
		}, "CONNACK 5"},
		"scope in lower case":        {username(strings.ToLower(base) + "/api-version=2019-03-31"), "CONNACK 0"},
		"a will, which is not used":  {func(p *packets.ConnectPacket) { p.WillFlag, p.WillTopic, p.WillMessage = true, "a", []byte("b") }, "CONNACK 0"},
		"keep-alive of 18 hours":     {func(p *packets.ConnectPacket) { p.Keepalive = 0xffff }, "CONNACK 0"},
		"several api-versions":       {username(base + "/api-version=2019-03-31&api-version=x"), "CONNACK 0"},
		"preview version":            {username(base + "/api-version=2025-07-01-preview"), "CONNACK 0"},
		"user name with a second id": {username(base + "/more/api-version=2019-03-31"), "CONNACK 0"}, // told by the answers
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := dialMQTT(t, d)
			r.send(r.connect(test.edit))
			r.want(test.want)
			if test.want != "CONNACK 0" {
				r.want("EOF")
			}
		})
	}
}

// What the refusal on a connection that MQTT accepts says later.
func TestMQTTRefusesCalls(t *testing.T) {
	t.Parallel()
	for scenario, want := range map[string]string{
		"cert-expired":            "401 401002 Invalid certificate.",
		"api-version-unsupported": "400 400004 Unsupported API version 2019-03-31.",
		"registration-id-invalid": "400 400004 Invalid RegistrationId",
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			r := enterMQTT(t, begin(t, Config{Scenario: scenario}).Device())
			for _, topic := range []string{registerOne, statusOne + "4.0.0"} {
				r.send(publish(1, topic, ""))
				body := r.want("PUBACK 9", "PUBLISH QoS 1 res/"+want[:3]+"/?$rid=1")
				got := wire{body: dps.ParseBody([]byte(body))}
				got.status = got.body.Error.ErrorCode / 1000
				got.want(t, want)
			}
		})
	}
}

// A registration like that of the Embedded C SDK, whose request id never changes: each
// packet from the service, in order.
func TestMQTTStepByStep(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{RetryAfter: new(3 * time.Second)})
	r := enterMQTT(t, e.Device())
	r.send(publish(1, registerOne, `{"registrationId":"sandbox-key-01"}`))
	first := dps.ParseBody([]byte(r.want("PUBACK 9", "PUBLISH QoS 1 res/202/?$rid=1&retry-after=3")))
	if diff := cmp.Diff(&dps.Operation{OperationID: first.Operation.OperationID, Status: dps.StatusAssigning}, first.Operation); diff != "" {
		t.Errorf("answer to register (-want +got):\n%s", diff)
	}
	r.send(publish(1, statusOne+first.Operation.OperationID, " "))
	second := dps.ParseBody([]byte(r.want("PUBACK 9", "PUBLISH QoS 1 res/202/?$rid=1&retry-after=3")))
	want := &dps.Operation{
		OperationID: first.Operation.OperationID, Status: dps.StatusAssigning,
		Registration: &dps.Registration{RegistrationID: keyDevice, Status: dps.StatusAssigning},
	}
	if diff := cmp.Diff(want, second.Operation); diff != "" {
		t.Errorf("first poll (-want +got):\n%s", diff)
	}
	r.send(publish(0, statusOne+first.Operation.OperationID, "")) // as in C and Java, with QoS 0
	last := dps.ParseBody([]byte(r.want("PUBLISH QoS 1 res/200/?$rid=1")))
	if last.Operation.Status != dps.StatusAssigned || last.Operation.Registration.AssignedHub != e.hub() {
		t.Errorf("last poll: %+v", last.Operation.Registration)
	}
	r.send(packets.NewControlPacket(packets.Disconnect))
	r.want("EOF")
}

// The filters that may be subscribed to, and with which QoS.
func TestMQTTSubscribe(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	const filter = "$dps/registrations/res/#"
	for name, test := range map[string]struct {
		qos     byte
		filters []string
		want    string
		answer  string
	}{
		"QoS 0":              {0, []string{filter}, "SUBACK [0]", "PUBLISH QoS 0 res/202/?$rid=1&retry-after=0"},
		"QoS 1":              {1, []string{filter}, "SUBACK [1]", "PUBLISH QoS 1 res/202/?$rid=1&retry-after=0"},
		"QoS 2":              {2, []string{filter}, "SUBACK [1]", "PUBLISH QoS 1 res/202/?$rid=1&retry-after=0"},
		"others as well":     {1, []string{"#", filter, "devices/+/messages/devicebound/#"}, "SUBACK [128 1 128]", "PUBLISH QoS 1 res/202/?$rid=1&retry-after=0"},
		"all topics":         {1, []string{"#"}, "SUBACK [128]", "PINGRESP"},
		"one answer":         {1, []string{"$dps/registrations/res/202/?$rid=1"}, "SUBACK [128]", "PINGRESP"},
		"with other spelled": {1, []string{"$dps/registrations/res/+"}, "SUBACK [128]", "PINGRESP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := dialMQTT(t, d)
			r.send(r.connect())
			r.want("CONNACK 0")
			r.subscribe(test.qos, test.filters...)
			r.want(test.want)
			r.send(publish(1, registerOne, ""), packets.NewControlPacket(packets.Pingreq))
			r.want("PUBACK 9", test.answer)
		})
	}
}

func TestMQTTUnsubscribe(t *testing.T) {
	t.Parallel()
	r := enterMQTT(t, begin(t, Config{}).Device())
	p := packets.NewControlPacket(packets.Unsubscribe).(*packets.UnsubscribePacket)
	p.MessageID, p.Topics = 8, []string{"$dps/registrations/res/#"}
	r.send(p, publish(0, registerOne, ""), packets.NewControlPacket(packets.Pingreq))
	r.want("UNSUBACK 8", "PINGRESP")
}

// The bodies that clients send, and how the service parses them.
func TestMQTTBodies(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	large := `{"payload":{"a":"` + strings.Repeat("x", MaxBody-20) + `"}}`
	for name, test := range map[string]struct{ body, want string }{
		"none, as C#":             {"", "202"},
		"payload null, as Python": {`{"payload": null, "registrationId": "sandbox-key-01"}`, "202"},
		"payload text, as Java":   {`{"registrationId":"sandbox-key-01","payload":"{}"}`, "202"},
		"payload object":          {`{"payload":{"modelId":"dtmi:example:thing;1"}}`, "202"},
		"signing request alone":   {`{"csr":"MIIB"}`, "202"},
		"as large as may be":      {large, "202"},
		"larger":                  {large + " ", "413"},
		"no JSON":                 {"register", "400"},
		"another device":          {`{"registrationId":"other"}`, "400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := enterMQTT(t, d)
			r.send(publish(1, registerOne, test.body))
			r.want("PUBACK 9")
			if got, body := r.next(); !strings.HasPrefix(got, "PUBLISH QoS 1 res/"+test.want+"/?$rid=1") {
				t.Errorf("%s: %s", got, body)
			}
		})
	}
}

// The request id is returned unchanged, and other fields of the topic do not matter.
func TestMQTTRequestIDs(t *testing.T) {
	t.Parallel()
	r := enterMQTT(t, begin(t, Config{}).Device())
	for topic, rid := range map[string]string{
		"PUT/iotdps-register/?$rid=1":                                                         "1",
		"PUT/iotdps-register/?$rid=27dfb14d-5b45-4f2d-8ab0-9f3d6a1d6d5a":                      "27dfb14d-5b45-4f2d-8ab0-9f3d6a1d6d5a",
		"PUT/iotdps-register/?$rid=a%20b+c":                                                   "a%20b+c",
		"PUT/iotdps-register/?more=2&$rid=x":                                                  "x",
		"PUT/iotdps-register/?$rid=y&forceRegistration=true":                                  "y",
		"PUT/iotdps-register/?$rid=" + strings.Repeat("z", 4000):                              strings.Repeat("z", 4000),
		"PUT/iotdps-register/?$rid=1&retry-after=5&$rid=2&status=200&operationId=4.00.00&a=b": "1",
	} {
		r.send(publish(0, topic, ""))
		r.want("PUBLISH QoS 1 res/202/?$rid=" + rid + "&retry-after=0")
	}
}

// Anything that violates the protocol, or cannot be answered, ends the connection.
func TestMQTTEnds(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	tests := map[string]func(r *rawMQTT){
		"a second CONNECT":        func(r *rawMQTT) { r.send(r.connect()) },
		"SUBSCRIBE to nothing":    func(r *rawMQTT) { r.subscribe(1) },
		"QoS 2":                   func(r *rawMQTT) { r.send(publish(2, registerOne, "")) },
		"topic of a hub":          func(r *rawMQTT) { r.send(publish(1, "devices/a/messages/events/", "")) },
		"topic of an answer":      func(r *rawMQTT) { r.send(publish(1, "res/202/?$rid=1", "")) },
		"topic in other case":     func(r *rawMQTT) { r.send(publish(1, "put/iotdps-register/?$rid=1", "")) },
		"no request id":           func(r *rawMQTT) { r.send(publish(1, "PUT/iotdps-register/", "")) },
		"empty request id":        func(r *rawMQTT) { r.send(publish(1, "PUT/iotdps-register/?$rid=", "")) },
		"CONNACK from a client":   func(r *rawMQTT) { r.send(packets.NewControlPacket(packets.Connack)) },
		"SUBACK from a client":    func(r *rawMQTT) { r.send(packets.NewControlPacket(packets.Suback)) },
		"PUBREL":                  func(r *rawMQTT) { r.send(packets.NewControlPacket(packets.Pubrel)) },
		"packet type 0":           func(r *rawMQTT) { r.write("\x00\x00") },
		"packet type 15":          func(r *rawMQTT) { r.write("\xf0\x00") },
		"length without end":      func(r *rawMQTT) { r.write("\x30\xff\xff\xff\xff\x01") },
		"length of 256 MB":        func(r *rawMQTT) { r.write("\x30\xff\xff\xff\x7f") },
		"length beyond the limit": func(r *rawMQTT) { r.write("\x30\x81\xc0\x06") }, // 106,497 bytes
		"PUBLISH cut off":         func(r *rawMQTT) { r.write("\x30\x02\x00\x7f") },
	}
	for name, misbehave := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := enterMQTT(t, d)
			misbehave(r)
			r.want("EOF")
		})
	}
	for name, first := range map[string]packets.ControlPacket{
		"PUBLISH before CONNECT": publish(1, registerOne, ""),
		"PINGREQ before CONNECT": packets.NewControlPacket(packets.Pingreq),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := dialMQTT(t, d)
			r.send(first)
			r.want("EOF")
		})
	}
}

// Packets that arrive byte by byte are still packets, and so are several at once.
func TestMQTTPacketsInPieces(t *testing.T) {
	t.Parallel()
	r := dialMQTT(t, begin(t, Config{}).Device())
	var all strings.Builder
	sub := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	sub.MessageID, sub.Topics, sub.Qoss = 1, []string{dps.MQTTResponses}, []byte{1}
	for _, p := range []packets.ControlPacket{r.connect(), sub, publish(1, registerOne, "")} {
		if err := p.Write(&all); err != nil {
			t.Fatal(err)
		}
	}
	for i := range all.Len() {
		r.write(all.String()[i : i+1])
	}
	r.want("CONNACK 0", "SUBACK [1]", "PUBACK 9", "PUBLISH QoS 1 res/202/?$rid=1&retry-after=0")
	again := dialMQTT(t, r.device)
	again.write(all.String())
	again.want("CONNACK 0", "SUBACK [1]", "PUBACK 9", "PUBLISH QoS 1 res/202/?$rid=1&retry-after=0")
}

// Answers with faulty delivery.
func TestMQTTDelivery(t *testing.T) {
	t.Parallel()
	const answer = "PUBLISH QoS 1 res/202/?$rid=1&retry-after=0"
	open := func(t *testing.T, d delivery) *rawMQTT {
		r := enterMQTT(t, beginWith(t, fault{on: []operation{opRegister}, answer: answer0(d)}).Device())
		r.send(publish(1, registerOne, ""), packets.NewControlPacket(packets.Pingreq))
		r.want("PUBACK 9")
		return r
	}
	t.Run("cut", func(t *testing.T) {
		t.Parallel()
		open(t, delivery{manner: cut}).want("EOF")
	})
	t.Run("late", func(t *testing.T) {
		t.Parallel()
		open(t, delivery{manner: late, delay: 100 * time.Millisecond}).want("PINGRESP", answer)
	})
	t.Run("duplicate", func(t *testing.T) {
		t.Parallel()
		open(t, delivery{manner: duplicate}).want(answer, strings.Replace(answer, "QoS 1", "QoS 1 again", 1), "PINGRESP")
	})
	t.Run("other", func(t *testing.T) {
		t.Parallel()
		r := open(t, delivery{manner: other})
		if got, _ := r.next(); !strings.HasPrefix(got, "PUBLISH QoS 1 res/401/?$rid=") || strings.HasSuffix(got, "=1") {
			t.Errorf("before the answer there is %q", got)
		}
		r.want(answer, "PINGRESP")
	})
}

// answer0 is the answer of a fault that concerns only the delivery.
func answer0(d delivery) answer { return answer{delivery: d} }

// The service waits for a silent client only a little longer than its keep-alive, and for
// one without a keep-alive as long as the emulator is configured to.
func TestMQTTKeepAlive(t *testing.T) {
	t.Parallel()
	for keepAlive, want := range map[uint16]time.Duration{
		0:      time.Minute,
		60:     90 * time.Second,
		1:      1500 * time.Millisecond,
		0xffff: 1765500 * time.Millisecond,
	} {
		t.Run(fmt.Sprint(keepAlive), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				near, err := converseInside(t, time.Minute, (*front).speakMQTT)
				r := &rawMQTT{client: newClient(t, healthyDevice(t)), conn: near}
				r.send(r.connect(func(p *packets.ConnectPacket) { p.Keepalive = keepAlive }))
				r.want("CONNACK 0")
				<-time.After(want - time.Millisecond)
				r.send(packets.NewControlPacket(packets.Pingreq))
				r.want("PINGRESP")
				begun := time.Now()
				r.want("EOF")
				if silent := time.Since(begun); silent != want {
					t.Errorf("waited for %s, want %s", silent, want)
				}
				if timeout := net.Error(nil); !errors.As(<-err, &timeout) || !timeout.Timeout() {
					t.Errorf("ended with %v", timeout)
				}
			})
		})
	}
}

// The service does not wait for a peer that connects and sends nothing.
func TestMQTTSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, err := converseInside(t, time.Minute, (*front).speakMQTT)
		begun := time.Now()
		if _, readErr := near.Read(make([]byte, 1)); readErr == nil || time.Since(begun) != readTimeout {
			t.Errorf("ended with %v after %s", readErr, time.Since(begun))
		}
		if err := <-err; err == nil {
			t.Error("ended without an error")
		}
	})
}

// A WebSocket or TLS connection uses its own certificate.
func TestMQTTSessionIsNotResumed(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Scenario: "ca-not-verified"})
	with := newClient(t, e.Device())
	bare := e.Device()
	bare.CertPEM = nil
	without := newClient(t, bare)
	cache := tls.NewLRUClientSessionCache(4)
	for c, want := range map[*client]string{with: "CONNACK 0", without: "CONNACK 5"} {
		c.http.Transport.(*http.Transport).TLSClientConfig.ClientSessionCache = cache
		for range 2 {
			conn, err := c.dial(testContext(t), transportMQTT)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			r := &rawMQTT{client: c, conn: conn}
			r.send(r.connect())
			r.want(want)
		}
	}
}
