package logtext

import (
	"fmt"
	"time"

	"dpsdiag/internal/codes"
)

// Findings is what was found in a text. Nothing in it judges; every part has the line it was read on.
type Findings struct {
	Inputs []Input
	// Matches are the errors of the catalogue in the text, the most specific first.
	Matches []Match
	// Bodies are the answers of a service, in the order of the text.
	Bodies []Body
	IDs    IDs
	// Facts are the circumstances the text shows, in its order: each kind and value once.
	Facts []Fact
	// Settings are the settings in the text, in its order.
	Settings []Setting
	// Outcome is how the last attempt to register ended.
	Outcome Outcome
	// Registered is the first line of each input that says that the device is registered; what comes
	// after it is about the hub, unless it is from a new attempt.
	Registered []Place
	// Answered says that the text shows the answer to an operator's call, and no failure.
	Answered bool
	// Explained says that the text explains the errors that it names, and shows no failure.
	Explained bool
	// Unmatched are a few of the lines that look like errors but match no entry of the catalogue.
	Unmatched []Line
	// Related says that some line is certainly about a device of Azure IoT.
	Related bool
	// Sample is the part of the text that is read word by word, in its order and unchanged: it may
	// contain secrets. See [Quote].
	Sample []Line
	// Releases are the releases that the text names as installed, in its order.
	Releases []Release
	// Day is the day on which the text was read.
	Day time.Time
	// Dropped are matches that were left out because other software wrote them, most frequent first.
	Dropped []Match
}

// Input is one text that was read.
type Input struct {
	Name     string // "" if there is only one
	Encoding Encoding
	Lines    int
}

// Place is a line of an input.
type Place struct {
	Input string
	Line  int // from 1
}

// String describes the place in words.
func (p Place) String() string {
	if p.Input == "" {
		return fmt.Sprintf("line %d", p.Line)
	}
	return fmt.Sprintf("%s line %d", p.Input, p.Line)
}

// Before reports whether p was read before o. Places in different inputs have no order.
func (p Place) Before(o Place) bool { return p.Input == o.Input && p.Line < o.Line }

// Line is a line of the text.
type Line struct {
	Place
	Text string // printable, of at most maxExcerpt bytes
}

// Match is one error of the catalogue that occurs in the text, with its places.
type Match struct {
	Entry *codes.Entry
	// Line is the first line with the match, Phrase the part of it that matches.
	Line   Line
	Phrase string
	// Places are the lines with the match, ascending, at most [MaxPlaces] of them; Count is how many
	// there are in all.
	Places      []Place
	Count       int
	TrackingIDs []string
	// Phase is how far the device had got at the first of them.
	Phase Phase
	// LastResort says that the words are so common that they count only if nothing else is known.
	LastResort bool
	// Clock is what the device's clock said, if the line has a date.
	Clock Clock

	last Place // the last place, also if Places are full
}

// Phase is a part of the path of a device to its hub.
type Phase int

// The phases. A text that shows neither the beginning nor the end of a registration is in
// PhaseUnknown.
const (
	PhaseUnknown  Phase = iota
	PhaseRegister       // a registration with DPS has begun
	PhaseAssigned       // DPS has assigned a hub, and no new registration has begun since
)

// Clock is the date by the device's clock.
type Clock struct {
	Year int // 0 for none
	// Behind is how many days the clock is behind the time that the service gave in an answer,
	// negative if it is ahead. Known says whether the text has both.
	Behind int
	Known  bool
	// Future says that the date is later than the day on which the text was read.
	Future bool
}

// Body is an answer of a service as the text shows it, complete or in parts.
type Body struct {
	Place      Place
	Shape      Shape
	Code       int // six digits
	Message    string
	TrackingID string
	Status     string // of the registration, such as "failed"
}

// Shape says who wrote a body.
type Shape string

// The shapes: {"errorCode":N,"trackingId":…} is that of DPS, {"Message":"ErrorCode:Name;…"} that of
// IoT Hub. One of the hub inside one of DPS means that the hub refused DPS.
const (
	ShapeDPS      Shape = "dps"
	ShapeHub      Shape = "hub"
	ShapeHubInDPS Shape = "hub-in-dps"
)

// Fact is a circumstance that the text shows.
type Fact struct {
	Kind  Kind
	Value string
	Line  Line // where it was seen first
	Last  Place
	Count int
}

// Kind says what a fact is about.
type Kind string

// The kinds of facts, with their values.
const (
	// KindAttestation: symmetric-key, x509, tpm.
	KindAttestation Kind = "attestation"
	// KindTransport: https, mqtt, mqtt-ws, amqp, amqp-ws.
	KindTransport Kind = "transport"
	// KindClient: the software that wrote the text, [ClientC] and so on.
	KindClient Kind = "client"
	// KindEvent: a step of the registration, [EventBegun] and so on.
	KindEvent Kind = "event"
	// KindSign: a circumstance that a rule uses, [SignHTML] and so on.
	KindSign Kind = "sign"
	// KindOutcome is for words that show the outcome; no fact has it.
	KindOutcome Kind = "outcome"
	// KindWebhook: the HTTP status with which an allocation function answered.
	KindWebhook Kind = "webhook"
	// KindTopic: what is wrong with what, in words that are not a known message, [TopicTPMDenied] and
	// so on.
	KindTopic Kind = "topic"
)

// Setting is one line of a configuration.
type Setting struct {
	Place Place
	// Key is the name as written, Meaning the setting it is for, such as "id-scope".
	Key     string
	Meaning string
	// Value is the value, "" for a secret and for none; State distinguishes these.
	Value string
	State State
	// Assigned says that the line is part of a configuration: the name, an equals sign or a colon, the
	// value.
	Assigned bool
	// Form and Size describe a secret without revealing it.
	Form Form
	Size int // in characters
}

// Form is what the value of a secret looks like.
type Form string

// The forms of secrets.
const (
	FormNone             Form = ""
	FormBase64           Form = "base64"
	FormConnectionString Form = "connection string"
	FormToken            Form = "SAS token"
	FormHex              Form = "hexadecimal"
	FormReference        Form = "reference" // to a file, or to a key in a store
	FormOther            Form = "other"
)

// The meanings of settings.
const (
	SettingScope          = "id-scope"
	SettingRegistrationID = "registration-id"
	SettingEndpoint       = "endpoint"
	SettingKey            = "key"
	SettingCertificate    = "certificate"
	SettingCertificateKey = "certificate-key"
	SettingAttestation    = "attestation"
	SettingConnection     = "connection-string"
	SettingDeviceID       = "device-id"
)

// State says whether a setting has a value.
type State string

// The states of a setting.
const (
	StateSet         State = "set"
	StateEmpty       State = "empty"
	StatePlaceholder State = "placeholder" // "<your id scope>" and the like
)

// IDs are the identities in the text, each kind in the order of appearance.
type IDs struct {
	Scopes, RegistrationIDs, Hubs, Endpoints, TrackingIDs, APIVersions, CommonNames []ID
}

// ID is one identity and its first place.
type ID struct {
	Value string
	Place Place
}

// The bounds of what is kept, whatever the size of the text.
const (
	MaxPlaces     = 100
	maxMatches    = 400
	maxIDs        = 16
	maxFacts      = 200
	maxSettings   = 100
	maxBodies     = 50
	maxUnmatched  = 8
	maxExcerpt    = 240
	maxTrackingID = 16
)
