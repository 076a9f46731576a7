package probe

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// MaxBody is the maximum number of bytes read of any answer.
const MaxBody = 1 << 20

// maxHeader is the maximum size of the headers of an answer in bytes. The service sends much less.
const maxHeader = 64 << 10

// callTimeout is the maximum duration of one call. The budget of the probe may end it earlier.
const callTimeout = 30 * time.Second

// httpsTransport implements the device API of the REST specification (azure-rest-api-specs
// deviceprovisioningservices/data-plane, device/routes.tsp).
type httpsTransport struct{}

// NewHTTPS returns the HTTPS transport.
func NewHTTPS() Transport { return httpsTransport{} }

// ID implements Transport.
func (httpsTransport) ID() TransportID { return HTTPS }

// Traits implements Transport.
func (httpsTransport) Traits() TransportTraits {
	return TransportTraits{
		Protocol: "HTTP 1.1 over TLS", Port: func(e dps.Endpoint) int { return e.HTTPS }, BeginsInHTTP: true,
		Garbled: "net-http-response", hub: hubHTTPS{},
	}
}

// Supports implements Transport: HTTPS supports everything.
func (httpsTransport) Supports(Mode, AttestationKind) error { return nil }

// Open implements Transport. It requests the root, which is not a call of the device API.
// Any HTTP answer proves that HTTP works, and its Date shows the clock skew before the
// service checks a token.
func (t httpsTransport) Open(ctx context.Context, dial Dialer, target Target, id Identity) (Session, Opening) {
	s := newHTTPSSession(dial, target, id)
	a := s.call(ctx, "", http.MethodGet, "/", "", nil)
	if a.Failure != nil {
		s.Close()
		return nil, openingOf(a)
	}
	return s, openingOf(a)
}

// openingOf returns the Opening for the answer to the first request.
func openingOf(a Answer) Opening {
	return Opening{
		Layer: LayerHTTP, Status: a.Status, Server: a.Server, Location: a.Location, Body: a.Body,
		RetryAfter: a.RetryAfter, Date: a.Date, Failure: a.Failure, Exchanges: a.exchanges(),
	}
}

// httpsSession makes calls on one kept-alive connection.
type httpsSession struct {
	client *http.Client
	target Target
	token  dps.Secret
	redact *redactor
}

func newHTTPSSession(dial Dialer, target Target, id Identity) *httpsSession {
	return &httpsSession{target: target, token: id.Token, redact: id.redactor(), client: &http.Client{
		Transport: &http.Transport{
			DialTLSContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
			DisableCompression:     true,
			MaxConnsPerHost:        1, // like a device
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Register implements Session.
func (s *httpsSession) Register(ctx context.Context, body []byte) Answer {
	return s.call(ctx, OpRegister, http.MethodPut, dps.RegisterPath(s.target.Scope, s.target.RegistrationID), s.query(), body)
}

// Status implements Session.
func (s *httpsSession) Status(ctx context.Context, operationID string) Answer {
	return s.call(ctx, OpStatus, http.MethodGet, dps.OperationPath(s.target.Scope, s.target.RegistrationID, operationID), s.query(), nil)
}

// Lookup implements Session.
func (s *httpsSession) Lookup(ctx context.Context, body []byte) Answer {
	return s.call(ctx, OpLookup, http.MethodPost, dps.LookupPath(s.target.Scope, s.target.RegistrationID), s.query(), body)
}

// Authorize implements Authorizer.
func (s *httpsSession) Authorize(token dps.Secret) { s.token = token }

// Close implements Session.
func (s *httpsSession) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

func (s *httpsSession) query() string { return "?" + dps.Query(s.target.APIVersion) }

// call makes one request. It returns no error: if the request failed, Answer.Failure says why.
func (s *httpsSession) call(ctx context.Context, op Operation, method, path, query string, body []byte) Answer {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	start := time.Now()
	a := Answer{Op: op}
	req, err := s.request(ctx, method, path+query, body)
	if err == nil {
		err = s.exchange(req, body, &a)
	}
	a.Took = time.Since(start)
	if err != nil {
		a.Failure = callFailure(err)
	}
	return a
}

func (s *httpsSession) request(ctx context.Context, method, pathAndQuery string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, "https://"+authority(s.target.Endpoint)+pathAndQuery, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "dpsdiag")
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if !s.token.IsZero() {
		req.Header.Set("Authorization", s.token.Reveal())
	}
	return req, nil
}

// exchange sends a request and reads the answer. It keeps the text of both, without secrets, in
// a.Exchange.
func (s *httpsSession) exchange(req *http.Request, body []byte, a *Answer) error {
	headers := append([]Fact{{"Host", req.URL.Host}}, httpHeaders(req.Header)...)
	a.Exchange = &Exchange{Request: s.redact.message(req.Method+" "+req.URL.RequestURI()+" "+req.Proto, headers, body)}
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	answer, err := a.read(req.Context(), resp, s.redact)
	a.Exchange.Answer = s.redact.message(resp.Proto+" "+resp.Status, httpHeaders(resp.Header), answer)
	return err
}

// read sets the fields of a from a response, and returns the body. It reads at most MaxBody+1
// bytes, so that setBody can notice a longer body.
func (a *Answer) read(ctx context.Context, resp *http.Response, redact *redactor) ([]byte, error) {
	defer resp.Body.Close()
	a.Status = resp.StatusCode
	a.Server = resp.Header.Get("Server")
	a.RequestID = resp.Header.Get("x-ms-request-id")
	a.ErrorHeader = resp.Header.Get("x-ms-error-code")
	a.ETag = resp.Header.Get("ETag")
	a.Location = resp.Header.Get("Location")
	if a.Status/100 != 3 {
		a.Location = "" // a 202 may contain the operation's address; only a redirect matters
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.Date = date
	}
	a.RetryAfter = ParseRetryAfter(resp.Header.Get("Retry-After"), cmp.Or(a.Date, time.Now()))
	if a.Status == http.StatusSwitchingProtocols {
		return nil, nil // what follows is not a body, and a read of it would not end
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF): // a truncated body is still read
		return nil, err
	}
	a.setBody(body, redact)
	return body, nil
}

// setBody parses a body of which at most MaxBody+1 bytes were read.
func (a *Answer) setBody(body []byte, redact *redactor) {
	if len(body) > MaxBody {
		a.TooLarge, body = true, body[:MaxBody]
	}
	a.Body = redact.parse(body)
}

// exchanges returns the exchange of the call as a list, empty if nothing was sent.
func (a *Answer) exchanges() []Exchange {
	if a.Exchange == nil {
		return nil
	}
	return []Exchange{*a.Exchange}
}

// callFailure classifies the error of a request.
func callFailure(err error) *netfail.Failure {
	if dial, ok := errors.AsType[*dialError](err); ok {
		return dial.failure
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return netfail.Classify(err)
}

// authority returns the host of a URL: with a port only if it is not the default, and with
// an IPv6 address in brackets.
func authority(e dps.Endpoint) string {
	if e.HTTPS != dps.PortHTTPS {
		return net.JoinHostPort(e.Host, strconv.Itoa(e.HTTPS))
	}
	if ip := net.ParseIP(e.Host); ip != nil && ip.To4() == nil {
		return "[" + e.Host + "]"
	}
	return e.Host
}
