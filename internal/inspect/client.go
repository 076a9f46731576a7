package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/service"
)

// Client reads from the service API of one instance. It sends nothing but reads: GET, and the
// two POST calls that only read, queries and the attestation mechanism.
type Client struct {
	// Host is the service host, with a port if that is not 443.
	Host string
	// Credential is the value of the Authorization header.
	Credential dps.Secret
	// Transport sends the requests; nil means http.DefaultTransport.
	Transport http.RoundTripper
	Now       func() time.Time // nil means time.Now
}

// Bounds of what is read, whatever the service sends.
const (
	maxAnswer   = 4 << 20 // bytes of one answer
	maxPages    = 50      // of one query
	pageSize    = 100
	maxGroups   = 1000 // that are kept of a query
	maxKeyReads = 200  // groups whose keys are read
	callTimeout = 15 * time.Second
	// DefaultBudget is a good time limit for Read as a whole.
	DefaultBudget = 60 * time.Second
)

// failure is why a request gave no usable answer.
type failure struct {
	status    int // 0 without an answer
	text      string
	said      string // the message of the service, whole
	forbidden bool
	missing   bool
	// denied says that the service does not accept the credential for anything.
	denied bool
	// halted says that another request would not succeed either: no answer, no time left, or an answer
	// of 429, 5xx or 3xx.
	halted bool
}

// Read reads what the service holds for a device. kind is how the device attests, "" if that
// is not known. It always returns what could be read, even if ctx ends.
func (c *Client) Read(ctx context.Context, id string, kind service.AttestationType) *Held {
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	h := &Held{Source: SourceAPI, ReadAt: now().UTC(), Host: c.Host}
	for _, step := range []func(context.Context, *Held, string, service.AttestationType) *failure{c.readEnrollment, c.readGroups, c.readState} {
		if f := step(ctx, h, id, kind); f != nil && (f.denied || f.halted) {
			break
		}
	}
	return h
}

func (f *failure) reason() Reason { return Reason{Text: f.text, Said: f.said} }

// note records a failed read.
func (h *Held) note(what string, f *failure) *failure {
	return h.noteGap(Gap{What: what, Why: f.reason(), Forbidden: f.forbidden}, f)
}

func (h *Held) noteGap(gap Gap, f *failure) *failure {
	if f.denied && h.Reads == 0 {
		h.Denied = &gap.Why
	}
	h.Gaps = append(h.Gaps, gap)
	return f
}

// unreadKeys says why keys could not be read.
func (f *failure) unreadKeys() *Reason {
	return &Reason{Text: "they could not be read: " + f.text, Said: f.said}
}

func (c *Client) readEnrollment(ctx context.Context, h *Held, id string, _ service.AttestationType) *failure {
	var e service.IndividualEnrollment
	switch f := c.get(ctx, service.Path(service.Enrollments, id), &e); {
	case f != nil && f.missing:
		h.NoIndividual = true
		h.Reads++
		return nil
	case f != nil:
		return h.note("the individual enrollment", f)
	}
	h.Reads++
	if !strings.EqualFold(e.RegistrationID, id) {
		return h.note("the individual enrollment", unasked(e.RegistrationID))
	}
	h.Individual = &Enrollment{Name: e.RegistrationID, DeviceID: e.DeviceID, Settings: e.Settings}
	if e.RegistrationState != nil {
		h.State = e.RegistrationState
	}
	return c.readKeys(ctx, h, h.Individual)
}

// readKeys reads the keys of an enrollment; only this call shows them.
func (c *Client) readKeys(ctx context.Context, h *Held, e *Enrollment) *failure {
	if e.Attestation.Type != service.AttestationSymmetricKey {
		return nil
	}
	collection := service.Enrollments
	if e.Group {
		collection = service.EnrollmentGroups
	}
	var m service.AttestationMechanism
	_, f := c.call(ctx, http.MethodPost, service.Path(collection, e.Name, service.AttestationSegment), nil, "", &m)
	if f != nil {
		e.NoKeys = f.unreadKeys()
		return h.noteGap(Gap{What: "the keys", Of: e, Why: f.reason(), Forbidden: f.forbidden}, f)
	}
	h.Reads++
	if m.Type != service.AttestationSymmetricKey || m.SymmetricKey == nil {
		e.NoKeys = &Reason{Text: "the service returned no keys"}
		return nil
	}
	e.Attestation.SymmetricKey = m.SymmetricKey
	return nil
}

// readGroups reads the groups unless an individual enrollment decides.
func (c *Client) readGroups(ctx context.Context, h *Held, _ string, kind service.AttestationType) *failure {
	if h.Individual != nil || !h.NoIndividual || kind == service.AttestationTPM {
		return nil
	}
	if f := c.queryGroups(ctx, h); f != nil {
		h.note("the enrollment groups", f) // what was read of them may have the device's
		if f.denied || f.halted {
			h.noKeysFrom(0, f)
			return f
		}
	}
	reads := 0
	for i := range h.Groups {
		g := &h.Groups[i]
		if g.Attestation.Type != service.AttestationSymmetricKey || kind != service.AttestationSymmetricKey {
			continue
		}
		if reads++; reads > maxKeyReads {
			g.NoKeys = &Reason{Text: fmt.Sprintf("there are more than %d groups with keys", maxKeyReads)}
			continue
		}
		if f := c.readKeys(ctx, h, g); f != nil {
			h.noKeysFrom(i, f)
			if f.denied || f.halted {
				return f
			}
			return nil
		}
	}
	return nil
}

// noKeysFrom says why the keys of a group and of those after it could not be read.
func (h *Held) noKeysFrom(first int, f *failure) {
	for i := first; i < len(h.Groups); i++ {
		if g := &h.Groups[i]; g.Attestation.Type == service.AttestationSymmetricKey && g.NoKeys == nil {
			g.NoKeys = f.unreadKeys()
		}
	}
}

// queryGroups reads the groups page by page.
func (c *Client) queryGroups(ctx context.Context, h *Held) *failure {
	body, err := json.Marshal(service.QuerySpecification{Query: "SELECT * FROM enrollmentGroups"})
	if err != nil {
		return &failure{text: err.Error()}
	}
	token, seen := "", map[string]bool{}
	for page := 0; ; page++ {
		var groups []service.EnrollmentGroup
		next, f := c.call(ctx, http.MethodPost, service.Path(service.EnrollmentGroups, service.QuerySegment), body, token, &groups)
		if f != nil {
			return f
		}
		h.Reads++
		for _, g := range groups {
			h.Groups = append(h.Groups, Enrollment{Name: g.EnrollmentGroupID, Group: true, Settings: g.Settings})
		}
		switch {
		case next == "":
			h.AllGroups = true
			return nil
		case seen[next]:
			return &failure{status: http.StatusOK, text: "the service sends the same continuation token again and again"}
		case page+1 >= maxPages || len(h.Groups) >= maxGroups:
			return &failure{status: http.StatusOK, text: fmt.Sprintf("there are more than the %d that were read", len(h.Groups))}
		}
		seen[next], token = true, next
	}
}

func (c *Client) readState(ctx context.Context, h *Held, id string, _ service.AttestationType) *failure {
	var state service.DeviceRegistrationState
	f := c.get(ctx, service.Path(service.Registrations, id), &state)
	switch {
	case f != nil && f.missing:
		h.NoState = h.State == nil
		h.Reads++
		return nil
	case f != nil:
		return h.note("the registration state", f)
	case state.RegistrationID != "" && !strings.EqualFold(state.RegistrationID, id):
		return h.note("the registration state", unasked(state.RegistrationID))
	}
	h.Reads++
	h.State = &state
	return nil
}

// unasked is the failure of an answer about another device.
func unasked(id string) *failure {
	if id == "" {
		return &failure{status: http.StatusOK, text: "the answer, which was not asked for, is about no device"}
	}
	return &failure{status: http.StatusOK, text: "the answer, which was not asked for, is about", said: id}
}

func (c *Client) get(ctx context.Context, path string, to any) *failure {
	_, f := c.call(ctx, http.MethodGet, path, nil, "", to)
	return f
}

// call sends one read and decodes the answer.
func (c *Client) call(ctx context.Context, method, path string, body []byte, continuation string, to any) (next string, f *failure) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	target := "https://" + c.Host + path + "?" + url.Values{"api-version": {service.APIVersion}}.Encode()
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return "", &failure{text: "the request cannot be made: " + err.Error(), halted: true}
	}
	req.Header.Set("Authorization", c.Credential.Reveal())
	req.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if body != nil {
		req.Header.Set(service.HeaderMaxItemCount, strconv.Itoa(pageSize))
	}
	if continuation != "" {
		req.Header.Set(service.HeaderContinuation, continuation)
	}
	client := http.Client{
		Transport:     c.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", &failure{text: noAnswer(err), halted: true}
	}
	defer resp.Body.Close()
	return c.read(resp, to)
}

// read decodes an answer, of which it reads no more than an answer of the service can have.
func (c *Client) read(resp *http.Response, to any) (next string, f *failure) {
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return "", &failure{status: resp.StatusCode, text: "the answer was cut: " + noAnswer(err), halted: true}
	case len(data) > maxAnswer:
		return "", &failure{status: resp.StatusCode, text: fmt.Sprintf("the answer is larger than %d MiB", maxAnswer>>20)}
	case resp.StatusCode != http.StatusOK:
		return "", refused(resp.StatusCode, data)
	}
	if err := json.Unmarshal(data, to); err != nil {
		return "", &failure{status: resp.StatusCode, text: "the answer is not what the service sends: " + oddity(data, err)}
	}
	return resp.Header.Get(service.HeaderContinuation), nil
}

// refused is the failure of an answer that is not 200.
func refused(status int, data []byte) *failure {
	f := &failure{status: status, text: "the service answered " + strconv.Itoa(status)}
	if name := http.StatusText(status); name != "" {
		f.text += " (" + name + ")"
	}
	body := dps.ParseBody(data)
	switch {
	case body.Error != nil:
		f.text += fmt.Sprintf(" with error code %d", body.Error.ErrorCode)
		if f.said = body.Error.Message; f.said != "" {
			f.text += ","
		}
	case body.Kind.Foreign():
		f.text += " with a body that the service does not send (" + string(body.Kind) + ")"
	}
	switch status {
	case http.StatusUnauthorized:
		f.denied = !body.Kind.Foreign()
	case http.StatusForbidden:
		f.forbidden = true
	case http.StatusNotFound:
		f.missing = !body.Kind.Foreign()
	case http.StatusTooManyRequests:
		f.halted = true
	}
	if status >= http.StatusInternalServerError || status/100 == 3 {
		f.halted = true
	}
	return f
}

// noAnswer says why a request got no answer, without its URL. It may repeat what a server sent.
func noAnswer(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer came in time"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	}
	return err.Error()
}

// oddity says in a few words why JSON is not of the expected shape. It quotes nothing of it.
func oddity(data []byte, err error) string {
	if kind := dps.ParseBody(data).Kind; kind.Foreign() && kind != dps.BodyOtherJSON {
		return string(kind)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := strings.TrimPrefix(wrong.Field, "Settings.")
		if field == "" {
			field = "the whole"
		}
		return cut(field) + " is of the wrong type (" + cut(wrong.Value) + ")"
	}
	return "no JSON of the expected shape"
}

// maxText is how much of a text of the service is shown, in runes.
const maxText = 160

// cut cuts a text that can contain no secret. All others go through [comparison.clip].
func cut(text string) string {
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText]) + "..."
	}
	return text
}
