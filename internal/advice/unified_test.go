package advice

import (
	"testing"

	"dpsdiag/internal/logtext"
)

// TestUnifiedSessions: sessions of the unified SDKs in their log formats, one for each row of the
// table "what happened" in Azure/azure-iot-sdk c/docs/eng/connection-c.md section 9.5. The first cause
// of each is in causes.txt.
func TestUnifiedSessions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		entry string        // that shows what happened
		phase logtext.Phase // in which it did
		line  int           // at which the attempt ended
	}{
		"unified-failed":          {"dps-custom-alloc-500", logtext.PhaseRegister, 8},
		"unified-disabled":        {"unified-dps", logtext.PhaseRegister, 8},
		"unified-empty-answer":    {"unified-protocol", logtext.PhaseRegister, 8},
		"unified-long-device-id":  {"unified-dps-not-supported", logtext.PhaseRegister, 8},
		"unified-no-chain":        {"unified-not-found", logtext.PhaseRegister, 7},
		"unified-dps-refuses":     {"unified-dps-identity-rejected", logtext.PhaseRegister, 6},
		"unified-dps-unavailable": {"unified-dps-mqtt", logtext.PhaseRegister, 10},
		"unified-hub-refuses":     {"unified-identity-rejected", logtext.PhaseAssigned, 11},
		"unified-hub-mqtt":        {"unified-hub-mqtt", logtext.PhaseAssigned, 15},
		"unified-revoked":         {"unified-hub-mqtt", logtext.PhaseAssigned, 19},
		"unified-subscription":    {"unified-subscription-refused", logtext.PhaseRegister, 7},
		"unified-profile":         {"unified-connection-profile-unsupported", logtext.PhaseRegister, 8},
		"unified-net-disabled":    {"unified-net-disabled", logtext.PhaseRegister, 8},
		"unified-net-hub-refuses": {"unified-net-refused", logtext.PhaseAssigned, 11},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := readLog(t, name)
			if o := found.Outcome; o.State != logtext.OutcomeRefused || o.Line.Line != test.line {
				t.Errorf("outcome %s at line %d, want refused at line %d", o.State, o.Line.Line, test.line)
			}
			for _, m := range found.Matches {
				if m.Entry.ID == test.entry {
					if m.Phase != test.phase {
						t.Errorf("%s in phase %d, want %d", test.entry, m.Phase, test.phase)
					}
					return
				}
			}
			t.Errorf("no match of %s", test.entry)
		})
	}
}
