package report

import (
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/inspect"
	"dpsdiag/internal/schematest"
)

func inspectSamples() []sample {
	tool := Tool{"1.2.3"}
	both := refused()
	both.Service = sideOf("neither the primary nor the secondary key of the individual enrollment \"sensor-17\"")
	return []sample{
		{"inspect-clear", NewInspection(clearSide(), target(), tool, false)},
		{"inspect-fault", NewInspection(sideOf("the device's key is neither the primary nor the secondary key of the individual enrollment \"sensor-17\""), target(), tool, false)},
		{"inspect-unread", NewInspection(unreadSide(), target(), tool, false)},
		{"inspect-interrupted", NewInspection(unreadSide(), target(), tool, true)},
		{"inspect-hostile", NewInspection(sideOf(hostileText), target(), Tool{hostileText}, false)},
		{"inspect-markup", NewInspection(sideOf(markupText), target(), Tool{markupText}, false)},
		{"probe-both", NewProbe(both, advice.Diagnose(both), tool, false)},
	}
}

// clearSide is the service's side of a device of which everything is known and right.
func clearSide() *inspect.Findings {
	f := &inspect.Findings{Source: inspect.SourceAPI, ReadAt: started.Add(time.Second), Instance: "contoso"}
	add := func(id inspect.CheckID, r inspect.Result, detail string, facts ...inspect.Fact) {
		f.Checks = append(f.Checks, inspect.Check{ID: id, Outcome: inspect.Passed, Result: r, Detail: detail, Facts: facts})
	}
	skip := func(id inspect.CheckID, detail string) {
		f.Checks = append(f.Checks, inspect.Check{ID: id, Outcome: inspect.NotApplicable, Result: inspect.NotMeant, Detail: detail})
	}
	add(inspect.CheckAccess, inspect.AccessGranted, "read from contoso.azure-devices-provisioning.net", inspect.Fact{Name: "host", Value: "contoso.azure-devices-provisioning.net"})
	add(inspect.CheckInstance, inspect.InstanceSame, "contoso")
	add(inspect.CheckIDScope, inspect.ScopeSame, "0ne0045B3C6, as the device")
	add(inspect.CheckNetwork, inspect.NetworkOpen, "public, without filters for devices")
	add(inspect.CheckLocalAuth, inspect.LocalAuthOn, "policies may be used")
	add(inspect.CheckEnrollment, inspect.EnrolledIndividually, `individual "sensor-17", changed 2026-05-01 10:00 UTC`, inspect.Fact{Name: "kind", Value: "individual"})
	add(inspect.CheckStatus, inspect.StatusEnabled, "enabled")
	add(inspect.CheckAttestation, inspect.AttestationSame, "a symmetric key, as the device")
	add(inspect.CheckKey, inspect.KeyPrimary, "it is the primary key")
	skip(inspect.CheckCertificate, "a symmetric key is enrolled")
	add(inspect.CheckAllocation, inspect.AllocationUsable, "hashed")
	skip(inspect.CheckWebhook, "no custom allocation")
	add(inspect.CheckHubs, inspect.HubsUsable, `"hub1.azure-devices.net"`, inspect.Fact{Name: "hub-01", Value: "hub1.azure-devices.net, weight 1"})
	add(inspect.CheckReprovisioning, inspect.ReprovisioningUsual, "the default")
	add(inspect.CheckTwin, inspect.TwinFits, "none")
	add(inspect.CheckRegistration, inspect.RegistrationAssigned, "assigned to hub1.azure-devices.net, 2026-06-01 10:00 UTC", inspect.Fact{Name: "status", Value: "assigned"})
	return f
}

// sideOf is the service's side of a device whose key is wrong, which a detail says.
func sideOf(detail string) *inspect.Findings {
	return &inspect.Findings{Source: inspect.SourceFiles, ReadAt: started.Add(time.Second), Checks: []inspect.Check{
		{ID: inspect.CheckAccess, Outcome: inspect.NotApplicable, Result: inspect.NotMeant, Detail: "files were given"},
		{ID: inspect.CheckIDScope, Outcome: inspect.Skipped, Result: inspect.NotRead, Detail: "only the description of the instance shows it"},
		{ID: inspect.CheckEnrollment, Outcome: inspect.Passed, Result: inspect.EnrolledIndividually, Detail: `individual "sensor-17"`, Facts: []inspect.Fact{{Name: "name", Value: detail}}},
		{ID: inspect.CheckStatus, Outcome: inspect.Passed, Result: inspect.StatusEnabled, Detail: "enabled"},
		{ID: inspect.CheckKey, Outcome: inspect.Failed, Result: inspect.KeyOther, Detail: detail},
		{ID: inspect.CheckReprovisioning, Outcome: inspect.Warned, Result: inspect.ReprovisioningNever, Detail: "a device that registers again stays at its hub"},
	}}
}

// unreadSide is the service's side if the credential is refused.
func unreadSide() *inspect.Findings {
	return &inspect.Findings{Source: inspect.SourceAPI, ReadAt: started, Checks: []inspect.Check{
		{ID: inspect.CheckAccess, Outcome: inspect.Failed, Result: inspect.AccessDenied, Detail: "contoso.azure-devices-provisioning.net refuses the credential: the service answered 401 (Unauthorized)"},
		{ID: inspect.CheckEnrollment, Outcome: inspect.Skipped, Result: inspect.NotRead, Detail: "it could not be read"},
	}}
}

func TestInspectionsFollowTheSchema(t *testing.T) {
	t.Parallel()
	inspection, both := schematest.Load(t, "inspect-1"), schematest.Load(t, "probe-1")
	for _, s := range inspectSamples() {
		schema := inspection
		if _, ok := s.doc.(*Probe); ok {
			schema = both
		}
		schema.Check(t, s.name, render(t, s.doc, "json", Options{}))
	}
}

func TestInspectionVerdicts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"inspect-clear": ExitOK, "inspect-fault": ExitFault, "inspect-unread": ExitNoVerdict, "inspect-interrupted": ExitInterrupted} {
		for _, s := range inspectSamples() {
			if s.name == name && s.doc.ExitStatus() != want {
				t.Errorf("%s: exit status %d, want %d", name, s.doc.ExitStatus(), want)
			}
		}
	}
}

func TestAClearInspectionFitsAScreen(t *testing.T) {
	t.Parallel()
	text := string(render(t, NewInspection(clearSide(), target(), Tool{"1"}, false), "text", Options{}))
	if lines := strings.Count(text, "\n"); lines > 24 {
		t.Errorf("%d lines:\n%s", lines, text)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	before := NewInspection(sideOf("x"), target(), Tool{"1"}, false)
	fixed := sideOf("y")
	fixed.Checks[4].Outcome, fixed.Checks[4].Result = inspect.Passed, inspect.KeyPrimary
	fixed.ReadAt = started.Add(time.Hour)
	after := NewInspection(fixed, target(), Tool{"1"}, false)
	if before.State() == after.State() {
		t.Error("a fixed key is not a change")
	}
	if got := strings.Join(after.Changes(before), ","); got != "key passed" {
		t.Errorf("the changes are %q", got)
	}
	later := sideOf("x")
	later.ReadAt = started.Add(time.Hour)
	if NewInspection(later, target(), Tool{"1"}, false).State() != before.State() {
		t.Error("a later reading of the same is a change")
	}
}
