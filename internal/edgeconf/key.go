package edgeconf

import (
	"encoding/base64"
	"strings"

	"dpsdiag/internal/dps"
)

// symmetricKey reads the key of config.toml, a table with the value or a URI, or the id of
// a key in aziot-keyd.
func (r *reader) symmetricKey(t *table) {
	const forms = `write symmetric_key = { value = "BASE64" } or { uri = "file:///DIRECTORY/FILE" }`
	it := t.item("symmetric_key")
	switch {
	case it == nil:
		r.missing(t, "symmetric_key", settingAttestation)
	case r.settings.schema == schemaIdentity:
		r.keyByID(it)
	case it.kind != kindTable:
		r.add(ProblemSetting, settingAttestation, r.origin(it), "%s is %s, which \"config apply\" refuses; %s", r.origin(it), it.kind, forms)
	case it.table.item("value") != nil:
		r.keyByValue(it.table.item("value"))
	case it.table.item("uri") != nil:
		r.keyByURI(r.text(it.table.item("uri"), settingAttestation))
	default:
		r.add(ProblemSetting, settingAttestation, r.origin(it), "%s has neither a value nor a uri; %s", r.origin(it), forms)
	}
}

// keyByValue reads a key in the configuration itself.
func (r *reader) keyByValue(it *item) {
	origin := r.origin(it)
	switch {
	case it.kind != kindText:
		r.add(ProblemSetting, settingAttestation, origin, "%s is %s; a key is a text in quotation marks", origin, it.kind)
	case strings.TrimSpace(it.text) != it.text:
		r.add(ProblemCredential, settingAttestation, origin, "%s has white space at its beginning or end, which \"config apply\" refuses", origin)
	default:
		a := &r.settings.Attestation
		if a.Key = r.key(Value{it.text, origin}); a.Key.Size() > 0 {
			a.KeyOrigin = origin
		}
	}
}

// key decodes a key in base64, or adds a remark why it cannot. It adds missing padding, as
// the identity service does (aziotctl/aziotctl-common/src/config/mod.rs).
func (n *notes) key(v Value) dps.Key {
	if strings.TrimSpace(v.Text) == "" || isTemplateText(v.Text) {
		n.add(ProblemSetting, settingAttestation, v.Origin, "%s is empty or still has the text of a template", v.Origin)
		return dps.Key{}
	}
	if isTemplateKey(v.Text) {
		n.add(ProblemSetting, "", v.Origin, "%s is the sample key of IoT Edge's template, not that of an enrollment", v.Origin)
	}
	key, err := dps.ParseKey(dps.NewSecret(pad(v.Text)))
	if err != nil {
		n.add(ProblemCredential, settingAttestation, v.Origin, "%s: %v", v.Origin, err)
	}
	return key
}

// pad adds missing = signs to base64.
func pad(text string) string {
	text = strings.TrimSpace(text)
	if _, err := base64.RawStdEncoding.DecodeString(text); err == nil {
		text += strings.Repeat("=", (4-len(text)%4)%4)
	}
	return text
}

// isTemplateKey recognises the sample keys of Azure/iotedge
// (edgelet/contrib/config/linux/template.toml), which are words in base64.
func isTemplateKey(text string) bool {
	return strings.HasPrefix(text, "YXppb3QtaWRlbnRpdHktc2VydmljZXxhemlvdC1pZG")
}

// keyByURI reads a key file. aziot-keyd uses its bytes unchanged as the key
// (key/aziot-keys/src/key.rs), and so does the probe.
func (r *reader) keyByURI(uri Value) {
	if uri.IsZero() {
		return
	}
	if isPKCS11(uri.Text) {
		r.cannot(inToken(uri.Origin))
		return
	}
	file := r.file(uri, ProblemCredential, settingAttestation, r.readFile)
	if file.IsZero() {
		return
	}
	content := file.Content.Reveal()
	if _, err := dps.ParseKey(dps.NewSecret(pad(content))); err == nil {
		r.add(ProblemKey, "", file.Origin,
			"%s: %s contains a key in base64, but aziot-keyd uses the bytes of a key file unchanged, so it signs with another key: put the decoded key into the file (base64 -d), or the text into the configuration as value",
			file.Origin, showPath(file.Path))
	}
	a := &r.settings.Attestation
	a.Key, a.KeyOrigin, a.KeyFile = dps.NewKey([]byte(content)), file.Origin, file.Path
}
