package proxy

import (
	"context"
	"io"
	"net"
	"testing"

	"dpsdiag/internal/dps"
)

// FuzzAnswer: any answer of a proxy gives either a connection or a reason for the failure.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n\x16\x03", "HTTP/1.0 407 x\r\nProxy-Authenticate: Basic\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", "\x15\x03\x01", "SSH-2.0-x\r\n",
		"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", "\x05\xff", "\x05\x02\x01\x01", "\x05\x02\x01\x00\x05\x02\x00\x01", "\x05\x00\x05\x00\x00\x03\xff",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, answer []byte, socks bool) {
		p := &Proxy{Kind: HTTP, Host: "proxy.example", Port: 3128, User: dps.NewSecret("u"), Password: dps.NewSecret("p")}
		if socks {
			p.Kind = SOCKS5
		}
		ours, theirs := net.Pipe()
		go io.Copy(io.Discard, theirs)
		go func() {
			theirs.Write(answer)
			theirs.Close()
		}()
		conn, a := p.Connect(context.Background(), ours, "dps.example:443", nil)
		defer ours.Close()
		if (conn == nil) != (a.Failure != nil) {
			t.Fatalf("connection %v, failure %+v", conn, a.Failure)
		}
		if a.Failure != nil && (a.Failure.Kind == "" || a.Failure.Text == "") {
			t.Errorf("the failure says nothing: %+v", a.Failure)
		}
		if socks && conn != nil && (len(answer) < 12 || answer[0] != 5) {
			t.Errorf("connected by %q", answer)
		}
	})
}
