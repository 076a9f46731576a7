package main

import (
	"context"

	"github.com/spf13/pflag"

	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
	"dpsdiag/internal/tpm"
)

// exampleTPM is the path of the TPM in examples, which is where most machines have it.
const exampleTPM = "/dev/tpmrm0"

// tpmOptions are the flags of a device that proves itself with a TPM.
type tpmOptions struct {
	path    string
	persist bool
	showEK  bool
}

func (o *tpmOptions) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&o.path, "tpm", "", "`PATH` of a TPM 2.0: a device such as /dev/tpmrm0, the unix socket of a software TPM, or \"tbs\" on Windows")
}

// addUse adds the flags that say what a probe does with the TPM.
func (o *tpmOptions) addUse(flags *pflag.FlagSet) {
	flags.BoolVar(&o.persist, "tpm-persist", false, "keep the keys in the TPM after a registration, as the SDKs do; without it the TPM is left as it was")
	flags.BoolVar(&o.showEK, "show-ek", false, "show the TPM's endorsement key in base64, to paste into an enrollment; it is a public key. With --tpm alone nothing is probed")
}

// tpmFlags are the names of the flags of a TPM.
func tpmFlags() []string {
	var names []string
	flags := pflag.NewFlagSet("tpm", pflag.ContinueOnError)
	new(tpmOptions).addTo(flags)
	new(tpmOptions).addUse(flags)
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// given are the flags of the TPM that were used.
func (o *tpmOptions) given() []string {
	var used []string
	if o.path != "" {
		used = append(used, "--tpm")
	}
	if o.persist {
		used = append(used, "--tpm-persist")
	}
	if o.showEK {
		used = append(used, "--show-ek")
	}
	return used
}

func (o *tpmOptions) read(ctx context.Context, _ *app) (probe.Attestation, error) {
	return attestation(o.open(ctx))
}

// open looks at the TPM of --tpm.
func (o *tpmOptions) open(ctx context.Context) (*probe.TPM, error) {
	if o.path == "" {
		return nil, usagef("give --tpm "+exampleTPM, "%s needs --tpm", o.given()[0])
	}
	return o.openAt(ctx, o.path, "--tpm", tpm.Auth{})
}

// openAt looks at the TPM at path; source is the name of the setting in messages.
func (o *tpmOptions) openAt(ctx context.Context, path, source string, auth tpm.Auth) (*probe.TPM, error) {
	device, err := tpm.Open(ctx, path, o.persist, auth)
	if err != nil {
		return nil, usagef("a TPM is a device such as "+exampleTPM+", or the unix socket of a software TPM", "%s: %v", source, err)
	}
	return &probe.TPM{TPM: device, ShowEK: o.showEK}, nil
}

// attestation is a TPM as an attestation, none at all if there was an error.
func attestation(device *probe.TPM, err error) (probe.Attestation, error) {
	if err != nil {
		return nil, err
	}
	return device, nil
}

// showsKeyAlone reports whether the TPM's key is wanted and nothing says what to register
// with: an enrollment needs the key before there is anything to probe.
func (o *probeOptions) showsKeyAlone(a *app) bool {
	return o.credential.tpm.showEK && o.credential.tpm.path != "" && o.sandbox == "" && o.target.scope == "" && o.target.from == "" &&
		edgeconf.FromEnv(a.lookupEnv, a.readConfig).IDScope.IsZero()
}

// showEndorsementKey shows the key, and what else an enrollment needs of the TPM.
func (o *probeOptions) showEndorsementKey(ctx context.Context, a *app) error {
	device, err := o.credential.tpm.open(ctx)
	if err != nil {
		return err
	}
	key := device.EndorsementKey()
	if key == nil {
		return usagef("give --id-scope too, and the probe says what it means", "--tpm: the endorsement key cannot be read: %v", device.Facts().Failure)
	}
	doc := report.NewEndorsementKey(device.RegistrationID(), key)
	if err := a.fitsOutputs(doc); err != nil {
		return err
	}
	return a.write(doc, a.textOptions())
}
