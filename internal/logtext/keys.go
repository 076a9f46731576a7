package logtext

// key says what the value after a name is.
type key uint8

// The names that have a value after them.
const (
	keyNone key = iota
	keyScope
	keyRegistrationID
	keyEndpoint
	keySecret
	keyCertificate
	keyCertificateKey
	keyMethod
	keyConnectionString
	keyDeviceID
	keyTrackingID
	keyErrorCode
	keyHTTPStatus
	keyConnack
	keyTLSStack
	keyMessage
	keyStatus
	keyRegistrationPath
	keyHubHost
	keyDPSHost
	keyAPIVersion
	keyCommonName
	keyServerTime
	keyHubError
	keyBareCode
	keyWebhookStatus
	keyEdgeRelease
	keyEFLOWRelease
	keyDaemonRelease
	keyErrno // from here on those of familyNames
	keyErrnoHex
	keyWindowsError
	keyWolfSSL
	keyBearSSL
	keyGnuTLS
	keyOpenSSLVerify
	keyAlert
	keyMbedTLSFlags
	keyCurl
	keyMosquitto
	keyPubSubClient
	keyArduinoMQTT
	keyPahoC
	keyCMQTT
	keyQMTOpen
	keyCCH
	keyApple
	keyQMTStat
	keyQMTConn
	keyESPMQTT
	keyNetXSecure
	keyESPTLS
	keyCME
	keyNegated
)

// names are the spellings of a key.
type names struct {
	key   key
	names []string
}

// keyTable lists the names, those of settings with the spellings of IoT Edge, of the SDKs' samples and
// of their tools. A longer name that ends in one of them matches as well.
func keyTable() []names {
	return []names{
		{keyScope, []string{"id_scope", "idscope", "id-scope", "id scope", "scope_id", "scopeid", "scope-id"}},
		{keyRegistrationID, []string{"registration_id", "registrationid", "registration-id", "registration id", "reg_id"}},
		{keyEndpoint, []string{
			"global_endpoint", "globalendpoint", "provisioning_host", "provisioninghost", "provisioning-host", "global_prov_uri", "dps_endpoint", "dps_host",
			"globaldeviceendpoint", "provisioning_service_endpoint", "global endpoint",
		}},
		{keySecret, []string{
			"symmetric_key", "symmetrickey", "symmkey", "symmetric-key", "primary_key", "primarykey", "primary-key", "device_key", "devicekey", "sharedaccesskey",
			"secondary_key", "secondarykey",
		}},
		{keyCertificate, []string{"identity_cert", "identitycertpath", "x509_cert_file", "certificate_file", "cert_file", "certificate-file-path", "identity_certificate", "x509_cert_path"}},
		{keyCertificateKey, []string{"identity_pk", "x509_key_file", "key_file", "key-file-path", "private_key_file", "x509_key_path"}},
		{keyMethod, []string{"method", "attestation type", "attestationtype", "provisioningtype", "attestation-type", "attestation_method"}},
		{keyConnectionString, []string{"device_connection_string", "connectionstring", "connection_string"}},
		{keyDeviceID, []string{"device_id", "deviceid", "device-id", "device id"}},
		{keyTrackingID, []string{"trackingid", "tracking id", "tracking_id", "tracking-id", "track id", "correlation identifier"}},
		{keyErrorCode, []string{"errorcode", "error code", "error_code", "error-code", "with error", "extended code", "service error", "code"}},
		{keyHTTPStatus, []string{
			"http status code", "status code", "statuscode", "status_code", "http/1.1", "http/1.0", "http/2", "http status", "http error", "http response", "returned status",
			"responded with", "response code", "server returned", "http code", "http", "server reply code is", "reply code", "status code is", "response status", "response status code",
		}},
		{keyWebhookStatus, []string{"custom allocation failed with status code"}},
		{keyConnack, []string{"connack", "return code", "returncode", "return_code", "reason code", "reasoncode", "connect_return_code", "rc", "result code", "mqttexception"}},
		{keyTLSStack, []string{
			"esp_tls_stack_err", "mbedtls_ssl_handshake returned", "last mbedtls failure", "mbedtls error", "tls_stack_err", "lmbedtlserror", "reported from tls stack", "mbedtls_ssl_handshake failed", "mbedtls_ssl_setup returned",
			"mbedtls_x509_crt_parse returned", "mbedtls_x509_crt_parse failed", "mbedtls_pk_parse_key returned", "mbedtls_ssl_read returned", "mbedtls_ssl_write returned", "mbedtls_net_connect returned", "mbedtls_ssl_conf_own_cert returned",
			"mbedtls error code", "mbedtls err", "mbedtls_err", "tls handshake error", "ssl handshake error", "returned -", "last tls stack error number", "last tls error",
		}},
		{keyMessage, []string{`"message":`, "errormessage", "error message", "msg", "message"}},
		{keyStatus, []string{`"status":`, "provisioning status", "registration status", "registration state", "status"}},
		{keyRegistrationPath, []string{"/registrations/", "%2fregistrations%2f"}},
		{keyHubHost, []string{".azure-devices.net", ".azure-devices.cn", ".azure-devices.us"}},
		{keyDPSHost, []string{".azure-devices-provisioning.net", ".azure-devices-provisioning.cn", ".azure-devices-provisioning.us"}},
		{keyAPIVersion, []string{"api-version"}},
		{keyCommonName, []string{"cn=", "cn =", "common name", "commonname"}},
		{keyServerTime, []string{"timestamputc", "- date:", "error timestamp"}},
		{keyEdgeRelease, []string{
			"azureiotedge-agent:1", "azureiotedge-hub:1", "azureiotedge-diagnostics:1", "aziot-edge 1", "aziot-edge=1", "aziot-edged 1", "aziot-identity-service 1",
			"aziot-identity-service=1", "iotedge 1", "iotedged 1",
		}},
		{keyEFLOWRelease, []string{"eflow 1"}},
		{keyDaemonRelease, []string{"version - 1"}},
		{keyHubError, []string{"errorcode:iothub", `"message":"errorcode:`, `message":"errorcode:`}},
	}
}
