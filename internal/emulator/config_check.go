package emulator

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
	srv "dpsdiag/internal/service"
)

// Limits of numbers in a configuration.
const (
	maxPolls      = 1000
	maxRetryAfter = 24 * 60 * 60 // seconds
	maxLimit      = 1_000_000    // calls
)

// checker converts a document into a File. It keeps the first error.
type checker struct {
	name string
	data []byte
	read func(string) ([]byte, error)
	err  error
}

// failf records an error in the value at path, with its position in the file.
func (c *checker) failf(path, format string, args ...any) {
	if c.err != nil {
		return
	}
	place := c.name
	if at, ok := positionOf(c.data, path); ok {
		place = fmt.Sprintf("%s:%d:%d", c.name, at.line, at.column)
	}
	c.err = fmt.Errorf("%s: %s: %w", place, path, fmt.Errorf(format, args...))
}

func (c *checker) file(doc *document) *File {
	file := &File{polls: doc.Polls, apiVersions: doc.APIVersions, retryAfter: c.wait("retry_after", doc.RetryAfter)}
	if doc.IDScope != nil {
		file.scope = *doc.IDScope
		if _, err := dps.CheckIDScope(file.scope); err != nil {
			c.failf("id_scope", "%w", err)
		}
	}
	if doc.Polls != nil {
		c.within("polls", *doc.Polls, 0, maxPolls)
	}
	if doc.APIVersions != nil && len(doc.APIVersions) == 0 {
		c.failf("api_versions", "empty: leave the key out to take every version")
	}
	for _, version := range doc.APIVersions {
		if !looksLikeAPIVersion(version) {
			c.failf("api_versions", "%q is not an api-version such as %s", version, dps.DefaultAPIVersion)
		}
	}
	file.hubs, file.limits = c.hubs(doc.Hubs), c.limits(doc.Limits)
	file.enrollments = append(c.enrollments(doc), c.groups(doc)...)
	for i := range doc.Faults {
		file.faults = append(file.faults, c.fault(fmt.Sprintf("faults[%d]", i), &doc.Faults[i]))
	}
	file.policies = c.policies(doc)
	return file
}

// policies reads the shared access policies. Their names are parts of file names.
func (c *checker) policies(doc *document) []accessPolicy {
	var policies []accessPolicy
	for i, d := range doc.Policies {
		path := fmt.Sprintf("policies[%d]", i)
		policy := accessPolicy{name: d.Name}
		if err := checkID(d.Name); err != nil {
			c.failf(path+".name", "%q is not a name of a policy", d.Name)
		}
		same := func(p accessPolicy) bool { return strings.EqualFold(p.name, d.Name) }
		if strings.EqualFold(d.Name, ownerPolicy) || slices.ContainsFunc(policies, same) {
			c.failf(path+".name", "the policy %q is here already", d.Name)
		}
		if len(d.Rights) == 0 {
			c.failf(path+".rights", "names no right; the rights are %q", allRights())
		}
		for _, name := range d.Rights {
			right, ok := oneOf(srv.Right(name), allRights()...)
			if !ok {
				c.failf(path+".rights", "%q is none of %q", name, allRights())
			}
			policy.rights = append(policy.rights, right)
		}
		policies = append(policies, policy)
	}
	return policies
}

func (c *checker) within(path string, value, least, most int) {
	if value < least || value > most {
		c.failf(path, "%d is not between %d and %d", value, least, most)
	}
}

// wait reads an optional number of seconds.
func (c *checker) wait(path string, value *int) *time.Duration {
	if value == nil {
		return nil
	}
	c.within(path, *value, 0, maxRetryAfter)
	d := time.Duration(*value) * time.Second
	return &d
}

func (c *checker) hubs(docs []documentHub) []hub {
	if docs == nil {
		return nil
	}
	hubs := []hub{}
	for i, doc := range docs {
		path := fmt.Sprintf("hubs[%d]", i)
		h := hub{name: doc.Name, state: hubState(doc.State)}
		if h.state == "" {
			h.state = hubLinked
		}
		if h.name == "" || strings.ContainsAny(h.name, "/ \t\r\n") || net.ParseIP(h.name) != nil {
			c.failf(path+".name", "%q is not a host name", h.name)
		}
		if slices.ContainsFunc(hubs, func(other hub) bool { return strings.EqualFold(other.name, h.name) }) {
			c.failf(path+".name", "the hub %q is here twice", h.name)
		}
		if states := []hubState{hubLinked, hubUnauthorized, hubFull}; !slices.Contains(states, h.state) {
			c.failf(path+".state", "%q is none of %q", h.state, states)
		}
		if profiles := []dps.ConnectionProfile{dps.ProfileClassic, dps.ProfileMQTT5}; doc.Profile != "" && !slices.Contains(profiles, dps.ConnectionProfile(doc.Profile)) {
			c.failf(path+".profile", "%q is none of %q", doc.Profile, profiles)
		}
		h.profile = dps.ConnectionProfile(doc.Profile)
		hubs = append(hubs, h)
	}
	return hubs
}

func (c *checker) enrollments(doc *document) []*enrollment {
	seen := map[string]bool{keyDevice: true, groupDevice: true, x509Device: true}
	var entries []*enrollment
	for i := range doc.Enrollments {
		d, path := &doc.Enrollments[i], fmt.Sprintf("enrollments[%d]", i)
		entry := &enrollment{name: d.RegistrationID, deviceID: d.DeviceID}
		c.keys(path, d.documentKeys, entry)
		c.id(path+".registration_id", d.RegistrationID, seen)
		entry.certs = c.certificates(path+".certificate", d.Certificate, d.CertificateFile, false)
		entry.tpm = c.endorsementKey(path+".endorsement_key", d.EndorsementKey, d.EndorsementKeyFile)
		c.attests(path, entry)
		c.policy(path, d.documentPolicy, entry, doc.Hubs)
		entries = append(entries, entry)
	}
	return entries
}

func (c *checker) groups(doc *document) []*enrollment {
	seen := map[string]bool{keyGroup: true, x509Group: true}
	var entries []*enrollment
	for i := range doc.Groups {
		d, path := &doc.Groups[i], fmt.Sprintf("groups[%d]", i)
		entry := &enrollment{name: d.ID, group: true}
		c.keys(path, d.documentKeys, entry)
		c.id(path+".id", d.ID, seen)
		entry.certs = c.certificates(path+".ca", d.CA, d.CAFile, true)
		entry.unverified = d.CAVerified != nil && !*d.CAVerified
		c.attests(path, entry)
		c.policy(path, d.documentPolicy, entry, doc.Hubs)
		entries = append(entries, entry)
	}
	return entries
}

// id checks the id of an enrollment, which must differ from the previous ones.
func (c *checker) id(path, id string, seen map[string]bool) {
	if err := checkID(id); err != nil {
		c.failf(path, "%w", err)
	}
	if key := strings.ToLower(id); seen[key] {
		c.failf(path, "%q is enrolled already", id)
	} else {
		seen[key] = true
	}
}

// keys reads the primary and perhaps the secondary key into an enrollment.
func (c *checker) keys(path string, d documentKeys, entry *enrollment) {
	for _, field := range []struct{ name, text, file string }{
		{".primary_key", d.PrimaryKey, d.PrimaryKeyFile}, {".secondary_key", d.SecondaryKey, d.SecondaryKeyFile},
	} {
		content, at, ok := c.content(path+field.name, field.text, field.file)
		if !ok {
			continue
		}
		key, err := dps.ParseKey(dps.NewSecret(string(content)))
		if err != nil {
			c.failf(at, "%w", err)
		}
		entry.keys, entry.keyFiles = append(entry.keys, key), append(entry.keyFiles, c.locate(field.file))
	}
}

// locate is the absolute path of a file that the configuration names, "" for none.
func (c *checker) locate(file string) string {
	if file == "" || filepath.IsAbs(file) {
		return file
	}
	absolute, err := filepath.Abs(filepath.Join(filepath.Dir(c.name), file))
	if err != nil {
		return file
	}
	return absolute
}

// certificates reads the primary and the optional secondary certificate, from the text at
// path or from the file of the key path_file. A group's are those of CAs.
func (c *checker) certificates(path, text, file string, authorities bool) []*x509.Certificate {
	content, path, ok := c.content(path, text, file)
	if !ok {
		return nil
	}
	certs, err := parseCerts(content)
	if err != nil {
		c.failf(path, "%w", err)
	}
	if len(certs) > 2 {
		c.failf(path, "%d certificates, where a primary and a secondary one are taken", len(certs))
	}
	for _, cert := range certs {
		if authorities && !cert.IsCA {
			c.failf(path, "the certificate of %q is not that of a CA", cert.Subject)
		}
	}
	return certs
}

// endorsementKey reads the endorsement key of a TPM, from the text at path or from the file
// of the key path_file.
func (c *checker) endorsementKey(path, text, file string) *tpmEnrollment {
	content, path, ok := c.content(path, text, file)
	if !ok {
		return nil
	}
	ek, err := ParseEndorsementKey(content)
	if err != nil {
		c.failf(path, "%w", err)
	}
	return &tpmEnrollment{ek: ek}
}

// content returns the text at path, or else of the file named by the key path_file; at is
// the path of the one that is set. It is not ok if neither is set, or if they cannot be
// read.
func (c *checker) content(path, text, file string) (content []byte, at string, ok bool) {
	switch {
	case text == "" && file == "":
		return nil, path, false
	case text != "" && file != "":
		c.failf(path, "given both here and as a file")
		return nil, path, false
	case text != "":
		return []byte(text), path, true
	}
	path += "_file"
	content, err := c.read(file)
	if err != nil {
		c.failf(path, "%w", err)
	}
	return content, path, err == nil
}

// attests checks that an enrollment has exactly one attestation: keys, certificates or a
// TPM.
func (c *checker) attests(path string, entry *enrollment) {
	var has []string
	for _, attestation := range []struct {
		name  string
		given bool
	}{{"a key", len(entry.keys) > 0}, {"a certificate", len(entry.certs) > 0}, {"an endorsement key", entry.tpm != nil}} {
		if attestation.given {
			has = append(has, attestation.name)
		}
	}
	switch {
	case len(has) == 0:
		c.failf(path, "has neither a key nor a certificate")
	case len(has) > 1:
		c.failf(path, "has both %s and %s; one of them is the attestation", has[0], has[1])
	}
}

func (c *checker) policy(path string, d documentPolicy, entry *enrollment, hubs []documentHub) {
	entry.disabled = d.Disabled
	if d.Hubs != nil {
		entry.hubs = append([]string{}, *d.Hubs...)
		c.linked(path+".hubs", entry.hubs, hubs)
	}
	c.issuance(path, d, entry)
	if d.WebhookStatus != nil {
		entry.webhook = *d.WebhookStatus
		c.within(path+".webhook_status", entry.webhook, 100, 599)
	}
	if d.WebhookPayload != "" {
		entry.payload = json.RawMessage(d.WebhookPayload)
		var object map[string]any
		if err := json.Unmarshal(entry.payload, &object); err != nil || object == nil {
			c.failf(path+".webhook_payload", "not a JSON object")
		}
	}
}

// issuance reads the certificate policy of an enrollment.
func (c *checker) issuance(path string, d documentPolicy, entry *enrollment) {
	switch {
	case d.CertificatePolicy != "":
		entry.issuance = &issuance{policy: d.CertificatePolicy, days: defaultIssuedDays}
	case d.CertificateDays != nil:
		c.failf(path+".certificate_days", "needs certificate_policy, without which no certificate is issued")
		return
	}
	if d.CertificateDays != nil {
		entry.issuance.days = *d.CertificateDays
		c.within(path+".certificate_days", entry.issuance.days, leastIssuedDays, mostIssuedDays)
	}
}

// linked checks that the hubs of an enrollment are linked to the service.
func (c *checker) linked(path string, names []string, hubs []documentHub) {
	for _, name := range names {
		linked := slices.ContainsFunc(hubs, func(h documentHub) bool { return h.Name == name })
		if !linked && (hubs != nil || name != stubHub) {
			c.failf(path, "the hub %q is not among the hubs", name)
		}
	}
}
