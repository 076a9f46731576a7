package emulator

import (
	"encoding/json"
	"fmt"

	"dpsdiag/internal/dps"
)

// The substatus of an assigned device: it is at its first assignment, or it came to another
// hub, and its data was migrated or not (azure-rest-api-specs
// deviceprovisioningservices/data-plane, device/models.tsp).
const (
	substatusInitial  = "initialAssignment"
	substatusMigrated = "deviceDataMigrated"
	substatusReset    = "deviceDataReset"
)

// decide returns how a registration will end, without its timestamps. The status is
// assigning if it never ends.
func (s *service) decide(c *caller, rec *record) dps.Registration {
	state := dps.Registration{RegistrationID: c.registrationID}
	switch entry := c.enrollment; {
	case len(entry.certs) > 0:
		state.X509 = &dps.RegistrationX509{EnrollmentGroupID: entry.groupID()}
	case entry.group:
		state.SymmetricKey = &dps.RegistrationKey{EnrollmentGroupID: entry.groupID()}
	}
	if f := s.strike(opAssign, c.registrationID, rec.met); f != nil {
		state.Status, state.ErrorCode, state.ErrorMessage = f.answer.result, f.answer.code, f.answer.message
		return state
	}
	s.allocate(&state, c, rec.hub)
	if c.enrollment.tpm != nil && state.Status == dps.StatusAssigned {
		state.TPM = &dps.RegistrationTPM{AuthenticationKey: s.hubKeys[c.enrollment]}
	}
	return state
}

// allocate assigns a hub, or returns why there is none. The numbers 400207 to 400209 come
// in a 200 answer (azure-iot-sdk-c provisioning_client/src/prov_device_ll_client.c,
// azure-sdk-for-c sdk/tests/iot/provisioning/test_az_iot_provisioning_client_parser.c). A
// device that is at a hub already stays there if its reprovision policy says so
// (learn.microsoft.com: iot-dps/concepts-device-reprovision).
func (s *service) allocate(state *dps.Registration, c *caller, current string) {
	entry := c.enrollment
	if entry.disabled {
		state.Status = dps.StatusDisabled
		return
	}
	if entry.webhook != 0 && entry.webhook/100 != 2 {
		fail(state, 400207, fmt.Sprintf("Custom allocation failed with status code: %d", entry.webhook))
		return
	}
	policy := entry.written.reprovision()
	if current != "" && !policy.UpdateHubAssignment {
		s.assign(state, c, current)
		return
	}
	chosen := entry.allocate(s.hubs, c.registrationID)
	switch {
	case chosen == nil:
		fail(state, 400208, "No IoT hub is available for the allocation.") // the wording is assumed
	case chosen.state == hubUnauthorized:
		fail(state, 400209, s.hubRefusal(hubUnauthorizedAccess, messageUnauthorized))
	case chosen.state == hubFull:
		// Assumed: the hub's own code for an exceeded quota, passed on.
		fail(state, hubQuotaExceeded, s.hubRefusal(hubQuotaExceeded, fmt.Sprintf("The hub %s has no room for another device.", chosen.name)))
	default:
		s.assign(state, c, s.hubName(chosen.name))
		if current != "" && current != state.AssignedHub {
			state.Substatus = substatusReset
			if policy.MigrateDeviceData {
				state.Substatus = substatusMigrated
			}
		}
	}
}

func fail(state *dps.Registration, code int, message string) {
	state.Status, state.ErrorCode, state.ErrorMessage = dps.StatusFailed, code, message
}

// assign names the hub, by its host name, and how it is to be spoken to.
func (s *service) assign(state *dps.Registration, c *caller, host string) {
	entry := c.enrollment
	state.Status, state.Substatus = dps.StatusAssigned, substatusInitial
	state.AssignedHub = host
	state.DeviceID = state.RegistrationID
	if entry.deviceID != "" {
		state.DeviceID = entry.deviceID
	}
	state.Payload = entry.payload
	for _, h := range s.hubs {
		if s.hubName(h.name) == host && h.profile != dps.ProfileClassic && dps.HasConnectionProfile(c.apiVersion) {
			state.ConnectionProfile = h.profile // none for a classic hub
		}
	}
}

// hubRefusal is the error body of a hub that the service passes on inside its own message.
func (s *service) hubRefusal(code int, text string) string {
	body, _ := json.Marshal(s.hubError(code, text)) // two strings can always be marshalled
	return "Msg: " + string(body)
}
