package probe

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"dpsdiag/internal/dps"
)

// checkHub asks the assigned hub whether it accepts the device, and then does what a device
// should do. After a refusal it registers again, once. If the hub has a temporary failure,
// it looks the registration up and tries again later (learn.microsoft.com:
// iot-dps/concepts-deploy-at-scale).
func (r *runner) checkHub(ctx context.Context) Finding {
	_, registration := stateOf(r.last)
	if why := r.hubOutOfReach(registration); why != "" {
		return Finding{Outcome: NotApplicable, Detail: why}
	}
	r.leave() // as a device does before it connects to its hub
	check := &HubCheck{Protocol: r.hubProtocol().name()}
	r.run.Hub = check
	f := check.addTo(r.followHub(ctx, check))
	if check.Protocol != r.run.Transport {
		f.Detail += fmt.Sprintf(" (asked over %s in place of %s)", check.Protocol, r.run.Transport)
	}
	return f
}

// hubOutOfReach says why the hub cannot be asked about this device, "" if it can.
func (r *runner) hubOutOfReach(registration *dps.Registration) string {
	switch {
	case registration == nil || registration.AssignedHub == "":
		return "the service did not name the hub"
	case r.target.Mode != ModeHub && r.strangeHub(registration.AssignedHub):
		return "no hub in Azure has the name " + registration.AssignedHub + ", so the credential is not sent to it"
	}
	if why := cmp.Or(r.profileOutOfReach(registration), r.lacksIssuedKey()); why != "" || r.run.Issued != nil {
		return why
	}
	if lacks := r.target.Attestation.Traits().hubLacks; lacks != nil {
		return lacks(r.target.Mode, registration)
	}
	return ""
}

// strangeHub reports whether a service in Azure named a hub that cannot be in Azure:
// something else sent or changed the answer. A service elsewhere may have hubs with any
// name.
func (r *runner) strangeHub(name string) bool {
	_, azure := dps.CloudOf(r.target.Endpoint.Host)
	return azure && name != "" && !dps.IsHubHost(name)
}

// followHub asks and acts on the answers until one of them is final.
func (r *runner) followHub(ctx context.Context, check *HubCheck) Finding {
	wait := time.Duration(0)
	var busy Finding // the answer of a hub that is to be asked again
	for attempt := 1; ; attempt++ {
		before := *check
		f, end := r.askHub(ctx, check, wait)
		step := check.Last(HubAsk)
		switch {
		case !step.answered() && busy.Outcome == Failed && ended(ctx) != nil:
			// The budget ended during a further attempt, which says nothing about the hub.
			*check = before
			r.stop(EndExhausted)
			return busy
		case r.tryMQTT5(ctx, check):
			r.stop(EndRefused)
			return failed("%s speaks MQTT 5 only; over %s it answers: %s", check.Hub, check.Protocol, step.Text)
		case step.Result == HubDenied && r.target.Mode == ModeRegister && check.Last(HubRegister) == nil:
			if f, ok := r.registerAgain(ctx, check); !ok {
				return f
			}
			attempt, wait = attempt-1, 0 // the registration does not count as a retry
			continue
		case step.Result == HubBusy && attempt < r.cfg.MaxAttempts:
			pause := r.waitForHub(step, attempt+1)
			if check.Last(HubLookup) == nil && r.target.Mode != ModeHub {
				r.lookUpAgain(ctx, check)
			}
			if r.wait(ctx, pause) {
				busy, wait = f, pause.For
				continue
			}
		}
		r.stop(end)
		return f
	}
}

// waitForHub waits before a hub with a temporary failure is asked again.
func (r *runner) waitForHub(step *HubStep, attempt int) Wait {
	asked := step.Answer.RetryAfter
	wait := Wait{Before: OpHub, For: r.pace.afterRefusal(asked), Attempt: attempt, Reason: step.Text}
	wait.Asked = asked.metBy(wait.For)
	return wait
}

// askHub connects to the hub that the service named last and keeps the step. It returns the
// text of the finding and how the run ends, in case nothing follows.
func (r *runner) askHub(ctx context.Context, check *HubCheck, waited time.Duration) (Finding, End) {
	start, queued := time.Now(), r.queued
	step := HubStep{Action: HubAsk, Wait: waited}
	f, end := r.connectHub(ctx, check, &step)
	step.Hub, step.Took = check.Hub, time.Since(start)-(r.queued-queued)
	check.Steps = append(check.Steps, step)
	return f, end
}

func (r *runner) connectHub(ctx context.Context, check *HubCheck, step *HubStep) (Finding, End) {
	hub, err := r.hubTarget(check)
	if err != nil {
		step.Result, step.Text = HubFailed, err.Error()
		return failed("the assigned hub: %v", err), EndRefused
	}
	identity, err := r.hubIdentity(ctx, hub)
	if err != nil {
		step.Result, step.Text = HubFailed, err.Error()
		return r.tpmFailed(ctx, err), EndRefused
	}
	protocol := r.hubProtocol()
	target := r.target
	target.Endpoint = hub.endpoint
	side := newRunner(r.shared, protocol.transport(), target, &check.Path)
	defer side.close()
	side.identity = identity
	side.identity.redact = newRedactor(r.patterns, identity)
	if f, part := side.reach(ctx); part != "" {
		step.Result, step.Text = HubUnreached, string(part)+": "+f.Detail
		f.Detail = fmt.Sprintf("%s could not be reached (%s): %s", hub.name, part, f.Detail)
		return f.with("part", string(part)).with("failure", check.Path.failureKind()), side.run.End
	}
	answer := side.question(ctx, protocol, hub)
	r.queued += side.queued
	step.Answer, step.Result, step.Text = &answer, answer.hubResult(), answer.describeHub()
	return check.judge(step, r.target.Mode)
}

// hubTarget returns the device at the hub of the last assignment.
func (r *runner) hubTarget(check *HubCheck) (hubTarget, error) {
	_, registration := stateOf(r.last)
	hub := hubTarget{name: registration.AssignedHub, deviceID: cmp.Or(registration.DeviceID, r.target.RegistrationID)}
	check.Hub, check.DeviceID, check.Path, check.Issued = hub.name, hub.deviceID, Run{}, r.run.Issued != nil
	var err error
	hub.endpoint, err = dps.ParseEndpoint(hub.name)
	check.Endpoint = hub.endpoint
	return hub, err
}

// hubIdentity returns the credential that the device presents to its hub: the issued
// certificate if there is one. Errors are those of a TPM.
func (r *runner) hubIdentity(ctx context.Context, hub hubTarget) (Identity, error) {
	if r.run.Issued != nil {
		return Identity{Certificate: r.run.Issued.certificate(r.cfg.Signing.Key), Secrets: r.identity.Secrets}, nil
	}
	if r.identity.TPM != nil {
		token, err := dps.SignHubWith(hub.name, hub.deviceID, r.now().Add(tokenLifetime), func(message []byte) ([]byte, error) {
			return r.identity.TPM.SignForHub(ctx, message)
		})
		return Identity{Token: token, Secrets: r.identity.Secrets}, err
	}
	if signer, ok := r.cfg.Attestation.(HubSigner); ok {
		return Identity{Token: signer.SignForHub(r.target, hub.name, hub.deviceID, r.now()), Secrets: r.identity.Secrets}, nil
	}
	return Identity{Certificate: r.identity.Certificate}, nil
}

// reach connects to the peer, including TLS. It returns the stage that failed, and the text
// of its finding.
func (r *runner) reach(ctx context.Context) (Finding, StageID) {
	for _, part := range []stage{
		{StageResolve, always, (*runner).resolve},
		{StageConnect, always, (*runner).connect},
		{StageTLS, always, (*runner).handshakeTLS},
	} {
		if f := part.run(r, ctx); f.Outcome == Failed {
			return f, part.id
		}
	}
	return Finding{}, ""
}

// question asks the hub over the open connection and keeps why no answer came. Runs that
// would disconnect each other ask one at a time.
func (r *runner) question(ctx context.Context, protocol hubProtocol, hub hubTarget) Opening {
	if protocol.dropsDevice() {
		if r.takeTurn(ctx, r.asking, StageHub) {
			defer func() { <-r.asking }()
		}
	}
	o := r.identity.redactor().opening(protocol.ask(ctx, r.dialTLS, hub, r.identity))
	if o.Failure != nil {
		r.run.Opening = &o
	}
	return o
}
