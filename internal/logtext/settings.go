package logtext

import (
	"bytes"
	"strings"
)

// meanings are the settings that keys are for.
func (k key) meaning() string {
	switch k {
	case keyScope:
		return SettingScope
	case keyRegistrationID:
		return SettingRegistrationID
	case keyEndpoint:
		return SettingEndpoint
	case keySecret:
		return SettingKey
	case keyCertificate:
		return SettingCertificate
	case keyCertificateKey:
		return SettingCertificateKey
	case keyMethod:
		return SettingAttestation
	case keyConnectionString:
		return SettingConnection
	case keyDeviceID:
		return SettingDeviceID
	}
	return ""
}

// readSetting reads a setting: "id_scope = value", "scopeId: value", "--id-scope value",
// "registration_id \"value\"". A line that is commented out has none.
func (r *pass) readSetting(h hit) (end int) {
	start := h.start
	for start > 0 && (isWordByte(r.text[start-1]) || r.text[start-1] == '-') {
		start--
	}
	value, assigned, ok := settingValue(r.text[start:h.start], r.text[h.end:min(len(r.text), h.end+maxValue)])
	if !ok || isComment(r.text[:start]) || !r.relevant() {
		return 0
	}
	s := Setting{Place: r.place(), Key: string(r.text[start:h.end]), Meaning: h.key.meaning(), State: stateOf(value), Assigned: assigned}
	switch h.key {
	case keySecret, keyConnectionString:
		s.Form, s.Size = formOf(value), len(value)
	case keyMethod:
		s.Value = attestationOf(value)
		if s.Value == "" {
			return 0
		}
		r.fact(KindAttestation, s.Value)
	default:
		s.Value = excerpt([]byte(value))
	}
	r.noteSetting(s)
	switch {
	case s.State != StateSet:
	case h.key == keyScope:
		r.addScope(value)
	case h.key == keyRegistrationID:
		r.addID(&r.found.IDs.RegistrationIDs, value)
	}
	if s.Form == FormNone {
		return 0
	}
	return h.end + bytes.Index(r.text[h.end:], []byte(value)) + len(value)
}

// noteSetting adds a setting, unless the same line was seen before.
func (r *pass) noteSetting(s Setting) {
	if s.State == StateEmpty && s.Meaning == SettingRegistrationID {
		r.fact(KindSign, SignEmptyID)
	}
	for _, known := range r.found.Settings {
		if known.Key == s.Key && known.Value == s.Value && known.State == s.State && known.Size == s.Size {
			return
		}
	}
	if len(r.found.Settings) < maxSettings {
		r.found.Settings = append(r.found.Settings, s)
	}
}

// isComment reports whether the text before a setting makes it a comment.
func isComment(before []byte) bool {
	before = bytes.TrimLeft(before, " ")
	return bytes.HasPrefix(before, []byte("#")) || bytes.HasPrefix(before, []byte("//")) || bytes.HasPrefix(before, []byte(";"))
}

// settingValue returns the value after a name, and whether it is assigned as in a configuration; ok is
// false if the name is only mentioned. prefix is what belongs to the name before it, such as the
// dashes of an option.
func settingValue(prefix, rest []byte) (value string, assigned, ok bool) {
	rest = bytes.TrimLeft(rest, `"'])`)
	trimmed := bytes.TrimLeft(rest, " ")
	switch {
	case len(trimmed) > 0 && (trimmed[0] == '=' || trimmed[0] == ':'):
		sign := trimmed[0]
		assigned = true
		trimmed = bytes.TrimLeft(trimmed[1:], " >=")
		if len(trimmed) == 0 && sign == ':' {
			return "", false, false // a heading or a question
		}
	case len(trimmed) > 0 && trimmed[0] == '"' && len(rest) > len(trimmed):
	case bytes.HasPrefix(prefix, []byte("-")) && len(rest) > len(trimmed):
	default:
		return "", false, false
	}
	if bytes.HasPrefix(trimmed, []byte("{")) { // symmetric_key = { value = "..." }
		_, inner, found := bytes.Cut(trimmed, []byte("="))
		if !found {
			return "", false, false
		}
		trimmed = bytes.TrimLeft(inner, " ")
	}
	return unquote(trimmed), assigned, true
}

// unquote returns a quoted text without its quotes, or the first word of one that is not
// quoted.
func unquote(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	if q := text[0]; q == '"' || q == '\'' {
		if end := bytes.IndexByte(text[1:], q); end >= 0 {
			return strings.TrimSpace(string(text[1 : 1+end]))
		}
		return string(text[1:])
	}
	end := bytes.IndexAny(text, " ,;})\"")
	if text[0] == '<' {
		end = bytes.IndexByte(text, '>') + 1
	}
	if end <= 0 {
		end = len(text)
	}
	return string(text[:end])
}

func stateOf(value string) State {
	switch strings.ToLower(value) {
	case "", "none", "null", "undefined", "nil", "(null)", "nan", "false":
		return StateEmpty
	}
	if isPlaceholder(value) && !strings.Contains(value, " ") && !isRedacted(value) {
		return StatePlaceholder
	}
	return StateSet
}

// formOf describes the form of a secret.
func formOf(value string) Form {
	lower := strings.ToLower(value)
	switch {
	case value == "" || isRedacted(value) || isPlaceholder(value):
		return FormNone
	case strings.Contains(lower, "hostname="):
		return FormConnectionString
	case strings.HasPrefix(lower, "sharedaccesssignature"):
		return FormToken
	case strings.Contains(value, "://"), strings.HasPrefix(value, "/"), strings.HasPrefix(value, "$"):
		return FormReference
	case len(value) >= 32 && isHex(value):
		return FormHex
	case strings.Trim(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=") == "":
		return FormBase64
	}
	return FormOther
}

// attestationOf reads the name of an attestation in any of its spellings.
func attestationOf(value string) string {
	switch strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(strings.ToLower(value)) {
	case "symmetrickey", "dpssymmetrickey":
		return "symmetric-key"
	case "x509", "dpsx509":
		return "x509"
	case "tpm", "dpstpm":
		return "tpm"
	}
	return ""
}
