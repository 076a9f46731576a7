package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"dpsdiag/internal/report"
)

func newVersionCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "show the version and build of dpsdiag",
		Long:    "version shows the version of dpsdiag and what it was built from.",
		Example: "  dpsdiag version -o json",
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			return a.write(buildVersion(), a.textOptions())
		},
	}
	a.addFlags(cmd)
	return cmd
}

// buildVersion is what the Go toolchain recorded in the program.
func buildVersion() *report.Version {
	v := &report.Version{Schema: report.VersionSchema, Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
