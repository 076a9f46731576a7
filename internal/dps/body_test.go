package dps

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestParseBody(t *testing.T) {
	tests := map[string]struct {
		body string
		want Body
	}{
		"empty":       {"", Body{Kind: BodyEmpty}},
		"white space": {" \r\n", Body{Kind: BodyEmpty}},
		"register": {
			`{"operationId":"4.00.x","status":"assigning"}`,
			Body{Kind: BodyOperation, Operation: &Operation{OperationID: "4.00.x", Status: StatusAssigning}},
		},
		"failed poll": {
			`{"operationId":"o","status":"failed","registrationState":{"registrationId":"d","status":"failed","errorCode":400207,"errorMessage":"m"}}`,
			Body{Kind: BodyOperation, Operation: &Operation{OperationID: "o", Status: StatusFailed, Registration: &Registration{RegistrationID: "d", Status: StatusFailed, ErrorCode: 400207, ErrorMessage: "m"}}},
		},
		"lookup": {
			`{"registrationId":"d","status":"assigned","assignedHub":"h","deviceId":"d"}`,
			Body{Kind: BodyRegistration, Registration: &Registration{RegistrationID: "d", Status: StatusAssigned, AssignedHub: "h", DeviceID: "d"}},
		},
		"error after a byte order mark": {
			"\ufeff" + `{"errorCode":401002,"trackingId":"t","message":"Unauthorized","timestampUtc":"2020"}`,
			Body{Kind: BodyError, Error: &ServiceError{ErrorCode: 401002, TrackingID: "t", Message: "Unauthorized", Timestamp: "2020"}},
		},
		"TPM challenge": {
			`{"message":"resend","authenticationKey":"AAEC","keyName":"registration"}`,
			Body{Kind: BodyChallenge, Challenge: &Challenge{Message: "resend", AuthenticationKey: []byte{0, 1, 2}, KeyName: "registration"}},
		},
		"hub error": {
			`{"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized","ExceptionMessage":"Tracking ID:x"}`,
			Body{Kind: BodyHubError, Hub: &HubError{Message: "ErrorCode:IotHubUnauthorizedAccess;Unauthorized", ExceptionMessage: "Tracking ID:x"}},
		},
		"HTML":               {"<!DOCTYPE html><p>Sign in", Body{Kind: BodyHTML, Excerpt: "<!DOCTYPE html><p>Sign in"}},
		"HTML after comment": {"<!-- x --><HTML>", Body{Kind: BodyHTML, Excerpt: "<!-- x --><HTML>"}},
		"cut off":            {`{"errorCode":4010`, Body{Kind: BodyTruncated, Excerpt: `{"errorCode":4010`}},
		"cut in a string":    {`{"message":"Unaut`, Body{Kind: BodyTruncated, Excerpt: `{"message":"Unaut`}},
		"wrong type":         {`{"errorCode":"x"}`, Body{Kind: BodyOtherJSON, Excerpt: `{"errorCode":"x"}`}},
		"not JSON":           {`{nonsense}`, Body{Kind: BodyOtherJSON, Excerpt: `{nonsense}`}},
		"other object":       {`{"a":1}`, Body{Kind: BodyOtherJSON, Excerpt: `{"a":1}`}},
		"array":              {`[1]`, Body{Kind: BodyOtherJSON, Excerpt: `[1]`}},
		"text":               {"Forbidden", Body{Kind: BodyText, Excerpt: "Forbidden"}},
		"not UTF-8":          {"\xff\xfe{", Body{Kind: BodyBinary, Excerpt: "\uFFFD{"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, ParseBody([]byte(test.body))); diff != "" {
				t.Errorf("ParseBody (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParseBody(f *testing.F) {
	f.Add([]byte(`{"operationId":"o","status":"assigned","registrationState":{"registrationId":"d"}}`))
	f.Add([]byte(`{"errorCode":1`))
	f.Add([]byte("<html>\x1b[31m"))
	f.Fuzz(func(t *testing.T, b []byte) {
		body := ParseBody(b)
		if body.Kind == "" || !utf8.ValidString(body.Excerpt) || len(body.Excerpt) > 3*excerptSize {
			t.Errorf("ParseBody(%q) = %+v", b, body)
		}
		if body.Kind.Foreign() != (body.Excerpt != "") {
			t.Errorf("%s with excerpt %q", body.Kind, body.Excerpt)
		}
		if body.Operation != nil {
			again, err := json.Marshal(body.Operation)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(body, ParseBody(again)); diff != "" && !strings.Contains(string(b), "payload") {
				t.Errorf("an operation does not print back to itself:\n%s", diff)
			}
		}
	})
}
