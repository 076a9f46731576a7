package main

import (
	"context"

	"github.com/spf13/pflag"

	"dpsdiag/internal/probe"
)

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
	if o.path == "" {
		return nil, usagef("give --tpm /dev/tpmrm0", "%s needs --tpm", o.given()[0])
	}
	tpm, err := probe.OpenTPM(ctx, o.path, o.persist)
	if err != nil {
		return nil, usagef("a TPM is a device such as /dev/tpmrm0, or the unix socket of a software TPM", "--tpm: %v", err)
	}
	tpm.ShowEK = o.showEK
	return tpm, nil
}
