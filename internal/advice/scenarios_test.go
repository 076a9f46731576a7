package advice_test

import (
	"testing"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/emulator"
)

// TestScenarios: every rule's scenario exists, and every scenario has a rule.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for _, rule := range cause.Definitions() {
		if rule.Scenario == "" {
			continue
		}
		if scenario, ok := emulator.ScenarioByName(rule.Scenario); !ok || scenario.Cause != rule.ID.String() {
			t.Errorf("the scenario %q of the cause %s plays %q", rule.Scenario, rule.ID, scenario.Cause)
		}
	}
	for _, scenario := range emulator.Scenarios() {
		if scenario.Cause == "" {
			continue
		}
		if rule, ok := cause.Lookup(scenario.Cause); !ok || rule.Scenario == "" {
			t.Errorf("the scenario %s plays %s, which has no rule or no scenario", scenario.Name, scenario.Cause)
		}
	}
}
