package dps

import (
	"net/url"
	"strings"
	"time"
)

// HubAPIVersion is the api-version for a device's connection to its hub
// (learn.microsoft.com: iot/iot-mqtt-connect-to-iot-hub).
const HubAPIVersion = "2021-04-12"

// IsHubHost reports whether host, with or without a port, has the form of a hub name in an
// Azure cloud: {hub}.azure-devices.net, .cn or .us (learn.microsoft.com:
// private-link/private-endpoint-dns), or a newer name below it such as
// {hub}.device.azure-devices.net, which also supports TLS 1.3 (Microsoft Learn, IoT Hub endpoints).
func IsHubHost(host string) bool {
	endpoint, err := ParseEndpoint(host)
	name := strings.TrimSuffix(strings.ToLower(endpoint.Host), ".")
	for _, zone := range []string{".azure-devices.net", ".azure-devices.cn", ".azure-devices.us"} {
		if err == nil && strings.HasSuffix(name, zone) {
			return true
		}
	}
	return false
}

// HubResource is the resource of a device's token for its hub: {hub}/devices/{deviceId},
// not yet URL-encoded (learn.microsoft.com: iot-hub/authenticate-authorize-sas).
func HubResource(hub, deviceID string) string { return hub + "/devices/" + deviceID }

// SignHubWith returns the token of a device for its hub, valid until expiry. It contains no
// policy, since the key is the device's own. sign returns the HMAC-SHA256 of message; its
// error is returned unchanged.
func SignHubWith(hub, deviceID string, expiry time.Time, sign func(message []byte) ([]byte, error)) (Secret, error) {
	return signWith(HubResource(hub, deviceID), expiry, sign)
}

// SignHub is SignHubWith with a key in memory.
func SignHub(key Key, hub, deviceID string, expiry time.Time) Secret {
	token, _ := SignHubWith(hub, deviceID, expiry, key.signer()) // a key in memory never fails to sign
	return token
}

// HubMQTTUsername is the user name of a CONNECT to a hub; its client id is the device id
// (learn.microsoft.com: iot/iot-mqtt-connect-to-iot-hub).
func HubMQTTUsername(hub, deviceID string) string {
	return hub + "/" + deviceID + "/?" + Query(HubAPIVersion)
}

// HubMessagesPath is the path of a request for the next message to a device (GET), the id
// escaped (azure-iot-sdk-node common/core/src/endpoint.ts).
func HubMessagesPath(deviceID string) string {
	return "/devices/" + url.PathEscape(deviceID) + "/messages/devicebound"
}

// HubAbandonPath is the path to abandon a received message (POST), so that it is delivered
// to the device again (azure-iot-sdk-node device/transport/http/src/http_receiver.ts).
func HubAbandonPath(deviceID, lockToken string) string {
	return HubMessagesPath(deviceID) + "/" + url.PathEscape(lockToken) + "/abandon"
}

// Name returns the hub's own name for its error, such as DeviceNotFound, or "" if the body
// does not contain it (azure-iot-sdk-csharp
// iothub/service/src/Common/Exceptions/ErrorCode.cs).
func (e *HubError) Name() string {
	_, rest, found := strings.Cut(e.Message, "ErrorCode:")
	name, _, ended := strings.Cut(rest, ";")
	if !found || !ended || strings.ContainsAny(name, " \t\r\n") {
		return ""
	}
	return name
}
