package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/service"
)

func (c *comparison) allocation() Check {
	if c.entry == nil {
		return c.unread(CheckAllocation)
	}
	policy := string(c.entry.AllocationPolicy)
	switch {
	case c.entry.AllocationPolicy == service.AllocationCustom && c.entry.CustomAllocationDefinition == nil:
		return failed(CheckAllocation, AllocationIncomplete, "the allocation policy of %s is custom, but it names no webhook", c.called(c.entry))
	case policy == "" && c.held.Instance != nil && c.held.Instance.Properties.AllocationPolicy != "":
		policy = c.held.Instance.Properties.AllocationPolicy + ", of the instance"
	case policy == "":
		policy = "that of the instance"
	}
	return passed(CheckAllocation, AllocationUsable, "%s", c.clip(policy)).with("policy", c.clip(policy))
}

// webhook looks at the webhook of a custom allocation. Only its host is shown: the rest of the
// URL may have a key in it.
func (c *comparison) webhook() Check {
	if c.entry == nil {
		return c.unread(CheckWebhook)
	}
	def := c.entry.CustomAllocationDefinition
	if def == nil || c.entry.AllocationPolicy != service.AllocationCustom {
		return notMeant(CheckWebhook, "no custom allocation")
	}
	u, err := url.Parse(def.WebhookURL.Reveal())
	switch {
	case err != nil || u.Hostname() == "":
		return failed(CheckWebhook, WebhookInvalid, "the webhook of %s is not a URL", c.called(c.entry))
	case u.Scheme != "https":
		return failed(CheckWebhook, WebhookInvalid, "the URL of the webhook at %s does not begin with https", c.quoted(u.Hostname()))
	}
	facts := func(check Check) Check {
		return check.with("host", u.Hostname()).with("api-version", c.clip(def.APIVersion))
	}
	if strings.HasSuffix(strings.ToLower(u.Hostname()), ".azurewebsites.net") && u.Query().Get("code") == "" {
		return facts(warned(CheckWebhook, WebhookNoKey, "the URL of the webhook at %s has no key (code=...); it must allow anonymous calls", c.quoted(u.Hostname())))
	}
	return facts(passed(CheckWebhook, WebhookUsable, "at %s", c.quoted(u.Hostname())))
}

// linkedHub is a hub of the instance with the defaults filled in.
type linkedHub struct {
	name     string
	weight   int
	applies  bool
	identity string // how DPS proves itself, "" for a key
}

func (c *comparison) linked() []linkedHub {
	if c.held.Instance == nil {
		return nil
	}
	list := []linkedHub{}
	for _, hub := range c.held.Instance.Properties.IoTHubs {
		l := linkedHub{name: hub.Name, weight: 1, applies: true}
		if hub.AllocationWeight != nil {
			l.weight = *hub.AllocationWeight
		}
		if hub.ApplyAllocationPolicy != nil {
			l.applies = *hub.ApplyAllocationPolicy
		}
		if kind := hub.AuthenticationType; kind != "" && !strings.EqualFold(kind, "KeyBased") {
			l.identity = c.clip(kind)
		}
		list = append(list, l)
	}
	return list
}

func linkedAs(list []linkedHub, name string) int {
	return slices.IndexFunc(list, func(h linkedHub) bool { return strings.EqualFold(h.name, name) })
}

// wanted are the hubs that the enrollment allows, nil for every linked one.
func (e *Enrollment) wanted() []string {
	if len(e.IoTHubs) > 0 {
		return e.IoTHubs
	}
	if e.IoTHubHostName != "" {
		return []string{e.IoTHubHostName}
	}
	return nil
}

// policy is the allocation policy that applies to the enrollment.
func (c *comparison) policy() string {
	policy := string(c.entry.AllocationPolicy)
	if policy == "" && c.held.Instance != nil {
		policy = c.held.Instance.Properties.AllocationPolicy
	}
	return strings.ToLower(policy)
}

func (c *comparison) hubs() Check {
	list := c.linked()
	switch {
	case list == nil && c.entry != nil && c.entry.wanted() != nil:
		return skipped(CheckHubs, NotRead, "the enrollment allows %s; to see whether they are linked, give --instance FILE with the output of %s", c.quotedList(c.entry.wanted()), InstanceCommand)
	case list == nil:
		return skipped(CheckHubs, NotRead, "the service API does not show the linked hubs: give --instance FILE with the output of %s", InstanceCommand)
	case len(list) == 0:
		return failed(CheckHubs, HubsNone, "no hub is linked to the instance %s", c.quoted(c.held.Instance.Name))
	case c.entry == nil:
		return c.describeHubs(passed(CheckHubs, HubsUsable, "%d linked", len(list)), list)
	}
	eligible, missing := c.eligible(list)
	weighted := slices.ContainsFunc(eligible, func(h linkedHub) bool { return h.weight > 0 })
	switch {
	case len(eligible) == 0 && len(missing) > 0:
		return failed(CheckHubs, HubsUnlinked, "%s allows only %s, and none of these is linked to the instance", c.called(c.entry), c.quotedList(missing))
	case len(eligible) == 0:
		return failed(CheckHubs, HubsNone, "no linked hub takes part in the allocation (applyAllocationPolicy is false for all)")
	case !weighted && (c.policy() == "hashed" || c.policy() == ""):
		return failed(CheckHubs, HubsWeightless, "every hub that the enrollment may use has the allocation weight 0")
	case len(missing) > 0:
		return c.describeHubs(warned(CheckHubs, HubsSome, "the enrollment also allows %s, which the instance does not link", c.quotedList(missing)), eligible)
	}
	var all []string
	for _, h := range eligible {
		all = append(all, h.name)
	}
	return c.describeHubs(passed(CheckHubs, HubsUsable, "%s", c.quotedList(all)), eligible)
}

// eligible are the linked hubs to which the enrollment may assign, and missing those that it
// allows and that are not linked.
func (c *comparison) eligible(list []linkedHub) (eligible []linkedHub, missing []string) {
	wanted := c.entry.wanted()
	if wanted == nil {
		return slices.DeleteFunc(slices.Clone(list), func(h linkedHub) bool { return !h.applies }), nil
	}
	for _, name := range wanted {
		if at := linkedAs(list, name); at >= 0 {
			eligible = append(eligible, list[at])
		} else {
			missing = append(missing, name)
		}
	}
	return eligible, missing
}

// describeHubs adds what is known of the hubs.
func (c *comparison) describeHubs(check Check, list []linkedHub) Check {
	for i, h := range list {
		if i == 10 {
			break
		}
		text := fmt.Sprintf("%s, weight %d", c.clip(h.name), h.weight)
		if h.identity != "" {
			text += ", linked by " + h.identity + ": the identity of the instance needs a role on the hub"
		}
		check = check.with(fmt.Sprintf("hub-%02d", i+1), text)
	}
	if i := slices.IndexFunc(list, func(h linkedHub) bool { return h.identity != "" }); i >= 0 {
		check.Detail += "; " + c.quoted(list[i].name) + " by identity, without a key"
	}
	return check
}

func (c *comparison) reprovisioning() Check {
	if c.entry == nil {
		return c.unread(CheckReprovisioning)
	}
	policy := c.entry.ReprovisionPolicy
	switch {
	case policy == nil:
		return passed(CheckReprovisioning, ReprovisioningUsual, "the default")
	case !policy.UpdateHubAssignment:
		return warned(CheckReprovisioning, ReprovisioningNever, "a device that registers again stays at its hub, whatever the allocation policy says")
	case policy.MigrateDeviceData:
		return passed(CheckReprovisioning, ReprovisioningUsual, "reassigned, its data migrated")
	}
	return passed(CheckReprovisioning, ReprovisioningUsual, "reassigned, its data reset")
}

// Limits of a device twin, in bytes of JSON (learn.microsoft.com: iot-hub-devguide-device-twins).
const (
	maxTags    = 8 << 10
	maxDesired = 32 << 10
)

func (c *comparison) twin() Check {
	if c.entry == nil {
		return c.unread(CheckTwin)
	}
	t := c.entry.InitialTwin
	if t == nil {
		return passed(CheckTwin, TwinFits, "none")
	}
	tags, desired := compactSize(t.Tags), 0
	if t.Properties != nil {
		desired = compactSize(t.Properties.Desired)
	}
	facts := func(check Check) Check {
		return check.with("tags-bytes", strconv.Itoa(tags)).with("desired-bytes", strconv.Itoa(desired))
	}
	if tags > maxTags || desired > maxDesired {
		return facts(warned(CheckTwin, TwinLarge, "tags of %d bytes and desired properties of %d: a hub takes at most %d and %d", tags, desired, maxTags, maxDesired))
	}
	return facts(passed(CheckTwin, TwinFits, "tags of %d bytes, desired properties of %d", tags, desired))
}

// compactSize is how many bytes JSON has without white space, which az prints and a hub does not count.
func compactSize(text json.RawMessage) int {
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return len(text)
	}
	return b.Len()
}

// registration looks at the last outcome of the device's registrations.
func (c *comparison) registration() Check {
	s := c.held.State
	switch {
	case s == nil && c.held.NoState:
		return passed(CheckRegistration, RegistrationNone, "the device has never registered")
	case s == nil && c.held.Source == SourceFiles:
		return skipped(CheckRegistration, NotRead, "the files do not have it; az iot dps enrollment registration show prints it")
	case s == nil:
		return skipped(CheckRegistration, NotRead, "%s", c.gap("the registration state"))
	}
	facts := func(check Check) Check {
		check = check.with("status", c.clip(string(s.Status))).with("hub", c.clip(s.AssignedHub)).with("device-id", c.clip(s.DeviceID)).
			with("created", c.clip(s.Created)).with("updated", c.clip(s.LastUpdated)).with("error-message", c.clip(s.ErrorMessage))
		if s.ErrorCode != 0 {
			check = check.with("error-code", strconv.Itoa(s.ErrorCode))
		}
		if len(s.Payload) > 0 && string(s.Payload) != "null" {
			check = check.with("payload-bytes", strconv.Itoa(len(s.Payload)))
		}
		return check
	}
	return facts(c.judgeState(s))
}

func (c *comparison) judgeState(s *service.DeviceRegistrationState) Check {
	when := ""
	if s.LastUpdated != "" {
		when = ", " + c.timeText(s.LastUpdated)
	}
	switch s.Status {
	case dps.StatusAssigned:
		if why := c.hubGone(s.AssignedHub); why != "" {
			return failed(CheckRegistration, RegistrationHubGone, "the device is assigned to %s, which %s%s", c.quoted(s.AssignedHub), why, when)
		}
		return passed(CheckRegistration, RegistrationAssigned, "assigned to %s%s", c.clip(s.AssignedHub), when)
	case dps.StatusFailed:
		text := "the last registration failed"
		if s.ErrorCode != 0 {
			text += fmt.Sprintf(" with %d", s.ErrorCode)
		}
		if s.ErrorMessage != "" {
			text += " (" + c.clip(s.ErrorMessage) + ")"
		}
		if c.changedSince(s) {
			return warned(CheckRegistration, RegistrationOutdated, "%s%s; the enrollment was changed since, and the device has not registered again", text, when)
		}
		return failed(CheckRegistration, RegistrationFailed, "%s%s", text, when)
	case dps.StatusDisabled:
		if c.entry != nil && c.entry.Enabled() {
			return warned(CheckRegistration, RegistrationOutdated, "the last registration ended as disabled%s; the enrollment is enabled now", when)
		}
		return warned(CheckRegistration, RegistrationDisabled, "the last registration ended as disabled%s", when)
	case dps.StatusAssigning, dps.StatusUnassigned:
		return passed(CheckRegistration, RegistrationPending, "%s%s", s.Status, when)
	}
	return skipped(CheckRegistration, NotRead, "its status is %s, which is not a known one", c.quoted(string(s.Status)))
}

// changedSince reports whether the enrollment was changed after the registration.
func (c *comparison) changedSince(s *service.DeviceRegistrationState) bool {
	if c.entry == nil {
		return false
	}
	changed, registered := parseTime(c.entry.LastUpdated), parseTime(s.LastUpdated)
	return !changed.IsZero() && !registered.IsZero() && changed.After(registered.Add(time.Second))
}

// hubGone says why a device cannot stay at a hub, "" if it can as far as is known.
func (c *comparison) hubGone(hub string) string {
	switch list := c.linked(); {
	case hub == "" || list == nil:
		return ""
	case linkedAs(list, hub) < 0:
		return "is no longer linked to the instance"
	}
	return ""
}
