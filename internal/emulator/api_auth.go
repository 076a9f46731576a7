package emulator

import (
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
	srv "dpsdiag/internal/service"
)

// ownerPolicy is the policy that every instance is made with; it has every right
// (learn.microsoft.com: iot-dps/how-to-control-access).
const ownerPolicy = "provisioningserviceowner"

// accessPolicy is a shared access policy.
type accessPolicy struct {
	name   string
	key    dps.Key
	rights []srv.Right
}

// connection is the credential of the policy at a host.
func (p accessPolicy) connection(host string) srv.ConnectionString {
	return srv.ConnectionString{Host: host, Policy: p.name, Key: p.key}
}

// allRights are the rights of the owner's policy.
func allRights() []srv.Right {
	return []srv.Right{
		srv.RightServiceConfig, srv.RightEnrollmentRead, srv.RightEnrollmentWrite,
		srv.RightRegistrationStatusRead, srv.RightRegistrationStatusWrite,
	}
}

// authorize checks the credential of a caller of the service API, and its right.
func (s *service) authorize(header string, right srv.Right) *refusal {
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		return badToken("no Authorization header was sent")
	case strings.EqualFold(scheme, "Bearer"):
		return s.authorizeBearer(strings.TrimSpace(rest))
	}
	policy, refused := s.policyOf(dps.NewSecret(header))
	if refused != nil {
		return refused
	}
	if slices.Contains(policy.rights, right) {
		return nil
	}
	// Assumed: 403 is documented for the service, the six digits are not.
	refused = bare(http.StatusForbidden, fmt.Sprintf("the policy %q has not the right %s", policy.name, right))
	refused.reason = reasonToken
	return refused
}

// authorizeBearer accepts only the emulator's own token. It cannot verify one of Microsoft
// Entra ID, and a token that nobody verified must not open anything.
func (s *service) authorizeBearer(token string) *refusal {
	if own := s.bearer.Reveal(); own != "" && subtle.ConstantTimeCompare([]byte(own), []byte(token)) == 1 {
		return nil
	}
	return badToken("the bearer token is not the emulator's own, and it cannot verify one of Microsoft Entra ID")
}

// policyOf finds the policy that signed a token.
func (s *service) policyOf(text dps.Secret) (*accessPolicy, *refusal) {
	token, err := dps.ParseToken(text)
	if err != nil {
		return nil, badToken("%v", err)
	}
	name, err := url.QueryUnescape(token.Policy)
	if err != nil || name == "" {
		return nil, badToken("the token names no policy (skn)")
	}
	at := slices.IndexFunc(s.policies, func(p accessPolicy) bool { return strings.EqualFold(p.name, name) })
	if at < 0 {
		return nil, badToken("there is no policy %q", name)
	}
	if now := s.now(); !token.Expiry.After(now) {
		return nil, badToken("the token expired at %s, it is %s", token.Expiry.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if !s.isOwnHost(token.DecodedResource()) {
		return nil, badToken("the token is for %q, which is not this service", token.DecodedResource())
	}
	if !token.SignedBy(s.policies[at].key) {
		return nil, badToken("the token is not signed with the key of the policy %q", name)
	}
	return &s.policies[at], nil
}

// isOwnHost reports whether a host, with or without a port, is a name of this service.
func (s *service) isOwnHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return slices.ContainsFunc(s.hosts, func(own string) bool { return strings.EqualFold(own, host) })
}
