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

// TestEveryCauseIsNamed: each cause is listed by an entry of the catalogue.
func TestEveryCauseIsNamed(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		if len(codes.ByCause(r.ID)) == 0 {
			t.Errorf("no entry lists the cause %s", r.ID)
		}
	}
}

// TestUnseenRules: the rules that are excused from the table are those that no answer of the service,
// no refused session and no network failure can make possible.
func TestUnseenRules(t *testing.T) {
	t.Parallel()
	failures := append(failureEntries(), openingEntries()...)
	for e := range codes.All() {
		answers := e.Kind == codes.KindHTTP || e.Kind == codes.KindDPS || e.Kind == codes.KindRegistrationStatus
		for _, id := range unseen() {
			if rule := ruleOf(id); rule.outside() == "" && (answers || slices.Contains(failures, e.ID)) && slices.Contains(e.CauseIDs, id) {
				t.Errorf("the entry %s lists %s", e.ID, id)
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

// failureEntries are the ids of the entries for each kind of failure before the service is reached.
func failureEntries() []string {
	var ids []string
	for _, kind := range []netfail.Kind{netfail.NoSuchHost, netfail.ResolverTimeout, netfail.ResolverFailed} {
		ids = append(ids, resolutionEntry(kind))
	}
	for _, kind := range []netfail.Kind{netfail.Refused, netfail.Timeout, netfail.Unreachable, netfail.Reset} {
		ids = append(ids, dialEntry(kind))
	}
	for _, kind := range []netfail.Kind{netfail.Timeout, netfail.Reset, netfail.Protocol, netfail.Other} {
		for _, transport := range everyTransport() {
			lostCall := &probe.Run{Transport: transport, Answers: []probe.Answer{{Failure: &netfail.Failure{Kind: kind}}}}
			ids = append(ids, lostEntry(lostCall))
		}
	}
	for _, kind := range []netfail.TLSKind{
		netfail.TLSUnknownAuthority, netfail.TLSNameMismatch, netfail.TLSServerExpired, netfail.TLSServerNotYet,
		netfail.TLSNotTLS, netfail.TLSVersion, netfail.TLSTimeout, netfail.TLSCut,
	} {
		ids = append(ids, tlsEntry(&netfail.TLSFailure{Kind: kind}))
	}
	for _, number := range []uint8{10, 20, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80, 86, 112, 116, 120} {
		ids = append(ids, tlsEntry(&netfail.TLSFailure{Kind: netfail.TLSAlert, Alert: number}))
	}
	return ids
}

// openingEntries are the ids of the entries for each session that was refused.
func openingEntries() []string {
	ids := []string{"dps-401002", "dps-401002-unauthorized"}
	for _, transport := range everyTransport() {
		for _, test := range openings(transport) {
			if entry := readOpening(&test.opening).entry; entry != "" && !slices.Contains(ids, entry) {
				ids = append(ids, entry)
			}
		}
	}
	return ids
}

// TestEntriesNamedInCodeExist: failures and some rules refer to entries by id.
func TestEntriesNamedInCodeExist(t *testing.T) {
	t.Parallel()
	named := []string{
		"dps-401002-invalid-cert", "dps-401002-ca-not-found", "dps-401002-chain-mismatch", "dps-400004-regid", "dps-400012",
		"dps-unsupported-api-version", "dps-tpm-challenge", hubBody, endorsementRefused, "status-failed", "status-disabled",
	}
	for _, id := range slices.Concat(named, failureEntries(), openingEntries()) {
		if codes.ByID(id) == nil {
			t.Errorf("the catalogue has no entry %q", id)
		}
	}
}
