package advice

import (
	"net/http"
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/inspect"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// This file judges the checks of the service's side. They are evidence of the highest grade: they
// show what a refusal alone only allows.

// sight is what a result of a check means.
type sight struct {
	proves   cause.ID // at most one
	suggests []cause.ID
	rulesOut []cause.ID
	// later says that the cause shows only after the service has accepted the device.
	later bool
	// aside says that the service refuses no device for it: with a refusal, it is only a warning.
	aside bool
	// here says that it proves something only in the device's own instance.
	here bool
}

// sights lists the meaning of every result that has one for a registration.
func sights() map[inspect.Result]sight {
	keys := []cause.ID{cause.SymmetricKeyMismatch, cause.GroupKeyNotDerived, cause.DerivedKeyIncorrect}
	signers := []cause.ID{cause.CertNotTrustedByEnrollment, cause.CertChainIncomplete, cause.CertEnrollmentMismatch}
	return map[inspect.Result]sight{
		inspect.AccessDenied: {proves: cause.ServiceCredentialsInsufficient, aside: true},

		inspect.InstanceOther: {proves: cause.WrongGlobalEndpoint},
		inspect.ScopeSame:     {rulesOut: []cause.ID{cause.WrongIDScope}},
		inspect.ScopeOther:    {proves: cause.WrongIDScope},

		inspect.NetworkOpen:     {rulesOut: []cause.ID{cause.PublicNetworkAccessDisabled}},
		inspect.NetworkClosed:   {proves: cause.PublicNetworkAccessDisabled},
		inspect.NetworkFiltered: {suggests: []cause.ID{cause.PublicNetworkAccessDisabled}},

		inspect.EnrolledIndividually: {rulesOut: []cause.ID{cause.EnrollmentNotFound}},
		inspect.EnrolledInGroup:      {rulesOut: []cause.ID{cause.EnrollmentNotFound}},
		inspect.EnrolledTwice:        {rulesOut: []cause.ID{cause.EnrollmentNotFound}},
		inspect.EnrolledNowhere:      {proves: cause.EnrollmentNotFound},
		inspect.EnrolledNowhereHere:  {suggests: []cause.ID{cause.EnrollmentNotFound, cause.WrongIDScope}},
		inspect.KeyOfNoGroup:         {suggests: []cause.ID{cause.EnrollmentNotFound, cause.SymmetricKeyMismatch}},
		inspect.ChainToNoGroup:       {proves: cause.CertNotTrustedByEnrollment, here: true},
		inspect.LeafToNoGroup:        {suggests: []cause.ID{cause.CertChainIncomplete, cause.CertNotTrustedByEnrollment}},

		inspect.StatusEnabled:  {rulesOut: []cause.ID{cause.EnrollmentDisabled}},
		inspect.StatusDisabled: {proves: cause.EnrollmentDisabled, here: true},

		inspect.AttestationSame:  {rulesOut: []cause.ID{cause.AttestationMismatch}},
		inspect.AttestationOther: {proves: cause.AttestationMismatch, here: true},

		inspect.KeyPrimary:       {rulesOut: keys},
		inspect.KeySecondary:     {rulesOut: keys},
		inspect.KeyDerived:       {rulesOut: keys},
		inspect.KeyOfGroupItself: {proves: cause.GroupKeyNotDerived},
		inspect.KeyMisderived:    {proves: cause.DerivedKeyIncorrect},
		inspect.KeyOther:         {proves: cause.SymmetricKeyMismatch, here: true},

		inspect.CertificateSame:      {rulesOut: signers},
		inspect.CertificateOther:     {proves: cause.CertEnrollmentMismatch, here: true},
		inspect.ChainSame:            {rulesOut: signers},
		inspect.ChainByName:          {rulesOut: []cause.ID{cause.CertEnrollmentMismatch}},
		inspect.ChainOther:           {proves: cause.CertNotTrustedByEnrollment, here: true},
		inspect.ChainOtherKey:        {proves: cause.CertNotTrustedByEnrollment, here: true},
		inspect.ChainMaybeIncomplete: {suggests: []cause.ID{cause.CertChainIncomplete, cause.CertNotTrustedByEnrollment}},

		inspect.NameSame:        {rulesOut: []cause.ID{cause.CertCNRegistrationIDMismatch}},
		inspect.NameOther:       {proves: cause.CertCNRegistrationIDMismatch},
		inspect.ValidityExpired: {proves: cause.CertExpired},

		inspect.CAVerified:   {rulesOut: []cause.ID{cause.CANotVerified}},
		inspect.CAUnverified: {proves: cause.CANotVerified},
		inspect.CAMissing:    {proves: cause.CANotVerified},

		inspect.EKSame:  {rulesOut: []cause.ID{cause.TPMEKMismatch}},
		inspect.EKOther: {proves: cause.TPMEKMismatch, here: true},

		inspect.AllocationIncomplete: {proves: cause.CustomAllocationFailed, later: true, here: true},
		inspect.WebhookInvalid:       {proves: cause.CustomAllocationFailed, later: true, here: true},
		inspect.WebhookNoKey:         {suggests: []cause.ID{cause.CustomAllocationUnauthorized}, later: true},

		inspect.HubsNone:       {proves: cause.NoHubAvailable, later: true, here: true},
		inspect.HubsUnlinked:   {proves: cause.NoHubAvailable, later: true, here: true},
		inspect.HubsWeightless: {proves: cause.NoHubAvailable, later: true, here: true},

		inspect.RegistrationHubGone: {proves: cause.StaleAssignment, aside: true},
	}
}

// serviceJudged reports whether the run ended with the service's judgement of the device: what the
// service holds explains nothing else.
func (c *Case) serviceJudged() bool {
	switch {
	case c.Evidence.Service == nil || c.hub != nil:
		return false
	case c.refusal == nil:
		return c.tlsFailure() == netfail.TLSAlert || c.Run.End == probe.EndUnanswered
	}
	return !c.refusal.foreign() && !probe.PutsOff(c.refusal.status) && c.class() != http.StatusTooManyRequests
}

// ended reports whether the service took the registration and then could not finish it.
func (c *Case) ended() bool {
	return c.refusal != nil && c.refusal.state != "" || c.Run.End == probe.EndUnanswered
}

// seen is what the service's side shows about a cause.
func (a *Attempt) seen(id cause.ID) Weight {
	if a.Side == nil {
		return Weight{}
	}
	return weighSide(a.Side, id, func(s sight) bool { return s.aside || s.later && !a.Ended })
}

// weighSide is what the checks show about a cause, without those that cannot count.
func weighSide(side *inspect.Findings, id cause.ID, ignored func(sight) bool) Weight {
	table := sights()
	var w Weight
	for _, check := range relevant(side) {
		s, ok := table[check.Result]
		if !ok || ignored(s) {
			continue
		}
		switch because := sideText(check); {
		case s.proves == id && s.here && side.MaybeOther && w.Strength < Proves:
			w.Strength, w.Because = Suggests, append(w.Because, because, otherInstance)
		case s.proves == id:
			w.Strength, w.Because = Proves, append(w.Because, because)
		case slices.Contains(s.suggests, id) && w.Strength < Proves:
			w.Strength, w.Because = Suggests, append(w.Because, because)
		case slices.Contains(s.rulesOut, id) && w.Strength == Silent:
			w = ruledOut(because)
		}
	}
	return w
}

// otherInstance is why a difference from the enrollment proves nothing yet.
const otherInstance = "nothing shows that this is the instance of the device's id scope; --instance FILE, with the output of " + inspect.InstanceCommand + ", would show it"

// relevant are the checks that say something about the device: if the device uses another instance
// than the one that was read, only that.
func relevant(side *inspect.Findings) []inspect.Check {
	elsewhere := func(c inspect.Check) bool { return c.Result == inspect.ScopeOther || c.Result == inspect.InstanceOther }
	if !slices.ContainsFunc(side.Checks, elsewhere) {
		return side.Checks
	}
	return slices.DeleteFunc(slices.Clone(side.Checks), func(c inspect.Check) bool { return !elsewhere(c) })
}

// sideText is a check as a reason.
func sideText(check inspect.Check) string {
	return "the service's side: " + check.Detail
}

// sideWarnings are the obstacles on the service's side that are not among the causes.
func sideWarnings(side *inspect.Findings, causes []Cause) []probe.Warning {
	if side == nil {
		return nil
	}
	var list []probe.Warning
	table := sights()
	for _, check := range relevant(side) {
		id := table[check.Result].proves
		known := slices.ContainsFunc(causes, func(c Cause) bool { return c.ID == id })
		if check.Outcome == inspect.Failed && id != cause.None && !known {
			list = append(list, probe.Warning{ID: id.String(), Detail: sideText(check)})
		}
	}
	return list
}

// Inspection is the judgement of the service's side alone.
type Inspection struct {
	// Causes are what stands in the way, or would.
	Causes   []Cause
	RuledOut []Cause
}

// Inspect judges the service's side of a device that was not probed. If its last registration
// failed, the error that the service kept of it counts as well.
func Inspect(side *inspect.Findings, target probe.Target) Inspection {
	var found []candidate
	rules := Rules()
	named := lastError(side)
	for i := range rules {
		id := rules[i].ID
		w := weighSide(side, id, func(sight) bool { return false })
		cand := candidate{rule: &rules[i], index: i, strength: w.Strength, because: w.Because, support: w.Strength, seen: true}
		if at := slices.Index(named.causes, id); at >= 0 && w.Strength != RulesOut {
			cand.named, cand.position, cand.explain = true, at, named.query
			cand.strength = max(cand.strength, Allows)
			if at == 0 {
				cand.strength = max(cand.strength, Suggests)
			}
			cand.because = union(cand.because, []string{named.because})
		}
		if cand.strength != Silent {
			found = append(found, cand)
		}
	}
	causes, out := rank(settle(found))
	ev := &probe.Evidence{Target: target, Service: side}
	return Inspection{Causes: asCauses(causes, ev), RuledOut: asCauses(out, ev)}
}

// kept is the error of the last registration.
type kept struct {
	causes         []cause.ID
	because, query string
}

// lastError returns what the error of the last registration names, zero if it did not fail.
func lastError(side *inspect.Findings) kept {
	check := side.Find(inspect.CheckRegistration)
	if check == nil || check.Result != inspect.RegistrationFailed {
		return kept{}
	}
	r := &refusal{equivalent: equivalent{status: http.StatusOK}, state: dps.StatusFailed, code: side.ErrorCode, message: side.ErrorMessage}
	for _, entry := range r.entries("") {
		if len(entry.CauseIDs) > 0 {
			return kept{causes: entry.CauseIDs, because: sideText(*check), query: r.query()}
		}
	}
	return kept{}
}
