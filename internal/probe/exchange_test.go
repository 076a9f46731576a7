package probe

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/redact"
)

func TestMessage(t *testing.T) {
	t.Parallel()
	headers := http.Header{"Authorization": {"a"}, "Proxy-Authorization": {"b"}, "Cookie": {"c"}, "X-B": {"2"}, "X-A": {"1", "0"}}
	body := strings.Repeat("x", maxExchangeBody) + "y"
	want := Message{
		Line: "PUT / HTTP/1.1",
		Headers: []Fact{
			{"Authorization", redact.Mark},
			{"Cookie", redact.Mark},
			{"Proxy-Authorization", redact.Mark},
			{"X-A", "1"},
			{"X-A", "0"},
			{"X-B", "2"},
		},
		Body: body[:maxExchangeBody],
		Size: maxExchangeBody + 1,
	}
	if diff := cmp.Diff(want, newRedactor(redact.NewPatterns(), Identity{}).message("PUT / HTTP/1.1", httpHeaders(headers), []byte(body))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
