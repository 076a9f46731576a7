package advice

import (
	"net/http"
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

func allocationTextRules() []textRule {
	return []textRule{
		{
			id: "function-refuses", why: "this is the log of the function, which refused the caller",
			see:     seeFunctionStatus(401, 403),
			effects: []effect{favours(exact, cause.CustomAllocationUnauthorized)},
		},
		{
			id: "webhook-forbids", why: "a webhook that requires a key or an identity says so too",
			see: func(c *textCase) string {
				if c.attempt.Webhook.Value != http.StatusForbidden {
					return ""
				}
				return c.attempt.webhook("")
			},
			effects: []effect{weakens(cause.CustomAllocationRejected)},
		},
		{
			id: "record-disabled", why: "this is a hub's record of a device, so the identity in the hub is disabled and not the enrollment",
			see:     seeBoth(seeMatch(leading(cause.EnrollmentDisabled)), seeSign(logtext.SignHubRecord)),
			effects: []effect{favours(worded, cause.HubIdentityUnusable), weakens(cause.EnrollmentDisabled)},
		},
		{
			id: "identity-from-before", why: "the device uses an earlier assignment",
			see: seeBoth(seeAny(func(c *textCase) string { return quoteMatch(c.refusedByHub()) }, seeMatch(func(m *logtext.Match) bool {
				return !m.Entry.Wrapper && namingAny(cause.StaleAssignment, cause.HubIdentityUnusable)(m)
			})), seeSign(logtext.SignReprovision)),
			effects: []effect{favours(hinted, cause.StaleAssignment)},
		},
		{
			id: "central-refused", why: "IoT Central is involved, which has its own list of devices and keys",
			see:     seeBoth(seeBlankRefusal, seeSign(logtext.SignCentral)),
			effects: []effect{favours(faint, cause.GroupKeyNotDerived, cause.IoTCentralDeviceNotReady)},
		},
	}
}

// seeFunctionStatus finds one of the HTTP statuses in the log of a function.
func seeFunctionStatus(statuses ...int) func(*textCase) string {
	return seeBoth(seeSign(logtext.SignFunctionLog), seeMatch(func(m *logtext.Match) bool {
		return m.Entry.Kind == codes.KindHTTP && slices.Contains(statuses, m.Entry.HTTPStatus)
	}))
}

func operatorTextRules() []textRule {
	return []textRule{
		{
			id: "operator-call-refused", why: "an operator's call was refused, so this is about the operator's credentials and not the device's",
			see:     seeBoth(seeOperatorCall, seeStatus(401, 403)),
			effects: []effect{favours(worded, cause.ServiceCredentialsInsufficient)},
		},
		{
			id: "operator-call-invalid", why: "an operator's call was rejected, so this is about its definition and not the device",
			see:     unless(seeMatch(leading(cause.APIVersionUnsupported)), seeBoth(seeOperatorCall, seeStatus(400, 409, 412))),
			effects: []effect{favours(worded, cause.ManagementRequestInvalid)},
		},
		{
			id: "hub-credentials", why: "this is a policy or the host of a hub, and calls to DPS need a policy of DPS",
			see:     seeBoth(seeSign(logtext.SignManagement), seeSign(logtext.SignHubPolicy)),
			effects: []effect{favours(exact, cause.ServiceCredentialsInsufficient)},
		},
		{
			id: "certificate-unverified", why: "this CA certificate has not been verified in the instance",
			see:     seeSign(logtext.SignUnverified),
			effects: []effect{favours(worded, cause.CANotVerified)},
		},
		{
			id: "operator-call-failed", why: "an operator's call failed, and the text does not say why",
			see: func(c *textCase) string {
				if c.matching(saysMore) != nil || c.event(logtext.EventBegun) != nil || len(c.facts(logtext.KindTopic)) > 0 {
					return ""
				}
				return seeOperatorCall(c)
			},
			effects: []effect{favours(worded, cause.ManagementRequestInvalid), favours(faint, cause.ServiceCredentialsInsufficient)},
		},
	}
}

// saysMore reports whether a match says more than that an operator's call failed.
func saysMore(m *logtext.Match) bool {
	operator := namingAny(cause.ManagementRequestInvalid, cause.ServiceCredentialsInsufficient)(m)
	return telling(m) || len(m.Entry.CauseIDs) > 0 && !operator
}

// seeStatus finds a match for one of the HTTP statuses, if no match says more.
func seeStatus(statuses ...int) func(*textCase) string {
	return func(c *textCase) string {
		if c.matching(func(m *logtext.Match) bool { return c.saysWhy(m) || telling(m) && len(m.Entry.CauseIDs) == 1 }) != nil {
			return ""
		}
		return seeMatch(func(m *logtext.Match) bool { return slices.Contains(statuses, m.Entry.HTTPStatus) })(c)
	}
}

// seeOperatorCall finds a call by a person or a tool, if no device registers.
func seeOperatorCall(c *textCase) string {
	if c.event(logtext.EventBegun) != nil || c.event(logtext.EventAssigned) != nil {
		return ""
	}
	return quoteFact(c.sign(logtext.SignManagement))
}

// topicTextRules are for lines without a match that say in other words what is wrong with what.
func topicTextRules() []textRule {
	topic := func(id, value string, effects ...effect) textRule {
		return textRule{
			id: topicPrefix + id, why: "the line says so in its own words",
			see:     func(c *textCase) string { return quoteFact(c.fact(logtext.KindTopic, value)) },
			effects: effects,
		}
	}
	return []textRule{
		topic("tpm-denied", logtext.TopicTPMDenied, favours(worded, cause.TPMAccessDenied)),
		topic("tpm-missing", logtext.TopicTPMMissing, favours(worded, cause.TPMNotAvailable)),
		topic("tpm-failed", logtext.TopicTPMFailed, favours(hinted, cause.TPMNotAvailable), favours(hinted, cause.TPMAccessDenied)),
		topic("key-pair", logtext.TopicKeyPair, favours(worded, cause.CertKeyPairMismatch)),
		topic("clock", logtext.TopicClock, favours(worded, cause.DeviceClockWrong)),
		topic("token-expired", logtext.TopicTokenExpired, favours(worded, cause.SASTokenExpired), favours(faint, cause.DeviceClockWrong)),
		topic("certificate-expired", logtext.TopicCertificateExpired, favours(worded, cause.CertExpired)),
		topic("setting-missing", logtext.TopicSettingMissing, favours(worded, cause.ClientConfigMissing)),
		topic("api-version", logtext.TopicAPIVersion, favours(worded, cause.APIVersionUnsupported)),
		topic("quota", logtext.TopicQuota, favours(worded, cause.QuotaExceeded)),
		topic("throttled", logtext.TopicThrottled, favours(worded, cause.Throttled)),
		topic("key-material", logtext.TopicKeyMaterial, favours(worded, cause.DeviceKeyMaterialUnreadable), favours(faint, cause.ClientConfigMissing)),
		topic("proxy", logtext.TopicProxy, favours(worded, cause.ProxyNotConfigured)),
		topic("name", logtext.TopicName, favours(hinted, cause.DNSFailure), favours(faint, cause.NetworkUnreachable, cause.WrongGlobalEndpoint)),
		topic("key-invalid", logtext.TopicKeyInvalid, favours(hinted, cause.SymmetricKeyMismatch), favours(hinted, cause.GroupKeyNotDerived), favours(hinted, cause.SASTokenMalformed, cause.ClientConfigMissing)),
		topic("crash", logtext.TopicCrash, favours(worded, cause.ClientDefect)),
	}
}

// topicPrefix is the prefix of the ids of the rules for topics.
const topicPrefix = "words-"

// silenceTextRules are for texts that show a registration but no reason for its end.
func silenceTextRules() []textRule {
	return []textRule{
		{
			id: "nothing-but-success", why: "the tool reports success, which means that it has written the settings, and says nothing about an answer from DPS",
			see:     seeSilence(logtext.KindEvent, logtext.EventSucceeded),
			effects: []effect{favours(hinted, cause.EnrollmentNotFound), favours(hinted, cause.WrongIDScope), favours(hinted, cause.EnrollmentDisabled)},
		},
		{
			id: "nothing-but-assigning", why: "the service accepted the request, and was still assigning a hub when the text ends",
			see: seeSilence(logtext.KindEvent, logtext.EventAssigning),
			effects: []effect{
				favours(hinted, cause.CustomAllocationFailed), favours(hinted, cause.ServiceTransient),
				weakens(cause.NetworkUnreachable, cause.DeviceClockWrong, cause.EnrollmentNotFound, cause.EnrollmentDisabled, cause.SymmetricKeyMismatch, cause.WrongIDScope),
			},
		},
		{
			id: "nothing-but-begin", why: "the registration begins, and the text ends before an answer",
			see:     unless(func(c *textCase) string { return quoteFact(c.event(logtext.EventAssigning)) }, seeSilence(logtext.KindEvent, logtext.EventBegun)),
			effects: []effect{favours(hinted, cause.EnrollmentNotFound), favours(hinted, cause.EnrollmentDisabled), favours(hinted, cause.NetworkUnreachable), favours(faint, cause.WrongIDScope), favours(faint, cause.SymmetricKeyMismatch)},
		},
		{
			id: "nothing-but-stack", why: "the trace ends before the error, in a part of the client that registers",
			see:     seeSilence(logtext.KindSign, logtext.SignStack),
			effects: []effect{favours(hinted, cause.SymmetricKeyMismatch), favours(hinted, cause.GroupKeyNotDerived), favours(hinted, cause.EnrollmentNotFound)},
		},
	}
}

// seeSilence finds a circumstance in a text without any match that says what went wrong.
func seeSilence(kind logtext.Kind, value string) func(*textCase) string {
	return func(c *textCase) string {
		anything := func(m *logtext.Match) bool { return len(m.Entry.CauseIDs) > 0 }
		if c.matching(anything) != nil || len(c.facts(logtext.KindTopic)) > 0 {
			return ""
		}
		return quoteFact(c.fact(kind, value))
	}
}
