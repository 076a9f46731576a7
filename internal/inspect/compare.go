package inspect

import (
	"fmt"
	"slices"
	"strings"

	"dpsdiag/internal/redact"
	"dpsdiag/internal/service"
)

// Compare compares what the service holds with the device.
func Compare(h *Held, d Device) *Findings {
	c := &comparison{held: h, device: d, redactor: redactorFor(h, d)}
	c.choose()
	f := &Findings{Source: h.Source, ReadAt: h.ReadAt, Instance: h.name()}
	if c.entry != nil && c.entry.Group {
		f.Group = c.entry.Name
	}
	if h.State != nil {
		f.ErrorCode, f.ErrorMessage = h.State.ErrorCode, h.State.ErrorMessage
	}
	for _, check := range checks() {
		f.Checks = append(f.Checks, check(c))
	}
	f.MaybeOther = h.Source == SourceAPI && h.Instance == nil && !c.sameEndpoint() && !f.has(KeyPrimary, KeySecondary, KeyDerived, KeyOfGroupItself, KeyMisderived,
		CertificateSame, ChainSame, ChainByName, EKSame)
	c.redact(f)
	return f
}

// checks are all checks, in the order of a report.
func checks() []func(*comparison) Check {
	return []func(*comparison) Check{
		(*comparison).access,
		(*comparison).instance,
		(*comparison).idScope,
		(*comparison).network,
		(*comparison).localAuth,
		(*comparison).enrollment,
		(*comparison).status,
		(*comparison).attestation,
		(*comparison).key,
		(*comparison).certificate,
		(*comparison).commonName,
		(*comparison).validity,
		(*comparison).ca,
		(*comparison).endorsementKey,
		(*comparison).allocation,
		(*comparison).webhook,
		(*comparison).hubs,
		(*comparison).reprovisioning,
		(*comparison).twin,
		(*comparison).registration,
	}
}

// comparison is what the service holds, the device, and the enrollment that decides.
type comparison struct {
	held     *Held
	device   Device
	redactor *redact.Redactor

	// entry is the enrollment that decides, nil if there is none or it is not known.
	entry *Enrollment
	// found is the result of the check of the enrollment, and why its text.
	found Result
	why   string
	// others are further groups that match as well.
	others []string
}

func passed(id CheckID, r Result, format string, args ...any) Check {
	return Check{ID: id, Outcome: Passed, Result: r, Detail: fmt.Sprintf(format, args...)}
}

func warned(id CheckID, r Result, format string, args ...any) Check {
	return Check{ID: id, Outcome: Warned, Result: r, Detail: fmt.Sprintf(format, args...)}
}

func failed(id CheckID, r Result, format string, args ...any) Check {
	return Check{ID: id, Outcome: Failed, Result: r, Detail: fmt.Sprintf(format, args...)}
}

func skipped(id CheckID, r Result, format string, args ...any) Check {
	return Check{ID: id, Outcome: Skipped, Result: r, Detail: fmt.Sprintf(format, args...)}
}

func notMeant(id CheckID, format string, args ...any) Check {
	return Check{ID: id, Outcome: NotApplicable, Result: NotMeant, Detail: fmt.Sprintf(format, args...)}
}

// unread is the result of a check about the enrollment if none is known.
func (c *comparison) unread(id CheckID) Check {
	if c.found == NotRead || c.found == NotCompared {
		return skipped(id, NotRead, "the enrollment that decides is not known")
	}
	return notMeant(id, "there is no enrollment")
}

// access reports what could be read.
func (c *comparison) access() Check {
	h := c.held
	if h.Source == SourceFiles {
		return notMeant(CheckAccess, "the service was not asked: files were given")
	}
	var gaps []string
	for _, gap := range h.Gaps {
		gaps = append(gaps, c.what(gap)+": "+c.because(gap.Why))
	}
	text := strings.Join(gaps, "; ")
	switch {
	case h.Denied != nil:
		return failed(CheckAccess, AccessDenied, "%s refuses the credential of --service-env or --service-token-env: %s", h.Host, c.because(*h.Denied)).with("host", h.Host)
	case h.Reads == 0:
		return failed(CheckAccess, AccessFailed, "nothing could be read from %s: %s", h.Host, text).with("host", h.Host)
	case len(gaps) > 0:
		forbidden := slices.ContainsFunc(h.Gaps, func(g Gap) bool { return g.Forbidden })
		if forbidden {
			text += "; the credential lacks the right for it"
		}
		return warned(CheckAccess, AccessPartial, "not everything could be read from %s: %s", h.Host, text).with("host", h.Host)
	}
	return passed(CheckAccess, AccessGranted, "read from %s", h.Host).with("host", h.Host)
}

// choose finds the enrollment that decides: the individual one if there is one, otherwise the
// group that matches.
func (c *comparison) choose() {
	h := c.held
	switch {
	case h.Individual != nil:
		c.entry, c.found = h.Individual, EnrolledIndividually
	case h.Source == SourceAPI && !h.NoIndividual && len(h.Groups) == 0:
		c.found, c.why = NotRead, c.gap("the individual enrollment")
	case len(h.Groups) == 0 && h.AllGroups:
		c.found, c.why = EnrolledNowhere, "there is neither an individual enrollment of this registration id nor any enrollment group"
	case len(h.Groups) == 0 && h.NoIndividual && c.device.Kind == service.AttestationTPM:
		c.found, c.why = EnrolledNowhere, withoutIndividualForTPM
	case len(h.Groups) == 0 && h.NoIndividual:
		c.found, c.why = NotRead, c.gap("the enrollment groups")
	case len(h.Groups) == 0:
		c.found, c.why = NotRead, "no enrollment was given: "+EnrollmentCommand
	default:
		c.chooseGroup()
	}
}

// gap says why something could not be read.
func (c *comparison) gap(what string) string {
	for _, gap := range c.held.Gaps {
		if gap.What == what {
			return what + " could not be read: " + c.because(gap.Why)
		}
	}
	return what + " could not be read"
}

// chooseGroup finds the group that matches the device.
func (c *comparison) chooseGroup() {
	switch c.device.Kind {
	case service.AttestationSymmetricKey:
		c.chooseByKey()
	case service.AttestationX509:
		c.chooseByChain()
	default:
		c.groupUnknown()
	}
	if c.entry != nil || c.held.Source != SourceFiles {
		return
	}
	// The user named the group, unless there are several that may be meant.
	candidates := c.groupsOf(c.device.Kind)
	if len(candidates) == 0 && len(c.held.Groups) == 1 {
		candidates = []*Enrollment{&c.held.Groups[0]}
	}
	if len(candidates) == 1 {
		c.take(candidates)
		c.why = ""
	}
}

// groupUnknown says why the group is not known: the device's credential would show which one
// matches, and a TPM matches none.
func (c *comparison) groupUnknown() {
	c.found = NotCompared
	switch {
	case c.device.Kind == service.AttestationTPM && c.held.NoIndividual:
		c.found, c.why = EnrolledNowhere, withoutIndividualForTPM
		return
	case c.device.Kind == service.AttestationTPM:
		c.why = "a TPM needs an individual enrollment; " + individualUnknown
		return
	}
	c.why = fmt.Sprintf("no individual enrollment of this registration id; which of the %d groups matches depends on the device's credential: --key-file, --group-key-file or --cert with --cert-key gives it", len(c.held.Groups))
}

// groupsOf are the groups of the device's attestation.
func (c *comparison) groupsOf(kind service.AttestationType) []*Enrollment {
	var list []*Enrollment
	for i := range c.held.Groups {
		if c.held.Groups[i].Attestation.Type == kind {
			list = append(list, &c.held.Groups[i])
		}
	}
	return list
}

// take makes the first of some groups the one that decides.
func (c *comparison) take(matching []*Enrollment) {
	c.entry, c.found = matching[0], EnrolledInGroup
	for _, g := range matching[1:] {
		c.others = append(c.others, g.Name)
	}
	if len(c.others) > 0 {
		c.found = EnrolledTwice
	}
}

// individualUnknown is added if files have groups alone.
const individualUnknown = "whether there is an individual enrollment of this registration id, the files do not show: " + EnrollmentCommand

const withoutIndividualForTPM = "there is no individual enrollment of this registration id, and a TPM needs one"

// nowhere says that no group matches, or why that is not known.
func (c *comparison) nowhere(candidates int, unmatched Result, why string) {
	const noIndividual = "there is no individual enrollment of this registration id, and "
	gap := c.gap("the enrollment groups")
	switch {
	case !c.held.AllGroups && c.held.Source == SourceAPI:
		c.found, c.why = NotRead, gap
	case candidates == 0 && !c.held.NoIndividual:
		c.found, c.why = NotCompared, "none of the groups that were given is for this attestation; "+individualUnknown
	case !c.held.NoIndividual:
		c.found, c.why = NotCompared, why+"; "+individualUnknown
	case candidates == 0:
		c.found, c.why = EnrolledNowhere, noIndividual+"no group for this attestation"
	default:
		c.found, c.why = unmatched, noIndividual+why
	}
}

// enrollment reports which enrollment the service uses for the device.
func (c *comparison) enrollment() Check {
	e := c.entry
	switch c.found {
	case EnrolledIndividually:
		return passed(CheckEnrollment, c.found, "%s", c.describe(e)).with("kind", "individual").with("name", e.Name).with("device-id", e.DeviceID).with("updated", e.LastUpdated)
	case EnrolledInGroup:
		return passed(CheckEnrollment, c.found, "%s", c.describe(e)).with("kind", "group").with("name", e.Name).with("updated", e.LastUpdated)
	case EnrolledTwice:
		return warned(CheckEnrollment, c.found, "%s; but %s also match, and the service takes only one", c.describe(e), c.quotedList(c.others)).
			with("kind", "group").with("name", e.Name).with("others", strings.Join(c.others, ", "))
	case NotRead, NotCompared:
		return skipped(CheckEnrollment, c.found, "%s", c.why)
	}
	if c.found == EnrolledNowhere && !c.itsInstance() {
		return failed(CheckEnrollment, EnrolledNowhereHere, "%s; whether this is the instance of the device's id scope is not known: give --instance FILE with the output of %s", c.why, InstanceCommand)
	}
	return failed(CheckEnrollment, c.found, "%s", c.why)
}

func (c *comparison) describe(e *Enrollment) string {
	text := "individual " + c.quoted(e.Name)
	if e.Group {
		text = "group " + c.quoted(e.Name)
	}
	if e.LastUpdated != "" {
		text += ", changed " + c.timeText(e.LastUpdated)
	}
	return text
}

func (c *comparison) quotedList(names []string) string {
	var list []string
	for i, name := range names {
		if i == 5 {
			list = append(list, fmt.Sprintf("%d more", len(names)-i))
			break
		}
		list = append(list, c.quoted(name))
	}
	return strings.Join(list, ", ")
}

func (c *comparison) status() Check {
	switch {
	case c.entry == nil:
		return c.unread(CheckStatus)
	case !c.entry.Enabled():
		return failed(CheckStatus, StatusDisabled, "the provisioning status of %s is disabled", c.called(c.entry))
	}
	return passed(CheckStatus, StatusEnabled, "enabled")
}

func (c *comparison) attestation() Check {
	e := c.entry
	if e == nil {
		return c.unread(CheckAttestation)
	}
	kind := e.Attestation.Type
	named := func(check Check) Check {
		return check.with("enrolled", string(kind)).with("device", string(c.device.Kind))
	}
	switch {
	case kind == "":
		return skipped(CheckAttestation, NotRead, "the enrollment does not say how it attests")
	case c.device.Kind == "":
		return named(skipped(CheckAttestation, NotCompared, "%s; the device's credential was not given", c.kindText(kind)))
	case kind != c.device.Kind:
		return named(failed(CheckAttestation, AttestationOther, "%s attests with %s, the device with %s", c.called(e), c.kindText(kind), c.kindText(c.device.Kind)))
	}
	return named(passed(CheckAttestation, AttestationSame, "%s, as the device", c.kindText(kind)))
}

// kindText is a kind of attestation in words.
func (c *comparison) kindText(kind service.AttestationType) string {
	switch kind {
	case service.AttestationSymmetricKey:
		return "a symmetric key"
	case service.AttestationX509:
		return "an X.509 certificate"
	case service.AttestationTPM:
		return "a TPM"
	}
	return c.quoted(string(kind))
}

// attests reports whether both sides use that attestation, and what the check is otherwise.
func (c *comparison) attests(id CheckID, kind service.AttestationType) (Check, bool) {
	switch {
	case c.entry == nil && c.device.Kind != kind && c.device.Kind != "":
		return notMeant(id, "the device does not use %s", c.kindText(kind)), false
	case c.entry == nil:
		return c.unread(id), false
	case c.entry.Attestation.Type != kind:
		return notMeant(id, "%s is enrolled", c.kindText(c.entry.Attestation.Type)), false
	case c.device.Kind == "":
		return skipped(id, NotCompared, "the device's credential was not given"), false
	case c.device.Kind != kind:
		return notMeant(id, "the device uses %s", c.kindText(c.device.Kind)), false
	}
	return Check{}, true
}
