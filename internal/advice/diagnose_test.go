package advice

import (
	"crypto/x509"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
	"dpsdiag/internal/tpm"
)

// row is one piece of evidence and the diagnosis to expect.
type row struct {
	name    string
	ev      *probe.Evidence
	verdict Verdict
	causes  []string // "strength id", all of them, in order
	out     []string // ids that must be ruled out, perhaps among others
}

// table is every row, family by family.
func table() []row {
	return slices.Concat(
		keyTable(), tokenTable(), clockTable(), certificateTable(), chainTable(), enrollmentTable(), requestTable(),
		allocationTable(), healthTable(), networkTable(), proxyTable(), pathTable(), tlsTable(), goodTable(), hubTable(), issuanceTable(),
		mqttTable(), amqpTable(), webSocketTable(), compareTable(), tpmTable(),
	)
}

func causesOf(d Diagnosis) []string {
	list := []string{}
	for _, c := range d.Causes {
		list = append(list, c.Strength.String()+" "+c.ID.String())
	}
	return list
}

func outOf(d Diagnosis) []string {
	list := []string{}
	for _, c := range d.RuledOut {
		list = append(list, c.ID.String())
	}
	return list
}

func TestDiagnose(t *testing.T) {
	t.Parallel()
	for _, test := range table() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := Diagnose(test.ev)
			if d.Verdict != test.verdict {
				t.Errorf("verdict %s, want %s", d.Verdict, test.verdict)
			}
			if diff := cmp.Diff(test.causes, causesOf(d)); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
			for _, id := range test.out {
				if !slices.Contains(outOf(d), id) {
					t.Errorf("%s is not ruled out, only %s", id, outOf(d))
				}
			}
		})
	}
}

// unseen are the rules that no wire evidence can make possible: no catalogue entry for an answer, a
// handshake or a network failure lists them. They exist for explain and for texts.
func unseen() []cause.ID {
	return []cause.ID{
		cause.PopCertificateWrongIssuer, cause.PopCodeOutdated,
		cause.ClientVersionUnsupported, cause.ClientLimitExceeded, cause.LocalServiceDenied,
		cause.DeviceCertificateNotIssued, cause.HubNotAllowedByDevice, cause.DeploymentMissing,
		cause.ConnectionTakenOver,
	}
}

// TestEveryRuleMatters removes one rule at a time: the diagnosis of some row of the table must change.
func TestEveryRuleMatters(t *testing.T) {
	t.Parallel()
	rows := table()
	usual := make([]Diagnosis, len(rows))
	for i, test := range rows {
		usual[i] = Diagnose(test.ev)
	}
	for _, rule := range Rules() {
		t.Run(rule.ID.String(), func(t *testing.T) {
			t.Parallel()
			rest := slices.DeleteFunc(Rules(), func(r Rule) bool { return r.ID == rule.ID })
			changes := func(i int) bool {
				with, without := usual[i], diagnose(rows[i].ev, rest)
				return !slices.Equal(causesOf(with), causesOf(without)) ||
					slices.Contains(rows[i].out, rule.ID.String()) && !slices.Equal(outOf(with), outOf(without))
			}
			// A row that lists the cause is likely to change, so these come first.
			var listing, others []int
			for i, d := range usual {
				if slices.ContainsFunc(d.Causes, func(c Cause) bool { return c.ID == rule.ID }) {
					listing = append(listing, i)
				} else {
					others = append(others, i)
				}
			}
			changed := slices.ContainsFunc(listing, changes) || slices.ContainsFunc(others, changes)
			if expected := !slices.Contains(unseen(), rule.ID); changed != expected {
				t.Errorf("without the rule some diagnosis changes: %t, want %t", changed, expected)
			}
		})
	}
}

// TestDiagnosisIsWellFormed holds for every row of the table.
func TestDiagnosisIsWellFormed(t *testing.T) {
	t.Parallel()
	for _, test := range table() {
		checkDiagnosis(t, test.name, test.ev)
	}
}

// TestAnyEvidenceIsDiagnosed mixes identities, targets and endings of every kind.
func TestAnyEvidenceIsDiagnosed(t *testing.T) {
	t.Parallel()
	identities := []change{
		key(64), key(32), groupKey(64), groupKey(32), token(nil), token(expired), unread, device(), device(endedOn),
		device(beginsOn, name(probe.NameDifferent, "x")), device(selfSigned), device(above("Plant Intermediate", "Plant Root")), chip(),
	}
	targets := []change{
		scope("0cn0000990D"), host(ownHost), host("plant.azure-devices.net"), id("Sensor."), lookup, preflight, noClock,
		clock(-3 * time.Hour), clock(30 * time.Hour), issuer(probe.IssuerOther), version("x"), over(probe.MQTT),
	}
	endings := []change{
		nothing, unauthorized(), invalid(), noCA(), bare(200), bare(401), bare(404), bare(418), page(200), page(401), page(503), redirect, challenge(),
		refuse(400, 400004, "Invalid RegistrationId"), refuse(429, 429001, ""), refuse(500, 500000, "\x1b[31m"), webhook("500"), webhook("404"),
		state(dps.StatusAssigned, 0, ""), state(dps.StatusDisabled, 0, ""), state("x", -1, ""), registration(""), lose(netfail.Reset, probe.EndCut),
		unresolved(netfail.NoSuchHost), undialed(netfail.Timeout), undialed(), unshaken(netfail.TLSUnknownAuthority, ""), alert(0), alert(42),
		unshaken(netfail.TLSServerExpired, probe.IssuerKnown), unshaken(netfail.TLSCut, ""), unopened,
		connack(2), connack(3), connack(4), connack(5), suback(), sasl(0, "X"), sasl(1), sasl(3), upgrade(probe.MQTTWS, 403, blockPage),
		upgrade(probe.AMQPWS, 401, badToken), condition(probe.LayerAMQPOpen, "amqp:not-found", ""), condition(probe.LayerAMQPAttach, "\x1b", "\x1b"),
		wordless(probe.AMQP, probe.LayerSASL, netfail.Protocol, probe.EndRefused), fails(tpm.Activation), fails(tpm.Blob), meets,
		atHub(probe.EndRefused, asked(probe.HubDenied, overHTTPS(404, "\x1b"))), onTheWay(unresolved(netfail.NoSuchHost)),
		onTheWay(unshaken(netfail.TLSCut, "")), speechless(netfail.Timeout, probe.EndTimeout),
		behind(proxy.Auth), behind(proxy.Forbidden), behind(proxy.NoRoute), behind(proxy.Cut), behind(proxy.Page),
	}
	for i, identity := range identities {
		for j, target := range targets {
			for k, ending := range endings {
				end := []probe.End{probe.EndRefused, probe.EndInterrupted, probe.EndTimeout}[(i+j+k)%3]
				checkDiagnosis(t, fmt.Sprint(i, j, k, end), refusedProbe(identity, target, ending, ends(end)))
			}
		}
	}
}

func nothing(*probe.Evidence) {}

// TestAnyComparisonIsDiagnosed combines every kind of run with every other.
func TestAnyComparisonIsDiagnosed(t *testing.T) {
	t.Parallel()
	runs := []change{
		nothing, passes(probe.HTTPS), passes(probe.MQTTWS), unauthorized(), bare(404), refuse(409, 409203, ""), refuse(429, 429001, ""), webhook("500"),
		accept, unresolved(netfail.NoSuchHost), undialed(netfail.Timeout), via(probe.MQTT, undialed(netfail.Refused)), undialed(), unopened,
		unshaken(netfail.TLSUnknownAuthority, ""), unshaken(netfail.TLSCut, ""), alert(42), connack(3), connack(5), sasl(1), sasl(4),
		upgrade(probe.MQTTWS, 403, ""), upgrade(probe.AMQPWS, 503, blockPage), wordless(probe.AMQPWS, probe.LayerWebSocket, netfail.Reset, probe.EndCut),
		condition(probe.LayerAMQPOpen, "amqp:not-found", ""), fails(tpm.Activation), meets,
		atHub(probe.EndRefused, asked(probe.HubDenied, overMQTT(5))), onTheWay(undialed(netfail.Refused)),
		speechless(netfail.Reset, probe.EndCut), atHub(probe.EndComplete, asked(probe.HubTaken, overMQTT(0))),
	}
	for i, one := range runs {
		for j, other := range runs {
			for k, target := range []change{key(64), device(), chip(), preflight} {
				checkDiagnosis(t, fmt.Sprint(i, j, k), refusedProbe(target, one, also(other), also(one)))
			}
		}
	}
}

// TestEmptyEvidence: a nil fact means that it was not learned, in every place.
func TestEmptyEvidence(t *testing.T) {
	t.Parallel()
	checkDiagnosis(t, "no run", &probe.Evidence{})
	for _, end := range []probe.End{"", probe.EndComplete, probe.EndRefused, probe.EndExhausted, probe.EndTimeout, probe.EndInterrupted} {
		checkDiagnosis(t, "a run that learned nothing, "+string(end), &probe.Evidence{Runs: []probe.Run{{End: end}}})
	}
}

// checkDiagnosis checks what every diagnosis must satisfy, and that the evidence is not changed.
func checkDiagnosis(t *testing.T, name string, ev *probe.Evidence) {
	t.Helper()
	warnings := len(ev.Inputs.Warnings)
	d := Diagnose(ev)
	if len(d.Runs) != len(ev.Runs) || len(d.Causes) > maxCauses || len(d.Decide) > maxDeciders || len(ev.Inputs.Warnings) != warnings {
		t.Errorf("%s: %d verdicts for %d runs, %d causes, %d next steps", name, len(d.Runs), len(ev.Runs), len(d.Causes), len(d.Decide))
	}
	for _, c := range d.Causes {
		checkCause(t, name, d, c)
	}
	for _, c := range d.RuledOut {
		if len(c.Because) == 0 || c.Because[0] == "" {
			t.Errorf("%s: %s is ruled out without a reason", name, c.ID.String())
		}
	}
	if d.Verdict == Registered && len(d.Causes)+len(d.RuledOut)+len(d.Decide) > 0 {
		t.Errorf("%s: registered, and yet %s", name, causesOf(d))
	}
}

// checkCause checks that a cause is complete and no stronger than it may be: without an answer none is
// more than possible, and a proof is the only cause of its run.
func checkCause(t *testing.T, name string, d Diagnosis, c Cause) {
	t.Helper()
	switch {
	case len(c.Because) == 0 || len(c.Remedies) == 0 || c.Explain == "":
		t.Errorf("%s: incomplete cause %+v", name, c)
	case slices.Contains(outOf(d), c.ID.String()):
		t.Errorf("%s: %s is both a cause and ruled out", name, c.ID.String())
	case c.Strength < Allows || c.Strength > Allows && (d.Verdict == NoVerdict || d.Verdict == Interrupted):
		t.Errorf("%s: %s, and the evidence %s %s", name, d.Verdict, c.Strength, c.ID.String())
	case c.Strength == Proves && len(d.Causes) != 1 && len(d.Runs) == 1:
		t.Errorf("%s: %s is proven together with %s", name, c.ID.String(), causesOf(d))
	}
}

// TestDiagnosisInFull compares one whole diagnosis, texts included.
func TestDiagnosisInFull(t *testing.T) {
	t.Parallel()
	d := Diagnose(refusedProbe(warn("cert-expires-soon", "soon"), clock(5*time.Minute), refuse(404, 404201, "Enrollment\x1b not found.")))
	d.RuledOut = nil
	for i := range d.Causes {
		d.Causes[i].Remedies = nil
	}
	event := `the service answered 404 with error code 404201 ("Enrollment\x1b not found.")`
	want := Diagnosis{
		Verdict: Fault,
		Runs:    []Verdict{Fault},
		Causes: []Cause{
			{Definition: cause.EnrollmentNotFound.Definition(), Strength: Suggests, Because: []string{event}, Explain: "404201", Command: "az iot dps enrollment show --dps-name DPS-NAME --enrollment-id sensor-17"},
			{
				Definition: cause.WrongIDScope.Definition(), Strength: Allows, Explain: "404201",
				Command: `az iot dps list --query "[*].{name:name,idScope:properties.idScope}" --output table`,
				Because: []string{event, "an enrollment in another instance is not visible under this id scope"},
			},
		},
		Warnings: []probe.Warning{
			{ID: "cert-expires-soon", Detail: "soon"},
			{ID: "device-clock-wrong", Detail: "the clock is 5 minutes ahead of the service's; tokens and certificates will be judged wrongly"},
		},
		Decide: []cause.Step{{
			How:     "Probe again with the id scope copied from the overview page of the instance that has the enrollment",
			Command: "dpsdiag probe --id-scope SCOPE-FROM-PORTAL --registration-id sensor-17 --key-file KEY-FILE",
		}},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRunsAreJudgedTogether: the worst run decides, and a cause that one run rules out is
// still listed if another allows it.
func TestRunsAreJudgedTogether(t *testing.T) {
	t.Parallel()
	d := Diagnose(refusedProbe(undialed(netfail.Timeout), also(unauthorized(), noClock)))
	if diff := cmp.Diff([]Verdict{Fault, Fault}, d.Runs); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	want := []string{
		"proves port-blocked", "suggests symmetric-key-mismatch", "suggests group-key-not-derived", "allows device-clock-wrong",
		"allows derived-key-incorrect", "allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled",
	}
	if diff := cmp.Diff(want, causesOf(d)); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	if out := outOf(d); slices.Contains(out, "port-blocked") || !slices.Contains(out, "dns-failure") {
		t.Errorf("ruled out: %s", out)
	}
	same := Diagnose(refusedProbe(unauthorized(), also(unauthorized())))
	if one := Diagnose(refusedProbe(unauthorized())); !cmp.Equal(same.Causes[0].Because[1:], one.Causes[0].Because) {
		t.Errorf("the same reason twice: %q", same.Causes[0].Because)
	}
}

// TestWarnings: what is unusual but not a cause is a warning, once.
func TestWarnings(t *testing.T) {
	t.Parallel()
	assigned := state(dps.StatusAssigned, 0, "")
	for name, test := range map[string]struct {
		ev   *probe.Evidence
		want []string
	}{
		"nothing odd":           {refusedProbe(assigned, ends(probe.EndComplete)), nil},
		"a clock that is wrong": {refusedProbe(assigned, ends(probe.EndComplete), clock(-time.Hour)), []string{"device-clock-wrong"}},
		"a clock in doubt":      {refusedProbe(assigned, ends(probe.EndComplete), clock(-clockTolerance-500*time.Millisecond)), nil},
		"an interceptor":        {refusedProbe(assigned, ends(probe.EndComplete), issuer(probe.IssuerOther)), []string{"proxy-interference"}},
		"an own server":         {refusedProbe(assigned, ends(probe.EndComplete), host(ownHost)), nil},
		"an interceptor that is the cause": {
			refusedProbe(issuer(probe.IssuerOther), page(403)), nil,
		},
		"once for two runs": {
			refusedProbe(assigned, ends(probe.EndComplete), clock(-time.Hour), also(assigned, ends(probe.EndComplete), clock(-time.Hour))),
			[]string{"device-clock-wrong"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, w := range Diagnose(test.ev).Warnings {
				got = append(got, w.ID)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestLongServerChainIsAWarning: a chain that a small device cannot read is a warning, a usual one is
// not.
func TestLongServerChainIsAWarning(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]bool{2000: false, 2384: false, 2385: true} { // three of them are 7168 and 7171 bytes long in the TLS message
		ev := refusedProbe(func(ev *probe.Evidence) {
			for range 3 {
				run(ev).TLS.Peer = append(run(ev).TLS.Peer, &x509.Certificate{Raw: make([]byte, size)})
			}
		})
		got := slices.ContainsFunc(Diagnose(ev).Warnings, func(w probe.Warning) bool { return w.ID == string(cause.ServerChainLong) })
		if got != want {
			t.Errorf("3 certificates of %d bytes: warning %v, want %v", size, got, want)
		}
	}
}
