package probe_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/tpm"
)

// fakeTPM attests with a TPM that accepts every blob, unless told to fail.
type fakeTPM struct {
	failure       *tpm.Error // before any packet
	activate, hub error
	during        func() // called while a challenge is answered
	sign          func(message []byte) ([]byte, error)
	received      []string // the blobs, "hub" before the one of an assignment
}

func (f *fakeTPM) Kind() probe.AttestationKind { return probe.KindTPM }

func (f *fakeTPM) Inspect(probe.Target, time.Time, time.Duration) probe.Inputs {
	return probe.Inputs{TPM: &tpm.Facts{Path: "/dev/tpmrm0", Failure: f.failure}}
}

func (f *fakeTPM) Identify(probe.Target, time.Time) probe.Identity { return probe.Identity{TPM: f} }

func (f *fakeTPM) Keys() dps.TPMKeys {
	return dps.TPMKeys{EndorsementKey: []byte("ek"), StorageRootKey: []byte("srk")}
}

func (f *fakeTPM) Activate(_ context.Context, blob []byte) (dps.Secret, error) {
	f.take(string(blob))
	if f.during != nil {
		f.during()
	}
	return dps.NewSecret("a token"), f.activate
}

func (f *fakeTPM) ActivateHub(_ context.Context, blob []byte) error {
	f.take("hub " + string(blob))
	return f.hub
}

func (f *fakeTPM) SignForHub(_ context.Context, message []byte) ([]byte, error) {
	if f.sign == nil {
		return nil, errors.New("not asked for")
	}
	return f.sign(message)
}

func (f *fakeTPM) take(blob string) {
	f.received = append(f.received, blob)
}

// challenge is the service's first answer to a TPM; the activation blob in it is "blob".
func challenge() http.HandlerFunc {
	return answer(401, `{"message":"Authorization required","authenticationKey":"YmxvYg==","keyName":"registration"}`)
}

// assignment ends a registration with a key for the hub, unless blob is "".
func assignment(blob string) http.HandlerFunc {
	key := ""
	if blob != "" {
		key = `,"tpm":{"authenticationKey":"` + base64.StdEncoding.EncodeToString([]byte(blob)) + `"}`
	}
	return answer(200, `{"operationId":"op1","status":"assigned","registrationState":{"registrationId":"dev-01","status":"assigned","assignedHub":"hub.example","deviceId":"dev-01"`+key+`}}`)
}

// unlessProved answers with first until the caller has a token.
func unlessProved(first, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") == "" {
			first(w, req)
			return
		}
		then(w, req)
	}
}

func TestTPMStages(t *testing.T) {
	t.Parallel()
	otherTPM := &tpm.Error{Kind: tpm.Activation, Step: "activate the credential", Code: 0x1df}
	accepted := answer(202, `{"operationId":"op1","status":"assigning"}`, "Retry-After", "0")
	unauthorized := answer(401, `{"errorCode":401002,"message":"Unauthorized"}`)
	tests := map[string]struct {
		tpm      fakeTPM
		register http.HandlerFunc
		status   http.HandlerFunc
		mode     probe.Mode
		want     string // outcomes
		end      probe.End
		statuses []int // of the answers; negative for a challenge that was answered
		received []string
		failure  *tpm.Error
	}{
		"answered": {
			register: unlessProved(challenge(), accepted),
			want:     healthy, end: probe.EndComplete, statuses: []int{-401, 202, 200}, received: []string{"blob", "hub key"},
		},
		"put off, then answered": {
			register: once(answer(429, ""), unlessProved(challenge(), once(answer(503, ""), accepted))),
			want:     healthy, end: probe.EndComplete, statuses: []int{429, -401, 503, 202, 200}, received: []string{"blob", "hub key"},
		},
		"challenged again": {
			register: challenge(),
			want:     "register=failed assign=skipped " + healthy, end: probe.EndRefused, statuses: []int{-401, 401}, received: []string{"blob"},
		},
		"challenged again, later": {
			register: unlessProved(challenge(), once(answer(429, ""), challenge())),
			want:     "register=failed assign=skipped " + healthy, end: probe.EndRefused, statuses: []int{-401, 429, 401}, received: []string{"blob"},
		},
		"token refused": {
			register: unlessProved(challenge(), unauthorized),
			want:     "register=failed assign=skipped " + healthy, end: probe.EndRefused, statuses: []int{-401, 401}, received: []string{"blob"},
		},
		"refused without a challenge": {
			register: unauthorized,
			want:     "register=failed assign=skipped " + healthy, end: probe.EndRefused, statuses: []int{401},
		},
		"blob for another": {
			tpm: fakeTPM{activate: otherTPM}, register: challenge(),
			want: "register=failed assign=skipped " + healthy, end: probe.EndRefused, statuses: []int{401}, received: []string{"blob"}, failure: otherTPM,
		},
		"error of no kind": {
			tpm: fakeTPM{activate: errors.New("odd")}, register: challenge(),
			want: "register=failed assign=skipped " + healthy, end: probe.EndRefused, statuses: []int{401}, received: []string{"blob"},
			failure: &tpm.Error{Kind: tpm.Other, Step: "use the TPM", Text: "odd"},
		},
		"no key for the hub": {
			register: unlessProved(challenge(), accepted), status: assignment(""),
			want: "assign=warned " + healthy, end: probe.EndComplete, statuses: []int{-401, 202, 200}, received: []string{"blob"},
		},
		"key for the hub refused": {
			tpm: fakeTPM{hub: otherTPM}, register: unlessProved(challenge(), accepted),
			want: "assign=failed " + healthy, end: probe.EndRefused, statuses: []int{-401, 202, 200}, received: []string{"blob", "hub key"}, failure: otherTPM,
		},
		"fails before": {
			tpm: fakeTPM{failure: &tpm.Error{Kind: tpm.Missing, Path: "/dev/tpmrm0"}}, register: accepted,
			want: "inputs=failed resolve=skipped connect=skipped tls=skipped open=skipped register=skipped assign=skipped " + healthy, end: probe.EndRefused,
		},
		"preflight": {
			mode: probe.ModePreflight, register: accepted,
			want: "register=not-applicable assign=not-applicable " + healthy, end: probe.EndComplete,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.status == nil {
				test.status = assignment("key")
			}
			cfg := start(t, service{register: test.register, status: test.status})
			cfg.Attestation, cfg.Mode = &test.tpm, test.mode
			run := do(t, cfg)
			if got := outcomes(run); got != test.want || run.End != test.end {
				t.Errorf("outcomes %s, end %s; want %s, %s", got, run.End, test.want, test.end)
			}
			if diff := cmp.Diff(test.statuses, statuses(run)); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.received, test.tpm.received); diff != "" {
				t.Errorf("blobs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.failure, run.TPM); diff != "" {
				t.Errorf("failure (-want +got):\n%s", diff)
			}
		})
	}
}

// statuses lists the statuses of a run's answers, negative for a challenge that was
// answered.
func statuses(run probe.Run) []int {
	var list []int
	for _, a := range run.Answers {
		if a.Answered {
			a.Status = -a.Status
		}
		list = append(list, a.Status)
	}
	return list
}

// TestTPMCalls: every call contains the TPM's keys, and the token after the challenge.
func TestTPMCalls(t *testing.T) {
	t.Parallel()
	type call struct {
		Method, Token string
		Body          *dps.TPMKeys
	}
	keys := (&fakeTPM{}).Keys()
	var calls []call
	record := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			var body dps.Request
			if err := json.NewDecoder(req.Body).Decode(&body); err != nil && req.Method != http.MethodGet {
				t.Error(err)
			}
			calls = append(calls, call{req.Method, req.Header.Get("Authorization"), body.TPM})
			h(w, req)
		}
	}
	accepted := answer(202, `{"operationId":"op1","status":"assigning"}`, "Retry-After", "0")
	cfg := start(t, service{register: record(unlessProved(challenge(), accepted)), status: record(assignment("key"))})
	cfg.Attestation = &fakeTPM{}
	do(t, cfg)
	want := []call{{"PUT", "", &keys}, {"PUT", "a token", &keys}, {"GET", "a token", nil}}
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestTPMLookup: a lookup answers the challenge too, and ignores the hub's key.
func TestTPMLookup(t *testing.T) {
	t.Parallel()
	found := answer(200, `{"registrationId":"dev-01","status":"assigned","assignedHub":"hub.example","deviceId":"dev-01","tpm":{"authenticationKey":"a2V5"}}`)
	cfg := start(t, service{lookup: unlessProved(challenge(), found)})
	fake := &fakeTPM{}
	cfg.Attestation, cfg.Mode = fake, probe.ModeLookup
	run := do(t, cfg)
	if diff := cmp.Diff([]int{-401, 200}, statuses(run)); outcomes(run) != healthy || diff != "" {
		t.Errorf("outcomes %s, answers (-want +got):\n%s", outcomes(run), diff)
	}
	if diff := cmp.Diff([]string{"blob"}, fake.received); diff != "" {
		t.Errorf("blobs (-want +got):\n%s", diff)
	}
}

// TestTPMInterrupted: an interruption while the TPM works is not a TPM failure.
func TestTPMInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cfg := start(t, service{register: challenge()})
	cfg.Attestation = &fakeTPM{during: cancel, activate: context.Canceled}
	run := probe.Do(ctx, cfg).Runs[0]
	if run.End != probe.EndInterrupted || run.TPM != nil {
		t.Errorf("end %s, failure %v", run.End, run.TPM)
	}
}

// TestTPMWithoutID: if the TPM could not provide an id, no warning says that the id is
// invalid.
func TestTPMWithoutID(t *testing.T) {
	t.Parallel()
	cfg := start(t, service{})
	cfg.RegistrationID = ""
	cfg.Attestation = &fakeTPM{failure: &tpm.Error{Kind: tpm.Permission, Path: "/dev/tpmrm0", Group: "tss"}}
	ev := probe.Do(t.Context(), cfg)
	if len(ev.Inputs.Warnings) != 0 {
		t.Errorf("warnings %v", ev.Inputs.Warnings)
	}
	const want = "no permission to open /dev/tpmrm0, which belongs to the group tss"
	if f := ev.Runs[0].FailedStage(); f == nil || f.Detail != want {
		t.Errorf("%+v, want %s", f, want)
	}
}
