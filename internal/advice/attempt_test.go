package advice

import (
	"strings"
	"testing"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// TestBothWitnesses: what a probe found and a text that reports the same are judged alike, and the
// reasons for the text give the place.
func TestBothWitnesses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ev   *probe.Evidence
		text string
		id   cause.ID
		want Strength
	}{
		"a webhook that requires a key": {
			refusedProbe(webhook("401")), "aziot-identityd: Custom allocation failed with status code: 401", cause.CustomAllocationUnauthorized, Proves,
		},
		"a webhook that fails": {
			refusedProbe(webhook("503")), "aziot-identityd: Custom allocation failed with status code: 503", cause.CustomAllocationFailed, Proves,
		},
		"a webhook that is busy decides nothing": {
			refusedProbe(webhook("429")), "aziot-identityd: Custom allocation failed with status code: 429", cause.CustomAllocationRejected, RulesOut,
		},
		"a hub that refuses the service": {
			refusedProbe(state(dps.StatusFailed, 400209, hubMessage)),
			`dps: {"errorCode":400209,"trackingId":"a","message":"Msg: {\"Message\":\"ErrorCode:IotHubUnauthorizedAccess;Unauthorized\",\"ExceptionMessage\":\"Tracking ID:1f-G:0\"}"}`,
			cause.HubLinkBroken, Proves,
		},
		"a device registry that refuses the service": {
			refusedProbe(state(dps.StatusFailed, 400209, registryMessage)),
			`dps: {"errorCode":400209,"trackingId":"a","message":"` + registryMessage + `"}`, cause.RegistryLinkBroken, Suggests,
		},
		"the name of a hub": {
			refusedProbe(host(hubHost), bare(404)), "dps: provisioning failed\nglobal_endpoint = \"https://" + hubHost + "\"", cause.WrongGlobalEndpoint, Suggests,
		},
		"a web page": {
			refusedProbe(host(ownHost), page(404)), "dps: registration answered <!DOCTYPE HTML>", cause.ProxyInterference, Suggests,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule := ruleOf(test.id)
			measured := rule.judge(newCases(test.ev, compare(test.ev))[0].attempt)
			told := rule.judge(newTextCase(findings(t, test.text)).attempt)
			if measured.Strength != test.want || told.Strength != test.want {
				t.Errorf("%s by the probe, %s by the text, want %s", measured.Strength, told.Strength, test.want)
			}
			for _, why := range told.Because {
				if !strings.HasPrefix(why, "line ") {
					t.Errorf("the text gives no place: %q", why)
				}
			}
		})
	}
}

// TestAttestationLimitsBoth: a cause of another attestation is excluded for a probe and for a text.
func TestAttestationLimitsBoth(t *testing.T) {
	t.Parallel()
	rule := ruleOf(cause.CertExpired)
	ev := refusedProbe(unauthorized())
	if why := rule.unfit(newCases(ev, compare(ev))[0].attempt); why != "no client certificate was used" {
		t.Errorf("the probe: %q", why)
	}
	text := newTextCase(findings(t, "method = \"symmetric_key\"\nerrorCode: 401002"))
	if why := rule.unfit(text.attempt); !strings.HasPrefix(why, "line 1: ") || !strings.HasSuffix(why, ": no client certificate was used") {
		t.Errorf("the text: %q", why)
	}
	if why := rule.unfit(newTextCase(findings(t, "errorCode: 401002")).attempt); why != "" {
		t.Errorf("a text that does not show it: %q", why)
	}
}
