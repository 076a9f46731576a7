package edgeconf

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
)

// Read reads the configuration at path: the config.toml of IoT Edge or the identity
// service, or the file that "config apply" makes from it for aziot-identityd. readFile
// reads it and the files that it names; it is usually [ReadFile].
//
// An error means that the file is not a configuration: it cannot be read or is not TOML, in
// which case the error begins with file:line:column, or it is a config.yaml of IoT Edge
// 1.1, an [Edge11Error]. [Lint] finds mistakes inside a configuration.
func Read(path string, readFile func(string) ([]byte, error)) (*Settings, error) {
	data, err := load(path, readFile)
	if err != nil {
		return nil, err
	}
	root, err := parse(path, data)
	if err != nil {
		return nil, err
	}
	r := newReader(path, root, readFile)
	r.read(data)
	if r.settings.schema == schemaEdge {
		r.compareApplied()
	}
	r.settings.remarks = r.remarks
	return r.settings, nil
}

// reader converts one document into settings.
type reader struct {
	notes
	path     string
	root     *table
	readFile func(string) ([]byte, error)
	settings *Settings
}

func newReader(path string, root *table, readFile func(string) ([]byte, error)) *reader {
	return &reader{path: path, root: root, readFile: readFile, settings: &Settings{schema: schemaOf(root)}}
}

// schemaOf distinguishes the two formats of a configuration: aziot-identityd needs a
// homedir, which config.toml does not have.
func schemaOf(root *table) schema {
	if root.item("homedir") != nil {
		return schemaIdentity
	}
	return schemaEdge
}

// scopeKey returns the name of the id scope's key.
func (r *reader) scopeKey() string {
	if r.settings.schema == schemaIdentity {
		return "scope_id"
	}
	return "id_scope"
}

// software returns the program that reads this configuration on the device.
func (r *reader) software() string {
	if r.settings.schema == schemaIdentity {
		return identityDaemon
	}
	return `"config apply"`
}

// at returns the origin of an item or a table.
func (r *reader) at(path string, p position) Origin {
	return Origin{File: r.path, Line: p.line, Column: p.column, Key: path}
}

func (r *reader) origin(it *item) Origin { return r.at(it.path(), it.at) }

func (r *reader) originOf(t *table) Origin { return r.at(t.path(), t.at) }

// read fills in the settings. It also searches the text for commented-out settings.
func (r *reader) read(data []byte) {
	provisioning := r.root.item("provisioning")
	switch {
	case provisioning == nil:
		r.settings.Obstacle = r.noProvisioning(data)
		return
	case provisioning.kind != kindTable:
		r.settings.Obstacle = &Obstacle{
			Problem: ProblemSetting, Origin: r.origin(provisioning),
			Detail: fmt.Sprintf("%s is %s, not a table", r.origin(provisioning), provisioning.kind),
			Hint:   "write a [provisioning] line with the settings after it",
		}
		return
	}
	r.settings.Proxies = r.proxies()
	r.checkTimeout()
	t := provisioning.table
	switch source := r.required(t, "source", settingSource); source.Text {
	case "dps":
		r.dps(t)
	case "":
		r.settings.Obstacle = explained(r.remarks, settingSource)
		r.settings.Obstacle.Problem = "" // there is a remark
		r.dps(t)
	default:
		r.settings.Obstacle = r.otherSource(t, source)
	}
}

// dps reads the settings for provisioning through DPS.
func (r *reader) dps(t *table) {
	s := r.settings
	s.Endpoint = r.endpoint(t)
	s.IDScope = r.required(t, r.scopeKey(), settingIDScope)
	s.Payload = r.payload(t)
	if attestation := r.subtable(t, "attestation", settingAttestation); attestation != nil {
		r.attestation(attestation)
	}
	r.checkNested(t)
}

// noProvisioning explains a file without a [provisioning] table.
func (r *reader) noProvisioning(data []byte) *Obstacle {
	o := &Obstacle{Problem: ProblemSetting, Origin: Origin{File: r.path}}
	line := commentedOut(data)
	switch name := r.otherDaemon(); {
	case name != "":
		o.Problem = ""
		o.Detail = fmt.Sprintf("%s is the configuration of %s and has no [provisioning] table", r.path, name)
		o.Hint = "name /etc/aziot/config.toml, or the file of " + identityDaemon
	case line > 0:
		o.Origin.Line = line
		o.Detail = fmt.Sprintf("%s has no [provisioning] table; the one in line %d is commented out", r.path, line)
		o.Hint = "remove the # in front of one provisioning block, including its [provisioning] and [provisioning.attestation] lines"
	case r.near(r.root, "provisioning") != nil:
		near := r.near(r.root, "provisioning")
		o.Origin = r.origin(near)
		o.Detail = fmt.Sprintf("%s has no [provisioning] table; the name %q is not read", o.Origin.place(), near.key)
		o.Hint = "rename it to provisioning"
	default:
		o.Detail = fmt.Sprintf("%s has no [provisioning] table", r.path)
		o.Hint = "the usual file is /etc/aziot/config.toml"
	}
	return o
}

// otherDaemon returns the daemon whose configuration this is, "" if it is not one of those
// that run with aziot-identityd.
func (r *reader) otherDaemon() string {
	has := func(key string) bool { return r.root.item(key) != nil }
	switch {
	case has("homedir") && has("agent"):
		return "aziot-edged"
	case has("homedir_path"):
		return "aziot-certd"
	case has("principal") && has("aziot_keys"):
		return "aziot-keyd"
	case has("tcti"):
		return "aziot-tpmd"
	}
	return ""
}

// commentedOut returns the first line with a commented-out provisioning table, or 0.
func commentedOut(data []byte) int {
	header := regexp.MustCompile(`^\s*#+\s*\[\s*provisioning\s*\]`)
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if header.Match(line) {
			return number
		}
	}
	return 0
}

// otherSource explains a configuration that does not use DPS.
func (r *reader) otherSource(t *table, source Value) *Obstacle {
	const hint = "to probe DPS from this device, give --id-scope, --registration-id and a credential as flags"
	o := &Obstacle{Origin: source.Origin, Hint: hint}
	switch source.Text {
	case "manual":
		o.Detail = fmt.Sprintf("%s is \"manual\": the hub of this device is configured by hand, without DPS", source.Origin)
		if t.item(r.scopeKey()) != nil || t.item("attestation") != nil {
			o.Problem = ProblemSetting
			o.Hint = "there are also settings for DPS: set source to \"dps\" to use DPS"
		}
	case "none":
		o.Detail = fmt.Sprintf("%s is \"none\": provisioning is disabled on this device", source.Origin)
	default:
		o.Problem = ProblemSetting
		o.Detail = fmt.Sprintf("%s is %s, which %s refuses", source.Origin, show(source.Text), r.software())
		o.Hint = "for DPS it is \"dps\", in lower case"
	}
	return o
}

// required reads a text that must be there, and adds a remark if it is not.
func (r *reader) required(t *table, key string, setting settingName) Value {
	it := t.item(key)
	if it == nil {
		r.missing(t, key, setting)
		return Value{}
	}
	return r.text(it, setting)
}

// optional reads a text that need not be there.
func (r *reader) optional(t *table, key string, setting settingName) Value {
	it := t.item(key)
	if it == nil {
		return Value{}
	}
	return r.text(it, setting)
}

// text reads an item that must be a text.
func (r *reader) text(it *item, setting settingName) Value {
	if it.kind != kindText {
		r.add(ProblemSetting, setting, r.origin(it), "%s is %s; %s requires text in quotation marks", r.origin(it), it.kind, r.software())
		return Value{}
	}
	return r.take(setting, Value{it.text, r.origin(it)})
}

// subtable returns a table that must be there, or adds a remark.
func (r *reader) subtable(t *table, key string, setting settingName) *table {
	switch it := t.item(key); {
	case it == nil:
		r.missing(t, key, setting)
	case it.kind != kindTable:
		r.add(ProblemSetting, setting, r.origin(it), "%s is %s, not a table", r.origin(it), it.kind)
	default:
		return it.table
	}
	return nil
}

// checkTimeout adds a remark about a timeout that the identity service refuses since
// version 1.5.0 (identity/aziot-identityd-config), although IoT Edge's template suggests
// one.
func (r *reader) checkTimeout() {
	const least = 70
	it := r.root.item("cloud_timeout_sec")
	if it == nil || it.kind != kindOther {
		return
	}
	if seconds, ok := wholeNumber(it.text); ok && seconds < least {
		r.add(ProblemSetting, "", r.origin(it), "%s is %s: current versions refuse the configuration, as it must be at least %d", r.origin(it), it.text, least)
	}
}

// checkNested adds a remark about a parent, which excludes DPS.
func (r *reader) checkNested(provisioning *table) {
	candidates := []*item{r.root.item("parent_hostname"), r.root.item("local_gateway_hostname"), provisioning.item("local_gateway_hostname")}
	for _, it := range slices.DeleteFunc(candidates, func(it *item) bool { return it == nil }) {
		r.add(ProblemSetting, "", r.origin(it), "%s makes this a nested device, which cannot be provisioned through DPS: %s refuses it", r.origin(it), r.software())
	}
}
