package probe

import (
	"testing"

	"dpsdiag/internal/dps"
)

// TestErrorHeader: the header counts if the body does not say the same.
func TestErrorHeader(t *testing.T) {
	t.Parallel()
	body := dps.Body{Kind: dps.BodyError, Error: &dps.ServiceError{ErrorCode: 401002, Message: "Unauthorized"}}
	empty := dps.Body{Kind: dps.BodyEmpty}
	for name, test := range map[string]struct {
		answer Answer
		code   int
		text   string
	}{
		"as in the body":   {Answer{Status: 401, Body: body, ErrorHeader: "401002"}, 401002, "401: 401002 Unauthorized"},
		"another":          {Answer{Status: 401, Body: body, ErrorHeader: "401003"}, 401003, "401: 401002 Unauthorized; the header says 401003"},
		"without a body":   {Answer{Status: 401, Body: empty, ErrorHeader: "401002"}, 401002, "401 without a body; the header says 401002"},
		"a name":           {Answer{Status: 404, Body: empty, ErrorHeader: "UNKNOWN_WORKFLOW_ID"}, 0, "404 without a body; the header says UNKNOWN_WORKFLOW_ID"},
		"an HTTP status":   {Answer{Status: 404, Body: empty, ErrorHeader: "404"}, 0, "404 without a body; the header says 404"},
		"of a success":     {Answer{Status: 200, Body: empty, ErrorHeader: "401002"}, 0, "200 without a body"},
		"negative":         {Answer{Status: 401, Body: empty, ErrorHeader: "-40100"}, 0, "401 without a body; the header says -40100"},
		"there is no such": {Answer{Status: 401, Body: empty}, 0, "401 without a body"},
	} {
		if code, text := test.answer.HeaderCode(), describeRefusal(test.answer); code != test.code || text != test.text {
			t.Errorf("%s: %d, %q; want %d, %q", name, code, text, test.code, test.text)
		}
	}
}
