package inspect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"dpsdiag/internal/service"
)

// FileError says why a text is not what a command of the Azure CLI prints.
type FileError struct {
	Problem string // completes "FILE "
	Hint    string
}

// Error implements error.
func (e *FileError) Error() string { return e.Problem }

// The commands whose output can be read.
const (
	EnrollmentCommand   = "az iot dps enrollment show --dps-name NAME --enrollment-id ID --show-keys"
	GroupCommand        = "az iot dps enrollment-group show --dps-name NAME --enrollment-id GROUP --show-keys"
	InstanceCommand     = "az iot dps show --name NAME"
	CertificatesCommand = "az iot dps certificate list --dps-name NAME"
)

// shape has members by which the outputs of commands are told apart.
type shape struct {
	RegistrationID    *string         `json:"registrationId"`
	EnrollmentGroupID *string         `json:"enrollmentGroupId"`
	Attestation       json.RawMessage `json:"attestation"`
	Status            *string         `json:"status"`
	Type              *string         `json:"type"`
	SymmetricKey      json.RawMessage `json:"symmetricKey"`
	DeviceID          *string         `json:"deviceId"`
	Value             []struct {
		Properties struct {
			IsVerified *bool `json:"isVerified"`
		} `json:"properties"`
	} `json:"value"`
	Properties struct {
		IDScope    *string `json:"idScope"`
		IsVerified *bool   `json:"isVerified"`
		HostName   *string `json:"hostName"`
	} `json:"properties"`
}

// The kinds of output, for messages.
const (
	kindEnrollment   = "an individual enrollment"
	kindGroup        = "an enrollment group"
	kindInstance     = "the description of an instance"
	kindCertificates = "the certificates of an instance"
	kindList         = "a list"
	kindState        = "the state of a registration"
	kindMechanism    = "an attestation alone"
	kindCertificate  = "a single certificate of an instance"
	kindHub          = "the description of an IoT hub"
	kindDevice       = "the identity of a device in an IoT hub"
	kindUnknown      = "other JSON"
)

// kindOf recognises the output of a command.
func kindOf(data []byte) (string, error) {
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) > 0 && trimmed[0] == '[' {
		return kindOfList(trimmed)
	}
	var s shape
	if err := json.Unmarshal(trimmed, &s); err != nil {
		if json.Valid(trimmed) {
			return kindUnknown, nil
		}
		return "", notJSON(trimmed)
	}
	return s.kind(), nil
}

func (s *shape) kind() string {
	switch {
	case s.EnrollmentGroupID != nil && s.Attestation != nil:
		return kindGroup
	case s.RegistrationID != nil && s.Attestation != nil:
		return kindEnrollment
	case s.RegistrationID != nil && s.Status != nil:
		return kindState
	case s.SymmetricKey != nil && s.Type != nil:
		return kindMechanism
	case s.DeviceID != nil:
		return kindDevice
	}
	return s.kindOfResource()
}

// kindOfResource recognises what the management API describes.
func (s *shape) kindOfResource() string {
	switch {
	case s.Properties.IDScope != nil:
		return kindInstance
	case s.Value != nil && (len(s.Value) == 0 || s.Value[0].Properties.IsVerified != nil):
		return kindCertificates
	case s.Properties.IsVerified != nil:
		return kindCertificate
	case s.Properties.HostName != nil:
		return kindHub
	}
	return kindUnknown
}

// kindOfList recognises a list; that of certificates may come without its envelope.
func kindOfList(data []byte) (string, error) {
	var list []shape
	if err := json.Unmarshal(data, &list); err != nil {
		if json.Valid(data) {
			return kindUnknown, nil
		}
		return "", notJSON(data)
	}
	if len(list) > 0 && list[0].kind() == kindCertificate {
		return kindCertificates, nil
	}
	return kindList, nil
}

func notJSON(data []byte) error {
	hint := "save what the command prints: az ... -o json > FILE"
	switch text := string(data); {
	case strings.HasPrefix(text, "ERROR:"), strings.HasPrefix(text, "az: error"):
		return &FileError{"is an error message of az, not its output", "run the command again and look at what it says"}
	case strings.HasPrefix(text, "-----BEGIN"):
		return &FileError{"is a PEM file", "what the device presents is given with --cert and --cert-key"}
	case strings.HasPrefix(text, "HostName="), strings.Contains(text, "SharedAccessKey="):
		return &FileError{"is a connection string", "put it into an environment variable and name that with --service-env"}
	}
	return &FileError{"is not JSON", hint}
}

// wrongKind is the error for a file that is the output of another command.
func wrongKind(kind string, commands ...string) error {
	problem := "is " + kind
	if kind == kindList {
		problem += ", not a single record"
	}
	return &FileError{problem, strings.Join(commands, "\n")}
}

// decode reads a record whose kind was recognised.
func decode(data []byte, kind string, to any) error {
	if err := json.Unmarshal(data, to); err != nil {
		return &FileError{"is " + kind + ", but " + oddity(data, err), "save the output of az unchanged"}
	}
	return nil
}

// AddEnrollment adds the output of [EnrollmentCommand] or [GroupCommand]. An individual
// enrollment must have the registration id given. An error is a [FileError].
func (h *Held) AddEnrollment(data []byte, id string) error {
	kind, err := kindOf(data)
	if err != nil {
		return err
	}
	var e Enrollment
	switch kind {
	case kindEnrollment:
		var record service.IndividualEnrollment
		if err := decode(data, kind, &record); err != nil {
			return err
		}
		if !strings.EqualFold(record.RegistrationID, id) {
			return &FileError{fmt.Sprintf("is the enrollment of %s, not of %s", strconv.Quote(cut(record.RegistrationID)), strconv.Quote(id)), "save that of the device: " + EnrollmentCommand}
		}
		if h.Individual != nil {
			return &FileError{"is a second individual enrollment", "give at most one individual enrollment; there may be several groups"}
		}
		e = Enrollment{Name: record.RegistrationID, DeviceID: record.DeviceID, Settings: record.Settings}
		h.Individual, h.NoIndividual = &e, false
		if record.RegistrationState != nil && record.RegistrationState.Status != "" && h.State == nil {
			h.State = record.RegistrationState
		}
		e.noteKeys()
		return nil
	case kindGroup:
		var record service.EnrollmentGroup
		if err := decode(data, kind, &record); err != nil {
			return err
		}
		e = Enrollment{Name: record.EnrollmentGroupID, Group: true, Settings: record.Settings}
		e.noteKeys()
		h.Groups = append(h.Groups, e)
		return nil
	}
	return wrongKind(kind, "save the output of "+EnrollmentCommand, "or of "+GroupCommand)
}

// noteKeys says why the keys of an enrollment from a file are missing.
func (e *Enrollment) noteKeys() {
	keys := e.Attestation.SymmetricKey
	if e.Attestation.Type == service.AttestationSymmetricKey && (keys == nil || keys.PrimaryKey.IsZero() && keys.SecondaryKey.IsZero()) {
		e.NoKeys = &Reason{Text: "the file has no keys: save it again with --show-keys"}
	}
}

// AddInstance adds the output of [InstanceCommand]. An error is a [FileError].
func (h *Held) AddInstance(data []byte) error {
	kind, err := kindOf(data)
	if err != nil {
		return err
	}
	if kind != kindInstance {
		return wrongKind(kind, "save the output of "+InstanceCommand)
	}
	var record service.Instance
	if err := decode(data, kind, &record); err != nil {
		return err
	}
	h.Instance = &record
	return nil
}

// AddCertificates adds the output of [CertificatesCommand]. An error is a [FileError].
func (h *Held) AddCertificates(data []byte) error {
	kind, err := kindOf(data)
	if err != nil {
		return err
	}
	if kind != kindCertificates && (kind != kindList || !emptyList(data)) {
		return wrongKind(kind, "save the output of "+CertificatesCommand)
	}
	var list service.CertificateList
	if trimmed := bytes.TrimSpace(data); trimmed[0] == '[' {
		err = decode(trimmed, kind, &list.Value)
	} else {
		err = decode(trimmed, kind, &list)
	}
	if err != nil {
		return err
	}
	h.Certificates = append([]service.CACertificate{}, list.Value...)
	return nil
}

func emptyList(data []byte) bool {
	var list []json.RawMessage
	return json.Unmarshal(data, &list) == nil && len(list) == 0
}
