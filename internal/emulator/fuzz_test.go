package emulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/dps"
)

// For any HTTP request, the answer is one of the service's: an HTTP status with either no
// body or JSON, and headers that match it.
func FuzzHTTP(f *testing.F) {
	world, err := newWorld(Config{Now: atNoon, Random: seed()}.withDefaults(), &store{})
	if err != nil {
		f.Fatal(err)
	}
	token := dps.Sign(world.key, dps.Resource(defaultScope, keyDevice), noon.Add(time.Hour)).Reveal()
	register := dps.RegisterPath(defaultScope, keyDevice) + "?" + dps.Query(dps.DefaultAPIVersion)
	f.Add("PUT", register, `{"registrationId":"sandbox-key-01","payload":{}}`, token, "application/json")
	f.Add("POST", dps.LookupPath(defaultScope, keyDevice)+"?api-version=2021-06-01", "", token, "")
	f.Add("GET", dps.OperationPath(defaultScope, keyDevice, "4.00.00")+"?api-version=x", " ", strings.ToLower(token), "text/html")
	f.Add("PUT", "/%2e%2E//registrations/%00/register?api-version=%zz", "[[[[", "SharedAccessSignature sr=&sig=%&se=9e9&skn", ";")
	f.Add("PATCH", "*", `{"tpm":{"endorsementKey":"AA=="}}`, "", "application/json; charset=\"")
	handler := &httpHandler{webSockets{front: &front{
		service: newService(world.service, atNoon, world.mint.random),
		log:     slog.New(slog.DiscardHandler),
	}}}
	f.Fuzz(func(t *testing.T, method, target, body, authorization, contentType string) {
		at, err := url.ParseRequestURI(target)
		if err != nil || len(target) > maxHeader {
			return // net/http would have refused it
		}
		r := &http.Request{
			Method: method, URL: at, Host: "localhost", ContentLength: -1,
			Header: http.Header{"Authorization": {authorization}, "Content-Type": {contentType}},
			Body:   http.NoBody,
		}
		if body != "" {
			r = r.WithContext(t.Context())
			r.Body = readCloser{strings.NewReader(body)}
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		checkRecorded(t, w)
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func checkRecorded(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code < 200 || w.Code > 599 {
		t.Errorf("status %d", w.Code)
	}
	if len(w.Header().Get("X-Ms-Request-Id")) != 36 {
		t.Errorf("request id %q", w.Header().Get("X-Ms-Request-Id"))
	}
	if w.Body.Len() == 0 {
		return
	}
	if !json.Valid(w.Body.Bytes()) || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
		t.Fatalf("%q body: %s", w.Header().Get("Content-Type"), w.Body)
	}
	var refused dps.ServiceError
	if err := json.Unmarshal(w.Body.Bytes(), &refused); err != nil {
		t.Fatal(err)
	}
	if w.Code >= 400 && (refused.TrackingID != w.Header().Get("X-Ms-Request-Id") ||
		strconv.Itoa(refused.ErrorCode) != w.Header().Get("X-Ms-Error-Code") || refused.ErrorCode/1000 != w.Code) {
		t.Errorf("status %d, headers %v, body %s", w.Code, w.Header(), w.Body)
	}
}

// Any configuration is either refused in one line that names the file, or gives a service
// that starts.
func FuzzConfig(f *testing.F) {
	f.Add(string(sample(f)))
	f.Add("")
	f.Add("polls = 99999999999999999999")
	f.Add("[[enrollments]]\nregistration_id = \"a\"\nprimary_key = \"c2FtcGxlIGtleSBvZiBzb21lIGxlbmd0aA==\"\n")
	f.Add("[[faults]]\non = [\"connect\"]\nstatus = 200\ncontent_type = \"text/html\"\n")
	f.Add("enrollments = [{registration_id = \"a\", primary_key = 1}]")
	f.Add("a.b.c.d = {e = [[[]]]}")
	f.Add("[[groups]]\nca = \"\"\"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\"\"\"")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := ParseFile("test.toml", []byte(text), func(string) ([]byte, error) { return nil, errors.New("no such file") })
		if err != nil {
			if file != nil || !strings.HasPrefix(err.Error(), "test.toml:") || strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("file %v, error %q", file, err)
			}
			return
		}
		s := settings{enrolled: newEnrollments()}
		random, err := newSource(seed())
		if err != nil {
			t.Fatal(err)
		}
		w := world{mint: mint{random: random}, store: &store{}}
		if err := file.apply(&s, w.enrollTPM); err != nil {
			t.Error(err)
		}
		if s.polls < 0 || s.polls > maxPolls || s.retryAfter < 0 {
			t.Errorf("polls %d, retry after %s", s.polls, s.retryAfter)
		}
		for _, entry := range s.enrolled.all() {
			if (len(entry.keys) > 0) == (len(entry.certs) > 0) {
				t.Errorf("enrollment %q has %d keys and %d certificates", entry.name, len(entry.keys), len(entry.certs))
			}
		}
	})
}

// Anything accepted as an endorsement key is one, and its base64 is accepted too.
func FuzzParseEndorsementKey(f *testing.F) {
	file, err := ReadFile(samplePath)
	if err != nil {
		f.Fatal(err)
	}
	ek := file.enrollments[2].tpm.ek
	f.Add(ek)
	f.Add([]byte(base64.StdEncoding.EncodeToString(ek)))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ParseEndorsementKey(data)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("error %q", err)
			}
			return
		}
		if err := dps.CheckEndorsementKey(got); err != nil {
			t.Error(err)
		}
		again, err := ParseEndorsementKey([]byte(base64.StdEncoding.EncodeToString(got)))
		if err != nil || !bytes.Equal(again, got) {
			t.Errorf("%x, %v, want %x", again, err, got)
		}
	})
}
