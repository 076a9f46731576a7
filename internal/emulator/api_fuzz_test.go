package emulator

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	srv "dpsdiag/internal/service"
)

// For any request of an operator, the answer is one of the service API's, and what it has
// stored can be read back and exported.
func FuzzAPI(f *testing.F) {
	query := "?api-version=" + srv.APIVersion
	f.Add("PUT", "/enrollments/dev-01"+query, newDevice, "", "")
	f.Add("PUT", "/enrollmentGroups/line-1"+query, newGroup, "*", "")
	f.Add("PUT", "/enrollmentGroups/g"+query, `{"enrollmentGroupId":"g","attestation":{"type":"X509","x509":{"caReferences":{"primary":"sandbox-certificates-ca","secondary":"sandbox-certificates-ca"}}}}`, "", "")
	f.Add("PUT", "/enrollments/t"+query, `{"registrationId":"t","attestation":{"type":"tpm","tpm":{"endorsementKey":"AToAAQALAAMAsgAg"}},"initialTwin":{"tags":{"a":[1]}}}`, "", "")
	f.Add("DELETE", "/enrollments/"+keyDevice+query, "", `"x", "y"`, "")
	f.Add("POST", "/enrollments"+query, `{"mode":"create","enrollments":[`+newDevice+`,null]}`, "", "")
	f.Add("POST", "/enrollments/query"+query, `{"query":"SELECT * FROM enrollments"}`, "", "YWZ0ZXI6YQ")
	f.Add("POST", "/registrations/"+keyGroup+"/query/"+query, `{"query":"select *;"}`, "", "-1")
	f.Add("GET", "//enrollments/%2e%2e/attestationmechanism"+query, "{", "", "")
	world, err := newWorld(Config{Now: atNoon, Random: seed()}.withDefaults(), &store{})
	if err != nil {
		f.Fatal(err)
	}
	world.service.publish(noon, world.mint.random)
	world.service.hosts = []string{"localhost"}
	f.Fuzz(func(t *testing.T, method, target, body, ifMatch, continuation string) {
		at, err := url.ParseRequestURI(target)
		if err != nil || len(target) > maxHeader {
			return // net/http would have refused it
		}
		settings := world.service // every call begins with the same enrollments
		settings.enrolled = newEnrollments()
		for _, entry := range world.service.enrolled.all() {
			settings.enrolled.add(entry)
		}
		service, owner := newService(settings, atNoon, world.mint.random), settings.policies[0].connection("localhost")
		handler := &httpHandler{webSockets{front: &front{service: service, log: slog.New(slog.DiscardHandler)}}}
		r := (&http.Request{
			Method: method, URL: at, Host: "localhost", ContentLength: -1,
			Header: http.Header{
				"Authorization": {owner.Token(noon.Add(time.Hour)).Reveal()}, "Content-Type": {"application/json"},
				"If-Match": {ifMatch}, "X-Ms-Continuation": {continuation}, "X-Ms-Max-Item-Count": {"2"},
			},
			Body: readCloser{strings.NewReader(body)},
		}).WithContext(t.Context())
		if ifMatch == "" {
			r.Header.Del("If-Match")
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 400 {
			checkRecorded(t, w)
		} else if !slices.Contains([]int{200, 204}, w.Code) || w.Code == 200 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("status %d, body %s", w.Code, w.Body)
		}
		for name, text := range service.exports() {
			var record struct {
				srv.EnrollmentGroup
				RegistrationID string `json:"registrationId"`
			}
			if err := json.Unmarshal(text, &record); err != nil || record.EnrollmentGroupID+record.RegistrationID == "" || record.Attestation.Type == "" {
				t.Errorf("%s: %v: %s", name, err, text)
			}
		}
	})
}
