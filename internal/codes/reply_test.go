package codes_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/codes"
)

func TestForReply(t *testing.T) {
	t.Parallel()
	const hubBody = `{"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized","ExceptionMessage":"Tracking ID:x"}`
	for name, test := range map[string]struct {
		httpStatus, errorCode int
		message               string
		want                  []string
	}{
		"chain not sent":           {401, 401002, "CA certificate not found.", []string{"dps-401002-ca-not-found", "dps-401002", "http-401"}},
		"certificate":              {401, 401002, "Invalid certificate", []string{"dps-401002-invalid-cert", "dps-401002", "http-401"}},
		"credential":               {401, 401002, "Unauthorized", []string{"dps-401002-unauthorized", "dps-401002", "http-401"}},
		"over AMQP, in hub's name": {401, 401002, "IotHubUnauthorizedAccess", []string{"dps-401002-iothub-name", "dps-401002", "http-401"}},
		"a message not known":      {401, 401002, "Unauthorized for a new reason", []string{"dps-401002", "http-401"}},
		"other code, same message": {401, 401000, "Unauthorized", []string{"dps-401000", "http-401"}},
		"without code":             {401, 0, "Unauthorized", []string{"dps-401002-unauthorized", "http-401"}},
		"without code and message": {401, 0, "", []string{"http-401"}},
		"without status":           {0, 401002, "", []string{"dps-401002", "http-401"}},
		"api-version":              {400, 400004, "Unsupported API version 2099-01-01.", []string{"dps-unsupported-api-version", "dps-400004", "http-400"}},
		"a bare BadRequest":        {400, 400004, "BadRequest", []string{"dps-400004", "http-400"}},
		"throttled":                {429, 429001, "Operations are being throttled for this tenant.", []string{"dps-429001", "http-429"}},
		"throttled, no code":       {429, 0, "Operations are being throttled for this tenant.", []string{"dps-429001", "http-429"}},
		"race":                     {409, 409203, "Precondition failed.", []string{"dps-409203", "http-409"}},
		"that text with a 412":     {412, 0, "Precondition failed.", []string{"http-412"}},
		"TPM challenge":            {401, 0, "Authorization required, resend request using supplied key", []string{"dps-tpm-challenge", "http-401"}},

		"function said 400":    {200, 400207, "Custom allocation failed with status code: 400", []string{"dps-400207"}},
		"function said 404":    {200, 400207, "Custom allocation failed with status code: 404", []string{"dps-custom-alloc-404", "dps-400207"}},
		"function said 401":    {200, 400209, "Custom allocation failed with status code: 401", []string{"http-webhook-401", "dps-400209"}},
		"hub refused DPS":      {200, 400209, hubBody, []string{"dps-hub-link-stale", "dps-400209"}},
		"no hub":               {200, 400208, "", []string{"dps-400208"}},
		"401002 in a 200":      {200, 401002, "Invalid certificate.", []string{"dps-401002-invalid-cert", "dps-401002", "http-401"}},
		"in progress":          {202, 0, "", []string{"http-202-assigning"}},
		"server error":         {503, 0, "", []string{"http-503"}},
		"server error unknown": {501, 0, "", []string{"http-5xx"}},

		"unknown code":            {400, 400999, "x", []string{"http-400", "dps-code-family"}},
		"unknown code in a 200":   {200, 400999, "x", []string{"http-400", "dps-code-family"}},
		"a code of the hub alone": {403, 403001, "IotHubSuspended", []string{"http-403", "dps-code-family"}},

		"nothing":                {0, 0, "", nil},
		"success":                {200, 0, "", nil},
		"a status without entry": {418, 0, "", nil},
		"numbers that are none":  {-1, -400004, "", nil},
		"no code of a class":     {0, 777123, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := codes.ForReply(test.httpStatus, test.errorCode, test.message)
			if diff := cmp.Diff(test.want, ids(got)); diff != "" {
				t.Errorf("ForReply(%d, %d, %q) (-want +got):\n%s", test.httpStatus, test.errorCode, test.message, diff)
			}
		})
	}
}

// TestForReplyHasNoHubEntries: many codes are also, or only, used by IoT Hub; DPS never means those.
func TestForReplyHasNoHubEntries(t *testing.T) {
	t.Parallel()
	for e := range codes.All() {
		class, _ := codes.Parse(e.Code).Class()
		for _, message := range append(e.Messages, e.Name) {
			for _, got := range codes.ForReply(class, class*1000+2, message) {
				if got.Kind != codes.KindDPS && got.Kind != codes.KindHTTP || got.ID == "hub-connect-auth" {
					t.Errorf("the message %q of %s matches the entry %s", message, e.ID, got.ID)
				}
			}
		}
	}
}

func FuzzForReply(f *testing.F) {
	f.Add(401, 401002, "CA certificate not found.")
	f.Add(200, 400209, `{"Message":"ErrorCode:IotHubUnauthorizedAccess;Unauthorized"}`)
	f.Add(-1, -1, "\xff")
	f.Fuzz(func(t *testing.T, httpStatus, errorCode int, message string) {
		seen := map[*codes.Entry]bool{}
		for _, e := range codes.ForReply(httpStatus, errorCode, message) {
			if e == nil || seen[e] || e.Kind == codes.KindIoTHub {
				t.Fatalf("ForReply(%d, %d, %q) has an entry that is missing, double or the hub's", httpStatus, errorCode, message)
			}
			seen[e] = true
		}
	})
}
