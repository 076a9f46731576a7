package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
)

// caller is a device that has proven itself, for one call or one connection.
type caller struct {
	scope          string
	registrationID string // as the device spells it
	enrollment     *enrollment
}

// authenticate checks who is calling. HTTPS does it with every call, the other transports
// when a connection opens. A disabled enrollment still authenticates: the registration
// then ends as disabled.
func (s *service) authenticate(c claim) (*caller, *refusal) {
	if f := s.strike(opConnect, c.registrationID, nil); f != nil {
		return nil, f.answer.refusal()
	}
	if refused := s.checkClaim(c); refused != nil {
		return nil, refused
	}
	entry, refused := s.verify(c)
	if refused != nil {
		return nil, refused
	}
	return &caller{scope: c.scope, registrationID: c.registrationID, enrollment: entry}, nil
}

// checkClaim refuses what no credential could make good.
func (s *service) checkClaim(c claim) *refusal {
	if !strings.EqualFold(c.scope, s.scope) {
		// Assumed: documents class it as 404 and no report shows a body, so there is none.
		return &refusal{reason: reasonScope, status: http.StatusNotFound, why: fmt.Sprintf("the id scope is %q here", s.scope)}
	}
	if !s.speaks(c.apiVersion) {
		return badRequest(reasonAPIVersion, "Unsupported API version "+c.apiVersion+".", "the api-version is not among those taken")
	}
	if err := checkID(c.registrationID); err != nil {
		return badRequest(reasonRequest, "Invalid RegistrationId", err.Error())
	}
	return nil
}

// checkID applies the naming rule of learn.microsoft.com: concepts-service, which ends an
// id in a letter, a digit or a dash.
func checkID(id string) error {
	if _, err := dps.CheckRegistrationID(id); err != nil {
		return err
	}
	if last := id[len(id)-1:]; strings.ContainsAny(last, "._:") {
		return fmt.Errorf("the registration id ends in %q", last)
	}
	return nil
}

// speaks reports whether the service takes an api-version: one of those configured, or
// anything that looks like one.
func (s *service) speaks(version string) bool {
	if s.apiVersions != nil {
		return slices.Contains(s.apiVersions, version)
	}
	return looksLikeAPIVersion(version)
}

// looksLikeAPIVersion reports whether version is a date, or a date and "-preview".
func looksLikeAPIVersion(version string) bool {
	_, err := time.Parse(time.DateOnly, strings.TrimSuffix(version, "-preview"))
	return err == nil
}

// verify finds the enrollment that the credential belongs to.
func (s *service) verify(c claim) (*enrollment, *refusal) {
	switch {
	case !c.credential.token.IsZero():
		return s.verifyToken(c)
	case len(c.credential.chain) > 0:
		return s.verifyCertificate(c)
	case c.credential.tpm != nil:
		return nil, notFound(reasonEnrollment, 404201, "Enrollment not found.", "no enrollment holds this endorsement key")
	}
	return nil, unauthorized(reasonToken, messageUnauthorized, "neither a token nor a client certificate was sent")
}
