package advice

import (
	"strings"
	"testing"
)

// TestNotesOnReleasesOutOfSupport: a text with a release past its end of support gets a note, whether
// the registration failed or not.
func TestNotesOnReleasesOutOfSupport(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"aziot-identityd[655]: [INFO] - Version - 1.5.6\nDPS client error":          "line 1: IoT Edge 1.5.6 has been out of support since 2026-11-10; IoT Edge 1.6 is supported until 2028-11-14",
		"aziot-identityd[655]: [INFO] - Version - 1.4.3\n{\"status\":\"assigned\"}": "line 1: IoT Edge 1.4.3 has been out of support since 2024-11-12; IoT Edge 1.6 is supported until 2028-11-14",
		"iotedged[22]: [INFO] - Version - 1.0.7.1 (f7c51d92be)\nDPS client error":   "line 1: IoT Edge 1.0.7.1 has been out of support since 2022-12-13 or earlier; IoT Edge 1.6 is supported until 2028-11-14",
		"[agent.config]\nimage = \"mcr.microsoft.com/azureiotedge-agent:1.2\"":      "line 2: IoT Edge 1.2 has been out of support since 2024-11-12 or earlier; IoT Edge 1.6 is supported until 2028-11-14",
		"dpkg -l: aziot-edge 1.4.20-1":                                              "line 1: IoT Edge 1.4.20 has been out of support since 2024-11-12; IoT Edge 1.6 is supported until 2028-11-14",
		"EFLOW 1.4.2 in an Azure VM":                                                "line 1: IoT Edge for Linux on Windows 1.4.2 has been out of support since 2026-11-10 or earlier; IoT Edge 1.6 is supported until 2028-11-14, on Linux",
		"Azure Sphere: DPS refused":                                                 "line 1: Azure Sphere MT3620 reached its end of life on 2026-07-31; its service ends on 2031-07-31",
		"aziot-identityd[655]: [INFO] - Version - 1.6.0":                            "",
		"mosquitto: Version - 1.4.1, CONNACK 5":                                     "", // of another program
		"aziot-identityd[655]: Version - 1":                                         "",
		"azureiotedge-agent:latest":                                                 "",
		"IoT Central application, retired":                                          "",
	} {
		var got []string
		found := findings(t, text)
		found.Day = started
		for _, n := range DiagnoseText(found, nil).Notes {
			if n.Source == "" {
				t.Errorf("%s: no source", text)
			}
			got = append(got, n.Place.String()+": "+n.Text)
		}
		if joined := strings.Join(got, "; "); joined != want {
			t.Errorf("%s\n got %q\nwant %q", text, joined, want)
		}
	}
}
