package probe

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
)

// hubTarget is a device at the hub that it was assigned to.
type hubTarget struct {
	name     string // as the service named it, with a port if there was one
	deviceID string
	endpoint dps.Endpoint
}

// hubProtocol is one way to ask a hub whether it accepts a device.
type hubProtocol interface {
	// transport has the port and the name of the protocol.
	transport() Transport
	// name is that of the protocol in reports.
	name() TransportID
	// dropsDevice says that asking disconnects the device from the hub.
	dropsDevice() bool
	// ask presents the identity to the hub and then disconnects. dial connects.
	ask(ctx context.Context, dial Dialer, hub hubTarget, id Identity) Opening
}

// DropsLiveDevice reports whether asking the hub about a device with a transport
// disconnects that device, if it is connected: a hub accepts one connection per device
// (learn.microsoft.com: iot-hub/troubleshoot-error-codes, 400027).
func DropsLiveDevice(id TransportID) bool { return id.Traits().hub.dropsDevice() }

// hubResult returns what the answer of a hub means for the device. A page instead of an
// error does not come from the hub; a closed connection says nothing.
func (o *Opening) hubResult() HubResult {
	switch {
	case o.Failure != nil && (o.Failure.Kind == netfail.Timeout || o.Failure.Kind == netfail.Reset):
		return HubSilent
	case o.Failure != nil:
		return HubOdd
	case o.Layer == LayerMQTTConnect:
		return connackResult(byte(o.Status))
	case o.Layer == LayerMQTT5Connect:
		return connack5Result(byte(o.Status))
	case PutsOff(o.Status):
		return HubBusy
	case o.Body.Kind.Foreign():
		return HubOdd
	}
	switch o.Status {
	case http.StatusNoContent:
		return HubTaken
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		return HubDenied
	}
	return HubOdd
}

// connackResult interprets a CONNACK. A hub returns 5 for a device that is unknown,
// disabled or not authenticated (GitHub issues Azure/azure-iot-sdk-c#647 and #2300), and 3
// if it has a failure itself (Azure/azure-iot-sdk-csharp#1510).
func connackResult(code byte) HubResult {
	switch code {
	case packets.Accepted:
		return HubTaken
	case packets.ErrRefusedIDRejected, packets.ErrRefusedBadUsernameOrPassword, packets.ErrRefusedNotAuthorised:
		return HubDenied
	case packets.ErrRefusedServerUnavailable:
		return HubBusy
	}
	return HubOdd
}

// describeHub describes a hub's answer in one line.
func (o *Opening) describeHub() string {
	switch {
	case o.Failure != nil && o.Failure.Kind == netfail.Timeout:
		return "no answer came"
	case o.Failure != nil && o.Failure.Kind == netfail.Reset:
		return "the connection was cut before an answer"
	case o.Failure != nil:
		return "no usable answer: " + o.Failure.Describe()
	case o.Layer == LayerMQTTConnect:
		return cmp.Or(o.Refusal, "CONNACK 0: accepted")
	case o.Layer == LayerMQTT5Connect:
		return cmp.Or(o.Refusal, "CONNACK 0x00: success")
	case o.Body.Hub != nil:
		return joinWords(strconv.Itoa(o.Status), cmp.Or(o.Body.Hub.Name(), o.Body.Hub.Message))
	case o.Location != "":
		return fmt.Sprintf("%d: redirected to %s", o.Status, o.Location)
	case o.Body.Kind.Foreign() && o.Status/100 != 2:
		return fmt.Sprintf("%d with a body that no hub sends (%s)", o.Status, o.Body.Kind)
	}
	return joinWords(strconv.Itoa(o.Status), http.StatusText(o.Status))
}
