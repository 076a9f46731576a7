package probe

import (
	"fmt"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/netfail"
)

// judge returns what a step means for the device, and how the run ends if it is the last
// step.
func (c *HubCheck) judge(step *HubStep, mode Mode) (Finding, End) {
	switch step.Result {
	case HubTaken:
		return c.taken(step), ""
	case HubBusy:
		return failed("%s asks to come back later: %s, after %s", c.Hub, step.Text, plural(c.asked()+1, "attempt")), EndExhausted
	case HubDenied:
		return failed("%s refuses the device %s: %s%s", c.Hub, c.DeviceID, step.Text, c.afterwards(mode)), EndRefused
	case HubSilent:
		end := EndTimeout
		if step.Answer.Failure.Kind == netfail.Reset {
			end = EndCut
		}
		return failed("%s: %s", c.Hub, step.Text).with("error", step.Answer.Failure.Text), end
	}
	return failed("%s did not answer like a hub: %s", c.Hub, step.Text), EndRefused
}

// taken says that the hub accepted the device, and after what.
func (c *HubCheck) taken(step *HubStep) Finding {
	text := fmt.Sprintf("%s accepts the device %s (%s)", c.Hub, c.DeviceID, step.Text)
	switch asked := c.asked(); {
	case c.Last(HubRegister) != nil:
		return warned("%s, after it was registered again; before that: %s", text, c.Refusal().Text)
	case asked > 0:
		return passed("%s, after %s", text, plural(asked+1, "attempt"))
	}
	return passed("%s", text)
}

// afterwards says what was, or would be, tried after a refusal.
func (c *HubCheck) afterwards(mode Mode) string {
	switch {
	case c.Last(HubRegister) != nil:
		return ", even after it was registered again"
	case mode == ModeLookup:
		return "; a device would now register again, which --lookup does not do"
	case mode == ModeHub:
		return "; a device would now register again, which --hub-only does not do"
	case mode == ModeResume:
		return "; a device would now register again, which --operation-id does not do"
	}
	return ""
}

// addTo adds the facts of the check to its finding, and the steps if there is more than
// one.
func (c *HubCheck) addTo(f Finding) Finding {
	f = f.with("hub", c.Hub).with("device-id", c.DeviceID).with("protocol", string(c.Protocol)).with("attempts", nonZero(c.asked()))
	if c.Issued {
		f = f.with("presented", "the issued certificate")
	}
	if last := c.Last(HubAsk); last != nil {
		f = f.with("result", string(last.Result)).withHubAnswer(last.Answer)
	}
	for _, step := range c.Steps {
		f.Steps = append(f.Steps, step.describe(c.Protocol))
	}
	return f
}

// withHubAnswer adds the facts of a hub's answer.
func (f Finding) withHubAnswer(o *Opening) Finding {
	if o == nil {
		return f
	}
	f = f.with("layer", string(o.Layer)).with("status", nonZero(o.Status)).with("server", o.Server).with("redirect", o.Location)
	if o.Body.Hub != nil {
		f = f.with("hub-error", o.Body.Hub.Name()).with("message", o.Body.Hub.Message).with("tracking-id", o.Body.Hub.ExceptionMessage)
	}
	if o.RetryAfter != nil {
		f = f.with("retry-after", o.RetryAfter.Text)
	}
	return f
}

// describe returns the step in one line.
func (s *HubStep) describe(protocol TransportID) string {
	text := ""
	if s.Wait > 0 {
		text = fmt.Sprintf("waited %s, ", duration.Text(s.Wait))
	}
	switch s.Action {
	case HubAsk:
		return fmt.Sprintf("%sasked %s over %s: %s", text, s.Hub, protocol, s.Text)
	case HubLookup:
		return "looked the registration up: " + s.Text
	case HubTryMQTT5:
		return "tried MQTT 5, as another client: " + s.Text
	}
	return "registered again: " + s.Text
}

// failureKind returns the kind of failure of a connection attempt, as in reports.
func (r *Run) failureKind() string {
	switch {
	case r.ProxyFailed() != nil:
		return "proxy-" + string(r.ProxyFailed().Failure.Kind)
	case r.Resolution != nil && r.Resolution.Failure != nil:
		return string(r.Resolution.Failure.Kind)
	case r.TLS != nil && r.TLS.Failure != nil:
		return "tls-" + string(r.TLS.Failure.Kind)
	case len(r.Dials) > 0 && r.Dials[len(r.Dials)-1].Failure != nil:
		return string(r.Dials[len(r.Dials)-1].Failure.Kind)
	}
	return ""
}
