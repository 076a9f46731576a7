package emulator

import (
	"encoding/hex"

	"dpsdiag/internal/dps"
)

// Numbers of the hub's errors; the names belong to them (azure-iot-sdk-csharp
// iothub/service/src/Common/Exceptions/ErrorCode.cs).
const (
	hubInvalidVersion     = 400001
	hubUnauthorizedAccess = 401002
	hubQuotaExceeded      = 403002
	hubDeviceNotFound     = 404001
	hubMessageTooLarge    = 413001
	hubThrottling         = 429001
	hubUnavailable        = 503001
)

// hubErrorName returns the name of an error of the hub.
func hubErrorName(code int) string {
	names := map[int]string{
		400000:                "GenericBadRequest",
		hubInvalidVersion:     "InvalidProtocolVersion",
		401000:                "GenericUnauthorized",
		hubUnauthorizedAccess: "IotHubUnauthorizedAccess",
		401003:                "IotHubUnauthorized",
		403000:                "GenericForbidden",
		hubQuotaExceeded:      "IotHubQuotaExceeded",
		403012:                "DeviceDisabled",
		404000:                "GenericNotFound",
		hubDeviceNotFound:     "DeviceNotFound",
		405000:                "GenericMethodNotAllowed",
		hubMessageTooLarge:    "MessageTooLarge",
		429000:                "GenericTooManyRequests",
		hubThrottling:         "ThrottlingException",
		502000:                "GenericBadGateway",
		503000:                "GenericServiceUnavailable",
		hubUnavailable:        "ServiceUnavailable",
		504000:                "GenericGatewayTimeout",
	}
	if name, ok := names[code]; ok {
		return name
	}
	return "ServerError" // 500001, and any error without a name here
}

// hubError is the error body of a hub (shape seen in GitHub issue
// Azure/azure-iot-sdk-c#1789 and in azure-iot-sdk-csharp, IotHubExceptionResult.cs).
func (s *service) hubError(code int, text string) *dps.HubError {
	at := s.now().UTC().Format("01/02/2006 15:04:05")
	return &dps.HubError{
		Message:          "ErrorCode:" + hubErrorName(code) + ";" + text,
		ExceptionMessage: "Tracking ID:" + hex.EncodeToString(s.random.bytes(16)) + "-G:0-TimeStamp:" + at,
	}
}

// refuseHub returns the hub's answer to a refused call.
func (s *service) refuseHub(r *refusal) response {
	body := s.hubError(r.code, r.message)
	return response{
		status: r.status, errorCode: r.code, body: body, trackingID: body.ExceptionMessage,
		retryAfter: r.wait, foreign: r.foreign, refused: r, delivery: r.delivery,
	}
}
