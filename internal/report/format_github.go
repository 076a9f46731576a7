package report

import (
	"fmt"
	"io"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/probe"
)

// writeGitHub writes a probe as workflow commands, which GitHub Actions shows as
// annotations of the job (docs.github.com: workflow-commands-for-github-actions): one for
// the verdict, with the likeliest cause in its title, and one for each warning.
func writeGitHub(w io.Writer, doc Document, _ Options) error {
	d, err := as[*Probe](doc, "github")
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, a := range d.annotations() {
		fmt.Fprintf(&b, "::%s title=%s::%s\n", a.level, escapeProperty(a.title), escapeMessage(a.message))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the annotations: %w", err)
	}
	return nil
}

// annotation is one workflow command. Its message may have several lines.
type annotation struct{ level, title, message string }

// Levels of annotations.
const (
	levelError   = "error"
	levelWarning = "warning"
	levelNotice  = "notice"
)

func (d *Probe) annotations() []annotation {
	list := []annotation{d.verdictAnnotation()}
	for _, warning := range d.Warnings {
		list = append(list, annotation{levelWarning, titled("dpsdiag: warning", warning.ID), warning.Detail})
	}
	return list
}

// verdictAnnotation says what is wrong, why, and what to do. Its level is error exactly if the
// exit status fails the step.
func (d *Probe) verdictAnnotation() annotation {
	level := levelNotice
	switch {
	case d.ExitCode != ExitOK:
		level = levelError
	case d.warned():
		level = levelWarning
	}
	title := titled(d.verdictWord(), d.Target.RegistrationID)
	lines := []string{fmt.Sprintf("%s: %s (exit status %d)", title, d.verdictText(), d.ExitCode)}
	lines = append(lines, d.failures()...)
	if len(d.Causes) > 0 {
		likeliest := &d.Causes[0]
		title = likeliest.doubt() + titled(likeliest.Title, likeliest.ID)
		lines = append(lines, likeliest.sentences())
	}
	if len(d.Causes) > 1 {
		var others []string
		for _, c := range d.Causes[1:] {
			others = append(others, titled(c.Title, c.ID))
		}
		lines = append(lines, "also possible: "+strings.Join(others, "; "))
	}
	for _, s := range d.Decide {
		lines = append(lines, "to decide: "+s.How)
		if s.Command != "" {
			lines = append(lines, s.Command)
		}
	}
	return annotation{level, "dpsdiag: " + title, strings.Join(lines, "\n")}
}

// failures lists the stages that failed; transports that failed alike share a line.
func (d *Probe) failures() []string {
	type failure struct{ stage, detail string }
	var order []failure
	transports := map[failure][]string{}
	for _, run := range d.Runs {
		for _, s := range run.Stages {
			if s.Outcome != string(probe.Failed) {
				continue
			}
			f := failure{s.ID, s.detail()}
			if transports[f] == nil {
				order = append(order, f)
			}
			transports[f] = append(transports[f], run.Transport)
		}
	}
	list := make([]string, 0, len(order))
	for _, f := range order {
		list = append(list, fmt.Sprintf("%s %s failed: %s", strings.Join(transports[f], ", "), f.stage, f.detail))
	}
	return list
}

// doubt is the word that keeps a title from claiming more than the evidence shows.
func (c *Cause) doubt() string {
	switch c.Strength {
	case advice.Proves.String():
		return ""
	case advice.Suggests.String():
		return "likely: "
	}
	return "possible: "
}

// level is how grave a cause is, by how sure it is, in the words of SARIF.
func (c *Cause) level() string {
	switch c.Strength {
	case advice.Proves.String():
		return levelError
	case advice.Suggests.String():
		return levelWarning
	}
	return "note"
}

// sentences returns the lines about a cause: the reasons, what to do and where to read more.
func (c *Cause) sentences() string {
	var lines []string
	for _, line := range c.Because {
		lines = append(lines, strengthText(c.Strength)+": "+line)
	}
	for i, line := range c.Remedies {
		lines = append(lines, fmt.Sprintf("do %d: %s", i+1, line))
	}
	if c.Explain != "" {
		lines = append(lines, "more: "+c.Explain)
	}
	return strings.Join(lines, "\n")
}

// titled adds what a title is about, unless that is "".
func titled(title, about string) string {
	if about == "" {
		return title
	}
	return title + " (" + about + ")"
}

// escapeMessage keeps text inside the message of a workflow command, as
// "@actions/core" does (actions/toolkit packages/core/src/command.ts).
func escapeMessage(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// escapeProperty keeps text inside one property of a workflow command.
func escapeProperty(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}
