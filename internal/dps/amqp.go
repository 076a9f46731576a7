package dps

// Names of the device API over AMQP 1.0. The address of both links is [Resource], not
// escaped (azure-iot-sdk-node provisioning/transport/amqp/src/amqp.ts).
const (
	// AMQPSubprotocol is the WebSocket subprotocol for AMQP.
	AMQPSubprotocol = "AMQPWSB10"

	// Properties of a link: the api-version and the client program.
	AMQPAPIVersion    = "com.microsoft:api-version"
	AMQPClientVersion = "com.microsoft:client-version"

	// AMQPOpenError is the property of the OPEN with which the service refuses a connection. Its
	// value is an AMQP error (Azure/azure-iot-sdk-c issue 815 has a trace).
	AMQPOpenError = "com.microsoft:open-error"

	// Application properties of a request, and the values of the first one.
	AMQPOperationType = "iotdps-operation-type"
	AMQPOperationID   = "iotdps-operation-id"
	AMQPRegister      = "iotdps-register"
	AMQPGetStatus     = "iotdps-get-operationstatus"

	// AMQPRetryAfter is the application property of an answer, or the key in the info of a
	// rejection, with the requested pause in seconds. SDKs differ in its letter case.
	AMQPRetryAfter = "retry-after"
)
