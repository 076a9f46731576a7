package main

import (
	"context"
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
connect, tls, open, register, assign and, with --check-hub, hub), and tells what
went wrong, how sure that is and what to do.

It is a real registration: the service may create or update the device in the
assigned hub, and counts and bills it. --lookup and --preflight change nothing.
Nothing is sent before all flags and files have been checked.

--check-hub shows the assigned hub the same credential: MQTT CONNECT and
DISCONNECT for mqtt and mqtt-ws, a request for messages over HTTPS for the other
transports. A hub keeps one connection of a device, so over MQTT a live device
of this id is disconnected; on a terminal you are asked first. On 401, 403 or
404 the device is registered again, once, and the hub asked again; on 429 or 5xx
the registration is looked up and the hub asked again, as often and as patiently
as below. With --lookup nothing is registered again.

429 and 5xx, and what means the same when a session is opened, are retried with
exponential backoff, full jitter and Retry-After; every wait is told on standard
error. Ctrl-C prints what was learned; a second one ends at once.`

const probeExample = `  dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --key-file key.txt
  dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --group-key-env GROUP_KEY
  dpsdiag probe --id-scope 0ne0045B3C6 --cert device.pem --cert-key device.key --preflight
  dpsdiag probe --from /etc/aziot/config.toml
  dpsdiag probe --sandbox cert-chain-incomplete -o json`

// probeOptions are the flags of probe.
type probeOptions struct {
	target     targetOptions
	credential credentialOptions

	transports        string
	payload           string
	apiVersion        string
	preflight, lookup bool
	hub               hubOptions
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
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runProbe(cmd.Context(), a, &o, cmd.Flags()) },
	}
	a.addFlags(cmd,
		flagGroup{"What to reach", o.target.flags()},
		flagGroup{"How the device proves itself (one of them)", o.credential.flags()},
		flagGroup{"What to do", o.actionFlags()},
		flagGroup{"Result", o.resultFlags()})
	complete(cmd, "cloud", cloudCompletions)
	complete(cmd, "transport", transportCompletions)
	complete(cmd, "sandbox", scenarioCompletions)
	complete(cmd, "fail-on", func() []cobra.Completion { return []cobra.Completion{failOnWarning} })
	return cmd
}

func (o *probeOptions) actionFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("action", pflag.ContinueOnError)
	flags.StringVar(&o.transports, "transport", string(probe.HTTPS), "`TRANSPORT` to use: "+strings.Join(transportNames(), ", ")+"; several with commas, or "+allTransports+" to compare them side by side")
	flags.BoolVar(&o.preflight, "preflight", false, "stop before the register call; changes nothing in the service")
	flags.BoolVar(&o.lookup, "lookup", false, "look the registration up instead of registering; unbilled, changes nothing")
	o.hub.addTo(flags)
	flags.StringVar(&o.payload, "payload", "", "`JSON` to send with the registration, or @FILE")
	flags.StringVar(&o.apiVersion, "api-version", dps.DefaultAPIVersion, "`VERSION` of the device API")
	addDuration(flags, &o.timeout, "timeout", probe.DefaultBudget, "`DURATION` that the whole probe may take")
	flags.IntVar(&o.maxAttempts, "max-attempts", probe.DefaultMaxAttempts, "`NUMBER` of attempts to open and then to register, the first included, when the answer is to come back later")
	addDuration(flags, &o.retryMaxWait, "retry-max-wait", probe.DefaultRetryMaxWait, "longest single `DURATION` to wait, whatever the service asks for")
	addDuration(flags, &o.expiresIn, "expires-in", probe.DefaultExpiresIn, "warn of certificates that expire within this `DURATION`")
	flags.StringVar(&o.sandbox, "sandbox", "", "probe an emulator inside this program that plays `SCENARIO`, with a fitting identity or that of --tpm; no network, no Azure account (see dpsdiag emulate --list-scenarios)")
	return flags
}

// failOnWarning is the value of --fail-on.
const failOnWarning = "warning"

func (o *probeOptions) resultFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("result", pflag.ContinueOnError)
	flags.StringVar(&o.failOn, "fail-on", "", "\"warning\": exit status 5 when the device is registered but there are warnings (`LEVEL`)")
	flags.BoolVar(&o.verbose, "verbose", false, "show also the facts of every stage, what to do about unlikely causes and why others are ruled out, which JSON always has, and the exchange with the service without its secrets")
	return flags
}

func runProbe(ctx context.Context, a *app, o *probeOptions, flags *pflag.FlagSet) error {
	if err := o.validate(flags); err != nil {
		return err
	}
	cfg, end, err := o.config(ctx, a, flags)
	if err != nil {
		return err
	}
	if err := o.fitTransports(a, &cfg); err != nil {
		end()
		return err
	}
	if err := o.hub.decide(a, &cfg, o.sandbox != ""); err != nil {
		end()
		return err
	}
	evidence := watchedProbe(ctx, a, cfg)
	end()
	tool := report.Tool{Version: buildVersion().Version}
	doc := report.NewProbe(&evidence, advice.Diagnose(&evidence), tool, o.failOn == failOnWarning)
	text := a.textOptions()
	text.Verbose = o.verbose
	if err := a.write(doc, text); err != nil {
		return err
	}
	return exitWith(doc.ExitCode)
}

// watchedProbe runs a probe that can be interrupted and tells what it waits for.
func watchedProbe(ctx context.Context, a *app, cfg probe.Config) probe.Evidence {
	ctx, stop := a.interruptible(ctx)
	defer stop()
	progress := newProgress(a.stderr, cfg.MaxAttempts)
	defer progress.stop()
	cfg.OnEvent = progress.event
	return probe.Do(ctx, cfg)
}

// validate checks what can be checked of the flags alone.
func (o *probeOptions) validate(flags *pflag.FlagSet) error {
	if err := noEmptyValue(flags); err != nil {
		return err
	}
	switch {
	case o.preflight && o.lookup:
		return usagef("leave one of them out", "--preflight and --lookup exclude each other")
	case o.preflight && o.hub.check:
		return usagef("leave one of them out: the hub is known only after a registration or a lookup", "--preflight and --check-hub exclude each other")
	case o.failOn != "" && o.failOn != failOnWarning:
		return usagef("it can be "+failOnWarning, "--fail-on: %q is not a level", o.failOn)
	case o.maxAttempts < 1:
		return usagef("the first call is counted, so 1 means no retry", "--max-attempts: %d is too few", o.maxAttempts)
	case strings.ContainsFunc(o.apiVersion, notInVersion):
		return usagef("an api-version looks like "+dps.DefaultAPIVersion, "--api-version: %q has more in it than letters, digits, - and .", o.apiVersion)
	}
	if err := o.target.validate(flags); err != nil {
		return err
	}
	return o.validateDurations()
}

// notInVersion reports what no api-version has.
func notInVersion(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.'
}

func (o *probeOptions) validateDurations() error {
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

// noEmptyValue refuses flags with an empty value: most often a shell variable that is not
// set, and taking them as absent would probe something else than was meant.
func noEmptyValue(flags *pflag.FlagSet) (err error) {
	flags.Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" && err == nil {
			err = usagef("is a shell variable empty?", "--%s: the value is empty", f.Name)
		}
	})
	return err
}

// config is the probe that the flags ask for, and what to call when it has ended.
func (o *probeOptions) config(ctx context.Context, a *app, flags *pflag.FlagSet) (cfg probe.Config, end func(), err error) {
	cfg = probe.Config{
		APIVersion:   o.apiVersion,
		Budget:       o.timeout,
		MaxAttempts:  o.maxAttempts,
		RetryMaxWait: o.retryMaxWait,
		ExpiresIn:    o.expiresIn,
		Mode:         o.mode(),
		Now:          a.now,
	}
	if cfg.Transports, err = parseTransports(o.transports); err != nil {
		return cfg, nil, err
	}
	if o.sandbox != "" {
		if cfg.Payload, err = o.readPayload(o.flagSettings().Payload); err != nil {
			return cfg, nil, err
		}
		end, err = o.enterSandbox(ctx, a, &cfg, flags)
		return cfg, end, err
	}
	return cfg, func() {}, o.configure(ctx, a, &cfg)
}

// configure takes identity, target and the way there into the probe.
func (o *probeOptions) configure(ctx context.Context, a *app, cfg *probe.Config) error {
	settings, err := o.settings(a)
	if err != nil {
		return err
	}
	if err := o.adopt(ctx, a, settings, cfg); err != nil {
		return err
	}
	if cfg.Proxy, err = o.target.proxies(a, settings); err != nil {
		return err
	}
	return o.target.fill(cfg, settings)
}

func (o *probeOptions) mode() probe.Mode {
	switch {
	case o.preflight:
		return probe.ModePreflight
	case o.lookup:
		return probe.ModeLookup
	}
	return probe.ModeRegister
}
