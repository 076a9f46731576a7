package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/service"
)

// credential is what the tests authorize with.
const credential = "SharedAccessSignature sr=test&sig=c2VjcmV0LXNpZ25hdHVyZQ%3D%3D&se=1&skn=p"

// reader is a service API that fails the test on anything but a read.
func reader(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case r.Method == http.MethodGet:
		case r.Method == http.MethodPost && (strings.HasSuffix(path, "/attestationmechanism") || strings.HasSuffix(path, "/query")):
		default:
			t.Errorf("%s %s is not a read", r.Method, path)
		}
		if got := r.URL.Query().Get("api-version"); got != service.APIVersion {
			t.Errorf("%s: api-version %q", r.URL.Path, got)
		}
		if r.Header.Get("If-Match") != "" {
			t.Errorf("%s: a read has no If-Match", r.URL.Path)
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return &Client{
		Host: strings.TrimPrefix(server.URL, "https://"), Credential: dps.NewSecret(credential),
		Transport: server.Client().Transport,
	}
}

// answers serves bodies by path; others are 404.
func answers(bodies map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"errorCode":404201,"trackingId":"t","message":"Enrollment not found.","timestampUtc":"2026-01-01T00:00:00Z"}`)
			return
		}
		if r.Header.Get("Authorization") != credential {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, body)
	}
}

const (
	keyA = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQQ=="
	keyB = "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQg=="
)

const keys = `{"type":"symmetricKey","symmetricKey":{"primaryKey":"` + keyA + `","secondaryKey":"` + keyB + `"}}`

func TestReadIndividual(t *testing.T) {
	t.Parallel()
	c := reader(t, answers(map[string]string{
		"/enrollments/dev-01":                      `{"registrationId":"dev-01","attestation":{"type":"symmetricKey"},"provisioningStatus":"disabled"}`,
		"/enrollments/dev-01/attestationmechanism": keys,
		"/registrations/dev-01":                    `{"registrationId":"dev-01","status":"failed","errorCode":400207,"errorMessage":"x"}`,
	}))
	h := c.Read(t.Context(), "dev-01", "")
	if h.Individual == nil || h.Individual.Enabled() || h.Individual.Attestation.SymmetricKey.SecondaryKey.Reveal() != keyB {
		t.Errorf("the enrollment is %+v", h.Individual)
	}
	if h.State == nil || h.State.ErrorCode != 400207 {
		t.Errorf("the state is %+v", h.State)
	}
	if len(h.Gaps) > 0 || h.Reads != 3 || h.Denied != nil {
		t.Errorf("%d reads, gaps %v, denied %v", h.Reads, h.Gaps, h.Denied)
	}
}

func TestReadGroupsPageByPage(t *testing.T) {
	t.Parallel()
	c := reader(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/enrollmentGroups/query" {
			answers(map[string]string{"/enrollmentGroups/g1/attestationmechanism": keys})(w, r)
			return
		}
		if r.Header.Get("x-ms-continuation") == "" {
			w.Header().Set("x-ms-continuation", "next")
			_, _ = io.WriteString(w, `[{"enrollmentGroupId":"g1","attestation":{"type":"symmetricKey"}}]`)
			return
		}
		_, _ = io.WriteString(w, `[{"enrollmentGroupId":"g2","attestation":{"type":"x509"}}]`)
	})
	h := c.Read(t.Context(), "dev-01", service.AttestationSymmetricKey)
	if !h.AllGroups || len(h.Groups) != 2 || h.Groups[0].Attestation.SymmetricKey == nil || !h.NoIndividual || !h.NoState {
		t.Errorf("%+v", h)
	}
}

// TestGroupsThatEndEarly: if not every group can be read, those that were are compared, or the report says why not.
func TestGroupsThatEndEarly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		second http.HandlerFunc // the page
		want   Result
		says   string
	}{
		"a token again": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("x-ms-continuation", "next")
			_, _ = io.WriteString(w, `[]`)
		}, EnrolledInGroup, ""},
		"an error": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, NotCompared, `the keys of the enrollment group "g1" cannot be compared: they could not be read: the service answered 500`},
		"a page":   {liar(`[{}`), EnrolledInGroup, ""},
	} {
		c := reader(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path != "/enrollmentGroups/query":
				answers(map[string]string{"/enrollmentGroups/g1/attestationmechanism": keys})(w, r)
			case r.Header.Get("x-ms-continuation") == "":
				w.Header().Set("x-ms-continuation", "next")
				_, _ = io.WriteString(w, `[{"enrollmentGroupId":"g1","attestation":{"type":"symmetricKey"}}]`)
			default:
				test.second(w, r)
			}
		})
		h := c.Read(t.Context(), "dev-01", service.AttestationSymmetricKey)
		f := Compare(h, Device{ID: "dev-01", Kind: service.AttestationSymmetricKey, SignsWith: key(t, keyA).Derive("dev-01").Equal})
		if got := f.Find(CheckEnrollment); got.Result != test.want || !strings.Contains(got.Detail, test.says) {
			t.Errorf("%s: %s, %s", name, got.Result, got.Detail)
		}
		if got := f.Find(CheckAccess); got.Result != AccessPartial {
			t.Errorf("%s: %s, %s", name, got.Result, got.Detail)
		}
	}
}

// TestRefusals: what may not be read is reported, the rest is read all the same.
func TestRefusals(t *testing.T) {
	t.Parallel()
	enrolled := map[string]string{"/enrollments/dev-01": `{"registrationId":"dev-01","attestation":{"type":"symmetricKey"}}`}
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		access Result
		key    Outcome
	}{
		"forbidden keys": {func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "attestationmechanism") {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			answers(enrolled)(w, r)
		}, AccessPartial, Skipped},
		"denied":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, AccessDenied, Skipped},
		"throttled":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, AccessFailed, Skipped},
		"redirection": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) }, AccessFailed, Skipped},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := dps.ParseKey(dps.NewSecret(keyA))
			if err != nil {
				t.Fatal(err)
			}
			f := Compare(reader(t, test.answer).Read(t.Context(), "dev-01", service.AttestationSymmetricKey),
				Device{ID: "dev-01", Kind: service.AttestationSymmetricKey, SignsWith: key.Equal, Now: time.Now()})
			if got := f.Find(CheckAccess); got.Result != test.access {
				t.Errorf("access is %s: %s", got.Result, got.Detail)
			}
			if got := f.Find(CheckKey); got.Outcome != test.key {
				t.Errorf("key %s: %s", got.Outcome, got.Detail)
			}
		})
	}
}

// liar answers every request with the same, whatever it asks for.
func liar(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// TestLyingService: whatever the service sends ends in findings, in bounded time and memory.
func TestLyingService(t *testing.T) {
	t.Parallel()
	var requests sync.Map
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		says   string // in the access check
	}{
		"HTML":        {liar("<!DOCTYPE html><html><body>sign in</body></html>"), "html"},
		"wrong types": {liar(`{"registrationId":17,"attestation":[],"status":{}}`), "not what the service sends"},
		"list":        {liar(`[]`), "not what the service sends"},
		"number":      {liar(`4`), "not what the service sends"},
		"empty":       {liar(``), "not what the service sends"},
		"nothing":     {liar(`null`), "which was not asked for"},
		"other device": {
			liar(`{"registrationId":"other","attestation":{"type":"symmetricKey"},"status":"assigned"}`),
			"which was not asked for",
		},
		"binary": {liar("\x00\x01\xff"), "not what the service sends"},
		"deep":   {liar(strings.Repeat("[", 1<<20)), "not what the service sends"},
		"200 MB": {func(w http.ResponseWriter, _ *http.Request) {
			chunk := make([]byte, 1<<20)
			for i := range chunk {
				chunk[i] = ' '
			}
			for range 200 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, "larger than 4 MiB"},
		"loop of tokens": {func(w http.ResponseWriter, r *http.Request) {
			n, _ := requests.LoadOrStore("loop", new(int))
			if *n.(*int)++; *n.(*int) > 20 {
				t.Error("the loop is followed")
			}
			if !strings.HasSuffix(r.URL.Path, "query") {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.Header().Set("x-ms-continuation", "again")
			_, _ = io.WriteString(w, `[]`)
		}, "the same continuation token"},
		"endless pages": {func(w http.ResponseWriter, r *http.Request) {
			n, _ := requests.LoadOrStore("endless", new(int))
			*n.(*int)++
			if !strings.HasSuffix(r.URL.Path, "query") {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.Header().Set("x-ms-continuation", fmt.Sprint(*n.(*int)))
			_, _ = io.WriteString(w, `[{"enrollmentGroupId":"g","attestation":{"type":"x509"}}]`)
		}, "more than the"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			h := reader(t, test.answer).Read(ctx, "dev-01", service.AttestationX509)
			f := Compare(h, Device{ID: "dev-01", Kind: service.AttestationX509, Now: time.Now()})
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 256<<20 {
				t.Errorf("%d MiB were allocated", grown>>20)
			}
			access := f.Find(CheckAccess)
			if access.Outcome == Passed || !strings.Contains(access.Detail, test.says) {
				t.Errorf("access %s: %s", access.Outcome, access.Detail)
			}
			if got := f.Find(CheckEnrollment); got.Outcome != Skipped {
				t.Errorf("enrollment %s: %s", got.Outcome, got.Detail)
			}
		})
	}
}

// TestStall: a service that begins an answer and then says nothing ends with the time limit.
func TestStall(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	c := reader(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "{")
		w.(http.Flusher).Flush()
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	defer close(stop)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	f := Compare(c.Read(ctx, "dev-01", ""), Device{ID: "dev-01", Now: time.Now()})
	if got := f.Find(CheckAccess); got.Result != AccessFailed || !strings.Contains(got.Detail, "no answer came in time") {
		t.Errorf("access is %s: %s", got.Result, got.Detail)
	}
}

// TestEchoedSecrets: a service that repeats what it was sent, or its own keys, gets them into no
// finding.
func TestEchoedSecrets(t *testing.T) {
	t.Parallel()
	c := reader(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/registrations/dev-01" {
			_, _ = io.WriteString(w, `{"registrationId":"dev-01","status":"failed","errorMessage":"`+r.Header.Get("Authorization")+" "+keyB+`"}`)
			return
		}
		answers(map[string]string{
			"/enrollments/dev-01":                      `{"registrationId":"dev-01","attestation":{"type":"symmetricKey"},"lastUpdatedDateTimeUtc":"` + keyA + `"}`,
			"/enrollments/dev-01/attestationmechanism": keys,
		})(w, r)
	})
	f := Compare(c.Read(t.Context(), "dev-01", ""), Device{ID: "dev-01", Now: time.Now(), Secrets: []dps.Secret{c.Credential}})
	for _, secret := range []string{credential, keyA, keyB} {
		if text := fmt.Sprintf("%+v", f); strings.Contains(text, secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
}

// FuzzRead: no answer makes reading or comparing panic, and no check of a lie is without a
// detail.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"registrationId":"dev-01","attestation":{"type":"symmetricKey","symmetricKey":{"primaryKey":"` + keyA + `"}}}`,
		`{"registrationId":"dev-01","attestation":{"type":"x509","x509":{"clientCertificates":{"primary":{"info":{"sha1Thumbprint":"AA"}}}}},"status":"failed","errorCode":400207}`,
		`[{"enrollmentGroupId":"g","attestation":{"type":"x509","x509":{"caReferences":{"primary":"ca"}}},"iotHubs":["h"],"allocationPolicy":"custom"}]`,
		`{"type":"tpm","tpm":{"endorsementKey":"AAA="}}`, `null`, `[]`, `{}`,
	} {
		f.Add([]byte(seed), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c := &Client{Host: "service.example", Credential: dps.NewSecret(credential), Transport: canned{first, second}}
		for _, kind := range []service.AttestationType{"", service.AttestationSymmetricKey, service.AttestationX509, service.AttestationTPM} {
			h := c.Read(t.Context(), "dev-01", kind)
			if json.Valid(second) {
				_ = h.AddInstance(second)
				_ = h.AddCertificates(second)
			}
			key, err := dps.ParseKey(dps.NewSecret(keyA))
			if err != nil {
				t.Fatal(err)
			}
			findings := Compare(h, Device{ID: "dev-01", Kind: kind, SignsWith: key.Equal, EndorsementKey: []byte{1}, Now: time.Now()})
			for _, check := range findings.Checks {
				if check.Detail == "" || check.Result == "" || check.Outcome == "" {
					t.Errorf("%+v", check)
				}
			}
		}
	})
}

// canned answers queries with the second text and everything else with the first.
type canned struct{ first, second []byte }

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	body := c.first
	if strings.HasSuffix(r.URL.Path, "query") || strings.HasSuffix(r.URL.Path, "attestationmechanism") {
		body = c.second
	}
	status := http.StatusOK
	if len(body) > 0 && body[0] == '[' && !strings.HasSuffix(r.URL.Path, "query") {
		status = http.StatusNotFound
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(string(body)))}, nil
}
