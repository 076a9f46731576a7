package edgeconf

import (
	"fmt"
	"strings"
)

// Problem says what a remark is about. What it means for provisioning is for others to say.
type Problem string

// The problems that a configuration alone shows.
const (
	ProblemSetting        Problem = "setting"         // a setting is missing, stands where it is not read, or is refused
	ProblemIDScope        Problem = "id-scope"        // it is not one of a DPS instance
	ProblemEndpoint       Problem = "endpoint"        // it is not the one of the service
	ProblemRegistrationID Problem = "registration-id" // the service refuses it
	ProblemCommonName     Problem = "common-name"     // that of the certificate is not the registration id
	ProblemKey            Problem = "key"             // the device signs with other bytes than were meant
	ProblemCredential     Problem = "credential"      // a key or a certificate cannot be read
	ProblemMethod         Problem = "method"          // a credential belongs to another way to attest than the one that is named
	ProblemPayload        Problem = "payload"         // it cannot be read
	ProblemProxy          Problem = "proxy"           // provisioning does not go through it
)

// notes gathers the remarks of one reading.
type notes struct{ remarks []Remark }

func (n *notes) add(problem Problem, setting settingName, origin Origin, format string, args ...any) {
	n.remarks = append(n.remarks, Remark{Problem: problem, setting: setting, Detail: fmt.Sprintf(format, args...), Origin: origin})
}

// take returns v unless it is empty, what a template has in its place, or a secret in the
// wrong place; then it remarks on that and the setting is missing.
func (n *notes) take(setting settingName, v Value) Value {
	switch {
	case strings.TrimSpace(v.Text) == "":
		n.add(ProblemSetting, setting, v.Origin, "%s is empty", v.Origin)
	case isTemplateText(v.Text):
		n.add(ProblemSetting, setting, v.Origin, "%s still has the text of a template, %s", v.Origin, show(v.Text))
	case isName(setting) && hasForeign(v.Text):
		n.add(ProblemSetting, setting, v.Origin, "%s has something else in it than the %s %s", v.Origin, setting, hidden)
	default:
		return v
	}
	return Value{}
}

// isName reports whether a setting is a name, which reports show.
func isName(s settingName) bool {
	return s == settingEndpoint || s == settingIDScope || s == settingRegistrationID
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
