package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

const emulateLong = `emulate runs a device provisioning service on this machine that device SDKs
register against, and the IoT hub that it assigns them to. It makes its own CA
and server certificate and one ready identity for each attestation, verifies
what devices present, and can simulate faults by name. A TPM is enrolled by its
endorsement key. The service API, at the address of HTTPS, creates, reads and
deletes enrollments and registration states, for the service SDKs too.

When it is ready it prints its addresses and a command that registers a device
over each transport; with -o json that is one line of JSON. Every registration,
poll and call of the hub is a line on standard error, with the reason if it is
refused; -q leaves these lines out. It runs until Ctrl-C or SIGTERM and then
exits with status 0.`

const emulateExample = `  dpsdiag emulate
  dpsdiag emulate --scenario throttled -o json
  dpsdiag emulate --https 127.0.0.1:8443 --state-dir ./dps-state
  dpsdiag emulate --tpm-ek @ek.txt --tpm-registration-id press-07
  dpsdiag emulate --scenario throttled --print-config
  dpsdiag emulate --list-scenarios`

type emulateOptions struct {
	https       string
	mqtt, amqp  string
	hub         string
	hubProfile  string
	sans        []string
	stateDir    string
	configFile  string
	export      string
	scenario    string
	list        bool
	printConfig bool
	allowRemote bool
	tpm         enrolledTPM
}

func newEmulateCmd(a *app) *cobra.Command {
	var o emulateOptions
	cmd := &cobra.Command{
		Use:     "emulate",
		Short:   "run a local provisioning service",
		Long:    emulateLong,
		Example: emulateExample,
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runEmulate(cmd.Context(), a, &o, cmd.Flags()) },
	}
	flags := pflag.NewFlagSet("emulate", pflag.ContinueOnError)
	flags.StringVar(&o.https, "https", "127.0.0.1:0", "`ADDR` of the HTTPS listener, which serves MQTT and AMQP over WebSocket too; port 0 takes a free one")
	flags.StringVar(&o.mqtt, "mqtt", "127.0.0.1:0", "`ADDR` of the MQTT listener")
	flags.StringVar(&o.amqp, "amqp", "127.0.0.1:0", "`ADDR` of the AMQP listener")
	flags.StringVar(&o.hub, "hub", "127.0.0.1:0", "`ADDR` of the hub that devices are assigned to, for HTTPS, MQTT, and MQTT over WebSocket")
	flags.StringVar(&o.hubProfile, "hub-profile", "", "connection `PROFILE` of that hub: "+string(dps.ProfileClassic)+" (the default, unless --config says otherwise) or "+string(dps.ProfileMQTT5)+", which supports only MQTT 5 and accepts only certificates")
	flags.BoolVar(&o.allowRemote, "allow-remote", false, "allow an address that other machines can reach")
	flags.StringArrayVar(&o.sans, "san", nil, "further `NAME` or address for the server certificate; may be repeated")
	flags.StringVar(&o.stateDir, "state-dir", "", "`DIR` that keeps CA, keys and identities; the default is a temporary one, removed at the end")
	flags.StringVar(&o.configFile, "config", "", "TOML `FILE` with further enrollments, groups, hubs and faults")
	flags.StringVar(&o.export, "export", "", "write enrollments, with their keys, instance and certificates into `DIR` when ready and at the end, as the Azure CLI prints them")
	o.tpm.addTo(flags)
	flags.StringVar(&o.scenario, "scenario", emulator.Healthy, "fault to simulate, a `NAME` of --list-scenarios")
	flags.BoolVar(&o.list, "list-scenarios", false, "list the scenarios and exit")
	flags.BoolVar(&o.printConfig, "print-config", false, "print the configuration that results from the other flags, as TOML for --config, and exit; instead of keys it has the names of their files")
	a.addFlags(cmd, flagGroup{"Flags", flags})
	complete(cmd, "scenario", scenarioCompletions)
	complete(cmd, "hub-profile", func() []cobra.Completion {
		return []cobra.Completion{string(dps.ProfileClassic), string(dps.ProfileMQTT5)}
	})
	return cmd
}

func runEmulate(ctx context.Context, a *app, o *emulateOptions, flags *pflag.FlagSet) (err error) {
	if o.list {
		return a.write(scenarioList(), a.textOptions())
	}
	config, err := o.config(flags)
	if err != nil {
		return err
	}
	if o.printConfig {
		return o.showConfig(a, config)
	}
	o.warnOfRemote(a.stderr)
	first, second, stop := a.interruptibleTwice(ctx)
	defer stop()
	ctx, end := context.WithCancel(first)
	defer end()
	config.Log = newCallLog(a, end)
	collectOften(a)
	service, err := emulator.Start(ctx, config)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // it was ended before it had begun
	case err != nil:
		return o.cannotStart(err)
	}
	defer func() { err = errors.Join(err, closeEmulator(second, service)) }()
	if err := o.exportFrom(service); err != nil {
		return err
	}
	if err := a.writeReady(service.Ready(), o.scenario); err != nil {
		return err
	}
	<-ctx.Done()
	return o.exportFrom(service)
}

// exportFrom writes what the service stores into the directory of --export.
func (o *emulateOptions) exportFrom(service *emulator.Emulator) error {
	if o.export == "" {
		return nil
	}
	if err := service.Export(o.export); err != nil {
		return usagef("give a directory that can be written", "--export: %v", err)
	}
	return nil
}

// showConfig prints the configuration in place of running it.
func (o *emulateOptions) showConfig(a *app, config emulator.Config) error {
	if format := a.global.onStdout(); format != report.Formats()[0].Name {
		return usagef("leave -o out", "--print-config prints TOML, not %s", format)
	}
	text, err := emulator.PrintConfig(config)
	if errors.Is(err, emulator.ErrKeysNotPrinted) {
		return usagef("add --state-dir DIR to have them in files there, or name files with primary_key_file and secondary_key_file",
			"--print-config: the configuration holds keys, and a secret is printed nowhere")
	}
	if err != nil {
		return o.cannotStart(err)
	}
	if _, err := a.stdout.Write(text); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// closeEmulator ends the service, at once when it is asked to end a second time. Its
// temporary files are gone then in either case.
func closeEmulator(again context.Context, service *emulator.Emulator) error {
	closed := make(chan error, 1)
	go func() { closed <- service.Close() }()
	select {
	case err := <-closed:
		return err
	case <-again.Done():
		return service.RemoveFiles()
	}
}

// cannotStart says why the emulator does not start.
func (o *emulateOptions) cannotStart(err error) error {
	if errors.Is(err, emulator.ErrNoTPM) {
		return usagef("give --tpm-ek and --tpm-registration-id, or enroll one in --config", "--scenario: %s concerns TPMs, and none is enrolled", o.scenario)
	}
	if errors.Is(err, emulator.ErrStateInUse) {
		return usagef("end that one, or give this one another directory", "--state-dir: another dpsdiag emulate is using %q", o.stateDir)
	}
	address, ok := errors.AsType[*emulator.AddressError](err)
	if !ok {
		return usagef("another --state-dir may do", "emulate: %v", err)
	}
	flag := "--" + strings.ToLower(strings.TrimPrefix(address.Listener, "the "))
	if address.InUse() {
		return usagef("end the program that has it, such as another dpsdiag emulate, or give another port; port 0 takes a free one",
			"%s: the address %s is in use", flag, address.Address)
	}
	return usagef("give another address; 127.0.0.1:0 is a free port of this machine", "%s: %v", flag, address.Err)
}

func (o *emulateOptions) config(flags *pflag.FlagSet) (emulator.Config, error) {
	if err := noEmptyValue(flags); err != nil {
		return emulator.Config{}, err
	}
	if err := checkScenario("--scenario", o.scenario); err != nil {
		return emulator.Config{}, err
	}
	for _, l := range o.listeners() {
		if err := checkListen(l.flag, l.address, o.allowRemote); err != nil {
			return emulator.Config{}, err
		}
	}
	profile := dps.ConnectionProfile(o.hubProfile)
	if !knownProfile(o.hubProfile) {
		return emulator.Config{}, usagef("it is "+string(dps.ProfileClassic)+" or "+string(dps.ProfileMQTT5), "--hub-profile: %q is not a connection profile", o.hubProfile)
	}
	tpm, err := o.tpm.read()
	if err != nil {
		return emulator.Config{}, err
	}
	config := emulator.Config{
		HTTPS: o.https, MQTT: o.mqtt, AMQP: o.amqp, Hub: o.hub,
		SANs: o.sans, StateDir: o.stateDir, Files: true, Scenario: o.scenario, TPM: tpm, HubProfile: profile,
	}
	if o.configFile == "" {
		return config, nil
	}
	file, err := emulator.ReadFile(o.configFile)
	if err != nil {
		return emulator.Config{}, usagef("docs/emulator.toml, which comes with the program, shows every key", "--config: %v", err)
	}
	config.File = file
	return config, nil
}

// enrolledTPM are the flags of a TPM that the emulator enrolls.
type enrolledTPM struct{ ek, registrationID string }

func (o *enrolledTPM) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&o.ek, "tpm-ek", "", "enroll the TPM with this endorsement key, the `KEY` in base64 as dpsdiag probe --show-ek shows it, or @FILE; needs --tpm-registration-id")
	flags.StringVar(&o.registrationID, "tpm-registration-id", "", "`ID` of the enrollment of --tpm-ek; takes the place of one with that id in --config")
}

// read returns the TPM to enroll, nil if there is none.
func (o *enrolledTPM) read() (*emulator.TPMDevice, error) {
	switch {
	case o.ek == "" && o.registrationID == "":
		return nil, nil
	case o.ek == "":
		return nil, usagef("dpsdiag probe --tpm PATH --show-ek shows the endorsement key of a TPM", "--tpm-registration-id needs --tpm-ek")
	}
	ek, err := readEndorsementKey(o.ek)
	if err != nil {
		return nil, err
	}
	if o.registrationID == "" {
		return nil, usagef("the id that clients make of this key is "+dps.TPMRegistrationID(ek), "--tpm-ek needs --tpm-registration-id")
	}
	device := emulator.TPMDevice{RegistrationID: o.registrationID, EndorsementKey: ek}
	if err := device.Check(); err != nil {
		return nil, usagef("an id has letters, digits and - . _ : and ends in a letter, a digit or a dash", "--tpm-registration-id: %v", err)
	}
	return &device, nil
}

// readEndorsementKey reads --tpm-ek: the key, or @ and the name of a file with it.
func readEndorsementKey(text string) ([]byte, error) {
	const flag = "--tpm-ek"
	file, err := readTextOrFile(flag, text)
	if err != nil {
		return nil, err
	}
	ek, err := emulator.ParseEndorsementKey([]byte(file.Content.Reveal()))
	if err != nil {
		source := flag
		if file.Path != text {
			source = fmt.Sprintf("%s %q", flag, file.Path)
		}
		return nil, usagef("it is the TPM2B_PUBLIC of an RSA-2048 key, 424 characters of base64; @ goes before the name of a file", "%s: %v", source, err)
	}
	return ek, nil
}

// checkListen refuses what is not an address, and an address that other machines can reach
// unless that is allowed: the emulator hands out working credentials.
func checkListen(flag, address string, allowRemote bool) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.Contains(address, "@") {
		return usagef("an address is HOST:PORT, such as 127.0.0.1:8443", "%s: %q is not an address", flag, address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return usagef("a port is a number from 1 to 65535, or 0 for a free one", "%s: %q is not a port", flag, port)
	}
	if allowRemote || isLoopback(host) {
		return nil
	}
	return usagef("use 127.0.0.1, or add --allow-remote if that is meant", "%s: %q can be reached from other machines", flag, address)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// listener is an address to listen on; exposes is what anybody who reaches it can do there.
type listener struct{ flag, address, exposes string }

func (o *emulateOptions) listeners() []listener {
	const register = "register devices"
	return []listener{
		{"--https", o.https, register + ", and read and change every enrollment with the connection string of the service API"},
		{"--mqtt", o.mqtt, register},
		{"--amqp", o.amqp, register},
		{"--hub", o.hub, "connect as a registered device"},
	}
}

// warnOfRemote warns of addresses that other machines can reach, and says what they can do there.
func (o *emulateOptions) warnOfRemote(stderr io.Writer) {
	for _, l := range o.listeners() {
		if host, _, err := net.SplitHostPort(l.address); err == nil && !isLoopback(host) {
			tell(stderr, "dpsdiag: warning: %s %s: other machines can %s", l.flag, l.address, l.exposes)
		}
	}
}

func scenarioList() *report.Scenarios {
	doc := &report.Scenarios{Schema: report.ScenariosSchema, Scenarios: []report.Scenario{}}
	for _, s := range emulator.Scenarios() {
		doc.Scenarios = append(doc.Scenarios, report.Scenario{Name: s.Name, Title: s.Title, Cause: s.Cause})
	}
	return doc
}

// collectOften halves the memory that may become garbage before it is collected, unless GOGC says
// otherwise: even with ten thousand devices, the emulator has to leave room for the firmware's tools.
func collectOften(a *app) {
	if _, set := a.lookupEnv("GOGC"); !set {
		debug.SetGCPercent(50)
	}
}
