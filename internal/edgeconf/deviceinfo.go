package edgeconf

import (
	"errors"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// DeviceInfo is the assignment that the identity service keeps in its file device_info
// (iot-identity-service identity/aziot-identityd/src/identity.rs).
type DeviceInfo struct {
	HubName  string `toml:"hub_name"`
	DeviceID string `toml:"device_id"`
}

// Errors of [ReadDeviceInfo].
var (
	ErrUnprovisioned = errors.New("the device is not provisioned")
	ErrNoDeviceInfo  = errors.New("not the assignment of the identity service")
)

// ReadDeviceInfo reads the content of a file device_info. The error is [ErrUnprovisioned] or
// [ErrNoDeviceInfo].
func ReadDeviceInfo(data []byte) (info DeviceInfo, err error) {
	if strings.TrimSpace(string(data)) == "unprovisioned" {
		return info, ErrUnprovisioned
	}
	if err := toml.Unmarshal(data, &info); err != nil || info.HubName == "" {
		return info, ErrNoDeviceInfo
	}
	return info, nil
}
