package emulator

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"dpsdiag/internal/dps"
)

// ErrKeysNotPrinted means that a configuration contains keys that are not in a file. PrintConfig does
// not print secrets, and it has no file to refer to.
var ErrKeysNotPrinted = errors.New("the keys of the configuration are in no file")

// PrintConfig returns the configuration with which an emulator of this Config would run, as TOML
// that ReadFile accepts. It merges the flags, the file and the scenario. It leaves out the ready
// identities, which every emulator has, and what a scenario changes in them, in the devices, in
// TLS and in ports. Keys are given as files. A key without a file is written to one in
// Config.StateDir; if StateDir is empty, the error is ErrKeysNotPrinted.
func PrintConfig(config Config) ([]byte, error) {
	config = config.withDefaults()
	scenario, ok := ScenarioByName(config.Scenario)
	if !ok {
		return nil, fmt.Errorf("unknown scenario %q", config.Scenario)
	}
	store, err := openStore(config.StateDir, false, config.Disk)
	if err != nil {
		return nil, err
	}
	w, err := newWorld(config, store)
	if err != nil {
		return nil, err
	}
	if err := scenario.stage(w, true); err != nil {
		return nil, err
	}
	p := configPrinter{store: store, own: []string{keyDevice, groupDevice, x509Device, keyGroup, x509Group}, hubs: w.service.hubs}
	doc, err := p.document(&w.service)
	if err != nil {
		return nil, err
	}
	text := bytes.NewBufferString(head(scenario))
	if err := toml.NewEncoder(text).Encode(doc); err != nil {
		return nil, fmt.Errorf("encode the configuration: %w", err)
	}
	return text.Bytes(), nil
}

// head returns a comment about what is left out.
func head(scenario Scenario) string {
	text := "# What dpsdiag emulate runs with; --config takes it. The ready identities, whose names\n" +
		"# begin with \"sandbox-\", are always there and not listed.\n"
	if scenario.Name != Healthy {
		text += "#\n# The scenario " + scenario.Name + " is in it as far as it is about hubs, faults and these\n" +
			"# enrollments. What it changes of the ready identities, the devices, TLS, ports and the clock\n" +
			"# has no key here: --scenario " + scenario.Name + " does that.\n"
	}
	return text + "\n"
}

// configPrinter turns settings back into a document.
type configPrinter struct {
	store *store
	own   []string // names of the ready identities, which are not printed
	hubs  []hub    // that are linked
}

func (p *configPrinter) document(s *settings) (*document, error) {
	doc := &document{
		IDScope: &s.scope, APIVersions: s.apiVersions, Polls: &s.polls, RetryAfter: wholeSeconds(&s.retryAfter),
		Hubs: []documentHub{}, Limits: printLimits(s.limits),
	}
	for _, h := range s.hubs {
		doc.Hubs = append(doc.Hubs, documentHub{Name: h.name, State: string(h.state), Profile: string(h.profile)})
	}
	entries := slices.DeleteFunc(s.enrolled.all(), func(e *enrollment) bool { return slices.Contains(p.own, e.name) })
	slices.SortFunc(entries, func(a, b *enrollment) int { return strings.Compare(a.name, b.name) })
	for _, entry := range entries {
		keys, err := p.keys(entry)
		if err != nil {
			return nil, err
		}
		if entry.group {
			doc.Groups = append(doc.Groups, p.group(entry, keys))
		} else {
			doc.Enrollments = append(doc.Enrollments, p.individual(entry, keys))
		}
	}
	for _, f := range s.faults {
		if !slices.Contains(f.on, opIdentity) { // only a scenario has such a fault
			doc.Faults = append(doc.Faults, printFault(f))
		}
	}
	for _, policy := range s.policies {
		if policy.name != ownerPolicy {
			doc.Policies = append(doc.Policies, printAccess(policy))
		}
	}
	return doc, nil
}

func printAccess(policy accessPolicy) documentAccess {
	doc := documentAccess{Name: policy.name}
	for _, right := range policy.rights {
		doc.Rights = append(doc.Rights, string(right))
	}
	return doc
}

func (p *configPrinter) individual(entry *enrollment, keys documentKeys) documentEnrollment {
	doc := documentEnrollment{
		RegistrationID: entry.name, DeviceID: entry.deviceID, Certificate: string(certsPEM(entry.certs...)),
		documentKeys: keys, documentPolicy: printPolicy(entry, p.hubs),
	}
	if entry.tpm != nil {
		doc.EndorsementKey = base64.StdEncoding.EncodeToString(entry.tpm.ek)
	}
	return doc
}

func (p *configPrinter) group(entry *enrollment, keys documentKeys) documentGroup {
	doc := documentGroup{ID: entry.name, CA: string(certsPEM(entry.certs...)), documentKeys: keys, documentPolicy: printPolicy(entry, p.hubs)}
	if entry.unverified {
		doc.CAVerified = new(false)
	}
	return doc
}

// keys names the files of an enrollment's keys. Those of a TPM are made by the service.
func (p *configPrinter) keys(entry *enrollment) (documentKeys, error) {
	var doc documentKeys
	if entry.tpm != nil {
		return doc, nil
	}
	names := []*string{&doc.PrimaryKeyFile, &doc.SecondaryKeyFile}
	for i, key := range entry.keys {
		file := ""
		if i < len(entry.keyFiles) {
			file = entry.keyFiles[i]
		}
		if file == "" {
			var err error
			if file, err = p.saveKey(entry, i, key); err != nil {
				return doc, err
			}
		}
		*names[i] = file
	}
	return doc, nil
}

// saveKey puts a key that is in no file into one.
func (p *configPrinter) saveKey(entry *enrollment, number int, key dps.Key) (string, error) {
	if p.store.dir == "" {
		return "", fmt.Errorf("%q: %w", entry.name, ErrKeysNotPrinted)
	}
	kind := "individual"
	if entry.group {
		kind = "group"
	}
	name := fmt.Sprintf("config-%s-%s-%d.key", kind, url.QueryEscape(strings.ToLower(entry.name)), number+1)
	return p.store.writeSecret(filepath.Join(enrolledDir, name), []byte(key.Text().Reveal()))
}

func printPolicy(entry *enrollment, linked []hub) documentPolicy {
	doc := documentPolicy{Disabled: entry.disabled, WebhookPayload: string(entry.payload)}
	if entry.hubs != nil {
		doc.Hubs = new(slices.DeleteFunc(slices.Clone(entry.hubs), func(name string) bool {
			return !slices.ContainsFunc(linked, func(h hub) bool { return h.name == name })
		}))
	}
	if entry.issuance != nil {
		doc.CertificatePolicy, doc.CertificateDays = entry.issuance.policy, &entry.issuance.days
	}
	if entry.webhook != 0 {
		doc.WebhookStatus = &entry.webhook
	}
	return doc
}

func printFault(f *fault) documentFault {
	doc := documentFault{RegistrationIDs: f.devices, Times: f.times, Message: f.answer.message, Result: string(f.answer.result), RetryAfter: wholeSeconds(f.answer.retryAfter)}
	for _, on := range f.on {
		doc.On = append(doc.On, string(on))
	}
	if f.answer.status != 0 {
		doc.Status = &f.answer.status
	}
	if f.answer.code != 0 {
		doc.ErrorCode = &f.answer.code
	}
	if foreign := f.answer.foreign; foreign != nil { // the answer is not the service's then
		doc.ContentType, doc.Body, doc.ErrorCode, doc.Message = foreign.contentType, foreign.text, nil, ""
	}
	doc.Delivery = string(f.answer.delivery.manner)
	doc.Delay = wholeSeconds(positive(f.answer.delivery.delay))
	return doc
}

// positive is a duration, or nil if it is not above zero.
func positive(d time.Duration) *time.Duration {
	if d <= 0 {
		return nil
	}
	return &d
}

func wholeSeconds(d *time.Duration) *int {
	if d == nil {
		return nil
	}
	return new(int(seconds(*d)))
}
