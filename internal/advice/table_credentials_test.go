package advice

import (
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
)

// anyRefusal are the causes that remain possible for any refused identity, whatever the credential.
func anyRefusal(first ...string) []string {
	return append(first,
		"allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled",
		"allows attestation-mismatch", "allows public-network-access-disabled")
}

func unauthorized() change { return refuse(401, 401002, "Unauthorized") }

func keyTable() []row {
	return []row{
		{
			name:    "a 64-byte key may be the wrong one or the group's",
			ev:      refusedProbe(unauthorized()),
			verdict: Fault,
			causes:  anyRefusal("suggests symmetric-key-mismatch", "suggests group-key-not-derived", "allows derived-key-incorrect"),
			out: []string{
				"sas-token-malformed", "device-clock-wrong", "cert-cn-registration-id-mismatch", "dns-failure", "port-blocked",
				"network-unreachable", "proxy-not-configured", "wrong-global-endpoint", "transport-protocol-wrong", "proxy-interference",
				"server-root-ca-missing", "tls-version-or-cipher-unsupported", "tpm-challenge-unanswered",
			},
		},
		{
			name:    "a 32-byte key looks derived",
			ev:      refusedProbe(key(32), unauthorized()),
			verdict: Fault,
			causes:  anyRefusal("suggests derived-key-incorrect", "allows symmetric-key-mismatch", "allows group-key-not-derived"),
		},
		{
			name:    "a key of another size was made by hand",
			ev:      refusedProbe(key(48), unauthorized()),
			verdict: Fault,
			causes:  anyRefusal("suggests symmetric-key-mismatch", "allows group-key-not-derived", "allows derived-key-incorrect"),
		},
		{
			name:    "a refused group key is the wrong one",
			ev:      refusedProbe(groupKey(64), unauthorized()),
			verdict: Fault,
			causes:  anyRefusal("suggests symmetric-key-mismatch"),
			out:     []string{"group-key-not-derived", "derived-key-incorrect"},
		},
		{
			name:    "a 32-byte group key was derived already",
			ev:      refusedProbe(groupKey(32), unauthorized()),
			verdict: Fault,
			causes:  anyRefusal("suggests derived-key-incorrect", "suggests symmetric-key-mismatch"),
		},
		{
			name:    "derivation depends on letter case",
			ev:      refusedProbe(groupKey(64), id("Sensor-17"), unauthorized()),
			verdict: Fault,
			causes:  anyRefusal("suggests derived-key-incorrect", "suggests symmetric-key-mismatch"),
		},
		{
			name:    "401000 is IoT Central's too",
			ev:      refusedProbe(refuse(401, 401000, "Unauthorized")),
			verdict: Fault,
			causes: []string{
				"suggests symmetric-key-mismatch", "suggests group-key-not-derived",
				"allows iot-central-device-not-ready", "allows enrollment-not-found", "allows derived-key-incorrect",
				"allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch",
			},
		},
		{
			name:    "a page with 401 is not about the key",
			ev:      refusedProbe(host(ownHost), page(401)),
			verdict: Fault,
			causes:  []string{"suggests proxy-interference", "allows wrong-global-endpoint"},
		},
		{
			name:    "an IP filter gives a plain 401",
			ev:      refusedProbe(key(48), bare(401)),
			verdict: Fault,
			causes: []string{
				"suggests public-network-access-disabled", "allows symmetric-key-mismatch", "allows group-key-not-derived",
				"allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch",
			},
		},
	}
}

func tokenTable() []row {
	return []row{
		{
			name:    "a token for another resource",
			ev:      refusedProbe(token(func(t *probe.TokenFacts) { t.CoversTarget, t.Resource = false, "hub/devices/x" }), unauthorized()),
			verdict: Fault,
			causes:  []string{"proves sas-token-malformed"},
		},
		{
			name:    "a token whose expiry is in milliseconds",
			ev:      refusedProbe(token(func(t *probe.TokenFacts) { t.InMilliseconds, t.Expiry = true, started.AddDate(50000, 0, 0) }), unauthorized()),
			verdict: Fault,
			causes: anyRefusal("suggests sas-token-malformed", "suggests symmetric-key-mismatch", "allows group-key-not-derived",
				"allows derived-key-incorrect")[:8],
			out: []string{"sas-token-expired"},
		},
		{
			name:    "a token for a policy of the back end",
			ev:      refusedProbe(token(func(t *probe.TokenFacts) { t.Policy = "provisioningserviceowner" }), unauthorized()),
			verdict: Fault,
			causes: anyRefusal("suggests sas-token-malformed", "suggests symmetric-key-mismatch", "allows group-key-not-derived",
				"allows derived-key-incorrect")[:8],
		},
		{
			name:    "a token that looks right",
			ev:      refusedProbe(token(nil), unauthorized()),
			verdict: Fault,
			causes: anyRefusal("suggests symmetric-key-mismatch", "allows group-key-not-derived",
				"allows derived-key-incorrect", "allows sas-token-malformed")[:8],
			out: []string{"sas-token-expired", "device-clock-wrong"},
		},
		{
			name:    "a token that is valid by an unconfirmed clock",
			ev:      refusedProbe(token(nil), noClock, bare(401)),
			verdict: Fault,
			causes: anyRefusal("suggests public-network-access-disabled", "allows symmetric-key-mismatch", "allows group-key-not-derived",
				"allows device-clock-wrong", "allows sas-token-expired")[:8],
		},
		{
			name:    "an expired token, and the clock is right",
			ev:      refusedProbe(token(expired), unauthorized()),
			verdict: Fault,
			causes:  []string{"proves sas-token-expired"},
			out:     []string{"device-clock-wrong"},
		},
		{
			name:    "an expired token, and the clock is not known",
			ev:      refusedProbe(token(expired), noClock, unauthorized()),
			verdict: Fault,
			causes: anyRefusal("suggests sas-token-expired", "suggests symmetric-key-mismatch", "allows group-key-not-derived",
				"allows derived-key-incorrect", "allows device-clock-wrong", "allows sas-token-malformed")[:8],
		},
		{
			name:    "a token that is valid by a slow clock",
			ev:      refusedProbe(token(nil), clock(-time.Hour), unauthorized()),
			verdict: Fault,
			causes: anyRefusal("suggests device-clock-wrong", "suggests sas-token-expired", "suggests symmetric-key-mismatch",
				"allows group-key-not-derived", "allows derived-key-incorrect", "allows sas-token-malformed")[:8],
		},
		{
			name:    "an expired token for another resource has two faults",
			ev:      refusedProbe(token(func(t *probe.TokenFacts) { expired(t); t.CoversTarget = false }), unauthorized()),
			verdict: Fault,
			causes: anyRefusal("suggests sas-token-malformed", "suggests sas-token-expired", "suggests symmetric-key-mismatch",
				"allows group-key-not-derived", "allows derived-key-incorrect")[:8],
		},
	}
}

func clockTable() []row {
	const day = 24 * time.Hour
	notYet := unshaken(netfail.TLSServerNotYet, probe.IssuerKnown)
	return []row{
		{
			name:    "a clock hours behind makes expired tokens",
			ev:      refusedProbe(clock(-3*time.Hour), unauthorized()),
			verdict: Fault,
			causes:  []string{"proves device-clock-wrong"},
		},
		{
			name:    "a clock minutes behind does not",
			ev:      refusedProbe(clock(-20*time.Minute), unauthorized()),
			verdict: Fault,
			causes: anyRefusal("suggests symmetric-key-mismatch", "suggests group-key-not-derived",
				"allows derived-key-incorrect", "allows device-clock-wrong")[:8],
		},
		{
			name:    "the clock is behind by exactly the life of a token",
			ev:      refusedProbe(clock(-time.Hour), unauthorized()),
			verdict: Fault,
			causes: anyRefusal("suggests symmetric-key-mismatch", "suggests group-key-not-derived", "suggests device-clock-wrong",
				"allows derived-key-incorrect")[:8],
		},
		{
			name:    "nor does one ahead",
			ev:      refusedProbe(clock(day), unauthorized()),
			verdict: Fault,
			causes: anyRefusal("suggests symmetric-key-mismatch", "suggests group-key-not-derived",
				"allows derived-key-incorrect", "allows device-clock-wrong")[:8],
		},
		{
			name:    "a wrong clock does not explain a 404",
			ev:      refusedProbe(clock(-3*time.Hour), refuse(404, 404201, "Enrollment not found.")),
			verdict: Fault,
			causes:  []string{"suggests enrollment-not-found", "allows wrong-id-scope"},
		},
		{
			name:    "an accepted identity needs no right clock",
			ev:      refusedProbe(clock(-3*time.Hour), state(dps.StatusFailed, 400208, "")),
			verdict: Fault,
			causes:  []string{"suggests no-hub-available", "allows custom-allocation-failed"},
			out:     []string{"device-clock-wrong", "symmetric-key-mismatch"},
		},
		{
			name:    "a certificate that is good by the service's clock only",
			ev:      refusedProbe(device(endedOn), clock(2*day), refuse(401, 401002, "Invalid certificate.")),
			verdict: Fault,
			causes: []string{
				"suggests device-clock-wrong", "suggests cert-enrollment-mismatch", "allows cert-chain-incomplete",
				"allows cert-not-trusted-by-enrollment", "allows ca-not-verified", "allows cert-expired",
				"allows enrollment-not-found", "allows wrong-id-scope",
			},
		},
		{
			name:    "the service checks certificates by its own clock",
			ev:      refusedProbe(device(), clock(-2*day), bare(401)),
			verdict: Fault,
			causes: []string{
				"suggests public-network-access-disabled", "allows cert-not-trusted-by-enrollment", "allows device-clock-wrong",
				"allows enrollment-not-found", "allows wrong-id-scope", "allows enrollment-disabled", "allows attestation-mismatch",
			},
		},
		{
			name:    "a genuine server certificate that is not yet valid",
			ev:      refusedProbe(notYet, bound(-30*day)),
			verdict: Fault,
			causes:  []string{"suggests device-clock-wrong", "allows cert-expired", "allows proxy-interference"},
		},
		{
			name:    "the same with a clock that was never set",
			ev:      refusedProbe(startedAt(time.Unix(60, 0)), notYet, bound(-20000*day)),
			verdict: Fault,
			causes:  []string{"proves device-clock-wrong"},
		},
		{
			name:    "the same with a device certificate that is not yet valid either",
			ev:      refusedProbe(device(beginsOn), notYet),
			verdict: Fault,
			causes:  []string{"proves device-clock-wrong"},
		},
		{
			name:    "the dates of an interceptor's certificate prove nothing",
			ev:      refusedProbe(unshaken(netfail.TLSServerExpired, probe.IssuerOther), bound(day)),
			verdict: Fault,
			causes:  []string{"suggests proxy-interference", "suggests cert-expired", "allows device-clock-wrong"},
		},
		{
			name:    "a private server whose certificate has expired",
			ev:      refusedProbe(host(ownHost), unshaken(netfail.TLSServerExpired, probe.IssuerOther), bound(day)),
			verdict: Fault,
			causes:  []string{"suggests device-clock-wrong", "allows cert-expired", "allows proxy-interference"},
		},
	}
}
