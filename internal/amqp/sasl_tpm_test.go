package amqp_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/amqp"
)

// tpm is the mechanism TPM with an activation blob, and the token that it expects.
func tpm(heard chan<- []string, blob []byte, token string) amqp.SASLMechanism {
	verify := func(x *amqp.SASLExchange) (amqp.SASLCode, error) {
		scope, id, endorsementKey, ok := amqp.ParseTPMInitialResponse(x.Init.InitialResponse)
		if !ok {
			return amqp.SASLAuth, nil
		}
		pieces := amqp.SplitTPMBlob(blob)
		said := []string{x.Init.Hostname, scope, id, string(endorsementKey)}
		for _, challenge := range [][]byte{amqp.TPMKeyRequest(), pieces[0], pieces[1]} {
			response, err := x.Challenge(challenge)
			if err != nil {
				return 0, err
			}
			content, ok := amqp.ParseTPMResponse(response)
			if !ok {
				return amqp.SASLAuth, nil
			}
			said = append(said, string(content))
		}
		heard <- said
		if said[len(said)-1] != token {
			return amqp.SASLAuth, nil
		}
		return amqp.SASLOK, nil
	}
	return amqp.SASLMechanism{Name: amqp.MechanismTPM, Verify: verify}
}

func TestTPMExchange(t *testing.T) {
	t.Parallel()
	blob := []byte("an activation blob of odd length.")
	heard := make(chan []string, 1)
	conn := serve(t, func(conn net.Conn) {
		if _, err := amqp.ReadProtocol(conn); err != nil {
			t.Error(err)
		}
		if err := amqp.ServerSASL(context.Background(), conn, []amqp.SASLMechanism{tpm(heard, blob, "token")}, amqp.Limits{}); err != nil {
			t.Error(err)
		}
	})
	var received amqp.TPMBlob
	login := amqp.SASLLogin{
		Mechanism: amqp.MechanismTPM,
		Initial:   amqp.TPMInitialResponse("0ne", "dev-1", []byte("ek\x00with NUL")),
		Hostname:  user,
		Answer: func(challenge []byte) (amqp.Credential, error) {
			if amqp.IsTPMKeyRequest(challenge) {
				return amqp.TPMResponse([]byte("srk")), nil
			}
			last, err := received.Add(challenge)
			if err != nil || !last {
				return amqp.TPMResponse(nil), err
			}
			return amqp.TPMResponse([]byte("token")), nil
		},
	}
	if _, err := amqp.ClientSASL(testContext(t), conn, login); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(blob, received.Bytes()); diff != "" {
		t.Errorf("blob (-want +got):\n%s", diff)
	}
	want := []string{user, "0ne", "dev-1", "ek\x00with NUL", "srk", "", "token"}
	if diff := cmp.Diff(want, <-heard); diff != "" {
		t.Errorf("the server heard (-want +got):\n%s", diff)
	}
}

func TestTPMWire(t *testing.T) {
	t.Parallel()
	pieces := amqp.SplitTPMBlob([]byte("abcde"))
	for name, test := range map[string]struct{ got, want []byte }{
		"initial response": {amqp.TPMInitialResponse("s", "r", []byte{1}), []byte("\x00s\x00r\x00\x01")},
		"key request":      {amqp.TPMKeyRequest(), []byte{0}},
		"response":         {amqp.TPMResponse([]byte("k")), []byte("\x00k")},
		"acknowledgement":  {amqp.TPMResponse(nil), []byte{0}},
		"first piece":      {pieces[0], []byte("\x80abc")},
		"second piece":     {pieces[1], []byte("\xc1de")},
		"piece of nothing": {amqp.SplitTPMBlob(nil)[1], []byte{0xc1}},
	} {
		if !bytes.Equal(test.got, test.want) {
			t.Errorf("%s: got %q, want %q", name, test.got, test.want)
		}
	}
}

func TestTPMBlob(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		segments []string
		want     string
		fails    bool // in the last segment
	}{
		{"one segment", []string{"\xc0ab"}, "ab", false},
		{"two segments", []string{"\x80a", "\xc1b"}, "ab", false},
		{"six segments", []string{"\x80a", "\x81b", "\x82c", "\x83d", "\x80e", "\xc1f"}, "abcdef", false},
		{"empty segments", []string{"\x80", "\xc1"}, "", false},
		{"nothing", []string{""}, "", true},
		{"key request", []string{"\x00"}, "", true},
		{"no segment bit", []string{"\x40a"}, "", true},
		{"begins with 1", []string{"\xc1a"}, "", true},
		{"number repeated", []string{"\x80a", "\xc0b"}, "", true},
		{"number left out", []string{"\x80a", "\xc2b"}, "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var blob amqp.TPMBlob
			for i, segment := range test.segments {
				atEnd := i == len(test.segments)-1
				last, err := blob.Add([]byte(segment))
				if (err != nil) != (atEnd && test.fails) || last != (atEnd && !test.fails) {
					t.Fatalf("segment %d: %t, %v", i, last, err)
				}
				if !last && blob.Bytes() != nil {
					t.Errorf("a blob before the last segment: %q", blob.Bytes())
				}
			}
			if got := string(blob.Bytes()); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.fails {
				return
			}
			if last, err := blob.Add([]byte{0x80 | byte(len(test.segments)%4)}); err == nil || last {
				t.Errorf("segment after the last: %t, %v", last, err)
			}
		})
	}
}

func TestParseTPMRejects(t *testing.T) {
	t.Parallel()
	for _, response := range []string{"", "\x00s\x00r", "s\x00r\x00ek", "x\x00s\x00r\x00ek"} {
		if scope, id, key, ok := amqp.ParseTPMInitialResponse(amqp.Credential(response)); ok || scope != "" || id != "" || key != nil {
			t.Errorf("%q: got %q, %q, %q, %t; want nothing", response, scope, id, key, ok)
		}
	}
	for _, response := range []string{"", "srk"} {
		if content, ok := amqp.ParseTPMResponse(amqp.Credential(response)); ok || content != nil {
			t.Errorf("%q: got %q, %t; want nothing", response, content, ok)
		}
	}
}

// The server's result if a client disconnects or sends something else.
func TestServerSASLStrangeClients(t *testing.T) {
	t.Parallel()
	init := &amqp.SASLInit{Mechanism: "TPM", InitialResponse: amqp.TPMInitialResponse("s", "r", nil)}
	for _, test := range []struct {
		name string
		wire []byte
		cut  bool
	}{
		{"gone before the choice", nil, true},
		{"gone before the response", saslFrame(t, init), true},
		{"response instead of a choice", saslFrame(t, &amqp.SASLResponse{}), false},
		{"choice instead of a response", append(saslFrame(t, init), saslFrame(t, init)...), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			conn := scripted{Reader: bytes.NewReader(test.wire)}
			err := amqp.ServerSASL(testContext(t), conn, []amqp.SASLMechanism{tpm(nil, nil, "")}, amqp.Limits{})
			var decode *amqp.DecodeError
			if errors.Is(err, amqp.ErrCut) != test.cut || errors.As(err, &decode) == test.cut {
				t.Errorf("got %v", err)
			}
		})
	}
}
