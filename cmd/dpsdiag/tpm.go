package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
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
	flags.BoolVar(&o.persist, "tpm-persist", false, "keep the keys in the TPM after a registration, as the SDKs do; without it the TPM is left as it was")
	flags.BoolVar(&o.showEK, "show-ek", false, "show the TPM's endorsement key in base64, to paste into an enrollment; it is a public key")
}

// tpmFlags are the names of the flags of a TPM.
func tpmFlags() []string {
	var names []string
	flags := pflag.NewFlagSet("tpm", pflag.ContinueOnError)
	new(tpmOptions).addTo(flags)
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

// openAt looks at the TPM at path; source is what messages call the setting.
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
	data, source := []byte(text), flag
	if path, ok := strings.CutPrefix(text, "@"); ok {
		var err error
		if data, err = readFile(flag, path); err != nil {
			return nil, err
		}
		source = fmt.Sprintf("%s %q", flag, path)
	}
	ek, err := emulator.ParseEndorsementKey(data)
	if err != nil {
		return nil, usagef("it is the TPM2B_PUBLIC of an RSA-2048 key, 424 characters of base64; @ goes before the name of a file", "%s: %v", source, err)
	}
	return ek, nil
}
