package probe

import (
	"context"
	"net/http"
	"strings"

	"dpsdiag/internal/dps"
)

// hubHTTPS asks a hub over HTTPS for the next message to the device. The request needs the
// device's credential, and usually there is no message (azure-iot-sdk-node
// device/transport/http/src/http_receiver.ts).
type hubHTTPS struct{}

func (hubHTTPS) transport() Transport { return NewHTTPS() }

func (hubHTTPS) name() TransportID { return HTTPS }

func (hubHTTPS) dropsDevice() bool { return false }

func (hubHTTPS) ask(ctx context.Context, dial Dialer, hub hubTarget, id Identity) Opening {
	s := newHTTPSSession(dial, Target{Endpoint: hub.endpoint}, id)
	defer s.Close()
	const query = "?api-version=" + dps.HubAPIVersion
	a := s.call(ctx, "", http.MethodGet, dps.HubMessagesPath(hub.deviceID), query, nil)
	if lockToken := strings.Trim(a.ETag, `"`); lockToken != "" && a.Status == http.StatusOK {
		// A message was waiting for the device. The probe abandons it, or the hub would keep it
		// locked for some time (learn.microsoft.com: iot-hub/iot-hub-devguide-messages-c2d). Its
		// contents are only for the device.
		s.call(ctx, "", http.MethodPost, dps.HubAbandonPath(hub.deviceID, lockToken), query, nil)
		return Opening{Layer: LayerHTTP, Status: http.StatusNoContent, Server: a.Server, Date: a.Date}
	}
	return openingOf(a)
}
