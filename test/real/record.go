package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/inspect"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/redact"
	"dpsdiag/internal/report"
	"dpsdiag/internal/service"
)

// Schema names the JSON of a Result.
const Schema = "dpsdiag/real/1"

// Result is what a run wrote.
type Result struct {
	Schema    string    `json:"schema"`
	Version   string    `json:"version"` // the revision of dpsdiag
	StartedAt time.Time `json:"started_at"`
	Endpoint  string    `json:"endpoint"`
	IDScope   string    `json:"id_scope"`
	Facts     []Fact    `json:"facts"`
	Devices   []Device  `json:"devices"`
}

// Fact is a question with its answer.
type Fact struct {
	Number     int     `json:"number"`
	Question   string  `json:"question"`
	Decided    bool    `json:"decided"`
	Conclusion string  `json:"conclusion"` // begins with "not decided" if it is not
	Trials     []Trial `json:"trials"`
}

// Trial is one attempt over one transport.
type Trial struct {
	Name      string     `json:"name"`
	Transport string     `json:"transport"`
	Sent      string     `json:"sent"` // in words
	StartedAt time.Time  `json:"started_at"`
	Answer    Answer     `json:"answer"`
	Exchanges []Exchange `json:"exchanges"`
}

// Answer is the answer that decides a trial.
type Answer struct {
	// At is the stage or the layer that answered, such as connect, tls, mqtt-connect, sasl, register.
	At     string `json:"at"`
	Status int    `json:"status"` // in the terms of that layer; 0 for none
	Code   int    `json:"code"`   // six digits; 0 for none
	// Message is the text of a refusal, Condition the error condition of AMQP.
	Message    string            `json:"message"`
	Condition  string            `json:"condition"`
	State      string            `json:"state"` // of the registration
	TrackingID string            `json:"tracking_id"`
	Headers    map[string]string `json:"headers"` // of interest
	// Failure says why there is no answer.
	Failure    string   `json:"failure"`
	Mechanisms []string `json:"mechanisms"` // of SASL
	// ClientCertificate says whether the server asked for one in the handshake.
	ClientCertificate bool     `json:"client_certificate_requested"`
	Chain             []string `json:"chain"` // of the server, its own certificate first; the root last if it is known
}

// Exchange is a call on the wire.
type Exchange struct {
	Request Message `json:"request"`
	Answer  Message `json:"answer"`
}

// Message is one half of an exchange.
type Message struct {
	Line    string   `json:"line"`
	Headers []string `json:"headers"`
	Body    string   `json:"body"`
}

// Device is a device that was registered, with the documents of dpsdiag about it.
type Device struct {
	Credential string             `json:"credential"`
	Probe      *report.Probe      `json:"probe"`
	Inspect    *report.Inspection `json:"inspect"` // null without a policy for the service API
}

// recorder asks the service.
type recorder struct {
	*settings
	redact   func(string) string
	progress io.Writer
	result   *Result
	answered bool // the service has answered something
}

func newRecorder(s *settings, progress io.Writer) *recorder {
	secrets := slices.Clone(s.secrets)
	for _, d := range append(s.devices(), s.disabled, s.closed) {
		if d == nil {
			continue
		}
		if held, ok := d.attestation.(probe.KeyHolder); ok {
			secrets = append(secrets, held.KeySecrets(probe.Target{Scope: d.scope, RegistrationID: d.id})...)
		}
	}
	return &recorder{settings: s, redact: redact.New(redact.NewPatterns(), secrets...).Scrub, progress: progress}
}

func (r *recorder) say(format string, args ...any) { tell(r.progress, "real: "+format+"\n", args...) }

// record runs everything. What an interruption left out is not decided.
func (r *recorder) record(ctx context.Context) *Result {
	r.result = &Result{
		Schema: Schema, Version: revision(), StartedAt: time.Now().UTC(), Endpoint: r.endpoint.Host, IDScope: r.scope,
		Facts: []Fact{}, Devices: []Device{},
	}
	list := facts()
	done := make([]Fact, len(list))
	take := func(when turn) {
		for i, f := range list {
			if f.when == when {
				done[i] = r.decide(ctx, f)
			}
		}
	}
	take(beforeDevices)
	for _, d := range r.devices() {
		if ctx.Err() == nil {
			r.result.Devices = append(r.result.Devices, r.register(ctx, d))
		}
	}
	take(afterDevices)
	take(atLast)
	r.result.Facts = done
	return r.result
}

func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return info.Main.Version
}

// decide runs the trials of a fact.
func (r *recorder) decide(ctx context.Context, f fact) Fact {
	out := Fact{Number: f.number, Question: f.question, Trials: []Trial{}}
	missing := f.missing(r.settings)
	switch {
	case missing != "":
		out.Conclusion = "not decided: " + missing
	case ctx.Err() != nil:
		out.Conclusion = "not decided: interrupted"
	default:
		r.say("fact %d: %s", f.number, f.question)
		out.Trials = append(out.Trials, f.try(ctx, r)...)
		var text string
		text, out.Decided = f.conclude(r, out.Trials)
		out.Conclusion = r.redact(text)
		if !out.Decided {
			out.Conclusion = "not decided: " + out.Conclusion
		}
	}
	return out
}

// asked is what trials ask for.
type asked struct {
	name, sent string
	device
	transports []probe.Transport // nil means all that support the attestation
	apiVersion string
	mode       probe.Mode
}

// budget is the time for one trial over all transports.
const budget = 90 * time.Second

// config is the probe of a trial.
func (r *recorder) config(a asked) probe.Config {
	transports := a.transports
	if transports == nil {
		transports = supporting(a.attestation.Kind())
	}
	return probe.Config{
		Endpoint: a.endpoint, Scope: a.scope, RegistrationID: a.id, Attestation: a.attestation, Transports: transports,
		Mode: a.mode, APIVersion: a.apiVersion, Roots: r.roots, ExtraRoots: r.roots != nil, Proxy: r.proxy, Budget: budget, MaxAttempts: 1,
	}
}

func supporting(kind probe.AttestationKind) []probe.Transport {
	var list []probe.Transport
	for _, t := range probe.Transports() {
		if t.Supports(probe.ModeRegister, kind) == nil {
			list = append(list, t)
		}
	}
	return list
}

// try runs a trial over its transports.
func (r *recorder) try(ctx context.Context, a asked) []Trial {
	started := time.Now().UTC()
	r.say("  %s", a.name)
	ev := probe.Do(ctx, r.config(a))
	trials := make([]Trial, 0, len(ev.Runs))
	for i := range ev.Runs {
		run := &ev.Runs[i]
		t := Trial{
			Name: a.name, Transport: string(run.Transport), Sent: a.sent, StartedAt: started,
			Answer: answerOf(run), Exchanges: exchangesOf(run),
		}
		r.answered = r.answered || t.Answer.Failure == ""
		trials = append(trials, t)
	}
	return trials
}

// register is a probe of a device over all transports, and its inspection.
func (r *recorder) register(ctx context.Context, d *device) Device {
	r.say("registering %s with its %s", d.id, d.name)
	cfg := r.config(asked{device: *d})
	cfg.MaxAttempts = probe.DefaultMaxAttempts
	ev := probe.Do(ctx, cfg)
	r.answered = r.answered || slices.ContainsFunc(ev.Runs, func(run probe.Run) bool { return run.End == probe.EndComplete })
	tool := report.Tool{Version: r.result.Version}
	out := Device{Credential: d.name}
	if r.service != nil {
		side := r.inspect(ctx, d)
		ev.Service = side
		out.Inspect = report.NewInspection(side, ev.Target, tool, ctx.Err() != nil)
	}
	out.Probe = report.NewProbe(&ev, advice.Diagnose(&ev), tool, false)
	return out
}

// inspect reads the service's side of a device.
func (r *recorder) inspect(ctx context.Context, d *device) *inspect.Findings {
	ctx, cancel := context.WithTimeout(ctx, inspect.DefaultBudget)
	defer cancel()
	known := inspect.Device{ID: d.id, Scope: d.scope, Host: d.endpoint.Host, Now: time.Now(), Secrets: r.secrets}
	target := probe.Target{Scope: d.scope, RegistrationID: d.id}
	switch held := d.attestation.(type) {
	case probe.KeyHolder:
		known.Kind, known.SignsWith, known.GivenGroupKey = service.AttestationSymmetricKey, held.SignsWith(target), held.GivenGroupKey()
		known.Secrets = append(slices.Clone(known.Secrets), held.KeySecrets(target)...)
	case probe.ChainHolder:
		known.Kind, known.Chain = service.AttestationX509, held.Certificates()
	case probe.EndorsementKeyHolder:
		known.Kind, known.EndorsementKey = service.AttestationTPM, held.EndorsementKey()
	}
	client := inspect.Client{
		Host: r.service.Host, Credential: r.service.Token(time.Now().Add(policyLife)),
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10, DisableCompression: true,
			TLSClientConfig: &tls.Config{RootCAs: r.roots, MinVersion: tls.VersionTLS12},
		},
	}
	return inspect.Compare(client.Read(ctx, d.id, known.Kind), known)
}

// answerOf returns the answer that decides a run.
func answerOf(run *probe.Run) Answer {
	a := Answer{Headers: map[string]string{}, Mechanisms: []string{}, Chain: []string{}}
	if h := run.TLS; h != nil {
		a.ClientCertificate = h.ClientCertRequested
		for _, c := range h.Peer {
			a.Chain = append(a.Chain, c.Subject.String())
		}
		if h.Root != nil && len(h.Peer) > 0 && !h.Peer[len(h.Peer)-1].Equal(h.Root) {
			a.Chain = append(a.Chain, h.Root.Subject.String())
		}
	}
	if o := run.Opening; o != nil {
		a.Mechanisms = append(a.Mechanisms, o.Mechanisms...)
	}
	failed := run.FailedStage()
	switch last := run.LastAnswer(); {
	case last != nil:
		a.take(last)
	case run.Opening != nil:
		a.opening(run.Opening)
	case failed != nil:
		a.At, a.Failure = string(failed.Stage), failed.Detail
	}
	if a.State == "" && a.Failure == "" && failed != nil && a.Status == 0 && a.Condition == "" {
		a.Failure = failed.Detail
	}
	a.Message, a.Failure = report.Clean(a.Message), report.Clean(a.Failure)
	return a
}

// take takes the last answer to a call.
func (a *Answer) take(last *probe.Answer) {
	a.At, a.Status, a.Condition = string(last.Op), last.Status, last.Condition
	a.header("x-ms-request-id", last.RequestID)
	a.header("x-ms-error-code", last.ErrorHeader)
	a.header("server", last.Server)
	if last.RetryAfter != nil {
		a.header("retry-after", last.RetryAfter.Text)
	}
	if last.Failure != nil {
		a.Failure = last.Failure.Describe()
	}
	a.body(last.Body)
}

// opening takes the answer to the opening of a session.
func (a *Answer) opening(o *probe.Opening) {
	a.At, a.Status, a.Condition, a.Message = string(o.Layer), o.Status, o.Condition, o.Refusal
	a.header("server", o.Server)
	if o.RetryAfter != nil {
		a.header("retry-after", o.RetryAfter.Text)
	}
	if o.Failure != nil {
		a.Failure = o.Failure.Describe()
	}
	a.body(o.Body)
}

func (a *Answer) header(name, value string) {
	if value != "" {
		a.Headers[name] = report.Clean(value)
	}
}

func (a *Answer) body(b dps.Body) {
	state := b.Registration
	switch {
	case b.Error != nil:
		a.Code, a.Message, a.TrackingID = b.Error.ErrorCode, b.Error.Message, b.Error.TrackingID
	case b.Hub != nil:
		a.Message = b.Hub.Message
	case b.Challenge != nil:
		a.Message = b.Challenge.Message
	case b.Operation != nil:
		a.State, state = string(b.Operation.Status), b.Operation.Registration
	case b.Excerpt != "":
		a.Message = b.Excerpt
	}
	if state != nil {
		a.State = string(state.Status)
		if state.ErrorCode != 0 || state.ErrorMessage != "" {
			a.Code, a.Message = state.ErrorCode, state.ErrorMessage
		}
	}
}

// text describes the answer without what differs from one time to the next.
func (a *Answer) text() string {
	var parts []string
	switch {
	case a.Failure != "":
		return a.At + ": no answer (" + a.Failure + ")"
	case a.State != "":
		parts = append(parts, a.State)
	case a.Condition != "":
		parts = append(parts, a.Condition)
	}
	if a.State == "" && a.Status != 0 {
		parts = append(parts, fmt.Sprintf("status %d", a.Status))
	}
	if a.Code != 0 {
		parts = append(parts, fmt.Sprintf("code %d", a.Code))
	}
	if a.Message != "" {
		parts = append(parts, fmt.Sprintf("%q", a.Message))
	}
	if wait := a.Headers["retry-after"]; wait != "" && a.State == "" {
		parts = append(parts, "Retry-After "+wait)
	}
	return a.At + ": " + strings.Join(parts, ", ")
}

// registered reports whether the service took the device.
func (a *Answer) registered() bool { return a.State == string(dps.StatusAssigned) }

// exchangesOf returns what was sent and answered. The probe has replaced the secrets.
func exchangesOf(run *probe.Run) []Exchange {
	out := []Exchange{}
	if run.Opening != nil {
		for _, e := range run.Opening.Exchanges {
			out = append(out, exchangeOf(e))
		}
	}
	for _, answer := range run.Answers {
		if answer.Exchange != nil {
			out = append(out, exchangeOf(*answer.Exchange))
		}
	}
	return out
}

func exchangeOf(e probe.Exchange) Exchange {
	return Exchange{messageOf(e.Request), messageOf(e.Answer)}
}

func messageOf(m probe.Message) Message {
	out := Message{Line: report.Clean(m.Line), Headers: []string{}, Body: report.Clean(m.Body)}
	for _, h := range m.Headers {
		out.Headers = append(out.Headers, report.Clean(h.Name+": "+h.Value))
	}
	return out
}

// print prints the conclusions.
func (r *Result) print(w io.Writer) {
	decided := 0
	for _, f := range r.Facts {
		if f.Decided {
			decided++
		}
		tell(w, "\n%d. %s\n", f.Number, f.Question)
		for line := range strings.Lines(f.Conclusion) {
			tell(w, "   %s\n", strings.TrimRight(line, "\n"))
		}
	}
	tell(w, "\n%d of %d facts decided.\n", decided, len(r.Facts))
	for _, d := range r.Devices {
		tell(w, "%s with its %s: %s\n", d.Probe.Target.RegistrationID, d.Credential, d.Probe.Verdict)
	}
}

// readResult reads what an earlier run wrote.
func readResult(data []byte) (*Result, error) {
	var r Result
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("this is not what make real writes: %w", err)
	}
	if r.Schema != Schema {
		return nil, errors.New("this is not what make real writes: its schema is not " + Schema)
	}
	return &r, nil
}
