package emulator

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"dpsdiag/internal/dps"
)

// maxHubMessage is the maximum size of a message to the hub, in bytes (learn.microsoft.com:
// iot-hub/iot-hub-devguide-quotas-throttling).
const maxHubMessage = 256 << 10

// hubHandler serves HTTP for the stub hub: telemetry, which is not kept, and messages to
// the device, which do not exist (azure-iot-sdk-node common/core/src/endpoint.ts,
// device/transport/http/src/http.ts). It passes on requests to use MQTT over a WebSocket.
type hubHandler struct {
	webSockets
	mqttOnly bool // HTTP is not for devices
}

// ServeHTTP implements http.Handler.
func (h *hubHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if wantsWebSocket(r) {
		h.upgrade(w, r, func(refused *refusal) { h.send(w, r, "", h.service.refuseHub(refused)) })
		return
	}
	if h.mqttOnly { // that such a hub answers 404 without a body is assumed
		h.send(w, r, "", response{status: http.StatusNotFound, trackingID: h.service.random.guid()})
		return
	}
	deviceID, method, known := parseHubRoute(r.URL.EscapedPath())
	refused := h.judge(w, r, deviceID, method, known)
	if refused != nil {
		h.send(w, r, deviceID, h.service.refuseHub(refused))
		return
	}
	h.send(w, r, deviceID, response{status: http.StatusNoContent, trackingID: h.service.random.guid()})
}

// parseHubRoute parses the path: the device, and the method of the call.
func parseHubRoute(path string) (deviceID, method string, known bool) {
	rest, below := strings.CutPrefix(path, "/devices/")
	escaped, call, _ := strings.Cut(rest, "/")
	deviceID, err := url.PathUnescape(escaped)
	switch call = strings.ToLower(call); {
	case !below || err != nil || deviceID == "":
		return "", "", false
	case call == "messages/events":
		return deviceID, http.MethodPost, true
	case call == "messages/devicebound":
		return deviceID, http.MethodGet, true
	}
	return deviceID, "", false
}

// judge refuses errors at the HTTP level, and callers that are not authenticated. That a
// request without an api-version gets this refusal is assumed.
func (h *hubHandler) judge(w http.ResponseWriter, r *http.Request, deviceID, method string, known bool) *refusal {
	switch {
	case !known:
		return bare(http.StatusNotFound, "no path of the stub hub")
	case r.Method != method:
		w.Header().Set("Allow", method)
		return bare(http.StatusMethodNotAllowed, "the method is not that of this path")
	case !looksLikeAPIVersion(r.URL.Query().Get("api-version")):
		return &refusal{
			reason: reasonAPIVersion, status: http.StatusBadRequest, code: hubInvalidVersion,
			message: http.StatusText(http.StatusBadRequest), why: "there is no api-version",
		}
	}
	claim := hubClaim{deviceID: deviceID}
	claim.credential.token = dps.NewSecret(r.Header.Get("Authorization"))
	if conn, _, secure := connOf(r); secure {
		claim.credential.chain = conn.ConnectionState().PeerCertificates
	}
	if refused := h.service.enterHub(claim, nil); refused != nil {
		return refused
	}
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, maxHubMessage)); err != nil {
		return &refusal{
			reason: reasonRequest, status: http.StatusRequestEntityTooLarge, code: hubMessageTooLarge,
			message: http.StatusText(http.StatusRequestEntityTooLarge), why: err.Error(),
		}
	}
	return nil
}

// send logs an answer and writes it.
func (h *hubHandler) send(w http.ResponseWriter, r *http.Request, deviceID string, answer response) {
	h.report(call{transport: transportHTTPS, remote: r.RemoteAddr, operation: opHub, deviceID: deviceID}, answer)
	if answer.delivery.manner == cut {
		panic(http.ErrAbortHandler) // net/http closes the connection
	}
	header := w.Header()
	header.Set("Date", h.service.now().UTC().Format(http.TimeFormat))
	if answer.refused != nil && answer.foreign == nil {
		// azure-iot-sdk-csharp iothub/service/src/Common/CustomHeaderConstants.cs
		header.Set("Iothub-Errorcode", hubErrorName(answer.errorCode))
	}
	setRetryAfter(header, answer)
	writeText(w, answer)
}
