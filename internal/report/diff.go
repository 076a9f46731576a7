package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/probe"
)

// DiffSchema names the JSON of a [Diff].
const DiffSchema = "dpsdiag/diff/1"

// Diff is what differs between two probes, of a device that works and of one that does not or
// of one device at two times.
type Diff struct {
	Schema      string       `json:"schema"`
	ExitCode    int          `json:"exit_code"`
	Good        Side         `json:"good"`
	Bad         Side         `json:"bad"`
	Differences []Difference `json:"differences"` // the decisive one first
}

// Side is one of the two probes.
type Side struct {
	File           string `json:"file"`
	RegistrationID string `json:"registration_id"`
	Verdict        string `json:"verdict"`
	StartedAt      string `json:"started_at"`
}

// Difference is one thing that differs, with the value of each probe, "" for none. Transports are
// those with the difference; none if it does not depend on the transport.
type Difference struct {
	Kind       string   `json:"kind"`
	Name       string   `json:"name"`
	Transports []string `json:"transports"`
	Good       string   `json:"good"`
	Bad        string   `json:"bad"`
}

// The kinds of differences, the decisive ones first.
const (
	diffStage        = "stage"
	diffAnswer       = "answer"
	diffCause        = "cause"
	diffTarget       = "target"
	diffTransport    = "transport"
	diffCertificates = "certificates"
	diffTLS          = "tls"
	diffAddresses    = "addresses"
	diffWarning      = "warning"
	diffTime         = "time"
)

// Times differ by an order of magnitude, and only if a person would notice the longer one.
const (
	slower     = 10
	noticeable = 100 * time.Millisecond
)

// NewDiff compares two saved probes, which come from the files of these names.
func NewDiff(goodFile string, good *Probe, badFile string, bad *Probe) *Diff {
	d := &Diff{Schema: DiffSchema, Good: newSide(goodFile, good), Bad: newSide(badFile, bad), Differences: []Difference{}}
	c := newComparison(good, bad)
	c.compareRuns()
	c.compareCauses()
	c.compareTargets()
	c.compareWarnings()
	slices.SortStableFunc(c.found, func(a, b Difference) int { return cmp.Compare(decisive(a), decisive(b)) })
	d.Differences = append(d.Differences, c.found...)
	if len(d.Differences) > 0 {
		d.ExitCode = ExitDifferent
	}
	return d
}

func newSide(file string, doc *Probe) Side {
	return Side{
		File: Clean(file), RegistrationID: Clean(doc.Target.RegistrationID),
		Verdict: Clean(doc.Verdict), StartedAt: Clean(doc.StartedAt),
	}
}

// decisive ranks a difference, the most decisive lowest: a stage that failed in only one of the
// probes comes first.
func decisive(d Difference) int {
	kinds := []string{diffStage, diffAnswer, diffCause, diffTarget, diffTransport, diffCertificates, diffTLS, diffAddresses, diffWarning, diffTime}
	rank := 2 * (1 + slices.Index(kinds, d.Kind))
	failed := func(text string) bool { return strings.HasPrefix(text, string(probe.Failed)) }
	if d.Kind == diffStage && failed(d.Good) != failed(d.Bad) {
		rank--
	}
	return rank
}

// anyCase begins a regular expression that ignores letter case. Alone, it stands for an unknown
// registration id.
const anyCase = "(?i)"

// comparison gathers the differences of two probes.
type comparison struct {
	good, bad *Probe
	found     []Difference
	// These match what differs from probe to probe: the registration ids, and the ids of
	// requests and times of day.
	goodID, badID, passing *regexp.Regexp
}

func newComparison(good, bad *Probe) *comparison {
	own := func(d *Probe) *regexp.Regexp {
		return regexp.MustCompile(anyCase + regexp.QuoteMeta(d.Target.RegistrationID))
	}
	return &comparison{
		good: good, bad: bad, goodID: own(good), badID: own(bad),
		passing: regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[0-9.]*(Z|[+-]\d\d:?\d\d)?`),
	}
}

// note adds a difference, unless there is none. The same difference over several transports is
// added once.
func (c *comparison) note(kind, name, transport, good, bad string) {
	if c.same(good, bad) {
		return
	}
	good, bad = Clean(good), Clean(bad)
	at := slices.IndexFunc(c.found, func(d Difference) bool {
		return transport != "" && d.Kind == kind && d.Name == name && d.Good == good && d.Bad == bad
	})
	if at >= 0 {
		c.found[at].Transports = append(c.found[at].Transports, Clean(transport))
		return
	}
	d := Difference{Kind: kind, Name: name, Transports: []string{}, Good: good, Bad: bad}
	if transport != "" {
		d.Transports = append(d.Transports, Clean(transport))
	}
	c.found = append(c.found, d)
}

// same reports whether two texts are the same, apart from parts that differ in every probe.
func (c *comparison) same(good, bad string) bool {
	neutral := func(text string, id *regexp.Regexp) string {
		if id.String() != anyCase {
			text = id.ReplaceAllString(text, "{id}")
		}
		return c.passing.ReplaceAllString(text, "{}")
	}
	return good == bad || neutral(good, c.goodID) == neutral(bad, c.badID)
}

// compareRuns compares the runs over each transport. Two probes over one transport each are
// compared even if the transports differ.
func (c *comparison) compareRuns() {
	if len(c.good.Runs) == 1 && len(c.bad.Runs) == 1 {
		good, bad := &c.good.Runs[0], &c.bad.Runs[0]
		c.note(diffTransport, "transport", "", good.Transport, bad.Transport)
		c.compareRun(good, bad)
		return
	}
	for i := range c.good.Runs {
		good := &c.good.Runs[i]
		if bad := c.bad.run(good.Transport); bad != nil {
			c.compareRun(good, bad)
		} else {
			c.note(diffTransport, good.Transport, "", "probed", "not probed")
		}
	}
	for i := range c.bad.Runs {
		if bad := &c.bad.Runs[i]; c.good.run(bad.Transport) == nil {
			c.note(diffTransport, bad.Transport, "", "not probed", "probed")
		}
	}
}

// run is the run over a transport, or nil.
func (d *Probe) run(transport string) *Run {
	at := slices.IndexFunc(d.Runs, func(r Run) bool { return r.Transport == transport })
	if at < 0 {
		return nil
	}
	return &d.Runs[at]
}

// stage is a stage of a run; the zero value if the document lacks it.
func (r *Run) stage(id probe.StageID) Stage {
	at := slices.IndexFunc(r.Stages, func(s Stage) bool { return s.ID == string(id) })
	if at < 0 {
		return Stage{}
	}
	return r.Stages[at]
}

func (c *comparison) compareRun(good, bad *Run) {
	transport := bad.Transport
	for _, id := range probe.Stages() {
		c.compareStage(transport, good.stage(id), bad.stage(id))
	}
	c.compareTLS(transport, good.stage(probe.StageTLS), bad.stage(probe.StageTLS))
	c.note(diffAddresses, "addresses", transport, addresses(good), addresses(bad))
	if skipped := string(probe.Skipped); good.stage(probe.StageRegister).Outcome == skipped || bad.stage(probe.StageRegister).Outcome == skipped {
		return // an earlier stage shows that one of them was not asked
	}
	for _, part := range []struct{ name, good, bad string }{
		{"status", good.Reply.Status, bad.Reply.Status},
		{"HTTP status", number(good.Reply.HTTPStatus), number(bad.Reply.HTTPStatus)},
		{"error code", number(good.Reply.ErrorCode), number(bad.Reply.ErrorCode)},
		{"message", good.Reply.ErrorMessage, bad.Reply.ErrorMessage},
		{"hub", good.Reply.AssignedHub, bad.Reply.AssignedHub},
		{"device id", good.Reply.DeviceID, bad.Reply.DeviceID},
		{"attempts", number(good.Reply.Attempts), number(bad.Reply.Attempts)},
	} {
		c.note(diffAnswer, part.name, transport, part.good, part.bad)
	}
}

// compareStage compares outcomes, the reasons of failures, and times. A stage that was skipped
// is left out: it differs because of an earlier one.
func (c *comparison) compareStage(transport string, good, bad Stage) {
	skipped := string(probe.Skipped)
	switch failed := string(probe.Failed); {
	case good.Outcome == skipped || bad.Outcome == skipped:
	case good.Outcome != bad.Outcome, good.Outcome == failed && !c.same(good.Detail, bad.Detail):
		c.note(diffStage, bad.ID, transport, good.outcomeText(), bad.outcomeText())
	case good.Outcome != failed && unlike(good.DurationMS, bad.DurationMS):
		c.note(diffTime, bad.ID, transport, duration.Text(fromMilliseconds(good.DurationMS)), duration.Text(fromMilliseconds(bad.DurationMS)))
	}
}

// outcomeText is the outcome of a stage and what it says.
func (s Stage) outcomeText() string {
	return strings.TrimSuffix(strings.ReplaceAll(s.Outcome, "-", " ")+": "+s.Detail, ": ")
}

// unlike reports whether one time is an order of magnitude longer than the other.
func unlike(a, b float64) bool {
	return fromMilliseconds(max(a, b)) >= noticeable && max(a, b) >= slower*min(a, b)
}

// compareTLS compares what is known of both handshakes: a document of an older version, or of a
// failed handshake, has less.
func (c *comparison) compareTLS(transport string, good, bad Stage) {
	for _, fact := range []struct{ kind, name, key string }{
		{diffCertificates, "chain", probe.FactChain},
		{diffCertificates, "root", "root"},
		{diffCertificates, "valid until", "peer-not-after"},
		{diffTLS, "version", probe.FactTLSVersion},
		{diffTLS, "cipher", "cipher"},
	} {
		if g, b := good.Facts[fact.key], bad.Facts[fact.key]; g != "" && b != "" {
			c.note(fact.kind, fact.name, transport, g, b)
		}
	}
}

// addresses are the addresses that the name was resolved to, sorted.
func addresses(r *Run) string {
	s := r.stage(probe.StageResolve)
	list := strings.Split(s.Facts["addresses"], ", ")
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// compareCauses compares which causes there are, and how strong the evidence for each is.
func (c *comparison) compareCauses() {
	list := func(causes []Cause) string {
		var words []string
		for _, c := range causes {
			words = append(words, fmt.Sprintf("%s (%s)", c.ID, c.Strength))
		}
		return strings.Join(words, ", ")
	}
	c.note(diffCause, "causes", "", list(c.good.Causes), list(c.bad.Causes))
}

func (c *comparison) compareTargets() {
	identity := func(d *Probe) string { return d.Runs[0].stage(probe.StageInputs).Facts["identity"] }
	for _, part := range []struct{ name, good, bad string }{
		{"endpoint", c.good.Target.Endpoint, c.bad.Target.Endpoint},
		{"id scope", c.good.Target.IDScope, c.bad.Target.IDScope},
		{"attestation", c.good.Target.Attestation, c.bad.Target.Attestation},
		{"credential", identity(c.good), identity(c.bad)},
	} {
		c.note(diffTarget, part.name, "", part.good, part.bad)
	}
}

// compareWarnings compares which warnings there are.
func (c *comparison) compareWarnings() {
	details := func(d *Probe, id string) string {
		var list []string
		for _, w := range d.Warnings {
			if w.ID == id {
				list = append(list, w.Detail)
			}
		}
		return strings.Join(list, "; ")
	}
	var seen []string
	for _, w := range slices.Concat(c.bad.Warnings, c.good.Warnings) {
		if !slices.Contains(seen, w.ID) {
			seen = append(seen, w.ID)
			c.note(diffWarning, Clean(w.ID), "", details(c.good, w.ID), details(c.bad, w.ID))
		}
	}
}

// number is a number as text, "" for 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// ExitStatus implements [Document].
func (d *Diff) ExitStatus() int { return d.ExitCode }

func (d *Diff) drawText(p *page) {
	p.fields("", field{"good", d.Good.line()}, field{"bad", d.Bad.line()})
	if len(d.Differences) == 0 {
		p.blank()
		p.hang("Nothing differs: stages, answers, causes, target, certificates, TLS, addresses, warnings, and times by an order of magnitude.", span{p.marks.passed + " ", good})
		return
	}
	blocks := d.blocks()
	heading := "One difference"
	if n := len(blocks); n > 1 {
		heading = strconv.Itoa(n) + " differences, the decisive one first"
	}
	p.heading(heading)
	for i, b := range blocks {
		look := plain
		if i == 0 {
			look = strong
		}
		p.hang(b.title(), span{"  ", look})
		p.hang(cmp.Or(b.Good, "none"), span{"    good  ", faint})
		p.hang(cmp.Or(b.Bad, "none"), span{"    bad   ", faint})
	}
}

// blocks are the differences as they are shown: those of one answer are joined.
func (d *Diff) blocks() []Difference {
	var blocks []Difference
	for _, next := range d.Differences {
		if next.Kind != diffAnswer {
			blocks = append(blocks, next)
			continue
		}
		next.Good, next.Bad = named(next.Name, next.Good), named(next.Name, next.Bad)
		at := slices.IndexFunc(blocks, func(b Difference) bool {
			return b.Kind == diffAnswer && slices.Equal(b.Transports, next.Transports)
		})
		if at < 0 {
			blocks = append(blocks, next)
			continue
		}
		blocks[at].Good, blocks[at].Bad = joinParts(blocks[at].Good, next.Good), joinParts(blocks[at].Bad, next.Bad)
	}
	return blocks
}

// named is a value with its name, if there is one.
func named(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

// joinParts joins two parts of an answer, which may be "".
func joinParts(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}

// line says which probe it is, and how it ended.
func (s Side) line() string {
	return strings.Join([]string{s.File, s.RegistrationID, s.Verdict, s.StartedAt}, ", ")
}

// title names what differs.
func (d Difference) title() string {
	name := d.Name
	switch d.Kind {
	case diffAnswer:
		name = d.Kind
	case diffCertificates, diffTLS, diffTime, diffWarning:
		name = d.Kind + ", " + name
	case diffStage:
		name = "stage " + name
	case diffTransport:
		if name != diffTransport {
			name = "transport " + name
		}
	}
	if len(d.Transports) > 0 {
		name += " (" + strings.Join(d.Transports, ", ") + ")"
	}
	return name
}
