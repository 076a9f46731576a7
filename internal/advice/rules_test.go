package advice

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

func TestEveryCauseHasARule(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range Rules() {
		got = append(got, r.ID.String())
	}
	var want []string
	for _, id := range cause.All() {
		want = append(want, id.String())
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-causes +rules):\n%s", diff)
	}
}

// TestEveryCauseIsNamed: each cause is named by a row of the catalogue.
func TestEveryCauseIsNamed(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		if len(codes.ByCause(r.ID)) == 0 {
			t.Errorf("no row names the cause %s", r.ID)
		}
	}
}

// TestUnseenRules: the rules excused from the table are those that no answer of the
// service, no refused session and no failure on the way to it can bring up.
func TestUnseenRules(t *testing.T) {
	t.Parallel()
	failures := append(failureRows(), openingRows()...)
	for e := range codes.All() {
		answers := e.Kind == codes.KindHTTP || e.Kind == codes.KindDPS || e.Kind == codes.KindRegistrationStatus
		for _, id := range unseen() {
			if rule := ruleOf(id); rule.outside() == "" && (answers || slices.Contains(failures, e.ID)) && slices.Contains(e.CauseIDs, id) {
				t.Errorf("the row %s brings up %s", e.ID, id)
			}
		}
	}
	for _, id := range unseen() {
		if r := ruleOf(id); r.Weigh != nil || r.ID.Definition().NoScenario == "" {
			t.Errorf("%s has evidence or a scenario", id)
		}
	}
}

// ruleOf is the rule of a cause.
func ruleOf(id cause.ID) Rule {
	rules := Rules()
	return rules[slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })]
}

func TestRulesAreComplete(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		if (len(r.Only.Kinds) == 0) != (r.Only.Otherwise == "") {
			t.Errorf("%s: Only needs kinds and a reason together", r.ID)
		}
	}
}

// failureRows are the ids of the rows for each typed failure on the way to the service.
func failureRows() []string {
	var ids []string
	for _, kind := range []netfail.Kind{netfail.NoSuchHost, netfail.ResolverTimeout, netfail.ResolverFailed} {
		ids = append(ids, resolutionRow(kind))
	}
	for _, kind := range []netfail.Kind{netfail.Refused, netfail.Timeout, netfail.Unreachable, netfail.Reset} {
		ids = append(ids, dialRow(kind))
	}
	for _, kind := range []netfail.Kind{netfail.Timeout, netfail.Reset, netfail.Protocol, netfail.Other} {
		for _, transport := range everyTransport() {
			lostCall := &probe.Run{Transport: transport, Answers: []probe.Answer{{Failure: &netfail.Failure{Kind: kind}}}}
			ids = append(ids, lostRow(lostCall))
		}
	}
	for _, kind := range []netfail.TLSKind{
		netfail.TLSUnknownAuthority, netfail.TLSNameMismatch, netfail.TLSServerExpired, netfail.TLSServerNotYet,
		netfail.TLSNotTLS, netfail.TLSVersion, netfail.TLSTimeout, netfail.TLSCut,
	} {
		ids = append(ids, tlsRow(&netfail.TLSFailure{Kind: kind}))
	}
	for _, number := range []uint8{10, 20, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80, 86, 112, 116, 120} {
		ids = append(ids, tlsRow(&netfail.TLSFailure{Kind: netfail.TLSAlert, Alert: number}))
	}
	return ids
}

// openingRows are the ids of the rows for each session that was refused.
func openingRows() []string {
	ids := []string{"dps-401002", "dps-401002-unauthorized"}
	for _, transport := range everyTransport() {
		for _, test := range openings(transport) {
			if row := readOpening(&test.opening).row; row != "" && !slices.Contains(ids, row) {
				ids = append(ids, row)
			}
		}
	}
	return ids
}

// TestRowsNamedInCodeExist: failures and some rules are tied to rows by id.
func TestRowsNamedInCodeExist(t *testing.T) {
	t.Parallel()
	named := []string{
		"dps-401002-invalid-cert", "dps-401002-ca-not-found", "dps-401002-chain-mismatch", "dps-400004-regid", "dps-400012",
		"dps-unsupported-api-version", "dps-tpm-challenge", hubBody, endorsementRefused, "status-failed", "status-disabled",
	}
	for _, id := range slices.Concat(named, failureRows(), openingRows()) {
		if codes.ByID(id) == nil {
			t.Errorf("the catalogue has no row %q", id)
		}
	}
}
