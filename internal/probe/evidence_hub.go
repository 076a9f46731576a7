package probe

import (
	"time"

	"dpsdiag/internal/dps"
)

// HubCheck is the answer of the assigned hub about the device, with every step that its
// answers required (learn.microsoft.com: iot-dps/concepts-deploy-at-scale).
type HubCheck struct {
	Hub      string // as the service named it last
	DeviceID string // the same
	Endpoint dps.Endpoint
	Issued   bool        // the device presented the certificate that the service issued
	Protocol TransportID // in which the hub was asked: https, mqtt, mqtt-ws, mqtt5 or mqtt5-ws
	// Path is the last connection to the hub, from name resolution to the TLS handshake. If no
	// answer came, its Opening's Failure says why.
	Path  Run
	Steps []HubStep // in order; the last one decides
}

// HubStep is one step of a check.
type HubStep struct {
	Action HubAction
	Result HubResult
	Hub    string        // the hub asked, or the one that the service named
	Wait   time.Duration // before the step, if a hub asked to come back later
	Took   time.Duration
	Text   string // the result in one line for a person
	// Answer is the hub's answer, nil if it was not reached or not asked.
	Answer *Opening
}

// answered reports a step in which the hub answered.
func (s *HubStep) answered() bool { return s.Result != HubUnreached && s.Result != HubSilent }

// The names in a report of MQTT 5, which only hubs speak.
const (
	HubMQTT5   TransportID = "mqtt5"
	HubMQTT5WS TransportID = "mqtt5-ws"
)

// SpeaksMQTT5 reports whether the hub was found to speak MQTT 5, after it gave no answer of a
// classic hub.
func (c *HubCheck) SpeaksMQTT5() bool {
	step := c.Last(HubTryMQTT5)
	return step != nil && step.Result == HubTaken
}

// HubAction is the action of a step.
type HubAction string

// The actions. The last two are calls to the provisioning service.
const (
	HubAsk      HubAction = "ask"      // connect to the hub with the device's credential
	HubRegister HubAction = "register" // register again, as a device should after a refusal
	HubLookup   HubAction = "lookup"   // request the registration's state, if the hub has a temporary failure
	// HubTryMQTT5 asks the hub, as another client, whether it speaks MQTT 5. It is Taken if the
	// hub does.
	HubTryMQTT5 HubAction = "try-mqtt5"
)

// HubResult is the result of a step.
type HubResult string

// The results. A call to the service is Taken or Failed.
const (
	HubTaken     HubResult = "taken"
	HubDenied    HubResult = "denied"    // 401, 403 or 404, or a CONNACK that means the same
	HubBusy      HubResult = "busy"      // 429, 5xx or CONNACK 3: to come back later
	HubOdd       HubResult = "odd"       // an answer that says nothing about the device
	HubSilent    HubResult = "silent"    // no answer on an open connection
	HubUnreached HubResult = "unreached" // no connection; Path says why
	HubFailed    HubResult = "failed"
)

// Last returns the last step of an action, or nil if there was none.
func (c *HubCheck) Last(action HubAction) *HubStep {
	for i := len(c.Steps) - 1; i >= 0; i-- {
		if c.Steps[i].Action == action {
			return &c.Steps[i]
		}
	}
	return nil
}

// Refusal returns the last step in which the hub refused the device, or nil if it never
// did.
func (c *HubCheck) Refusal() *HubStep {
	for i := len(c.Steps) - 1; i >= 0; i-- {
		if c.Steps[i].Result == HubDenied {
			return &c.Steps[i]
		}
	}
	return nil
}

// Healed reports that the hub refused the device and accepted it after another
// registration.
func (c *HubCheck) Healed() bool {
	again, last := c.Last(HubRegister), c.Last(HubAsk)
	return again != nil && last != nil && last.Result == HubTaken
}

// asked counts the connections to the hub.
func (c *HubCheck) asked() int {
	n := 0
	for _, s := range c.Steps {
		if s.Action == HubAsk {
			n++
		}
	}
	return n
}
