package emulator

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"dpsdiag/internal/dps"
)

// httpHandler serves the device API over HTTP: it converts each HTTP request into a claim
// and a request, and the service's response into an HTTP answer. Each request has its own
// identity, from its token and the certificate of its connection, so calls on the same
// connection do not share a caller. It passes on requests to use MQTT or AMQP over a
// WebSocket.
type httpHandler struct{ webSockets }

// route is the meaning of a path and a method.
type route struct {
	operation                          operation
	method                             string
	scope, registrationID, operationID string
}

// ServeHTTP implements http.Handler.
func (h *httpHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if wantsWebSocket(r) {
		h.serveWebSocket(w, r)
		return
	}
	segments := pathSegments(r.URL.EscapedPath())
	if segments != nil {
		if to, ok := parseAPIRoute(r.Method, segments); ok {
			h.serveAPI(w, r, to)
			return
		}
	}
	to, ok := parseRoute(segments)
	asked := call{transport: transportHTTPS, remote: r.RemoteAddr, operation: to.operation, registrationID: to.registrationID}
	answer := h.answer(w, r, to, ok)
	h.send(w, r, asked, to.operationPath(answer), answer)
}

// send logs an answer and delivers it, unless a fault prevents that. location is the path
// where the caller finds what it started, "" for none.
func (h *httpHandler) send(w http.ResponseWriter, r *http.Request, asked call, location string, answer response) {
	if asked.operation == "" && r.Method == http.MethodGet && r.URL.Path == "/" {
		h.reportKnock(asked) // a probe sends it before it registers; it is not a call of the device API
	} else {
		h.report(asked, answer)
	}
	switch answer.delivery.manner {
	case cut:
		panic(http.ErrAbortHandler) // net/http closes the connection
	case late:
		if !pause(r.Context(), answer.delivery.delay) {
			return
		}
	}
	h.render(w, r, location, answer)
}

// operationPath is the path of the operation that an answer tells the device to poll.
func (to route) operationPath(answer response) string {
	if answer.operationID == "" {
		return ""
	}
	return dps.OperationPath(to.scope, to.registrationID, answer.operationID)
}

// parseRoute parses a path of the device API. Clients escape ids in upper case, in lower
// case or not at all; segments are without that, nil if they cannot be decoded.
func parseRoute(segments []string) (route, bool) {
	if len(segments) < 3 || segments[1] != "registrations" {
		return route{}, false
	}
	to := route{scope: segments[0], registrationID: segments[2]}
	switch rest := segments[3:]; {
	case len(rest) == 0:
		to.operation, to.method = opLookup, http.MethodPost
	case len(rest) == 1 && rest[0] == "register":
		to.operation, to.method = opRegister, http.MethodPut
	case len(rest) == 2 && rest[0] == "operations":
		to.operation, to.method, to.operationID = opStatus, http.MethodGet, rest[1]
	default:
		return route{}, false
	}
	return to, true
}

// answer refuses errors at the HTTP level and lets the service answer the rest.
func (h *httpHandler) answer(w http.ResponseWriter, r *http.Request, to route, known bool) response {
	switch {
	case !known:
		return h.refuse(http.StatusNotFound, "no path of the device API")
	case r.Method != to.method:
		w.Header().Set("Allow", to.method)
		return h.refuse(http.StatusMethodNotAllowed, "the method is not that of this path")
	}
	body, refused := h.readBody(w, r)
	if refused != nil {
		return *refused
	}
	if len(body) > 0 && to.operation != opStatus && !isJSON(r.Header) {
		return h.refuse(http.StatusUnsupportedMediaType, "the content type is not JSON")
	}
	return h.service.serve(claimOf(r, to, body), request{operation: to.operation, operationID: to.operationID, body: body})
}

func (h *httpHandler) refuse(status int, why string) response {
	return h.service.refuse(bare(status, why))
}

// readBody reads at most MaxBody bytes.
func (h *httpHandler) readBody(w http.ResponseWriter, r *http.Request) ([]byte, *response) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err == nil {
		return body, nil
	}
	status := http.StatusBadRequest
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	refused := h.refuse(status, err.Error())
	return nil, &refused
}

// isJSON reports whether the content type is JSON, or is not given at all.
func isJSON(header http.Header) bool {
	text := header.Get("Content-Type")
	if text == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(text)
	return err == nil && kind == "application/json"
}

// claimOf collects the identity that the request claims. Only a TPM device authenticates
// with its body, and then without any other credential.
func claimOf(r *http.Request, to route, body []byte) claim {
	c := claim{scope: to.scope, registrationID: to.registrationID, apiVersion: r.URL.Query().Get("api-version")}
	c.credential.token = dps.NewSecret(r.Header.Get("Authorization"))
	if r.TLS != nil {
		c.credential.chain = r.TLS.PeerCertificates
	}
	if c.credential.token.IsZero() && len(c.credential.chain) == 0 {
		c.credential.tpm = introduction(body)
	}
	return c
}

// render writes a response as the service does over HTTP. The headers are from a log in
// GitHub issue microsoft/vscode-iot-workbench#590 and of the REST specification.
func (h *httpHandler) render(w http.ResponseWriter, r *http.Request, location string, answer response) {
	header := w.Header()
	header.Set("Date", h.service.now().UTC().Format(http.TimeFormat))
	if answer.foreign != nil {
		writeText(w, answer)
		return
	}
	header.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	header.Set("X-Ms-Request-Id", answer.trackingID)
	if answer.errorCode != 0 {
		header.Set("X-Ms-Error-Code", strconv.Itoa(answer.errorCode))
	}
	setRetryAfter(header, answer)
	if location != "" {
		host := url.URL{Scheme: "https", Host: r.Host}
		header.Set("Location", host.String()+location)
	}
	for name, value := range answer.header {
		header.Set(name, value)
	}
	writeText(w, answer)
}

func setRetryAfter(header http.Header, answer response) {
	if answer.retryAfter != nil {
		header.Set("Retry-After", strconv.FormatInt(seconds(*answer.retryAfter), 10))
	}
}

// seconds rounds a wait up to whole seconds, the resolution of every transport.
func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// writeText writes the status and the body of an answer, with the headers about the body.
func writeText(w http.ResponseWriter, answer response) {
	text, err := answer.text()
	switch {
	case err != nil:
		answer.status = http.StatusInternalServerError
	case answer.foreign != nil:
		w.Header().Set("Content-Type", answer.foreign.contentType)
	case text == nil && answer.status == http.StatusNoContent:
	case text == nil:
		w.Header().Set("Content-Length", "0")
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(text) //nolint:gosec // it is JSON or the answer of a fault; the client may be gone
}
