package advice

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/probe"
)

// taxonomy is every cause that reports may name, as published in the contract with scripts.
func taxonomy() []string {
	return strings.Fields(`
		wrong-id-scope wrong-global-endpoint client-config-missing enrollment-not-found enrollment-disabled
		registration-id-invalid symmetric-key-mismatch group-key-not-derived derived-key-incorrect sas-token-malformed
		sas-token-expired device-clock-wrong cert-not-trusted-by-enrollment cert-chain-incomplete ca-not-verified
		pop-certificate-wrong-issuer cert-cn-registration-id-mismatch cert-expired cert-wrong-role-or-extensions
		cert-enrollment-mismatch client-cert-not-presented device-key-material-unreadable enrollment-cert-upload-invalid
		server-root-ca-missing tls-version-or-cipher-unsupported dns-failure port-blocked network-unreachable
		proxy-not-configured proxy-interference public-network-access-disabled tpm-ek-mismatch tpm-not-available
		tpm-access-denied tpm-challenge-unanswered throttled quota-exceeded hub-link-broken no-hub-available
		custom-allocation-failed custom-allocation-unauthorized custom-allocation-rejected payload-invalid
		api-version-unsupported management-request-invalid service-credentials-insufficient iot-central-device-not-ready
		stale-assignment client-defect service-transient concurrent-registration attestation-mismatch
		cert-key-pair-mismatch hub-identity-unusable transport-protocol-wrong`)
}

func TestRulesAreTheTaxonomy(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range Rules() {
		got = append(got, r.ID)
	}
	want := taxonomy()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-taxonomy +rules):\n%s", diff)
	}
}

func TestRuleByID(t *testing.T) {
	t.Parallel()
	for _, id := range taxonomy() {
		if r, ok := RuleByID(id); !ok || r.ID != id {
			t.Errorf("%s: %v, %t", id, r, ok)
		}
	}
	if r, ok := RuleByID("nosuch"); ok || r != nil {
		t.Errorf("nosuch: %v, %t", r, ok)
	}
}

// TestRulesAndCatalogueAreTied: each cause a row names has a rule, and each rule is named
// by a row.
func TestRulesAndCatalogueAreTied(t *testing.T) {
	t.Parallel()
	for e := range codes.All() {
		for _, id := range e.CauseIDs {
			if _, ok := RuleByID(id); !ok {
				t.Errorf("the row %s names the cause %s, which has no rule", e.ID, id)
			}
		}
	}
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
			if (answers || slices.Contains(failures, e.ID)) && slices.Contains(e.CauseIDs, id) {
				t.Errorf("the row %s brings up %s", e.ID, id)
			}
		}
	}
	for _, id := range unseen() {
		if r, _ := RuleByID(id); r.Weigh != nil || r.NoScenario == "" {
			t.Errorf("%s has evidence or a scenario", id)
		}
	}
}

func TestRulesAreComplete(t *testing.T) {
	t.Parallel()
	for _, r := range Rules() {
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			for field, missing := range map[string]bool{
				"Title": r.Title == "", "Meaning": r.Meaning == "", "Confirm": len(r.Confirm) == 0, "Remedies": len(r.Remedies) == 0,
			} {
				if missing {
					t.Errorf("%s is empty", field)
				}
			}
			if (r.Scenario == "") == (r.NoScenario == "") {
				t.Errorf("Scenario %q, NoScenario %q: exactly one must be set", r.Scenario, r.NoScenario)
			}
			if (len(r.Only.Kinds) == 0) != (r.Only.Otherwise == "") {
				t.Error("Only needs kinds and a reason together")
			}
			checkStyle(t, &r)
			checkDecider(t, r.Decide)
		})
	}
}

// checkStyle holds the texts to one form: titles and steps are phrases, meanings sentences.
func checkStyle(t *testing.T, r *Rule) {
	t.Helper()
	for _, phrase := range slices.Concat([]string{r.Title}, r.Confirm, r.Remedies) {
		if strings.HasSuffix(phrase, ".") || strings.TrimSpace(phrase) != phrase || phrase == "" || strings.ToUpper(phrase[:1]) != phrase[:1] {
			t.Errorf("not a phrase: %q", phrase)
		}
	}
	for _, sentence := range []string{r.Meaning, r.NoScenario} {
		if sentence != "" && !strings.HasSuffix(sentence, ".") {
			t.Errorf("not a sentence: %q", sentence)
		}
	}
}

func checkDecider(t *testing.T, d *Decider) {
	t.Helper()
	if d == nil {
		return
	}
	if strings.HasSuffix(d.How, ".") || d.How == "" {
		t.Errorf("not a phrase: %q", d.How)
	}
	if !strings.HasPrefix(d.Command, "dpsdiag probe ") || !strings.Contains(d.Command, "--registration-id REGISTRATION-ID") {
		t.Errorf("not a command: %q", d.Command)
	}
}

// failureRows are the ids of the rows for each typed failure on the way to the service.
func failureRows() []string {
	var ids []string
	for _, kind := range []probe.NetKind{probe.NetNoSuchHost, probe.NetResolverTimeout, probe.NetResolverFailed} {
		ids = append(ids, resolutionRow(kind))
	}
	for _, kind := range []probe.NetKind{probe.NetRefused, probe.NetTimeout, probe.NetUnreachable, probe.NetReset} {
		ids = append(ids, dialRow(kind))
	}
	for _, kind := range []probe.NetKind{probe.NetTimeout, probe.NetReset, probe.NetProtocol, probe.NetOther} {
		for _, transport := range everyTransport() {
			lostCall := &probe.Run{Transport: transport, Answers: []probe.Answer{{Failure: &probe.NetFailure{Kind: kind}}}}
			ids = append(ids, lostRow(lostCall))
		}
	}
	for _, kind := range []probe.TLSKind{
		probe.TLSUnknownAuthority, probe.TLSNameMismatch, probe.TLSServerExpired, probe.TLSServerNotYet,
		probe.TLSNotTLS, probe.TLSVersion, probe.TLSTimeout, probe.TLSCut,
	} {
		ids = append(ids, tlsRow(&probe.TLSFailure{Kind: kind}))
	}
	for _, number := range []uint8{10, 20, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80, 86, 112, 116, 120} {
		ids = append(ids, tlsRow(&probe.TLSFailure{Kind: probe.TLSAlert, Alert: number}))
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
