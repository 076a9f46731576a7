package probe

import "dpsdiag/internal/dps"

// takeUp begins where an earlier run ended, if that is what the probe is for: with an answer that
// the service did not give to this run.
func (r *runner) takeUp() {
	switch r.target.Mode {
	case ModeResume:
		at := &dps.Operation{OperationID: r.cfg.OperationID, Status: dps.StatusAssigning}
		r.last = Answer{Op: OpRegister, Body: dps.Body{Kind: dps.BodyOperation, Operation: at}, RetryAfter: &RetryAfter{Valid: true}}
	case ModeHub:
		at := &dps.Registration{AssignedHub: r.cfg.Assignment.Hub, DeviceID: r.cfg.Assignment.DeviceID, Status: dps.StatusAssigned, ConnectionProfile: r.cfg.Assignment.Profile}
		r.last = Answer{Op: OpLookup, Body: dps.Body{Kind: dps.BodyRegistration, Registration: at}}
	}
}
