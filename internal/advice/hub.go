package advice

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// atHub is the case of the assigned hub that did not accept the device. The connection to it is judged
// like one to the service. It is c itself if the hub accepted the device or was not contacted, or if
// the device's own TPM failed.
func (c *Case) atHub() *Case {
	check := c.Run.Hub
	failed := c.Run.FailedStage()
	if check == nil || c.Run.TPM != nil || failed == nil || failed.Stage != probe.StageHub {
		return c
	}
	if again := c.atSecondRegistration(); again != nil {
		return again
	}
	ev := *c.Evidence
	ev.Target.Endpoint = check.Endpoint
	at := &Case{Evidence: &ev, Run: &check.Path, hub: check, hubSays: cmp.Or(failed.Detail, "the stage failed")}
	at.across = compareHubs(c.Evidence, check.Endpoint)
	at.Entries = entriesOf(at.Run, nil, at.kind())
	at.attempt = at.witness()
	return at
}

// atSecondRegistration is the case of a device that its hub refused and that the service then reports
// as disabled, which explains the hub's answer. It is nil otherwise.
func (c *Case) atSecondRegistration() *Case {
	again := c.Run.Hub.Last(probe.HubRegister)
	if again == nil || again.Result != probe.HubFailed || stateOf(c.Run.LastAnswer(probe.OpRegister, probe.OpStatus)) != dps.StatusDisabled {
		return nil
	}
	run := *c.Run
	run.Answers = run.Answers[len(run.Answers)-1:]
	run.Hub = nil
	ev := *c.Evidence
	ev.Runs = []probe.Run{run}
	at := newCases(&ev, compare(&ev))[0]
	if refused := c.Run.Hub.Refusal(); refused != nil {
		at.before = fmt.Sprintf("the hub %s refused the device first: %s", refused.Hub, refused.Text)
	}
	return at
}

// compareHubs compares the connections to one hub.
func compareHubs(ev *probe.Evidence, endpoint dps.Endpoint) *comparison {
	m := &comparison{endpoint: endpoint}
	for i := range ev.Runs {
		run := &ev.Runs[i]
		if run.Hub == nil || run.Hub.Endpoint != endpoint {
			continue
		}
		path := &run.Hub.Path
		m.note(path)
		if last := run.Hub.Last(probe.HubAsk); last != nil && last.Answer != nil && last.Answer.Failure == nil {
			m.answered = append(m.answered, path)
		}
		if verdictOf(ev.Target.Mode, run) == Registered {
			m.passed = append(m.passed, path)
		}
	}
	return m
}

// hubAnswer is the hub's last answer if it had that result, nil otherwise.
func (c *Case) hubAnswer(result probe.HubResult) *probe.HubStep {
	if c.hub == nil {
		return nil
	}
	last := c.hub.Last(probe.HubAsk)
	if last == nil || last.Result != result || last.Answer == nil {
		return nil
	}
	return last
}

// hubError is the hub's own name of the error with which it refused the device, "" if it gave none.
func (c *Case) hubError() string {
	step := c.hubAnswer(probe.HubDenied)
	if step == nil || step.Answer.Body.Hub == nil {
		return ""
	}
	return step.Answer.Body.Hub.Name()
}

// Names that a hub gives to its errors (azure-iot-sdk-csharp iothub/service/src/Common/
// Exceptions/ErrorCode.cs).
const (
	hubNoDevice = "DeviceNotFound"
	hubQuota    = "IotHubQuotaExceeded"
)

func weighHubIdentity(c *Case) Weight {
	step := c.hubAnswer(probe.HubDenied)
	switch {
	case c.hub != nil && c.tlsFailure() == netfail.TLSAlert && c.kind().Traits().InHandshake:
		if c.presentedIssued() {
			return allowed("the identity in the hub may be disabled")
		}
		return suggested("the hub aborted the TLS handshake on a certificate that the provisioning service accepted")
	case step == nil:
		return Weight{}
	case c.hubError() == hubQuota:
		return ruledOut("the hub says that its quota is used up, so it knows the device")
	}
	if c.presentedIssued() {
		return allowed("the identity in the hub may be disabled")
	}
	w := judgeHubIdentity(c.attempt)
	if c.hubError() == hubNoDevice {
		w.Because = append(w.Because, "the hub says that it does not have this device")
	}
	switch again := c.hub.Last(probe.HubRegister); {
	case again == nil:
		w.Because = append(w.Because, "it was not registered again, which may fix it")
	case again.Result == probe.HubTaken:
		w.Because = append(w.Because, "a second registration did not change that")
		w.Remedies = []string{"Look up the identity in the hub and enable it, or delete it there and register once more: registering again did not help by itself"}
	}
	return w
}

// weighStale judges an assignment that a new registration may update.
func weighStale(c *Case) Weight {
	step := c.hubAnswer(probe.HubDenied)
	switch {
	case step == nil || c.hubError() == hubQuota:
		return Weight{}
	case c.hub.Last(probe.HubRegister) != nil:
		return allowed("the hub may still have the data of an earlier registration, if the enrollment's reprovision policy is never")
	case c.hubError() == hubNoDevice:
		if c.Evidence.Target.Mode == probe.ModeHub {
			return suggested("the device keeps an assignment to a hub that does not know it")
		}
		return suggested("the service has an assignment to a hub that does not know the device")
	}
	return judgeStale(c.attempt)
}

func weighQuota(c *Case) Weight {
	switch {
	case c.hubError() == hubQuota:
		return suggested("the hub reports: " + hubQuota)
	case c.reached(Assigned) != "":
		return ruledOut(c.reached(Assigned))
	}
	return Weight{}
}

// hubBusy judges a hub that asked the device to come back later until the end, by whether its answer
// means too many requests.
func (c *Case) hubBusy(throttling bool) Weight {
	step := c.hubAnswer(probe.HubBusy)
	switch {
	case step == nil:
		return Weight{}
	case step.Answer.Layer == probe.LayerMQTT5Connect && throttling != probe.Throttles5(step.Answer.Status):
		return Weight{}
	case step.Answer.Layer == probe.LayerMQTT5Connect:
		return suggested("the hub says: " + step.Text)
	case step.Answer.Layer == probe.LayerMQTTConnect && throttling:
		return allowed("MQTT has the same return code for a hub that is unavailable and one that is overloaded")
	case step.Answer.Layer == probe.LayerMQTTConnect:
		return suggested("this return code is for a server that is not available")
	case throttling != (step.Answer.Status == http.StatusTooManyRequests):
		return Weight{}
	case !throttling:
		return suggested("the 500 series means a failure of the hub")
	case step.Answer.Body.Kind == dps.BodyHubError:
		return proven(fmt.Sprintf("%d of %d answers of the hub were 429", c.hubPutOff(), len(c.hub.Steps)-c.hubCalls()))
	}
	return suggested("the hub answered 429")
}

// hubPutOff counts the answers of the hub of status 429.
func (c *Case) hubPutOff() int {
	return count(c.hub.Steps, func(s probe.HubStep) bool { return s.Answer != nil && s.Answer.Status == http.StatusTooManyRequests })
}

// hubCalls counts the steps that were calls to the service.
func (c *Case) hubCalls() int {
	return count(c.hub.Steps, func(s probe.HubStep) bool { return s.Action != probe.HubAsk })
}

// weighNoHubAnswer judges an answer that is not the hub's.
func (c *Case) weighNoHubAnswer() Weight {
	step := c.hubAnswer(probe.HubOdd)
	switch {
	case step == nil:
		return Weight{}
	case step.Answer.Body.Kind.Foreign() || step.Answer.Location != "":
		return suggested("the answer did not come from a hub: " + step.Text)
	}
	return allowed("a hub does not answer like this: " + step.Text)
}

// healed describes a hub that accepted the device only after a new registration, "" if there is
// nothing to say.
func healed(check *probe.HubCheck) string {
	if check == nil || !check.Healed() {
		return ""
	}
	text := "the hub refused the device until it was registered again"
	if refused := check.Refusal(); refused != nil {
		text = fmt.Sprintf("%s refused the device (%s) until it was registered again", refused.Hub, refused.Text)
	}
	return text + "; a device does the same on 401, 403 or 404 from its hub"
}

// keepHub makes a step check the hub again if one was checked: a preflight would not reach the hub.
func keepHub(command string, runs []probe.Run) string {
	if !slices.ContainsFunc(runs, func(run probe.Run) bool { return run.Hub != nil }) {
		return command
	}
	return strings.NewReplacer(" --preflight", " --check-hub", " --lookup", " --lookup --check-hub").Replace(command)
}
