package main

import (
	"github.com/spf13/cobra"

	"dpsdiag/internal/report"
)

const diffLong = `diff shows what differs between two probes that were saved with -o json: of a
device that works and one that does not, or of one device yesterday and today.
The decisive difference comes first. It compares the outcomes of the stages, the
answers (status, code, message, hub), causes and warnings, the target, the
server's certificates, TLS, addresses, and times that differ by an order of
magnitude. The registration id, ids of requests and times of day are no
difference. Nothing is sent.

Exit status:
  0    nothing differs
  1    something differs
  2    wrong usage, or a file that is not a saved probe`

const diffExample = `  dpsdiag probe --from /etc/aziot/config.toml -o json=bad.json
  dpsdiag diff good.json bad.json
  dpsdiag diff good.json bad.json -o json`

func newDiffCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "diff GOOD.json BAD.json",
		Short:   "what differs between two saved probes",
		Long:    diffLong,
		Example: diffExample,
		RunE:    func(_ *cobra.Command, args []string) error { return runDiff(a, args) },
	}
	a.addFlags(cmd)
	return cmd
}

func runDiff(a *app, args []string) error {
	if len(args) != 2 {
		return usagef("dpsdiag diff GOOD.json BAD.json; dpsdiag probe -o json=FILE saves a probe", "diff takes two files; %d given", len(args))
	}
	good, err := a.savedProbe(args[0])
	if err != nil {
		return err
	}
	bad, err := a.savedProbe(args[1])
	if err != nil {
		return err
	}
	doc := report.NewDiff(args[0], good, args[1], bad)
	if err := a.write(doc, a.textOptions()); err != nil {
		return err
	}
	return exitWith(doc.ExitStatus())
}

// savedProbe reads a probe that was saved as JSON.
func (a *app) savedProbe(path string) (*report.Probe, error) {
	doc, err := a.readReport(path)
	if err != nil {
		return nil, err
	}
	saved, ok := doc.(*report.Probe)
	if !ok {
		return nil, usagef("dpsdiag probe -o json=FILE saves a probe", "diff: %q is no %s document", path, report.ProbeSchema)
	}
	return saved, nil
}
