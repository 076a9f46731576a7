package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dpsdiag/internal/dps"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// errSuperseded ends a connection whose device has opened another one.
var errSuperseded = errors.New("the device has opened another connection")

// The topics of the hub (learn.microsoft.com: iot/iot-mqtt-connect-to-iot-hub).
const (
	topicTwinGet    = "$iothub/twin/GET/"
	topicTwinReport = "$iothub/twin/PATCH/properties/reported/"
	topicMethodDone = "$iothub/methods/res/"
	topicTwinAnswer = "$iothub/twin/res/"

	filterTwin    = topicTwinAnswer + "#"
	filterDesired = "$iothub/twin/PATCH/properties/desired/#"
	filterMethods = "$iothub/methods/POST/#"
)

// twin is the device twin of every device.
const twin = `{"desired":{"$version":1},"reported":{"$version":1}}`

// mqttHub is the stub hub for an MQTT client.
type mqttHub struct {
	*mqttConversation
	deviceID string
	session  *hubSession
}

// speakHubMQTT serves a connection to the hub until it ends.
func (f *front) speakHubMQTT(ctx context.Context, s *stream) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	m := newMQTTConversation(f, s, maxHubPacket)
	h := &mqttHub{mqttConversation: m, session: &hubSession{end: func() { end(errSuperseded) }}}
	defer func() { f.service.leaveHub(h.deviceID, h.session) }()
	m.peer = h
	return m.speak(ctx)
}

func (h *mqttHub) caller() call {
	return call{transport: h.transport, remote: h.remote, operation: opHub, deviceID: h.deviceID}
}

func (h *mqttHub) judge(p *packets.ConnectPacket) (code byte, refused *refusal) {
	claim, err := parseHubUsername(p.Username)
	if err != nil { // assumed
		return packets.ErrRefusedBadUsernameOrPassword, bare(http.StatusBadRequest, err.Error())
	}
	h.deviceID = claim.deviceID
	if p.ClientIdentifier != claim.deviceID { // assumed
		return packets.ErrRefusedIDRejected, bare(http.StatusBadRequest, "the client id is not the device id of the user name")
	}
	claim.credential = credential{token: dps.NewSecret(string(p.Password)), chain: h.chain}
	if refused := h.service.enterHub(claim, h.session); refused != nil {
		return hubConnackCode(refused.status), refused
	}
	return packets.Accepted, nil
}

// hubConnackCode returns the return code of a refusal. Code 5 was seen for a refused
// credential in GitHub issue Azure/azure-iot-sdk-c#647, and for a disabled device in issue
// 2300 there; for an unknown device it is assumed. SDKs retry after code 3
// (Azure/azure-iot-sdk-csharp#1510); that a hub uses it for 429 as well is assumed.
func hubConnackCode(status int) byte {
	if status == http.StatusTooManyRequests || status >= http.StatusInternalServerError {
		return packets.ErrRefusedServerUnavailable
	}
	return packets.ErrRefusedNotAuthorised
}

// parseHubUsername parses the user name of a CONNECT packet,
// {hub}/{deviceId}/?api-version={version}, which may be followed by fields. Older clients
// omit the question mark or everything after the device id.
func parseHubUsername(name string) (hubClaim, error) {
	parts := strings.SplitN(name, "/", 3)
	known := len(parts) >= 2 && parts[0] != "" && parts[1] != ""
	if known && len(parts) == 3 {
		known = parts[2] == "" || field(strings.TrimPrefix(parts[2], "?"), "api-version") != ""
	}
	if !known {
		return hubClaim{}, errors.New("the user name is not of the form {hub}/{deviceId}/?api-version={version}")
	}
	return hubClaim{hub: parts[0], deviceID: parts[1]}, nil
}

func (h *mqttHub) offers(filter string) bool {
	messages := "devices/" + h.deviceID + "/messages/devicebound/#"
	return slices.Contains([]string{messages, filterTwin, filterDesired, filterMethods}, filter)
}

func (h *mqttHub) subscribed() error { return nil }

// read accepts telemetry and answers to methods, which it discards, and requests for the
// twin, which never changes.
func (h *mqttHub) read(p *packets.PublishPacket) (answer func() error, err error) {
	path, query, _ := strings.Cut(p.TopicName, "?")
	rid := field(query, "$rid")
	switch {
	case strings.HasPrefix(p.TopicName, "devices/"+h.deviceID+"/messages/events/"), strings.HasPrefix(path, topicMethodDone):
		return func() error { return nil }, nil
	case path == topicTwinGet:
		return h.answerTwin(topicTwinAnswer+"200/?$rid="+rid, twin), nil
	case path == topicTwinReport:
		return h.answerTwin(topicTwinAnswer+"204/?$rid="+rid+"&$version=1", ""), nil
	}
	return nil, fmt.Errorf("%q is not a topic of the hub for this device", p.TopicName)
}

func (h *mqttHub) answerTwin(topic, body string) func() error {
	return func() error { return h.post(filterTwin, topic, []byte(body), plain) }
}
