package report

import (
	"dpsdiag/internal/advice"
	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/logtext"
)

func logSamples() []sample {
	return []sample{
		{"explain-log", NewLog(certificateLog(), certificateDiagnosis())},
		{"explain-log-several", NewLog(severalLogs(), advice.TextDiagnosis{
			Causes: []advice.Cause{{Definition: throttledCause(), Strength: advice.Proves, Because: []string{`b.log line 9: "429 Too many requests" has this as its only likely cause`}, Explain: "429"}},
		})},
		{"explain-log-registered", NewLog(&logtext.Findings{
			Inputs:  []logtext.Input{{Encoding: logtext.UTF8, Lines: 12}},
			Outcome: logtext.Outcome{State: logtext.OutcomeRegistered, Line: logtext.Line{Place: logtext.Place{Line: 9}}, Hub: "contoso-hub.azure-devices.net", DeviceID: hostileText},
		}, advice.TextDiagnosis{Notes: []advice.Note{{Place: logtext.Place{Line: 1}, Text: "IoT Edge 1.4 is out of support", Source: "a page of " + hostileText}}})},
		{"explain-log-recovered", NewLog(recoveredLog(), advice.TextDiagnosis{})},
		{"explain-log-unfinished", NewLog(&logtext.Findings{
			Inputs:  []logtext.Input{{Encoding: logtext.UTF8, Lines: 3}},
			Outcome: logtext.Outcome{State: logtext.OutcomeUnfinished, Line: logtext.Line{Place: logtext.Place{Line: 2}}},
		}, advice.TextDiagnosis{Collect: []advice.Collect{{Client: "Azure CLI", How: "add --debug to the az command"}}})},
		{"explain-log-unknown", NewLog(&logtext.Findings{
			Inputs:    []logtext.Input{{Encoding: logtext.UTF8, Lines: 1}},
			Unmatched: []logtext.Line{{Place: logtext.Place{Line: 1}, Text: "the registration " + hostileText + " failed for good"}},
			Dropped:   []logtext.Match{{Entry: throttledDPSEntry(), Places: []logtext.Place{{Line: 1}}, Count: 1, Phrase: "failed"}},
		}, advice.TextDiagnosis{Collect: []advice.Collect{{Client: "Azure CLI", How: "add --debug to the az command"}}})},
	}
}

// recoveredLog is a log of a device that was throttled before it registered.
func recoveredLog() *logtext.Findings {
	return &logtext.Findings{
		Inputs:  []logtext.Input{{Encoding: logtext.UTF8, Lines: 12}},
		Matches: []logtext.Match{{Entry: throttlingEntry(), Phrase: "429 Too many requests", Places: []logtext.Place{{Line: 3}}, Count: 1}},
		Outcome: logtext.Outcome{
			State: logtext.OutcomeRecovered, Line: logtext.Line{Place: logtext.Place{Line: 9}}, Hub: "contoso-hub.azure-devices.net",
			Failed: logtext.Line{Place: logtext.Place{Line: 3}, Text: hostileText},
		},
	}
}

// certificateLog is a log with more lines of one error than are shown.
func certificateLog() *logtext.Findings {
	line := func(n int) logtext.Place { return logtext.Place{Line: n} }
	var many []logtext.Place
	for n := range 6 {
		many = append(many, line(n+1))
	}
	return &logtext.Findings{
		Inputs:  []logtext.Input{{Encoding: logtext.UTF8, Lines: 4211}},
		Outcome: logtext.Outcome{State: logtext.OutcomeRefused, Line: logtext.Line{Place: logtext.Place{Line: 7}}},
		Matches: []logtext.Match{
			{Entry: throttledDPSEntry(), Phrase: `errorCode":429001`, Places: []logtext.Place{line(7)}, Count: 1, TrackingIDs: []string{"0a1b-2c3d"}},
			{Entry: throttlingEntry(), Phrase: "429 Too many requests", Places: many, Count: 250},
			{Entry: longEntry(), Phrase: hostileText, Places: []logtext.Place{line(2), line(3)}, Count: 2},
		},
		IDs: logtext.IDs{
			Scopes:          []logtext.ID{{Value: "0ne0045B3C6", Place: line(1)}},
			RegistrationIDs: []logtext.ID{{Value: "sensor-17", Place: line(1)}, {Value: hostileText, Place: line(3)}},
		},
		Facts: []logtext.Fact{{Kind: logtext.KindAttestation, Value: "x509", Line: logtext.Line{Place: line(4), Text: "via X509"}}},
	}
}

func certificateDiagnosis() advice.TextDiagnosis {
	excluded := func(id cause.ID, title string) advice.Cause {
		return advice.Cause{Definition: &cause.Definition{ID: id, Title: title}, Because: []string{`line 4: "via X509": the device attests with a certificate`}}
	}
	return advice.TextDiagnosis{
		Causes: []advice.Cause{
			{
				Definition: throttledCause(), Strength: advice.Suggests, Because: []string{`line 7: "` + hostileText + `" has this as the first of 2 likely causes`, "against it: nothing"},
				Remedies: []string{"Wait for Retry-After"}, Explain: "429001",
			},
			{Definition: &cause.Definition{ID: cause.ServiceTransient, Title: "Service fault"}, Strength: advice.Allows, Because: []string{"line 8: so it is"}, Explain: "service-transient"},
		},
		RuledOut: []advice.Cause{excluded(cause.SymmetricKeyMismatch, "Symmetric key is not the enrolled one"), excluded(cause.GroupKeyNotDerived, "Group key used directly")},
		Decide:   []cause.Step{{How: "Register the device itself", Command: "dpsdiag probe --id-scope 0ne0045B3C6 --registration-id sensor-17 --cert CERT-FILE --cert-key CERT-KEY-FILE"}},
	}
}

func severalLogs() *logtext.Findings {
	return &logtext.Findings{
		Inputs: []logtext.Input{{Name: "a.log", Encoding: logtext.UTF16LE, Lines: 1}, {Name: "b.log", Encoding: logtext.UTF8, Lines: 12}},
		Matches: []logtext.Match{{
			Entry:  &codes.Entry{ID: "http-429", Kind: codes.KindHTTP, Code: "429", Name: "Too many requests", CauseIDs: []cause.ID{cause.Throttled}},
			Phrase: "429 Too many requests", Places: []logtext.Place{{Input: "a.log", Line: 1}, {Input: "b.log", Line: 9}}, Count: 2,
		}},
	}
}
