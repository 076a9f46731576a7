package emulator

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
)

// caller is an authenticated device, for one call or one connection.
type caller struct {
	scope          string
	registrationID string // as the device spells it
	apiVersion     string
	enrollment     *enrollment
	leaf           *x509.Certificate // that the device presented; nil if none
}

// authenticate checks who is calling: with every call over HTTPS, and when a connection
// opens over the other transports. A disabled enrollment still authenticates: the
// registration then ends as disabled.
func (s *service) authenticate(c claim) (*caller, *refusal) {
	if refused := s.admit(c.registrationID); refused != nil {
		return nil, refused
	}
	if refused := s.checkClaim(c); refused != nil {
		return nil, refused
	}
	entry, refused := s.verify(c)
	if refused != nil {
		return nil, refused
	}
	proven := &caller{scope: c.scope, registrationID: c.registrationID, apiVersion: c.apiVersion, enrollment: entry}
	if len(c.credential.chain) > 0 {
		proven.leaf = c.credential.chain[0]
	}
	return proven, nil
}

// prove checks what is known of a caller when its AMQP connection opens, before a link
// provides the rest: the api-version and, unless the caller has a token, the id scope. The
// registration id is then that of the certificate.
func (s *service) prove(c claim) *refusal {
	if refused := s.admit(c.registrationID); refused != nil {
		return refused
	}
	if c.scope != "" {
		if refused := cmp.Or(s.checkScope(c.scope), checkName(c.registrationID)); refused != nil {
			return refused
		}
	}
	_, refused := s.verify(c)
	return refused
}

// admit refuses callers that a fault at opConnect applies to.
func (s *service) admit(id string) *refusal {
	if f := s.strike(opConnect, id, nil); f != nil {
		return f.answer.refusal()
	}
	return nil
}

// checkClaim refuses errors that are independent of the credential.
func (s *service) checkClaim(c claim) *refusal {
	return cmp.Or(s.checkScope(c.scope), s.checkVersion(c.apiVersion), checkName(c.registrationID))
}

func (s *service) checkScope(scope string) *refusal {
	if strings.EqualFold(scope, s.scope) {
		return nil
	}
	// Assumed: documents class it as 404 and no report shows a body, so there is none.
	return &refusal{reason: reasonScope, status: http.StatusNotFound, why: fmt.Sprintf("the id scope is %q here", s.scope)}
}

func (s *service) checkVersion(version string) *refusal {
	if s.speaks(version) {
		return nil
	}
	return badRequest(reasonAPIVersion, "Unsupported API version "+version+".", "the api-version is not among those taken")
}

func checkName(id string) *refusal {
	if err := checkID(id); err != nil {
		return badRequest(reasonRequest, "Invalid RegistrationId", err.Error())
	}
	return nil
}

// checkID applies the naming rule of learn.microsoft.com: concepts-service, by which an id
// ends in a letter, a digit or a dash.
func checkID(id string) error {
	if _, err := dps.CheckRegistrationID(id); err != nil {
		return err
	}
	if last := id[len(id)-1:]; strings.ContainsAny(last, "._:") {
		return fmt.Errorf("the registration id ends in %q", last)
	}
	return nil
}

// speaks reports whether the service accepts an api-version: one of those configured, or
// anything of the same form.
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
		return nil, s.challenge(c)
	}
	return nil, unauthorized(reasonToken, messageUnauthorized, "neither a token nor a client certificate was sent")
}
