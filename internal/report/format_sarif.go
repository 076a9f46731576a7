package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/probe"
)

// The parts of SARIF 2.1.0 that a diagnosis needs (docs.oasis-open.org: sarif-v2.1.0).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}

	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}

	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}

	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}

	sarifRule struct {
		ID               string       `json:"id"`
		ShortDescription sarifMessage `json:"shortDescription"`
		FullDescription  sarifMessage `json:"fullDescription"`
		Help             sarifMessage `json:"help"`
	}

	sarifMessage struct {
		Text string `json:"text"`
	}

	sarifInvocation struct {
		ExecutionSuccessful bool   `json:"executionSuccessful"` // of dpsdiag, whatever it found
		ExitCode            int    `json:"exitCode"`
		ExitCodeDescription string `json:"exitCodeDescription"`
		StartTime           string `json:"startTimeUtc"`
		EndTime             string `json:"endTimeUtc"`
	}

	sarifResult struct {
		RuleID     string           `json:"ruleId,omitempty"`
		RuleIndex  *int             `json:"ruleIndex,omitempty"`
		Level      string           `json:"level"`
		Message    sarifMessage     `json:"message"`
		Locations  []sarifLocation  `json:"locations"`
		Properties *sarifProperties `json:"properties,omitempty"`
	}

	sarifLocation struct {
		Logical []sarifLogical `json:"logicalLocations"`
	}

	sarifLogical struct {
		Name          string `json:"name"`
		QualifiedName string `json:"fullyQualifiedName"`
		Kind          string `json:"kind"`
	}

	// sarifProperties keep the evidence as it is, for programs.
	sarifProperties struct {
		Strength string   `json:"strength"`
		Because  []string `json:"because"`
		Remedies []string `json:"remedies"`
	}
)

const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// writeSARIF writes the diagnosis of a probe as SARIF: a result per cause, the most likely
// first, and per warning, with the rule that each follows.
func writeSARIF(w io.Writer, doc Document, _ Options) error {
	d, err := as[*Probe](doc, "sarif")
	if err != nil {
		return err
	}
	if err := encodeJSON(w, d.sarif()); err != nil {
		return fmt.Errorf("write the SARIF log: %w", err)
	}
	return nil
}

func (d *Probe) sarif() sarifLog {
	rules := d.sarifRules()
	run := sarifRun{
		Tool:        sarifTool{Driver: sarifDriver{Name: "dpsdiag", Version: d.Tool.Version, Rules: rules}},
		Invocations: []sarifInvocation{d.sarifInvocation()},
		Results:     make([]sarifResult, 0, len(d.Causes)+len(d.Warnings)),
	}
	where := d.sarifLocations()
	add := func(r sarifResult) {
		if i := slices.IndexFunc(rules, func(rule sarifRule) bool { return rule.ID == r.RuleID }); i >= 0 {
			r.RuleIndex = &i
		}
		r.Locations = where
		run.Results = append(run.Results, r)
	}
	for i := range d.Causes {
		add(d.Causes[i].sarifResult())
	}
	for _, warning := range d.Warnings {
		add(sarifResult{RuleID: warning.ID, Level: levelWarning, Message: sarifText(warning.Detail)})
	}
	return sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}}
}

// sarifRules are the rules of the causes and warnings that the document names, each once.
func (d *Probe) sarifRules() []sarifRule {
	rules := []sarifRule{}
	add := func(id string) {
		rule, known := cause.Lookup(id)
		if known && !slices.ContainsFunc(rules, func(r sarifRule) bool { return r.ID == id }) {
			rules = append(rules, newSARIFRule(rule))
		}
	}
	for _, c := range d.Causes {
		add(c.ID)
	}
	for _, w := range d.Warnings {
		add(w.ID)
	}
	return rules
}

func newSARIFRule(rule *cause.Definition) sarifRule {
	var text strings.Builder
	list := func(title string, items []string) {
		if len(items) == 0 {
			return
		}
		fmt.Fprintf(&text, "\n\n%s\n", title)
		for i, item := range items {
			fmt.Fprintf(&text, "\n%d. %s", i+1, Clean(item))
		}
	}
	list("How to make sure:", rule.Confirm)
	list("What to do:", rule.Remedies)
	fmt.Fprintf(&text, "\n\ndpsdiag explain %s", rule.ID)
	return sarifRule{
		ID:               rule.ID.String(),
		ShortDescription: sarifText(Clean(rule.Title)),
		FullDescription:  sarifText(Clean(rule.Meaning)),
		Help:             sarifText(Clean(rule.Meaning) + text.String()),
	}
}

func (d *Probe) sarifInvocation() sarifInvocation {
	invocation := sarifInvocation{
		ExecutionSuccessful: d.ExitCode != ExitInterrupted,
		ExitCode:            d.ExitCode,
		ExitCodeDescription: d.verdictText(),
		StartTime:           d.StartedAt,
		EndTime:             d.StartedAt,
	}
	if start, err := time.Parse(time.RFC3339, d.StartedAt); err == nil {
		end := start.Add(time.Duration(d.DurationMS * float64(time.Millisecond)))
		invocation.EndTime = end.Format("2006-01-02T15:04:05.000Z07:00")
	}
	return invocation
}

// sarifLocations are the stages that did not pass: a device has no line of source to
// point at.
func (d *Probe) sarifLocations() []sarifLocation {
	locations := []sarifLocation{}
	for _, run := range d.Runs {
		for _, s := range run.Stages {
			if s.Outcome == string(probe.Failed) || s.Outcome == string(probe.Warned) {
				logical := sarifLogical{Name: s.ID, QualifiedName: run.Transport + "/" + s.ID, Kind: "stage"}
				locations = append(locations, sarifLocation{Logical: []sarifLogical{logical}})
			}
		}
	}
	return locations
}

func (c *Cause) sarifResult() sarifResult {
	return sarifResult{
		RuleID:     c.ID,
		Level:      c.level(),
		Message:    sarifText(c.Title + "\n" + c.sentences()),
		Properties: &sarifProperties{Strength: c.Strength, Because: c.Because, Remedies: c.Remedies},
	}
}

// sarifText is a message without placeholders and links: braces are doubled (SARIF 2.1.0,
// 3.11.5), brackets that would make a link are escaped (3.11.6).
func sarifText(text string) sarifMessage {
	text = strings.NewReplacer("{", "{{", "}", "}}").Replace(text)
	if strings.Contains(text, "](") {
		text = strings.NewReplacer("[", `\[`, "]", `\]`).Replace(text)
	}
	return sarifMessage{Text: text}
}
