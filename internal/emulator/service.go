package emulator

import (
	"crypto/x509"
	"net/http"
	"strings"
	"sync"
	"time"

	"dpsdiag/internal/dps"
)

// settings are what distinguishes one service from another. They do not change while it
// runs.
type settings struct {
	scope string
	// apiVersions are the accepted ones; nil accepts every one of the right form.
	apiVersions []string
	// polls is how many status calls are answered "assigning" before the end.
	polls      int
	retryAfter time.Duration // of every "assigning" answer
	hubs       []hub
	enrolled   *enrollments
	faults     []*fault
	limits     *limits // nil enforces none
	stub       string  // address of the stub hub, host:port
	issuing    func() (*issuingAuthority, error)
	issued     issuedFault // "" issues good certificates

	// policies and bearer are the credentials of the service API, hosts its names.
	policies    []accessPolicy
	bearer      dps.Secret
	hosts       []string
	authorities []authority
}

// service is the registration state machine, shared by all listeners. Its methods may be
// called from several goroutines.
type service struct {
	settings
	now    func() time.Time
	random *source

	mu       sync.Mutex // guards the following fields and their contents
	registry registry
	// registrations are the register calls that were taken.
	registrations window
	// hubKeys are, for each challenged TPM, the key for its hub as in the registration state:
	// encrypted to that TPM.
	hubKeys map[*enrollment][]byte
	// managed counts the faults of the service API, for all its callers together.
	managed map[*fault]int
}

func newService(s settings, now func() time.Time, random *source) *service {
	return &service{
		settings: s, now: now, random: random, registry: newRegistry(maxRegistrations),
		hubKeys: map[*enrollment][]byte{}, managed: map[*fault]int{},
	}
}

// serve answers a call that includes its credential.
func (s *service) serve(c claim, r request) response {
	caller, refused := s.authenticate(c)
	if refused != nil {
		return s.refuse(refused)
	}
	return s.call(caller, r)
}

// call answers a call of an authenticated caller.
func (s *service) call(c *caller, r request) response {
	var signing *x509.CertificateRequest
	if r.operation != opStatus {
		body, refused := checkBody(r.body, c.registrationID)
		if refused == nil {
			signing, refused = s.signingRequest(c, r.operation, body.CSR)
		}
		if refused != nil {
			return s.refuse(refused)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.registry.open(c.registrationID)
	f := s.strike(r.operation, c.registrationID, rec.met)
	if f != nil && f.answer.speaks() {
		return s.refuse(f.answer.refusal())
	}
	if refused := s.throttle(rec, r.operation); refused != nil {
		return s.refuse(refused)
	}
	answer := s.answer(c, rec, r, signing)
	if f == nil {
		return answer
	}
	answer.delivery = f.answer.delivery
	return answer
}

// answer is the service's own answer to a call.
func (s *service) answer(c *caller, rec *record, r request, signing *x509.CertificateRequest) response {
	switch r.operation {
	case opRegister:
		return s.register(c, rec, signing)
	case opStatus:
		return s.status(c, rec, r.operationID)
	default:
		return s.lookup(c, rec)
	}
}

// subscribe marks the time at which a caller can receive answers, and reports whether a
// fault cuts its connection there.
func (s *service) subscribe(c *caller) (cuts bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.strike(opSubscribe, c.registrationID, s.registry.open(c.registrationID).met) != nil
}

// checkBody refuses a body that cannot be parsed, or that names another device. The real
// service's answer to the latter is assumed.
func checkBody(body []byte, id string) (registrationBody, *refusal) {
	if len(body) > MaxBody {
		return registrationBody{}, bare(http.StatusRequestEntityTooLarge, "the body is larger than a message may be")
	}
	parsed, err := parseBody(body)
	if err != nil {
		return registrationBody{}, unreadable(err.Error())
	}
	if parsed.RegistrationID != "" && !strings.EqualFold(parsed.RegistrationID, id) {
		return registrationBody{}, badRequest(reasonRequest, "The registrationId of the body is not that of the request.", "the body is of another registration id")
	}
	return parsed, nil
}

// refuse converts a refusal into the answer for every transport.
func (s *service) refuse(r *refusal) response {
	answer := response{
		status: r.status, errorCode: r.code, trackingID: s.random.guid(),
		retryAfter: r.wait, foreign: r.foreign, refused: r, delivery: r.delivery,
	}
	if r.challenge != nil {
		answer.body = r.challenge
	}
	if r.code != 0 {
		answer.body = &dps.ServiceError{
			ErrorCode: r.code, TrackingID: answer.trackingID, Message: r.message, Timestamp: timestamp(s.now()),
		}
	}
	return answer
}

// register starts a registration. The first answer has no registrationState, as in every
// log of the real service.
func (s *service) register(c *caller, rec *record, signing *x509.CertificateRequest) response {
	p := &pending{operationID: s.random.operationID(), polls: s.polls, credential: c.hubCredential()}
	p.outcome = s.decide(c, rec)
	if signing != nil && p.outcome.Status == dps.StatusAssigned {
		chain, err := s.issue(signing, c.enrollment.issuance)
		if err != nil {
			return s.refuse(bare(http.StatusInternalServerError, err.Error()))
		}
		p.outcome.IssuedCertificateChain, p.credential = chain, hubCredential{issued: true}
	}
	p.endless = p.outcome.Status == dps.StatusAssigning
	rec.begin(p, s.now())
	return s.assigning(&dps.Operation{OperationID: p.operationID, Status: dps.StatusAssigning})
}

// status answers a poll: 202 with the few known fields, then 200 with the outcome. Some
// clients need registrationId and status in the first (iot-identity-service
// identity/aziot-cloud-client-async/src/dps/schema.rs).
func (s *service) status(c *caller, rec *record, operationID string) response {
	p := rec.find(operationID)
	if p == nil {
		// Assumed: the class is documented, the six digits are not.
		return s.refuse(notFound(reasonOperation, generic(http.StatusNotFound), "Operation not found.", "no such operation of this registration id"))
	}
	if p.waits() {
		return s.assigning(&dps.Operation{OperationID: operationID, Status: dps.StatusAssigning, Registration: underWay(c)})
	}
	s.conclude(rec, p)
	outcome := p.outcome
	return s.ok(&dps.Operation{OperationID: operationID, Status: outcome.Status, Registration: &outcome})
}

// conclude ends a registration that has not ended.
func (s *service) conclude(rec *record, p *pending) {
	if !p.done {
		now := s.now()
		rec.finish(p, now, s.random.etag(now))
		s.settle(rec, p)
	}
}

// lookup answers with the registration's state, without an operation and without an issued
// certificate (azure-rest-api-specs deviceprovisioningservices/data-plane,
// device/models.tsp). A registration goes on when nobody polls, so a lookup counts as a poll of
// the newest.
func (s *service) lookup(c *caller, rec *record) response {
	if n := len(rec.pending); n > 0 && !rec.pending[n-1].done {
		newest := rec.pending[n-1]
		if newest.waits() {
			return s.ok(underWay(c))
		}
		s.conclude(rec, newest)
	}
	if rec.last != nil {
		last := *rec.last
		last.IssuedCertificateChain = nil
		return s.ok(&last)
	}
	// Assumed: the only not-found code seen other than 404201 whose meaning is not documented.
	return s.refuse(notFound(reasonEnrollment, 404202, messageNoRegistration, "this device has not registered yet"))
}

func underWay(c *caller) *dps.Registration {
	return &dps.Registration{RegistrationID: c.registrationID, Status: dps.StatusAssigning}
}

func (s *service) ok(body any) response {
	return response{status: http.StatusOK, body: body, trackingID: s.random.guid()}
}

func (s *service) assigning(body *dps.Operation) response {
	wait := s.retryAfter
	return response{
		status: http.StatusAccepted, body: body, trackingID: s.random.guid(),
		retryAfter: &wait, operationID: body.OperationID,
	}
}
