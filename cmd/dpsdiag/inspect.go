package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/inspect"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
	"dpsdiag/internal/report"
)

const inspectLong = `inspect shows what the service itself holds for a device: the enrollment or the
group that decides, its status, attestation, allocation and hubs, and the last
registration with its error. If the device's credential is given, it is
compared: the key with the primary, the secondary and the derived one, the
certificate by thumbprint and chain, the TPM by its endorsement key. Keys are
compared on this machine and never shown.

The service's side is read from the service API, with the connection string of a
shared access policy (EnrollmentRead and RegistrationStatusRead; to show keys,
the service may require EnrollmentWrite) or a bearer token, or offline from
files with the output of az. Only reads are sent. What the API does not show
(id scope, linked hubs, verified CAs, network access) comes from --instance and
--certificates.

The same flags make probe diagnose from both sides.

Exit status:
  0    nothing stands in the way, as far as is known
  1    something does
  2    wrong usage, or a file or credential that cannot be used
  3    too little could be read to tell
  130  interrupted; what was read until then is printed`

const inspectExample = `  dpsdiag inspect sensor-17 --service-env DPS_CONNECTION_STRING
  dpsdiag inspect sensor-17 --service-env DPS_CONNECTION_STRING --key-file key.txt
  dpsdiag inspect sensor-17 --enrollment enrollment.json --instance instance.json
  dpsdiag inspect sensor-17 --service-env DPS_CONNECTION_STRING --watch`

// inspectOptions are the flags of inspect.
type inspectOptions struct {
	service       serviceOptions
	credential    credentialOptions
	scope         string
	endpoint      string
	caFile, proxy string
	watch         bool
	every         time.Duration
	verbose       bool
}

// watchInterval is how long --watch waits between two reads: the service allows a few thousand
// reads a minute.
const watchInterval = 5 * time.Second

func newInspectCmd(a *app) *cobra.Command {
	var o inspectOptions
	cmd := &cobra.Command{
		Use:     "inspect ID",
		Short:   "show what the service holds for a device; read-only",
		Long:    inspectLong,
		Example: inspectExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runInspect(cmd.Context(), a, &o, cmd.Flags(), args)
		},
	}
	a.addFlags(cmd,
		flagGroup{"What to read (the service API or files)", o.service.flags()},
		flagGroup{"What to compare", o.deviceFlags()},
		flagGroup{"The device's credential (at most one)", o.credentialFlags()},
		flagGroup{"Result", o.resultFlags()})
	return cmd
}

// credentialFlags are those of probe. To compare a certificate takes no private key.
func (o *inspectOptions) credentialFlags() *pflag.FlagSet {
	flags := o.credential.flags()
	flags.Lookup("cert").Usage = "PEM `FILE` with the device certificate and its intermediates"
	return flags
}

func (o *inspectOptions) deviceFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("device", pflag.ContinueOnError)
	flags.StringVar(&o.scope, "id-scope", "", "`ID` scope that the device uses")
	flags.StringVar(&o.endpoint, "endpoint", "", "`HOST[:PORT]` of the endpoint that the device uses")
	flags.StringVar(&o.caFile, "ca-file", "", "PEM `FILE` of certificates to trust besides those of the system")
	flags.StringVar(&o.proxy, "proxy", "", "`URL` of an HTTP, HTTPS or SOCKS5 proxy, as for probe")
	return flags
}

func (o *inspectOptions) resultFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("result", pflag.ContinueOnError)
	flags.BoolVar(&o.watch, "watch", false, "read again every few seconds until something changes, then show it and exit")
	addDuration(flags, &o.every, "every", watchInterval, "`DURATION` between two reads of --watch")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "show everything: the facts of every check, and checks that do not apply")
	return flags
}

func runInspect(ctx context.Context, a *app, o *inspectOptions, flags *pflag.FlagSet, args []string) error {
	if err := o.check(flags, args); err != nil {
		return err
	}
	d, err := o.device(ctx, a, args[0])
	if err != nil {
		return err
	}
	source, err := o.service.check(a, d.registrationID, d.roots, d.proxy)
	if err != nil {
		return err
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	defer a.endInterruptedLine(ctx)
	doc := o.read(ctx, a, source, d)
	if o.watch && ctx.Err() == nil {
		doc = o.watchFor(ctx, a, source, d, doc)
	}
	text := a.textOptions()
	text.Verbose = o.verbose
	if err := a.write(doc, text); err != nil {
		return err
	}
	return exitWith(doc.ExitStatus())
}

// check checks what can be checked from the command line alone.
func (o *inspectOptions) check(flags *pflag.FlagSet, args []string) error {
	if err := noEmptyValue(flags); err != nil {
		return err
	}
	switch {
	case len(args) != 1:
		return usagef("dpsdiag inspect ID --service-env VAR", "inspect takes one registration id; %d given", len(args))
	case !o.service.given():
		return usagef("--service-env VAR reads the service API; --enrollment FILE reads what "+inspect.EnrollmentCommand+" printed",
			"inspect needs the service's side: --service-env, --service-host or --enrollment")
	case o.watch && !o.service.api():
		return usagef("give --service-env or --service-host", "--watch reads the service API again and again, and files do not change")
	case flags.Changed("every") && !o.watch:
		return usagef("add --watch", "--every belongs to --watch")
	case o.every < time.Second:
		return usagef("give 1s or more: the service counts every read", "--every: %s is too short", o.every)
	}
	if _, err := dps.CheckRegistrationID(args[0]); err != nil {
		return usagef(fmt.Sprintf("at most %d letters, digits and - . _ :", dps.MaxRegistrationID), "ID: %v", err)
	}
	if _, err := dps.CheckIDScope(o.scope); o.scope != "" && err != nil {
		return usagef(scopeHint, "--id-scope: %v", err)
	}
	return nil
}

// device is the device as far as the flags give it.
func (o *inspectOptions) device(ctx context.Context, a *app, id string) (d *device, err error) {
	d = &device{registrationID: id, scope: o.scope, attestation: probe.NoCredential(), now: a.now}
	if o.endpoint != "" {
		if d.endpoint, err = dps.ParseEndpoint(o.endpoint); err != nil {
			return nil, usagef("the endpoint of the public cloud is "+dps.CloudPublic.GlobalHost(), "--endpoint: %v", err)
		}
	}
	switch {
	case o.credential.cert != "" && o.credential.certKey == "" && len(o.credential.given()) == 1 && len(o.credential.pkcs12.given()) == 0:
		if d.chain, err = o.certificates(); err != nil {
			return nil, err
		}
	case len(o.credential.given()) > 0:
		chosen, err := o.credential.choose(new(edgeconf.Settings))
		if err != nil {
			return nil, err
		}
		if d.attestation, err = chosen.read(ctx, a); err != nil {
			return nil, err
		}
	}
	if d.roots, err = o.roots(); err != nil {
		return nil, err
	}
	d.proxy, err = o.chooseProxy(a)
	return d, err
}

// certificates are those of --cert and --chain: to compare them takes no private key.
func (o *inspectOptions) certificates() ([]*x509.Certificate, error) {
	certs, err := readCertificates("--cert", o.credential.cert)
	if err != nil {
		return nil, err
	}
	return o.credential.addChain(certs)
}

func (o *inspectOptions) roots() (*x509.CertPool, error) {
	var s settings
	var err error
	if o.caFile != "" {
		if s.trust, err = readMaterial("--ca-file", o.caFile); err != nil {
			return nil, err
		}
	}
	return s.trustAnchors()
}

func (o *inspectOptions) chooseProxy(a *app) (proxy.Func, error) {
	target := targetOptions{proxy: o.proxy}
	return target.chooseProxy(a, new(edgeconf.Settings))
}

// read makes the report of one reading.
func (o *inspectOptions) read(ctx context.Context, a *app, s *source, d *device) *report.Inspection {
	side := s.inspect(ctx, a, d.inspected())
	target := probe.Target{Endpoint: d.endpoint, Scope: d.scope, RegistrationID: d.registrationID, Attestation: d.attestation.Kind(), Asked: []probe.Flag{}}
	return report.NewInspection(side, target, report.Tool{Version: buildVersion().Version}, ctx.Err() != nil)
}

// watchFor reads again until something differs from the first report. A reading that failed, as a whole
// or in part, is not a change.
func (o *inspectOptions) watchFor(ctx context.Context, a *app, s *source, d *device, first *report.Inspection) *report.Inspection {
	say := func(format string, args ...any) {
		if !a.global.quiet {
			tell(a.stderr, "dpsdiag: "+format, args...)
		}
	}
	say("%s; reading again every %s until something changes, Ctrl-C ends it", first.Verdict, o.every)
	last := first
	for {
		select {
		case <-ctx.Done():
			last.Interrupt()
			return last
		case <-time.After(o.every):
		}
		next := o.read(ctx, a, s, d)
		switch {
		case ctx.Err() != nil:
			last.Interrupt()
			return last
		case next.Worse(first):
			say("not everything could be read this time")
			continue
		case next.State() != first.State():
			say("changed: %s", strings.Join(next.Changes(first), ", "))
			return next
		}
		last = next
	}
}
