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
	// MQTTResponses is the only topic filter that a device may subscribe to.
	MQTTResponses = mqttResponses + "#"

	// The first part of the topics of the two calls; "?" and the fields of the call follow.
	MQTTRegister = "$dps/registrations/PUT/iotdps-register/"
	MQTTStatus   = "$dps/registrations/GET/iotdps-get-operationstatus/"

	mqttResponses = "$dps/registrations/res/"
)

// MQTTUsername is the user name of a CONNECT; its client id is the registration id.
func MQTTUsername(scope, registrationID, apiVersion string) string {
	return Resource(scope, registrationID) + "/" + Query(apiVersion)
}

// MQTTRegisterTopic is the topic to publish a register call to. The answer has the same
// request id, rid.
func MQTTRegisterTopic(rid string) string { return MQTTRegister + "?$rid=" + rid }

// MQTTStatusTopic is the topic to publish a status poll to. The operation id is escaped;
// the service's own ids do not need it.
func MQTTStatusTopic(rid, operationID string) string {
	return MQTTStatus + "?$rid=" + rid + "&operationId=" + url.QueryEscape(operationID)
}

// MQTTResponseTopic is the topic to which the service publishes the answer to the call rid;
// an empty retryAfter is left out. All SDKs can read this order and spelling of the fields:
// $rid first, retry-after in lower case.
func MQTTResponseTopic(status int, rid, retryAfter string) string {
	topic := mqttResponses + strconv.Itoa(status) + "/?$rid=" + rid
	if retryAfter != "" {
		topic += "&retry-after=" + retryAfter
	}
	return topic
}

// ParseResponseTopic parses the topic of an answer into its status, the request id and the
// pause that the service asks for, both as written ("" for no pause). Fields may be in any
// order, and unknown ones are ignored. For a topic that is not an answer to a call, ok is
// false and everything else is zero.
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

// parseTopicStatus parses the three digits of a status.
func parseTopicStatus(text string) (int, bool) {
	n, err := strconv.ParseUint(text, 10, 16)
	return int(n), err == nil && len(text) == 3 && n >= 100
}
