package dps

import (
	"fmt"
	"strings"
)

// MaxRegistrationID is the maximum length of a registration id in characters
// (learn.microsoft.com: concepts-service). MaxCommonName is the maximum length of an X.509
// common name, and so of the id of a device that attests with a certificate
// (learn.microsoft.com: concepts-x509-attestation).
const (
	MaxRegistrationID = 128
	MaxCommonName     = 64
)

// idScopeLength is the length of every id scope seen in public; no grammar is published.
const idScopeLength = 11

// CheckRegistrationID returns an error if no version of the service accepts id, and
// otherwise remarks about what some versions refuse. The sources have different rules: the
// concept page allows letters, digits and "-._:" with a letter, digit or dash at the end;
// the REST specification requires lower-case letters, digits and hyphens. So the wider set
// is the rule, and a violation of the narrower one gives a remark.
func CheckRegistrationID(id string) (remarks []string, err error) {
	if id == "" {
		return nil, fmt.Errorf("the registration id is empty")
	}
	if n := len([]rune(id)); n > MaxRegistrationID {
		return nil, fmt.Errorf("the registration id has %d characters, %d are allowed", n, MaxRegistrationID)
	}
	for i, r := range id {
		if !isIDRune(r) {
			return nil, fmt.Errorf("the registration id has %q at position %d; only ASCII letters, digits and any of -._: are allowed", r, i+1)
		}
	}
	if strings.ToLower(id) != id {
		remarks = append(remarks, "the registration id has upper-case letters: some API versions refuse them, and key derivation depends on case")
	}
	if strings.ContainsAny(id[len(id)-1:], "._:") {
		remarks = append(remarks, fmt.Sprintf("the registration id ends in %q; it should end in a letter, a digit or a dash", id[len(id)-1:]))
	}
	if strings.ContainsAny(id[:1], "-._:") {
		remarks = append(remarks, fmt.Sprintf("the registration id begins with %q; it should begin with a letter or a digit", id[:1]))
	}
	return remarks, nil
}

func isIDRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:", r)
}

// CheckIDScope returns an error if scope cannot be used in a request at all, and otherwise
// remarks about how it differs from every published id scope: eleven letters and digits
// beginning with 0ne (public cloud), 0cn (China), 0us (US Government) or another digit and
// two letters.
func CheckIDScope(scope string) (remarks []string, err error) {
	if scope == "" {
		return nil, fmt.Errorf("the id scope is empty")
	}
	for i, r := range scope {
		if !isIDRune(r) || strings.ContainsRune("._:", r) {
			return nil, fmt.Errorf("the id scope has %q at position %d; only letters and digits are allowed", r, i+1)
		}
	}
	if len(scope) != idScopeLength {
		remarks = append(remarks, fmt.Sprintf("the id scope has %d characters; known id scopes have %d, such as 0ne0045B3C6", len(scope), idScopeLength))
	}
	if scope[0] != '0' {
		remarks = append(remarks, "the id scope does not begin with 0, as known id scopes do")
	}
	return remarks, nil
}
