package advice

import (
	"strings"
	"testing"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

func TestRefusalText(t *testing.T) {
	t.Parallel()
	hub := answer(probe.Answer{Status: 401, Body: dps.Body{Kind: dps.BodyHubError, Hub: &dps.HubError{Message: "ErrorCode:X"}}})
	for name, test := range map[string]struct {
		change change
		text   string
		query  string // for explain
		class  int
	}{
		"code":       {unauthorized(), `the service answered 401 with error code 401002 ("Unauthorized")`, "401002", 401},
		"no message": {refuse(404, 404201, ""), "the service answered 404 with error code 404201", "404201", 404},
		"no code":    {bare(404), "the answer was 404 without an error code", "404", 404},
		"page":       {page(502), "the answer was 502 with a body that the service does not send (html)", "502", 502},
		"redirect":   {redirect, `the answer was 302, a redirect to "https://login.example/"`, "302", 302},
		"challenge":  {challenge(), "the service answered 401 with the challenge for a TPM", "401", 401},
		"hub":        {hub, `the answer was 401 with an error of an IoT hub ("ErrorCode:X")`, "401", 401},
		"disabled":   {state(dps.StatusDisabled, 0, ""), "the registration ended as disabled", "", 0},
		"allocation": {webhook("500"), `the registration ended as failed with error code 400207 ("Custom allocation failed with status code: 500")`, "400207", 0},
		"failed":     {state(dps.StatusFailed, 401002, ""), "the registration ended as failed with error code 401002", "401002", 401},
		"long": {
			refuse(400, 400004, strings.Repeat("ä", 200)),
			`the service answered 400 with error code 400004 ("` + strings.Repeat("ä", maxQuoted) + `...")`, "400004", 400,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := refusalOf(run(refusedProbe(test.change)))
			if got := r.String(); got != test.text {
				t.Errorf("text %s\nwant %s", got, test.text)
			}
			if r.query() != test.query || r.class() != test.class {
				t.Errorf("query %q, class %d, want %q, %d", r.query(), r.class(), test.query, test.class)
			}
		})
	}
}

func TestNoRefusal(t *testing.T) {
	t.Parallel()
	for name, alter := range map[string]change{
		"no answer":       nothing,
		"a missing one":   lose(netfail.Reset, probe.EndCut),
		"still assigning": accept,
		"assigned":        state(dps.StatusAssigned, 0, ""),
		"unassigned":      registration(dps.StatusUnassigned),
	} {
		if r := refusalOf(run(refusedProbe(alter))); r != nil || r.class() != 0 || r.query() != "" || r.ofService() || r.webhookStatus() != 0 {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func TestMilestones(t *testing.T) {
	t.Parallel()
	ev := refusedProbe(state(dps.StatusAssigned, 0, ""))
	c := newCases(ev, compare(ev))[0]
	for m, want := range map[Milestone]string{
		Nowhere:    "",
		Connected:  "a TCP connection to 20.43.44.10:443 was made",
		Handshaken: `the TLS handshake succeeded and the server's certificate chains to the trusted root "DigiCert Global Root G2"`,
		Answered:   "an answer was received from " + publicHost,
		Accepted:   "the service accepted the identity over https",
		Assigned:   "the service assigned a hub over https",
	} {
		if got := c.reached(m); got != want {
			t.Errorf("%d: %q, want %q", m, got, want)
		}
	}
	run(ev).TLS.Root = nil
	if got := c.reached(Handshaken); got != "the TLS handshake succeeded" {
		t.Errorf("without a root: %q", got)
	}
}

// TestAccepted: which ends of a registration show that the identity was accepted.
func TestAccepted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change change
		want   bool
	}{
		"under way":                         {accept, true},
		"no hub for it":                     {state(dps.StatusFailed, 400208, ""), true},
		"a hub without room":                {state(dps.StatusFailed, 403002, ""), true},
		"failed for its certificate":        {state(dps.StatusFailed, 401002, "Invalid certificate."), false},
		"failed with an unknown code":       {state(dps.StatusFailed, 400210, ""), true},
		"under way, then refused":           {func(ev *probe.Evidence) { accept(ev); unauthorized()(ev) }, true},
		"under way, then forbidden":         {func(ev *probe.Evidence) { accept(ev); bare(403)(ev) }, true},
		"under way, then lost":              {func(ev *probe.Evidence) { accept(ev); lose(netfail.Reset, probe.EndCut)(ev) }, true},
		"under way, then throttled":         {func(ev *probe.Evidence) { accept(ev); refuse(429, 429001, "")(ev) }, true},
		"only ever disabled, by the lookup": {registration(dps.StatusDisabled), false},
		"a page with 200":                   {page(200), false},
		"refused":                           {unauthorized(), false},
	} {
		if got := accepted(run(refusedProbe(test.change))); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestStrengthText(t *testing.T) {
	t.Parallel()
	for s, want := range map[Strength]string{RulesOut: "rules-out", Silent: "silent", Allows: "allows", Suggests: "suggests", Proves: "proves"} {
		if s.String() != want {
			t.Errorf("%d: %s, want %s", int(s), s, want)
		}
	}
}
