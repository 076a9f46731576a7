package probe

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
)

// inspect reports what is known before any packet.
func (r *runner) inspect(context.Context) Finding {
	if f, ended := r.inspectTPM(); ended {
		return f
	}
	in := r.inputs
	identity := cmp.Or(in.Identity, string(r.target.Attestation))
	f := passed("%s", identity)
	switch n := len(in.Warnings); {
	case n == 1:
		f = warned("%s", in.Warnings[0].Detail)
	case n > 1:
		f = warned("%s; and %d more, see warnings", in.Warnings[0].Detail, n-1)
	}
	return f.with("attestation", string(r.target.Attestation)).with("identity", identity).withTPMFacts(in.TPM)
}

// inspectSettings adds the warnings that do not depend on the attestation.
func (in *Inputs) inspectSettings(target Target, payload json.RawMessage) {
	if target.anonymous() {
		return
	}
	// An empty id should have come from the credential, which already warns that it is missing.
	if target.RegistrationID != "" || !target.Attestation.Traits().NamesDevice {
		in.remark(cause.RegistrationIDInvalid, dps.CheckRegistrationID, target.RegistrationID)
	}
	if target.Mode != ModeHub || target.Scope != "" {
		in.remark(cause.WrongIDScope, dps.CheckIDScope, target.Scope)
	}
	if len(payload) > 0 && payload[0] != '{' {
		in.warn(cause.PayloadInvalid, "the payload is not a JSON object, which the service's documentation requires")
	}
}

// preferRemarks puts the remarks first and removes the warnings that they replace.
func (in *Inputs) preferRemarks(remarks []Warning) {
	own := slices.DeleteFunc(in.Warnings, func(w Warning) bool {
		return slices.ContainsFunc(remarks, func(r Warning) bool { return r.ID == w.ID })
	})
	in.Warnings = slices.Concat(remarks, own)
}

// remark adds a warning if check finds a problem in a setting.
func (in *Inputs) remark(id cause.ID, check func(string) ([]string, error), value string) {
	remarks, err := check(value)
	if err != nil {
		in.warn(id, "%v", err)
	}
	for _, remark := range remarks {
		in.warn(id, "%s", remark)
	}
}

func (in *Inputs) warn(id cause.ID, format string, args ...any) {
	in.Warnings = append(in.Warnings, Warning{ID: id.String(), Detail: fmt.Sprintf(format, args...)})
}

// notice records something unusual that does not point to a cause.
func (in *Inputs) notice(name cause.NoticeName, format string, args ...any) {
	in.Warnings = append(in.Warnings, Warning{ID: string(name), Detail: fmt.Sprintf(format, args...)})
}
