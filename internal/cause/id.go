package cause

import "fmt"

// ID identifies one cause. The zero value, [None], is no cause. As text, in JSON and on the command
// line, an id is kebab-case: see [ID.String] and [Parse].
type ID int

// The causes. Their order has no meaning.
const (
	None                           ID = iota
	WrongIDScope                      // wrong-id-scope
	WrongGlobalEndpoint               // wrong-global-endpoint
	ClientConfigMissing               // client-config-missing
	EnrollmentNotFound                // enrollment-not-found
	EnrollmentDisabled                // enrollment-disabled
	RegistrationIDInvalid             // registration-id-invalid
	SymmetricKeyMismatch              // symmetric-key-mismatch
	GroupKeyNotDerived                // group-key-not-derived
	DerivedKeyIncorrect               // derived-key-incorrect
	SASTokenMalformed                 // sas-token-malformed
	SASTokenExpired                   // sas-token-expired
	DeviceClockWrong                  // device-clock-wrong
	CertNotTrustedByEnrollment        // cert-not-trusted-by-enrollment
	CertChainIncomplete               // cert-chain-incomplete
	CANotVerified                     // ca-not-verified
	PopCertificateWrongIssuer         // pop-certificate-wrong-issuer
	CertCNRegistrationIDMismatch      // cert-cn-registration-id-mismatch
	CertExpired                       // cert-expired
	CertWrongRoleOrExtensions         // cert-wrong-role-or-extensions
	CertEnrollmentMismatch            // cert-enrollment-mismatch
	ClientCertNotPresented            // client-cert-not-presented
	DeviceKeyMaterialUnreadable       // device-key-material-unreadable
	EnrollmentCertUploadInvalid       // enrollment-cert-upload-invalid
	ServerRootCAMissing               // server-root-ca-missing
	TLSVersionOrCipherUnsupported     // tls-version-or-cipher-unsupported
	DNSFailure                        // dns-failure
	PortBlocked                       // port-blocked
	NetworkUnreachable                // network-unreachable
	ProxyNotConfigured                // proxy-not-configured
	ProxyInterference                 // proxy-interference
	PublicNetworkAccessDisabled       // public-network-access-disabled
	TPMEKMismatch                     // tpm-ek-mismatch
	TPMNotAvailable                   // tpm-not-available
	TPMAccessDenied                   // tpm-access-denied
	TPMChallengeUnanswered            // tpm-challenge-unanswered
	Throttled                         // throttled
	QuotaExceeded                     // quota-exceeded
	HubLinkBroken                     // hub-link-broken
	NoHubAvailable                    // no-hub-available
	CustomAllocationFailed            // custom-allocation-failed
	CustomAllocationUnauthorized      // custom-allocation-unauthorized
	CustomAllocationRejected          // custom-allocation-rejected
	PayloadInvalid                    // payload-invalid
	APIVersionUnsupported             // api-version-unsupported
	ManagementRequestInvalid          // management-request-invalid
	ServiceCredentialsInsufficient    // service-credentials-insufficient
	IoTCentralDeviceNotReady          // iot-central-device-not-ready
	StaleAssignment                   // stale-assignment
	ClientDefect                      // client-defect
	ServiceTransient                  // service-transient
	ConcurrentRegistration            // concurrent-registration
	AttestationMismatch               // attestation-mismatch
	CertKeyPairMismatch               // cert-key-pair-mismatch
	HubIdentityUnusable               // hub-identity-unusable
	TransportProtocolWrong            // transport-protocol-wrong
	ClientConfigInvalid               // client-config-invalid
	ClientVersionUnsupported          // client-version-unsupported
	ClientLimitExceeded               // client-limit-exceeded
	LocalServiceDenied                // local-service-denied
	DeviceCertificateNotIssued        // device-certificate-not-issued
	CertificateNotIssued              // certificate-not-issued
	CSRRejected                       // csr-rejected
	IssuedCertificateUnusable         // issued-certificate-unusable
	HubProtocolUnsupported            // hub-protocol-unsupported
	RegistryLinkBroken                // registry-link-broken
	HubNotAllowedByDevice             // hub-not-allowed-by-device
	DeploymentMissing                 // deployment-missing
	ConnectionTakenOver               // connection-taken-over
	PopCodeOutdated                   // pop-code-outdated
	count                             // the number of causes, None included
)

var names = [count]string{ //nolint:gosec // names of causes, no credentials
	WrongIDScope:                   "wrong-id-scope",
	WrongGlobalEndpoint:            "wrong-global-endpoint",
	ClientConfigMissing:            "client-config-missing",
	EnrollmentNotFound:             "enrollment-not-found",
	EnrollmentDisabled:             "enrollment-disabled",
	RegistrationIDInvalid:          "registration-id-invalid",
	SymmetricKeyMismatch:           "symmetric-key-mismatch",
	GroupKeyNotDerived:             "group-key-not-derived",
	DerivedKeyIncorrect:            "derived-key-incorrect",
	SASTokenMalformed:              "sas-token-malformed",
	SASTokenExpired:                "sas-token-expired",
	DeviceClockWrong:               "device-clock-wrong",
	CertNotTrustedByEnrollment:     "cert-not-trusted-by-enrollment",
	CertChainIncomplete:            "cert-chain-incomplete",
	CANotVerified:                  "ca-not-verified",
	PopCertificateWrongIssuer:      "pop-certificate-wrong-issuer",
	CertCNRegistrationIDMismatch:   "cert-cn-registration-id-mismatch",
	CertExpired:                    "cert-expired",
	CertWrongRoleOrExtensions:      "cert-wrong-role-or-extensions",
	CertEnrollmentMismatch:         "cert-enrollment-mismatch",
	ClientCertNotPresented:         "client-cert-not-presented",
	DeviceKeyMaterialUnreadable:    "device-key-material-unreadable",
	EnrollmentCertUploadInvalid:    "enrollment-cert-upload-invalid",
	ServerRootCAMissing:            "server-root-ca-missing",
	TLSVersionOrCipherUnsupported:  "tls-version-or-cipher-unsupported",
	DNSFailure:                     "dns-failure",
	PortBlocked:                    "port-blocked",
	NetworkUnreachable:             "network-unreachable",
	ProxyNotConfigured:             "proxy-not-configured",
	ProxyInterference:              "proxy-interference",
	PublicNetworkAccessDisabled:    "public-network-access-disabled",
	TPMEKMismatch:                  "tpm-ek-mismatch",
	TPMNotAvailable:                "tpm-not-available",
	TPMAccessDenied:                "tpm-access-denied",
	TPMChallengeUnanswered:         "tpm-challenge-unanswered",
	Throttled:                      "throttled",
	QuotaExceeded:                  "quota-exceeded",
	HubLinkBroken:                  "hub-link-broken",
	NoHubAvailable:                 "no-hub-available",
	CustomAllocationFailed:         "custom-allocation-failed",
	CustomAllocationUnauthorized:   "custom-allocation-unauthorized",
	CustomAllocationRejected:       "custom-allocation-rejected",
	PayloadInvalid:                 "payload-invalid",
	APIVersionUnsupported:          "api-version-unsupported",
	ManagementRequestInvalid:       "management-request-invalid",
	ServiceCredentialsInsufficient: "service-credentials-insufficient",
	IoTCentralDeviceNotReady:       "iot-central-device-not-ready",
	StaleAssignment:                "stale-assignment",
	ClientDefect:                   "client-defect",
	ServiceTransient:               "service-transient",
	ConcurrentRegistration:         "concurrent-registration",
	AttestationMismatch:            "attestation-mismatch",
	CertKeyPairMismatch:            "cert-key-pair-mismatch",
	HubIdentityUnusable:            "hub-identity-unusable",
	TransportProtocolWrong:         "transport-protocol-wrong",
	ClientConfigInvalid:            "client-config-invalid",
	ClientVersionUnsupported:       "client-version-unsupported",
	ClientLimitExceeded:            "client-limit-exceeded",
	LocalServiceDenied:             "local-service-denied",
	DeviceCertificateNotIssued:     "device-certificate-not-issued",
	CertificateNotIssued:           "certificate-not-issued",
	CSRRejected:                    "csr-rejected",
	IssuedCertificateUnusable:      "issued-certificate-unusable",
	HubProtocolUnsupported:         "hub-protocol-unsupported",
	RegistryLinkBroken:             "registry-link-broken",
	HubNotAllowedByDevice:          "hub-not-allowed-by-device",
	DeploymentMissing:              "deployment-missing",
	ConnectionTakenOver:            "connection-taken-over",
	PopCodeOutdated:                "pop-code-outdated",
}

// String returns the id as reports and users write it, "" for [None].
func (id ID) String() string {
	if id < 0 || id >= count {
		return fmt.Sprintf("cause(%d)", int(id))
	}
	return names[id]
}

// Parse returns the id with that name. It is false for an unknown name.
func Parse(name string) (ID, bool) {
	if name == "" {
		return None, false
	}
	for id, known := range names {
		if known == name {
			return ID(id), true
		}
	}
	return None, false
}

// MarshalText returns the name of the id.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads a name; an empty text is [None]. An unknown name is an error.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = None
		return nil
	}
	found, ok := Parse(string(text))
	if !ok {
		return fmt.Errorf("no cause is called %q", text)
	}
	*id = found
	return nil
}

// All returns every id.
func All() []ID {
	all := make([]ID, 0, count-1)
	for id := None + 1; id < count; id++ {
		all = append(all, id)
	}
	return all
}

// Within returns the wider cause that id narrows, [None] if it narrows none.
func (id ID) Within() ID {
	switch id {
	case ClientConfigInvalid:
		return ClientConfigMissing
	case ClientVersionUnsupported:
		return ClientDefect
	case ClientLimitExceeded:
		return ClientDefect
	case LocalServiceDenied:
		return DeviceKeyMaterialUnreadable
	case DeviceCertificateNotIssued:
		return DeviceKeyMaterialUnreadable
	case CSRRejected:
		return PayloadInvalid
	case IssuedCertificateUnusable:
		return HubIdentityUnusable
	case HubProtocolUnsupported:
		return TransportProtocolWrong
	case RegistryLinkBroken:
		return HubLinkBroken
	case HubNotAllowedByDevice:
		return NetworkUnreachable
	case ConnectionTakenOver:
		return HubIdentityUnusable
	case PopCodeOutdated:
		return PopCertificateWrongIssuer
	}
	return None
}

// Fits reports whether id is one of the accepted causes or narrows one of them.
func (id ID) Fits(accepted ...ID) bool {
	for _, a := range accepted {
		if id == a || id.Within() == a && a != None {
			return true
		}
	}
	return false
}
