package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// maxFile is the maximum number of bytes read of a configuration and of each file that it
// names.
const maxFile = 1 << 20

// File is a parsed and checked configuration. docs/emulator.toml in the root of the
// repository shows and explains every key.
type File struct {
	scope       string
	apiVersions []string
	polls       *int
	retryAfter  *time.Duration
	hubs        []hub
	enrollments []*enrollment
	faults      []*fault
	limits      *limits
	policies    []accessPolicy
}

// ReadFile reads a configuration. The paths in it are relative to its directory. An error
// is one line that names the file and, if known, the line, column and key.
func ReadFile(path string) (*File, error) {
	data, err := readBounded(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	return ParseFile(path, data, func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(path), name)
		}
		return readBounded(name)
	})
}

// ParseFile parses the text of a configuration. name is its name in errors; read returns
// the content of a file that it names.
func ParseFile(name string, data []byte, read func(string) ([]byte, error)) (*File, error) {
	var doc document
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, fmt.Errorf("%s is UTF-16 text; save it as UTF-8", name)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // editors on Windows write a byte order mark
	decoder := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	if err := decoder.Decode(&doc); err != nil {
		return nil, decodeError(name, err)
	}
	c := &checker{name: name, data: data, read: read}
	file := c.file(&doc)
	if c.err != nil {
		return nil, c.err
	}
	return file, nil
}

// decodeError adds the position to a TOML error.
func decodeError(name string, err error) error {
	if missing := new(toml.StrictMissingError); errors.As(err, &missing) && len(missing.Errors) > 0 {
		first := &missing.Errors[0]
		line, column := first.Position()
		return fmt.Errorf("%s:%d:%d: unknown key %q", name, line, column, strings.Join(first.Key(), "."))
	}
	if decode := new(toml.DecodeError); errors.As(err, &decode) {
		line, column := decode.Position()
		return fmt.Errorf("%s:%d:%d: %s", name, line, column, strings.TrimPrefix(decode.Error(), "toml: "))
	}
	return fmt.Errorf("%s: %w", name, err)
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return data, nil
}

// apply adds the configuration to the settings. Enrollments are copied, since a scenario
// may change them; enrollTPM makes those of TPMs and is the only source of errors.
func (f *File) apply(s *settings, enrollTPM func(name string, ek []byte) (*enrollment, error)) error {
	if f.scope != "" {
		s.scope = f.scope
	}
	if f.polls != nil {
		s.polls = *f.polls
	}
	if f.retryAfter != nil {
		s.retryAfter = *f.retryAfter
	}
	s.apiVersions, s.limits = f.apiVersions, f.limits
	if f.hubs != nil {
		s.hubs = append([]hub(nil), f.hubs...)
	}
	for _, entry := range f.enrollments {
		copied := *entry
		if entry.tpm != nil {
			made, err := enrollTPM(entry.name, entry.tpm.ek)
			if err != nil {
				return err
			}
			copied.keys, copied.tpm = made.keys, made.tpm
		}
		s.enrolled.add(&copied)
	}
	s.faults = append(s.faults, f.faults...)
	return nil
}

// document is the configuration in the structure of its TOML.
type document struct {
	IDScope     *string              `toml:"id_scope,omitempty"`
	APIVersions []string             `toml:"api_versions,omitempty"`
	Polls       *int                 `toml:"polls,omitempty"`
	RetryAfter  *int                 `toml:"retry_after,omitempty"`
	Hubs        []documentHub        `toml:"hubs"` // nil is the stub hub
	Enrollments []documentEnrollment `toml:"enrollments,omitempty"`
	Groups      []documentGroup      `toml:"groups,omitempty"`
	Faults      []documentFault      `toml:"faults,omitempty"`
	Policies    []documentAccess     `toml:"policies,omitempty"`
	Limits      *documentLimits      `toml:"limits,omitempty"`
}

// documentAccess is a shared access policy of the service API.
type documentAccess struct {
	Name   string   `toml:"name"`
	Rights []string `toml:"rights"`
}

type documentLimits struct {
	Registrations        *int `toml:"registrations,omitempty"`
	RegistrationsSeconds *int `toml:"registrations_seconds,omitempty"`
	PollsPerDevice       *int `toml:"polls_per_device,omitempty"`
	PollsSeconds         *int `toml:"polls_seconds,omitempty"`
	RetryAfter           *int `toml:"retry_after,omitempty"`
}

type documentHub struct {
	Name    string `toml:"name"`
	State   string `toml:"state,omitempty"`
	Profile string `toml:"profile,omitempty"`
}

type documentEnrollment struct {
	RegistrationID     string `toml:"registration_id"`
	DeviceID           string `toml:"device_id,omitempty"`
	Certificate        string `toml:"certificate,multiline,omitempty"`
	CertificateFile    string `toml:"certificate_file,omitempty"`
	EndorsementKey     string `toml:"endorsement_key,multiline,omitempty"`
	EndorsementKeyFile string `toml:"endorsement_key_file,omitempty"`
	documentKeys
	documentPolicy
}

type documentGroup struct {
	ID         string `toml:"id"`
	CA         string `toml:"ca,multiline,omitempty"`
	CAFile     string `toml:"ca_file,omitempty"`
	CAVerified *bool  `toml:"ca_verified,omitempty"`
	documentKeys
	documentPolicy
}

type documentKeys struct {
	PrimaryKey       string `toml:"primary_key,omitempty"`
	PrimaryKeyFile   string `toml:"primary_key_file,omitempty"`
	SecondaryKey     string `toml:"secondary_key,omitempty"`
	SecondaryKeyFile string `toml:"secondary_key_file,omitempty"`
}

type documentPolicy struct {
	Disabled       bool      `toml:"disabled,omitempty"`
	Hubs           *[]string `toml:"hubs,omitempty"`
	WebhookStatus  *int      `toml:"webhook_status,omitempty"`
	WebhookPayload string    `toml:"webhook_payload,omitempty"`

	CertificatePolicy string `toml:"certificate_policy,omitempty"`
	CertificateDays   *int   `toml:"certificate_days,omitempty"`
}

type documentFault struct {
	On              []string `toml:"on"`
	RegistrationIDs []string `toml:"registration_ids,omitempty"`
	Times           int      `toml:"times,omitempty"`
	Status          *int     `toml:"status,omitempty"`
	ErrorCode       *int     `toml:"error_code,omitempty"`
	Message         string   `toml:"message,omitempty"`
	RetryAfter      *int     `toml:"retry_after,omitempty"`
	ContentType     string   `toml:"content_type,omitempty"`
	Body            string   `toml:"body,omitempty"`
	Result          string   `toml:"result,omitempty"`
	Delivery        string   `toml:"delivery,omitempty"`
	Delay           *int     `toml:"delay,omitempty"`
}
