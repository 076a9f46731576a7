package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/duration"
	"dpsdiag/internal/fleet"
	"dpsdiag/internal/probe"
)

// FleetSchema names the JSON of a [Fleet].
const FleetSchema = "dpsdiag/fleet/1"

// Fleet is the report of a probe of many devices.
type Fleet struct {
	Schema     string         `json:"schema"`
	Tool       Tool           `json:"tool"`
	StartedAt  string         `json:"started_at"`  // of the first run, if there is a journal
	DurationMS float64        `json:"duration_ms"` // of this run
	Verdict    string         `json:"verdict"`     // of the worst device; "" if nothing was to be probed
	ExitCode   int            `json:"exit_code"`
	Mode       string         `json:"mode"` // register, preflight, lookup or dry-run
	Target     FleetTarget    `json:"target"`
	Totals     FleetTotals    `json:"totals"`
	Clusters   []FleetCluster `json:"clusters"`  // the largest first
	Retries    int            `json:"retries"`   // calls and openings that were made again
	Throttled  int            `json:"throttled"` // answers of status 429
	Journal    string         `json:"journal"`   // the file of --resume, "" for none
}

// FleetTarget is the service that the devices were probed at.
type FleetTarget struct {
	Endpoint  string `json:"endpoint"`
	IDScope   string `json:"id_scope"`
	Transport string `json:"transport"`
	Rate      string `json:"rate"` // as --rate says it
}

// FleetTotals counts the devices of the list.
type FleetTotals struct {
	Devices     int `json:"devices"`
	Registered  int `json:"registered"`
	Fault       int `json:"fault"`
	NoVerdict   int `json:"no_verdict"`
	RetryLater  int `json:"retry_later"`
	Interrupted int `json:"interrupted"` // while they were probed
	NotStarted  int `json:"not_started"`
	Warned      int `json:"warned"`  // of the registered ones
	Resumed     int `json:"resumed"` // finished by an earlier run, of all of these
}

// FleetCluster is a group of devices that failed in the same way.
type FleetCluster struct {
	Cause     string   `json:"cause"` // the likeliest, "" if there is none
	Title     string   `json:"title"`
	Verdict   string   `json:"verdict"`
	ErrorCode int      `json:"error_code"`
	Transport string   `json:"transport"`
	Stage     string   `json:"stage"` // in which the first of them failed
	Detail    string   `json:"detail"`
	Devices   int      `json:"devices"`
	Examples  []string `json:"examples"` // at most five registration ids
	First     string   `json:"first"`    // when the first of them ended
	Last      string   `json:"last"`
	Remedies  []string `json:"remedies"`
	Explain   string   `json:"explain"` // the command that explains it, "" for none
}

// DryRun is the mode of a fleet whose list was only checked.
const DryRun = "dry-run"

// FleetOptions are what a fleet was asked to do.
type FleetOptions struct {
	Tool          Tool
	Endpoint      string
	IDScope       string
	Transport     probe.TransportID
	Mode          string
	Rate          string
	Journal       string
	FailOnWarning bool
}

// NewFleet makes the report of a fleet. An outcome of the mode DryRun has no results.
func NewFleet(out *fleet.Outcome, o FleetOptions) *Fleet {
	doc := &Fleet{
		Schema: FleetSchema, Tool: Tool{Clean(o.Tool.Version)}, StartedAt: out.Started.UTC().Format(time.RFC3339),
		DurationMS: milliseconds(out.Took), Mode: o.Mode,
		Target: FleetTarget{Clean(o.Endpoint), Clean(o.IDScope), string(o.Transport), Clean(o.Rate)},
		Totals: FleetTotals{
			Devices: out.Devices, Registered: out.Totals[advice.Registered], Fault: out.Totals[advice.Fault],
			NoVerdict: out.Totals[advice.NoVerdict], RetryLater: out.Totals[advice.RetryLater],
			Interrupted: out.Totals[advice.Interrupted], NotStarted: out.NotStarted, Warned: out.Warned, Resumed: out.Resumed,
		},
		Clusters: make([]FleetCluster, 0, len(out.Clusters)), Retries: out.Retries, Throttled: out.Throttled, Journal: Clean(o.Journal),
	}
	for _, c := range out.Clusters {
		doc.Clusters = append(doc.Clusters, newFleetCluster(c))
	}
	if o.Mode != DryRun {
		verdict := out.Verdict()
		doc.Verdict, doc.ExitCode = string(verdict), exitOf(verdict, out.Warned > 0, o.FailOnWarning)
	}
	return doc
}

func newFleetCluster(c fleet.Cluster) FleetCluster {
	out := FleetCluster{
		Cause: Clean(c.Cause), Title: upperFirst(verdictTitle(c.Verdict)), Verdict: Clean(string(c.Verdict)), ErrorCode: c.ErrorCode, Transport: Clean(string(c.Transport)),
		Stage: Clean(string(c.Stage)), Detail: Clean(c.Detail), Devices: c.Devices, Examples: cleanAll(c.Examples),
		First: c.First.UTC().Format(time.RFC3339), Last: c.Last.UTC().Format(time.RFC3339), Remedies: []string{},
	}
	if def, ok := cause.Lookup(c.Cause); ok {
		out.Title, out.Remedies, out.Explain = def.Title, cleanAll(def.Remedies), explainCommand(c.Cause)
	}
	return out
}

// verdictTitle is the title of devices without a known cause: how they ended.
func verdictTitle(v advice.Verdict) string {
	switch v {
	case advice.RetryLater:
		return "the service asks to come back later"
	case advice.Interrupted:
		return "interrupted while they were probed"
	case advice.NoVerdict:
		return "nothing could be concluded"
	}
	return string(v)
}

// ExitStatus implements [Document].
func (d *Fleet) ExitStatus() int { return d.ExitCode }

// devices is the list in one line: how many there are, and how they ended.
func (d *Fleet) devices() string {
	if d.Mode == DryRun {
		return fmt.Sprintf("%s, all fit to be probed; nothing was sent", count(d.Totals.Devices, "device"))
	}
	done := "registered"
	if d.Mode == string(probe.ModePreflight) {
		done = "passed"
	}
	var parts []string
	for _, part := range []struct {
		n    int
		name string
	}{
		{d.Totals.Registered, done},
		{d.Totals.Fault, "with a fault"},
		{d.Totals.NoVerdict, "without a verdict"},
		{d.Totals.RetryLater, "to come back later"},
		{d.Totals.Interrupted, "interrupted"},
		{d.Totals.NotStarted, "not started"},
	} {
		if part.n > 0 {
			parts = append(parts, grouped(part.n)+" "+part.name)
		}
	}
	return count(d.Totals.Devices, "device") + ": " + strings.Join(parts, ", ")
}

// pace says how long it took, with the counts of repeated and throttled calls.
func (d *Fleet) pace() string {
	if d.Mode == DryRun {
		return ""
	}
	took := fromMilliseconds(d.DurationMS)
	parts := []string{duration.Text(took)}
	if n := d.Totals.Devices - d.Totals.NotStarted - d.Totals.Resumed; n > 1 && took > time.Second {
		parts = append(parts, fmt.Sprintf("%.1f devices a second", float64(n)/took.Seconds()))
	}
	for _, part := range []struct {
		n         int
		one, many string
	}{
		{d.Totals.Resumed, "device was finished before", "devices were finished before"},
		{d.Totals.Warned, "with warnings", "with warnings"},
		{d.Retries, "call made again", "calls made again"},
		{d.Throttled, "answer of 429", "answers of 429"},
	} {
		switch {
		case part.n == 1:
			parts = append(parts, "1 "+part.one)
		case part.n > 1:
			parts = append(parts, grouped(part.n)+" "+part.many)
		}
	}
	return strings.Join(parts, ", ")
}

// way says how the devices were probed.
func (d *Fleet) way() string {
	way := d.Target.Transport + ", at most " + d.Target.Rate
	if d.Target.Rate == "none" {
		way = d.Target.Transport + ", without a rate limit"
	}
	switch d.Mode {
	case string(probe.ModePreflight):
		return way + ", without the register call"
	case string(probe.ModeLookup):
		return way + ", looked up only"
	}
	return way
}

func (d *Fleet) fields() []field {
	return []field{
		{"endpoint", d.Target.Endpoint},
		{"id scope", d.Target.IDScope},
		{"over", d.way()},
		{"devices", d.devices()},
		{"took", d.pace()},
	}
}

// next says how to go on, "" if there is nothing left to do.
func (d *Fleet) next() string {
	unfinished := d.Totals.NotStarted + d.Totals.Interrupted + d.Totals.RetryLater
	failed := d.Totals.Fault + d.Totals.NoVerdict
	switch {
	case d.Mode == DryRun || unfinished == 0 && (failed == 0 || d.Journal == ""):
		return ""
	case unfinished == 0:
		return fmt.Sprintf("when the causes are fixed: the same command with --retry-failed tries %s again", count(failed, "device"))
	case d.Journal != "":
		return fmt.Sprintf("%s left: the same command continues where it ended", count(unfinished, "device"))
	}
	return fmt.Sprintf("%s left; with --resume FILE the same command would continue where it ended", count(unfinished, "device"))
}

// outcome is the verdict as the outcome of a stage.
func (d *Fleet) outcome() probe.Outcome {
	switch advice.Verdict(d.Verdict) {
	case advice.Registered, "":
		if d.Totals.Warned > 0 {
			return probe.Warned
		}
		return probe.Passed
	case advice.Fault:
		return probe.Failed
	}
	return probe.Warned
}

// shownClusters is how many clusters the short text has.
const shownClusters = 4

func (d *Fleet) drawText(p *page) {
	p.fields("", d.fields()...)
	shown := d.Clusters
	if !p.opts.Verbose && len(shown) > shownClusters {
		shown = shown[:shownClusters]
	}
	for i := range shown {
		p.blank()
		shown[i].drawText(p)
	}
	if left := len(d.Clusters) - len(shown); left > 0 {
		p.blank()
		p.hang(fmt.Sprintf("%s more: --verbose", count(left, "smaller group")))
	}
	if next := d.next(); next != "" {
		p.blank()
		p.hang(next, span{p.marks.arrow + " ", faint})
	}
}

func (c *FleetCluster) drawText(p *page) {
	look, mark := odd, p.marks.warned
	if c.Verdict == string(advice.Fault) {
		look, mark = bad, p.marks.failed
	}
	p.hang(c.heading(), span{mark + " ", look})
	p.clip(2, c.place(), partLabel("at"))
	p.hang(c.examples(), partLabel("devices"))
	p.hang(c.period(), partLabel("since"))
	remedies := c.Remedies
	if !p.opts.Verbose && len(remedies) > 1 {
		remedies = remedies[:1]
	}
	for i, remedy := range remedies {
		if p.opts.Verbose {
			p.hang(remedy, partLabel(firstOnly(i, "do")))
		} else {
			p.clip(2, remedy, partLabel("do"))
		}
	}
	if c.Explain != "" {
		p.command(c.Explain, partLabel("more"))
	}
}

// heading is the number of devices and what is wrong with them.
func (c *FleetCluster) heading() string {
	about := c.Cause
	if c.ErrorCode != 0 {
		about = strings.TrimPrefix(about+", "+strconv.Itoa(c.ErrorCode), ", ")
	}
	return count(c.Devices, "device") + ": " + titled(c.Title, about)
}

// place is where the first device failed.
func (c *FleetCluster) place() string {
	return strings.TrimSuffix(cmp.Or(c.Stage, "the end")+": "+c.Detail, ": ")
}

func (c *FleetCluster) examples() string {
	text := strings.Join(c.Examples, ", ")
	if more := c.Devices - len(c.Examples); more > 0 {
		text += fmt.Sprintf(" and %s more", grouped(more))
	}
	return text
}

func (c *FleetCluster) period() string {
	if c.First == c.Last {
		return c.First
	}
	return c.First + " until " + c.Last
}

func (d *Fleet) headline() string {
	if d.Mode == DryRun {
		return "list checked"
	}
	return d.Verdict
}

func (d *Fleet) drawMarkdown(m *markdown) {
	m.heading(3, escape("dpsdiag fleet: "+d.headline()))
	m.paragraph(strongText(d.devices()) + inline(fmt.Sprintf(" (exit status %d)", d.ExitCode)))
	m.fields(append(d.fields()[:3:3], field{"took", d.pace()}, field{"started", d.StartedAt}, field{"dpsdiag", d.Tool.Version})...)
	if len(d.Clusters) > 0 {
		rows := make([][]inline, 0, len(d.Clusters))
		for i := range d.Clusters {
			c := &d.Clusters[i]
			rows = append(rows, []inline{escape(grouped(c.Devices)), escape(c.Title), code(c.Cause), escape(number(c.ErrorCode)), escape(c.place()), escape(c.examples()), escape(c.period())})
		}
		m.table([]string{"Devices", "What", "Cause", "Code", "Where", "Which", "When"}, rows)
	}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		m.numbered("What to do: "+c.Title, escapeAll(c.Remedies))
	}
	m.paragraph(escape(d.next()))
}

func (d *Fleet) html() *htmlPage {
	page := &htmlPage{
		Title: "dpsdiag fleet: " + d.headline(), Heading: upperFirst(d.devices()),
		Footer: "Written by dpsdiag " + d.Tool.Version + ". This page is one file: it loads nothing and runs no script.",
	}
	page.Mark, page.Class = htmlLook(d.outcome())
	for _, line := range []string{d.pace(), d.next(), fmt.Sprintf("Exit status %d, begun at %s", d.ExitCode, d.StartedAt)} {
		if line != "" {
			page.Lead = append(page.Lead, upperFirst(line))
		}
	}
	if len(d.Clusters) > 0 {
		page.Blocks = append(page.Blocks, htmlBlock{Title: "Which devices, and when", Text: []string{"Each bar begins when the first device of a group ended and ends with the last."}, Stages: d.timeline()})
	}
	for i := range d.Clusters {
		page.Blocks = append(page.Blocks, d.Clusters[i].html())
	}
	page.Blocks = append(page.Blocks, htmlBlock{Title: "What was probed", Fields: fieldsOf(d.fields()[:3]...)})
	return page
}

// timeline draws the clusters over the time of the run.
func (d *Fleet) timeline() []htmlStage {
	var first, last time.Time
	at := func(text string) time.Time {
		t, _ := time.Parse(time.RFC3339, text) // the zero time if it is not a time
		return t
	}
	for i := range d.Clusters {
		if t := at(d.Clusters[i].First); first.IsZero() || t.Before(first) {
			first = t
		}
		if t := at(d.Clusters[i].Last); t.After(last) {
			last = t
		}
	}
	scale := func(t time.Time) int {
		if !last.After(first) {
			return 0
		}
		return int(t.Sub(first).Seconds() / last.Sub(first).Seconds() * waterfallScale)
	}
	rows := make([]htmlStage, 0, len(d.Clusters))
	for i := range d.Clusters {
		c := &d.Clusters[i]
		row := htmlStage{Name: cmp.Or(c.Cause, c.Verdict), Took: grouped(c.Devices), Outcome: c.Verdict, Detail: c.Title}
		row.Mark, row.Class = htmlLook(c.outcome())
		row.Start = min(scale(at(c.First)), waterfallScale-leastBar)
		row.Width = max(scale(at(c.Last))-row.Start, leastBar)
		rows = append(rows, row)
	}
	return rows
}

func (c *FleetCluster) outcome() probe.Outcome {
	if c.Verdict == string(advice.Fault) {
		return probe.Failed
	}
	return probe.Warned
}

func (c *FleetCluster) html() htmlBlock {
	block := htmlBlock{Title: c.heading(), Fields: fieldsOf(field{"at", c.place()}, field{"devices", c.examples()}, field{"since", c.period()})}
	if len(c.Remedies) > 0 {
		block.Blocks = append(block.Blocks, htmlBlock{Title: "What to do", Sub: true, Numbered: c.Remedies})
	}
	if c.Explain != "" {
		block.Blocks = append(block.Blocks, htmlBlock{Title: "More", Sub: true, Code: []string{c.Explain}})
	}
	return block
}

// junit is a suite with a case for each cluster, and one for the devices that have registered.
func (d *Fleet) junit(opts Options) junitReport {
	suite := junitSuite{
		Name: "dpsdiag fleet " + d.Target.Transport, Package: "dpsdiag", Hostname: "localhost", Timestamp: strings.TrimSuffix(d.StartedAt, "Z"),
		Time: seconds(d.DurationMS),
		Properties: []junitProperty{
			{"endpoint", d.Target.Endpoint},
			{"id_scope", d.Target.IDScope},
			{"transport", d.Target.Transport},
			{"mode", d.Mode},
			{"devices", strconv.Itoa(d.Totals.Devices)},
			{"verdict", d.Verdict},
			{"exit_code", strconv.Itoa(d.ExitCode)},
			{"dpsdiag", d.Tool.Version},
		},
		Cases:     []junitCase{{Name: d.devices(), Classname: "dpsdiag.fleet", Time: seconds(d.DurationMS)}},
		SystemOut: junitText{plainText(opts, d.drawText)},
	}
	switch {
	case d.Totals.NotStarted > 0:
		suite.Cases[0].Skipped = &junitSkipped{Message: d.next()}
		suite.Skipped++
	case d.ExitCode == ExitWarned:
		suite.Cases[0].Failure = &junitFailure{Type: "warning", Message: d.pace()}
		suite.Failures++
	}
	for i := range d.Clusters {
		c := &d.Clusters[i]
		suite.Cases = append(suite.Cases, junitCase{
			Name: c.heading(), Classname: "dpsdiag.fleet", Time: seconds(0),
			Failure: &junitFailure{Type: c.Verdict, Message: c.place(), Text: plainText(opts, c.drawText)},
		})
		suite.Failures++
	}
	suite.Tests = len(suite.Cases)
	return junitReport{Suites: []junitSuite{suite}}
}

func readFleet(data []byte) (Document, error) {
	doc := &Fleet{}
	if err := decode(data, doc); err != nil {
		return nil, err
	}
	if doc.Mode != DryRun {
		if err := isVerdict(doc.Verdict); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(doc.Clusters, func(c FleetCluster) bool { return c.Devices < len(c.Examples) || len(c.Examples) == 0 }) {
		return nil, damaged("a cluster has no devices")
	}
	return doc, nil
}

// grouped writes a number with commas between thousands.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// count is a number with the thing that it counts.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return grouped(n) + " " + thing + "s"
}
