package edgeconf

import (
	"fmt"
	"strings"

	"dpsdiag/internal/cause"
)

// The causes that remarks name.
const (
	causeConfig      = cause.ClientConfigMissing
	causeScope       = cause.WrongIDScope
	causeEndpoint    = cause.WrongGlobalEndpoint
	causeID          = cause.RegistrationIDInvalid
	causeKey         = cause.SymmetricKeyMismatch
	causeMaterial    = cause.DeviceKeyMaterialUnreadable
	causeAttestation = cause.AttestationMismatch
	causePayload     = cause.PayloadInvalid
	causeProxy       = cause.ProxyNotConfigured
	causeName        = cause.CertCNRegistrationIDMismatch
)

// notes gathers the remarks of one reading.
type notes struct{ remarks []Remark }

func (n *notes) add(id cause.ID, setting Setting, origin Origin, format string, args ...any) {
	n.remarks = append(n.remarks, Remark{CauseID: id, Setting: setting, Detail: fmt.Sprintf(format, args...), Origin: origin})
}

// take returns v unless it is empty, what a template has in its place, or a secret in the
// wrong place; then it remarks on that and the setting is missing.
func (n *notes) take(setting Setting, v Value) Value {
	switch {
	case strings.TrimSpace(v.Text) == "":
		n.add(causeConfig, setting, v.Origin, "%s is empty", v.Origin)
	case isTemplateText(v.Text):
		n.add(causeConfig, setting, v.Origin, "%s still has the text of a template, %s", v.Origin, show(v.Text))
	case isName(setting) && hasForeign(v.Text):
		n.add(causeConfig, setting, v.Origin, "%s has something else in it than the %s %s", v.Origin, setting, hidden)
	default:
		return v
	}
	return Value{}
}

// isName reports whether a setting is a name, which reports show.
func isName(s Setting) bool {
	return s == SettingEndpoint || s == SettingIDScope || s == SettingRegistrationID
}

// isTemplateText recognises what documentation and templates write in place of a value:
// <ID_SCOPE>, [Your ID scope here], {id_scope}, ${SCOPE}, PASTE_YOUR_SCOPE_ID_HERE.
func isTemplateText(text string) bool {
	text = strings.TrimPrefix(strings.TrimSpace(text), "$")
	for _, pair := range []string{"<>", "[]", "{}"} {
		if len(text) > 2 && text[0] == pair[0] && text[len(text)-1] == pair[1] {
			return true
		}
	}
	upper := strings.ToUpper(text)
	if upper != text || strings.ContainsAny(text, "+/=") {
		return false
	}
	words := strings.FieldsFunc(upper, func(r rune) bool { return r == '_' || r == '-' || r == ' ' })
	for _, word := range words {
		if word == "PASTE" || word == "YOUR" || word == "CHANGEME" {
			return true
		}
	}
	return len(words) > 1 && words[len(words)-1] == "HERE"
}
