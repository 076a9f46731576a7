package emulator

import (
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/amqp"

	"github.com/google/go-cmp/cmp"
)

// Answers wait for credit, and for their link; those that were sent count.
func TestAMQPAnswersWaitForCredit(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{}).Device())
	r.send(r.attachSender(r.address()))
	expect[*amqp.Attach](r)
	expect[*amqp.Flow](r)
	for id := range uint32(3) {
		r.request(id, registerMessage(uint64(id)))
		r.accepted(id) // and no answer: there is no link
	}
	r.send(r.attachReceiver(r.address()))
	expect[*amqp.Attach](r) // and no answer: there is no credit
	next := uint64(0)
	for _, step := range []struct {
		credit, count uint32
		answers       int
	}{{1, 0, 1}, {1, 0, 0}, {1, 1, 1}, {5, 2, 1}} {
		r.credit(step.credit, step.count)
		for range step.answers {
			m, _ := r.answer()
			if m.Properties.CorrelationID != next {
				t.Errorf("answer to %v, want to %d", m.Properties.CorrelationID, next)
			}
			next++
		}
	}
	r.send(&amqp.Flow{NextIncomingID: new(uint32(3)), IncomingWindow: 1000, OutgoingWindow: 1000, Handle: new(uint32(answers)), Echo: true})
	want := &amqp.Flow{
		NextIncomingID: new(uint32(8)), IncomingWindow: sessionWindow - 3, NextOutgoingID: 3, OutgoingWindow: sessionWindow,
		Handle: new(uint32(answers)), DeliveryCount: new(uint32(3)), LinkCredit: new(uint32(4)),
	}
	if diff := cmp.Diff(want, expect[*amqp.Flow](r)); diff != "" {
		t.Errorf("FLOW (-want +got):\n%s", diff)
	}
}

// Credit to drain, of which nothing is used, is returned.
func TestAMQPDrain(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{}).Device())
	r.attach(0)
	r.send(&amqp.Flow{
		NextIncomingID: new(uint32(0)), IncomingWindow: 1000, OutgoingWindow: 1000,
		Handle: new(uint32(answers)), DeliveryCount: new(uint32(0)), LinkCredit: new(uint32(10)), Drain: true,
	})
	got := expect[*amqp.Flow](r)
	if *got.DeliveryCount != 10 || *got.LinkCredit != 0 || !got.Drain {
		t.Errorf("FLOW with count %d, credit %d, drain %v", *got.DeliveryCount, *got.LinkCredit, got.Drain)
	}
	r.request(0, registerMessage(nil))
	r.accepted(0)
	r.credit(1, 10)
	r.answer()
}

// A flow with echo is answered, for the session, either link, or neither.
func TestAMQPEcho(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{}).Device())
	r.attach(7)
	for handle, want := range map[*uint32]struct{ count, credit *uint32 }{
		nil:                   {nil, nil},
		new(uint32(requests)): {new(uint32(40)), new(uint32(linkCredit))},
		new(uint32(answers)):  {new(uint32(0)), new(uint32(7))},
	} {
		r.send(&amqp.Flow{NextIncomingID: new(uint32(0)), IncomingWindow: 1000, OutgoingWindow: 1000, Handle: handle, Echo: true})
		got := expect[*amqp.Flow](r)
		if diff := cmp.Diff([]*uint32{handle, want.count, want.credit}, []*uint32{got.Handle, got.DeliveryCount, got.LinkCredit}); diff != "" {
			t.Errorf("FLOW (-want +got):\n%s", diff)
		}
		if got.Echo || got.Drain {
			t.Errorf("FLOW asks back: %+v", got)
		}
	}
}

// An answer is sent in part if the window of the session is too small for all of it.
func TestAMQPSessionWindow(t *testing.T) {
	t.Parallel()
	r := dialAMQP(t, begin(t, Config{}).Device())
	r.hello()
	r.send(&amqp.Open{ContainerID: "test", MaxFrameSize: new(uint32(512))})
	expect[*amqp.Open](r)
	r.begin(1)
	r.send(r.attachReceiver(r.address()), r.attachSender(r.address()))
	expect[*amqp.Attach](r)
	expect[*amqp.Attach](r)
	expect[*amqp.Flow](r)
	flow := func(seen, window uint32) {
		r.send(&amqp.Flow{
			NextIncomingID: &seen, IncomingWindow: window, NextOutgoingID: 5, OutgoingWindow: 1000,
			Handle: new(uint32(answers)), DeliveryCount: new(uint32(0)), LinkCredit: new(uint32(10)),
		})
	}
	flow(0, 1)
	long := make([]byte, 1200)
	r.request(0, registerMessage(long))
	r.accepted(0)
	var frames []amqp.Frame
	frames = append(frames, r.next()) // and no more
	flow(0, 1)                        // one frame is on its way, so the window is shut
	flow(1, 1)
	frames = append(frames, r.next())
	flow(2, 100)
	for {
		f := r.next()
		frames = append(frames, f)
		if !f.Body.(*amqp.Transfer).More {
			break
		}
	}
	var assembly amqp.Assembly
	var d *amqp.Delivery
	for _, f := range frames {
		var err error
		if d, err = assembly.Add(f.Body.(*amqp.Transfer), f.Payload); err != nil {
			t.Fatal(err)
		}
	}
	m, err := amqp.Limits{}.DecodeMessage(d.Payload)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(any(long), m.Properties.CorrelationID); diff != "" {
		t.Errorf("correlation id (-want +got):\n%s", diff)
	}
}

// A device may send as many requests and frames as it likes: credit and window are renewed.
func TestAMQPCreditIsRenewed(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{}).Device())
	r.attach(1000)
	body := []byte(`{"payload":{"a":"` + strings.Repeat("x", 100) + `"}}`)
	flows := 0
	for id := range uint32(3 * linkCredit) {
		r.transfer(amqp.Transfer{Handle: requests, DeliveryID: &id, DeliveryTag: []byte{0}}, registerMessage(nil, body...), 50)
		for settled, answered := false, false; !settled || !answered; {
			switch f := r.next().Body.(type) {
			case *amqp.Flow:
				flows++
				if *f.LinkCredit != linkCredit {
					t.Errorf("credit %d", *f.LinkCredit)
				}
			case *amqp.Disposition:
				settled = true
			case *amqp.Transfer:
				answered = true
			}
		}
	}
	if flows < 5 {
		t.Errorf("credit was renewed %d times", flows)
	}
}

// The settlement mode that a device requests.
func TestAMQPSettlement(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{}).Device())
	receiver := r.attachReceiver(r.address())
	receiver.SndSettleMode = new(uint8(1)) // settled
	r.send(receiver)
	if got := expect[*amqp.Attach](r); got.SndSettleMode == nil || *got.SndSettleMode != 1 {
		t.Errorf("settle mode %v", got.SndSettleMode)
	}
	r.send(r.attachSender(r.address()))
	expect[*amqp.Attach](r)
	expect[*amqp.Flow](r)
	r.credit(10, 0)
	r.transfer(amqp.Transfer{Handle: requests, DeliveryID: new(uint32(0)), DeliveryTag: []byte{0}, Settled: true}, registerMessage(nil), 512)
	if _, frames := r.answer(); !frames[0].Settled { // and no disposition before it
		t.Error("the answer is not settled")
	}
}

// A request that is aborted in the middle is discarded.
func TestAMQPAbortedRequest(t *testing.T) {
	t.Parallel()
	r := enterAMQP(t, begin(t, Config{}).Device())
	r.attach(10)
	r.send(&amqp.Transfer{Handle: requests, DeliveryID: new(uint32(0)), DeliveryTag: []byte{0}, More: true})
	r.send(&amqp.Transfer{Handle: requests, Aborted: true})
	r.request(1, registerMessage(nil))
	r.accepted(1)
	r.answer()
}

// A violation of the protocol ends the link, the session or the connection, with the
// reason.
func TestAMQPMisbehaviour(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	transfer := func(handle, id uint32) *amqp.Transfer {
		return &amqp.Transfer{Handle: handle, DeliveryID: &id, DeliveryTag: []byte{0}}
	}
	flow := func(handle uint32) *amqp.Flow {
		return &amqp.Flow{IncomingWindow: 1, OutgoingWindow: 1, Handle: &handle, LinkCredit: new(uint32(1))}
	}
	for name, test := range map[string]struct {
		frames []amqp.Composite
		want   amqp.Composite
	}{
		"transfer on no link":        {[]amqp.Composite{transfer(9, 0)}, &amqp.End{Error: &amqp.Error{Condition: "amqp:session:unattached-handle"}}},
		"transfer on the wrong link": {[]amqp.Composite{transfer(answers, 0)}, &amqp.End{Error: &amqp.Error{Condition: "amqp:session:unattached-handle"}}},
		"flow on no link":            {[]amqp.Composite{flow(9)}, &amqp.End{Error: &amqp.Error{Condition: "amqp:session:unattached-handle"}}},
		"detach of no link":          {[]amqp.Composite{&amqp.Detach{Handle: 9}}, &amqp.End{Error: &amqp.Error{Condition: "amqp:session:unattached-handle"}}},
		"handle in use":              {[]amqp.Composite{&amqp.Attach{Name: "a", Handle: answers}}, &amqp.End{Error: &amqp.Error{Condition: "amqp:session:handle-in-use"}}},
		"handle too large":           {[]amqp.Composite{&amqp.Attach{Name: "a", Handle: 8}}, &amqp.Close{Error: &amqp.Error{Condition: "amqp:connection:framing-error"}}},
		"second OPEN":                {[]amqp.Composite{&amqp.Open{ContainerID: "again"}}, &amqp.Close{Error: &amqp.Error{Condition: "amqp:not-allowed"}}},
		"second BEGIN":               {[]amqp.Composite{&amqp.Begin{IncomingWindow: 1, OutgoingWindow: 1}}, &amqp.Close{Error: &amqp.Error{Condition: "amqp:not-allowed"}}},
		"first frame without an id":  {[]amqp.Composite{&amqp.Transfer{Handle: requests}}, &amqp.Detach{Handle: requests, Closed: true, Error: &amqp.Error{Condition: "amqp:invalid-field"}}},
		"id changes in the middle": {
			[]amqp.Composite{&amqp.Transfer{Handle: requests, DeliveryID: new(uint32(0)), More: true}, transfer(requests, 1)},
			&amqp.Detach{Handle: requests, Closed: true, Error: &amqp.Error{Condition: "amqp:invalid-field"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := enterAMQP(t, d)
			r.attach(1)
			r.send(test.frames...)
			ignoreText := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Description" }, cmp.Ignore())
			if diff := cmp.Diff(test.want, r.next().Body, ignoreText); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Frames that cannot be parsed, or are not allowed at that point, end the connection.
func TestAMQPBrokenFrames(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	for name, test := range map[string]struct {
		frame string
		want  amqp.Symbol
	}{
		"size of 4 GB":         {"\xff\xff\xff\xff\x02\x00\x00\x00", "amqp:connection:framing-error"},
		"size too small":       {"\x00\x00\x00\x07\x02\x00\x00\x00", "amqp:connection:framing-error"},
		"unknown type":         {"\x00\x00\x00\x08\x02\x07\x00\x00", "amqp:connection:framing-error"},
		"no value":             {"\x00\x00\x00\x09\x02\x00\x00\x00\x3f", "amqp:decode-error"},
		"SASL after its end":   {"\x00\x00\x00\x10\x02\x01\x00\x00\x00\x53\x44\xc0\x03\x01\x50\x00", "amqp:connection:framing-error"},
		"on no session":        {"\x00\x00\x00\x0c\x02\x00\x00\x09\x00\x53\x17\x45", "amqp:not-allowed"},
		"begin beyond channel": {beginOn(0xffff), "amqp:connection:framing-error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := enterAMQP(t, d)
			if _, err := r.conn.Write([]byte(test.frame)); err != nil {
				t.Fatal(err)
			}
			if got := expect[*amqp.Close](r); got.Error == nil || got.Error.Condition != test.want {
				t.Errorf("CLOSE %+v, want %s", got.Error, test.want)
			}
			r.ends()
		})
	}
	t.Run("before OPEN", func(t *testing.T) {
		t.Parallel()
		r := dialAMQP(t, d)
		r.hello()
		r.send(&amqp.Begin{IncomingWindow: 1, OutgoingWindow: 1})
		expect[*amqp.Open](r) // must precede every CLOSE
		if got := expect[*amqp.Close](r); got.Error.Condition != "amqp:not-allowed" {
			t.Errorf("CLOSE %+v", got.Error)
		}
	})
}

func beginOn(channel uint16) string {
	frame, err := amqp.AppendFrame(nil, amqp.Frame{Channel: channel, Body: &amqp.Begin{IncomingWindow: 1, OutgoingWindow: 1}})
	if err != nil {
		panic(err)
	}
	return string(frame)
}

// Every amount is limited: sessions, links, requests without credit, answers without
// credit.
func TestAMQPBounds(t *testing.T) {
	t.Parallel()
	d := begin(t, Config{}).Device()
	t.Run("sessions", func(t *testing.T) {
		t.Parallel()
		r := enterAMQP(t, d)
		for i := range uint16(maxSessions) {
			r.sendFrame(amqp.Frame{Channel: 100 + i, Body: &amqp.Begin{IncomingWindow: 1, OutgoingWindow: 1}})
		}
		for range maxSessions - 1 {
			expect[*amqp.Begin](r)
		}
		if got := expect[*amqp.Close](r); got.Error.Condition != "amqp:resource-limit-exceeded" {
			t.Errorf("CLOSE %+v", got.Error)
		}
	})
	t.Run("answers", func(t *testing.T) {
		t.Parallel()
		r := enterAMQP(t, d)
		r.attach(0)
		for id := range uint32(maxWaiting + 1) {
			r.request(id, registerMessage(nil))
			for settled := false; !settled; {
				_, settled = r.next().Body.(*amqp.Disposition)
			}
		}
		if got := expect[*amqp.End](r); got.Error.Condition != "amqp:resource-limit-exceeded" {
			t.Errorf("END %+v", got.Error)
		}
		r.request(99, registerMessage(nil)) // the session has ended
		r.send(&amqp.End{})
		r.begin(1000) // the channel is free again
		r.attach(1)
		r.request(0, registerMessage(nil))
		r.accepted(0)
		r.answer()
	})
	t.Run("message", func(t *testing.T) {
		t.Parallel()
		r := enterAMQP(t, d)
		r.attach(1)
		large := make([]byte, amqpLimits().Message+1)
		r.transfer(amqp.Transfer{Handle: requests, DeliveryID: new(uint32(0)), DeliveryTag: []byte{0}}, registerMessage(nil, large...), 60_000)
		got := expect[*amqp.Detach](r)
		if got.Error.Condition != "amqp:link:message-size-exceeded" || !got.Closed {
			t.Errorf("DETACH %+v", got.Error)
		}
	})
}

// Answers with faulty delivery.
func TestAMQPDelivery(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T, d delivery, id any) *rawAMQP {
		r := enterAMQP(t, beginWith(t, fault{on: []operation{opRegister}, answer: answer0(d)}).Device())
		r.attach(10)
		r.request(0, registerMessage(id))
		r.accepted(0)
		return r
	}
	wantAnswer := func(t *testing.T, r *rawAMQP, id any) {
		t.Helper()
		if m, _ := r.answer(); m.Properties.CorrelationID != id || operationOf(t, m).OperationID == "" {
			t.Errorf("answer to %v", m.Properties.CorrelationID)
		}
	}
	t.Run("cut", func(t *testing.T) {
		t.Parallel()
		open(t, delivery{manner: cut}, "a").ends()
	})
	t.Run("late", func(t *testing.T) {
		t.Parallel()
		r := open(t, delivery{manner: late, delay: 100 * time.Millisecond}, "a")
		r.send(&amqp.Flow{NextIncomingID: new(uint32(0)), IncomingWindow: 1000, OutgoingWindow: 1000, Echo: true})
		expect[*amqp.Flow](r) // in time
		wantAnswer(t, r, "a")
	})
	t.Run("late, to a session that has ended", func(t *testing.T) {
		t.Parallel()
		r := open(t, delivery{manner: late, delay: 100 * time.Millisecond}, "a")
		r.send(&amqp.End{})
		expect[*amqp.End](r)
		r.begin(1000)
		r.attach(10)
		r.request(0, registerMessage("b"))
		r.accepted(0)
		wantAnswer(t, r, "b")
	})
	t.Run("duplicate", func(t *testing.T) {
		t.Parallel()
		r := open(t, delivery{manner: duplicate}, "a")
		wantAnswer(t, r, "a")
		wantAnswer(t, r, "a")
	})
	t.Run("other", func(t *testing.T) {
		t.Parallel()
		r := open(t, delivery{manner: other}, "a")
		if m, _ := r.answer(); m.Properties.CorrelationID == "a" {
			t.Error("before the answer there is no other")
		}
		wantAnswer(t, r, "a")
	})
	t.Run("other, which could not be told from it", func(t *testing.T) {
		t.Parallel()
		r := open(t, delivery{manner: other}, nil)
		if m, _ := r.answer(); operationOf(t, m).OperationID == "" {
			t.Error("the first answer is another")
		}
	})
	t.Run("refusal twice", func(t *testing.T) {
		t.Parallel()
		told := family(503)
		told.delivery = delivery{manner: duplicate}
		r := enterAMQP(t, beginWith(t, fault{on: []operation{opRegister}, times: 1, answer: told}).Device())
		r.attach(10)
		r.request(0, registerMessage("a"))
		if _, ok := r.outcome(0).(*amqp.Rejected); !ok {
			t.Error("not rejected")
		}
		r.request(1, registerMessage("a"))
		r.accepted(1)
	})
}
