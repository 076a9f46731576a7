package probe

import (
	"context"
	"net/http"
	"strings"

	"dpsdiag/internal/dps"
)

// hubHTTPS asks a hub over HTTPS: for the next message to the device, which needs the
// device's credential, and which there seldom is (azure-iot-sdk-node
// device/transport/http/src/http_receiver.ts).
type hubHTTPS struct{}

func (hubHTTPS) transport() Transport { return NewHTTPS() }

func (hubHTTPS) dropsDevice() bool { return false }

func (hubHTTPS) ask(ctx context.Context, dial Dialer, hub hubTarget, id Identity) Opening {
	s := newHTTPSSession(dial, Target{Endpoint: hub.endpoint}, id)
	defer s.Close()
	const query = "?api-version=" + dps.HubAPIVersion
	a := s.call(ctx, "", http.MethodGet, dps.HubMessagesPath(hub.deviceID), query, nil)
	if lockToken := strings.Trim(a.ETag, `"`); lockToken != "" && a.Status == http.StatusOK {
		// A message was waiting for the device. It is given back, or the hub would keep it locked
		// for a while (learn.microsoft.com: iot-hub/iot-hub-devguide-messages-c2d); what it says is
		// for the device alone.
		s.call(ctx, "", http.MethodPost, dps.HubAbandonPath(hub.deviceID, lockToken), query, nil)
		return Opening{Layer: LayerHTTP, Status: http.StatusNoContent, Server: a.Server, Date: a.Date}
	}
	return openingOf(a)
}
