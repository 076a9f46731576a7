package probe

import (
	"time"

	"dpsdiag/internal/dps"
)

// HubCheck is what the hub that the service assigned said of the device, with every step
// that its answers called for (learn.microsoft.com: iot-dps/concepts-deploy-at-scale).
type HubCheck struct {
	Hub      string // as the service named it last
	DeviceID string // likewise
	Endpoint dps.Endpoint
	Protocol TransportID // in which the hub was asked: https, mqtt or mqtt-ws
	// Path is the last way to the hub, from the name's resolution to the TLS handshake; an
	// answer that did not come is its Opening's Failure.
	Path  Run
	Steps []HubStep // in order; the last one decides
}

// HubStep is one step of a check.
type HubStep struct {
	Action HubAction
	Result HubResult
	Hub    string        // that was asked, or that the service named
	Wait   time.Duration // before the step, for a hub that asked to come back later
	Took   time.Duration
	Text   string // what came of it, one line for a person
	// Answer is what the hub answered, nil when it was not reached or not asked.
	Answer *Opening
}

// answered reports a step in which the hub said something.
func (s *HubStep) answered() bool { return s.Result != HubUnreached && s.Result != HubSilent }

// HubAction is what is done in a step.
type HubAction string

// The actions. The last two are calls to the provisioning service.
const (
	HubAsk      HubAction = "ask"      // connect to the hub with the device's credential
	HubRegister HubAction = "register" // register again, as a device should that is refused
	HubLookup   HubAction = "lookup"   // ask for the registration's state, when the hub is unwell
)

// HubResult is what came of a step.
type HubResult string

// The results. A call to the service is Taken or Failed.
const (
	HubTaken     HubResult = "taken"
	HubDenied    HubResult = "denied"    // 401, 403 or 404, or a CONNACK that means the same
	HubBusy      HubResult = "busy"      // 429, 5xx or CONNACK 3: to come back later
	HubOdd       HubResult = "odd"       // an answer that says nothing of the device
	HubSilent    HubResult = "silent"    // no answer on a connection that stood
	HubUnreached HubResult = "unreached" // no connection; Path says why
	HubFailed    HubResult = "failed"
)

// Last returns the last step of an action, nil when there was none.
func (c *HubCheck) Last(action HubAction) *HubStep {
	for i := len(c.Steps) - 1; i >= 0; i-- {
		if c.Steps[i].Action == action {
			return &c.Steps[i]
		}
	}
	return nil
}

// Refusal returns the last step in which the hub refused the device, nil if it never did.
func (c *HubCheck) Refusal() *HubStep {
	for i := len(c.Steps) - 1; i >= 0; i-- {
		if c.Steps[i].Result == HubDenied {
			return &c.Steps[i]
		}
	}
	return nil
}

// Healed reports that the hub refused the device and took it once it was registered again.
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
