package codes_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

var (
	kebabCase = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

	// A source is an address, a repository with a path in it, or the title of a document
	// of a body whose titles can be searched for.
	webAddress = regexp.MustCompile(`^https://[a-z0-9.-]+/\S+$`)
	repository = regexp.MustCompile(`^[\w.-]+/[\w.-]+ (tag \S+ )?[\w.-]+(/[\w.-]*)*( \([^)]+\))?$`)
	document   = regexp.MustCompile(`^(OASIS|RFC|Microsoft Learn,) \S.*$`)
)

func TestRowsAreComplete(t *testing.T) {
	t.Parallel()
	for e := range codes.All() {
		t.Run(e.ID, func(t *testing.T) {
			t.Parallel()
			checkKeys(t, e)
			checkLists(t, e)
			checkMeaning(t, e)
			checkCauses(t, e)
		})
	}
}

func checkKeys(t *testing.T, e *codes.Entry) {
	t.Helper()
	if !kebabCase.MatchString(e.ID) {
		t.Errorf("id %q is not kebab-case", e.ID)
	}
	if !slices.Contains(codes.Kinds(), e.Kind) {
		t.Errorf("unknown kind %q", e.Kind)
	}
	switch e.Retry {
	case codes.RetryNo, codes.RetryBackoff, codes.RetryAfterFix, codes.RetryReregister, codes.RetryStatusLookup:
	default:
		t.Errorf("unknown retry %q", e.Retry)
	}
	if !slices.Contains([]string{"documented", "observed", "inferred"}, e.Confidence) {
		t.Errorf("unknown confidence %q", e.Confidence)
	}
	if e.HTTPStatus != 0 && (e.HTTPStatus < 200 || e.HTTPStatus > 599) {
		t.Errorf("HTTP status %d", e.HTTPStatus)
	}
	if class, ok := codes.Parse(e.Code).Class(); ok && e.HTTPStatus != class && e.HTTPStatus != 200 {
		t.Errorf("code %s with HTTP status %d", e.Code, e.HTTPStatus)
	}
	for _, text := range []string{e.Code, e.Name} {
		if text == "" || text != strings.TrimSpace(text) {
			t.Errorf("code or name %q is empty or has spaces around it", text)
		}
	}
}

func checkLists(t *testing.T, e *codes.Entry) {
	t.Helper()
	for name, list := range map[string][]string{
		"causes": e.Causes, "remedies": e.Remedies, "applies_to": e.AppliesTo, "sources": e.Sources,
	} {
		if len(list) == 0 {
			t.Errorf("no %s", name)
		}
	}
	for name, list := range map[string][]string{
		"aliases": e.Aliases, "messages": e.Messages, "causes": e.Causes, "remedies": e.Remedies,
		"applies_to": e.AppliesTo, "sources": e.Sources,
	} {
		for i, text := range list {
			if strings.TrimSpace(text) == "" || slices.Contains(list[:i], text) {
				t.Errorf("%s holds %q, empty or for the second time", name, text)
			}
		}
	}
	for _, party := range e.AppliesTo {
		if !slices.Contains([]string{"device-api", "service-api", "hub", "client"}, party) {
			t.Errorf("applies to unknown %q", party)
		}
	}
	for _, s := range e.Sources {
		if s != "seed" && !webAddress.MatchString(s) && !repository.MatchString(s) && !document.MatchString(s) {
			t.Errorf("source %q is no address, repository path or document title", s)
		}
	}
}

func checkMeaning(t *testing.T, e *codes.Entry) {
	t.Helper()
	for name, text := range map[string]string{"meaning": e.Meaning, "conflict": e.Conflict} {
		if name == "conflict" && text == "" {
			continue
		}
		if text != strings.TrimSpace(text) || !strings.HasSuffix(strings.TrimSuffix(text, ")"), ".") {
			t.Errorf("%s %q is not made of whole sentences", name, text)
		}
	}
	for _, text := range e.Causes {
		if unicode.IsLower([]rune(text)[0]) {
			t.Errorf("cause %q begins with a small letter", text)
		}
	}
	for _, remedy := range e.Remedies {
		if !unicode.IsUpper([]rune(remedy)[0]) {
			t.Errorf("remedy %q does not begin with a capital", remedy)
		}
		if !isInstruction(remedy) {
			t.Errorf("remedy %q is no instruction", remedy)
		}
	}
}

func checkCauses(t *testing.T, e *codes.Entry) {
	t.Helper()
	if tied := len(e.CauseIDs) > 0; tied != (e.NoCauseReason == "") {
		t.Errorf("causes %v and reason for none %q: want just one of them", e.CauseIDs, e.NoCauseReason)
	}
	if slices.Contains(e.CauseIDs, cause.None) || len(slices.Compact(slices.Sorted(slices.Values(e.CauseIDs)))) != len(e.CauseIDs) {
		t.Errorf("causes %v: one is empty or there twice", e.CauseIDs)
	}
}

const (
	// leads begin a remedy that holds under a condition; an instruction follows them.
	leads = "at before for from if in on once only or otherwise over then when with without"

	// verbs are those that remedies give instructions with.
	verbs = "activate add allow append apply ask assign associate attach back build bypass cache call capture change " +
		"check clear close compare complete configure confirm connect contact convert copy correct create decode " +
		"decrypt delete derive destroy do edit enable enlarge enroll exempt export fill find fix follow force " +
		"free generate give go grant hand ignore implement import include initialise install issue keep leave " +
		"let limit link list load log look lower make match measure move never note offer open parse pass point " +
		"poll print probe provide publish put raise re-export re-read re-register reach reactivate read rebuild " +
		"receive recompute reconnect recreate register reissue relink remove renew repair replace replay report " +
		"reprovision reset resolve restart restore retry return reuse run save search see select send set " +
		"shorten shrink sign slow spread stagger start stop store subscribe supply switch take test treat trust " +
		"try turn unblock unlink unwrap update upgrade upload use validate verify wait write"
)

// isInstruction reports whether a remedy begins with a verb, or with a condition before
// one.
func isInstruction(remedy string) bool {
	words := strings.FieldsFunc(strings.ToLower(remedy), func(r rune) bool {
		return !unicode.IsLetter(r) && r != '-'
	})
	isVerb := func(word string) bool { return slices.Contains(strings.Fields(verbs), word) }
	switch {
	case len(words) == 0:
		return false
	case slices.Contains(strings.Fields(leads), words[0]):
		return slices.ContainsFunc(words[1:], isVerb)
	}
	return isVerb(words[0])
}

func TestIsInstruction(t *testing.T) {
	t.Parallel()
	for remedy, want := range map[string]bool{
		"Check the clock":                  true,
		"If it lasts, check the clock":     true,
		"Retry":                            true,
		"The clock":                        false,
		"If it lasts":                      false,
		"Usually harmless; fix the error":  false,
		"400207 is not a request: see it":  false,
		"Nothing wrong there: look around": false,
	} {
		if got := isInstruction(remedy); got != want {
			t.Errorf("isInstruction(%q) = %t", remedy, got)
		}
	}
}

func TestRowsAreDistinct(t *testing.T) {
	t.Parallel()
	ids, messages, spellings := map[string]string{}, map[string]string{}, map[string]string{}
	claim := func(owners map[string]string, text, id string) {
		if owner, taken := owners[text]; taken {
			t.Errorf("%q is in the rows %s and %s", text, owner, id)
		}
		owners[text] = id
	}
	for e := range codes.All() {
		claim(ids, e.ID, e.ID)
		for _, m := range e.Messages {
			claim(messages, m, e.ID)
		}
		claim(spellings, string(e.Kind)+" "+e.Code, e.ID)
		for _, a := range e.Aliases {
			claim(spellings, string(e.Kind)+" "+a, e.ID)
		}
	}
}

// TestKindsStandTogether: All yields the kinds in the order that Kinds promises.
func TestKindsStandTogether(t *testing.T) {
	t.Parallel()
	var order []codes.Kind
	for e := range codes.All() {
		if len(order) == 0 || order[len(order)-1] != e.Kind {
			order = append(order, e.Kind)
		}
	}
	if !slices.Equal(order, codes.Kinds()) {
		t.Errorf("kinds stand in the order %v, want %v", order, codes.Kinds())
	}
}

// TestContradictionsAreTold: where public sources contradict each other, every row that
// is concerned says so.
func TestContradictionsAreTold(t *testing.T) {
	t.Parallel()
	contradictions := map[string]struct{ says, rows string }{
		"register again after 401, 403, 404": {"large-scale page", "http-401 http-403 http-404 hub-connect-auth"},
		"a 401 of DPS itself": {"comes from DPS", "dps-401002 dps-401002-invalid-cert dps-401002-ca-not-found " +
			"dps-401002-chain-mismatch dps-401002-unauthorized dps-401002-iothub-name"},
		"400209, hub or webhook":         {"400209|webhook", "dps-400209 http-webhook-401 c-result-unauthorized"},
		"409203 is a 409 and a 412":      {"race", "dps-409203 http-409"},
		"DEV_AUTH_ERROR is a catch-all":  {"every failed registration", "c-result-dev-auth-error"},
		"CONNACK 3 is no outage":         {"unknown ID scope", "mqtt-connack-3 mqtt-paho-go-3 cs-mqtt-unavailable node-mqtt-server-unavailable py-connectionfailederror"},
		"reasons of the C hub client":    {"The header", "c-hub-device-disabled c-hub-bad-credential"},
		"what to retry":                  {"Embedded C", "http-499 http-5xx http-502 http-503 http-504 azc-client-closed azc-bad-gateway azc-service-unavailable azc-timeout cs-transport-exception c-transient-state node-http-generic"},
		"a wrapper marked transient":     {"transient", "cs-wrap"},
		"throttled or failed":            {"operationId", "dps-429001 azc-parse-failed java-json-opid"},
		"names that speak of a hub":      {"The name speaks of|IotHubQuotaExceededError", "node-iothubquotaexceedederror amqp-resource-limit-exceeded node-devicenotfounderror java-hub-exception"},
		"a client that says IoTHub":      {"says IoTHub", "py-connectionfailederror py-connectiondroppederror"},
		"codes that are not returned":    {"not returned", "hub-401001 dps-401001 hub-401003 hub-503003"},
		"404102 or 404103":               {"404102", "hub-404103"},
		"the registration limit":         {"1,000", "http-429 dps-429001"},
		"statuses a client has no words": {"status", "status-disabled status-unassigned status-blacklisted edge-unknown-variant py-disabled-200 py-invalid-status node-syntaxerror"},
		"Edge logs have no code":         {"six-digit code", "edge-no-backup edge-dps-client-error edge-caused-unauthorized edge-caused-hub-unauthorized edge-caused-api-version"},
	}
	told := map[string]bool{}
	for name, c := range contradictions {
		says := regexp.MustCompile(c.says)
		for id := range strings.FieldsSeq(c.rows) {
			told[id] = true
			if e := codes.ByID(id); e == nil || !says.MatchString(e.Conflict) {
				t.Errorf("%s: row %s does not tell of it", name, id)
			}
		}
	}
	for e := range codes.All() {
		if e.Conflict != "" && !told[e.ID] {
			t.Errorf("row %s tells of a contradiction that is not in this table: %s", e.ID, e.Conflict)
		}
	}
}
