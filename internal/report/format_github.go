package report

import (
	"fmt"
	"io"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/probe"
)

// writeGitHub writes a probe as workflow commands, which GitHub Actions shows as
// annotations of the job (docs.github.com: workflow-commands-for-github-actions): the
// verdict, each stage that failed, each cause and each warning.
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
	list := append([]annotation{d.verdictAnnotation()}, d.stageAnnotations()...)
	for i := range d.Causes {
		list = append(list, d.Causes[i].annotation(i+1))
	}
	for _, warning := range d.Warnings {
		list = append(list, annotation{levelWarning, titled("dpsdiag: warning", warning.ID), warning.Detail})
	}
	return list
}

// stageAnnotations tell the stages that failed; transports that failed alike share one,
// since GitHub shows ten errors of a step and no more.
func (d *Probe) stageAnnotations() []annotation {
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
	list := make([]annotation, 0, len(order))
	for _, f := range order {
		list = append(list, annotation{levelError, fmt.Sprintf("dpsdiag: %s %s failed", strings.Join(transports[f], ", "), f.stage), f.detail})
	}
	return list
}

// verdictAnnotation is an error exactly where the exit status fails the step.
func (d *Probe) verdictAnnotation() annotation {
	level := levelNotice
	switch {
	case d.ExitCode != ExitOK:
		level = levelError
	case d.warned():
		level = levelWarning
	}
	lines := []string{fmt.Sprintf("%s (exit status %d)", d.verdictText(), d.ExitCode)}
	for _, s := range d.Decide {
		lines = append(lines, "to decide: "+s.How)
		if s.Command != "" {
			lines = append(lines, s.Command)
		}
	}
	return annotation{level, titled("dpsdiag: "+d.verdictWord(), d.Target.RegistrationID), strings.Join(lines, "\n")}
}

func (c *Cause) annotation(number int) annotation {
	return annotation{c.level(levelNotice), fmt.Sprintf("dpsdiag: cause %d: %s (%s)", number, c.Title, c.ID), c.sentences()}
}

// level is how grave a cause is, by how sure it is; formats differ in what they call the
// lowest level.
func (c *Cause) level(lowest string) string {
	switch c.Strength {
	case advice.Proves.String():
		return levelError
	case advice.Suggests.String():
		return levelWarning
	}
	return lowest
}

// sentences tells a cause on lines of its own: the reasons, what to do and where to read on.
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

// titled adds what a title is about, if anything is known of it.
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
