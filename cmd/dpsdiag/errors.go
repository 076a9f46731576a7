package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dpsdiag/internal/report"
	"dpsdiag/internal/shellword"
	"dpsdiag/internal/spelling"
)

// usageError is a mistake in how the program was called. Nothing was sent.
type usageError struct {
	message string // names the flag and what was found
	hint    string // what to do instead, a line for each thing
}

func (e *usageError) Error() string { return e.message }

func usagef(hint, format string, args ...any) error {
	return &usageError{message: fmt.Sprintf(format, args...), hint: hint}
}

// exitError carries the exit status of a document that has been written.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// exitWith is nil for status 0.
func exitWith(status int) error {
	if status == report.ExitOK {
		return nil
	}
	return exitError(status)
}

// tell writes one line for people to standard error, whatever the arguments hold. That
// it cannot be written there is nothing to tell anybody.
func tell(stderr io.Writer, format string, args ...any) {
	_, _ = io.WriteString(stderr, report.Clean(hideKeys(fmt.Sprintf(format, args...)))+"\n")
}

// hideKeys hides what looks like a symmetric key or holds one, and tokens: people put them
// where a name, a file or a code belongs, and messages quote what they got. A key of 16
// bytes or more, but for lengths that no service makes, is at least 22 characters of base64
// and one or two equals signs, which names do not end in.
func hideKeys(text string) string {
	keys := regexp.MustCompile(`[A-Za-z0-9+/]{22,}={1,2}`)
	named := regexp.MustCompile(`(?i)(SharedAccessKey=|sig=)[^;&\s"]{8,}`)
	return keys.ReplaceAllString(named.ReplaceAllString(text, "$1[hidden]"), "[hidden]")
}

// conclude turns the error of a command into the exit status, and tells people about it
// unless a document did.
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
		// The machine failed the program: a full disk, no free port for the sandbox. Whoever
		// asked has no verdict.
		return report.ExitNoVerdict
	}
	for hint := range strings.Lines(usage.hint) {
		tell(stderr, "hint: %s", strings.TrimSuffix(hint, "\n"))
	}
	return report.ExitUsage
}

// flagError says what is wrong with a flag as the other usage errors do. It never quotes a
// value that may be a secret.
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
		return usagef("what begins with dashes and is no flag comes after --: "+cmd.CommandPath()+` -- "--TEXT"`, "unknown flag --%s", name)
	}
	if ours, ok := otherFlagNames()[name]; ok && cmd.Flags().Lookup(ours) != nil {
		return usagef("it is called --"+ours+" here", "unknown flag --%s", name)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return usagef(didYouMean("--%s", name, names, help), "unknown flag --%s", name)
}

// otherFlagNames are the names that SDKs, the portal and other tools have for what a flag of
// ours gives, each with the flag.
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
		return "a rate is a number and a time, such as 10/s, 600/m or 20000/h"
	}
	return help
}

// quotedIn is the argument that an error quotes, "" if it quotes none.
func quotedIn(err error, args []string) string {
	for _, arg := range args {
		if strings.Contains(err.Error(), fmt.Sprintf("%q", arg)) {
			return arg
		}
	}
	return ""
}

// unknownCommand answers a first word that is no command. It may be what explain takes, or
// what other tools call a command of ours.
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

// didYouMean is the hint that names the word which a mistyped one most likely stands for, in
// a form with %s for it, or else another hint.
func didYouMean(form, word string, names []string, otherwise string) string {
	if near, ok := spelling.Nearest(word, names); ok {
		return "did you mean " + fmt.Sprintf(form, near) + "?"
	}
	return otherwise
}
