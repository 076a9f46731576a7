package probe_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

func TestExchangesAreKeptWithoutSecrets(t *testing.T) {
	t.Parallel()
	token := "SharedAccessSignature sr=0ne0045B3C6%2Fregistrations%2Fdev-01&sig=c2VjcmV0c2lnbmF0dXJl&se=4102444800&skn=registration"
	echo := func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("X-Echo", req.Header.Get("Authorization"))
		w.Header().Set("Set-Cookie", "session=abc")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"errorCode":401002,"message":%q}`, "refused "+req.Header.Get("Authorization"))
	}
	cfg := start(t, service{register: echo})
	attestation, err := probe.NewSASToken(dps.NewSecret(token))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Attestation = attestation
	ev := probe.Do(t.Context(), cfg)
	run := ev.Runs[0]
	if run.Opening == nil || len(run.Opening.Exchanges) != 1 || run.Opening.Exchanges[0].Request.Line != "GET / HTTP/1.1" {
		t.Errorf("opening %+v", run.Opening)
	}
	got := run.LastAnswer(probe.OpRegister).Exchange
	body := `{"registrationId":"dev-01"}`
	want := probe.Message{
		Line: "PUT /0ne0045B3C6/registrations/dev-01/register?api-version=2019-03-31 HTTP/1.1",
		Headers: []probe.Fact{
			{Name: "Host", Value: fmt.Sprintf("127.0.0.1:%d", cfg.Endpoint.HTTPS)},
			{Name: "Accept", Value: "application/json"},
			{Name: "Authorization", Value: "[redacted]"},
			{Name: "Content-Type", Value: "application/json; charset=utf-8"},
			{Name: "User-Agent", Value: "dpsdiag"},
		},
		Body: body,
		Size: len(body),
	}
	if diff := cmp.Diff(want, got.Request); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if want := `{"errorCode":401002,"message":"refused [redacted]"}`; got.Answer.Line != "HTTP/1.1 401 Unauthorized" || got.Answer.Body != want {
		t.Errorf("answer %+v", got.Answer)
	}
	if all := fmt.Sprintf("%+v", got); strings.Contains(all, "c2VjcmV0") || strings.Contains(all, "session=abc") {
		t.Errorf("a secret is in %s", all)
	}
}

func TestAnExchangeWithoutAnAnswerIsKept(t *testing.T) {
	t.Parallel()
	cut := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	ev := probe.Do(t.Context(), start(t, service{register: cut}))
	got := ev.Runs[0].LastAnswer(probe.OpRegister).Exchange
	if got == nil || !strings.HasPrefix(got.Request.Line, "PUT /") {
		t.Fatalf("exchange %+v", got)
	}
	if diff := cmp.Diff(probe.Message{}, got.Answer); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}
