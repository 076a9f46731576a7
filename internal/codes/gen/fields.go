package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// valueType is the type of a field's value.
type valueType int

const (
	text valueType = iota
	list           // of texts
	number
	trueOnly // the value is true, or the field is left out
)

// String returns the name of the type in messages.
func (t valueType) String() string {
	return [...]string{"a text", "a list of texts", "a number", "true, or is left out"}[t]
}

// field describes one field of the catalogue's entries.
type field struct {
	key      string // its name in the files
	name     string // its name in codes.Entry
	typ      valueType
	required bool
	check    func(text string) error // checks the text, or each text of a list; nil for no check
}

// fields returns the fields of an entry. Their meaning is in codes.Entry and in catalogue/README.md.
func fields() []field {
	return []field{
		{"kind", "Kind", text, true, oneOf(codes.Kinds()...)},
		{"code", "Code", text, true, trimmed},
		{"aliases", "Aliases", list, false, nil},
		{"name", "Name", text, true, trimmed},
		{"http_status", "HTTPStatus", number, false, nil},
		{"messages", "Messages", list, false, nil},
		{"numbers", "Numbers", list, false, familyNumber},
		{"meaning", "Meaning", text, true, sentences},
		{"causes", "Causes", list, true, notLowerCase},
		{"remedies", "Remedies", list, true, upperCase},
		{"retry", "Retry", text, true, oneOf(
			codes.RetryNo, codes.RetryBackoff, codes.RetryAfterFix, codes.RetryReregister, codes.RetryStatusLookup)},
		{"applies_to", "AppliesTo", list, true, oneOf("device-api", "service-api", "hub", "client")},
		{"sources", "Sources", list, true, source},
		{"confidence", "Confidence", text, true, oneOf("documented", "observed", "inferred")},
		{"cause_ids", "CauseIDs", list, false, causeID},
		{"no_cause_reason", "NoCauseReason", text, false, trimmed},
		{"wrapper", "Wrapper", trueOnly, false, nil},
		{"conflict", "Conflict", text, false, sentences},
	}
}

func oneOf[T ~string](allowed ...T) func(string) error {
	return func(text string) error {
		if !slices.Contains(allowed, T(text)) {
			return fmt.Errorf("%q is not one of %q", text, allowed)
		}
		return nil
	}
}

func trimmed(text string) error {
	if text != strings.TrimSpace(text) {
		return fmt.Errorf("%q has spaces around it", text)
	}
	return nil
}

func sentences(text string) error {
	if !strings.HasSuffix(strings.TrimSuffix(text, ")"), ".") {
		return fmt.Errorf("%q does not end with a full stop", text)
	}
	return trimmed(text)
}

func notLowerCase(text string) error {
	if first, _ := utf8.DecodeRuneInString(text); unicode.IsLower(first) {
		return fmt.Errorf("%q begins with a lower-case letter", text)
	}
	return nil
}

func upperCase(text string) error {
	if first, _ := utf8.DecodeRuneInString(text); !unicode.IsUpper(first) {
		return fmt.Errorf("%q does not begin with a capital", text)
	}
	return nil
}

func familyNumber(text string) error {
	_, err := codes.ParseFamilyNumber(text)
	return err //nolint:wrapcheck // the reader adds file, line and field
}

func causeID(text string) error {
	if _, ok := cause.Parse(text); !ok {
		return fmt.Errorf("there is no cause %q", text)
	}
	return nil
}

// source checks that a reader can find a source: it is a web address, a repository with a path, or the
// title of a document of OASIS, the RFC series or Microsoft Learn, which can be searched for.
func source(text string) error {
	for _, known := range []string{
		`^seed$`,
		`^https://[a-z0-9.-]+/\S+$`,
		`^[\w.-]+/[\w.-]+ (tag \S+ )?[\w.-]+(/[\w.-]*)*( \([^)]+\))?$`,
		`^(OASIS|RFC|Microsoft Learn,) \S.*$`,
	} {
		if ok, err := regexp.MatchString(known, text); err != nil || ok {
			return err
		}
	}
	return fmt.Errorf("%q is not an address, repository with a path, or title of a document", text)
}
