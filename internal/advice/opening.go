package advice

import (
	"net/http"
	"strconv"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/probe"
)

// reading is a refusal in a transport's own terms, put into those of HTTP and of the
// catalogue.
type reading struct {
	status int    // the HTTP status that means the same, 0 where none does
	row    string // id of the row in the catalogue, "" for that of the status
	term   string // what to ask explain, "" where a code or the status says it, or nothing
	// disbelief says that it stands for what over HTTPS is 401002: the service does not
	// believe the device.
	disbelief bool
}

// readOpening reads a refused opening.
func readOpening(o *probe.Opening) reading {
	if o.Condition != "" {
		return readCondition(o.Condition)
	}
	switch o.Layer {
	case probe.LayerMQTTConnect:
		return readConnack(o.Status)
	case probe.LayerMQTTSubscribe:
		return reading{row: "mqtt-suback-fail", term: "SUBACK 0x80"}
	case probe.LayerSASL:
		return readSASL(o)
	case probe.LayerWebSocket:
		return readHandshake(o.Status)
	}
	return reading{row: "net-amqp-header"} // another protocol than AMQP 1.0
}

// readConnack reads a return code of MQTT. A token is the password, so 4 and 5 refuse it;
// 3 is what the service gives for an unknown id scope, although MQTT means an outage by it
// (GitHub issues Azure/azure-iot-sdk-python#709 and #670).
func readConnack(code int) reading {
	term := "CONNACK " + strconv.Itoa(code)
	r := reading{row: "mqtt-connack-" + strconv.Itoa(code), term: term}
	switch code {
	case 1, 2, 3:
	case 4:
		r.status = http.StatusUnauthorized
	case 5:
		r.status, r.disbelief = http.StatusUnauthorized, true
	default:
		return reading{} // reserved
	}
	return r
}

// The outcomes of SASL that refuse ("OASIS AMQP Version 1.0", part 5, section 5.3.3.6).
const (
	saslAuth    = 1 // the credential is not accepted
	saslSys     = 2 // an error of the system
	saslSysPerm = 3 // one that does not pass by itself
	saslSysTemp = 4 // one that may pass
)

// readSASL reads a refusal during the exchange that precedes AMQP.
func readSASL(o *probe.Opening) reading {
	r := reading{row: "amqp-sasl-outcome-sys", term: "SASL outcome " + strconv.Itoa(o.Status)}
	switch o.Status {
	case saslAuth:
		r.status, r.row, r.disbelief = http.StatusUnauthorized, "amqp-sasl-outcome-1", true
	case saslSys:
		r.status = http.StatusInternalServerError
	case saslSysPerm:
	case saslSysTemp:
		r.status = http.StatusServiceUnavailable
	case 0:
		if o.Mechanisms == nil {
			return reading{row: "net-amqp-header"}
		}
		return reading{} // the mechanism is not offered
	default:
		return reading{} // not of the standard
	}
	return r
}

// readHandshake reads the answer to a WebSocket handshake. Nothing in a handshake says who
// the device is, so a status tells of the way, unless it asks to come back later.
func readHandshake(status int) reading {
	switch {
	case status == http.StatusSwitchingProtocols:
		return reading{row: "mqtt-ws-subprotocol", term: "websocket subprotocol"}
	case probe.PutsOff(status), status == http.StatusProxyAuthRequired:
		return reading{status: status}
	}
	return reading{row: "python-websocket"}
}

// readCondition reads an AMQP error condition.
func readCondition(condition string) reading {
	for e := range codes.All() {
		if e.Kind == codes.KindAMQP && e.Code == condition {
			return reading{status: e.HTTPStatus, row: e.ID, term: condition}
		}
	}
	return reading{}
}

// refusalOfOpening returns the refusal of a session, nil when it was not refused.
func refusalOfOpening(o *probe.Opening) *refusal {
	if o == nil || o.Refusal == "" {
		return nil
	}
	r := &refusal{reading: readOpening(o), opening: o, condition: o.Condition, location: o.Location}
	r.readBody(o.Body)
	return r
}

// at reports whether a layer refused the session with that status of its own.
func (r *refusal) at(layer probe.Layer, status int) bool {
	return r != nil && r.opening != nil && r.opening.Layer == layer && r.opening.Status == status
}

// ofHandshake reports whether it was a WebSocket that was refused.
func (r *refusal) ofHandshake() bool {
	return r != nil && r.opening != nil && r.opening.Layer == probe.LayerWebSocket
}

// lacksMechanism reports whether a SASL exchange ended because the peer does not offer the
// mechanism that the credential needs.
func (r *refusal) lacksMechanism() bool {
	return r.at(probe.LayerSASL, 0) && r.condition == "" && r.opening.Mechanisms != nil
}

// misfits reports whether a peer refused what every provisioning endpoint takes: MQTT
// 3.1.1, the subscription to the answers, AMQP 1.0 with SASL, a mechanism.
func (r *refusal) misfits() bool {
	if r == nil || r.opening == nil || r.condition != "" {
		return false
	}
	switch r.opening.Layer {
	case probe.LayerMQTTConnect:
		return r.opening.Status == 1
	case probe.LayerMQTTSubscribe, probe.LayerAMQPOpen, probe.LayerAMQPAttach:
		return true
	case probe.LayerSASL:
		return r.opening.Status == 0
	}
	return false
}

// openingText says what refused the session, as a line of evidence.
func (r *refusal) openingText() string {
	if r.condition != "" {
		return "the session was refused (" + clipped(r.condition) + ")" + r.codeText()
	}
	return "the session was refused: " + clipped(r.opening.Refusal) + saysText(r.opening)
}
