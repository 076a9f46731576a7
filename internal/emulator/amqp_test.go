package emulator

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/dps"

	"github.com/google/go-cmp/cmp"
)

// The service's own data, as in a trace of the real one.
func TestAMQPOpen(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{}).Device())
	want := &amqp.Open{
		ContainerID: r.open.ContainerID, Hostname: "gateway000000", MaxFrameSize: new(uint32(65536)),
		ChannelMax: new(uint16(8191)), IdleTimeOut: 240000,
	}
	if diff := cmp.Diff(want, r.open); diff != "" {
		t.Errorf("OPEN (-want +got):\n%s", diff)
	}
	if id := strings.TrimPrefix(r.open.ContainerID, "IoTDPSGW_"); len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		t.Errorf("container id %s", r.open.ContainerID)
	}
}

// A refused certificate is reported in the answer to OPEN and then in a CLOSE, both with
// the same error.
func TestAMQPOpenError(t *testing.T) {
	t.Parallel()
	r := dialAMQP(t, begin(t, Config{Scenario: "cert-expired"}).Device())
	r.hello()
	r.send(&amqp.Open{ContainerID: "prov_connection"}, &amqp.Begin{IncomingWindow: 1, OutgoingWindow: 1})
	open, closed := expect[*amqp.Open](r), expect[*amqp.Close](r)
	value, _ := open.Properties.Get("com.microsoft:open-error")
	told, ok := value.(amqp.Described)
	if !ok || told.Descriptor != any(uint64(0x1d)) {
		t.Fatalf("open-error is %#v", value)
	}
	want := []any{amqp.Symbol("amqp:unauthorized-access"), closed.Error.Description, amqp.Map{}}
	if diff := cmp.Diff(want, told.Value); diff != "" {
		t.Errorf("open-error (-want +got):\n%s", diff)
	}
	refused := dps.ParseBody([]byte(closed.Error.Description)).Error
	if refused == nil || refused.ErrorCode != 401002 || refused.Message != "IotHubUnauthorizedAccess" || len(refused.TrackingID) != 36 {
		t.Errorf("CLOSE says %s", closed.Error.Description)
	}
	r.send(&amqp.Close{})
	r.ends()
}

// The mechanisms, and their results.
func TestAMQPLogin(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{Files: true})
	devices := readIdentities(t, e)
	key, certificate := devices[0], devices[2]
	token := tokenOf(t, key, noon).Reveal()
	user := dps.Resource(key.Scope, key.RegistrationID)
	for name, test := range map[string]struct {
		device    Device
		mechanism string
		initial   amqp.Credential
		want      amqp.SASLCode
	}{
		"PLAIN":                           {key, "PLAIN", amqp.PlainResponse(user, token), amqp.SASLOK},
		"PLAIN with authorization id":     {key, "PLAIN", append(amqp.Credential("someone"), amqp.PlainResponse(user, token)...), amqp.SASLOK},
		"PLAIN, another user":             {key, "PLAIN", amqp.PlainResponse(dps.Resource(key.Scope, groupDevice), token), amqp.SASLAuth},
		"PLAIN, user of a hub":            {key, "PLAIN", amqp.PlainResponse(keyDevice+"@sas.hub", token), amqp.SASLAuth},
		"PLAIN, no password":              {key, "PLAIN", amqp.PlainResponse(user, ""), amqp.SASLAuth},
		"PLAIN, nothing":                  {key, "PLAIN", nil, amqp.SASLAuth},
		"PLAIN, unknown scope":            {key, "PLAIN", amqp.PlainResponse("0neFFFFFFFF/registrations/a", token), amqp.SASLOK}, // reported by OPEN
		"EXTERNAL":                        {certificate, "EXTERNAL", amqp.Credential{}, amqp.SASLOK},
		"EXTERNAL without a certificate":  {key, "EXTERNAL", amqp.Credential{}, amqp.SASLAuth},
		"ANONYMOUS, which is not offered": {certificate, "ANONYMOUS", nil, amqp.SASLAuth},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := dialAMQP(t, test.device)
			if err := amqp.WriteProtocol(r.conn, amqp.ProtocolSASL); err != nil {
				t.Fatal(err)
			}
			header, err := amqp.ReadProtocol(r.conn)
			if err != nil || header != amqp.ProtocolSASL.Header() {
				t.Fatalf("header %v, %v", header, err)
			}
			offered := expect[*amqp.SASLMechanisms](r)
			if diff := cmp.Diff([]amqp.Symbol{"PLAIN", "TPM", "EXTERNAL"}, offered.Mechanisms); diff != "" {
				t.Errorf("mechanisms (-want +got):\n%s", diff)
			}
			r.sendFrame(amqp.Frame{Type: amqp.FrameSASL, Body: &amqp.SASLInit{Mechanism: amqp.Symbol(test.mechanism), InitialResponse: test.initial}})
			if got := expect[*amqp.SASLOutcome](r); got.Code != test.want {
				t.Errorf("outcome %s, want %s", got.Code, test.want)
			}
			if test.want != amqp.SASLOK {
				r.ends()
			}
		})
	}
}

// If a peer begins with neither AMQP nor SASL, it gets a header that would be accepted, and
// the connection ends.
func TestAMQPHeaders(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	for name, header := range map[string]string{
		"HTTP":           "GET / HTTP/1.1\r\n\r\n",
		"MQTT":           "\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04test",
		"AMQP 0-9-1":     "AMQP\x00\x00\x09\x01",
		"TLS in AMQP":    "AMQP\x02\x01\x00\x00",
		"AMQP 1.1":       "AMQP\x00\x01\x01\x00",
		"SASL of future": "AMQP\x03\x02\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := dialAMQP(t, d)
			if _, err := r.conn.Write([]byte(header)); err != nil {
				t.Fatal(err)
			}
			if got, err := amqp.ReadProtocol(r.conn); err != nil || got != amqp.ProtocolSASL.Header() {
				t.Errorf("answer %v, %v", got, err)
			}
			r.ends()
		})
	}
}

// The spellings of a link's address: those of the SDKs, and others.
func TestAMQPAddresses(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	base := dps.Resource(d.Scope, d.RegistrationID)
	for address, want := range map[string]string{
		base:       "",
		"/" + base: "",
		"amqps://global.azure-devices-provisioning.net/" + base: "",
		"amqps://localhost:5671/" + base:                        "",
		strings.ToLower(base):                                   "",
		dps.Resource(d.Scope, "SANDBOX-KEY-01"):                 "", // another case
		dps.Resource(d.Scope, groupDevice):                      "CLOSE amqp:unauthorized-access 401002 Unauthorized",
		dps.Resource("0neFFFFFFFF", keyDevice):                  "CLOSE amqp:not-found",
		dps.Resource(d.Scope, "a."):                             "com.microsoft:argument-error 400004 Invalid RegistrationId",
		dps.Resource(d.Scope, ""):                               "com.microsoft:argument-error 400004 The link address '" + d.Scope + "/registrations/' did not match any of the expected formats.",
		"":                                                      "com.microsoft:argument-error 400004 The link address '' did not match any of the expected formats.",
		"$cbs":                                                  "com.microsoft:argument-error 400004 The link address '$cbs' did not match any of the expected formats.",
		"https://localhost/" + base:                             "com.microsoft:argument-error 400004 The link address 'https://localhost/" + base + "' did not match any of the expected formats.",
		base + "/more":                                          "com.microsoft:argument-error 400004 The link address '" + base + "/more' did not match any of the expected formats.",
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			r := enterAMQP(t, d)
			for _, attach := range []*amqp.Attach{r.attachReceiver(address), r.attachSender(address)} {
				r.send(attach)
				if wrong, closes := strings.CutPrefix(want, "CLOSE "); closes {
					if got := conditionText(theirs(expect[*amqp.Close](r).Error)); got != wrong {
						t.Errorf("CLOSE says %q, want %q", got, wrong)
					}
					return
				}
				got := expect[*amqp.Attach](r)
				if want == "" {
					checkAttach(t, attach, got)
					if attach.Role == amqp.RoleSender {
						checkCredit(t, expect[*amqp.Flow](r))
					}
					continue
				}
				if got.Role == amqp.RoleSender && got.Source != nil || got.Role == amqp.RoleReceiver && got.Target != nil {
					t.Errorf("a link that is refused has its terminus: %+v", got)
				}
				detach := expect[*amqp.Detach](r)
				if got := conditionText(theirs(detach.Error)); got != want || !detach.Closed || detach.Handle != attach.Handle {
					t.Errorf("DETACH %+v says %q, want %q", detach, got, want)
				}
				r.send(&amqp.Detach{Handle: attach.Handle, Closed: true})
			}
		})
	}
}

// checkAttach compares the answer to an ATTACH with the ATTACH.
func checkAttach(t *testing.T, asked, got *amqp.Attach) {
	t.Helper()
	want := &amqp.Attach{Name: asked.Name, Handle: asked.Handle, Role: !asked.Role, Source: asked.Source, Target: asked.Target}
	if asked.Role == amqp.RoleReceiver {
		want.InitialDeliveryCount = new(uint32(0))
	} else {
		want.MaxMessageSize = uint64(amqpLimits().Message)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ATTACH (-want +got):\n%s", diff)
	}
}

// checkCredit checks that the device may send, counted from its initial delivery count.
func checkCredit(t *testing.T, got *amqp.Flow) {
	t.Helper()
	want := &amqp.Flow{
		NextIncomingID: new(uint32(5)), IncomingWindow: sessionWindow, OutgoingWindow: sessionWindow,
		Handle: new(uint32(requests)), DeliveryCount: new(uint32(40)), LinkCredit: new(uint32(linkCredit)),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("FLOW (-want +got):\n%s", diff)
	}
}

// An api-version that is missing or not a string is refused with the link.
func TestAMQPVersions(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	for name, test := range map[string]struct {
		properties amqp.Map
		want       string
	}{
		"none":        {nil, "Unsupported API version ."},
		"a number":    {amqp.Map{{Key: amqp.Symbol(dps.AMQPAPIVersion), Value: uint32(2019)}}, "Unsupported API version ."},
		"no date":     {amqp.Map{{Key: amqp.Symbol(dps.AMQPAPIVersion), Value: "latest"}}, "Unsupported API version latest."},
		"key is text": {amqp.Map{{Key: dps.AMQPAPIVersion, Value: "2021-06-01"}}, ""},
		"preview":     {amqp.Map{{Key: amqp.Symbol(dps.AMQPAPIVersion), Value: "2025-07-01-preview"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := enterAMQP(t, d)
			attach := r.attachSender(r.address())
			attach.Properties = test.properties
			r.send(attach)
			expect[*amqp.Attach](r)
			if test.want == "" {
				expect[*amqp.Flow](r)
				return
			}
			if got := conditionText(theirs(expect[*amqp.Detach](r).Error)); got != "com.microsoft:argument-error 400004 "+test.want {
				t.Errorf("DETACH says %q", got)
			}
		})
	}
}

// A registration frame by frame, like that of the C SDK: without correlation ids, with the
// body of register in every call.
func TestAMQPStepByStep(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{RetryAfter: new(3 * time.Second)}).Device())
	r.attach(10)
	body := []byte(`{"registrationId":"sandbox-key-01"}`)
	r.request(0, registerMessage(nil, body...))
	r.accepted(0) // before the answer
	m, frames := r.answer()
	first := operationOf(t, m)
	want := &amqp.Message{ApplicationProperties: amqp.Map{{Key: "retry-after", Value: int32(3)}}, Data: m.Data}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	transfer := &amqp.Transfer{Handle: answers, DeliveryID: new(uint32(0)), DeliveryTag: []byte{0, 0, 0, 0}, MessageFormat: new(uint32(0))}
	if diff := cmp.Diff([]*amqp.Transfer{transfer}, frames); diff != "" {
		t.Errorf("TRANSFER (-want +got):\n%s", diff)
	}
	for id, status := range map[uint32]dps.Status{1: dps.StatusAssigning} {
		r.request(id, statusMessage(nil, first.OperationID))
		r.accepted(id)
		m, _ = r.answer()
		if got := operationOf(t, m); got.Status != status || got.Registration.RegistrationID != keyDevice {
			t.Errorf("poll: %+v", got)
		}
	}
	r.request(2, statusMessage(nil, first.OperationID))
	r.accepted(2)
	m, _ = r.answer()
	if got := operationOf(t, m); got.Status != dps.StatusAssigned || m.ApplicationProperties != nil {
		t.Errorf("last poll: %+v, properties %v", got, m.ApplicationProperties)
	}
	r.send(&amqp.Disposition{Role: amqp.RoleReceiver, First: 0, Last: new(uint32(2)), State: &amqp.Accepted{}})
	settled := &amqp.Disposition{Role: amqp.RoleSender, First: 0, Last: new(uint32(2)), Settled: true, State: &amqp.Accepted{}}
	if diff := cmp.Diff(settled, expect[*amqp.Disposition](r)); diff != "" {
		t.Errorf("DISPOSITION (-want +got):\n%s", diff)
	}
	r.send(&amqp.Detach{Handle: requests, Closed: true}, &amqp.Detach{Handle: answers}, &amqp.End{}, &amqp.Close{})
	if got := expect[*amqp.Detach](r); got.Handle != requests || !got.Closed || got.Error != nil {
		t.Errorf("DETACH %+v", got)
	}
	if got := expect[*amqp.Detach](r); got.Handle != answers || got.Closed {
		t.Errorf("DETACH %+v", got)
	}
	if end, closed := expect[*amqp.End](r), expect[*amqp.Close](r); end.Error != nil || closed.Error != nil {
		t.Errorf("END %+v, CLOSE %+v", end, closed)
	}
	r.ends()
}

// A correlation id is returned unchanged, whatever its type.
func TestAMQPCorrelationIDs(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{}).Device())
	r.attach(100)
	for i, id := range []any{"a", "", uint64(7), uint64(1 << 40), amqp.UUID{1, 2}, []byte{0, 1, 2}, nil} {
		r.request(uint32(i), registerMessage(id))
		r.accepted(uint32(i))
		m, _ := r.answer()
		var got any
		if m.Properties != nil {
			got = m.Properties.CorrelationID
		}
		if diff := cmp.Diff(id, got); diff != "" {
			t.Errorf("correlation id (-want +got):\n%s", diff)
		}
	}
}

// The bodies that clients send, and how the service parses them.
func TestAMQPBodies(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	large := []byte(`{"payload":{"a":"` + strings.Repeat("x", MaxBody-20) + `"}}`)
	value := func(v any) func(*amqp.Message) {
		return func(m *amqp.Message) { m.Data, m.Value, m.HasValue = nil, v, true }
	}
	data := func(parts ...string) func(*amqp.Message) {
		return func(m *amqp.Message) {
			m.Data = nil
			for _, part := range parts {
				m.Data = append(m.Data, []byte(part))
			}
		}
	}
	for name, test := range map[string]struct {
		edit func(*amqp.Message)
		want string // of the error; "" accepts
	}{
		"data, as Node":            {data(`{"registrationId":"sandbox-key-01"}`), ""},
		"empty data, as C#":        {data(""), ""},
		"data in two sections":     {data(`{"registrationId":`, `"sandbox-key-01"}`), ""},
		"no body":                  {data(), ""},
		"text":                     {value(`{"payload":null}`), ""},
		"empty text, as Node":      {value(""), ""},
		"binary value":             {value([]byte(`{}`)), ""},
		"null value":               {value(nil), ""},
		"payload text, as Java":    {data(`{"payload":"{}"}`), ""},
		"as large as may be":       {data(string(large)), ""},
		"larger":                   {data(string(large) + " "), "amqp:link:message-size-exceeded 413000 Request Entity Too Large"},
		"no JSON":                  {data("register"), "com.microsoft:argument-error 400012 Deserialization error."},
		"a list":                   {value([]any{"a"}), "com.microsoft:argument-error 400012 Deserialization error."},
		"another device":           {data(`{"registrationId":"other"}`), "com.microsoft:argument-error 400004 The registrationId of the body is not that of the request."},
		"unknown operation":        {operationType("iotdps-get-registration"), "com.microsoft:argument-error 400000 Bad Request"},
		"operation is a symbol":    {operationType(amqp.Symbol("iotdps-register")), "com.microsoft:argument-error 400000 Bad Request"},
		"no operation":             {func(m *amqp.Message) { m.ApplicationProperties = nil }, "com.microsoft:argument-error 400000 Bad Request"},
		"poll without operation":   {operationType("iotdps-get-operationstatus"), "amqp:not-found 404000 Operation not found."},
		"poll with a strange body": {func(m *amqp.Message) { operationType("iotdps-get-operationstatus")(m); value(true)(m) }, "amqp:not-found 404000 Operation not found."},
		"force registration": {func(m *amqp.Message) {
			m.ApplicationProperties = append(m.ApplicationProperties, amqp.Pair{Key: "iotdps-forceRegistration", Value: true})
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := enterAMQP(t, d)
			r.attach(10)
			m := registerMessage("id")
			test.edit(m)
			r.request(0, m)
			if test.want == "" {
				r.accepted(0)
				r.answer()
				return
			}
			state, ok := r.outcome(0).(*amqp.Rejected)
			if !ok {
				t.Fatalf("accepted, want %q", test.want)
			}
			if got := conditionText(theirs(state.Error)); got != test.want {
				t.Errorf("rejected with %q, want %q", got, test.want)
			}
		})
	}
}

func operationType(value any) func(*amqp.Message) {
	return func(m *amqp.Message) {
		m.ApplicationProperties = amqp.Map{{Key: "iotdps-operation-type", Value: value}}
	}
}

// Data that is not a message is refused like a body that cannot be parsed; the link stays
// open.
func TestAMQPMalformedMessage(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{}).Device())
	r.attach(10)
	r.sendFrame(amqp.Frame{Channel: channel, Body: &amqp.Transfer{Handle: requests, DeliveryID: new(uint32(0)), DeliveryTag: []byte{0}}, Payload: []byte{0x00, 0x53}})
	if _, ok := r.outcome(0).(*amqp.Rejected); !ok {
		t.Error("not rejected")
	}
	r.request(1, registerMessage(nil))
	r.accepted(1)
	r.answer()
}

// Transfers in many small frames, also with an extended header, which is ignored; answers
// in frames as small as the device requests.
func TestAMQPFrames(t *testing.T) {
	t.Parallel()
	e := begin(t, Config{})
	r := enterAMQP(t, e.Device(), func(o *amqp.Open) { o.MaxFrameSize = new(uint32(512)) })
	r.attach(10)
	body := []byte(`{"payload":{"a":"` + strings.Repeat("x", 20_000) + `"}}`)
	transfer := amqp.Transfer{Handle: requests, DeliveryID: new(uint32(0)), DeliveryTag: []byte{0}}
	if frames := r.transfer(transfer, registerMessage("id", body...), 100); frames < 200 {
		t.Fatalf("%d frames", frames)
	}
	r.accepted(0)
	m, _ := r.answer()
	id := operationOf(t, m).OperationID

	long, err := amqp.AppendFrame(nil, amqp.Frame{Channel: channel, Body: &amqp.Flow{Echo: true}})
	if err != nil {
		t.Fatal(err)
	}
	extended := append([]byte{0, 0, 0, byte(len(long) + 8), 4}, long[5:8]...) // data offset 4 words
	extended = append(append(extended, "01234567"...), long[8:]...)
	if _, err := r.conn.Write(extended); err != nil {
		t.Fatal(err)
	}
	expect[*amqp.Flow](r)

	r.credit(10, 1) // the flow without next-incoming-id reduced the window to zero
	for range 2 {
		r.request(1, statusMessage(strings.Repeat("correlation ", 100), id))
		r.accepted(1)
		m, frames := r.answer()
		if len(frames) < 3 {
			t.Errorf("an answer of %d bytes came in %d frames", len(m.Data[0]), len(frames))
		}
		for _, frame := range frames[1:] {
			if diff := cmp.Diff(&amqp.Transfer{Handle: answers, More: frame.More}, frame); diff != "" {
				t.Errorf("continuation (-want +got):\n%s", diff)
			}
		}
	}
}

func TestAMQPHeartbeat(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{}).Device(), func(o *amqp.Open) { o.IdleTimeOut = 1 })
	for range 2 {
		head := make([]byte, 8)
		if _, err := r.conn.Read(head); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(head, []byte{0, 0, 0, 8, 2, 0, 0, 0}) {
			t.Errorf("frame % x", head)
		}
	}
	r.sendFrame(amqp.Frame{}) // ours
	r.attach(1)
}
