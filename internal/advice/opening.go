package advice

import (
	"net/http"
	"strconv"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/probe"
)

// equivalent is what a refusal in a transport's own terms corresponds to in HTTP and in the catalogue.
type equivalent struct {
	status int    // the HTTP status that means the same, 0 if none does
	entry  string // id of the entry in the catalogue, "" for that of the status
	term   string // what to pass to explain, "" if a code or the status says it, or nothing
	// disbelief says that it corresponds to 401002 over HTTPS: the service does not believe the
	// device.
	disbelief bool
}

// readOpening reads a refused opening.
func readOpening(o *probe.Opening) equivalent {
	if o.Condition != "" {
		return readCondition(o.Condition)
	}
	switch o.Layer {
	case probe.LayerMQTTConnect:
		return readConnack(o.Status)
	case probe.LayerMQTTSubscribe:
		return equivalent{entry: "mqtt-suback-fail", term: "SUBACK 0x80"}
	case probe.LayerSASL:
		return readSASL(o)
	case probe.LayerWebSocket:
		return readHandshake(o.Status)
	}
	return equivalent{entry: "net-amqp-header"} // a protocol other than AMQP 1.0
}

// readConnack reads a return code of MQTT. A token is the password, so 4 and 5 refuse it. The service
// returns 3 for an unknown id scope, although it means an outage in MQTT (GitHub issues
// Azure/azure-iot-sdk-python#709 and #670).
func readConnack(code int) equivalent {
	term := "CONNACK " + strconv.Itoa(code)
	r := equivalent{entry: "mqtt-connack-" + strconv.Itoa(code), term: term}
	switch code {
	case 1, 2, 3:
	case 4:
		r.status = http.StatusUnauthorized
	case 5:
		r.status, r.disbelief = http.StatusUnauthorized, true
	default:
		return equivalent{} // reserved
	}
	return r
}

// The outcomes of SASL that refuse the client ("OASIS AMQP Version 1.0", part 5, section 5.3.3.6).
const (
	saslAuth    = 1 // the credential is not accepted
	saslSys     = 2 // an error of the system
	saslSysPerm = 3 // one that is permanent
	saslSysTemp = 4 // one that may be temporary
)

// readSASL reads a refusal during the SASL exchange, which comes before AMQP.
func readSASL(o *probe.Opening) equivalent {
	r := equivalent{entry: "amqp-sasl-outcome-sys", term: "SASL outcome " + strconv.Itoa(o.Status)}
	switch o.Status {
	case saslAuth:
		r.status, r.entry, r.disbelief = http.StatusUnauthorized, "amqp-sasl-outcome-1", true
	case saslSys:
		r.status = http.StatusInternalServerError
	case saslSysPerm:
	case saslSysTemp:
		r.status = http.StatusServiceUnavailable
	case 0:
		if o.Mechanisms == nil {
			return equivalent{entry: "net-amqp-header"}
		}
		return equivalent{} // the mechanism is not offered
	default:
		return equivalent{} // not of the standard
	}
	return r
}

// readHandshake reads the answer to a WebSocket handshake. Nothing in a handshake identifies the
// device, so a status is about the path, unless it asks the client to come back later.
func readHandshake(status int) equivalent {
	switch {
	case status == http.StatusSwitchingProtocols:
		return equivalent{entry: "mqtt-ws-subprotocol", term: "websocket subprotocol"}
	case probe.PutsOff(status), status == http.StatusProxyAuthRequired:
		return equivalent{status: status}
	}
	return equivalent{entry: "python-websocket"}
}

// readCondition reads an AMQP error condition.
func readCondition(condition string) equivalent {
	for e := range codes.All() {
		if e.Kind == codes.KindAMQP && e.Code == condition {
			return equivalent{status: e.HTTPStatus, entry: e.ID, term: condition}
		}
	}
	return equivalent{}
}

// refusalOfOpening returns the refusal of a session, nil when it was not refused.
func refusalOfOpening(o *probe.Opening) *refusal {
	if o == nil || o.Refusal == "" {
		return nil
	}
	r := &refusal{equivalent: readOpening(o), opening: o, condition: o.Condition, location: o.Location}
	r.readBody(o.Body)
	return r
}

// at reports whether a layer refused the session with that status.
func (r *refusal) at(layer probe.Layer, status int) bool {
	return r != nil && r.opening != nil && r.opening.Layer == layer && r.opening.Status == status
}

// ofHandshake reports whether a WebSocket was refused.
func (r *refusal) ofHandshake() bool {
	return r != nil && r.opening != nil && r.opening.Layer == probe.LayerWebSocket
}

// lacksMechanism reports whether a SASL exchange ended because the peer does not offer the
// mechanism that the credential needs.
func (r *refusal) lacksMechanism() bool {
	return r.at(probe.LayerSASL, 0) && r.condition == "" && r.opening.Mechanisms != nil
}

// misfits reports whether a peer refused what every provisioning endpoint accepts: MQTT 3.1.1, the
// subscription to the answers, AMQP 1.0 with SASL, a mechanism.
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
