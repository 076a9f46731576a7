package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
)

// sandboxStarter starts an emulator with a scenario. A TPM is enrolled, unless it is nil.
type sandboxStarter func(ctx context.Context, scenario string, tpm *emulator.TPMDevice) (*emulator.Emulator, error)

// startSandbox starts an emulator that never makes a device wait, unless the scenario is
// about waiting.
func startSandbox(ctx context.Context, scenario string, tpm *emulator.TPMDevice) (*emulator.Emulator, error) {
	var none time.Duration
	return emulator.Start(ctx, emulator.Config{Scenario: scenario, TPM: tpm, RetryAfter: &none})
}

// enterSandbox starts the emulator. It returns the device that shows the scenario, with the
// TPM if one was given, and a function to call when the probe has ended. To the probe, the
// emulator is a service like any other.
func (o *probeOptions) enterSandbox(ctx context.Context, a *app, flags *pflag.FlagSet) (d *device, end func(), err error) {
	if used := o.givenByUser(flags); len(used) > 0 {
		return nil, nil, usagef("a sandbox has its own service and identity; leave out --sandbox or the other flags",
			"--sandbox cannot be combined with %s", strings.Join(used, ", "))
	}
	if err := checkScenario("--sandbox", o.sandbox); err != nil {
		return nil, nil, err
	}
	o.hintAtHub(a)
	payload, err := o.sandboxPayload()
	if err != nil {
		return nil, nil, err
	}
	tpm, err := o.sandboxTPM(ctx)
	if err != nil {
		return nil, nil, err
	}
	sandbox, err := a.startSandbox(ctx, o.sandbox, tpm.device())
	if err != nil {
		return nil, nil, fmt.Errorf("start the sandbox: %w", err)
	}
	end = func() {
		if err := sandbox.Close(); err != nil {
			tell(a.stderr, "dpsdiag: close the sandbox: %v", err)
		}
	}
	if d, err = play(sandbox.Device(), tpm, a.now); err != nil {
		end()
		return nil, nil, fmt.Errorf("prepare the sandbox: %w", err)
	}
	if payload != nil {
		d.payload = payload
	}
	return d, end, nil
}

// showTransports selects every transport if the scenario cannot be seen over HTTPS and no
// transport was chosen.
func (o *probeOptions) showTransports(a *app) {
	if scenario, _ := emulator.ScenarioByName(o.sandbox); scenario.NotOverHTTPS && !o.transports.given && !o.lookup {
		o.transports.values = []string{allTransports}
		tell(a.stderr, "dpsdiag: --sandbox %s cannot be seen over https: probing with --transport %s", o.sandbox, allTransports)
	}
}

// hintAtHub prints how to see a scenario that only the hub shows, if the probe does not
// check the hub.
func (o *probeOptions) hintAtHub(a *app) {
	if scenario, _ := emulator.ScenarioByName(o.sandbox); scenario.AtHub && !o.hub.check {
		tell(a.stderr, "hint: only the hub shows this fault: dpsdiag probe --sandbox %s --check-hub", o.sandbox)
	}
}

// sandboxPayload returns the payload that was given, or nil.
func (o *probeOptions) sandboxPayload() (json.RawMessage, error) {
	file, err := o.readPayload()
	if err != nil {
		return nil, err
	}
	return parsePayload(file)
}

// sandboxTPM returns the TPM that was given, or nil. It is an error to give one for a
// scenario about another credential, or none for a scenario about a TPM.
func (o *probeOptions) sandboxTPM(ctx context.Context) (*sandboxedTPM, error) {
	scenario, _ := emulator.ScenarioByName(o.sandbox)
	if len(o.credential.tpm.given()) == 0 {
		if scenario.Attestation == emulator.TPM {
			return nil, usagef("add --tpm "+exampleTPM+", or the socket of a software TPM: the sandbox enrolls it", "--sandbox: %s needs a TPM, which the sandbox does not have", o.sandbox)
		}
		return nil, nil
	}
	if !scenario.PlayedBy(emulator.TPM) {
		return nil, usagef("leave --tpm out", "--sandbox: %s concerns devices with the credential %s, not a TPM", o.sandbox, scenario.Attestation)
	}
	tpm, err := o.credential.tpm.open(ctx)
	if err != nil {
		return nil, err
	}
	return &sandboxedTPM{tpm}, nil
}

// sandboxedTPM is a TPM that the sandbox enrolls.
type sandboxedTPM struct{ *probe.TPM }

// device returns what the sandbox enrolls; nil without a TPM. If the TPM could not be read,
// its fields are empty, and the probe ends before it reaches the service.
func (t *sandboxedTPM) device() *emulator.TPMDevice {
	if t == nil {
		return nil
	}
	return &emulator.TPMDevice{RegistrationID: t.RegistrationID(), EndorsementKey: t.EndorsementKey()}
}

// givenByUser returns the flags that the user gave although a sandbox sets them itself.
func (o *probeOptions) givenByUser(flags *pflag.FlagSet) []string {
	var used []string
	for _, own := range []*pflag.FlagSet{new(targetOptions).flags(), new(probeOptions).proofFlags()} {
		own.VisitAll(func(f *pflag.Flag) {
			if flags.Changed(f.Name) && !slices.Contains(tpmFlags(), f.Name) {
				used = append(used, "--"+f.Name)
			}
		})
	}
	return used
}

// play makes the probe act as a device of the emulator, with the TPM unless it is nil.
func play(given emulator.Device, tpm *sandboxedTPM, now func() time.Time) (d *device, err error) {
	d = &device{
		endpoint: given.Endpoint, scope: given.Scope, registrationID: given.RegistrationID,
		payload: given.Payload, roots: given.Roots,
		now: func() time.Time { return now().Add(given.ClockOffset) },
	}
	if given.CSR != nil {
		request, err := certchain.ParseRequest(given.CSR)
		if err != nil {
			return nil, err
		}
		d.signing = &probe.Signing{Request: request, Key: given.CSRKey}
	}
	if tpm != nil {
		d.attestation = tpm.TPM
		return d, nil
	}
	d.attestation, err = attest(given)
	return d, err
}

func attest(device emulator.Device) (probe.Attestation, error) {
	switch device.Attestation {
	case emulator.X509:
		return attestX509(device)
	case emulator.SASToken:
		return probe.NewSASToken(device.Token)
	case emulator.GroupKey:
		key, err := dps.ParseKey(device.GroupKey)
		if err != nil {
			return nil, err
		}
		return probe.NewGroupKey(key), nil
	}
	key, err := dps.ParseKey(device.Key)
	if err != nil {
		return nil, err
	}
	return probe.NewSymmetricKey(key), nil
}

func attestX509(device emulator.Device) (probe.Attestation, error) {
	chain, err := certchain.ParsePEM(device.CertPEM)
	if err != nil {
		return nil, err
	}
	key, err := certchain.ParseKey([]byte(device.CertKeyPEM.Reveal()))
	if err != nil {
		return nil, err
	}
	return probe.NewX509(chain, key)
}

// checkScenario refuses an unknown scenario and suggests the nearest known one.
func checkScenario(flag, name string) error {
	if _, ok := emulator.ScenarioByName(name); ok {
		return nil
	}
	var names []string
	for _, s := range emulator.Scenarios() {
		names = append(names, s.Name)
	}
	hint := didYouMean("%s", name, names, `run "dpsdiag emulate --list-scenarios" for all`)
	return usagef(hint, "%s: there is no scenario %q", flag, name)
}

func scenarioCompletions() []cobra.Completion {
	var list []cobra.Completion
	for _, s := range emulator.Scenarios() {
		list = append(list, cobra.CompletionWithDesc(s.Name, s.Title))
	}
	return list
}
