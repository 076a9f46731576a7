package advice

import (
	"strconv"
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/probe"
)

// Record is what a resource log of the service says of a refused attempt. It is the service's own
// answer, recorded by another witness: the status, the code and the text are there, but nothing about
// the device, its credential or the network.
type Record struct {
	Status, Code int    // 0 if the record has none
	Message      string // the description, with or without the code
	Protocol     string // as the record names it
	Device       string // the registration id of one of the devices
	// Before says that the devices with this refusal had succeeded before, "" if that is not known.
	Before string
}

// isLasting reports whether a cause is a mistake in the settings of a device that does not arise by
// itself: a device that succeeded before does not have it, unless somebody changed the device.
func isLasting(id cause.ID) bool {
	switch id {
	case cause.WrongIDScope, cause.RegistrationIDInvalid, cause.GroupKeyNotDerived, cause.DerivedKeyIncorrect,
		cause.CertCNRegistrationIDMismatch, cause.CertWrongRoleOrExtensions, cause.CertChainIncomplete, cause.TPMEKMismatch:
		return true
	}
	return false
}

// RecordDiagnosis is the result for a record.
type RecordDiagnosis struct {
	Causes []Cause      // most likely first, at most 8
	Decide []cause.Step // steps that would decide between the remaining causes
}

// DiagnoseRecord judges the refusal in a record by the rules for an answer of the service. A record
// of which the rules and the catalogue know nothing has no causes.
func DiagnoseRecord(r Record) RecordDiagnosis {
	ev := r.evidence()
	c := newCases(ev, compare(ev))[0]
	c.record = &r
	causes, _ := rank(weigh(c, Rules(), Proves))
	return RecordDiagnosis{Causes: asCauses(causes, ev), Decide: decide(ev, causes)}
}

// String says what the record says, as a line of evidence.
func (r Record) String() string {
	text := "the service recorded"
	if r.Status != 0 {
		text += " " + strconv.Itoa(r.Status)
	}
	if r.Message == "" {
		return text + " without a description"
	}
	return text + " (" + quoted(r.Message) + ")"
}

// evidence is the record as the answer that the device got.
func (r Record) evidence() *probe.Evidence {
	answer := probe.Answer{
		Op: probe.OpRegister, Status: r.Status,
		Body: dps.Body{Kind: dps.BodyError, Error: &dps.ServiceError{ErrorCode: r.Code, Message: r.Message}},
	}
	device := r.Device
	if _, err := dps.CheckRegistrationID(device); err != nil {
		device = "REGISTRATION-ID" // what is not an id must not be part of a command
	}
	endpoint := dps.StandardPorts()
	endpoint.Host = dps.CloudPublic.GlobalHost()
	return &probe.Evidence{
		Target: probe.Target{Endpoint: endpoint, Scope: "ID-SCOPE", RegistrationID: device, Mode: probe.ModeRegister},
		Runs:   []probe.Run{{Transport: r.transport(), Answers: []probe.Answer{answer}, End: probe.EndRefused}},
	}
}

// transport is the transport that a record names; over WebSocket it has the same name.
func (r Record) transport() probe.TransportID {
	for _, t := range probe.Transports() {
		id := string(t.ID())
		if strings.EqualFold(id, r.Protocol) || strings.EqualFold(id, r.Protocol+"s") {
			return t.ID()
		}
	}
	return probe.Transports()[0].ID()
}
