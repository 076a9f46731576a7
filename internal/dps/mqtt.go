package dps

import (
	"net/url"
	"strconv"
	"strings"
)

// Topics of the device API over MQTT 3.1.1 (learn.microsoft.com:
// iot-dps/iot-mqtt-connect-to-iot-dps, and azure-iot-sdk-node
// provisioning/transport/mqtt/src/mqtt.ts).
const (
	// MQTTResponses is the one topic filter a device may subscribe to.
	MQTTResponses = mqttResponses + "#"

	// What the topics of the two calls begin with; "?" and the fields of the call follow.
	MQTTRegister = "$dps/registrations/PUT/iotdps-register/"
	MQTTStatus   = "$dps/registrations/GET/iotdps-get-operationstatus/"

	mqttResponses = "$dps/registrations/res/"
)

// MQTTUsername is the user name of a CONNECT; its client id is the registration id.
func MQTTUsername(scope, registrationID, apiVersion string) string {
	return Resource(scope, registrationID) + "/" + Query(apiVersion)
}

// MQTTRegisterTopic is where a register call is published. The answer comes back with
// the same request id, rid.
func MQTTRegisterTopic(rid string) string { return MQTTRegister + "?$rid=" + rid }

// MQTTStatusTopic is where a status poll is published. The operation id is escaped; those
// that the service makes need none.
func MQTTStatusTopic(rid, operationID string) string {
	return MQTTStatus + "?$rid=" + rid + "&operationId=" + url.QueryEscape(operationID)
}

// MQTTResponseTopic is where the service publishes the answer to the call rid; an empty
// retryAfter is left out. The order of its fields and their spelling are those that all
// SDKs can read: $rid first, retry-after in lower case.
func MQTTResponseTopic(status int, rid, retryAfter string) string {
	topic := mqttResponses + strconv.Itoa(status) + "/?$rid=" + rid
	if retryAfter != "" {
		topic += "&retry-after=" + retryAfter
	}
	return topic
}

// ParseResponseTopic takes the topic of an answer apart: its status, the request id and
// the pause that the service asks for, both as written ("" for no pause). Fields may stand
// in any order and others beside them. ok is false, and everything else zero, for a topic
// that is no answer to any call.
func ParseResponseTopic(topic string) (status int, rid, retryAfter string, ok bool) {
	rest, isResponse := strings.CutPrefix(topic, mqttResponses)
	code, query, hasQuery := strings.Cut(rest, "/?")
	status, isStatus := parseTopicStatus(code)
	if !isResponse || !hasQuery || !isStatus {
		return 0, "", "", false
	}
	for field := range strings.SplitSeq(query, "&") {
		switch name, value, _ := strings.Cut(field, "="); {
		case name == "$rid":
			rid = value
		case strings.EqualFold(name, "retry-after"):
			retryAfter = value
		}
	}
	if rid == "" {
		return 0, "", "", false
	}
	return status, rid, retryAfter, true
}

// parseTopicStatus reads the three digits of a status.
func parseTopicStatus(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err == nil && len(text) == 3 && n >= 100
}
