package edgeconf

import (
	"fmt"
	"strings"
)

// Problem is the kind of problem in a remark. What it means for provisioning is decided
// elsewhere.
type Problem string

// The problems that can be found in a configuration.
const (
	ProblemSetting        Problem = "setting"         // a setting is missing, in a place where it is not read, or refused
	ProblemIDScope        Problem = "id-scope"        // it does not belong to a DPS instance
	ProblemEndpoint       Problem = "endpoint"        // it is not the service's endpoint
	ProblemRegistrationID Problem = "registration-id" // the service refuses it
	ProblemCommonName     Problem = "common-name"     // the certificate's common name is not the registration id
	ProblemKey            Problem = "key"             // the device signs with other bytes than intended
	ProblemCredential     Problem = "credential"      // a key or a certificate cannot be read
	ProblemMethod         Problem = "method"          // a credential for another attestation than the configured one
	ProblemPayload        Problem = "payload"         // it cannot be read
	ProblemProxy          Problem = "proxy"           // provisioning does not use it
)

// notes collects the remarks of one read.
type notes struct{ remarks []Remark }

func (n *notes) add(problem Problem, setting settingName, origin Origin, format string, args ...any) {
	n.remarks = append(n.remarks, Remark{Problem: problem, setting: setting, Detail: fmt.Sprintf(format, args...), Origin: origin})
}

// take returns v unless it is empty, template text, or a secret in the wrong place. In
// those cases it adds a remark and the setting is missing.
func (n *notes) take(setting settingName, v Value) Value {
	switch {
	case strings.TrimSpace(v.Text) == "":
		n.add(ProblemSetting, setting, v.Origin, "%s is empty", v.Origin)
	case isTemplateText(v.Text):
		n.add(ProblemSetting, setting, v.Origin, "%s still has the text of a template, %s", v.Origin, show(v.Text))
	case isName(setting) && hasForeign(v.Text):
		n.add(ProblemSetting, setting, v.Origin, "%s contains something other than the %s %s", v.Origin, setting, hidden)
	default:
		return v
	}
	return Value{}
}

// isName reports whether a setting is a name, which reports may show.
func isName(s settingName) bool {
	return s == settingEndpoint || s == settingIDScope || s == settingRegistrationID
}

// isTemplateText recognises placeholders of documentation and templates: <ID_SCOPE>, [Your
// ID scope here], {id_scope}, ${SCOPE}, PASTE_YOUR_SCOPE_ID_HERE.
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
