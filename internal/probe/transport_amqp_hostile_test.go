package probe_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"dpsdiag/internal/amqp"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// TestAMQPHostile: unexpected frames followed by the end of the connection neither crash
// nor block the probe.
func TestAMQPHostile(t *testing.T) {
	t.Parallel()
	zero, all := uint32(0), ^uint32(0)
	sender := uint32(1) // handle of the request link
	flow := func(handle *uint32, change func(*amqp.Flow)) *amqp.Flow {
		f := &amqp.Flow{NextIncomingID: &zero, IncomingWindow: 9, OutgoingWindow: 9, Handle: handle, DeliveryCount: &zero, LinkCredit: new(uint32(9))}
		change(f)
		return f
	}
	begin := &amqp.Begin{RemoteChannel: new(uint16(0)), IncomingWindow: 9, OutgoingWindow: 9}
	tests := map[string]struct {
		step amqpStep
		sent []amqp.Composite
	}{
		"BEGIN for OPEN":            {atOpen, []amqp.Composite{begin}},
		"BEGIN of another channel":  {atBegin, []amqp.Composite{&amqp.Begin{RemoteChannel: new(uint16(7))}}},
		"BEGIN that answers none":   {atBegin, []amqp.Composite{&amqp.Begin{}}},
		"ATTACH for BEGIN":          {atBegin, []amqp.Composite{&amqp.Attach{Name: "x"}}},
		"BEGIN twice":               {atReceiver, []amqp.Composite{begin}},
		"ATTACH of another link":    {atReceiver, []amqp.Composite{&amqp.Attach{Name: "x", InitialDeliveryCount: &zero}}},
		"frames of 1 byte":          {atOpen, []amqp.Composite{&amqp.Open{ContainerID: "x", MaxFrameSize: new(uint32(1))}, begin}},
		"heartbeats every 1 ms":     {atOpen, []amqp.Composite{&amqp.Open{ContainerID: "x", IdleTimeOut: 1}}},
		"FLOW of no link":           {atRegister, []amqp.Composite{flow(&all, func(*amqp.Flow) {})}},
		"FLOW without incoming id":  {atRegister, []amqp.Composite{flow(nil, func(f *amqp.Flow) { f.NextIncomingID = nil })}},
		"FLOW without credit":       {atRegister, []amqp.Composite{flow(&sender, func(f *amqp.Flow) { f.LinkCredit = nil })}},
		"FLOW with echo and drain":  {atRegister, []amqp.Composite{flow(&sender, func(f *amqp.Flow) { f.Echo, f.Drain = true, true })}},
		"windows closed":            {atSender, []amqp.Composite{flow(nil, func(f *amqp.Flow) { f.IncomingWindow = 0 })}},
		"DISPOSITION of everything": {atRegister, []amqp.Composite{&amqp.Disposition{Role: amqp.RoleReceiver, Last: &all, Settled: true}}},
		"DISPOSITION without state": {atRegister, []amqp.Composite{&amqp.Disposition{Role: amqp.RoleReceiver, Settled: true}}},
		"TRANSFER to no link":       {atRegister, []amqp.Composite{&amqp.Transfer{Handle: 9, DeliveryID: &zero, DeliveryTag: []byte("t"), MessageFormat: &zero}}},
		"TRANSFER aborted":          {atRegister, []amqp.Composite{&amqp.Transfer{DeliveryID: &zero, DeliveryTag: []byte("t"), MessageFormat: &zero, Aborted: true}}},
		"DETACH that may come back": {atRegister, []amqp.Composite{&amqp.Detach{}}},
		"END without a session":     {atOpen, []amqp.Composite{&amqp.Open{ContainerID: "x"}, &amqp.End{}}},
		"OPEN twice":                {atRegister, []amqp.Composite{&amqp.Open{ContainerID: "x"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run := do(t, startAMQP(t, amqpPeer{steps: map[amqpStep]func(*amqpConn){test.step: func(c *amqpConn) {
				amqpSends(test.sent...)(c, amqpRequest{})
				c.Close()
			}}}))
			if f := lastFailure(run); f == nil || f.Kind == netfail.Timeout {
				t.Errorf("failed stage %+v, failure %+v", run.FailedStage(), f)
			}
		})
	}
}

// FuzzAMQPSession: whatever a peer sends at any step before it closes the connection, the
// session ends, and so does everything that it started.
func FuzzAMQPSession(f *testing.F) {
	steps := []amqpStep{atHeader, atOpen, atBegin, atReceiver, atSender, atRegister}
	add := func(step amqpStep, bodies ...amqp.Composite) {
		var b []byte
		for _, body := range bodies {
			var err error
			if b, err = amqp.AppendFrame(b, amqp.Frame{Body: body}); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(uint8(slices.Index(steps, step)), b)
	}
	refusal := &amqp.Error{Condition: "amqp:not-found", Description: "{}", Info: amqp.Map{{Key: "retry-after", Value: "1"}}}
	zero, one := uint32(0), uint32(1)
	f.Add(uint8(0), []byte("AMQP\x00\x01\x00\x00"))
	add(atOpen, &amqp.Open{ContainerID: "x", Properties: amqp.Map{{Key: amqp.Symbol("com.microsoft:open-error"), Value: refusal}}}, &amqp.Close{Error: refusal})
	add(atBegin, &amqp.Begin{RemoteChannel: new(uint16(0)), IncomingWindow: 9, OutgoingWindow: 9}, &amqp.End{Error: refusal})
	add(atReceiver, &amqp.Attach{Name: "dpsdiag-receiver", InitialDeliveryCount: &zero}, &amqp.Detach{Closed: true, Error: refusal})
	add(atReceiver, &amqp.Attach{Name: "dpsdiag-receiver", Source: amqp.NewSource("x"), InitialDeliveryCount: &zero})
	add(atSender, &amqp.Attach{Name: "dpsdiag-sender", Handle: 1, Role: amqp.RoleReceiver, Target: amqp.NewTarget("x")},
		&amqp.Flow{NextIncomingID: &zero, IncomingWindow: 9, OutgoingWindow: 9, Handle: &one, DeliveryCount: &zero, LinkCredit: &one, Echo: true})
	add(atRegister, &amqp.Disposition{Role: amqp.RoleReceiver, Settled: true, State: &amqp.Accepted{}})
	add(atRegister, &amqp.Disposition{Role: amqp.RoleReceiver, Last: &one, Settled: true, State: &amqp.Rejected{Error: refusal}})
	add(atRegister, &amqp.Transfer{DeliveryID: &zero, DeliveryTag: []byte("t"), MessageFormat: &zero, More: true}, &amqp.Transfer{})
	f.Fuzz(func(t *testing.T, step uint8, sent []byte) {
		client, server := net.Pipe()
		left := make(chan struct{})
		go func() {
			defer close(left)
			defer server.Close()
			amqpPeer{steps: map[amqpStep]func(*amqpConn){steps[int(step)%len(steps)]: func(c *amqpConn) { c.writeWhileReading(sent) }}}.serve(t.Context(), server)
		}()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		session, opening := probe.NewAMQP().Open(ctx, func(context.Context) (net.Conn, error) { return client, nil },
			probe.Target{Scope: scope, RegistrationID: id}, probe.Identity{})
		if session != nil {
			if a := session.Register(ctx, []byte("{}")); a.Failure == nil && a.Condition == "" && !a.TooLarge {
				t.Errorf("an answer out of nowhere: %+v", a)
			}
			session.Close()
		} else if opening.Failure == nil && opening.Refusal == "" {
			t.Errorf("not opened, for no reason: %+v", opening)
		}
		if ctx.Err() != nil {
			t.Error("it did not end when the peer hung up")
		}
		client.Close()
		<-left
	})
}

// writeWhileReading writes to a client that may be writing itself, on a connection without
// buffers.
func (c *amqpConn) writeWhileReading(sent []byte) {
	read := make(chan struct{})
	go func() { defer close(read); untilClosed(c) }()
	c.Write(sent)
	c.Close()
	<-read
}
