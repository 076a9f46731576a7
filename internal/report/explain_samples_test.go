package report

import (
	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

func explainSamples() []sample {
	return []sample{
		{"explain-code", NewAnswers([]Answer{&CodeAnswer{Entries: []*codes.Entry{throttlingEntry(), throttledDPSEntry()}}})},
		{"explain-cause", NewAnswers([]Answer{&CauseAnswer{throttledCause()}})},
		{"explain-no-scenario", NewAnswers([]Answer{&CauseAnswer{&cause.Definition{
			ID: cause.QuotaExceeded, Title: "Quota used up", Meaning: "A daily or total limit of the instance is reached.",
			Confirm: []string{"Read the quotas of the instance"}, Remedies: []string{"Raise the limit"},
			NoScenario: "the limit is one of the whole instance and shows in no answer to a device",
		}}})},
		{"explain-unknown", NewAnswers([]Answer{&UnknownAnswer{
			Query: "404999", Class: 404, Nearest: []*codes.Entry{throttledDPSEntry(), codes.ByID("http-404")},
		}})},
		{"explain-nothing-near", NewAnswers([]Answer{&UnknownAnswer{Query: "999999"}})},
		{"explain-several", NewAnswers([]Answer{
			&CodeAnswer{Entries: []*codes.Entry{throttlingEntry()}},
			&CodeAnswer{Entries: []*codes.Entry{throttledDPSEntry()}},
			&UnknownAnswer{Query: hostileText},
		})},
		{"explain-warning", NewAnswers([]Answer{&NoticeAnswer{&cause.Notice{
			Name: cause.CertExpiresSoon, Title: "A certificate expires soon", Meaning: "It is valid now and expires within 30 days.",
			Remedies: []string{"Renew it", "Give every device the new chain"},
		}}})},
		{"explain-parts", NewParts(
			NewAnswers([]Answer{&CodeAnswer{Entries: []*codes.Entry{throttlingEntry()}}, &UnknownAnswer{Query: hostileText}}),
			NewLog(certificateLog(), certificateDiagnosis()))},
		{"explain-common", NewCommon([]*codes.Entry{throttlingEntry(), codes.ByID("http-401"), codes.ByID("http-415")})},
		{"explain-catalogue", NewCatalogue([]*codes.Entry{throttlingEntry(), throttledDPSEntry(), longEntry()})},
	}
}

func throttlingEntry() *codes.Entry {
	return &codes.Entry{
		ID: "http-429", Kind: codes.KindHTTP, Code: "429", Name: "Too many requests", HTTPStatus: 429,
		Messages:   []string{"429 Too many requests"},
		Meaning:    "DPS is throttling this instance. Registration (PUT) and polling (GET) have separate limits and both are enforced.",
		Causes:     []string{"Fleet boots or re-registers at the same moment", "Devices provision on every boot instead of using cached hub details"},
		Remedies:   []string{"Wait the retry-after seconds the service gives (header, MQTT topic parameter or AMQP property)", "Without it use exponential backoff with random jitter"},
		Retry:      codes.RetryBackoff,
		AppliesTo:  []string{"device-api", "service-api"},
		Sources:    []string{"seed", "MicrosoftDocs/azure-docs articles/iot-dps/how-to-troubleshoot-dps.md"},
		Confidence: "documented",
		CauseIDs:   []cause.ID{cause.Throttled, cause.ServiceTransient},
		Conflict:   "Older text gives a limit of 200 registrations a minute; a docs change says 1,000.",
	}
}

func throttledDPSEntry() *codes.Entry {
	return &codes.Entry{
		ID: "dps-429001", Kind: codes.KindDPS, Code: "429001", Name: "Throttled", HTTPStatus: 429,
		Meaning: "The DPS instance is over its rate limit.", Causes: []string{"Retry storm"}, Remedies: []string{"Spread the fleet"},
		Retry: codes.RetryBackoff, Sources: []string{"https://github.com/Azure/azure-iot-sdk-c/pull/1703"}, Confidence: "observed",
		CauseIDs: []cause.ID{cause.Throttled},
	}
}

func longEntry() *codes.Entry {
	return &codes.Entry{
		ID: "net-long", Kind: codes.KindSDK, Code: "Query_Status_operation_returned_a_failed_registration_status_with_a_status_code_of_200",
		Meaning: "The poll was answered. Not as hoped.", Causes: []string{"Any"}, Remedies: []string{"Read the body"}, Retry: codes.RetryNo,
		Sources: []string{"seed"}, NoCauseReason: "a wrapper",
	}
}

func throttledCause() *cause.Definition {
	return &cause.Definition{
		ID: cause.Throttled, Title: "Service is throttling", Meaning: "The instance gets more requests than its limits allow.",
		Confirm:  []string{"Count the registrations a minute of all devices of the instance"},
		Remedies: []string{"Wait for Retry-After", "Spread the fleet"},
		Scenario: "throttled",
		Decide: &cause.Step{
			How: "A lookup later shows whether the first attempt went through.", Command: "dpsdiag probe --lookup --id-scope SCOPE --registration-id ID --key-file KEY-FILE",
		},
	}
}
