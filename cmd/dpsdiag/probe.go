package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
)

const probeLong = `probe registers a device with the service, stage by stage (inputs, resolve,
connect, tls, open, register, assign and, with --check-hub, hub), and says what
went wrong, how certain that is and what to do.

It is a real registration: the service may create or update the device in the
assigned hub, and counts and bills it. --lookup and --preflight change nothing.
Nothing is sent before all flags and files have been checked.

--check-hub tries the same credential at the assigned hub: MQTT CONNECT and
DISCONNECT for mqtt and mqtt-ws, a request for messages over HTTPS for the other
transports. A hub keeps one connection for each device, so over MQTT a connected
device with this id is disconnected; on a terminal you are asked first. On 401,
403 or 404 the device is registered again, once, and the hub is tried again. On
429 or 5xx the registration is looked up and the hub is tried again, with the
retries described below. With --lookup nothing is registered again.

429, 5xx and the refusals of a session that mean the same are retried with
exponential backoff, full jitter and Retry-After. Every wait is shown on
standard error, unless -q is given. Ctrl-C stops the probe and prints what was
learned; a second Ctrl-C ends dpsdiag at once.`

// probeForms are the usual forms of the command line.
const probeForms = `dpsdiag probe --id-scope ID --registration-id ID --key-file FILE [flags]
dpsdiag probe --id-scope ID --cert FILE --cert-key FILE [flags]
dpsdiag probe [--from FILE] [flags]
dpsdiag probe --preflight [flags]
dpsdiag probe --sandbox SCENARIO [flags]`

const probeShort = `  --id-scope, --registration-id    the DPS instance and the device
  --key-file, --group-key-file,
  --cert with --cert-key,
  --pkcs12, --tpm                  how the device proves itself (one of them)
  --transport all                  compare all transports
  --preflight                      change nothing; without a credential, check
                                   only the network
  --sandbox healthy                try it here, without Azure
  -v, -o json                      show everything; use another format`

const probeExample = `  dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --key-file key.txt
  dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --group-key-env GROUP_KEY
  dpsdiag probe --id-scope 0ne0045B3C6 --cert device.pem --cert-key device.key --preflight
  dpsdiag probe --from /etc/aziot/config.toml
  dpsdiag probe --sandbox cert-chain-incomplete -o json`

// probeOptions are the flags of probe.
type probeOptions struct {
	target     targetOptions
	credential credentialOptions
	service    serviceOptions

	transports        listFlag
	payload           string
	apiVersion        string
	preflight, lookup bool
	hub               hubOptions
	signing           signingOptions
	resume            resumeOptions
	timeout           time.Duration
	maxAttempts       int
	retryMaxWait      time.Duration
	expiresIn         time.Duration
	failOn            string
	verbose           bool
	sandbox           string
}

func newProbeCmd(a *app) *cobra.Command {
	var o probeOptions
	cmd := &cobra.Command{
		Use:     "probe",
		Short:   "register a device and find out why it fails",
		Long:    probeLong,
		Example: probeExample,

		Annotations: map[string]string{shortHelp: probeShort, forms: probeForms},
		Args:        noArguments,
		RunE:        func(cmd *cobra.Command, _ []string) error { return runProbe(cmd.Context(), a, &o, cmd.Flags()) },
	}
	a.addFlags(cmd,
		flagGroup{"What to reach", o.target.flags()},
		flagGroup{"How the device proves itself (one of them)", o.proofFlags()},
		flagGroup{"What to do", o.actionFlags()},
		flagGroup{"The service's side (see dpsdiag inspect)", o.service.flags()},
		flagGroup{"Result", o.resultFlags()})
	complete(cmd, "cloud", cloudCompletions)
	completeWith(cmd, "transport", completeTransports)
	complete(cmd, "sandbox", scenarioCompletions)
	complete(cmd, "fail-on", func() []cobra.Completion { return []cobra.Completion{failOnWarning} })
	return cmd
}

// proofFlags are the flags of the credential, and of what is done with a TPM.
func (o *probeOptions) proofFlags() *pflag.FlagSet {
	flags := o.credential.flags()
	o.credential.tpm.addUse(flags)
	return flags
}

func (o *probeOptions) actionFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("action", pflag.ContinueOnError)
	o.transports.values = []string{string(probe.HTTPS)}
	flags.Var(&o.transports, "transport", "`TRANSPORT` to use: "+strings.Join(transportNames(), ", ")+"; several separated by commas or with the flag repeated, or "+allTransports+" to compare them side by side")
	flags.BoolVar(&o.preflight, "preflight", false, "stop before the register call; changes nothing in the service. Without a credential, id scope and id it checks only the network, over every transport")
	flags.BoolVar(&o.lookup, "lookup", false, "look the registration up instead of registering; unbilled, changes nothing")
	o.hub.addTo(flags)
	flags.StringVar(&o.payload, "payload", "", "`JSON` to send with the registration, or @FILE")
	flags.StringVar(&o.apiVersion, "api-version", "", "`VERSION` of the device API (default "+dps.DefaultAPIVersion+"; with a signing request "+dps.IssuingAPIVersion+")")
	o.signing.addTo(flags)
	o.resume.addTo(flags)
	addDuration(flags, &o.timeout, "timeout", probe.DefaultBudget, "`DURATION` that the whole probe may take")
	flags.IntVar(&o.maxAttempts, "max-attempts", probe.DefaultMaxAttempts, "maximum `NUMBER` of attempts to open a session, and then to register, while the service asks to try again later; the first attempt counts")
	addDuration(flags, &o.retryMaxWait, "retry-max-wait", probe.DefaultRetryMaxWait, "longest `DURATION` of one wait, even if the service asks for a longer one")
	addDuration(flags, &o.expiresIn, "expires-in", probe.DefaultExpiresIn, "warn of certificates that expire within this `DURATION`")
	flags.StringVar(&o.sandbox, "sandbox", "", "probe an emulator inside this program with the fault of `SCENARIO`, as a matching device or with --tpm; no network, no Azure account (see dpsdiag emulate --list-scenarios)")
	return flags
}

// failOnWarning is the value of --fail-on.
const failOnWarning = "warning"

func (o *probeOptions) resultFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("result", pflag.ContinueOnError)
	flags.StringVar(&o.failOn, "fail-on", "", "exit status 5 when the device is registered but there are warnings; `LEVEL` is "+failOnWarning)
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "show everything: the facts of every stage, all causes and remedies, why others are ruled out, and the exchange with the service without its secrets; JSON always has all of this")
	return flags
}

// runProbe probes the device and writes the report.
func runProbe(ctx context.Context, a *app, o *probeOptions, flags *pflag.FlagSet) error {
	if err := o.check(flags); err != nil {
		return err
	}
	if o.showsKeyAlone(a) {
		return o.showEndorsementKey(ctx, a)
	}
	keeper := o.signing.keeper(a)
	evidence, err := o.probe(ctx, a, flags, keeper)
	if err != nil {
		return err
	}
	tool := report.Tool{Version: buildVersion().Version}
	doc := report.NewProbe(evidence, advice.Diagnose(evidence), tool, o.failOn == failOnWarning)
	text := a.textOptions()
	text.Verbose = o.verbose
	if a.global.wants("bundle") {
		text.Attachments = o.attachments(a, flags, evidence)
	}
	if err := errors.Join(a.write(doc, text), keeper.err()); err != nil {
		return err
	}
	return exitWith(doc.ExitStatus())
}

// probe runs the probe that the flags describe. It reads the service's side after the probe, so that
// the registration state there is the result of this attempt. If it returns an error, nothing was
// sent.
func (o *probeOptions) probe(ctx context.Context, a *app, flags *pflag.FlagSet, keeper *issuedKeeper) (*probe.Evidence, error) {
	o.showTransports(a)
	transports, err := parseTransports(o.transports.values)
	if err != nil {
		return nil, err
	}
	d, end, err := o.device(ctx, a, flags)
	if err != nil {
		return nil, err
	}
	defer end()
	cfg, err := o.build(a, d, transports)
	if err != nil {
		return nil, err
	}
	if o.service.given() && d.attestation.Kind() == probe.KindNone {
		return nil, usagef("give --registration-id and the device's credential, or use dpsdiag inspect ID", "a preflight without a device has nothing to compare with the service's side")
	}
	side, err := o.service.check(a, d.registrationID, d.roots, d.proxy)
	if err != nil {
		return nil, err
	}
	cfg.Asked = o.asked(flags)
	if keeper != nil {
		cfg.OnIssued = keeper.keep
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	defer a.endInterruptedLine(ctx)
	evidence := watch(ctx, a, cfg)
	if side != nil && ctx.Err() == nil && d.registrationID != "" {
		evidence.Service = side.inspect(ctx, a, d.inspected())
	}
	return &evidence, nil
}

// device returns the device to probe: that of the sandbox, or that of the settings. The caller calls
// end after the probe.
func (o *probeOptions) device(ctx context.Context, a *app, flags *pflag.FlagSet) (d *device, end func(), err error) {
	if o.sandbox != "" {
		return o.enterSandbox(ctx, a, flags)
	}
	assignment, err := o.resume.assignment(a)
	if err != nil {
		return nil, nil, err
	}
	o.hub.check = o.hub.check || assignment != nil
	s, err := o.resolve(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	s.assignment = assignment
	d, err = s.check(ctx, a, o.target.ports)
	return d, func() {}, err
}

// build makes the configuration of the probe, except for Asked and the callbacks, which are set later.
func (o *probeOptions) build(a *app, d *device, chosen []probe.Transport) (cfg probe.Config, err error) {
	if d.attestation.Kind() == probe.KindNone && !o.transports.given {
		chosen, o.transports.values = probe.Transports(), []string{allTransports}
	}
	if chosen, err = o.fitTransports(a, chosen, d.attestation.Kind()); err != nil {
		return cfg, err
	}
	if err := o.resume.fits(d.attestation.Kind()); err != nil {
		return cfg, err
	}
	signing, err := o.request(a, d)
	if err != nil {
		return cfg, err
	}
	checkHub, noHub, err := o.hub.decide(a, chosen, d.registrationID, o.sandbox != "")
	if err != nil {
		return cfg, err
	}
	cfg = o.configure(d, chosen)
	cfg.CheckHub, cfg.NoHub, cfg.Signing = checkHub, noHub, signing
	cfg.MayDisconnect = o.hub.mayDisconnect(a, o.sandbox != "")
	cfg.OperationID, cfg.Assignment = o.resume.operationID, d.assignment
	return cfg, nil
}

// configure makes the part of the configuration that a probe and a fleet have in common.
func (o *probeOptions) configure(d *device, chosen []probe.Transport) probe.Config {
	return probe.Config{
		Endpoint:       d.endpoint,
		Scope:          d.scope,
		RegistrationID: d.registrationID,
		Attestation:    d.attestation,
		Transports:     chosen,
		Mode:           o.mode(),
		Payload:        d.payload,
		APIVersion:     o.apiVersion,
		Origins:        d.origins,
		Remarks:        d.remarks,
		Roots:          d.roots,
		ExtraRoots:     d.ownRoots,
		Proxy:          d.proxy,
		Budget:         o.timeout,
		MaxAttempts:    o.maxAttempts,
		RetryMaxWait:   o.retryMaxWait,
		ExpiresIn:      o.expiresIn,
		Now:            d.now,
	}
}

// request returns the signing request to send: that of the flags, or else that of the sandbox, or nil.
func (o *probeOptions) request(a *app, d *device) (*probe.Signing, error) {
	signing, err := o.signing.read(a, d.registrationID, !o.preflight)
	if signing != nil || err != nil {
		if err == nil && o.signing.out == "" && o.sandbox == "" && !o.preflight {
			tell(a.stderr, "dpsdiag: the issued certificate is not kept without --issued-cert-out FILE")
		}
		return signing, err
	}
	if o.lookup {
		return nil, nil
	}
	return d.signing, nil
}

// watch runs a probe and shows its progress.
func watch(ctx context.Context, a *app, cfg probe.Config) probe.Evidence {
	progress := newProgress(a, cfg)
	defer progress.stop()
	cfg.OnEvent = progress.event
	return probe.Do(ctx, cfg)
}

// check checks the flags, as far as that is possible without reading files.
func (o *probeOptions) check(flags *pflag.FlagSet) error {
	if err := noEmptyValue(flags); err != nil {
		return err
	}
	switch {
	case o.sandbox != "" && o.service.given():
		return usagef("dpsdiag emulate serves the service API as well", "--sandbox cannot be combined with the flags of the service's side")
	case o.failOn != "" && o.failOn != failOnWarning:
		return usagef("it can be "+failOnWarning, "--fail-on: %q is not a level", o.failOn)
	case o.maxAttempts < 1:
		return usagef("the first call is counted, so 1 means no retry", "--max-attempts: %d is too few", o.maxAttempts)
	case strings.ContainsFunc(o.apiVersion, notInVersion):
		return usagef("an api-version looks like "+dps.DefaultAPIVersion, "--api-version: %q may contain only letters, digits, - and .", o.apiVersion)
	}
	if err := o.checkModes(); err != nil {
		return err
	}
	if err := o.target.check(flags); err != nil {
		return err
	}
	if err := o.signing.check(o.lookup); err != nil {
		return err
	}
	return o.checkDurations()
}

// notInVersion reports whether r cannot be part of an api-version.
func notInVersion(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
}

func (o *probeOptions) checkDurations() error {
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"--timeout", o.timeout}, {"--retry-max-wait", o.retryMaxWait}, {"--expires-in", o.expiresIn}} {
		if d.value <= 0 {
			return usagef("give a duration such as 30s or 2m", "%s: %s is not more than zero", d.flag, duration.Notation(d.value))
		}
	}
	return nil
}

func (o *probeOptions) mode() probe.Mode {
	switch {
	case o.preflight:
		return probe.ModePreflight
	case o.lookup:
		return probe.ModeLookup
	case o.resume.hubOnly:
		return probe.ModeHub
	case o.resume.operationID != "":
		return probe.ModeResume
	}
	return probe.ModeRegister
}
