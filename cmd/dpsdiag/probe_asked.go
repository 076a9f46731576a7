package main

import (
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/pflag"

	"dpsdiag/internal/probe"
)

// asked returns the flags that were given and that a command which probes again has to
// repeat: not those of the result, nor those that say how far this probe goes. A secret is
// replaced with a placeholder. A configuration that was found appears as --from.
func (o *probeOptions) asked(given *pflag.FlagSet) []probe.Flag {
	list := []probe.Flag{}
	if o.sandbox != "" {
		list = append(list, probe.Flag{Name: "--sandbox", Value: o.sandbox})
	}
	if o.target.found != "" {
		list = append(list, probe.Flag{Name: "--from", Value: o.target.found})
	}
	own := []string{"sandbox", "preflight", "lookup", "check-hub", "yes", "show-ek", "operation-id", "hub-only", "assigned-hub", "hub-device-id", "hub-profile"}
	groups := []*pflag.FlagSet{new(targetOptions).flags(), new(probeOptions).proofFlags(), new(probeOptions).actionFlags(), new(serviceOptions).flags()}
	for _, group := range groups {
		group.VisitAll(func(f *pflag.Flag) {
			if used := given.Lookup(f.Name); used != nil && used.Changed && used.Value.String() != "false" && !slices.Contains(own, f.Name) {
				list = append(list, repeated(used)...)
			}
		})
	}
	return list
}

// repeated is a flag as it is shown in a command that repeats it, once for each of its values.
func repeated(f *pflag.Flag) []probe.Flag {
	if several, ok := f.Value.(pflag.SliceValue); ok {
		var list []probe.Flag
		for _, value := range several.GetSlice() {
			list = append(list, probe.Flag{Name: "--" + f.Name, Value: value})
		}
		return list
	}
	name, value := "--"+f.Name, f.Value.String()
	switch {
	case f.Value.Type() == "bool":
		value = ""
	case (f.Name == "key" || f.Name == "group-key") && value != "-":
		name, value = name+"-file", strings.ToUpper(f.Name)+"-FILE"
	case f.Name == "proxy" && strings.Contains(value, "@"):
		value = "PROXY-URL" // there may be a password in it
	case f.Name == "payload" && (strings.ContainsFunc(value, unicode.IsControl) || probe.HasSecret(value)):
		value = "@PAYLOAD-FILE" // there may be a password in it, too
	}
	return []probe.Flag{{Name: name, Value: value}}
}
