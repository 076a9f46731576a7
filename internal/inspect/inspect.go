// Package inspect compares what the provisioning service holds for a device with the device
// itself. The service holds its enrollment, the group that matches it, its registration state,
// the linked hubs and the instance.
//
// Read the service's side with [Client.Read] from the service API, or with [Held.AddEnrollment],
// [Held.AddInstance] and [Held.AddCertificates] from what the Azure CLI printed; then call [Compare] with the [Device]. The result is a list of
// checks. What they mean for a registration that failed is judged in package advice.
//
// Nothing here writes to the service: every request of the [Client] only reads. Keys are
// compared in memory, and no check contains one.
package inspect

import (
	"slices"
	"time"
)

// Findings are what the service's side shows about a device.
type Findings struct {
	Source Source
	ReadAt time.Time
	Checks []Check // all of them, in the order of checks

	// Instance and Group are the names of the instance and of the group that decides, "" if
	// not known.
	Instance, Group string
	// ErrorCode and ErrorMessage are those that the service keeps of the last registration.
	ErrorCode    int
	ErrorMessage string
	// MaybeOther says that the API was asked of an instance that nothing shows to be the device's: its
	// id scope is not known, and no key or certificate is the device's.
	MaybeOther bool
}

// Source is where the service's side was read from.
type Source string

// The sources. With an API, files may have added what the API does not show.
const (
	SourceAPI   Source = "api"
	SourceFiles Source = "files"
)

// Check is one comparison.
type Check struct {
	ID      CheckID
	Outcome Outcome
	Result  Result
	Detail  string // one line for a person
	Facts   []Fact // for the report, in order
}

// Fact is a named detail of a check, for people and scripts.
type Fact struct{ Name, Value string }

// Outcome is how a check ended. The values are those of a probe's stages.
type Outcome string

// The outcomes. Failed: the device cannot register, or cannot use its hub. Warned: unusual,
// but no obstacle by itself. Skipped: it could not be read or compared. NotApplicable: the
// check makes no sense for this device.
const (
	Passed        Outcome = "passed"
	Warned        Outcome = "warned"
	Failed        Outcome = "failed"
	Skipped       Outcome = "skipped"
	NotApplicable Outcome = "not-applicable"
)

// CheckID is the name of a check in reports.
type CheckID string

// The checks, in their order.
const (
	CheckAccess         CheckID = "access"
	CheckInstance       CheckID = "instance"
	CheckIDScope        CheckID = "id-scope"
	CheckNetwork        CheckID = "network"
	CheckLocalAuth      CheckID = "local-auth"
	CheckEnrollment     CheckID = "enrollment"
	CheckStatus         CheckID = "status"
	CheckAttestation    CheckID = "attestation"
	CheckKey            CheckID = "key"
	CheckCertificate    CheckID = "certificate"
	CheckCommonName     CheckID = "common-name"
	CheckValidity       CheckID = "validity"
	CheckCA             CheckID = "ca"
	CheckEndorsementKey CheckID = "endorsement-key"
	CheckAllocation     CheckID = "allocation"
	CheckWebhook        CheckID = "webhook"
	CheckHubs           CheckID = "hubs"
	CheckReprovisioning CheckID = "reprovisioning"
	CheckTwin           CheckID = "twin"
	CheckRegistration   CheckID = "registration"
)

// Result says what exactly a check found. Every result belongs to one check.
type Result string

// The results.
const (
	AccessGranted Result = "access-granted"
	AccessPartial Result = "access-partial" // some reads were refused or failed
	AccessDenied  Result = "access-denied"  // the service does not accept the credential
	AccessFailed  Result = "access-failed"  // no usable answer

	InstanceSame     Result = "instance-same"
	InstanceOther    Result = "instance-other" // the device uses the endpoint of another instance
	InstanceInactive Result = "instance-inactive"

	ScopeSame  Result = "scope-same"
	ScopeOther Result = "scope-other"

	NetworkOpen     Result = "network-open"
	NetworkClosed   Result = "network-closed"   // public network access is disabled
	NetworkFiltered Result = "network-filtered" // rules let only some addresses in

	LocalAuthOn  Result = "local-auth-on"
	LocalAuthOff Result = "local-auth-off"

	EnrolledIndividually Result = "enrolled-individually"
	EnrolledInGroup      Result = "enrolled-in-group"
	EnrolledTwice        Result = "enrolled-twice" // two groups match
	EnrolledNowhere      Result = "enrolled-nowhere"
	EnrolledNowhereHere  Result = "enrolled-nowhere-here" // the same, but the instance may not be the device's
	KeyOfNoGroup         Result = "key-of-no-group"       // there are groups with keys, but none fits
	ChainToNoGroup       Result = "chain-to-no-group"     // there are groups with CAs, but none fits
	LeafToNoGroup        Result = "leaf-to-no-group"      // the same, if the leaf was sent alone

	StatusEnabled  Result = "status-enabled"
	StatusDisabled Result = "status-disabled"

	AttestationSame  Result = "attestation-same"
	AttestationOther Result = "attestation-other"

	KeyPrimary       Result = "key-primary"
	KeySecondary     Result = "key-secondary"
	KeyDerived       Result = "key-derived"
	KeyOfGroupItself Result = "key-of-group-itself"
	KeyMisderived    Result = "key-misderived" // derived, but not as the service does
	KeyOther         Result = "key-other"

	CertificateSame      Result = "certificate-same"
	CertificateOther     Result = "certificate-other"
	ChainSame            Result = "chain-same"
	ChainByName          Result = "chain-by-name" // the issuer has the right name; its key was not compared
	ChainOther           Result = "chain-other"
	ChainOtherKey        Result = "chain-other-key" // a CA of the right name with another key
	ChainMaybeIncomplete Result = "chain-maybe-incomplete"

	NameSame  Result = "name-same"
	NameOther Result = "name-other"

	ValidityInDate  Result = "validity-in-date"
	ValidityExpired Result = "validity-expired" // a certificate of the device or the enrolled one
	ValidityNotYet  Result = "validity-not-yet"

	CAVerified   Result = "ca-verified"
	CAUnverified Result = "ca-unverified"
	CAMissing    Result = "ca-missing" // the group refers to a certificate that the instance lacks

	EKSame  Result = "ek-same"
	EKOther Result = "ek-other"

	AllocationUsable     Result = "allocation-usable"
	AllocationIncomplete Result = "allocation-incomplete" // custom without a webhook

	WebhookUsable  Result = "webhook-usable"
	WebhookNoKey   Result = "webhook-no-key"
	WebhookInvalid Result = "webhook-invalid"

	HubsUsable     Result = "hubs-usable"
	HubsSome       Result = "hubs-some" // some hubs of the enrollment are not linked
	HubsNone       Result = "hubs-none"
	HubsUnlinked   Result = "hubs-unlinked"
	HubsWeightless Result = "hubs-weightless"

	ReprovisioningUsual Result = "reprovisioning-usual"
	ReprovisioningNever Result = "reprovisioning-never"

	TwinFits  Result = "twin-fits"
	TwinLarge Result = "twin-large"

	RegistrationNone     Result = "registration-none"
	RegistrationAssigned Result = "registration-assigned"
	RegistrationPending  Result = "registration-pending"
	RegistrationFailed   Result = "registration-failed"
	RegistrationOutdated Result = "registration-outdated" // it failed, but the enrollment was changed since
	RegistrationDisabled Result = "registration-disabled"
	RegistrationHubGone  Result = "registration-hub-gone"

	// NotRead and NotCompared are for skipped checks, NotMeant for those that make no sense.
	NotRead     Result = "not-read"
	NotCompared Result = "not-compared"
	NotMeant    Result = "not-meant"
)

// has reports whether a check has one of these results.
func (f *Findings) has(results ...Result) bool {
	return slices.ContainsFunc(f.Checks, func(c Check) bool { return slices.Contains(results, c.Result) })
}

// Find returns the check of that id, or nil.
func (f *Findings) Find(id CheckID) *Check {
	if f == nil {
		return nil
	}
	for i := range f.Checks {
		if f.Checks[i].ID == id {
			return &f.Checks[i]
		}
	}
	return nil
}

// with adds a fact that has a value.
func (c Check) with(name, value string) Check {
	if value != "" {
		c.Facts = append(c.Facts, Fact{name, value})
	}
	return c
}
