package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"dpsdiag/internal/dps"
)

// Limits of an MQTT packet after its fixed header, in bytes: a message of the largest size
// that the service and the hub accept, its topic and more.
const (
	maxPacket    = MaxBody + 8<<10
	maxHubPacket = maxHubMessage + 8<<10
)

// maxLengthBytes is the maximum number of bytes of a packet's length (MQTT 3.1.1, 2.2.3).
const maxLengthBytes = 4

// readPacket reads one packet of at most limit bytes. Memory is used only for received
// data, whatever the announced length. Missing fields of a packet read as zeros, which mean
// nothing to the service.
func readPacket(r io.Reader, limit int64) (packets.ControlPacket, error) {
	head, size, err := readPacketHead(r)
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("a packet of %d bytes is larger than %d", size, limit)
	}
	body, err := io.ReadAll(io.LimitReader(r, size))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) < size {
		return nil, io.ErrUnexpectedEOF
	}
	packet, err := packets.ReadPacket(io.MultiReader(bytes.NewReader(head), bytes.NewReader(body)))
	if err != nil {
		return nil, fmt.Errorf("decode packet: %w", err)
	}
	return packet, nil
}

// readPacketHead reads the fixed header of a packet, and the size of the rest in it.
func readPacketHead(r io.Reader) (head []byte, size int64, err error) {
	head = make([]byte, 1, 1+maxLengthBytes)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, 0, err
	}
	for i := range maxLengthBytes {
		head = head[:len(head)+1]
		if _, err := io.ReadFull(r, head[i+1:]); err != nil {
			return nil, 0, err
		}
		digit := head[i+1]
		size |= int64(digit&0x7f) << (7 * i)
		if digit&0x80 == 0 {
			return head, size, nil
		}
	}
	return nil, 0, errors.New("the length of a packet does not end")
}

// mqttRequest is a request as described by its topic.
type mqttRequest struct {
	operation   operation
	operationID string
	rid         string // request id, repeated unchanged in the answer
}

// parseTopic parses the topic that a device publishes to.
func parseTopic(topic string) (mqttRequest, error) {
	path, query, _ := strings.Cut(topic, "?")
	var request mqttRequest
	switch path {
	case dps.MQTTRegister:
		request.operation = opRegister
	case dps.MQTTStatus:
		request.operation = opStatus
	default:
		return mqttRequest{}, fmt.Errorf("%q is not a topic of the device API", topic)
	}
	request.rid, request.operationID = field(query, "$rid"), field(query, "operationId")
	if request.rid == "" {
		return mqttRequest{}, fmt.Errorf("the topic %q has no $rid", topic)
	}
	return request, nil
}

// field returns the value of the first field of that name, unchanged.
func field(query, name string) string {
	for part := range strings.SplitSeq(query, "&") {
		if key, value, _ := strings.Cut(part, "="); key == name {
			return value
		}
	}
	return ""
}

// answerTopic returns the topic of the answer to a request.
func answerTopic(rid string, answer response) string {
	retryAfter := ""
	if answer.retryAfter != nil {
		retryAfter = strconv.FormatInt(seconds(*answer.retryAfter), 10)
	}
	return dps.MQTTResponseTopic(answer.status, rid, retryAfter)
}

// parseUsername parses the user name of a CONNECT packet,
// {idScope}/registrations/{registrationId}/api-version={version}, which may be followed by
// fields that the service ignores. Only the user name of a hub has a question mark before its
// fields (learn.microsoft.com: iot-mqtt-connect-to-iot-dps, iot-mqtt-connect-to-iot-hub). That the
// service refuses one is assumed.
func parseUsername(name string) (claim, error) {
	parts := strings.SplitN(name, "/", 4)
	if len(parts) != 4 || parts[1] != "registrations" {
		return claim{}, errors.New("the user name is not of the form {idScope}/registrations/{registrationId}/api-version={version}")
	}
	if strings.HasPrefix(parts[3], "?") {
		return claim{}, errors.New("the user name has a question mark before its fields, as that of a hub has; that of the service has none")
	}
	return claim{scope: parts[0], registrationID: parts[2], apiVersion: field(parts[3], "api-version")}, nil
}
