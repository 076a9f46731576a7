package service

import "dpsdiag/internal/dps"

// Instance is the description of a Device Provisioning Service instance that "az iot dps
// show" prints (the resource of the management API, 2022-12-12; the newer members are of
// 2026-08-31: azure-mgmt-iothubprovisioningservices 2.0.0).
type Instance struct {
	ID            string             `json:"id,omitempty"`
	Name          string             `json:"name"`
	Type          string             `json:"type,omitempty"`
	Location      string             `json:"location,omitempty"`
	ResourceGroup string             `json:"resourcegroup,omitempty"`
	ETag          string             `json:"etag,omitempty"`
	Properties    InstanceProperties `json:"properties"`
}

// InstanceProperties are the properties of an [Instance].
type InstanceProperties struct {
	IDScope                    string       `json:"idScope"`
	DeviceProvisioningHostName string       `json:"deviceProvisioningHostName"`
	ServiceOperationsHostName  string       `json:"serviceOperationsHostName"`
	State                      string       `json:"state,omitempty"`
	ProvisioningState          string       `json:"provisioningState,omitempty"`
	AllocationPolicy           string       `json:"allocationPolicy,omitempty"`
	IoTHubs                    []LinkedHub  `json:"iotHubs"`
	AuthorizationPolicies      []AuthPolicy `json:"authorizationPolicies,omitempty"`
	// PublicNetworkAccess is "Enabled" or "Disabled"; absent means enabled.
	PublicNetworkAccess string         `json:"publicNetworkAccess,omitempty"`
	IPFilterRules       []IPFilterRule `json:"ipFilterRules,omitempty"`
	// DisableLocalAuth refuses tokens of shared access policies.
	DisableLocalAuth bool `json:"disableLocalAuth,omitempty"`
}

// LinkedHub is a hub to which an instance can assign devices.
type LinkedHub struct {
	// Name is the hub's host name.
	Name     string `json:"name"`
	Location string `json:"location,omitempty"`
	// ConnectionString has its key masked by the service, but may hold one in a file that was
	// edited.
	ConnectionString dps.Secret `json:"connectionString,omitzero"`
	// ApplyAllocationPolicy is absent if it has its default, true.
	ApplyAllocationPolicy *bool `json:"applyAllocationPolicy,omitempty"`
	// AllocationWeight is absent if it has its default, 1.
	AllocationWeight *int `json:"allocationWeight,omitempty"`
	// AuthenticationType is how the instance proves itself to the hub: absent or "KeyBased",
	// or by a managed identity.
	AuthenticationType                     string `json:"authenticationType,omitempty"`
	HostName                               string `json:"hostName,omitempty"`
	SelectedUserAssignedIdentityResourceID string `json:"selectedUserAssignedIdentityResourceId,omitempty"`
}

// AuthPolicy is a shared access policy of an instance. Rights is a list with commas, such as
// "EnrollmentRead, RegistrationStatusRead".
type AuthPolicy struct {
	KeyName      string     `json:"keyName"`
	Rights       string     `json:"rights"`
	PrimaryKey   dps.Secret `json:"primaryKey,omitzero"`
	SecondaryKey dps.Secret `json:"secondaryKey,omitzero"`
}

// IPFilterRule lets addresses in or keeps them out.
type IPFilterRule struct {
	FilterName string `json:"filterName"`
	Action     string `json:"action"`
	IPMask     string `json:"ipMask"`
	Target     string `json:"target,omitempty"`
}

// CertificateList is what "az iot dps certificate list" prints.
type CertificateList struct {
	Value []CACertificate `json:"value"`
}

// CACertificate is a CA certificate that is stored in an instance. X.509 groups refer to it
// by its name.
type CACertificate struct {
	ID         string                  `json:"id,omitempty"`
	Name       string                  `json:"name"`
	Type       string                  `json:"type,omitempty"`
	ETag       string                  `json:"etag,omitempty"`
	Properties CACertificateProperties `json:"properties"`
}

// CACertificateProperties are the properties of a [CACertificate]. The times are as the
// service prints them. Certificate, in base64, is absent in some versions.
type CACertificateProperties struct {
	Subject     string `json:"subject"`
	Thumbprint  string `json:"thumbprint"`
	IsVerified  bool   `json:"isVerified"`
	Expiry      string `json:"expiry"`
	Created     string `json:"created,omitempty"`
	Updated     string `json:"updated,omitempty"`
	Certificate string `json:"certificate,omitempty"`
}
