package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/time/rate"

	"dpsdiag/internal/atomicfile"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/duration"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/fleet"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
)

const fleetLong = `fleet registers the devices of a list, as probe registers one, within the limits
of the service, and groups the faults by cause, each with examples and the times
of its first and last device.

The list is CSV with a first line that names the columns, or JSON lines with the
same names: registration_id, and for each device one credential in key,
key_file, key_env, cert with cert_key, or pkcs12. A device without one uses the
key that is derived from --group-key-file. Relative paths begin at the folder of
the list. The whole list is checked before anything is sent; every bad line is
reported.

--rate is how many devices begin in a period. If the service answers one device
with 429, all wait as long as it asks. A device that is put off is tried again
later.

--resume FILE records what has finished, a JSON line for each device. The same
command with the same file continues after Ctrl-C, a crash or kill -9, and
registers no device twice: one that may have been registered is looked up first,
over HTTPS. With --retry-failed it also registers again the devices that failed;
the last result of each device counts.

Exit status: that of the worst device; 130 after Ctrl-C, with what was learned.`

const fleetExample = `  dpsdiag fleet --id-scope 0ne0045B3C6 --devices devices.csv --resume run.jsonl
  dpsdiag fleet --id-scope 0ne0045B3C6 --devices devices.csv --resume run.jsonl --retry-failed
  dpsdiag fleet --id-scope 0ne0045B3C6 --devices ids.csv --group-key-env GROUP_KEY --rate 300/m
  dpsdiag fleet --id-scope 0ne0045B3C6 --devices devices.csv --dry-run
  dpsdiag fleet --id-scope 0ne0045B3C6 --devices devices.csv --lookup -o html=fleet.html`

// fleetForms are the ways in which a list is given.
const fleetForms = `dpsdiag fleet --devices FILE --id-scope ID [flags]
dpsdiag fleet --devices FILE --id-scope ID --group-key-file FILE [flags]`

// fleetOptions are the flags of fleet. Those that probe has too are in probe.
type fleetOptions struct {
	probe       probeOptions
	devices     string
	rate        rateFlag
	concurrency int
	resume      string
	retryFailed bool
	dryRun      bool
	patience    time.Duration
}

func newFleetCmd(a *app) *cobra.Command {
	var o fleetOptions
	cmd := &cobra.Command{
		Use:     "fleet",
		Short:   "register the devices of a list and group their faults by cause",
		Long:    fleetLong,
		Example: fleetExample,

		Annotations: map[string]string{forms: fleetForms},
		Args:        noArguments,
		RunE:        func(cmd *cobra.Command, _ []string) error { return runFleet(cmd.Context(), a, &o, cmd.Flags()) },
	}
	a.addFlags(cmd,
		flagGroup{"The devices", o.listFlags()},
		flagGroup{"What to reach", chosen("target", o.probe.target.flags(), "id-scope", "endpoint", "cloud", "port-https", "port-mqtt", "port-amqp", "ca-file", "proxy")},
		flagGroup{"What to do", o.actionFlags()},
		flagGroup{"Result", o.probe.resultFlags()})
	complete(cmd, "cloud", cloudCompletions)
	completeWith(cmd, "transport", completeTransports)
	complete(cmd, "fail-on", func() []cobra.Completion { return []cobra.Completion{failOnWarning} })
	return cmd
}

// chosen returns a set of the named flags of another set.
func chosen(name string, from *pflag.FlagSet, names ...string) *pflag.FlagSet {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	for _, name := range names {
		flags.AddFlag(from.Lookup(name))
	}
	return flags
}

func (o *fleetOptions) listFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("list", pflag.ContinueOnError)
	flags.StringVar(&o.devices, "devices", "", "`FILE` with the devices, CSV or JSON lines; \"-\" is standard input")
	flags.AddFlagSet(chosen("credentials", o.probe.credential.flags(), "group-key-file", "group-key-env", "pkcs12-password-file", "pkcs12-password-env"))
	flags.Lookup("pkcs12-password-file").Usage = "`FILE` whose first line is the password of every pkcs12 of the list"
	flags.Lookup("pkcs12-password-env").Usage = "environment variable `VAR` with the password of every pkcs12 of the list"
	flags.StringVar(&o.resume, "resume", "", "`FILE` that records what has finished, made if there is none; with the same file the run continues where it ended")
	flags.BoolVar(&o.retryFailed, "retry-failed", false, "also register again the devices that failed in the run of --resume")
	flags.BoolVar(&o.dryRun, "dry-run", false, "check the whole list and send nothing")
	return flags
}

func (o *fleetOptions) actionFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("action", pflag.ContinueOnError)
	flags.AddFlagSet(chosen("probe", o.probe.actionFlags(), "transport", "preflight", "lookup", "payload", "api-version", "timeout", "max-attempts", "expires-in"))
	flags.Lookup("transport").Usage = "`TRANSPORT` to use: " + strings.Join(transportNames(), ", ")
	flags.Lookup("preflight").Usage = "stop before the register call; changes nothing in the service"
	flags.Lookup("api-version").Usage = "`VERSION` of the device API (default " + dps.DefaultAPIVersion + ")"
	flags.Lookup("timeout").Usage = "`DURATION` that each device may take"
	o.rate = rateFlag{fleetRate, "600/m"}
	flags.Var(&o.rate, "rate", "`RATE` at which devices begin, such as 10/s, 600/m or 20000/h; "+noRate+" for no limit")
	flags.IntVar(&o.concurrency, "concurrency", fleet.DefaultConcurrency, "`NUMBER` of devices at a time")
	addDuration(flags, &o.patience, "patience", fleet.DefaultPatience, "`DURATION` for which the service may throttle while no device finishes; then no further device is begun")
	return flags
}

// fleetRate is the default of --rate, per second: well below the 1,000 registrations a minute
// that a service takes.
const fleetRate rate.Limit = 10

// noRate is the value of --rate for no limit.
const noRate = "none"

// rateFlag is the value of a flag that takes a number of events in a period.
type rateFlag struct {
	limit rate.Limit
	text  string
}

// String implements pflag.Value.
func (r *rateFlag) String() string { return r.text }

// Type implements pflag.Value.
func (*rateFlag) Type() string { return "rate" }

// Set implements pflag.Value.
func (r *rateFlag) Set(text string) error {
	limit, err := parseRate(text)
	if err != nil {
		return err
	}
	r.limit, r.text = limit, text
	return nil
}

// parseRate reads a number of events a second (/s), minute (/m) or hour (/h).
func parseRate(text string) (rate.Limit, error) {
	if text == noRate {
		return rate.Inf, nil
	}
	number, unit, _ := strings.Cut(text, "/")
	var events float64
	if _, err := fmt.Sscanf(number+"\n", "%g\n", &events); err != nil || !(events > 0 && events <= 1e9) { // nor NaN
		return 0, errors.New("not a rate")
	}
	switch unit {
	case "s":
		return rate.Limit(events), nil
	case "m":
		return rate.Limit(events / 60), nil
	case "h":
		return rate.Limit(events / 3600), nil
	}
	return 0, errors.New("not a rate")
}

func runFleet(ctx context.Context, a *app, o *fleetOptions, flags *pflag.FlagSet) error {
	if err := o.check(flags); err != nil {
		return err
	}
	cfg, err := o.build(a)
	if err != nil {
		return err
	}
	list, err := o.readList(ctx, a, &cfg)
	if err != nil {
		return err
	}
	options := report.FleetOptions{
		Tool: report.Tool{Version: buildVersion().Version}, Endpoint: endpointOf(cfg.Probe), IDScope: cfg.Probe.Scope,
		Transport: cfg.Probe.Transports[0].ID(), Mode: string(cfg.Probe.Mode), Rate: o.rate.text, Journal: o.resume,
		FailOnWarning: o.probe.failOn == failOnWarning,
	}
	text := a.textOptions()
	text.Verbose = o.probe.verbose
	if o.dryRun {
		options.Mode = report.DryRun
		return a.write(report.NewFleet(&fleet.Outcome{Started: a.now(), Devices: len(list.Devices)}, options), text)
	}
	if cfg.Journal, err = o.openJournal(ctx, cfg.Probe, a.now()); err != nil {
		return err
	}
	if cfg.Journal != nil {
		defer cfg.Journal.Close()
	}
	outcome := watchFleet(ctx, a, list, cfg)
	if outcome.Unsaved != nil {
		effect := "no further device was begun"
		if outcome.NotStarted == 0 {
			effect = "not every result is in it"
		}
		tell(a.stderr, "dpsdiag: --resume: cannot write %q: %s; %s", o.resume, reason(outcome.Unsaved), effect)
	}
	doc := report.NewFleet(&outcome, options)
	if err := a.write(doc, text); err != nil {
		return err
	}
	return exitWith(doc.ExitStatus())
}

// check checks what can be checked from the flags alone.
func (o *fleetOptions) check(flags *pflag.FlagSet) error {
	switch {
	case o.devices == "" && !flags.Changed("devices"):
		return usagef("a CSV with the column registration_id and one for the credential, such as key_file; see dpsdiag fleet --help", "--devices is missing")
	case o.concurrency < 1 || o.concurrency > 1000:
		return usagef("give a number from 1 to 1000", "--concurrency: %d is not possible", o.concurrency)
	case o.retryFailed && o.resume == "":
		return usagef("give the file of --resume from the run in which devices failed", "--retry-failed needs --resume")
	case o.patience <= 0:
		return usagef("give a duration such as 30s or 2m", "--patience: %s is not more than zero", duration.Notation(o.patience))
	}
	// The longest pause is that of the budget: a device that has to wait longer is tried again later.
	o.probe.retryMaxWait = o.probe.timeout
	return o.probe.check(flags)
}

// build makes the configuration of the run, except for the group key and the journal.
func (o *fleetOptions) build(a *app) (cfg fleet.Config, err error) {
	transports, err := parseTransports(o.probe.transports.values)
	switch {
	case err != nil:
		return cfg, err
	case len(transports) > 1:
		return cfg, usagef("name one; dpsdiag probe compares them for one device", "--transport: %d transports; each device is registered once", len(transports))
	}
	flags, err := o.probe.fromFlags()
	if err != nil {
		return cfg, err
	}
	env := edgeconf.FromEnv(a.lookupEnv, a.readConfig)
	merged := edgeconf.Merge(flags, &edgeconf.Settings{Endpoint: env.Endpoint, IDScope: env.IDScope})
	if merged.Endpoint.IsZero() {
		merged.Endpoint.Text = dps.CloudPublic.GlobalHost()
	}
	s := &settings{endpoint: merged.Endpoint, scope: merged.IDScope, payload: merged.Payload, trust: merged.Trust}
	if s.proxy, err = o.probe.target.chooseProxy(a, merged); err != nil {
		return cfg, err
	}
	cfg = fleet.Config{Rate: o.rate.limit, Concurrency: o.concurrency, Patience: o.patience, RetryFailed: o.retryFailed}
	cfg.Probe, err = o.service(a, s, transports)
	return cfg, err
}

// service makes the configuration that the probes of all devices share.
func (o *fleetOptions) service(a *app, s *settings, transports []probe.Transport) (cfg probe.Config, err error) {
	scope, err := s.checkScope(scopeHint)
	if err != nil {
		return cfg, err
	}
	endpoint, err := dps.ParseEndpoint(s.endpoint.Text)
	if err != nil {
		return cfg, usagef("the endpoint of the public cloud is "+dps.CloudPublic.GlobalHost(), "%s: %v", s.endpoint.Origin, err)
	}
	o.probe.target.ports.set(&endpoint)
	payload, err := parsePayload(s.payload)
	if err != nil {
		return cfg, err
	}
	roots, err := s.trustAnchors()
	if err != nil {
		return cfg, err
	}
	d := &device{endpoint: endpoint, scope: scope, payload: payload, roots: roots, ownRoots: roots != nil, proxy: s.proxy, now: a.now}
	return o.probe.configure(d, transports), nil
}

// endpointOf is the host, with the port if it is not the service's own.
func endpointOf(cfg probe.Config) string {
	transport := cfg.Transports[0].ID()
	port := transport.Port(cfg.Endpoint)
	if port == transport.StandardPort() {
		return cfg.Endpoint.Host
	}
	return net.JoinHostPort(cfg.Endpoint.Host, strconv.Itoa(port))
}

// openJournal opens the file of --resume; nil if there is none.
func (o *fleetOptions) openJournal(ctx context.Context, cfg probe.Config, now time.Time) (*fleet.Journal, error) {
	if o.resume == "" {
		return nil, nil
	}
	if info, err := os.Stat(o.resume); o.retryFailed && (err != nil || info.Size() == 0) {
		return nil, usagef("for a first run leave out --retry-failed", "--retry-failed: %q contains no run", o.resume)
	}
	if err := atomicfile.CheckMode(o.resume); err != nil { // root could open it all the same
		return nil, cannotWrite("--resume", o.resume, err)
	}
	journal, err := fleet.OpenJournal(ctx, o.resume, fleet.Head{
		Endpoint: cfg.Endpoint.Host, IDScope: cfg.Scope, Mode: string(cfg.Mode), StartedAt: now.UTC().Truncate(time.Second),
	})
	if problem, ok := errors.AsType[*fleet.JournalError](err); ok {
		return nil, usagef(problem.Hint, "--resume: %q %s", o.resume, problem.Problem)
	}
	if err != nil {
		return nil, cannotWrite("--resume", o.resume, err)
	}
	return journal, nil
}

// readList reads the list and the credentials that its devices share, and checks all of it.
func (o *fleetOptions) readList(ctx context.Context, a *app, cfg *fleet.Config) (*fleet.List, error) {
	credentials := &fleet.Credentials{Dir: filepath.Dir(o.devices), ReadFile: readBounded, LookupEnv: a.lookupEnv}
	cfg.Credentials = credentials
	if len(o.probe.credential.groupKey.flags()) > 0 {
		key, err := o.probe.credential.groupKey.readKey(a)
		if err != nil {
			return nil, err
		}
		credentials.GroupKey = &key
	}
	if password := o.probe.credential.pkcs12; len(password.password.flags()) > 0 {
		var err error
		if credentials.Password, err = password.readPassword(ctx, a, nil); err != nil {
			return nil, err
		}
	}
	list, err := o.openList(a)
	if err != nil {
		return nil, err
	}
	if len(list.Ignored) > 0 {
		tell(a.stderr, "dpsdiag: --devices: ignored columns: %s", strings.Join(list.Ignored, ", "))
	}
	problems := list.Check(credentials, cfg.Probe.Transports[0], cfg.Probe.Mode)
	if len(problems) == 0 {
		return list, nil
	}
	for _, p := range problems {
		tell(a.stderr, "%s:%d: %s", o.devices, p.Line, p.Text)
	}
	return nil, usagef("correct or remove them; nothing was sent", "--devices: %d of %d devices of the list cannot be probed", len(problems), len(list.Devices)+len(list.Problems))
}

// openList reads the file of --devices.
func (o *fleetOptions) openList(a *app) (*fleet.List, error) {
	name, source := fmt.Sprintf("%q", o.devices), a.stdin
	if o.devices == "-" {
		name = "standard input"
	} else {
		file, err := os.Open(o.devices)
		if err != nil {
			return nil, usagef("check the path and its permissions", "--devices: cannot open %s: %s", name, reason(err))
		}
		defer file.Close()
		source = file
	}
	text, _, err := logtext.Decode(source) // Excel and PowerShell write UTF-16
	var list *fleet.List
	if err == nil {
		list, err = fleet.ReadList(text)
	}
	binary, isBinary := errors.AsType[*logtext.BinaryError](err)
	twice, isTwice := errors.AsType[*fleet.TwiceError](err)
	_, isLong := errors.AsType[*fleet.LongLineError](err)
	switch {
	case errors.Is(err, logtext.ErrDamaged):
		return nil, usagef("create the file again", "--devices: %s is %v", name, logtext.ErrDamaged)
	case isBinary:
		return nil, usagef("a list is CSV or JSON lines", "--devices: %s is %v", name, binary)
	case isLong:
		return nil, usagef("is it the right file? A list is CSV or JSON lines", "--devices: %s: %v", name, err)
	case errors.Is(err, fleet.ErrNoHeader):
		return nil, usagef("the columns are "+strings.Join(fleet.Columns(), ", ")+"; or write JSON lines", "--devices: %s: %v", name, err)
	case isTwice:
		return nil, usagef("leave one of them out", "--devices: %s: %v", name, twice)
	case errors.Is(err, fleet.ErrNoDevices):
		return nil, usagef("is it the right file, and was it written to the end?", "--devices: %s: %v", name, err)
	case err != nil:
		return nil, usagef("check the path and its permissions", "--devices: cannot read %s: %s", name, reason(err))
	}
	return list, nil
}

// readBounded reads a file of a credential.
func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxInput+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxInput:
		return nil, errors.New("larger than 1 MiB")
	}
	text, ok := withoutMark(data)
	if !ok {
		return nil, errors.New("UTF-16 text; save it as UTF-8 or ASCII")
	}
	return text, nil
}
