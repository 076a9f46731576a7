package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/report"
)

const deriveKeyLong = `derive-key prints the symmetric key of one device of an enrollment group: the
HMAC-SHA256 of the registration id with the group's key, in base64. It is what
the device signs with. Nothing is sent.

The result is a secret, and this command is the only one that prints any: take
it where the device's configuration needs it, and not into a log. The group's
key gives access to every device of the group; it is read from a file, an
environment variable or standard input, and a device never gets it.

The id counts letter by letter: a device that asks under another spelling of it
needs another key.`

const deriveKeyExample = `  dpsdiag derive-key --registration-id sensor-17 --group-key-file group.key
  dpsdiag derive-key --registration-id sensor-17 < group.key
  dpsdiag derive-key --registration-id sensor-17 --group-key-env GROUP_KEY -o json

  The example of Microsoft's documentation:
  $ printf %s 8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1Kp \
      ZhJFFXJrqYKi9yegxkqIChbqOS9Egw== |
      dpsdiag derive-key --registration-id sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6
  Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=`

// deriveKeyOptions are the flags of derive-key.
type deriveKeyOptions struct {
	registrationID string
	groupKey       secretSource
}

func newDeriveKeyCmd(a *app) *cobra.Command {
	var o deriveKeyOptions
	cmd := &cobra.Command{
		Use:     "derive-key",
		Short:   "key of one device of an enrollment group",
		Long:    deriveKeyLong,
		Example: deriveKeyExample,
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDeriveKey(a, &o, cmd.Flags()) },
	}
	a.addFlags(cmd, flagGroup{"Flags", o.flags()})
	return cmd
}

func (o *deriveKeyOptions) flags() *pflag.FlagSet {
	o.groupKey.name = "group-key"
	flags := pflag.NewFlagSet("derive-key", pflag.ContinueOnError)
	flags.StringVar(&o.registrationID, "registration-id", "", "registration `ID` of the device, as the device spells it")
	flags.StringVar(&o.groupKey.file, "group-key-file", "", "`FILE` with the enrollment group's primary or secondary key")
	flags.StringVar(&o.groupKey.env, "group-key-env", "", "environment variable `VAR` with the group's key")
	flags.StringVar(&o.groupKey.value, "group-key", "", "\"-\" reads the group's `KEY` from standard input, as without any of these; the key itself works too, but others can read it in the process list")
	return flags
}

func runDeriveKey(a *app, o *deriveKeyOptions, flags *pflag.FlagSet) error {
	if err := noEmptyValue(flags); err != nil {
		return err
	}
	if o.registrationID == "" {
		return usagef("give the id of the device in its group", "--registration-id is missing")
	}
	remarks, err := dps.CheckRegistrationID(o.registrationID)
	if err != nil {
		return usagef(fmt.Sprintf("at most %d letters, digits and - . _ :", dps.MaxRegistrationID), "--registration-id: %v", err)
	}
	key, err := o.readGroupKey(a)
	if err != nil {
		return err
	}
	for _, remark := range remarks {
		tell(a.stderr, "dpsdiag: warning: --registration-id: %s", remark)
	}
	return a.write(report.NewDerivedKey(o.registrationID, key.Derive(o.registrationID)), a.textOptions())
}

// readGroupKey reads the key from standard input unless a flag names another place.
func (o *deriveKeyOptions) readGroupKey(a *app) (dps.Key, error) {
	source := o.groupKey
	if len(source.flags()) == 0 {
		source.value = "-"
	}
	return source.readKey(a)
}
