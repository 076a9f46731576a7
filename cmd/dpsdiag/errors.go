package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/logtext"
	"dpsdiag/internal/report"
	"dpsdiag/internal/shellword"
	"dpsdiag/internal/spelling"
)

// usageError is a mistake in the command line or in an input. Nothing was sent.
type usageError struct {
	message string // the flag and what is wrong
	hint    string // what to do instead, one hint on each line
}

func (e *usageError) Error() string { return e.message }

func usagef(hint, format string, args ...any) error {
	return &usageError{message: fmt.Sprintf(format, args...), hint: hint}
}

// exitError is the exit status that a document gives, after the document has been written.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exitWith returns the error for an exit status, nil for status 0.
func exitWith(status int) error {
	if status == report.ExitOK {
		return nil
	}
	return exitError(status)
}

// tell writes one line to standard error. It replaces keys and control characters in the
// arguments. It ignores a write error, because there is no other place to report it.
func tell(stderr io.Writer, format string, args ...any) {
	_, _ = io.WriteString(stderr, report.Clean(hideKeys(fmt.Sprintf(format, args...)))+"\n")
}

// hideKeys hides symmetric keys, in connection strings too, the signatures of tokens, JSON web tokens, and the
// password of user:password@host. Users sometimes give one as a name, a file or a code, and messages quote
// their arguments. A key of 16 bytes or more is at least 22 characters of base64 with one or two equals
// signs at the end, which names do not have. (A key without equals signs has a length that no service
// generates.)
func hideKeys(text string) string {
	passwords := regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"]*:|[^\s/:@"]+:)[^\s"\\][^\s"]*@([\w."\[-]|$)`)
	keys := regexp.MustCompile(`[A-Za-z0-9+/]{22,}={1,2}`)
	named := regexp.MustCompile(`(?i)((?:SharedAccess|Account)Key(?:=|%3D)|sig(?:=|%3D))[^;&\s"]{8,}`)
	tokens := regexp.MustCompile(`\beyJ[\w-]{8,}\.[\w.-]*`)
	text = passwords.ReplaceAllString(text, "$1[hidden]@$2")
	text = tokens.ReplaceAllString(named.ReplaceAllString(text, "$1[hidden]"), "[hidden]")
	return keys.ReplaceAllString(text, "[hidden]")
}

// conclude returns the exit status for the error of a command. It also prints the error, unless a
// document already shows it.
func conclude(stderr io.Writer, err error) int {
	if err == nil {
		return report.ExitOK
	}
	if status, ok := errors.AsType[exitError](err); ok {
		return int(status)
	}
	tell(stderr, "dpsdiag: %v", err)
	usage, ok := errors.AsType[*usageError](err)
	if !ok {
		// The cause is on this machine, such as a full disk or no free port for the sandbox, so
		// there is no verdict about the device.
		return report.ExitNoVerdict
	}
	for hint := range strings.Lines(usage.hint) {
		tell(stderr, "hint: %s", strings.TrimSuffix(hint, "\n"))
	}
	return report.ExitUsage
}

// flagError makes a usage error from an error of package pflag. It never quotes a value that may
// be a secret.
func flagError(cmd *cobra.Command, err error) error {
	help := fmt.Sprintf("run %q for the flags", cmd.CommandPath()+" --help")
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(cmd, unknown, help)
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usagef(help, "--%s: needs a value", missing.GetFlag().Name)
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usagef(valueHint(invalid.GetFlag(), help), "--%s: %q is not %s", invalid.GetFlag().Name, invalid.GetValue(), valueKind(invalid.GetFlag()))
	}
	return usagef(help, "a flag is not well formed")
}

func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError, help string) error {
	name := unknown.GetSpecifiedName()
	if unknown.GetSpecifiedShortnames() != "" {
		return usagef(help, "unknown flag -%s", name)
	}
	if strings.Contains(name, " ") {
		return usagef("put text that begins with dashes after --: "+cmd.CommandPath()+` -- "--TEXT"`, "unknown flag %s", logtext.Quote("--"+name))
	}
	if shown := withoutValue(cmd, name); shown != name {
		return usagef("a space or = goes between a flag and its value; "+help, "unknown flag --%s", shown)
	}
	if ours, ok := otherFlagNames()[name]; ok && cmd.Flags().Lookup(ours) != nil {
		return usagef("it is called --"+ours+" here", "unknown flag --%s", name)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return usagef(didYouMean("--%s", name, names, help), "unknown flag --%s", name)
}

// withoutValue hides what follows the name of a flag directly, as in --keyVALUE: it may be a secret. What has
// only lower-case letters and dashes is a name, but none is as long as a key.
func withoutValue(cmd *cobra.Command, name string) string {
	const longest = 40
	isValue := func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') }
	flag := ""
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if rest, ok := strings.CutPrefix(name, f.Name); ok && len(f.Name) > len(flag) && strings.ContainsFunc(rest, isValue) {
			flag = f.Name
		}
	})
	if flag == "" && len(name) <= longest {
		return name
	}
	return flag + "[hidden]"
}

// otherFlagNames maps names of settings in SDKs, the portal and other tools to our flags.
func otherFlagNames() map[string]string {
	return map[string]string{
		"scope-id": "id-scope", "scope": "id-scope", "idscope": "id-scope", "dps-id-scope": "id-scope",
		"device-id": "registration-id", "deviceid": "registration-id", "device": "registration-id", "id": "registration-id",
		"enrollment-id": "registration-id", "rid": "registration-id", "registrationid": "registration-id",
		"host": "endpoint", "hostname": "endpoint", "provisioning-host": "endpoint", "dps-name": "endpoint",
		"protocol": "transport", "symmetric-key": "key-file", "primary-key": "key-file", "device-key": "key-file",
		"group-symmetric-key": "group-key-file", "enrollment-group-key": "group-key-file",
		"certificate": "cert", "certificate-file": "cert", "private-key": "cert-key", "pfx": "pkcs12",
		"config": "from", "format": "output", "json": "output", "dry-run": "preflight", "scenario": "sandbox",
	}
}

func valueKind(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "duration":
		return "a duration"
	case "int":
		return "a whole number"
	case "bool":
		return "true or false"
	case "rate":
		return "a rate"
	}
	return "a valid value"
}

func valueHint(f *pflag.Flag, help string) string {
	switch f.Value.Type() {
	case "duration":
		return "a duration has a unit, such as 30s or 2m"
	case "rate":
		return "a rate is a number and a unit of time, such as 10/s, 600/m or 20000/h"
	}
	return help
}

// quotedIn returns the argument that an error quotes, "" if there is none.
func quotedIn(err error, args []string) string {
	for _, arg := range args {
		if strings.Contains(err.Error(), fmt.Sprintf("%q", arg)) {
			return arg
		}
	}
	return ""
}

// unknownCommand returns the usage error for a first word that is not a command. The hint suggests
// explain if it knows the word, or the command that has this name in other tools.
func unknownCommand(root *cobra.Command, word string) error {
	if isExplainable(word) {
		return usagef(fmt.Sprintf(`did you mean "dpsdiag explain %s"?`, shellword.Quote(hideKeys(word))), "unknown command %q", word)
	}
	otherNames := map[string]string{
		"check": "probe", "test": "probe", "diagnose": "probe", "register": "probe", "provision": "probe", "run": "probe", "doctor": "probe",
		"analyze": "explain", "analyse": "explain", "lookup": "explain", "code": "explain", "codes": "explain", "decode": "explain",
		"serve": "emulate", "server": "emulate", "mock": "emulate", "simulate": "emulate", "sandbox": "emulate",
		"derive": "derive-key", "key": "derive-key",
		"bulk": "fleet", "batch": "fleet", "devices": "fleet", "forecast": "plan", "storm": "plan",
	}
	if ours, ok := otherNames[strings.ToLower(word)]; ok {
		return usagef(fmt.Sprintf(`did you mean "dpsdiag %s"?`, ours), "unknown command %q", word)
	}
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	hint := didYouMean(`"dpsdiag %s"`, word, names, "the commands are "+strings.Join(names, ", "))
	return usagef(hint, "unknown command %q", word)
}

// didYouMean returns a hint with the name that the user probably meant by word; form has %s for
// the name. If no name is similar, it returns otherwise.
func didYouMean(form, word string, names []string, otherwise string) string {
	if near, ok := spelling.Nearest(word, names); ok {
		return "did you mean " + fmt.Sprintf(form, near) + "?"
	}
	return otherwise
}
