package edgeconf

import (
	"slices"
	"strconv"
	"strings"

	"dpsdiag/internal/spelling"
)

// missing adds a remark that a table lacks a key, and names the key that was probably
// meant.
func (r *reader) missing(t *table, key string, setting settingName) {
	header := "[" + t.path() + "]"
	if near := r.near(t, key); near != nil {
		r.add(ProblemSetting, setting, r.origin(near), "%s has %q, which is not read: the name is %q", r.origin(near).place(), near.key, key)
		return
	}
	if misplaced := r.misplaced(t, key); misplaced != nil {
		r.add(ProblemSetting, setting, r.origin(misplaced), "%s is not read there: it belongs under %s", r.origin(misplaced), header)
		return
	}
	r.add(ProblemSetting, setting, r.originOf(t), "%s has no %s under %s", r.originOf(t).place(), key, header)
}

// near returns the item of a table that was most likely meant as key, or nil.
func (r *reader) near(t *table, key string) *item {
	others, taken := append(aliases(key), plain(key)), append(known(), r.scopeKey())
	for _, it := range t.all() {
		if slices.Contains(others, plain(it.key)) {
			return it
		}
	}
	for _, it := range t.all() {
		if !slices.Contains(taken, it.key) && spelling.Distance(plain(it.key), plain(key)) <= max(1, len(key)/6) {
			return it
		}
	}
	return nil
}

// misplaced returns an item of that name in a table near the correct one, or nil. The
// tables below these two have their own names.
func (r *reader) misplaced(t *table, key string) *item {
	provisioning := r.root.table("provisioning")
	if t != provisioning && t != provisioning.table("attestation") {
		return nil
	}
	for _, other := range []*table{
		r.root, provisioning, provisioning.table("attestation"), provisioning.table("authentication"),
		r.root.table("attestation"), r.root.table("dps"),
	} {
		if it := other.item(key); it != nil && other != t {
			return it
		}
	}
	return nil
}

// known are the keys with their own meaning near the DPS settings, so that none is taken
// for a misspelling of another.
func known() []string {
	return []string{
		"source", "global_endpoint", "attestation", "authentication", "payload", "method", "registration_id",
		"symmetric_key", "identity_cert", "identity_pk", "value", "uri",
	}
}

// aliases are other names for a key, from other tools, older versions and habit, in the
// form that plain returns.
func aliases(key string) []string {
	switch key {
	case "id_scope", "scope_id":
		return []string{"idscope", "scopeid", "scope", "dpsscope", "dpsscopeid", "dpsidscope"}
	case "global_endpoint":
		return []string{"endpoint", "dpsendpoint", "globaldeviceendpoint", "host", "provisioninghost"}
	case "registration_id":
		return []string{"deviceid", "regid", "id", "enrollmentid"}
	case "symmetric_key":
		return []string{"key", "primarykey", "devicekey", "sharedaccesskey", "deviceidpk"}
	case "identity_cert":
		return []string{"cert", "certificate", "devicecert", "deviceidcert", "identitycertificate"}
	case "identity_pk":
		return []string{"pk", "key", "privatekey", "devicepk", "identitykey", "identityprivatekey"}
	case "attestation":
		return []string{"authentication", "auth"}
	case "method":
		return []string{"type", "kind", "attestation", "mechanism"}
	}
	return nil
}

// plain returns a name without case and separators.
func plain(name string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
}

// wholeNumber parses a TOML integer.
func wholeNumber(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 0, 64)
	return n, err == nil
}
