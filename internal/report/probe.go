package report

import (
	"cmp"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/shellword"
)

// ProbeSchema names the JSON of a [Probe].
const ProbeSchema = "dpsdiag/probe/1"

// Probe is the report of a probe. Numbers are 0 and texts empty if nothing was learned.
type Probe struct {
	Schema     string     `json:"schema"`
	Tool       Tool       `json:"tool"`
	StartedAt  string     `json:"started_at"` // RFC 3339, UTC
	DurationMS float64    `json:"duration_ms"`
	Verdict    string     `json:"verdict"`
	ExitCode   int        `json:"exit_code"`
	Target     Target     `json:"target"`
	Runs       []Run      `json:"runs"`
	Causes     []Cause    `json:"causes"` // most likely first
	RuledOut   []RuledOut `json:"ruled_out"`
	Warnings   []Warning  `json:"warnings"`
	Decide     []Decider  `json:"decide"` // what would separate causes that are left together
	Mode       string     `json:"mode"`   // how far the probe was to go: register, preflight or lookup
	// Unregistered says that a lookup found no registration.
	Unregistered bool `json:"unregistered"`
	// Service is the service's side, if it was read.
	Service *Service `json:"service,omitempty"`
}

// ExitStatus implements [Document].
func (d *Probe) ExitStatus() int { return d.ExitCode }

// Tool is the program that wrote the document.
type Tool struct {
	Version string `json:"version"`
}

// Target is what was probed.
type Target struct {
	Endpoint       string `json:"endpoint"`
	IDScope        string `json:"id_scope"`
	RegistrationID string `json:"registration_id"`
	Attestation    string `json:"attestation"`
	// Origins say where the settings come from; none for a sandbox, which makes its own.
	Origins []Origin `json:"origins"`
	// Proxies are those that the runs go through, each with where it is configured, or the reason
	// why a configured one was not used.
	Proxies []string `json:"proxies"`
}

// Origin says in words where a setting comes from.
type Origin struct {
	Name string `json:"name"`
	From string `json:"from"`
	// Source is the file or the environment that From is in, "" for a flag.
	Source string `json:"source"`
}

// Run is the probe of one transport.
type Run struct {
	Transport string  `json:"transport"`
	Verdict   string  `json:"verdict"`
	Stages    []Stage `json:"stages"` // always all of them, in order
	Reply     Reply   `json:"reply"`
	// Exchanges are the calls as they were on the wire, without secrets.
	Exchanges []Exchange `json:"exchanges"`
}

// Stage is the outcome of one stage.
type Stage struct {
	ID         string            `json:"id"`
	Outcome    string            `json:"outcome"`
	DurationMS float64           `json:"duration_ms"`
	Detail     string            `json:"detail"`
	Needs      string            `json:"needs"` // for skipped: the stage whose failure prevents this one
	Facts      map[string]string `json:"facts"` // what was done step by step among them: step-01, step-02 ...
}

// Reply is the last thing that the service said about the registration.
type Reply struct {
	Status       string `json:"status"`
	Substatus    string `json:"substatus"`
	AssignedHub  string `json:"assigned_hub"`
	DeviceID     string `json:"device_id"`
	ErrorCode    int    `json:"error_code"`
	ErrorMessage string `json:"error_message"`
	TrackingID   string `json:"tracking_id"`
	OperationID  string `json:"operation_id"`
	HTTPStatus   int    `json:"http_status"`
	Attempts     int    `json:"attempts"` // register or lookup calls made
}

// Cause is a possible cause, with the evidence for it and what to do.
type Cause struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Strength string   `json:"strength"` // proves, suggests or allows
	Because  []string `json:"because"`
	Remedies []string `json:"remedies"`
	Command  string   `json:"command"` // shows what the cause is about; "" if none does
	Explain  string   `json:"explain"` // the command that explains the cause
}

// RuledOut is a cause that the evidence excludes.
type RuledOut struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Because []string `json:"because"`
}

// Warning is something odd that did not stop the probe.
type Warning struct {
	ID     string `json:"id"`
	Detail string `json:"detail"`
}

// Decider is a next step that separates causes which the evidence leaves together.
type Decider struct {
	How     string `json:"how"`
	Command string `json:"command"`
}

// NewProbe makes the report of a probe from its evidence and diagnosis.
// With failOnWarning a registration with warnings has an exit status of its own.
func NewProbe(ev *probe.Evidence, d advice.Diagnosis, tool Tool, failOnWarning bool) *Probe {
	doc := &Probe{
		Schema:     ProbeSchema,
		Tool:       Tool{Version: Clean(tool.Version)},
		StartedAt:  ev.Started.UTC().Format(time.RFC3339),
		DurationMS: milliseconds(ev.Took),
		Verdict:    string(d.Verdict),
		Target:     newTarget(ev),
		Runs:       make([]Run, 0, len(ev.Runs)),
		Causes:     make([]Cause, 0, len(d.Causes)),
		RuledOut:   make([]RuledOut, 0, len(d.RuledOut)),
		Warnings:   make([]Warning, 0, len(d.Warnings)),
		Decide:     make([]Decider, 0, len(d.Decide)),
		Mode:       string(ev.Target.Mode),

		Unregistered: d.Unregistered,
		Service:      newService(ev.Service),
	}
	for i := range ev.Runs {
		doc.Runs = append(doc.Runs, newRun(&ev.Runs[i], verdictOf(d, i)))
	}
	for _, c := range d.Causes {
		doc.Causes = append(doc.Causes, newCause(c))
	}
	for _, c := range d.RuledOut {
		doc.RuledOut = append(doc.RuledOut, newRuledOut(c))
	}
	for _, w := range d.Warnings {
		doc.Warnings = append(doc.Warnings, Warning{ID: Clean(w.ID), Detail: Clean(w.Detail)})
	}
	for _, s := range d.Decide {
		doc.Decide = append(doc.Decide, Decider{How: Clean(s.How), Command: Clean(s.Command)})
	}
	doc.ExitCode = exitOf(d.Verdict, doc.warned(), failOnWarning)
	return doc
}

// verdictOf is the verdict of run i, or that of the whole if the diagnosis has none.
func verdictOf(d advice.Diagnosis, i int) advice.Verdict {
	if i < len(d.Runs) {
		return d.Runs[i]
	}
	return d.Verdict
}

// warned reports whether a warning was found.
func (d *Probe) warned() bool {
	for _, run := range d.Runs {
		for _, s := range run.Stages {
			if s.Outcome == string(probe.Warned) {
				return true
			}
		}
	}
	return len(d.Warnings) > 0
}

func newTarget(ev *probe.Evidence) Target {
	return Target{
		Endpoint:       Clean(endpointText(ev)),
		IDScope:        Clean(ev.Target.Scope),
		RegistrationID: Clean(ev.Target.RegistrationID),
		Attestation:    string(ev.Target.Attestation),
		Origins:        newOrigins(ev.Origins),
		Proxies:        proxiesOf(ev),
	}
}

func newOrigins(origins []probe.Origin) []Origin {
	list := make([]Origin, 0, len(origins))
	for _, o := range origins {
		list = append(list, Origin{Name: Clean(o.Name), From: Clean(o.From), Source: Clean(o.Source)})
	}
	return list
}

func proxiesOf(ev *probe.Evidence) []string {
	list := []string{}
	for _, run := range ev.Runs {
		text := ""
		switch route := run.Route; {
		case route.Proxy != nil:
			text = Clean(fmt.Sprintf("%s (%s)", route.Proxy.URL, route.Proxy.Origin))
		case route.Direct != "":
			text = Clean("none: " + route.Direct)
		}
		if text != "" && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// endpointText is the host, with the port if the runs share one that is not the standard
// port of the service.
func endpointText(ev *probe.Evidence) string {
	endpoint := ev.Target.Endpoint
	port := 0
	for _, run := range ev.Runs {
		own := run.Transport.Port(endpoint)
		if own == run.Transport.StandardPort() || port != 0 && port != own {
			return endpoint.Host
		}
		port = own
	}
	if port == 0 {
		return endpoint.Host
	}
	return net.JoinHostPort(endpoint.Host, strconv.Itoa(port))
}

func newRun(run *probe.Run, verdict advice.Verdict) Run {
	out := Run{
		Transport: string(run.Transport),
		Verdict:   string(verdict),
		Stages:    make([]Stage, 0, len(run.Findings)),
		Reply:     newReply(run),
		Exchanges: newExchanges(run),
	}
	for _, f := range run.Findings {
		out.Stages = append(out.Stages, newStage(f))
	}
	return out
}

func newStage(f probe.Finding) Stage {
	facts := make(map[string]string, len(f.Facts))
	for _, fact := range f.Facts {
		facts[Clean(fact.Name)] = Clean(fact.Value)
	}
	for i, step := range f.Steps {
		facts[stepName(i)] = Clean(step)
	}
	return Stage{
		ID:         string(f.Stage),
		Outcome:    string(f.Outcome),
		DurationMS: milliseconds(f.Took),
		Detail:     Clean(f.Detail),
		Needs:      string(f.Needs),
		Facts:      facts,
	}
}

// stepName is the name of the fact about step i, counted from 0.
func stepName(i int) string { return fmt.Sprintf("step-%02d", i+1) }

// steps are what was done in the stage, in order.
func (s *Stage) steps() []string {
	var list []string
	for {
		step, ok := s.Facts[stepName(len(list))]
		if !ok {
			return list
		}
		list = append(list, step)
	}
}

// newReply gathers what the answers of a run say; for each field, the last answer counts.
func newReply(run *probe.Run) Reply {
	reply := Reply{Attempts: run.Attempts()}
	reply.takeOpening(run.Opening)
	for i := range run.Answers {
		reply.take(&run.Answers[i])
	}
	if r := run.Registration(); r != nil {
		reply.takeRegistration(r)
	} else if run.Hub != nil { // an earlier assignment
		reply.AssignedHub, reply.DeviceID = run.Hub.Hub, run.Hub.DeviceID
	}
	return reply.clean()
}

// takeOpening notes how a session was refused: over AMQP, the service sends there what it
// answers to a call over HTTPS.
func (r *Reply) takeOpening(o *probe.Opening) {
	if o == nil || o.Refusal == "" || o.Condition == "" && o.Body.Error == nil {
		return
	}
	r.take(&probe.Answer{Status: o.HTTPStatus(), Body: o.Body})
}

// take notes one answer. A new answer replaces what an earlier one said about the outcome;
// the ids of the operation are kept.
func (r *Reply) take(a *probe.Answer) {
	r.ErrorCode, r.ErrorMessage = 0, ""
	r.HTTPStatus = a.Status
	r.TrackingID = cmp.Or(a.RequestID, r.TrackingID)
	switch body := a.Body; {
	case body.Operation != nil:
		r.Status = string(body.Operation.Status)
		r.OperationID = cmp.Or(body.Operation.OperationID, r.OperationID)
	case body.Error != nil:
		r.ErrorCode, r.ErrorMessage = body.Error.ErrorCode, body.Error.Message
		r.TrackingID = cmp.Or(body.Error.TrackingID, r.TrackingID)
	case body.Hub != nil:
		r.ErrorMessage = strings.TrimSpace(body.Hub.Message + " " + body.Hub.ExceptionMessage)
	default:
		r.ErrorCode, r.ErrorMessage = a.HeaderCode(), body.Excerpt
	}
}

func (r *Reply) takeRegistration(state *dps.Registration) {
	r.Status = cmp.Or(string(state.Status), r.Status)
	r.Substatus = state.Substatus
	r.AssignedHub = state.AssignedHub
	r.DeviceID = state.DeviceID
	if r.ErrorCode == 0 {
		r.ErrorCode, r.ErrorMessage = state.ErrorCode, cmp.Or(state.ErrorMessage, r.ErrorMessage)
	}
}

func (r *Reply) clean() Reply {
	out := *r
	for _, text := range []*string{
		&out.Status, &out.Substatus, &out.AssignedHub, &out.DeviceID,
		&out.ErrorMessage, &out.TrackingID, &out.OperationID,
	} {
		*text = Clean(*text)
	}
	return out
}

func newCause(c advice.Cause) Cause {
	return Cause{
		ID:       c.ID.String(),
		Title:    Clean(c.Title),
		Strength: c.Strength.String(),
		Because:  cleanAll(c.Because),
		Remedies: cleanAll(c.Remedies),
		Command:  Clean(c.Command),
		Explain:  explainCommand(c.Explain),
	}
}

func newRuledOut(c advice.Cause) RuledOut {
	return RuledOut{ID: c.ID.String(), Title: Clean(c.Title), Because: cleanAll(c.Because)}
}

// explainCommand is the command line that explains query, or "" for none.
func explainCommand(query string) string {
	if query == "" {
		return ""
	}
	return "dpsdiag explain " + shellword.Quote(Clean(query))
}

// milliseconds rounds to a tenth, which is finer than any network.
func milliseconds(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Millisecond)*10) / 10
}

// fromMilliseconds is the opposite of milliseconds.
func fromMilliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
