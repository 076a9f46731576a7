package amqp_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	goamqp "github.com/Azure/go-amqp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/amqp"
)

// Azure/go-amqp is a peer that shares no code with this package.

// listen runs an acceptor for one connection to the address that it returns. The returned
// function says how the acceptor ended.
func listen(t *testing.T, a *acceptor) (address string, ended func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			result <- err
			return
		}
		defer conn.Close()
		if err := conn.SetDeadline(time.Now().Add(hang)); err != nil {
			result <- err
			return
		}
		result <- a.serve(context.Background(), conn)
	}()
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String(), func() error { return <-result }
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestGoAMQPClient(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		login *amqp.SASLLogin // what happens before go-amqp takes over
		own   goamqp.SASLType
	}{
		{"no SASL", nil, nil},
		{"its own PLAIN", nil, goamqp.SASLTypePlain(user, password)},
		{"its own EXTERNAL", nil, goamqp.SASLTypeExternal("")},
		{"our PLAIN", &amqp.SASLLogin{Mechanism: "PLAIN", Initial: amqp.PlainResponse(user, password)}, nil},
		{"our EXTERNAL", &amqp.SASLLogin{Mechanism: "EXTERNAL", Initial: amqp.Credential{}}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := &acceptor{
				mechanisms: []amqp.SASLMechanism{plain(), fixed("EXTERNAL", amqp.SASLOK)},
				maxFrame:   512,
				outcome:    make(chan amqp.Composite, 2),
			}
			address, ended := listen(t, a)
			ctx := testContext(t)
			conn := dial(t, address)
			if test.login != nil {
				if _, err := amqp.ClientSASL(ctx, conn, *test.login); err != nil {
					t.Fatal(err)
				}
			}
			client, err := goamqp.NewConn(ctx, conn, &goamqp.ConnOptions{
				HostName: "host", MaxFrameSize: 512, SASLType: test.own,
			})
			if err != nil {
				t.Fatal(err)
			}
			converse(ctx, t, client, a)
			if err := client.Close(); err != nil {
				t.Error(err)
			}
			if err := ended(); err != nil {
				t.Errorf("acceptor: %v", err)
			}
			want := []string{
				"*amqp.Open", "*amqp.Begin", "*amqp.Attach", "*amqp.Transfer", "*amqp.Disposition",
				"*amqp.Transfer", "*amqp.Disposition", "*amqp.Detach", "*amqp.End", "*amqp.Close",
			}
			if diff := cmp.Diff(want, slices.Compact(slices.Clone(a.heard))); diff != "" {
				t.Errorf("the acceptor heard (-want +got):\n%s", diff)
			}
			transfers := len(slices.DeleteFunc(a.heard, func(kind string) bool { return kind != "*amqp.Transfer" }))
			if messages := 3; transfers < messages+3000/512 {
				t.Errorf("%d transfers: the large message was not in parts", transfers)
			}
		})
	}
}

// converse sends a message that is refused, a small one and a large one, receives the last
// two back, and closes what it opened.
func converse(ctx context.Context, t *testing.T, client *goamqp.Conn, a *acceptor) {
	t.Helper()
	session, err := client.NewSession(ctx, nil)
	must(t, err)
	receiver, err := session.NewReceiver(ctx, user, &goamqp.ReceiverOptions{Credit: 1})
	must(t, err)
	sender, err := session.NewSender(ctx, user, &goamqp.SenderOptions{
		Properties: map[string]any{"com.microsoft:api-version": "2019-03-31"},
	})
	must(t, err)
	if receiver.Address() != user || sender.Address() != user {
		t.Errorf("addresses %q and %q, want %q", receiver.Address(), sender.Address(), user)
	}
	if version, _ := a.properties.Get("com.microsoft:api-version"); version != "2019-03-31" {
		t.Errorf("link properties %v", a.properties)
	}

	err = sender.Send(ctx, &goamqp.Message{ApplicationProperties: map[string]any{"refuse": true}}, nil)
	want := &goamqp.Error{Condition: "amqp:not-found", Description: "{}", Info: map[string]any{"retry-after": int32(3)}}
	var refusal *goamqp.Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal", err)
	}
	if diff := cmp.Diff(want, refusal); diff != "" {
		t.Errorf("refusal (-want +got):\n%s", diff)
	}

	small, _ := everyType[goamqp.Symbol]()
	smallBack, _ := everyType[string]()
	large := &goamqp.Message{Data: [][]byte{[]byte(strings.Repeat("x", 3000))}}
	for _, message := range []struct{ sent, back *goamqp.Message }{{small, smallBack}, {large, large}} {
		must(t, sender.Send(ctx, message.sent, nil))
		got, err := receiver.Receive(ctx, nil)
		must(t, err)
		if diff := cmp.Diff(message.back, got, sameMessage()); diff != "" {
			t.Errorf("message that came back (-want +got):\n%s", diff)
		}
		must(t, receiver.AcceptMessage(ctx, got))
		if outcome, ok := (<-a.outcome).(*amqp.Accepted); !ok {
			t.Errorf("outcome %v, want accepted", outcome)
		}
	}
	must(t, receiver.Close(ctx))
	must(t, sender.Close(ctx))
	must(t, session.Close(ctx))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sameMessage() cmp.Option {
	return cmp.Options{
		cmpopts.IgnoreUnexported(goamqp.Message{}), cmpopts.IgnoreFields(goamqp.Message{}, "DeliveryTag"),
		cmpopts.EquateEmpty(),
	}
}

// everyType returns a message with all types that go-amqp has, for either package. S is its
// type for symbols: goamqp.Symbol when it encodes them, string when it has decoded them.
func everyType[S goamqp.Symbol | string]() (*goamqp.Message, *amqp.Message) {
	at := time.UnixMilli(1_700_000_000_123).UTC()
	long := strings.Repeat("é", 200)
	theirs := &goamqp.Message{
		Header:              &goamqp.MessageHeader{Durable: true, Priority: 9, TTL: time.Second, DeliveryCount: 2},
		DeliveryAnnotations: goamqp.Annotations{"d": uint8(1)},
		Annotations:         goamqp.Annotations{"a": S("s")},
		Properties: &goamqp.MessageProperties{
			MessageID: uint64(300), UserID: []byte("u"), To: new("to"), Subject: new("subject"), ReplyTo: new("reply"),
			CorrelationID: goamqp.UUID{1, 2, 3}, ContentType: new("application/json"), ContentEncoding: new("utf-8"),
			AbsoluteExpiryTime: &at, CreationTime: &at, GroupID: new("g"), GroupSequence: new(uint32(0)), ReplyToGroupID: new("h"),
		},
		ApplicationProperties: map[string]any{"iotdps-operation-type": "iotdps-register"},
		Value: []any{
			nil, true, false, uint8(1), uint16(2), uint32(0), uint32(3), uint32(400), uint64(0), uint64(5), uint64(1 << 40),
			int8(-1), int16(-2), int32(-3), int32(400), int64(-5), int64(1 << 40), float32(1.5), float64(-2.5), at,
			goamqp.UUID{15: 9},
			[]byte{},
			[]byte(long), "", long, S("symbol"),
			[]any{"nested"},
			map[string]any{"key": int64(7)},
			[]int32{1, -2},
			[]string{"a", long},
			[]goamqp.Symbol{"x", "y"},
			[]bool{true, false},
			[]uint64{0, 1 << 40},
			[]time.Time{at},
			[]goamqp.UUID{{1}},
			[][]byte{{1}, {}},
		},
		Footer: goamqp.Annotations{"f": "end"},
	}
	ours := &amqp.Message{
		Header:              &amqp.Header{Durable: true, Priority: new(uint8(9)), TTL: new(uint32(1000)), DeliveryCount: 2},
		DeliveryAnnotations: amqp.Map{{Key: amqp.Symbol("d"), Value: uint8(1)}},
		Annotations:         amqp.Map{{Key: amqp.Symbol("a"), Value: amqp.Symbol("s")}},
		Properties: &amqp.Properties{
			MessageID: uint64(300), UserID: []byte("u"), To: "to", Subject: "subject", ReplyTo: "reply",
			CorrelationID: amqp.UUID{1, 2, 3}, ContentType: "application/json", ContentEncoding: "utf-8",
			AbsoluteExpiryTime: &at, CreationTime: &at, GroupID: "g", GroupSequence: new(uint32(0)), ReplyToGroupID: "h",
		},
		ApplicationProperties: amqp.Map{{Key: "iotdps-operation-type", Value: "iotdps-register"}},
		HasValue:              true,
		Value: []any{
			nil, true, false, uint8(1), uint16(2), uint32(0), uint32(3), uint32(400), uint64(0), uint64(5), uint64(1 << 40),
			int8(-1), int16(-2), int32(-3), int32(400), int64(-5), int64(1 << 40), float32(1.5), float64(-2.5), at,
			amqp.UUID{15: 9},
			[]byte{},
			[]byte(long), "", long, amqp.Symbol("symbol"),
			[]any{"nested"},
			amqp.Map{{Key: "key", Value: int64(7)}},
			amqp.Array{int32(1), int32(-2)},
			amqp.Array{"a", long},
			amqp.Array{amqp.Symbol("x"), amqp.Symbol("y")},
			amqp.Array{true, false},
			amqp.Array{uint64(0), uint64(1 << 40)},
			amqp.Array{at},
			amqp.Array{amqp.UUID{1}},
			amqp.Array{[]byte{1}, []byte{}},
		},
		Footer: amqp.Map{{Key: amqp.Symbol("f"), Value: "end"}},
	}
	return theirs, ours
}

func TestGoAMQPCodec(t *testing.T) {
	t.Parallel()
	t.Run("they encode, we decode", func(t *testing.T) {
		t.Parallel()
		theirs, ours := everyType[goamqp.Symbol]()
		payload, err := theirs.MarshalBinary()
		must(t, err)
		got, err := amqp.Limits{}.DecodeMessage(payload)
		must(t, err)
		if diff := cmp.Diff(ours, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("we encode, they decode", func(t *testing.T) {
		t.Parallel()
		theirs, ours := everyType[string]()
		payload, err := ours.Encode()
		must(t, err)
		var got goamqp.Message
		must(t, got.UnmarshalBinary(payload))
		if diff := cmp.Diff(theirs, &got, sameMessage()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestGoAMQPRefused(t *testing.T) {
	t.Parallel()
	a := &acceptor{mechanisms: []amqp.SASLMechanism{plain()}}
	address, ended := listen(t, a)
	_, err := goamqp.NewConn(testContext(t), dial(t, address), &goamqp.ConnOptions{SASLType: goamqp.SASLTypePlain(user, "wrong")})
	if err == nil {
		t.Error("go-amqp was not refused")
	}
	var refused *amqp.RefusedError
	if err := ended(); !errors.As(err, &refused) || refused.Code != amqp.SASLAuth {
		t.Errorf("acceptor: %v", err)
	}
}
