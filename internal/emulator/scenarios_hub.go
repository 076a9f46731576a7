package emulator

import (
	"net/http"
	"time"

	"dpsdiag/internal/dps"
)

// hubScenarios are those in which every device registers and its assigned hub refuses it.
func hubScenarios() []Scenario {
	refused := answer{status: http.StatusUnauthorized, code: hubUnauthorizedAccess, message: messageUnauthorized}
	unavailable := answer{status: http.StatusServiceUnavailable, code: hubUnavailable, message: "The service is unavailable."}
	throttled := answer{
		status: http.StatusTooManyRequests, code: hubThrottling, message: "The request has been throttled.",
		retryAfter: new(time.Second), // assumed
	}
	return []Scenario{
		{
			Name: "hub-identity-unusable", Cause: "hub-identity-unusable", AtHub: true,
			Title:   "The assigned hub refuses what the device registered with",
			service: refuseHub(refused, 0),
		},
		{
			Name: "hub-protocol-unsupported", Cause: "hub-protocol-unsupported", AtHub: true,
			Title:   "The hub supports only MQTT 5, and the device does not",
			service: hubProfile(dps.ProfileMQTT5),
		},
		{
			Name: "stale-assignment", Cause: "stale-assignment", AtHub: true,
			Title:   "The hub does not know the device until it registers again",
			service: addFault(fault{on: []operation{opIdentity}, times: 1}),
		},
		{
			Name: "hub-unavailable", Cause: "service-transient", AtHub: true,
			Title:   "The hub answers the first call of each device with 503",
			service: refuseHub(unavailable, 1),
		},
		{
			Name: "hub-unavailable-forever", Cause: "service-transient", AtHub: true,
			Title:   "The hub answers every call with 503",
			service: refuseHub(unavailable, 0),
		},
		{
			Name: "hub-throttled", Cause: "throttled", AtHub: true,
			Title:   "The hub throttles the first call of each device",
			service: refuseHub(throttled, 1),
		},
		{
			Name: "hub-throttled-forever", Cause: "throttled", AtHub: true,
			Title:   "The hub throttles every call",
			service: refuseHub(throttled, 0),
		},
	}
}
