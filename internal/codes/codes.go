// Package codes looks up what an error means. Call [Lookup] with a code in any usual spelling, and
// [Nearest] if it finds nothing.
//
// It contains the catalogue of the errors that a device can get while it provisions. The errors come from
// the Device Provisioning Service, IoT Hub, MQTT, AMQP, TLS, the SDKs and IoT Edge; each entry says what
// its error means and what to do. [ForReply] finds the entries for an answer of the service, [ByCause]
// those for a cause, and [Common] those for the codes that the service itself documents.
//
// The catalogue is kept in catalogue/*.toml, which people edit (see the README there), and
// compiled into the program as static data, so it costs nothing at start; "go generate"
// updates catalogue_gen.go. The entries are shared by all callers and must not
// be changed.
package codes

import (
	"cmp"
	"iter"
	"slices"
	"strconv"

	"dpsdiag/internal/cause"
)

//go:generate go run -tags nocatalogue ./gen

// Entry is one entry of the catalogue: one error as one party reports it.
type Entry struct {
	// ID is the entry's key: short, kebab-case, unique and stable.
	ID string
	// Kind says which party or layer reports the error.
	Kind Kind
	// Code is the code as text: a number, a name or, if neither exists, the fixed part of the message.
	// An entry for one case of a code has the case in parentheses: "401002 (invalid certificate)".
	Code string
	// Aliases are other spellings of Code, such as the number that some clients print instead of a
	// name.
	Aliases []string
	// Name is the service's or the SDK's own name, if one is known.
	Name string
	// HTTPStatus is the HTTP status of the answer that contains the error, 0 for none. It is 200
	// for codes that come in the body of a successful answer.
	HTTPStatus int
	// Messages are the exact strings to look for in a log. A message with a variable part is cut
	// off before that part. No message is in two entries.
	Messages []string
	// Numbers are the error numbers that libraries and operating systems print for the error, each
	// after the name of its family: "errno 110". See [Families].
	Numbers []string
	// Meaning says what happened, in one to four sentences.
	Meaning string
	// Causes are the possible causes, most likely first.
	Causes []string
	// Remedies are what to do, in order.
	Remedies []string
	// Retry says whether and how to try again.
	Retry Retry
	// AppliesTo lists who can get the error: "device-api", "service-api", "hub", "client".
	AppliesTo []string
	// Sources say where the facts come from: a web address, a repository with a path, the title of a
	// document, or "seed" for the initial requirements of this program.
	Sources []string
	// Confidence is the confidence in the code and its meaning: "documented" (documentation or SDK
	// source), "observed" (a public report) or "inferred".
	Confidence string
	// CauseIDs are the causes that this error, read alone, is evidence for, most likely
	// first.
	CauseIDs []cause.ID
	// NoCauseReason says why CauseIDs is empty; it is set only then.
	NoCauseReason string
	// Wrapper marks an error that wraps another, more specific one.
	Wrapper bool
	// Conflict says where sources contradict each other about this entry, "" if they agree.
	Conflict string
}

// Kind says which party or layer an error belongs to.
type Kind string

// The kinds, in the order of the catalogue.
const (
	KindHTTP               Kind = "http"                // an HTTP status
	KindDPS                Kind = "dps-extended"        // a six-digit errorCode of DPS
	KindRegistrationStatus Kind = "registration-status" // a status or substatus of a registration
	KindIoTHub             Kind = "iothub-extended"     // a code of IoT Hub or of the control plane
	KindMQTT               Kind = "mqtt"                // an MQTT return code or topic
	KindAMQP               Kind = "amqp"                // an AMQP error condition or SASL outcome
	KindTLS                Kind = "tls"                 // a TLS alert or certificate error
	KindSDK                Kind = "sdk"                 // a name or text of a device SDK or its network layer
	KindIoTEdge            Kind = "iotedge"             // a log line of IoT Edge
)

// Kinds returns every kind in the order of the catalogue.
func Kinds() []Kind {
	return []Kind{
		KindHTTP, KindDPS, KindRegistrationStatus, KindIoTHub,
		KindMQTT, KindAMQP, KindTLS, KindSDK, KindIoTEdge,
	}
}

// Retry says whether trying again helps, and how.
type Retry string

// The ways to try again.
const (
	RetryNo           Retry = "no"            // nothing to retry: no error, or one that a retry does not change
	RetryBackoff      Retry = "backoff"       // the same request again, with increasing delays and jitter
	RetryAfterFix     Retry = "after-fix"     // only after the cause is removed
	RetryReregister   Retry = "reregister"    // a full registration through DPS
	RetryStatusLookup Retry = "status-lookup" // ask for the registration status, or use cached hub details, first
)

// All yields every entry in the order of the catalogue.
func All() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for i := range catalogue {
			if !yield(&catalogue[i].Entry) {
				return
			}
		}
	}
}

// At returns the entry at an index in the order of [All], counted from 0.
func At(index int) *Entry { return &catalogue[index].Entry }

// ByID returns the entry with that id, or nil.
func ByID(id string) *Entry {
	for e := range All() {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// byStatus returns the entry of an HTTP status. For a server error (5xx) without its own entry it
// returns the common entry of the 5xx statuses, for any other status without an entry nil.
func byStatus(status int) *Entry {
	code := strconv.Itoa(status)
	for e := range All() {
		if e.Kind == KindHTTP && e.Code == code {
			return e
		}
	}
	if status >= 500 && status <= 599 {
		return ByID("http-5xx")
	}
	return nil
}

// codeFamily returns the entry that explains six-digit codes without their own entry.
func codeFamily() *Entry { return ByID("dps-code-family") }

// Common returns the entries of the common HTTP statuses in ascending order: the nine in the table of
// errors that the service documents, and 403, which the text next to that table mentions
// (learn.microsoft.com: how-to-troubleshoot-dps).
func Common() []*Entry {
	var common []*Entry
	for _, status := range [...]int{400, 401, 403, 404, 405, 409, 412, 415, 429, 500} {
		common = append(common, byStatus(status))
	}
	return common
}

// ByCause returns the entries that are evidence for a cause, sorted by the position of the cause in
// their CauseIDs. Entries with the same position are in the order of the catalogue.
func ByCause(id cause.ID) []*Entry {
	var found []*Entry
	for e := range All() {
		if slices.Contains(e.CauseIDs, id) {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b *Entry) int {
		return cmp.Compare(slices.Index(a.CauseIDs, id), slices.Index(b.CauseIDs, id))
	})
	return found
}
