package codes_test

import (
	"testing"

	"dpsdiag/internal/codes"
)

// TestUnifiedSDKsAndCLI: every result of the unified SDK for C, every fixed text that it, the one for
// .NET, the azure-iot extension of the Azure CLI and the update calls have, is explained by its entry.
func TestUnifiedSDKsAndCLI(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		// Azure/azure-iot-sdk c/src/core/result.c
		"AZ_IOT_ERR_INVALID_ARG":                    "unified-invalid-arg",
		"AZ_IOT_ERR_OUT_OF_MEMORY":                  "unified-out-of-memory",
		"AZ_IOT_ERR_NOT_INITIALIZED":                "unified-not-initialized",
		"AZ_IOT_ERR_ALREADY_INITIALIZED":            "unified-already-initialized",
		"AZ_IOT_ERR_NOT_CONNECTED":                  "unified-not-connected",
		"AZ_IOT_ERR_TIMEOUT":                        "unified-timeout",
		"AZ_IOT_ERR_TLS":                            "unified-tls",
		"AZ_IOT_ERR_AUTH":                           "unified-auth",
		"AZ_IOT_ERR_PROTOCOL":                       "unified-protocol",
		"AZ_IOT_ERR_MQTT":                           "unified-mqtt",
		"AZ_IOT_ERR_DPS":                            "unified-dps",
		"AZ_IOT_ERR_NOT_SUPPORTED":                  "unified-not-supported",
		"AZ_IOT_ERR_BUSY":                           "unified-busy",
		"AZ_IOT_ERR_NOT_ENOUGH_SPACE":               "unified-not-enough-space",
		"AZ_IOT_ERR_DETACHED":                       "unified-detached",
		"AZ_IOT_ERR_INTERNAL":                       "unified-internal",
		"AZ_IOT_ERR_NOT_FOUND":                      "unified-not-found",
		"AZ_IOT_ERR_IDENTITY_REJECTED":              "unified-identity-rejected",
		"AZ_IOT_ERR_CONNECTION_PROFILE_UNSUPPORTED": "unified-connection-profile-unsupported",
		"AZ_IOT_ERR_SUBSCRIPTION_REFUSED":           "unified-subscription-refused",
		"AZ_IOT_ERR_CREDENTIAL_INCOMPLETE":          "unified-credential-incomplete",
		"AZ_IOT_ERR_CONNECTION_PROFILE_MISMATCH":    "unified-connection-profile-mismatch",
		"AZ_IOT_ERR_PUBLISH_REFUSED":                "unified-publish-refused",
		"AZ_IOT_ERR_UNKNOWN":                        "unified-unknown",
		// Azure/azure-iot-sdk c/docs/logging.md, c/src/core/connection_client.c
		"dps: connecting with username":                                      "unified-connecting",
		"dps: no certificate provider and no SAS key; refusing to connect":   "unified-no-credential",
		"dps_start: dps.id_scope is required for DPS provisioning":           "unified-no-id-scope",
		"dps_start: dps.registration_id is required for DPS provisioning":    "unified-no-registration-id",
		"dps: certificate provider load() failed for the bootstrap identity": "unified-bootstrap-load",
		"dps: no bootstrap certificate; using SAS":                           "unified-using-sas",
		"dps: the provisioning session ended with an error":                  "unified-session-ended",
		"dps: the service asked for a":                                       "unified-retry-after",
		"dps: assigned an unsupported connectionProfile":                     "unified-connection-profile-unsupported",
		// Azure/azure-iot-sdk dotnet
		"registration status was 'Disabled'":                                          "unified-net-disabled",
		"The server refused the connection with reason 'NotAuthorized'.":              "unified-net-refused",
		"Timed out waiting for DPS to send a response to the polling request":         "unified-net-no-answer",
		"Device Provisioning Service asked for a Retry-After of":                      "unified-net-retry-after",
		"The server closed the connection with reason 'SessionTakenOver'.":            "unified-net-taken-over",
		"A network-level error was encountered while connecting.":                     "unified-net-network",
		"Provisioning flow was abandoned because the connection to DPS ended.":        "unified-net-abandoned",
		"Re-provisioning this device because the connection demanded it.":             "unified-net-reprovision",
		"DPS did not grant QoS 1 for the mandatory response-topic subscription":       "unified-net-suback",
		"The server refused the connection with reason 'ServerUnavailable'.":          "unified-net-refused-unavailable",
		"The server refused the connection with reason 'UnsupportedProtocolVersion'.": "unified-net-refused-version",
		// Azure/azure-iot-cli-extension azext_iot/dps/services
		"DPS registration timed out. Operation ID is unknown:":       "az-dps-timeout-unknown",
		"DPS registration timed out. Accepted operation ID:":         "az-dps-timeout-accepted",
		"CSR Common Name must match --registration-id.":              "az-csr-cn",
		"CSR signature is invalid.":                                  "az-csr-signature",
		"--csr must contain one PEM or base64 DER PKCS #10 request.": "az-csr-form",
		"DPS ARM discovery or shared-access-policy lookup failed.":   "az-dps-discovery",
		// Azure/azure-rest-api-specs device/models.tsp
		"UPDATE_ACCOUNT_NOT_LINKED": "dps-update-not-linked",
		"UNKNOWN_WORKFLOW_ID":       "dps-update-unknown-workflow",
		"UNSUPPORTED_API_VERSION":   "dps-unsupported-api-version",
	} {
		found := codes.Lookup(text)
		if len(found) == 0 {
			t.Errorf("%s: no entry", text)
			continue
		}
		if got := found[0].ID; got != want {
			t.Errorf("%s: entry %s, want %s", text, got, want)
		}
	}
}
