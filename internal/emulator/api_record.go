package emulator

import (
	"fmt"
	"net/http"
	"strings"

	srv "dpsdiag/internal/service"
)

// getRecord answers with an individual enrollment or a group. It has no symmetric keys
// (GitHub issue Azure/azure-iot-sdk-csharp#1183).
func (s *service) getRecord(r apiRequest) response {
	entry := s.find(r.apiRoute)
	if entry == nil {
		return s.refuse(noRecord(r.apiRoute))
	}
	return s.record(s.reveal(entry, true, false), entry.written.settings.ETag)
}

// getMechanism answers with the attestation of a record, keys included.
func (s *service) getMechanism(r apiRequest) response {
	entry := s.find(r.apiRoute)
	if entry == nil {
		return s.refuse(noRecord(r.apiRoute))
	}
	return s.ok(mechanismOf(entry, true).Reveal())
}

// putRecord creates or replaces a record. A record that exists is replaced only if the
// caller sends If-Match (GitHub issue Azure/azure-iot-sdk-csharp#3076). The answer contains the
// keys (azure-iot-sdk-csharp e2e/test/provisioning/ProvisioningE2ETests.cs reads them there).
func (s *service) putRecord(r apiRequest) response {
	old := s.find(r.apiRoute)
	if refused := r.condition.check(etagOf(old)); refused != nil {
		return s.refuse(refused)
	}
	if old != nil && r.condition.ifMatch == nil {
		return s.refuse(exists(r.apiRoute))
	}
	wire, refused := decodeRecord(r.group, r.body)
	if refused == nil && !strings.EqualFold(wire.name, r.id) {
		// Assumed, as for the body of a registration.
		refused = badRequest(reasonRequest, "The id of the body is not that of the request.", "the body is of another record, or has no id")
	}
	if refused != nil {
		return s.refuse(refused)
	}
	entry, refused := s.enroll(r.apiRoute, wire, old)
	if refused != nil {
		return s.refuse(refused)
	}
	return s.record(s.reveal(entry, false, true), entry.written.settings.ETag)
}

// deleteRecord removes a record. The registrations that it led to stay (assumed), and a
// device whose connection is open keeps its credential until that ends.
func (s *service) deleteRecord(r apiRequest) response {
	entry := s.find(r.apiRoute)
	if entry == nil {
		return s.refuse(noRecord(r.apiRoute))
	}
	if refused := r.condition.check(entry.written.settings.ETag); refused != nil {
		return s.refuse(refused)
	}
	s.expelRecord(entry)
	return s.noContent()
}

func (s *service) expelRecord(entry *enrollment) {
	s.enrolled.remove(entry)
	delete(s.hubKeys, entry)
}

// enroll makes an enrollment of a record and puts it in place of the old one, if any. The id
// keeps the spelling of the first record.
func (s *service) enroll(to apiRoute, wire wireRecord, old *enrollment) (*enrollment, *refusal) {
	entry, refused := s.enrollmentOf(to, wire, old)
	if refused != nil {
		return nil, refused
	}
	now := s.now()
	set := &entry.written.settings
	set.ETag, set.LastUpdated, set.Created = s.random.etag(now), timestamp(now), timestamp(now)
	if old != nil {
		entry.name, set.Created = old.name, old.written.settings.Created
		if key, ok := s.hubKeys[old]; ok && entry.tpm == old.tpm {
			s.hubKeys[entry] = key
		}
		delete(s.hubKeys, old)
	}
	s.enrolled.add(entry)
	return entry, nil
}

func exists(to apiRoute) *refusal {
	return &refusal{
		reason: reasonRequest, status: http.StatusConflict, code: 409201, message: messageExists,
		why: fmt.Sprintf("%q is enrolled already, and no If-Match was sent", to.id),
	}
}

func etagOf(entry *enrollment) string {
	if entry == nil {
		return ""
	}
	return entry.written.settings.ETag
}

// runBulk runs a bulk operation. Its answer is 200 even if some records are refused.
func (s *service) runBulk(r apiRequest) response {
	mode, records, refused := decodeBulk(r.group, r.body)
	if refused != nil {
		return s.refuse(refused)
	}
	individual := srv.BulkEnrollmentOperationResult{Errors: []srv.BulkEnrollmentOperationError{}}
	group := srv.BulkEnrollmentGroupOperationResult{Errors: []srv.BulkEnrollmentGroupOperationError{}}
	for _, wire := range records {
		to := apiRoute{shape: shapeRecord, group: r.group, id: wire.name}
		if refused := s.bulkOne(to, wire, mode); refused != nil {
			individual.Errors = append(individual.Errors, srv.BulkEnrollmentOperationError{RegistrationID: wire.name, ErrorCode: refused.code, ErrorStatus: refused.message})
			group.Errors = append(group.Errors, srv.BulkEnrollmentGroupOperationError{EnrollmentGroupID: wire.name, ErrorCode: refused.code, ErrorStatus: refused.message})
		}
	}
	if r.group {
		group.IsSuccessful = len(group.Errors) == 0
		return s.ok(group)
	}
	individual.IsSuccessful = len(individual.Errors) == 0
	return s.ok(individual)
}

// bulkOne does the operation on one record.
func (s *service) bulkOne(to apiRoute, wire wireRecord, mode srv.OperationMode) *refusal {
	old := s.find(to)
	switch {
	case mode == srv.ModeCreate && old != nil:
		return exists(to)
	case mode != srv.ModeCreate && old == nil:
		return noRecord(to)
	case mode == srv.ModeUpdateIfMatchETag:
		if refused := (preconditions{ifMatch: []string{wire.settings.ETag}}).check(etagOf(old)); refused != nil {
			return refused
		}
	case mode == srv.ModeDelete:
		s.expelRecord(old)
		return nil
	}
	_, refused := s.enroll(to, wire, old)
	return refused
}
