package emulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/dps"
	srv "dpsdiag/internal/service"
)

// Sizes of a page. The real ones are not known.
const (
	defaultPage = 100
	maxPage     = 1000
)

// Values of the header for the type of a page's items. .NET reads them without regard to
// case (azure-iot-sdk-csharp provisioning/service/src/Config/QueryResultType.cs); the case
// of the service is not known.
const (
	itemEnrollment   = "Enrollment"
	itemGroup        = "EnrollmentGroup"
	itemRegistration = "DeviceRegistration"
)

// item is one result of a query: its key, by which results are in order, and its JSON.
type item struct {
	key  string
	json func() json.RawMessage
}

// queryRecords answers with a page of individual enrollments or groups. They have neither
// keys nor registration states (GitHub issue Azure/azure-iot-sdk-csharp#3478).
func (s *service) queryRecords(r apiRequest) response {
	kind, name, entries := itemEnrollment, srv.Enrollments, s.enrolled.allIndividuals()
	if r.group {
		kind, name, entries = itemGroup, srv.EnrollmentGroups, s.enrolled.allGroups()
	}
	if refused := checkQuery(r.body, name); refused != nil {
		return s.refuse(refused)
	}
	var items []item
	for _, entry := range entries {
		items = append(items, item{strings.ToLower(entry.name), func() json.RawMessage { return s.reveal(entry, false, false) }})
	}
	return s.page(r, kind, items)
}

// queryStates answers with a page of the registration states of a group's devices.
func (s *service) queryStates(r apiRequest) response {
	group := s.enrolled.groupNamed(r.id)
	if group == nil {
		return s.refuse(noRecord(apiRoute{group: true, id: r.id}))
	}
	if refused := checkQuery(r.body, srv.Registrations); refused != nil {
		return s.refuse(refused)
	}
	var items []item
	for element := s.registry.recent.Front(); element != nil; element = element.Next() {
		rec := element.Value.(*record)
		if state := rec.state(); state != nil && strings.EqualFold(groupOf(*state), group.name) {
			items = append(items, item{rec.key, func() json.RawMessage { return encodeState(*state) }})
		}
	}
	return s.page(r, itemRegistration, items)
}

// checkQuery checks the text of a query: "SELECT *", which the Azure CLI sends, or "SELECT *
// FROM" the name of the collection, which the SDKs send. No client is known to send a
// condition; that none is accepted is assumed.
func checkQuery(body []byte, collection string) *refusal {
	var query srv.QuerySpecification
	if err := json.Unmarshal(body, &query); err != nil {
		return unreadable(err.Error())
	}
	words := strings.Fields(strings.TrimRight(strings.TrimSpace(query.Query), ";"))
	is := func(at int, word string) bool { return strings.EqualFold(words[at], word) }
	all := len(words) >= 2 && is(0, "select") && is(1, "*")
	switch {
	case all && len(words) == 2, all && len(words) == 4 && is(2, "from") && is(3, collection):
		return nil
	}
	return badRequest(reasonRequest, "The query is invalid.", fmt.Sprintf("the query is not \"SELECT * FROM %s\"", collection))
}

// page answers with the items after the continuation of the request.
func (s *service) page(r apiRequest, kind string, items []item) response {
	size, refused := pageSize(r.pageSize)
	if refused != nil {
		return s.refuse(refused)
	}
	after, refused := readContinuation(r.continuation)
	if refused != nil {
		return s.refuse(refused)
	}
	items = slices.DeleteFunc(items, func(i item) bool { return i.key <= after })
	slices.SortFunc(items, func(a, b item) int { return strings.Compare(a.key, b.key) })
	answer := s.ok(nil)
	answer.header = map[string]string{srv.HeaderItemType: kind, srv.HeaderMaxItemCount: strconv.Itoa(size)}
	if len(items) > size {
		items = items[:size]
		answer.header[srv.HeaderContinuation] = writeContinuation(items[size-1].key)
	}
	list := []json.RawMessage{}
	for _, i := range items {
		list = append(list, i.json())
	}
	answer.body = list
	return answer
}

func pageSize(text string) (int, *refusal) {
	if text == "" {
		return defaultPage, nil
	}
	size, err := strconv.Atoi(text)
	if err != nil || size < 1 {
		return 0, badRequest(reasonRequest, "The page size is invalid.", srv.HeaderMaxItemCount+" is not a positive number")
	}
	return min(size, maxPage), nil
}

// continuationPrefix marks a continuation: what follows is the key of the last item. A page
// is complete even if records were added or removed in between.
const continuationPrefix = "after:"

func writeContinuation(key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(continuationPrefix + key))
}

func readContinuation(text string) (after string, refused *refusal) {
	if text == "" {
		return "", nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	after, ok := strings.CutPrefix(string(decoded), continuationPrefix)
	if err != nil || !ok {
		return "", badRequest(reasonRequest, "The continuation token is invalid.", srv.HeaderContinuation+" was not sent by this service")
	}
	return after, nil
}

// getState answers with the registration state of a device.
func (s *service) getState(r apiRequest) response {
	state := s.registry.peek(r.id).state()
	if state == nil {
		return s.refuse(noState(r.id))
	}
	return s.record(encodeState(*state), state.ETag)
}

// deleteState forgets the registrations of a device. What the hub knows of the device stays
// (learn.microsoft.com: iot-dps/how-to-unprovision-devices).
func (s *service) deleteState(r apiRequest) response {
	rec := s.registry.peek(r.id)
	state := rec.state()
	if state == nil {
		return s.refuse(noState(r.id))
	}
	if refused := r.condition.check(state.ETag); refused != nil {
		return s.refuse(refused)
	}
	rec.forget()
	return s.noContent()
}

// noState is assumed: see lookup in service.go.
func noState(id string) *refusal {
	return notFound(reasonEnrollment, 404202, messageNoRegistration, fmt.Sprintf("there is no registration of %q", id))
}

// state returns the state of the last registration, nil if there is none.
func (r *record) state() *dps.Registration {
	switch {
	case r == nil:
		return nil
	case r.last != nil:
		last := *r.last
		return &last
	case len(r.pending) == 0:
		return nil
	}
	state := r.pending[len(r.pending)-1].outcome
	return &dps.Registration{
		RegistrationID: state.RegistrationID, Status: dps.StatusAssigning, Created: timestamp(r.created),
		X509: state.X509, SymmetricKey: state.SymmetricKey,
	}
}

// forget removes what is known of registrations.
func (r *record) forget() { r.last, r.pending, r.hub = nil, nil, "" }

// groupOf returns the group of a registration, "" for an individual enrollment.
func groupOf(state dps.Registration) string {
	switch {
	case state.X509 != nil:
		return state.X509.EnrollmentGroupID
	case state.SymmetricKey != nil:
		return state.SymmetricKey.EnrollmentGroupID
	}
	return ""
}

func encodeState(state dps.Registration) json.RawMessage {
	b, _ := json.Marshal(srv.StateOf(state)) // its payload is JSON, which was checked
	return b
}
