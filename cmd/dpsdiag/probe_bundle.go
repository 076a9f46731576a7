package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
	"dpsdiag/internal/report"
	"dpsdiag/internal/shellword"
)

// attachments are what a bundle contains besides the report: how the probe was called, the
// configuration that it read, and facts of the system. There is no secret in them.
func (o *probeOptions) attachments(a *app, flags *pflag.FlagSet, evidence *probe.Evidence) []report.Attachment {
	list := []report.Attachment{
		{Name: "settings.txt", About: "the flags and where each setting comes from, without secrets", Text: settingsText(flags, evidence)},
		{Name: "system.txt", About: "dpsdiag's version, operating system, clock, resolver, proxy variables without credentials", Text: a.systemText(evidence)},
	}
	if o.target.from == "" {
		return list
	}
	text, err := edgeconf.Redact(o.target.from, a.readConfig)
	if err != nil {
		text = "# " + report.Clean(err.Error()) + "\n"
	}
	return append(list, report.Attachment{Name: "config.toml", About: "the file of --from without comments and secrets", Text: text})
}

// redactedValue is written in place of the value of a flag that may be a secret.
const redactedValue = "[redacted]"

// settingsText returns the command line and the origins of the settings.
func settingsText(flags *pflag.FlagSet, evidence *probe.Evidence) string {
	words := []string{"dpsdiag", "probe"}
	flags.Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "bool" {
			words = append(words, "--"+f.Name)
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, value := range values {
			words = append(words, "--"+f.Name, shellword.Quote(shownValue(f, value)))
		}
	})
	var b strings.Builder
	writeFact(&b, "command", strings.Join(words, " "))
	writeFact(&b, "endpoint", evidence.Target.Endpoint.Host)
	writeFact(&b, "id scope", evidence.Target.Scope)
	writeFact(&b, "registration id", evidence.Target.RegistrationID)
	writeFact(&b, "attestation", string(evidence.Target.Attestation))
	for _, origin := range evidence.Origins {
		writeFact(&b, "setting", origin.Name+" from "+origin.From)
	}
	return b.String()
}

// shownValue is the value of a flag, unless it may be a secret: a flag is shown if it takes
// a number, or a name, a path or the name of a variable.
func shownValue(f *pflag.Flag, value string) string {
	names := []string{
		"from", "id-scope", "registration-id", "endpoint", "cloud", "ca-file", "transport", "cert", "cert-key", "chain", "pkcs12", "tpm",
		"api-version", "sandbox", "fail-on", "output",
	}
	switch {
	case f.Name == "proxy":
		return shownProxy(value)
	case f.Value.Type() == "int" || f.Value.Type() == "duration", slices.Contains(names, f.Name),
		strings.HasSuffix(f.Name, "-file"), strings.HasSuffix(f.Name, "-env"):
		return value
	}
	return redactedValue
}

// shownProxy is a proxy without its credentials.
func shownProxy(value string) string {
	if value == "" || value == noProxy {
		return value
	}
	parsed, err := proxy.Parse(value, "")
	if err != nil {
		return redactedValue
	}
	return parsed.URL()
}

// systemText lists facts about the machine that may matter, one on each line. It leaves out those
// that cannot be found.
func (a *app) systemText(evidence *probe.Evidence) string {
	var b strings.Builder
	version := buildVersion()
	writeFact(&b, "dpsdiag", version.Version)
	writeFact(&b, "revision", version.Revision)
	writeFact(&b, "built with", version.Go)
	writeFact(&b, "platform", version.Platform)
	writeFact(&b, "operating system", operatingSystem())
	for _, line := range configLines("/proc/sys/kernel/osrelease") {
		writeFact(&b, "kernel", line)
	}
	now := a.now()
	zone, _ := now.Zone()
	writeFact(&b, "local time", now.Format(time.RFC3339))
	writeFact(&b, "time zone", zone)
	for _, run := range evidence.Runs {
		if run.Clock != nil {
			writeFact(&b, "clock", clockText(run))
		}
	}
	for _, line := range configLines("/etc/resolv.conf") {
		writeFact(&b, "resolver", line)
	}
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"} {
		if value := a.getenv(name); value != "" {
			writeFact(&b, name, shownProxy(value))
		}
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		writeFact(&b, name, a.getenv(name))
	}
	return b.String()
}

// clockText compares the local clock with that of the peer of a run.
func clockText(run probe.Run) string {
	skew, direction := run.Clock.Skew, "ahead of"
	if skew < 0 {
		skew, direction = -skew, "behind"
	}
	return fmt.Sprintf("%s %s the peer's over %s, give or take %s (%s)",
		duration.Text(skew), direction, run.Transport, duration.Text(run.Clock.Uncertainty), run.Clock.Source)
}

// operatingSystem is what the system calls itself (freedesktop.org: os-release), or else its
// kind.
func operatingSystem() string {
	for _, line := range configLines("/etc/os-release") {
		if name, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
			return strings.Trim(name, `"'`)
		}
	}
	return runtime.GOOS
}

// configLines are the lines of a small file of the system that are not comments; none if
// there is no such file.
func configLines(path string) []string {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ";") {
			lines = append(lines, line)
		}
	}
	return lines
}

// writeFact writes a line, unless the value is empty.
func writeFact(b *strings.Builder, name, value string) {
	if value != "" {
		fmt.Fprintf(b, "%-16s  %s\n", name, report.Clean(hideKeys(value)))
	}
}
