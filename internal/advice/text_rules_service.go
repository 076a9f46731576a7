package advice

import (
	"slices"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

func allocationTextRules() []textRule {
	return []textRule{
		{
			id: "webhook-unauthorized", why: "the allocation function asks for a key or an identity that DPS was not given",
			see:     seeWebhook("401", "403"),
			effects: []effect{favours(110, "custom-allocation-unauthorized"), weakens(0.5, "custom-allocation-rejected")},
		},
		{
			id: "webhook-rejects", why: "the allocation function answered that it does not want this device",
			see:     seeWebhook("400", "404", "405", "409", "410", "412", "415", "422"),
			effects: []effect{favours(30, "custom-allocation-rejected")},
		},
		{
			id: "webhook-fails", why: "the allocation function failed or did not answer",
			see:     seeWebhook("408", "429", "500", "501", "502", "503", "504"),
			effects: []effect{favours(110, "custom-allocation-failed"), weakens(0.4, "custom-allocation-rejected")},
		},
		{
			id: "webhook-of-central", why: "IoT Central allocates its devices by custom allocation and refuses those that are not approved, associated or known",
			see:     seeBoth(seeMatch(namingAny("custom-allocation-failed", "custom-allocation-rejected", "custom-allocation-unauthorized")), seeSign(logtext.SignCentral)),
			effects: []effect{favours(90, "iot-central-device-not-ready")},
		},
		{
			id: "function-refuses", why: "this is the log of the function, which refused the caller",
			see:     seeFunctionStatus(401, 403),
			effects: []effect{favours(110, "custom-allocation-unauthorized")},
		},
		{
			id: "function-rejects", why: "this is the log of the function, which turned the request away",
			see:     seeFunctionStatus(400, 404, 409),
			effects: []effect{favours(70, "custom-allocation-rejected")},
		},
		{
			id: "function-fails", why: "this is the log of the function, which failed",
			see:     seeFunctionStatus(500, 502, 503, 504),
			effects: []effect{favours(90, "custom-allocation-failed")},
		},
		{
			id: "hub-refused-dps", why: "the error of the hub stands inside an answer of DPS: the hub refused DPS, not the device",
			see: func(c *textCase) string {
				for _, b := range c.Bodies {
					if b.Shape == logtext.ShapeHubInDPS {
						return quote(b.Place, "an error of the hub in an answer of DPS")
					}
				}
				return ""
			},
			effects: []effect{favours(130, "hub-link-broken"), weakens(0.3, "hub-identity-unusable", "symmetric-key-mismatch", "cert-chain-incomplete")},
		},
		{
			id: "linked-hub", why: "the link from DPS to its hub is in play",
			see:     seeBoth(seeMatch(leading("hub-link-broken", "no-hub-available")), seeSign(logtext.SignLinkedHub)),
			effects: []effect{favours(30, "hub-link-broken")},
		},
		{
			id: "record-disabled", why: "this is what a hub keeps of a device, so the identity in the hub is disabled and not the enrollment",
			see:     seeBoth(seeMatch(leading("enrollment-disabled")), seeSign(logtext.SignHubRecord)),
			effects: []effect{favours(90, "hub-identity-unusable"), weakens(0.3, "enrollment-disabled")},
		},
		{
			id: "identity-from-before", why: "the device goes by an assignment from before",
			see:     seeBoth(seeAny(func(c *textCase) string { return quoteMatch(c.refusedByHub()) }, seeMatch(namingAny("stale-assignment", "hub-identity-unusable"))), seeSign(logtext.SignReprovision)),
			effects: []effect{favours(18, "stale-assignment")},
		},
		{
			id: "many-devices", why: "many devices at once meet the rate limits",
			see:     seeSign(logtext.SignLoad),
			effects: []effect{favours(40, "throttled"), favours(10, "quota-exceeded")},
		},
		{
			id: "central-refused", why: "IoT Central takes part, which has its own list of devices and keys",
			see:     seeBoth(seeBlankRefusal, seeSign(logtext.SignCentral)),
			effects: []effect{favours(14, "group-key-not-derived", "iot-central-device-not-ready")},
		},
	}
}

// seeWebhook sees that the allocation function answered with one of the statuses.
func seeWebhook(statuses ...string) func(*textCase) string {
	return func(c *textCase) string {
		for _, status := range statuses {
			if f := c.fact(logtext.KindWebhook, status); f != nil {
				return quoteFact(f)
			}
		}
		return ""
	}
}

// seeFunctionStatus sees one of the HTTP statuses in the log of a function.
func seeFunctionStatus(statuses ...int) func(*textCase) string {
	return seeBoth(seeSign(logtext.SignFunctionLog), seeMatch(func(m *logtext.Match) bool {
		return m.Entry.Kind == codes.KindHTTP && slices.Contains(statuses, m.Entry.HTTPStatus)
	}))
}

func operatorTextRules() []textRule {
	device := []string{"registration-id-invalid", "payload-invalid", "symmetric-key-mismatch", "group-key-not-derived", "sas-token-expired", "device-clock-wrong", "server-root-ca-missing"}
	return []textRule{
		{
			id: "operator-call-refused", why: "an operator's call was refused, so the operator's credentials are judged and not the device's",
			see:     seeBoth(seeOperatorCall, seeStatus(401, 403)),
			effects: []effect{favours(70, "service-credentials-insufficient"), weakens(0.3, device...), weakens(0.3, certificateCauses()...)},
		},
		{
			id: "operator-call-invalid", why: "an operator's call was rejected, so its definition is judged and not the device",
			see:     unless(seeMatch(leading("api-version-unsupported")), seeBoth(seeOperatorCall, seeStatus(400, 409, 412))),
			effects: []effect{favours(60, "management-request-invalid"), weakens(0.5, device...)},
		},
		{
			id: "operator-call-outdated", why: "an operator's call met a newer version of the record, which its ETag does not name",
			see:     seeBoth(seeOperatorCall, seeMatch(func(m *logtext.Match) bool { return namingAny("concurrent-registration")(m) && m.Weak })),
			effects: []effect{favours(70, "management-request-invalid"), weakens(0.4, "concurrent-registration")},
		},
		{
			id: "hub-credentials", why: "this is a policy or the host of a hub, and calls to DPS take a policy of DPS",
			see:     seeBoth(seeSign(logtext.SignManagement), seeSign(logtext.SignHubPolicy)),
			effects: []effect{favours(120, "service-credentials-insufficient")},
		},
		{
			id: "certificate-unverified", why: "this CA certificate has not been verified in the instance",
			see:     seeSign(logtext.SignUnverified),
			effects: []effect{favours(60, "ca-not-verified")},
		},
		{
			id: "operator-call-failed", why: "an operator's call failed, and the text does not say for what",
			see: func(c *textCase) string {
				if c.matching(telling) != nil || c.event(logtext.EventBegun) != nil || len(c.facts(logtext.KindTopic)) > 0 {
					return ""
				}
				return seeOperatorCall(c)
			},
			effects: []effect{favours(40, "management-request-invalid"), favours(20, "service-credentials-insufficient")},
		},
	}
}

// seeStatus sees an error with one of the HTTP statuses, where no error says more.
func seeStatus(statuses ...int) func(*textCase) string {
	return func(c *textCase) string {
		if c.matching(func(m *logtext.Match) bool { return c.saysWhy(m) || telling(m) && len(m.Entry.CauseIDs) == 1 }) != nil {
			return ""
		}
		return seeMatch(func(m *logtext.Match) bool { return slices.Contains(statuses, m.Entry.HTTPStatus) })(c)
	}
}

// seeOperatorCall sees a call that a person or a tool makes, where no device registers.
func seeOperatorCall(c *textCase) string {
	if c.event(logtext.EventBegun) != nil || c.event(logtext.EventAssigned) != nil {
		return ""
	}
	return quoteFact(c.sign(logtext.SignManagement))
}

// topicTextRules are for lines that hold no known error but say in other words what is
// wrong with what.
func topicTextRules() []textRule {
	topic := func(id, value string, effects ...effect) textRule {
		return textRule{
			id: "words-" + id, why: "the line says so in its own words", effects: effects,
			see: func(c *textCase) string { return quoteFact(c.fact(logtext.KindTopic, value)) },
		}
	}
	return []textRule{
		topic("tpm-denied", logtext.TopicTPMDenied, favours(70, "tpm-access-denied"), favours(16, "tpm-not-available")),
		topic("tpm-missing", logtext.TopicTPMMissing, favours(60, "tpm-not-available"), favours(14, "tpm-access-denied")),
		topic("tpm-failed", logtext.TopicTPMFailed, favours(34, "tpm-not-available"), favours(24, "tpm-access-denied")),
		topic("server-untrusted", logtext.TopicServerUntrusted, favours(50, "server-root-ca-missing"), favours(20, "proxy-interference")),
		topic("key-pair", logtext.TopicKeyPair, favours(60, "cert-key-pair-mismatch"), favours(14, "device-key-material-unreadable")),
		topic("name-mismatch", logtext.TopicNameMismatch, favours(60, "cert-cn-registration-id-mismatch"), favours(16, "registration-id-invalid")),
		topic("clock", logtext.TopicClock, favours(50, "device-clock-wrong")),
		topic("certificate-early", logtext.TopicCertificateEarly, favours(70, "device-clock-wrong"), favours(14, "cert-expired")),
		topic("token-expired", logtext.TopicTokenExpired, favours(50, "sas-token-expired"), favours(36, "device-clock-wrong")),
		topic("certificate-expired", logtext.TopicCertificateExpired, favours(50, "cert-expired"), favours(34, "device-clock-wrong"), favours(16, "server-root-ca-missing")),
		topic("enrollment-disabled", logtext.TopicEnrollmentDisabled, favours(60, "enrollment-disabled")),
		topic("enrollment-missing", logtext.TopicEnrollmentMissing, favours(50, "enrollment-not-found"), favours(24, "wrong-id-scope"), favours(12, "registration-id-invalid")),
		topic("scope-wrong", logtext.TopicScopeWrong, favours(60, "wrong-id-scope"), favours(20, "client-config-missing")),
		topic("setting-missing", logtext.TopicSettingMissing, favours(50, "client-config-missing")),
		topic("registration-id", logtext.TopicRegistrationID, favours(46, "registration-id-invalid"), favours(24, "cert-cn-registration-id-mismatch")),
		topic("webhook-denied", logtext.TopicWebhookDenied, favours(60, "custom-allocation-unauthorized"), favours(20, "custom-allocation-rejected")),
		topic("webhook-failed", logtext.TopicWebhookFailed, favours(40, "custom-allocation-failed"), favours(16, "custom-allocation-rejected")),
		topic("api-version", logtext.TopicAPIVersion, favours(50, "api-version-unsupported")),
		topic("quota", logtext.TopicQuota, favours(56, "quota-exceeded"), favours(20, "throttled")),
		topic("throttled", logtext.TopicThrottled, favours(50, "throttled"), favours(14, "quota-exceeded")),
		topic("cipher", logtext.TopicCipher, favours(46, "tls-version-or-cipher-unsupported"), favours(12, "proxy-interference")),
		topic("chain", logtext.TopicChain, favours(36, "cert-chain-incomplete"), favours(28, "cert-not-trusted-by-enrollment"), favours(26, "ca-not-verified"), favours(14, "server-root-ca-missing")),
		topic("key-material", logtext.TopicKeyMaterial, favours(40, "device-key-material-unreadable"), favours(16, "client-config-missing"), favours(14, "client-cert-not-presented")),
		topic("proxy", logtext.TopicProxy, favours(40, "proxy-not-configured"), favours(36, "proxy-interference")),
		topic("name", logtext.TopicName, favours(34, "dns-failure"), favours(14, "network-unreachable", "wrong-global-endpoint")),
		topic("key-invalid", logtext.TopicKeyInvalid, favours(34, "symmetric-key-mismatch"), favours(26, "group-key-not-derived"), favours(18, "sas-token-malformed", "client-config-missing")),
		topic("crash", logtext.TopicCrash, favours(40, "client-defect")),
		topic("link", logtext.TopicLink, favours(34, "management-request-invalid"), favours(28, "hub-link-broken")),
		topic("payload", logtext.TopicPayload, favours(30, "payload-invalid"), favours(10, "management-request-invalid")),
	}
}

// silenceTextRules are for texts that show a registration but no reason for its end.
func silenceTextRules() []textRule {
	return []textRule{
		{
			id: "nothing-but-success", why: "the tool reports success, which says that it has written the settings, and nothing of an answer of DPS",
			see:     seeSilence(logtext.KindEvent, logtext.EventSucceeded),
			effects: []effect{favours(30, "enrollment-not-found"), favours(22, "wrong-id-scope"), favours(18, "enrollment-disabled"), favours(12, "wrong-global-endpoint")},
		},
		{
			id: "nothing-but-begin", why: "the registration begins, and the text ends before an answer",
			see:     seeSilence(logtext.KindEvent, logtext.EventBegun),
			effects: []effect{favours(26, "enrollment-not-found"), favours(22, "enrollment-disabled"), favours(18, "network-unreachable"), favours(16, "wrong-id-scope"), favours(10, "symmetric-key-mismatch")},
		},
		{
			id: "nothing-but-stack", why: "the trace is cut off before the error, in a part of the client that registers",
			see:     seeSilence(logtext.KindSign, logtext.SignStack),
			effects: []effect{favours(26, "symmetric-key-mismatch"), favours(24, "group-key-not-derived"), favours(20, "enrollment-not-found"), favours(16, "network-unreachable"), favours(14, "device-clock-wrong")},
		},
	}
}

// seeSilence sees a circumstance in a text without any error that tells something.
func seeSilence(kind logtext.Kind, value string) func(*textCase) string {
	return func(c *textCase) string {
		anything := func(m *logtext.Match) bool { return len(m.Entry.CauseIDs) > 0 }
		if c.matching(anything) != nil || len(c.facts(logtext.KindTopic)) > 0 {
			return ""
		}
		return quoteFact(c.fact(kind, value))
	}
}
