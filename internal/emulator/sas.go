package emulator

import (
	"fmt"
	"slices"
	"time"

	"dpsdiag/internal/dps"
)

// The service gives no reason for a refused token; the log has the reason.
const messageUnauthorized = "Unauthorized"

func badToken(format string, args ...any) *refusal {
	return unauthorized(reasonToken, messageUnauthorized, fmt.Sprintf(format, args...))
}

// verifyToken finds the enrollment whose key signed the caller's token: the individual
// enrollment of that registration id if there is one, otherwise any group.
func (s *service) verifyToken(c claim) (*enrollment, *refusal) {
	individual, groups := s.enrolled.individual(c.registrationID), s.enrolled.keyGroups()
	if individual == nil && len(groups) == 0 {
		return nil, notFound(reasonEnrollment, 404201, messageNoEnrollment, "no enrollment of this registration id and no symmetric-key group")
	}
	token, refused := s.readToken(c)
	if refused != nil {
		return nil, refused
	}
	if individual != nil {
		return individual, signedByIndividual(token, individual)
	}
	for _, group := range groups {
		derived := func(key dps.Key) bool { return token.SignedBy(key.Derive(c.registrationID)) }
		if slices.ContainsFunc(group.keys, derived) {
			return group, nil
		}
	}
	return nil, badToken("no individual enrollment, and the token is not signed with a key derived from that of any group: %s", groupHint(token, groups))
}

// readToken checks everything in a token except its signature.
func (s *service) readToken(c claim) (dps.Token, *refusal) {
	token, err := dps.ParseToken(c.credential.token)
	if err != nil {
		return dps.Token{}, badToken("%v", err)
	}
	if resource := dps.Resource(c.scope, c.registrationID); !token.Covers(resource) {
		return dps.Token{}, badToken("the token is for %q, not for %q", token.DecodedResource(), resource)
	}
	if now := s.now(); !token.Expiry.After(now) {
		return dps.Token{}, badToken("the token expired at %s, it is %s", token.Expiry.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return token, nil
}

func signedByIndividual(token dps.Token, entry *enrollment) *refusal {
	if len(entry.keys) == 0 {
		return badToken("the enrollment wants a certificate, not a token")
	}
	if slices.ContainsFunc(entry.keys, token.SignedBy) {
		return nil
	}
	if entry.tpm != nil {
		return badToken("the token is not signed with the key that the challenge hands to the enrolled TPM")
	}
	return badToken("the token is signed with neither key of the individual enrollment")
}

// groupHint adds to the log that a group key was used directly, the most common mistake.
func groupHint(token dps.Token, groups []*enrollment) string {
	for _, group := range groups {
		if slices.ContainsFunc(group.keys, token.SignedBy) {
			return fmt.Sprintf("it is signed with the key of group %q itself", group.name)
		}
	}
	return "it is signed with another key"
}
