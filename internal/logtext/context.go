package logtext

import "slices"

// words are phrases for the same fact. Those of an anchor occur only in logs of a device, of the
// service or of their tools.
type words struct {
	kind    Kind
	value   string
	anchor  bool
	phrases []string
}

// contextTable lists every phrase for a circumstance.
func contextTable() []words {
	return slices.Concat(attestationWords(), transportWords(), clientWords(), eventWords(), outcomeWords(), signWords(), anchorWords())
}

// attestationWords say how the device attests. The names are those of the SDKs' classes, files and
// settings (azure-iot-sdk-c provisioning_client, azure-iot-sdk-csharp security, azure-iot-sdk-java
// provisioning, Azure/iotedge edgelet, and their samples).
func attestationWords() []words {
	return []words{
		{KindAttestation, "symmetric-key", true, []string{
			"SymmetricKeyRegistration", "SymmetricKeySecurityClient", "SecurityProviderSymmetricKey", "SecurityClientSymmetricKey",
			"create_from_symmetric_key", "DpsSymmetricKey", "AuthenticationProviderSymmetricKey", "via symmetric key",
			"using symmetric key", "symmetric key provisioning", "symmetric key attestation", "symmetric key based registration",
			"prov_dev_set_symmetric_key_info", "SECURE_DEVICE_TYPE_SYMMETRIC_KEY", "hsm_client_key", "hsm_type_symm_key",
			"Client generated SAS Key", "skn=registration", "compute-device-key", "register_symkey", "register_symmetric",
			"symmetric_key_sample", "SymmetricKeySample", "symmetric_key = {", "method = \"symmetric_key\"", "method: \"symmetric_key\"",
			"SharedAccessKeySample", "PROVISIONING_SYMMETRIC_KEY", "symmetric_key=", "azure-iot-security-symmetric-key", "provision_symmetric_key", "provision_symmetric_key_group",
			"dps: no bootstrap certificate; using SAS", "nx_azure_iot_provisioning_client_symmetric_key_set", "derived_symm_key", "derive_device_key", "symmetric key enrollment",
		}},
		{KindAttestation, "x509", true, []string{
			"X509Registration", "X509SecurityClient", "SecurityProviderX509", "SecurityProviderX509Certificate", "SecurityProviderX509Cert",
			"create_from_x509_certificate", "DpsX509", "AuthenticationProviderX509", "via X509", "via x.509", "X509 provisioning",
			"X.509 provisioning", "X509 certificate based registration", "X509 based registration", "X.509 based registration", "using x509 certificates", "register_x509", "X509Sample",
			"x509_sample", "configuring SSL context with client-side certificate and key", "method = \"x509\"", "method: \"x509\"",
			"identity_cert =", "identity_pk =", "identity_cert:", "identity_pk:", "X509_CERT_FILE", "X509_KEY_FILE", "hsm_client_x509",
			"hsm_client_riot", "SECURE_DEVICE_TYPE_X509", "hsm_type_x509", "device identity certificate", "device ID certificate",
			"AZ_IOT_DEVICE_X509", "nx_azure_iot_provisioning_client_device_cert_set", "X509 certificate authentication",
			"azure-iot-security-x509", "x509 attestation", "X.509 attestation", "x509 enrollment", "Found certificate:", "Using certificate",
			"azure_iot_hub_dps", "client certificate authentication", "device_id_cert", "ssl_client_certificate",
			"CERTIFICATE_FILE=", "provision_x509", "provision_x509_chain",
		}},
		{KindAttestation, "tpm", true, []string{
			"TpmRegistration", "TpmSecurityClient", "SecurityProviderTpm", "SecurityProviderTpmHsm", "SecurityProviderTPMHsm",
			"SecurityProviderTPMEmulator", "DpsTpm", "via TPM", "TPM based registration", "TPM provisioning", "TPM attestation", "endorsement key", "endorsementKey",
			"storage root key", "storageRootKey", "hsm_client_tpm", "hsm_client_tpm_device", "tpm_codec", "tpm_comm", "prov_sasl_tpm",
			"aziot-tpmd", "SECURE_DEVICE_TYPE_TPM", "hsm_type_sastoken", "method = \"tpm\"", "method: \"tpm\"", "/dev/tpm0", "/dev/tpmrm0",
			"azure-iot-security-tpm", "using tpm", "tpm_device_provision", "tpm simulator", "simulated TPM", "TPM emulator",
		}},
	}
}

// transportWords say over which protocol the device registers.
func transportWords() []words {
	return []words{
		{KindTransport, "mqtt-ws", false, []string{
			"mqtt_ws", "MqttWs", "mqtt over websocket", "mqtt over websockets", "Mqtt_WebSocket_Only", "port 443 (websockets)",
			"prov_transport_mqtt_ws_client", "ProvisioningTransportHandlerMqtt(WebSocketOnly)",
		}},
		{KindTransport, "amqp-ws", false, []string{
			"amqp_ws", "AmqpWs", "amqps_ws", "amqp over websocket", "amqp over websockets", "Amqp_WebSocket_Only", "prov_transport_amqp_ws_client",
		}},
		{KindTransport, "mqtt", false, []string{
			"AZ_IOT_CONN_STATE_CONNECTING", "MQTT transport exception", "ContractAPIMqtt", "ProvisioningTransportHandlerMqtt", "prov_transport_mqtt_common",
			"prov_transport_mqtt_client", "azure-iot-provisioning-device-mqtt", "Mqtt_Tcp_Only", "CONNACK", "port 8883", ":8883", "mqtts://",
			"Unable to connect to mqtt service", "MqttException", "MQTT_CLIENT", "MQTT CONNECT", "$dps/registrations",
			"azure/iot/device/common/mqtt_transport", "azure.iot.device.common.mqtt_transport", "umqtt", "MQTTClient", "PROTOCOL_MQTT",
		}},
		{KindTransport, "amqp", false, []string{
			"AMQP transport exception", "ContractAPIAmqp", "ProvisioningTransportHandlerAmqp", "prov_transport_amqp_common",
			"prov_transport_amqp_client", "azure-iot-provisioning-device-amqp", "Amqp_Tcp_Only", "port 5671", ":5671", "amqps://",
			"AmqpException", "azure-iot-amqp-base", "_amqpBase",
		}},
		{KindTransport, "https", false, []string{
			"HTTP transport exception", "ContractAPIHttp", "ProvisioningTransportHandlerHttp", "prov_transport_http_client",
			"azure-iot-provisioning-device-http", "Http connection failed to connect", "HTTP request failed: [", "aziot-identityd", "iotedged",
			"RestError: Error executing PUT", "register?api-version=",
		}},
	}
}

// clientWords say which software wrote the text, the more specific before the more general.
func clientWords() []words {
	return []words{
		{KindClient, ClientIdentityService, true, []string{
			"aziot-identityd", "aziot-edged", "aziot-keyd", "aziot-certd", "aziot-tpmd", "aziotctl", "aziot-identity-service", "/etc/aziot",
			"iotedge config apply", "iotedge system logs",
		}},
		{KindClient, ClientEdge11, true, []string{"iotedged", "edgelet", "edgelet_utils", "azure-iot-hsm-c", "/etc/iotedge/config.yaml", "iotedge check"}},
		{KindClient, ClientEFLOW, true, []string{"EflowVm", "EFLOW", "Provision-EflowVm", "Deploy-Eflow", "iotedge-eflow"}},
		{KindClient, ClientC, true, []string{
			"azure-iot-sdk-c", "prov_device_ll_client", "prov_device_client", "Prov_Device_Create", "Prov_Device_LL_Create", "Prov_Device_Register_Device",
			"PROV_DEVICE_RESULT", "prov_transport_mqtt_common.c", "prov_transport_http_client.c", "prov_auth_client.c", "c-utility", "iothub_client_core",
		}},
		{KindClient, ClientEmbeddedC, true, []string{"AZ_IOT_", "az_iot_provisioning", "azure-sdk-for-c", "az_result return code", "MQTTClient return code"}},
		{KindClient, ClientFreeRTOS, true, []string{"AzureIoTProvisioning", "AzureIoTDemo", "AzureIoTMiddleware", "eAzureIoT", "iot-middleware-freertos"}},
		{KindClient, ClientNetX, true, []string{"nx_azure_iot", "NX_AZURE_IOT", "azure_iot_nx_client", "IoTProvisioning client"}},
		{KindClient, ClientZephyr, true, []string{"azure_iot_hub_dps", "azure_iot_hub", "mqtt_helper", "mqtt_azure"}},
		{KindClient, ClientESP, false, []string{"esp-tls", "esp_tls", "esp-azure", "esp_transport", "MQTT_CLIENT:", "esp-x509-crt-bundle", "ESP32", "ESP8266"}},
		{KindClient, ClientSphere, true, []string{"AZURE_SPHERE_PROV_RESULT", "AzureSphereDeviceAuthProvisioning", "Azure Sphere", "azsphere"}},
		{KindClient, ClientNode, true, []string{
			"azure-iot-provisioning-device", "azure-iot-device", "azure-iot-common", "ProvisioningDeviceClient.create", "azure-iot-security",
		}},
		{KindClient, ClientPython, true, []string{"azure.iot.device", "azure/iot/device", "azure-iot-device/azure", "ProvisioningDeviceClient.create_from"}},
		{KindClient, ClientJava, true, []string{
			"com.microsoft.azure.sdk.iot", "c.m.a.s.i", "ProvisioningDeviceClientException", "ProvisioningDeviceHubException", "sdk.iot.provisioning",
		}},
		{KindClient, ClientDotNet, true, []string{
			"Microsoft.Azure.Devices", "ProvisioningTransportException", "ProvisioningDeviceClient.RegisterAsync", "ProvisioningTransportHandler",
		}},
		{KindClient, ClientUnifiedC, true, []string{
			"AZ_IOT_CONN_STATE_SETTING_UP", "AZ_IOT_CONN_STATE_CONNECTING", "AZ_IOT_CONN_STATE_CONNECTED", "AZ_IOT_CONN_STATE_RETRY_PENDING",
			"AZ_IOT_CONN_STATE_FAULTED", "AZ_IOT_CONN_STATE_IDLE", "route=dps endpoint=", "route=hub host=", "dps: connecting with username",
		}},
		{KindClient, ClientUnifiedDotNet, true, []string{"Microsoft.Azure.Iot.Device", "ConnectionClient's current endpoint is now", "current endpoint is now DPS"}},
		{KindClient, ClientCLI, true, []string{"az iot dps", "az iot device registration", "azext_iot", "azure-cli-iot"}},
		{KindClient, ClientMosquitto, false, []string{"mosquitto_pub", "mosquitto_sub", "mosquitto"}},
	}
}

// The clients that a text can come from.
const (
	ClientIdentityService = "identity-service" // IoT Edge 1.2 and later
	ClientEdge11          = "edge-1.1"         // IoT Edge 1.0 and 1.1
	ClientEFLOW           = "eflow"
	ClientC               = "c"
	ClientEmbeddedC       = "embedded-c"
	ClientFreeRTOS        = "freertos"
	ClientNetX            = "netx"
	ClientZephyr          = "zephyr"
	ClientESP             = "esp"
	ClientSphere          = "sphere"
	ClientNode            = "node"
	ClientPython          = "python"
	ClientJava            = "java"
	ClientDotNet          = "dotnet"
	ClientUnifiedC        = "unified-c" // Azure/azure-iot-sdk, c
	ClientUnifiedDotNet   = "unified-dotnet"
	ClientCLI             = "azure-cli"
	ClientMosquitto       = "mosquitto"
)

// The steps of a registration.
const (
	EventBegun     = "begun"
	EventConnected = "connected"
	EventAssigning = "assigning"
	EventAssigned  = "assigned"
	EventSucceeded = "succeeded"
	EventResent    = "resent" // the TPM's second request, with the activated key
)

// eventWords say how far the registration got.
func eventWords() []words {
	return []words{
		{KindEvent, EventBegun, true, []string{
			"Sending DPS registration request", "Starting DPS registration with", "Starting provisioning edge device via", "Provisioning starting. Reason",
			"Registration PUT, scope_id", "ProvisioningClient RegisterAsync", "Opening the connection to device provisioning service",
			"sending initial device registration message", "$dps/registrations/PUT", "iotdps-register", "Registering the Device", "Registering with DPS",
			"Registering device with DPS", "Prov_Device_Register_Device", "Initializing the Device Provisioning Client", "Registering with the device provisioning service",
			"getting operation id", "Provisioning API Version", "Provision-EflowVm", "Provisioning using DPS", "DPS registration started", "Starting DPS",
			"provisioning_device_client", "registrations/register", "Connecting to DPS", "Connecting to Azure Device Provisioning Service",
			"Attempting to provision device", "Registering with the DPS service", "Connected to Azure IoT Device Provisioning Service",
			// unified SDKs
			"route=dps endpoint=", "dps state=AZ_IOT_CONN_STATE_CONNECTING", "current endpoint is now DPS",
		}},
		{KindEvent, EventConnected, true, []string{
			"PROV_DEVICE_REG_STATUS_CONNECTED", "Connection to device provisioning service opened successfully", "$dps/registrations/res",
			"PROV_DEVICE_REG_STATUS_REGISTERING", "dps state=AZ_IOT_CONN_STATE_CONNECTED",
		}},
		{KindEvent, EventAssigning, true, []string{
			"PROV_DEVICE_REG_STATUS_ASSIGNING", "\"status\":\"assigning\"", "Checking DPS registration status", "DPS registration is still in progress",
			"Current provisioning status: ASSIGNING", "registration status: assigning", "status=assigning",
		}},
		{KindEvent, EventAssigned, true, []string{
			"\"status\":\"assigned\"", "DPS registration assigned device", "Assigned to IoT hub:", "Successfully provisioned with DPS",
			"Successful DPS provisioning", "PROV_DEVICE_REG_STATUS_ASSIGNED", "ProvisioningClient AssignedHub", "ProvisioningClient Status: Assigned",
			"Registration Information received from service", "device provisioning service assigned the device successfully", "registration succeeded",
			"assignedHub=", "assigned hub=", "\"assignedHub\":\"", "Assigned IoT Hub", "Device was assigned to", "has been assigned", "DPS registration complete",
			"Registration status: assigned", "status: assigned", "Device successfully provisioned", "provisioned device to hub", "registered to hub",
			"The device was assigned to hub", "The device was registered successfully", "Registration is successful", "Device registered to hub",
			"SUCCESS: DPS", "Hub connection string", "Provisioning was successful", "iothub uri:", "Iot hub hostname", "Will send telemetry from the provisioned device",
			"operational certificate issued", "current endpoint is now IoT Hub", "with the operational certificate", "issued certificate chain received",
			"Saved DPS-issued identity certificate as", "Connecting to IoT Hub using issued certificate", "Processing issued certificate", "\"issuedCertificateChain\":[",
		}},
		{KindEvent, EventSucceeded, true, []string{
			"Provisioning successful", "Provisioning complete", "Provisioning succeeded", "Finished provisioning edge device", "provisioning finished",
		}},
		{KindEvent, EventResent, true, []string{
			"Retrying with Token:", "Imported DPS authentication key into TPM", "respondToAuthenticationChallenge", "Resending with the activated key",
		}},
	}
}

// The signs that rules use.
const (
	SignHTML         = "html-page"        // a web page where an answer was expected
	SignMiddlebox    = "middlebox"        // the name of a product that inspects TLS
	SignOtherHost    = "other-host"       // the server's certificate is for another name
	SignProxy        = "proxy"            // a proxy is set or named
	SignCentral      = "iot-central"      // IoT Central is involved
	SignManagement   = "management-call"  // an operator's call, not a device's
	SignHubPolicy    = "hub-policy"       // the name of a shared access policy of a hub
	SignPrivate      = "private-network"  // private endpoints or IP filters are involved
	SignNoPrivateKey = "no-private-key"   // a certificate without its key
	SignPrivateKey   = "private-key"      // a certificate with its key
	SignTimeSync     = "time-sync"        // the device waits for the time
	SignTimeSet      = "time-set"         // the device got the time
	SignFunctionLog  = "function-log"     // the log of an Azure function
	SignChina        = "china-cloud"      // Azure operated by 21Vianet
	SignUSGov        = "usgov-cloud"      // Azure Government
	SignUnset        = "unset-value"      // a host or id that reads None, null or undefined
	SignLoad         = "many-devices"     // a load test or a fleet that starts at once
	SignGroup        = "enrollment-group" // an enrollment group is named
	SignIndividual   = "individual-enrollment"
	SignHubRecord    = "hub-record"   // a hub's record of a device, as its tools print it
	SignLinkedHub    = "linked-hub"   // the link from DPS to a hub is involved
	SignReprovision  = "reprovision"  // an earlier identity is involved
	SignStack        = "client-stack" // a stack trace inside a provisioning client
	SignRawClient    = "own-client"   // the device builds requests or tokens itself
	SignEmptyID      = "empty-registration-id"
	SignOldRoot      = "root-migration"  // names of the roots that servers moved from and to
	SignUnverified   = "unverified-ca"   // a CA certificate without proof of possession
	SignRegistry     = "device-registry" // Azure Device Registry is involved
)

// signWords are for circumstances that only single rules use.
func signWords() []words {
	return []words{
		{KindSign, SignHTML, false, []string{"<!DOCTYPE HTML", "<html", "<head>", "text/html"}},
		{KindSign, SignMiddlebox, false, []string{
			"Zscaler", "Fortinet", "FortiGate", "FortiGuard", "Palo Alto", "Blue Coat", "BlueCoat", "Netskope", "Sophos", "WatchGuard",
			"Check Point", "Barracuda", "McAfee Web Gateway", "Cisco Umbrella", "SonicWall", "Forcepoint", "Websense", "Squid", "mitmproxy", "Fiddler",
			"Charles Proxy", "Kaspersky", "Avast", "Bitdefender", "ESET SSL", "SSL inspection", "TLS inspection", "deep packet inspection",
			"traffic inspection", "untrusted interceptor",
		}},
		{KindSign, SignOtherHost, false, []string{
			"hostname mismatch", "IP address mismatch", "no alternative certificate subject name matches", "does not match certificate's altnames",
			"ERR_TLS_CERT_ALTNAME_INVALID", "No subject alternative DNS name matching", "does not match target host name",
		}},
		{KindSign, SignProxy, false, []string{
			"https_proxy", "http_proxy", "proxy server", "proxyconnect", "tunneling socket", "Proxy-Authorization", "proxy authentication",
			"through proxy", "behind a proxy", "corporate proxy", "connecting to HTTP proxy", "connecting to SOCKS5 proxy",
		}},
		{KindSign, SignCentral, true, []string{
			"IoT Central", "azureiotcentral.com", "iotc.dps", "iotc_connect", "iot-central", "IoTCentral", "IOTCENTRAL", "iotc", "az iot central",
		}},
		{KindSign, SignManagement, true, []string{
			"/enrollments", "/enrollmentGroups", "az iot dps", "ProvisioningServiceClient", "provisioning_service_client", "az iot hub",
			"ProvisioningServiceClientException", "ProvisioningServiceClientHttpException", "Microsoft.Azure.Devices.Provisioning.Service",
			"sdk.iot.provisioning.service", "azure-iot-provisioning-service", "Microsoft.Devices/provisioningServices", "azurerm_iothub_dps", "IndividualEnrollment", "enrollment update", "enrollment create",
			"enrollment-group create", "enrollment-group update", "linked-hub create", "Set-AzIoTDps", "Add-AzIotDps", "New-AzIoTDps",
			"provisioningserviceowner", "support representative please include this correlation identifier", "createOrUpdateIndividualEnrollment",
			"CreateOrUpdateIndividualEnrollmentAsync", "CreateOrUpdateEnrollmentGroupAsync", "Creating an Individual Enrollment",
		}},
		{KindSign, SignHubPolicy, true, []string{
			"skn=iothubowner", "SharedAccessKeyName=iothubowner", "SharedAccessKeyName=device", "skn=device", "SharedAccessKeyName=registryReadWrite",
			"SharedAccessKeyName=service;",
		}},
		{KindSign, SignPrivate, true, []string{
			"privatelink", "private endpoint", "private endpoints", "public network access", "publicNetworkAccess", "public access disabled",
			"public access is disabled", "ip filter", "ipFilterRules", "IP is not allowed", "IP address is not allowed", "private link",
		}},
		{KindSign, SignNoPrivateKey, false, []string{
			"PrivateKey: False", "HasPrivateKey: False", "HasPrivateKey=False", "HasPrivateKey = False", "HasPrivateKey is False", "HasPrivateKey false",
			"no private key", "without private key", "private key is missing", "missing private key", "does not have a private key",
			"does not have an associated private key", "Keyset does not exist", "must have a private key",
		}},
		{KindSign, SignPrivateKey, false, []string{
			"PrivateKey: True", "HasPrivateKey: True", "HasPrivateKey=True", "HasPrivateKey = True", "HasPrivateKey is True", "HasPrivateKey true",
		}},
		{KindSign, SignTimeSync, false, []string{
			"SETTING TIME SNTP", "Setting time using SNTP", "waiting for NTP", "waiting for SNTP", "Waiting for time sync", "waiting for system time",
			"SNTP time sync failed", "SNTP sync failed", "Failed to sync time", "failed to get time", "Failed to obtain time", "NTP sync failed",
			"time is not set", "time not set", "clock is not set", "System time not set", "Time is not synchronized", "time synchronization failed",
			"Unable to get Unix time", "Could not query NTP server", "failed to get NTP time", "Waiting for NTP time sync", "RTC not set", "Error: NTP",
		}},
		{KindSign, SignTimeSet, false, []string{
			"SNTP initialized", "Time initialized", "NTP synchronized", "time synchronized", "Time is synchronized", "system clock synchronized: yes", "got time from NTP",
		}},
		{KindSign, SignFunctionLog, false, []string{"Executing StatusCodeResult", "Executed 'Functions.", "Executing 'Functions.", "Microsoft.Azure.WebJobs", "Azure Functions", "azurewebsites.net"}},
		{KindSign, SignChina, true, []string{"azure.cn", "azure-devices.cn", "azure-devices-provisioning.cn", "AzureChinaCloud", "Azure China", "21Vianet", "chinacloudapi"}},
		{KindSign, SignUSGov, true, []string{"azure.us", "azure-devices.us", "azure-devices-provisioning.us", "AzureUSGovernment", "Azure Government", "usgovcloudapi", "US Gov"}},
		{KindSign, SignUnset, true, []string{
			"ENOTFOUND undefined", "ENOTFOUND null", "ENOTFOUND none", "not known: None", "host=None", "host None", "hostname None", "//undefined", "//None", "//null",
			"undefined/registrations", "None/registrations", "null/registrations", "(null)/registrations", "undefined:8883", "None:8883", "null:8883",
			"undefined:5671", "undefined:443", "idScope undefined", "scope None", "registration id None",
		}},
		{KindSign, SignLoad, false, []string{"load test", "stress test", "bulk provisioning", "thousands of devices", "000 devices", "many devices"}},
		{KindSign, SignGroup, true, []string{"enrollment group", "enrollmentGroup", "enrollment-group", "group enrollment", "enrollment_group"}},
		{KindSign, SignIndividual, true, []string{"individual enrollment", "individualEnrollment", "individual_enrollment"}},
		{KindSign, SignHubRecord, true, []string{"\"statusReason\":", "\"connectionState\":", "\"statusUpdatedTime\":", "\"statusUpdateTime\":", "\"cloudToDeviceMessageCount\":"}},
		{KindSign, SignLinkedHub, true, []string{"linked hub", "linked-hub", "linked IoT hub", "linkedHub"}},
		{KindSign, SignReprovision, false, []string{
			"Reprovision", "reprovisioning", "re-provision", "device_info", "provisioning backup", "device credentials from backup", "offline backup", "cached", "moved to another hub",
		}},
		{KindSign, SignStack, true, []string{
			"async_provisioning_device_client.py", "sync_provisioning_device_client.py", "provisioning_device_client.py", "provisioning/pipeline",
			"pipeline_stages_provisioning.py", "ProvisioningDeviceClient.RegisterAsync", "provisioning.device.internal.task.ProvisioningTask",
			"polling_state_machine.js", "x509_registration.js", "symmetric_registration.js", "tpm_registration.js",
		}},
		{KindSign, SignRawClient, true, []string{
			"{\"registrationId\":\"", "curl -", "Invoke-RestMethod", "Postman", "SharedAccessSignature sr=", "mosquitto", "PubSubClient", "openssl s_client", "paho.mqtt", "HMAC",
		}},
		{KindSign, SignOldRoot, false, []string{"Baltimore", "DigiCert Global Root", "DigiCert G2", "root migration", "Microsoft RSA Root", "Microsoft RSA TLS"}},
		{KindSign, SignRegistry, true, []string{
			"device registry", "device registry namespace", "Microsoft.DeviceRegistry", "deviceRegistryNamespace", "deviceRegistryNamespaces", "registry namespace",
			"ADR namespace", "az iot adr ns",
		}},
		{KindSign, SignUnverified, true, []string{
			"\"isVerified\":false", "isVerified: false", "isVerified = false", "isVerified=false", "certificate is not verified", "certificate not verified", "unverified certificate",
			"Status: Unverified", "CA is not verified", "has not been verified",
		}},
	}
}

// anchorWords only show that a line is about provisioning or a device of IoT Hub.
func anchorWords() []words {
	return []words{{"", "", true, []string{
		"DPS", "azure-devices-provisioning", "azure-devices.net", "azure-devices.cn", "azure-devices.us", "Device Provisioning", "device provisioning service",
		"id_scope", "idScope", "scope_id", "scopeId", "ID scope", "registration_id", "registrationId", "registration id", "enrollment", "enrolment", "iothub",
		"IoT Hub", "iotedge", "IoT Edge", "azure-iot", "azure iot", "provisioning", "CONNACK", "attestation", "SharedAccessSignature", "global_endpoint",
		"aziot", "TPM", "errorCode", "trackingId", "edgeAgent", "$edgeAgent", "edgeHub", "$edgeHub",
		"custom allocation", "customAllocation", "allocation webhook", "webhookUrl", "allocation-policy custom", "allocation function", "--ap custom",
	}}}
}
