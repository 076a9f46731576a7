package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	srv "dpsdiag/internal/service"
)

// The service API, with which an operator manages enrollments and registration states
// (azure-rest-api-specs deviceprovisioningservices/data-plane, service/routes.tsp). It reads
// and writes the enrollments that devices register against: one store, one lock.
//
// api_http.go converts HTTP requests into an apiRequest, api_auth.go checks the caller,
// and this file chooses the call. The calls are in api_record.go and api_query.go; api_wire.go
// converts records into enrollments and back.

// apiShape is the form of a path.
type apiShape string

// The forms of a path. shapeNone is a path below a collection that means nothing.
const (
	shapeNone        apiShape = ""
	shapeCollection  apiShape = "collection"          // /enrollments
	shapeRecord      apiShape = "record"              // /enrollments/{id}
	shapeQuery       apiShape = "query"               // /enrollments/query
	shapeAttestation apiShape = "attestation"         // /enrollments/{id}/attestationmechanism
	shapeState       apiShape = "registration"        // /registrations/{id}
	shapeStates      apiShape = "registrations/query" // /registrations/{groupId}/query
)

// apiRoute is the meaning of a path.
type apiRoute struct {
	shape apiShape
	// group says that the collection is that of the groups, not of individual enrollments.
	group bool
	// id is a registration id or a group id; "" for a whole collection.
	id string
}

// apiCall is a method of a path.
type apiCall struct {
	method string
	right  srv.Right
	// hasBody says that the method takes a body, which must be JSON.
	hasBody bool
	serve   func(*service, apiRequest) response
}

// apiRequest is one call of the service API.
type apiRequest struct {
	apiRoute
	condition preconditions
	// pageSize and continuation are the headers of a query, "" if absent.
	pageSize, continuation string
	body                   []byte
}

// calls lists the methods of a path. That reading the keys needs the right to write is
// assumed: the right for it is not documented.
func (to apiRoute) calls() []apiCall {
	switch to.shape {
	case shapeCollection:
		return []apiCall{{http.MethodPost, srv.RightEnrollmentWrite, true, (*service).runBulk}}
	case shapeRecord:
		return []apiCall{
			{http.MethodGet, srv.RightEnrollmentRead, false, (*service).getRecord},
			{http.MethodPut, srv.RightEnrollmentWrite, true, (*service).putRecord},
			{http.MethodDelete, srv.RightEnrollmentWrite, false, (*service).deleteRecord},
		}
	case shapeQuery:
		return []apiCall{{http.MethodPost, srv.RightEnrollmentRead, true, (*service).queryRecords}}
	case shapeAttestation:
		return []apiCall{{http.MethodPost, srv.RightEnrollmentWrite, false, (*service).getMechanism}}
	case shapeState:
		return []apiCall{
			{http.MethodGet, srv.RightRegistrationStatusRead, false, (*service).getState},
			{http.MethodDelete, srv.RightRegistrationStatusWrite, false, (*service).deleteState},
		}
	case shapeStates:
		return []apiCall{{http.MethodPost, srv.RightRegistrationStatusRead, true, (*service).queryStates}}
	}
	return nil
}

// parseAPIRoute parses a path, and reports whether it is one of the service API at all. A
// path without an id is that of the collection, which few methods take: so a client that
// leaves the id out gets 405 (learn.microsoft.com: iot-dps/how-to-troubleshoot-dps). The
// names of collections are compared without case: azure-iot-sdk-node writes
// /enrollmentgroups/ for the attestation mechanism, and a slash at the end for bulk.
func parseAPIRoute(method string, segments []string) (apiRoute, bool) {
	collection, ok := oneOf(segments[0], srv.Enrollments, srv.EnrollmentGroups, srv.Registrations)
	if !ok {
		return apiRoute{}, false
	}
	rest := segments[1:]
	if last := len(rest) - 1; last >= 0 && rest[last] == "" {
		rest = rest[:last]
	}
	to := apiRoute{group: collection == srv.EnrollmentGroups}
	if len(rest) > 0 {
		to.id = rest[0]
	}
	if collection == srv.Registrations {
		to.shape = stateShape(rest)
		return to, true
	}
	to.shape = recordShape(method, rest)
	if to.shape == shapeQuery {
		to.id = ""
	}
	return to, true
}

// recordShape is the shape of a path below enrollments or groups. Only a POST makes the id
// "query" a query.
func recordShape(method string, rest []string) apiShape {
	switch {
	case len(rest) == 0:
		return shapeCollection
	case len(rest) == 1 && method == http.MethodPost && strings.EqualFold(rest[0], srv.QuerySegment):
		return shapeQuery
	case len(rest) == 1:
		return shapeRecord
	case len(rest) == 2 && strings.EqualFold(rest[1], srv.AttestationSegment):
		return shapeAttestation
	}
	return shapeNone
}

// stateShape is the shape of a path below registrations.
func stateShape(rest []string) apiShape {
	switch {
	case len(rest) <= 1:
		return shapeState
	case len(rest) == 2 && strings.EqualFold(rest[1], srv.QuerySegment):
		return shapeStates
	}
	return shapeNone
}

// manage serves an authenticated call. A fault at opService answers in its place.
func (s *service) manage(call apiCall, r apiRequest) response {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.strike(opService, r.id, s.managed)
	if f != nil && f.answer.speaks() {
		return s.refuse(f.answer.refusal())
	}
	answer := call.serve(s, r)
	if f != nil {
		answer.delivery = f.answer.delivery
	}
	return answer
}

// find returns the enrollment or group of a route, nil if there is none.
func (s *service) find(to apiRoute) *enrollment {
	if to.group {
		return s.enrolled.groupNamed(to.id)
	}
	return s.enrolled.individual(to.id)
}

// record answers with a record and its ETag.
func (s *service) record(body json.RawMessage, etag string) response {
	answer := s.ok(body)
	answer.header = map[string]string{"ETag": quoteETag(etag)}
	return answer
}

// noContent is the answer to a deletion.
func (s *service) noContent() response {
	return response{status: http.StatusNoContent, trackingID: s.random.guid()}
}

// Messages of the service for records that are not there or that are there already. 404201
// and 409201 were seen with individual enrollments (GitHub issue
// MicrosoftDocs/azure-docs#57082; devgem.io, "Updating Azure DPS Enrollments: Navigating
// Error 409201"). That groups have the same numbers is assumed.
const (
	messageNoEnrollment   = "Enrollment not found."
	messageNoRegistration = "Registration not found."
	messageExists         = "Enrollment already exists"
)

func noRecord(to apiRoute) *refusal {
	what := "individual enrollment"
	if to.group {
		what = "group"
	}
	return notFound(reasonEnrollment, 404201, messageNoEnrollment, fmt.Sprintf("there is no %s %q", what, to.id))
}

// preconditions are those of a request: the values of its headers, nil for an
// absent one.
type preconditions struct{ ifMatch, ifNoneMatch []string }

// check checks the preconditions against the ETag of the stored record, "" for no record
// (RFC 9110). The six digits of the real answer are not known, so the code is that of the
// class. If-None-Match is not in the specification of the API; it is as in the RFC.
func (c preconditions) check(etag string) *refusal {
	switch {
	case c.ifMatch != nil && etag == "":
		return bare(http.StatusPreconditionFailed, "If-Match was sent, and there is no such record")
	case c.ifMatch != nil && !matchesETag(c.ifMatch, etag):
		return bare(http.StatusPreconditionFailed, "the ETag of If-Match is not that of the record, which was changed since it was read")
	case c.ifNoneMatch != nil && etag != "" && matchesETag(c.ifNoneMatch, etag):
		return bare(http.StatusPreconditionFailed, "the record exists, and If-None-Match excludes it")
	}
	return nil
}

// matchesETag reports whether one of a header's values is the ETag or "*". Clients send the
// ETag with and without quotation marks (azure-iot-sdk-csharp quotes it, azure-iot-sdk-node
// sends it as the record has it).
func matchesETag(values []string, etag string) bool {
	return slices.ContainsFunc(values, func(value string) bool {
		return value == "*" || strings.Trim(value, `"`) == strings.Trim(etag, `"`)
	})
}

// quoteETag is the ETag as a header has it.
func quoteETag(etag string) string { return `"` + strings.Trim(etag, `"`) + `"` }
