package amqp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/amqp"
)

const (
	user     = "0ne/registrations/dev-1"
	password = "SharedAccessSignature-of-the-test"
)

// plain is the mechanism PLAIN for one user.
func plain() amqp.SASLMechanism {
	return amqp.SASLMechanism{Name: "PLAIN", Verify: func(x *amqp.SASLExchange) (amqp.SASLCode, error) {
		name, secret, ok := amqp.ParsePlain(x.Init.InitialResponse)
		if !ok || name != user || secret != password {
			return amqp.SASLAuth, nil
		}
		return amqp.SASLOK, nil
	}}
}

// fixed is a mechanism that always has the same outcome.
func fixed(name string, code amqp.SASLCode) amqp.SASLMechanism {
	return amqp.SASLMechanism{Name: name, Verify: func(*amqp.SASLExchange) (amqp.SASLCode, error) { return code, nil }}
}

// serve runs f as the server of the connection that it returns. The connection
// is closed, and f has returned, when the test ends.
func serve(t *testing.T, f func(net.Conn)) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer server.Close()
		f(server)
	}()
	t.Cleanup(func() {
		client.Close()
		<-done
	})
	return client
}

// send writes bytes while it reads what the client writes.
func send(wire []byte) func(net.Conn) {
	return func(conn net.Conn) {
		taken := make(chan struct{})
		go func() {
			defer close(taken)
			io.Copy(io.Discard, conn)
		}()
		conn.Write(wire)
		conn.Close()
		<-taken
	}
}

func TestSASL(t *testing.T) {
	t.Parallel()
	accepted := func(err error) bool { return err == nil }
	refused := func(code amqp.SASLCode) func(error) bool {
		return func(err error) bool {
			var refused *amqp.RefusedError
			return errors.As(err, &refused) && refused.Code == code
		}
	}
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	tests := []struct {
		name           string
		login          amqp.SASLLogin
		outcome        *amqp.SASLOutcome
		client, server func(error) bool
	}{
		{
			"accepted",
			amqp.SASLLogin{Mechanism: "PLAIN", Initial: amqp.PlainResponse(user, password)},
			&amqp.SASLOutcome{}, accepted, accepted,
		},
		{
			"wrong password",
			amqp.SASLLogin{Mechanism: "PLAIN", Initial: amqp.PlainResponse(user, "x")},
			&amqp.SASLOutcome{Code: amqp.SASLAuth}, refused(amqp.SASLAuth), refused(amqp.SASLAuth),
		},
		{
			"temporary error",
			amqp.SASLLogin{Mechanism: "TPM"},
			&amqp.SASLOutcome{Code: amqp.SASLSysTemp}, refused(amqp.SASLSysTemp), refused(amqp.SASLSysTemp),
		},
		{"without initial response", amqp.SASLLogin{Mechanism: "EXTERNAL"}, &amqp.SASLOutcome{}, accepted, accepted},
		{"not offered", amqp.SASLLogin{Mechanism: "ANONYMOUS"}, nil, is(amqp.ErrNotOffered), is(amqp.ErrCut)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			served := make(chan error, 1)
			conn := serve(t, func(conn net.Conn) {
				header, err := amqp.ReadProtocol(conn)
				if err != nil || header != amqp.ProtocolSASL.Header() {
					t.Errorf("header %v, %v", header, err)
				}
				mechanisms := []amqp.SASLMechanism{plain(), fixed("TPM", amqp.SASLSysTemp), fixed("EXTERNAL", amqp.SASLOK)}
				served <- amqp.ServerSASL(context.Background(), conn, mechanisms, amqp.Limits{})
			})
			result, err := amqp.ClientSASL(testContext(t), conn, test.login)
			if !test.client(err) {
				t.Errorf("client: got %v", err)
			}
			conn.Close()
			if err := <-served; !test.server(err) {
				t.Errorf("server: got %v", err)
			}
			want := amqp.SASLResult{Offered: []string{"PLAIN", "TPM", "EXTERNAL"}, Outcome: test.outcome}
			if diff := cmp.Diff(want, result); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestServerSASLMechanismNotOffered(t *testing.T) {
	t.Parallel()
	served := make(chan error, 1)
	conn := serve(t, func(conn net.Conn) {
		served <- amqp.ServerSASL(context.Background(), conn, []amqp.SASLMechanism{plain()}, amqp.Limits{})
	})
	script := []struct {
		want, answer []byte
	}{
		{[]byte("AMQP\x03\x01\x00\x00"), nil},
		{
			saslFrame(t, &amqp.SASLMechanisms{Mechanisms: []amqp.Symbol{"PLAIN"}}),
			saslFrame(t, &amqp.SASLInit{Mechanism: "ANONYMOUS"}),
		},
		{saslFrame(t, &amqp.SASLOutcome{Code: amqp.SASLAuth}), nil},
	}
	for i, step := range script {
		got := make([]byte, len(step.want))
		if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, step.want) {
			t.Fatalf("step %d: got %x, %v; want %x", i, got, err, step.want)
		}
		if step.answer == nil {
			continue
		}
		if _, err := conn.Write(step.answer); err != nil {
			t.Fatal(err)
		}
	}
	var refused *amqp.RefusedError
	if err := <-served; !errors.As(err, &refused) {
		t.Errorf("got %v, want a RefusedError", err)
	}
}

func saslFrame(t testing.TB, body amqp.Composite) []byte {
	t.Helper()
	b, err := amqp.AppendFrame(nil, amqp.Frame{Type: amqp.FrameSASL, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const saslHeader = "AMQP\x03\x01\x00\x00"

// saslWire joins a protocol header and SASL frames.
func saslWire(t testing.TB, bodies ...amqp.Composite) []byte {
	t.Helper()
	wire := []byte(saslHeader)
	for _, body := range bodies {
		wire = append(wire, saslFrame(t, body)...)
	}
	return wire
}

func TestClientSASLAgainstStrangePeers(t *testing.T) {
	t.Parallel()
	offer := &amqp.SASLMechanisms{Mechanisms: []amqp.Symbol{"PLAIN"}}
	broken := func(err error) bool {
		var decode *amqp.DecodeError
		return errors.As(err, &decode) && !errors.Is(err, amqp.ErrCut)
	}
	cut := func(cause error) func(error) bool {
		return func(err error) bool { return errors.Is(err, amqp.ErrCut) && errors.Is(err, cause) }
	}
	tests := []struct {
		name  string
		wire  []byte
		is    func(error) bool
		text  string
		offer bool
	}{
		{"HTTP", []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), func(err error) bool {
			var alien *amqp.NotAMQPError
			return errors.As(err, &alien) && string(alien.First) == "HTTP/1.1" && !errors.Is(err, amqp.ErrCut)
		}, `begins with "HTTP/1.1"`, false},
		{"AMQP without SASL", []byte("AMQP\x00\x01\x00\x00"), func(err error) bool {
			var protocol *amqp.ProtocolError
			return errors.As(err, &protocol) && protocol.Got == amqp.ProtocolAMQP.Header()
		}, "protocol AMQP 0 1 0 0, not AMQP 3 1 0 0", false},
		{"another version", []byte("AMQP\x03\x01\x01\x00"), func(err error) bool {
			var protocol *amqp.ProtocolError
			return errors.As(err, &protocol) && protocol.Got.Minor == 1
		}, "AMQP 3 1 1 0", false},
		{"cut at once", nil, cut(io.EOF), "protocol header: connection cut", false},
		{"cut in the header", []byte("AMQP"), cut(io.ErrUnexpectedEOF), "protocol header", false},
		{"cut before the mechanisms", saslWire(t), cut(io.EOF), "waiting for the mechanisms", false},
		{"cut in the mechanisms", saslWire(t, offer)[:20], cut(io.ErrUnexpectedEOF), "waiting for the mechanisms", false},
		{"cut before the outcome", saslWire(t, offer), cut(io.EOF), "waiting for the outcome", true},
		{"outcome at once", saslWire(t, &amqp.SASLOutcome{}), broken, "unexpected amqp:sasl-outcome:list", false},
		{"mechanisms twice", saslWire(t, offer, offer), broken, "unexpected amqp:sasl-mechanisms:list", true},
		{"empty frame", []byte(saslHeader + "\x00\x00\x00\x08\x02\x01\x00\x00"), broken, "frame of type 1", false},
		{"frame of AMQP", []byte(saslHeader + "\x00\x00\x00\x08\x02\x00\x00\x00"), broken, "frame of type 0", false},
		{"no frame", []byte(saslHeader + "\x00\x00\x00\x00\x00\x00\x00\x00"), broken, "framing-error", false},
		{"challenge in PLAIN", saslWire(t, offer, &amqp.SASLChallenge{}), broken, "challenge to a mechanism without any", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			conn := scripted{Reader: bytes.NewReader(test.wire)}
			login := amqp.SASLLogin{Mechanism: "PLAIN", Initial: amqp.PlainResponse(user, password)}
			result, err := amqp.ClientSASL(testContext(t), conn, login)
			if err == nil || !test.is(err) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got error %v", err)
			}
			if result.Outcome != nil || (result.Offered != nil) != test.offer {
				t.Errorf("got result %+v", result)
			}
			if strings.Contains(err.Error(), password) {
				t.Error("the error contains the password")
			}
		})
	}
}

func TestClientSASLChallenges(t *testing.T) {
	t.Parallel()
	offer := &amqp.SASLMechanisms{Mechanisms: []amqp.Symbol{"TPM"}}
	t.Run("endless", func(t *testing.T) {
		t.Parallel()
		wire := saslWire(t, offer)
		for range 100 {
			wire = append(wire, saslFrame(t, &amqp.SASLChallenge{})...)
		}
		answers := 0
		login := amqp.SASLLogin{Mechanism: "TPM", Answer: func([]byte) (amqp.Credential, error) {
			answers++
			return nil, nil
		}}
		_, err := amqp.ClientSASL(testContext(t), scripted{Reader: bytes.NewReader(wire)}, login)
		wantCondition(t, err, amqp.ConditionDecode)
		if answers == 0 || answers >= 100 {
			t.Errorf("%d challenges answered", answers)
		}
	})
	t.Run("not answered", func(t *testing.T) {
		t.Parallel()
		noTPM := errors.New("no TPM")
		login := amqp.SASLLogin{Mechanism: "TPM", Answer: func([]byte) (amqp.Credential, error) { return nil, noTPM }}
		wire := saslWire(t, offer, &amqp.SASLChallenge{})
		if _, err := amqp.ClientSASL(testContext(t), scripted{Reader: bytes.NewReader(wire)}, login); !errors.Is(err, noTPM) || errors.Is(err, amqp.ErrCut) {
			t.Errorf("got %v, want %v", err, noTPM)
		}
	})
	t.Run("broken while answering", func(t *testing.T) {
		t.Parallel()
		conn := serve(t, func(conn net.Conn) {
			if _, err := amqp.ReadProtocol(conn); err != nil {
				t.Error(err)
			}
			err := amqp.ServerSASL(context.Background(), conn, []amqp.SASLMechanism{{
				Name:   "TPM",
				Verify: func(x *amqp.SASLExchange) (amqp.SASLCode, error) { _, err := x.Challenge(nil); return 0, err },
			}}, amqp.Limits{})
			if !errors.Is(err, amqp.ErrCut) {
				t.Errorf("server: got %v, want %v", err, amqp.ErrCut)
			}
		})
		login := amqp.SASLLogin{Mechanism: "TPM", Answer: func([]byte) (amqp.Credential, error) { return nil, conn.Close() }}
		if _, err := amqp.ClientSASL(testContext(t), conn, login); !errors.Is(err, amqp.ErrCut) {
			t.Errorf("got %v, want %v", err, amqp.ErrCut)
		}
	})
}

func TestSASLEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, run := range map[string]func(context.Context, net.Conn) error{
			"client": func(ctx context.Context, conn net.Conn) error {
				_, err := amqp.ClientSASL(ctx, conn, amqp.SASLLogin{Mechanism: "PLAIN"})
				return err
			},
			"server": func(ctx context.Context, conn net.Conn) error {
				return amqp.ServerSASL(ctx, conn, []amqp.SASLMechanism{plain()}, amqp.Limits{})
			},
		} {
			silent, conn := net.Pipe()
			go io.Copy(io.Discard, silent)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			start := time.Now()
			err := run(ctx, conn)
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, amqp.ErrCut) {
				t.Errorf("%s: got %v", name, err)
			}
			if waited := time.Since(start); waited != time.Minute {
				t.Errorf("%s: ended after %v", name, waited)
			}
			conn.Close()
			silent.Close()
		}
	})
}

// slowDeadline is a connection whose SetDeadline returns when the gate opens.
type slowDeadline struct {
	net.Conn
	gate chan struct{}
}

func (s slowDeadline) SetDeadline(at time.Time) error {
	defer func() { <-s.gate }()
	return s.Conn.SetDeadline(at)
}

// Nothing may use the connection after the exchange has returned.
func TestSASLWaitsForItsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent, pipe := net.Pipe()
		go io.Copy(io.Discard, silent)
		conn := slowDeadline{pipe, make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan error, 1)
		go func() {
			_, err := amqp.ClientSASL(ctx, conn, amqp.SASLLogin{Mechanism: "PLAIN"})
			returned <- err
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if len(returned) != 0 {
			t.Error("returned before the deadline was set")
		}
		close(conn.gate)
		if err := <-returned; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		pipe.Close()
		silent.Close()
	})
}

func TestSASLDeadlineOfConnIsNotACut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent, conn := net.Pipe()
		defer silent.Close()
		go io.Copy(io.Discard, silent)
		must(t, conn.SetDeadline(time.Now().Add(time.Second)))
		_, err := amqp.ClientSASL(t.Context(), conn, amqp.SASLLogin{Mechanism: "PLAIN"})
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() || errors.Is(err, amqp.ErrCut) {
			t.Errorf("got %v, want a time-out", err)
		}
		conn.Close()
	})
}

func TestSASLLeavesConnUsable(t *testing.T) {
	t.Parallel()
	offer := &amqp.SASLMechanisms{Mechanisms: []amqp.Symbol{"EXTERNAL"}}
	conn := serve(t, send(append(saslWire(t, offer, &amqp.SASLOutcome{}), "AMQP\x00\x01\x00\x00"...)))
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := amqp.ClientSASL(ctx, conn, amqp.SASLLogin{Mechanism: "EXTERNAL"}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if header, err := amqp.ReadProtocol(conn); err != nil || header != amqp.ProtocolAMQP.Header() {
		t.Errorf("after the exchange: %v, %v", header, err)
	}
}

func TestCredentialIsRedacted(t *testing.T) {
	t.Parallel()
	login := amqp.SASLLogin{Mechanism: "PLAIN", Initial: amqp.PlainResponse(user, password)}
	init := &amqp.SASLInit{InitialResponse: login.Initial}
	frame := amqp.Frame{Body: init}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+"\n", login, *init, login.Initial, &amqp.SASLResponse{Response: login.Initial})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "init", login.Initial, "frame", frame)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "init", init, "frame", frame)
	if err := json.NewEncoder(&out).Encode(frame); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "redacted") {
		t.Errorf("nothing is redacted:\n%s", &out)
	}
	for _, leak := range []string{
		password, fmt.Sprintf("%x", password), fmt.Sprintf("%X", password), strings.Trim(fmt.Sprintf("%d", []byte(password)), "[]"), "AE9uZS9", "U2hhcmVk",
	} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q leaks:\n%s", leak, &out)
		}
	}
}

func TestSASLCodes(t *testing.T) {
	t.Parallel()
	var got []string
	for code := range amqp.SASLCode(6) {
		got = append(got, (&amqp.RefusedError{Code: code}).Error())
	}
	want := []string{
		"refused with outcome 0 (ok)", "refused with outcome 1 (auth)", "refused with outcome 2 (sys)",
		"refused with outcome 3 (sys-perm)", "refused with outcome 4 (sys-temp)", "refused with outcome 5 (unknown)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParsePlain(t *testing.T) {
	t.Parallel()
	for response, want := range map[string][2]string{
		"\x00u\x00p":  {"u", "p"},
		"z\x00u\x00p": {"u", "p"},
		"\x00\x00":    {},
	} {
		if name, secret, ok := amqp.ParsePlain(amqp.Credential(response)); !ok || name != want[0] || secret != want[1] {
			t.Errorf("%q: got %q, %q, %t", response, name, secret, ok)
		}
	}
	for _, response := range []string{"", "u\x00p", "\x00u\x00p\x00"} {
		if name, secret, ok := amqp.ParsePlain(amqp.Credential(response)); ok || name != "" || secret != "" {
			t.Errorf("%q: got %q, %q, %t; want nothing", response, name, secret, ok)
		}
	}
}

// scripted is a connection whose peer sends the same data whatever it receives.
type scripted struct {
	net.Conn // nil: the other methods are not used
	io.Reader
}

func (scripted) Write(b []byte) (int, error)  { return len(b), nil }
func (s scripted) Read(b []byte) (int, error) { return s.Reader.Read(b) }
func (scripted) SetDeadline(time.Time) error  { return nil }

// FuzzClientSASL: whatever a server sends, the exchange ends in an outcome or an error, and
// an outcome other than ok is an error.
func FuzzClientSASL(f *testing.F) {
	offer := &amqp.SASLMechanisms{Mechanisms: []amqp.Symbol{"PLAIN", "TPM"}}
	blob := amqp.SplitTPMBlob([]byte("blob"))
	f.Add(saslWire(f, offer, &amqp.SASLOutcome{}))
	f.Add(saslWire(f, offer, &amqp.SASLOutcome{Code: amqp.SASLAuth, AdditionalData: []byte("no")}))
	f.Add(saslWire(f, offer, &amqp.SASLChallenge{Challenge: amqp.TPMKeyRequest()},
		&amqp.SASLChallenge{Challenge: blob[0]}, &amqp.SASLChallenge{Challenge: blob[1]}, &amqp.SASLOutcome{}))
	f.Add([]byte("HTTP/1.1 200 OK\r\n"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		var blob amqp.TPMBlob
		login := amqp.SASLLogin{Mechanism: "TPM", Answer: func(challenge []byte) (amqp.Credential, error) {
			if amqp.IsTPMKeyRequest(challenge) {
				return amqp.TPMResponse([]byte("srk")), nil
			}
			_, err := blob.Add(challenge)
			return amqp.TPMResponse(nil), err
		}}
		result, err := amqp.ClientSASL(t.Context(), scripted{Reader: bytes.NewReader(wire)}, login)
		accepted := result.Outcome != nil && result.Outcome.Code == amqp.SASLOK
		if accepted != (err == nil) {
			t.Fatalf("outcome %+v with error %v", result.Outcome, err)
		}
		if result.Outcome != nil && result.Offered == nil {
			t.Fatal("an outcome without an offer")
		}
	})
}
