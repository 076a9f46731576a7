package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/duration"
	"dpsdiag/internal/plan"
)

// PlanSchema names the JSON of a [Plan].
const PlanSchema = "dpsdiag/plan/1"

// Plan is what many devices do to the limits of the service. Times are since the first device
// could begin.
type Plan struct {
	Schema   string       `json:"schema"`
	Tool     Tool         `json:"tool"`
	ExitCode int          `json:"exit_code"`
	Question PlanQuestion `json:"question"`

	Assigned       int        `json:"assigned"`
	GivenUp        int        `json:"given_up"` // devices that do not retry
	HalfAssignedMS float64    `json:"half_assigned_ms"`
	LastAssignedMS float64    `json:"last_assigned_ms"`
	Calls          PlanCalls  `json:"calls"`
	BusiestMinute  PlanMinute `json:"busiest_minute"` // with the most register calls
	LongestQueue   PlanQueue  `json:"longest_queue"`
	// SmallestSpread is the shortest time without a refused register call, 0 for all at once;
	// absent if it is too long to simulate.
	SmallestSpread *float64     `json:"smallest_spread_ms,omitempty"`
	Timeline       []PlanMoment `json:"timeline"`
}

// PlanQuestion is what was simulated.
type PlanQuestion struct {
	Devices      int     `json:"devices"`
	Spread       string  `json:"spread"` // at-once, random or even
	OverMS       float64 `json:"over_ms"`
	Instances    int     `json:"instances"`
	PerMinute    int     `json:"per_minute"`
	Polls        int     `json:"polls"`
	AssignTimeMS float64 `json:"assign_time_ms"`
	Retry        string  `json:"retry"`
	RetryAfter   bool    `json:"retry_after"`
	Seed         uint64  `json:"seed"`
}

// PlanCalls counts the calls, refused ones included.
type PlanCalls struct {
	Register     int64 `json:"register"`
	Refused      int64 `json:"refused"`
	Polls        int64 `json:"polls"`
	PollsRefused int64 `json:"polls_refused"`
}

// PlanMinute is a minute of the simulation.
type PlanMinute struct {
	AtMS    float64 `json:"at_ms"`
	Calls   int64   `json:"calls"`
	Refused int64   `json:"refused"`
}

// PlanQueue is the queue at a moment.
type PlanQueue struct {
	AtMS    float64 `json:"at_ms"`
	Devices int     `json:"devices"`
}

// PlanMoment is the end of a period of the simulation.
type PlanMoment struct {
	AtMS       float64 `json:"at_ms"`
	Waiting    int     `json:"waiting"`    // devices that have begun and whose register call was not accepted yet
	Registered int     `json:"registered"` // devices whose register call was accepted
	Refused    int64   `json:"refused"`    // register calls refused in the period
}

// The spreads of a plan.
const (
	SpreadAtOnce = "at-once"
	SpreadRandom = "random"
	SpreadEven   = "even"
)

// NewPlan makes the report of a simulation. Every field of the question must be set. The smallest
// spread is nil if there is none that is practical.
func NewPlan(q plan.Question, a *plan.Answer, smallest *time.Duration, tool Tool) *Plan {
	doc := &Plan{
		Schema: PlanSchema, Tool: Tool{Clean(tool.Version)},
		Question: PlanQuestion{
			Devices: q.Devices, Spread: SpreadRandom, OverMS: milliseconds(q.Over), Instances: q.Instances, PerMinute: q.PerMinute,
			Polls: q.Polls, AssignTimeMS: milliseconds(q.AssignTime), Retry: string(q.Retry), RetryAfter: !q.IgnoreRetryAfter, Seed: q.Seed,
		},
		Assigned: a.Assigned, GivenUp: a.GivenUp, HalfAssignedMS: milliseconds(a.HalfAssigned), LastAssignedMS: milliseconds(a.LastAssigned),
		Calls:         PlanCalls{a.RegisterCalls, a.Refused, a.PollCalls, a.PollsRefused},
		BusiestMinute: PlanMinute{milliseconds(a.Busiest.At), a.Busiest.Calls, a.Busiest.Refused},
		LongestQueue:  PlanQueue{milliseconds(a.Queue.At), a.Queue.Waiting},
		Timeline:      make([]PlanMoment, 0, len(a.Timeline)),
	}
	if smallest != nil {
		doc.SmallestSpread = new(milliseconds(*smallest))
	}
	switch {
	case q.Over == 0:
		doc.Question.Spread = SpreadAtOnce
	case q.Even:
		doc.Question.Spread = SpreadEven
	}
	for _, p := range a.Timeline {
		doc.Timeline = append(doc.Timeline, PlanMoment{milliseconds(p.At), p.Waiting, p.Taken, p.Refused})
	}
	return doc
}

// ExitStatus implements [Document].
func (d *Plan) ExitStatus() int { return d.ExitCode }

// spanText is a time of the simulation in words.
func spanText(ms float64) string { return duration.Text(fromMilliseconds(ms)) }

// asked describes what was simulated.
func (q *PlanQuestion) asked() string {
	begin := "at once"
	switch q.Spread {
	case SpreadRandom:
		begin = "at random times within " + spanText(q.OverMS)
	case SpreadEven:
		begin = "evenly within " + spanText(q.OverMS)
	}
	return count(q.Devices, "device") + ", which begin " + begin
}

func (q *PlanQuestion) limits() string {
	return fmt.Sprintf("%s of %s registrations a minute", count(q.Instances, "instance"), grouped(q.PerMinute))
}

func (q *PlanQuestion) behaviour() string {
	retry := map[string]string{
		string(plan.RetryNone): "give up when refused", string(plan.RetryFixed): "try again every 5 s",
		string(plan.RetryBackoff):       "try again after 1 s, 2 s, 4 s, up to a minute",
		string(plan.RetryBackoffJitter): "try again after a random part of 1 s, 2 s, 4 s, up to a minute",
	}[q.Retry]
	if q.RetryAfter && q.Retry != string(plan.RetryNone) {
		retry = "try again when Retry-After says so"
		if q.Retry == string(plan.RetryBackoffJitter) {
			retry += ", or up to a quarter later"
		}
	}
	return fmt.Sprintf("%s within %s until a device is assigned; they %s", count(q.Polls, "poll"), spanText(q.AssignTimeMS), retry)
}

func (d *Plan) outcome() string {
	if d.Assigned == 0 {
		return "no device is assigned"
	}
	text := fmt.Sprintf("the last device is assigned after %s, half of them after %s", spanText(d.LastAssignedMS), spanText(d.HalfAssignedMS))
	if d.GivenUp > 0 {
		text += fmt.Sprintf("; %s never", grouped(d.GivenUp))
	}
	return text
}

func (d *Plan) calls() string {
	refused := func(n int64) string {
		if n == 0 {
			return "none refused"
		}
		return grouped(int(n)) + " of them refused"
	}
	return fmt.Sprintf("%s to register, %s; %s, %s", count(int(d.Calls.Register), "call"), refused(d.Calls.Refused), count(int(d.Calls.Polls), "poll"), refused(d.Calls.PollsRefused))
}

func (d *Plan) busiest() string {
	when := "the first"
	if d.BusiestMinute.AtMS > 0 {
		when = "the one after " + spanText(d.BusiestMinute.AtMS)
	}
	return fmt.Sprintf("%s: %s calls to register, %s refused", when, grouped(int(d.BusiestMinute.Calls)), grouped(int(d.BusiestMinute.Refused)))
}

func (d *Plan) queue() string {
	if d.LongestQueue.Devices == 0 {
		return "no device"
	}
	return fmt.Sprintf("at most %s, after %s", count(d.LongestQueue.Devices, "device"), spanText(d.LongestQueue.AtMS))
}

func (d *Plan) fields() []field {
	return []field{
		{"simulated", d.Question.asked()},
		{"limits", d.Question.limits()},
		{"devices", d.Question.behaviour()},
		{"outcome", d.outcome()},
		{"calls", d.calls()},
		{"busiest minute", d.busiest()},
		{"waiting", d.queue()},
	}
}

// advice says what to do.
func (d *Plan) advice() []string {
	var list []string
	how := "at random"
	if d.Question.Spread == SpreadEven {
		how = "evenly"
	}
	switch smallest := d.SmallestSpread; {
	case smallest == nil && d.Calls.Refused == 0:
		list = append(list, "No register call is refused.")
	case smallest == nil:
		list = append(list, fmt.Sprintf("Spread %s, the devices would need months until no register call is refused.", how))
		if how != "evenly" {
			list = append(list, "Let them begin at equal intervals: --spread even says over how long.")
		}
	case *smallest == 0:
		list = append(list, "All can begin at once: no register call is refused.")
	case d.Calls.Refused == 0:
		list = append(list, fmt.Sprintf("No register call is refused. %s would be enough.", upperFirst(spanText(*smallest))))
	default:
		list = append(list, fmt.Sprintf("Spread the devices %s over %s or more: then no register call is refused.", how, spanText(*smallest)))
	}
	if d.Calls.PollsRefused > 0 {
		list = append(list, fmt.Sprintf("Poll less often: the service takes %d polls of a device in %s.", plan.PollLimit, duration.Text(plan.PollWindow)))
	}
	if d.GivenUp > 0 {
		list = append(list, "Let the devices try again: what is refused is not registered.")
	}
	return list
}

// The size of the chart of the queue, in characters.
const (
	chartRows    = 6
	chartColumns = 60
)

func (d *Plan) drawText(p *page) {
	p.fields("", d.fields()...)
	d.drawQueue(p)
	p.blank()
	for _, line := range d.advice() {
		p.hang(line, span{p.marks.arrow + " ", faint})
	}
}

// drawQueue draws how many devices wait over time.
func (d *Plan) drawQueue(p *page) {
	most := d.LongestQueue.Devices
	if most == 0 {
		return
	}
	label := grouped(most)
	width := min(chartColumns, p.width-len(label)-3)
	heights := d.waiting(width)
	p.heading("Devices that wait")
	eighths := []rune(" ▁▂▃▄▅▆▇█")
	if p.opts.ASCII {
		eighths = []rune("    ####")
	}
	top := len(eighths) - 1
	for row := chartRows; row > 0; row-- {
		var line strings.Builder
		for _, h := range heights {
			// A queue that is not empty must be visible.
			filled := (h*chartRows*top + most - 1) / most
			line.WriteRune(eighths[max(0, min(top, filled-(row-1)*top))])
		}
		name := ""
		switch row {
		case chartRows:
			name = label
		case chartRows / 2:
			name = grouped(most / 2)
		}
		p.out.WriteString(strings.TrimRight(strings.Repeat(" ", len(label)-len(name))+name+" | "+p.paint(span{strings.TrimRight(line.String(), " "), accent}), " ") + "\n")
	}
	end := spanText(d.end())
	p.line(span{strings.Repeat(" ", len(label)+3) + pad("0", width-len(end)) + end, faint})
}

// end is the time at which the chart ends, in milliseconds.
func (d *Plan) end() float64 { return d.Timeline[len(d.Timeline)-1].AtMS }

// waiting divides the time into equal parts and returns the longest queue in each.
func (d *Plan) waiting(parts int) []int {
	heights := make([]int, parts)
	part := 0
	for _, m := range d.Timeline {
		last := min(int(m.AtMS/d.end()*float64(parts)), parts-1)
		for ; part < last; part++ {
			heights[part] = max(heights[part], m.Waiting)
		}
		heights[last] = max(heights[last], m.Waiting)
	}
	at := min(int(d.LongestQueue.AtMS/d.end()*float64(parts)), parts-1)
	heights[at] = max(heights[at], d.LongestQueue.Devices)
	return heights
}

func (d *Plan) drawMarkdown(m *markdown) {
	m.heading(3, escape("dpsdiag plan: "+d.outcome()))
	for _, line := range d.advice() {
		m.paragraph(strongText(line))
	}
	m.fields(append(d.fields(), field{"dpsdiag", d.Tool.Version})...)
}

func (d *Plan) html() *htmlPage {
	page := &htmlPage{
		Title: "dpsdiag plan: " + d.outcome(), Heading: upperFirst(d.outcome()), Lead: d.advice(),
		Blocks: []htmlBlock{{Title: "What was simulated", Fields: fieldsOf(d.fields()...)}},
		Footer: "Written by dpsdiag " + d.Tool.Version + ". This page is one file: it loads nothing and runs no script.",
	}
	if d.LongestQueue.Devices > 0 {
		page.Blocks = append(page.Blocks, htmlBlock{Title: "Devices that wait", Text: []string{upperFirst(d.queue()) + "."}, Chart: d.chart()})
	}
	return page
}

// chart draws the queue for a page.
func (d *Plan) chart() *htmlChart {
	const width = 1000
	heights := d.waiting(min(len(d.Timeline), 2*chartColumns))
	row := htmlChartRow{Name: "waiting", Class: "idle", About: "waiting: " + d.queue()}
	for i, h := range heights {
		if h == 0 {
			continue
		}
		x := i * width / len(heights)
		height := max(int(int64(h)*chartHeight/int64(d.LongestQueue.Devices)), 1)
		row.Bars = append(row.Bars, htmlBar{X: x, Y: chartHeight - height, Width: (i+1)*width/len(heights) - x, Height: height})
	}
	return &htmlChart{Width: width, Rows: []htmlChartRow{row}, From: "0", To: spanText(d.end())}
}

func readPlan(data []byte) (Document, error) {
	doc := &Plan{}
	if err := decode(data, doc); err != nil {
		return nil, err
	}
	if len(doc.Timeline) == 0 || doc.end() <= 0 {
		return nil, damaged("it has no timeline")
	}
	retries := plan.Retries()
	if !slices.Contains(retries, plan.Retry(doc.Question.Retry)) {
		return nil, damaged("%q is not a way to retry", doc.Question.Retry)
	}
	if slices.ContainsFunc(doc.Timeline, func(m PlanMoment) bool {
		return m.Waiting < 0 || m.Waiting > doc.LongestQueue.Devices || m.AtMS < 0 || m.AtMS > doc.end()
	}) ||
		doc.LongestQueue.AtMS < 0 || doc.LongestQueue.AtMS > doc.end() {
		return nil, damaged("the timeline does not fit the queue")
	}
	return doc, nil
}
