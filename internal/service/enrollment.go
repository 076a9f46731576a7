package service

import (
	"encoding/json"

	"dpsdiag/internal/dps"
)

// IndividualEnrollment is the record of one device.
type IndividualEnrollment struct {
	RegistrationID    string                   `json:"registrationId"`
	DeviceID          string                   `json:"deviceId,omitempty"`
	RegistrationState *DeviceRegistrationState `json:"registrationState,omitempty"`
	// OptionalDeviceInformation is an object of the operator's own members.
	OptionalDeviceInformation json.RawMessage `json:"optionalDeviceInformation,omitempty"`
	Settings
}

// EnrollmentGroup is the record of all devices that prove themselves with a key derived from
// one key, or with a certificate below one CA.
type EnrollmentGroup struct {
	EnrollmentGroupID string `json:"enrollmentGroupId"`
	Settings
}

// Settings are the members that an individual enrollment and a group share.
type Settings struct {
	Attestation                AttestationMechanism        `json:"attestation"`
	Capabilities               *DeviceCapabilities         `json:"capabilities,omitempty"`
	IoTHubHostName             string                      `json:"iotHubHostName,omitempty"`
	InitialTwin                *InitialTwin                `json:"initialTwin,omitempty"`
	ETag                       string                      `json:"etag,omitempty"`
	ProvisioningStatus         ProvisioningStatus          `json:"provisioningStatus,omitempty"`
	ReprovisionPolicy          *ReprovisionPolicy          `json:"reprovisionPolicy,omitempty"`
	Created                    string                      `json:"createdDateTimeUtc,omitempty"`
	LastUpdated                string                      `json:"lastUpdatedDateTimeUtc,omitempty"`
	AllocationPolicy           AllocationPolicy            `json:"allocationPolicy,omitempty"`
	IoTHubs                    []string                    `json:"iotHubs,omitempty"`
	CustomAllocationDefinition *CustomAllocationDefinition `json:"customAllocationDefinition,omitempty"`
	// CredentialPolicyName is the policy of certificates issued at registration
	// (2025-07-01-preview). CertificatePolicyResourceID, the full resource id of the policy,
	// replaced it (2026-07-01-preview).
	CredentialPolicyName        string `json:"credentialPolicyName,omitempty"`
	CertificatePolicyResourceID string `json:"certificatePolicyResourceId,omitempty"`
}

// Enabled reports whether devices may register. That is the default.
func (s Settings) Enabled() bool { return s.ProvisioningStatus != ProvisioningDisabled }

// ProvisioningStatus says whether devices may register.
type ProvisioningStatus string

// The states of an enrollment; absent means enabled.
const (
	ProvisioningEnabled  ProvisioningStatus = "enabled"
	ProvisioningDisabled ProvisioningStatus = "disabled"
)

// AllocationPolicy is how a hub is chosen for a device.
type AllocationPolicy string

// The allocation policies; absent means the policy of the instance.
const (
	AllocationHashed     AllocationPolicy = "hashed"
	AllocationGeoLatency AllocationPolicy = "geoLatency"
	AllocationStatic     AllocationPolicy = "static"
	AllocationCustom     AllocationPolicy = "custom"
)

// DeviceCapabilities says what kind of device an enrollment is for.
type DeviceCapabilities struct {
	IoTEdge bool `json:"iotEdge"`
}

// InitialTwin is what the hub's twin of a device begins with. Both collections are objects
// of the operator's own members.
type InitialTwin struct {
	Tags       json.RawMessage        `json:"tags,omitempty"`
	Properties *InitialTwinProperties `json:"properties,omitempty"`
}

// InitialTwinProperties are the properties of an [InitialTwin].
type InitialTwinProperties struct {
	Desired json.RawMessage `json:"desired,omitempty"`
}

// ReprovisionPolicy is what happens when a device registers again. Both members are true
// unless the record says otherwise.
type ReprovisionPolicy struct {
	UpdateHubAssignment bool `json:"updateHubAssignment"`
	MigrateDeviceData   bool `json:"migrateDeviceData"`
}

// UnmarshalJSON implements json.Unmarshaler with the defaults of the API.
func (p *ReprovisionPolicy) UnmarshalJSON(b []byte) error {
	type plain ReprovisionPolicy
	policy := plain{UpdateHubAssignment: true, MigrateDeviceData: true}
	if err := json.Unmarshal(b, &policy); err != nil {
		return err
	}
	*p = ReprovisionPolicy(policy)
	return nil
}

// CustomAllocationDefinition is the webhook that chooses the hub.
type CustomAllocationDefinition struct {
	// WebhookURL is a secret, since the URL of an Azure Function contains its key.
	WebhookURL dps.Secret `json:"webhookUrl"`
	APIVersion string     `json:"apiVersion"`
}

// DeviceRegistrationState is the last outcome of a device's registrations. It stays after a
// failure, with the failure's code and message.
type DeviceRegistrationState struct {
	RegistrationID string          `json:"registrationId,omitempty"`
	Created        string          `json:"createdDateTimeUtc,omitempty"`
	AssignedHub    string          `json:"assignedHub,omitempty"`
	DeviceID       string          `json:"deviceId,omitempty"`
	Status         dps.Status      `json:"status,omitempty"`
	Substatus      string          `json:"substatus,omitempty"`
	ErrorCode      int             `json:"errorCode,omitempty"`
	ErrorMessage   string          `json:"errorMessage,omitempty"`
	LastUpdated    string          `json:"lastUpdatedDateTimeUtc,omitempty"`
	ETag           string          `json:"etag,omitempty"`
	Payload        json.RawMessage `json:"payload,omitempty"`
}

// StateOf returns the service's view of a registration, which has no member for a device's
// credential.
func StateOf(r dps.Registration) DeviceRegistrationState {
	return DeviceRegistrationState{
		RegistrationID: r.RegistrationID,
		Created:        r.Created,
		AssignedHub:    r.AssignedHub,
		DeviceID:       r.DeviceID,
		Status:         r.Status,
		Substatus:      r.Substatus,
		ErrorCode:      r.ErrorCode,
		ErrorMessage:   r.ErrorMessage,
		LastUpdated:    r.LastUpdated,
		ETag:           r.ETag,
		Payload:        r.Payload,
	}
}
