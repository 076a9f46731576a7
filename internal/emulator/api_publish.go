package emulator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
	srv "dpsdiag/internal/service"
)

// emulatedWebhook stands for the webhook of a configuration, which has only its answer.
const emulatedWebhook = "https://webhook.invalid/api/allocate"

// publish completes the enrollments of the configuration and the scenario with what the
// service API shows of them, and stores the CAs of groups in the instance. It is called once,
// before anything listens.
func (s *settings) publish(now time.Time, random *source) {
	entries := s.enrolled.all()
	slices.SortFunc(entries, func(a, b *enrollment) int { return strings.Compare(a.name, b.name) })
	for _, entry := range entries {
		set := &entry.written.settings
		fillDefaults(set)
		if entry.issuance != nil {
			publishPolicy(set, entry.issuance.policy)
		}
		set.Created, set.LastUpdated, set.ETag = timestamp(now), timestamp(now), random.etag(now)
		switch {
		case entry.webhook != 0:
			set.AllocationPolicy = srv.AllocationCustom
			set.CustomAllocationDefinition = &srv.CustomAllocationDefinition{WebhookURL: dps.NewSecret(emulatedWebhook), APIVersion: srv.APIVersion}
		case len(entry.hubs) == 1:
			set.AllocationPolicy = srv.AllocationStatic
		default:
			set.AllocationPolicy = srv.AllocationHashed
		}
		if entry.group && len(entry.certs) > 0 {
			s.storeCAs(entry)
		}
	}
}

// publishPolicy names a certificate policy in the member for a resource id or in that for a name.
func publishPolicy(set *srv.Settings, policy string) {
	if strings.HasPrefix(policy, "/") {
		set.CertificatePolicyResourceID = policy
		return
	}
	set.CredentialPolicyName = policy
}

// storeCAs stores the CAs of a group under names that begin with that of the group.
func (s *settings) storeCAs(group *enrollment) {
	for i, cert := range group.certs {
		name := group.name + "-ca"
		if i > 0 {
			name = fmt.Sprintf("%s-%d", name, i+1)
		}
		s.authorities = append(s.authorities, authority{name: name, cert: cert, verified: !group.unverified})
		group.written.caNames = append(group.written.caNames, name)
	}
}

// fillDefaults sets what the service answers with where a record leaves it out
// (azure-iot-cli-extension azext_iot/tests/dps/enrollment).
func fillDefaults(set *srv.Settings) {
	if set.ReprovisionPolicy == nil {
		set.ReprovisionPolicy = new(written{}.reprovision())
	}
	if set.Capabilities == nil {
		set.Capabilities = &srv.DeviceCapabilities{}
	}
}
