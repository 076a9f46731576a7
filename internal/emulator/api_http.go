package emulator

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	srv "dpsdiag/internal/service"
)

// maxAPIBody is the largest request body of the service API, in bytes: a bulk operation
// with as many records as are allowed, each as large as a message may be. The limit of the
// real service is not known.
const maxAPIBody = srv.MaxBulk * MaxBody

// pathSegments splits a path and decodes the percent-encoding of each segment; nil if one
// is malformed.
func pathSegments(path string) []string {
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return nil
		}
		segments[i] = decoded
	}
	return segments
}

// serveAPI answers a request for the service API.
func (h *httpHandler) serveAPI(w http.ResponseWriter, r *http.Request, to apiRoute) {
	asked := call{transport: transportHTTPS, remote: r.RemoteAddr, operation: opService, request: r.Method + " " + r.URL.Path}
	h.send(w, r, asked, "", h.answerAPI(w, r, to))
}

// answerAPI checks a request in this order: path, method, caller, version, body. The order
// of the real service is not known.
func (h *httpHandler) answerAPI(w http.ResponseWriter, r *http.Request, to apiRoute) response {
	if to.shape == shapeNone {
		return h.refuse(http.StatusNotFound, "the path is not one of the service API")
	}
	calls := to.calls()
	at := slices.IndexFunc(calls, func(c apiCall) bool { return c.method == r.Method })
	if at < 0 || to.id == "" && to.shape == shapeState {
		w.Header().Set("Allow", allowed(calls))
		return h.refuse(http.StatusMethodNotAllowed, "the path does not support this method, or lacks an id")
	}
	chosen := calls[at]
	if refused := h.service.authorize(r.Header.Get("Authorization"), chosen.right); refused != nil {
		return h.service.refuse(refused)
	}
	if refused := h.service.checkVersion(r.URL.Query().Get("api-version")); refused != nil {
		return h.service.refuse(refused)
	}
	body, refused := readAPIBody(w, r, chosen.hasBody)
	if refused != nil {
		return h.service.refuse(refused)
	}
	return h.service.manage(chosen, apiRequest{
		apiRoute: to, condition: conditionOf(r.Header), body: body,
		pageSize: r.Header.Get(srv.HeaderMaxItemCount), continuation: r.Header.Get(srv.HeaderContinuation),
	})
}

func allowed(calls []apiCall) string {
	var methods []string
	for _, c := range calls {
		methods = append(methods, c.method)
	}
	return strings.Join(methods, ", ")
}

// conditionOf reads the preconditions. They are split at commas, which an ETag of the
// service does not contain.
func conditionOf(header http.Header) preconditions {
	read := func(name string) []string {
		if len(header.Values(name)) == 0 {
			return nil
		}
		return tokens(header, name)
	}
	return preconditions{ifMatch: read("If-Match"), ifNoneMatch: read("If-None-Match")}
}

// readAPIBody reads the body of a call that takes one, which must be JSON in UTF-8. The body
// of any other call is ignored.
func readAPIBody(w http.ResponseWriter, r *http.Request, wanted bool) ([]byte, *refusal) {
	if !wanted {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAPIBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return nil, bare(http.StatusRequestEntityTooLarge, err.Error())
	}
	if err != nil {
		return nil, bare(http.StatusBadRequest, err.Error())
	}
	if why := otherMediaType(r.Header); why != "" {
		return nil, bare(http.StatusUnsupportedMediaType, why)
	}
	return body, nil
}

// otherMediaType says why a body is not JSON in UTF-8, by its headers; "" if it is. The
// service takes only that (learn.microsoft.com: iot-dps/how-to-troubleshoot-dps, 415).
func otherMediaType(header http.Header) string {
	if encoding := header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return "the body has a content encoding"
	}
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return "the content type is not application/json"
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return "the charset is not UTF-8"
	}
	return ""
}
