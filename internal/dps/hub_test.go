package dps

import (
	"errors"
	"testing"
	"time"
)

func TestSignHub(t *testing.T) {
	t.Parallel()
	key := NewKey([]byte("0123456789abcdef"))
	expiry := time.Unix(1_800_000_000, 0)
	token, err := ParseToken(SignHub(key, "plant-4.azure-devices.net", "sensor 17", expiry))
	if err != nil {
		t.Fatal(err)
	}
	if token.Resource != "plant-4.azure-devices.net%2Fdevices%2Fsensor+17" || !token.Covers(HubResource("plant-4.azure-devices.net", "sensor 17")) {
		t.Errorf("resource %q", token.Resource)
	}
	if !token.SignedBy(key) || token.Policy != "" || !token.Expiry.Equal(expiry) {
		t.Errorf("%+v", token)
	}
	failure := errors.New("the chip is gone")
	if got, err := SignHubWith("hub", "device", expiry, func([]byte) ([]byte, error) { return nil, failure }); !errors.Is(err, failure) || !got.IsZero() {
		t.Errorf("%v, %v", got, err)
	}
}

func TestIsHubHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"plant-4.azure-devices.net": true, "Plant-4.Azure-Devices.CN:8883": true, "x.azure-devices.us.": true,
		"plant-4.device.azure-devices.net": true,
		"attacker.example":                 false, "azure-devices.net": false, "x.azure-devices.net.attacker.example": false,
		"x.azure-devices.net@attacker.example": false, "x.azure-devices-provisioning.net": false, "": false,
	} {
		if got := IsHubHost(host); got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}

func TestHubNames(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		HubMQTTUsername("plant-4.azure-devices.net", "sensor-17"): "plant-4.azure-devices.net/sensor-17/?api-version=2021-04-12",
		HubMessagesPath("a/b#c"):                                  "/devices/a%2Fb%23c/messages/devicebound",
		HubAbandonPath("sensor-17", "b?1"):                        "/devices/sensor-17/messages/devicebound/b%3F1/abandon",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestHubErrorName(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"ErrorCode:DeviceNotFound;sensor-17":          "DeviceNotFound",
		"Msg: ErrorCode:IotHubUnauthorizedAccess;a;b": "IotHubUnauthorizedAccess",
		"ErrorCode:DeviceNotFound":                    "",
		"ErrorCode:two words;x":                       "",
		"Unauthorized":                                "",
		"":                                            "",
	} {
		if got := (&HubError{Message: message}).Name(); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}
