package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"dpsdiag/internal/probe"
)

// The elements of JUnit XML that CI servers have in common: the schema of
// the Apache Ant task (windyroad/JUnit-Schema JUnit.xsd) and that of Jenkins
// (jenkinsci/xunit-plugin junit-10.xsd) both accept them.
type (
	junitReport struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}

	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Package    string          `xml:"package,attr"`
		ID         int             `xml:"id,attr"`
		Hostname   string          `xml:"hostname,attr"`
		Timestamp  string          `xml:"timestamp,attr"` // UTC, without a zone
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"` // seconds
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		SystemOut  junitText       `xml:"system-out"`
		SystemErr  junitText       `xml:"system-err"`
	}

	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}

	junitCase struct {
		Name      string        `xml:"name,attr"`
		Classname string        `xml:"classname,attr"`
		Time      string        `xml:"time,attr"` // seconds
		Skipped   *junitSkipped `xml:"skipped"`
		Failure   *junitFailure `xml:"failure"`
	}

	junitSkipped struct {
		Message string `xml:"message,attr"`
	}

	junitFailure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"`
	}

	// junitText is text of several lines.
	junitText struct {
		Text string `xml:",cdata"`
	}
)

// junitDocument is a document that CI servers can show as tests.
type junitDocument interface {
	junit(opts Options) junitReport
}

// writeJUnit writes JUnit XML.
func writeJUnit(w io.Writer, doc Document, opts Options) error {
	d, err := as[junitDocument](doc, "junit")
	if err != nil {
		return err
	}
	out, err := xml.MarshalIndent(d.junit(opts), "", "  ")
	if err != nil {
		return fmt.Errorf("make the JUnit report: %w", err)
	}
	if _, err := fmt.Fprintf(w, "%s%s\n", xml.Header, out); err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	return nil
}

// junit is a suite per transport, with a case per stage. The diagnosis is in the stage that
// failed, where CI servers show it.
func (d *Probe) junit(opts Options) junitReport {
	report := junitReport{Suites: make([]junitSuite, 0, len(d.Runs))}
	for i := range d.Runs {
		suite := d.junitSuite(&d.Runs[i], opts)
		suite.ID = i
		report.Suites = append(report.Suites, suite)
	}
	return report
}

func (d *Probe) junitSuite(run *Run, opts Options) junitSuite {
	suite := junitSuite{
		Name:       "dpsdiag probe " + run.Transport,
		Package:    "dpsdiag",
		Hostname:   "localhost", // what the schema requires if the name is not known
		Timestamp:  strings.TrimSuffix(d.StartedAt, "Z"),
		Tests:      len(run.Stages),
		Properties: d.junitProperties(run),
		SystemOut:  junitText{plainText(opts, func(p *page) { run.draw(p, false) })},
		SystemErr:  junitText{plainText(opts, d.drawWarnings)},
	}
	total := 0.0
	for i := range run.Stages {
		stage := &run.Stages[i]
		total += stage.DurationMS
		c := d.junitCase(run, stage, opts)
		if c.Skipped != nil {
			suite.Skipped++
		}
		if c.Failure != nil {
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	suite.Time = seconds(total)
	return suite
}

func (d *Probe) junitProperties(run *Run) []junitProperty {
	return []junitProperty{
		{"endpoint", d.Target.Endpoint},
		{"id_scope", d.Target.IDScope},
		{"registration_id", d.Target.RegistrationID},
		{"attestation", d.Target.Attestation},
		{"transport", run.Transport},
		{"verdict", run.Verdict},
		{"exit_code", strconv.Itoa(d.ExitCode)},
		{"dpsdiag", d.Tool.Version},
	}
}

// junitCase is a stage as a test. A warned stage fails when warnings decide the exit
// status, so that a job is red for a reason that its report shows.
func (d *Probe) junitCase(run *Run, stage *Stage, opts Options) junitCase {
	c := junitCase{Name: run.Transport + " " + stage.ID, Classname: "dpsdiag.probe", Time: seconds(stage.DurationMS)}
	switch probe.Outcome(stage.Outcome) {
	case probe.Skipped, probe.NotApplicable:
		c.Skipped = &junitSkipped{Message: stage.detail()}
	case probe.Failed:
		c.Failure = &junitFailure{Type: run.Verdict, Message: stage.detail(), Text: plainText(opts, d.drawDiagnosis)}
	case probe.Warned:
		if d.ExitCode == ExitWarned {
			c.Failure = &junitFailure{Type: "warning", Message: stage.detail(), Text: plainText(opts, d.drawWarnings)}
		}
	}
	return c
}

// drawDiagnosis draws what the probe concluded, without what it saw.
func (d *Probe) drawDiagnosis(p *page) {
	d.drawVerdict(p)
	drawCauses(p, d.causesTitle(), d.Causes)
	drawDecide(p, d.Decide)
}

// plainText is what draw draws, without colour and line wrapping.
func plainText(opts Options, draw func(*page)) string {
	p := newPage(Options{Width: MaxWidth, ASCII: opts.ASCII, Verbose: opts.Verbose})
	draw(p)
	return p.out.String()
}

// seconds writes milliseconds as seconds with three decimals, the most that Jenkins takes.
func seconds(ms float64) string { return strconv.FormatFloat(ms/1000, 'f', 3, 64) }
