package proxy

import (
	"bufio"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// Limits on how much of a refusing proxy's answer is read.
const (
	maxHeader = 64 << 10 // bytes; no proxy sends a longer header block
	maxBody   = 8 << 10  // bytes, of which an excerpt is kept
	bodyWait  = 2 * time.Second
)

// askHTTP asks for a tunnel with CONNECT (RFC 9110, 9.3.6).
func (p *Proxy) askHTTP(ctx context.Context, conn net.Conn, a *Attempt) (net.Conn, *Failure) {
	release := bound(ctx, conn)
	limited := &io.LimitedReader{R: conn, N: maxHeader}
	answer := bufio.NewReader(limited)
	//nolint:bodyclose // the body is the connection itself, or only the wanted part is read
	resp, failure := p.connect(conn, answer, a.Target)
	switch {
	case failure != nil && limited.N == 0:
		return nil, &Failure{Kind: NotAProxy, Text: "its answer has a header of more than 64 KiB"}
	case failure != nil:
		return nil, failure
	}
	p.take(a, resp)
	if resp.StatusCode/100 != 2 || hasPage(resp, answer) {
		limited.N = maxBody
		a.Body = p.readBody(ctx, conn, resp)
		return nil, judgeConnect(a)
	}
	if !release() {
		return nil, failedNet(&netfail.Failure{Kind: netfail.Timeout, Text: ctx.Err().Error()})
	}
	return withRest(conn, answer), nil
}

// connect sends the request and reads the header of the answer.
func (p *Proxy) connect(conn net.Conn, answer *bufio.Reader, target string) (*http.Response, *Failure) {
	req := &http.Request{
		Method: http.MethodConnect,
		URL:    &url.URL{Opaque: target},
		Host:   target,
		Header: http.Header{"User-Agent": {"dpsdiag"}},
	}
	if p.hasCredentials() {
		req.Header.Set("Proxy-Authorization", "Basic "+p.basic())
	}
	if err := req.Write(conn); err != nil {
		return nil, failedNet(netfail.Classify(err))
	}
	first, err := answer.Peek(1)
	if err != nil {
		return nil, failedNet(netfail.Classify(err))
	}
	if isTLSRecord(first[0]) {
		return nil, &Failure{Kind: NotAProxy, Text: "it speaks TLS, so its URL must begin with https://"}
	}
	resp, err := http.ReadResponse(answer, req)
	switch {
	case err == nil:
		return resp, nil
	case netfail.KindOf(err) == netfail.Other:
		// The error is left out: it may quote what the peer sent, including our own header.
		return nil, &Failure{Kind: NotAProxy, Text: "it does not answer in HTTP"}
	}
	return nil, failedNet(netfail.Classify(err))
}

// basic returns the user name and password in the form of Basic authentication (RFC 7617).
func (p *Proxy) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(p.User.Reveal() + ":" + p.Password.Reveal()))
}

// take records what the header of an answer contains.
func (p *Proxy) take(a *Attempt, resp *http.Response) {
	get := func(name string) string { return p.redact(resp.Header.Get(name)) }
	a.Status = resp.StatusCode
	a.Server = cmp.Or(get("Server"), get("Proxy-Agent"), get("Via"))
	a.Reason = cmp.Or(get("X-Squid-Error"), get("Proxy-Status"))
	a.Location = get("Location")
	a.Schemes = authSchemes(resp.Header.Values("Proxy-Authenticate"))
}

// authSchemes returns the authentication schemes in challenges that proxies commonly use.
func authSchemes(challenges []string) []string {
	var named []string
	for _, scheme := range []string{"Basic", "Digest", "NTLM", "Negotiate", "Kerberos", "Bearer"} {
		if slices.ContainsFunc(challenges, func(c string) bool { return namesScheme(c, scheme) }) {
			named = append(named, scheme)
		}
	}
	return named
}

// namesScheme reports whether one of the challenges in a header begins with scheme.
func namesScheme(header, scheme string) bool {
	for challenge := range strings.SplitSeq(header, ",") {
		if words := strings.Fields(challenge); len(words) > 0 && strings.EqualFold(words[0], scheme) {
			return true
		}
	}
	return false
}

// hasPage reports whether an answer that agrees to connect contains a page instead of a
// connection, as captive portals send. RFC 9110 tells clients to ignore the length of such
// an answer, so the length alone proves nothing; but none of the servers we connect to
// speaks first.
func hasPage(resp *http.Response, answer *bufio.Reader) bool {
	if answer.Buffered() > 0 {
		first, err := answer.Peek(1)
		return err == nil && !isTLSRecord(first[0])
	}
	html := strings.HasPrefix(strings.ToLower(resp.Header.Get("Content-Type")), "text/html")
	return html && (resp.ContentLength > 0 || len(resp.TransferEncoding) > 0)
}

// isTLSRecord reports whether a byte is the first byte of a TLS record (RFC 8446, 5.1).
func isTLSRecord(b byte) bool { return b >= 20 && b <= 23 }

// readBody records the content type and an excerpt of the body, if it arrives soon.
func (p *Proxy) readBody(ctx context.Context, conn net.Conn, resp *http.Response) dps.Body {
	ctx, cancel := context.WithTimeout(ctx, bodyWait)
	defer cancel()
	defer bound(ctx, conn)()
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody)) // nothing more arrived
	body := dps.ParseBody([]byte(p.redact(string(data))))
	return dps.Body{Kind: body.Kind, Excerpt: body.Excerpt}
}

// judgeConnect returns why an answer to CONNECT is not a connection.
func judgeConnect(a *Attempt) *Failure {
	failure := func(kind FailureKind, format string, args ...any) *Failure {
		return &Failure{Kind: kind, Text: fmt.Sprintf("%d, ", a.Status) + fmt.Sprintf(format, args...)}
	}
	switch status := a.Status; {
	case status/100 == 2 && a.Body.Kind == dps.BodyHTML:
		return failure(Page, "but it sends a page instead of a connection")
	case status/100 == 2:
		return failure(NotAProxy, "but it sends something other than a connection")
	case status == http.StatusProxyAuthRequired || status == http.StatusUnauthorized && a.WithCredentials:
		// 401 is what tinyproxy 1.11 sends to wrong credentials.
		return failure(Auth, "%s", wantedAuth(a))
	case status == http.StatusForbidden || status == http.StatusUnavailableForLegalReasons:
		return failure(Forbidden, "its rules do not allow this client to connect to %s", a.Target)
	case status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented:
		return failure(NotAProxy, "it does not support CONNECT")
	case status/100 == 5:
		return failure(NoRoute, "it could not connect to %s", withReason(a.Target, a.Reason))
	case a.Location != "":
		return failure(Status, "a redirect to %s", a.Location)
	}
	return failure(Status, "it does not connect")
}

// wantedAuth says which credentials a proxy requires.
func wantedAuth(a *Attempt) string {
	switch offered := strings.Join(a.Schemes, ", "); {
	case offered != "" && !slices.Contains(a.Schemes, "Basic"):
		return "it requires credentials with " + offered + ", and dpsdiag supports only Basic"
	case a.WithCredentials:
		return "it does not accept the given credentials"
	}
	return "it requires credentials, and none were given"
}

func withReason(text, reason string) string {
	if reason == "" {
		return text
	}
	return text + " (" + reason + ")"
}

// withRest returns conn with the bytes that were read ahead put back.
func withRest(conn net.Conn, ahead *bufio.Reader) net.Conn {
	if ahead.Buffered() == 0 {
		return conn
	}
	rest := make([]byte, ahead.Buffered())
	_, _ = io.ReadFull(ahead, rest) // the bytes are in the buffer
	return &restConn{Conn: conn, rest: rest}
}

// restConn reads rest before anything from the connection.
type restConn struct {
	net.Conn
	rest []byte
}

// Read implements net.Conn.
func (c *restConn) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
