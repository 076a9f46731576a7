package logtext

// The steps of an attempt to register that a line may report. They are the values of [KindOutcome].
const (
	stepBegun      = "begun"      // a registration with DPS is requested
	stepProgress   = "progress"   // the registration continues: DPS was reached, or answered
	stepRegistered = "registered" // DPS assigned a hub
	stepConnected  = "connected"  // the hub accepted the device, so it is registered
	stepFailed     = "failed"     // the attempt failed, in words that match no error of the catalogue
	stepStale      = "stale"      // the device continues with an assignment of an earlier day
	stepAnswer     = "answer"     // an operator's call was answered
	stepHarmless   = "harmless"   // looks like an error but is not
	stepDoubtful   = "doubtful"   // an event for the rules, but not certain enough for an outcome
)

// stepOfEvent is the step of an event of eventWords, unless outcomeWords calls its phrase doubtful.
func stepOfEvent(event string) string {
	switch event {
	case EventBegun:
		return stepBegun
	case EventConnected, EventAssigning, EventResent:
		return stepProgress
	case EventAssigned, EventSucceeded:
		return stepRegistered
	}
	return ""
}

// outcomeWords are what the clients print about the progress and the end of a registration, in
// addition to eventWords. They change no ranking of causes: no word here is an anchor. Each is a fixed
// part of a message of an official client, its sample or its tool.
func outcomeWords() []words {
	return []words{
		{KindOutcome, stepBegun, false, []string{
			// azure-iot-sdk-csharp
			"Registering with DPS (including CSR)", "Initializing the device provisioning client", "Initialized for registration Id",
			"Published the initial registration request",
			// azure-iot-sdk-python, azure-iot-sdk-python v3
			"Registering with Provisioning Service", "Registering the device...", "Connecting to Device Provisioning Service",
			"Sending register request to Device Provisioning Service",
			// azure-iot-sdk-node
			"register called for registrationId", "registration publish:", "initial registration request:", "registration request given id of",
			// azure-iot-sdk-java
			"Starting provisioning thread", "Authenticating with device provisioning service using",
			// unified SDKs
			"dps: Connecting (AZ_IOT_OK)", "Publishing to DPS on topic",
			"registering on the session already open",
			// azure-iot-sdk-c, azure-sdk-for-c, iot-middleware-freertos, netxduo, Azure Sphere
			"Registering Device", "Client registering with provisioning service", "target uri set to 'mqtts://global.azure-devices-provisioning",
			"Creating a TLS connection to global.azure-devices-provisioning", "Initializing Azure IoT DPS client", "Initializing MQTT DPS client", "Start Provisioning Client",
			"Azure IoT Hub connection started", "Registering with Recovery DPS", "Edge agent attempting to connect to IoT Hub via", "Initiating DPS client to retrieve IoT Hub connection information",
			// IoT Edge
			"Azure IoT Edge has been configured successfully", "Restarting service for configuration to take effect", "Provisioning edge device...",
			// Tasmota, CircuitPython
			"Starting Azure DPS registration", "device_registration :: connect :: created mqtt client",
			"Initializing provisioning client",
		}},
		{KindOutcome, stepProgress, false, []string{
			"Successfully sent the initial registration request", "Service responded to the initial registration request with status", "Polling for the current state again",
			"Successfully subscribed to Device Provisioning Service", "Op will transition into polling", "Transitioning to polling request to Device Provisioning Service",
			"Sending polling request to Device Provisioning Service", "Received response for register request from Device Provisioning Service",
			"Waiting for device provisioning service to provision this device", "Current provisioning status: UNASSIGNED",
			"registration status request:", "operationStatus publish", "query operation request given id of", "received response from service:{\"operationId\"",
			"dps: Connected (AZ_IOT_OK)", "Successfully published registration request to DPS", "Received MQTT publish from DPS on topic",
			"Client connected to provisioning service", "Client subscribed to provisioning service topics", "Client sent operation query message",
			"AzureIoTProvisioning established an MQTT connection with", "IoTProvisioning client connect pending",
			"DPS Assigning response", "DPS operationId is", "Received registration results on topic",
			"$dps/registrations/res/202", "Ask DPS for registration status", "DPS registration result will retry",
		}},
		{KindOutcome, stepRegistered, false, []string{
			// azure-iot-sdk-csharp, its samples
			"Creating X509 authentication for IoT Hub", "Creating symmetric key authentication for IoT Hub", "Creating TPM authentication for IoT Hub",
			"Testing the provisioned device with IoT Hub", "Processing issued certificate", "Connecting to IoT Hub using issued certificate", "registered to IoT hub hostname",
			// azure-iot-sdk-python
			"Successfully registered with Provisioning Service", "Device was assigned", "Device has been successfully provisioned already",
			"device was assigned correctly to an IoTHub", "The status was :- assigned",
			// azure-iot-sdk-java
			"Current provisioning status: ASSIGNED",
			// unified SDKs
			"assigned hub=", "Attempting to establish connection and presence for device",
			"keeping the provisioning session for its users",
			// identity-service, IoT Edge
			"Provisioning complete", "Updated device info for", "Device information has not changed", "Saved DPS-issued identity certificate as", "Successfully reprovisioned",
			"Device registration is unchanged in Azure", "Successful DPS provisioning",
			// azure-iot-sdk-c, azure-sdk-for-c
			"Registration Information received from service:", "Provisioning callback indicates success", "DPS successfully registered", "Device provisioned:",

			// iot-middleware-freertos, netxduo, Azure Sphere
			"AzureIoTProvisioning state 'Complete'", "AzureIoTProvisioning is in complete state", "AzureIoTProvisioning state is already in complete state",
			"Successfully acquired IoT Hub name and Device ID", "Registered Device Successfully", "SUCCESS: MQTT DPS client initialized", "SUCCESS: Azure IoT DPS client initialized",
			"DPS device registration successful",
			// Tasmota, REST and az
			"Azure DPS registration success", "\"substatus\":\"initialAssignment\"", "\"substatus\":\"reprovisionedToInitialAssignment\"", "\"substatus\":\"deviceDataMigrated\"",
			"\"substatus\":\"deviceDataReset\"",
		}},
		{KindOutcome, stepConnected, false, []string{
			// azure-iot-sdk-csharp
			"Connected to IoT Hub successfully", "The DeviceClient is CONNECTED", "status=Connected, reason=Connection_Ok", "Device sent message", "Telemetry message sent successfully",
			// azure-iot-sdk-node
			"Connected the device. Sending some telemetry", "send status: MessageEnqueued",
			// azure-iot-sdk-python
			"Connection State - Connected", "Successfully connected to Hub", "Successfully connected the device client", "Connected to IoT Hub", "Message successfully sent",
			// azure-iot-sdk-java
			"Device client opened successfully", "The connection to the IoT Hub has been established",
			// unified SDKs
			"hub state=AZ_IOT_CONN_STATE_CONNECTED", "hub: Connected (AZ_IOT_OK)", "with the operational certificate", "connected it to the IoT hub it was assigned",
			// IoT Edge, identity-service
			"Identity reconciliation complete", "Edge agent connected to IoT Hub via", "Obtained Edge agent twin from IoTHub", "Obtained edge agent config", "Entering connected state",
			"New cloud connection created for device", "Created cloud connection for client",
			// azure-iot-sdk-c, azure-sdk-for-c
			"The device client is connected to iothub", "Client connected to IoT Hub", "Client sent telemetry messages to IoT Hub",
			"MQTT client publishing to 'devices", "Connected to your Azure IoT Hub", "Properties update request completed",
			// iot-middleware-freertos, netxduo, Azure Sphere, CircuitPython
			"Successfully sent telemetry message", "Connected to IoTHub.", "SUCCESS: MQTT Hub client initialized", "SUCCESS: Azure IoT Hub client initialized",
			"Azure IoT Hub connection complete", "IOTHUB_CLIENT_CONNECTION_OK",
			"iot_mqtt :: _on_connect :: rc = 0", "Connected to Azure IoT Central!", "Connected to Azure IoT Hub!",
			"IOTHUB_CLIENT_CONNECTION_AUTHENTICATED",
		}},
		{KindOutcome, stepFailed, false, []string{
			"AZ_IOT_CONN_STATE_RETRY_PENDING", "AZ_IOT_CONN_STATE_FAULTED", "Encountered an exception while connecting", "Pending DPS connection, retrying",
			"HTTP request throttled", "abort() was called", "Guru Meditation", "wdt reset", "assert failed", "core dumped", "Traceback (most recent call last)",
			"Unhandled exception", "CORRUPT HEAP", "has been throttled", "MultipleConnectionsException", "Multiple connections detected", "HANDSHAKE_FAILED", "handshake eof",
			"not correctly signed", "disconnected with result code: 7", "disconnected with result code 7", "return rc = -2", "DEV_AUTH_ERROR", "SAS TOKEN EXPIRE", "unrecognized arguments",
			"command group. See", "is not an az iot hub command", "does not resolve", "None of the intermediate CAs were found", "is not ready. Device cannot connect",
			"unacceptable_protocol_version", "Provisioning Status: PROV_DEVICE_REG_STATUS_ERROR", "MQTT client in ERROR state",
		}},
		{KindOutcome, stepStale, false, []string{"Provisioned with backup for"}},
		{KindOutcome, stepAnswer, false, []string{
			"\"etag\":\"", "\"operationId\":\"", "created with success", "enrollment record returned", "Enrollment deleted successfully", "Bulk operation succeeded", "Result of the Create bulk enrollment",
		}},
		{KindOutcome, stepHarmless, false, []string{
			// what the identity service and IoT Edge log at a first start
			"Failed to obtain device identity: device identity not found", "Could not read module backup file", "Ignoring invalid device info backup",
			"Failed to load openssl's Default provider", "parameter \"id\" has an invalid value", "Could not remove socket", "Auto renewal of the Edge CA is not configured",
			"Error while serving HTTP connection: connection closed before message completed", "No routes set in the edge hub",
			"certificates not found, operating in quick start mode",
			"Container engine is not configured with DNS server setting", "is not configured to rotate module logs",
			"is not configured to persist its",
			// how a TLS session ends
			"TLS close-notify sent", "received MBEDTLS_ERR_SSL_WANT_READ",
			// a broker's local topic
			"not sending to Azure IoT Hub",
		}},
		{KindOutcome, stepDoubtful, false, []string{
			// the name of a class or file, which is on every line
			"provisioning_device_client", "Prov_Device_Register_Device", "registrations/register",
			// settings that were written, and hints of what to do
			"Provisioning successful", "Provisioning succeeded", "provisioning finished", "Provision-EflowVm", "has been assigned", "Hub connection string", "iothub uri:",
			"Iot hub hostname", "Assigned IoT Hub", "SUCCESS: DPS", "status: assigned", "provisioned device to hub", "registered to hub", "Device registered to hub",
			"$dps/registrations/res", "Provisioning was successful", "Registration is successful", "Starting DPS", "Provisioning using DPS",
		}},
	}
}
