package emulator

import (
	"bytes"
	"cmp"
	"crypto/sha1" //nolint:gosec // a thumbprint of the API, not a signature
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dpsdiag/internal/dps"
	srv "dpsdiag/internal/service"
)

// Messages of the service for a record that it does not take, all with 400004 (GitHub issues
// Azure/azure-cli#19197, MicrosoftDocs/azure-docs#17690, Azure/azure-sdk-for-python#35368,
// Azure/iotedge#2738; azure-docs articles/iot-dps/how-to-connect-mxchip-iot-devkit.md).
const (
	messageAttestation     = "TPM or X509 attestation is required"
	messageCertificateText = "The certificate is not a valid base64 string value"
	messageCommonName      = "CN (common name) in primary certificate is invalid. Please upload another certificate."
	messageNoWebhook       = "A CustomAllocationDefinition is required when the allocation policy is set to 'Custom'"
	messageNoPolicy        = "Enrollment allocationPolicy must be specified when iotHubs are specified."
)

// Messages whose wording is assumed.
const (
	messageKey         = "The symmetric key is invalid."
	messageGroupID     = "Invalid EnrollmentGroupId"
	messageHub         = "The IoT hub is not linked to this provisioning service."
	messageCAReference = "The CA certificate is not found."
	messageTwin        = "The initial twin is invalid."
	messageBulk        = "The number of records is invalid."
)

// written is the part of an enrollment that only the service API reads and writes. The
// emulator keeps the initial twin and the capabilities, and does nothing with them.
type written struct {
	// settings are all but the attestation, the provisioning status and the hubs, which are
	// fields of the enrollment.
	settings       srv.Settings
	information    json.RawMessage
	storageRootKey string
	// caNames are the names under which the instance stores the CAs of an enrollment; nil for
	// certificates that belong to the enrollment.
	caNames []string
}

// reprovision returns what happens when a device registers again.
func (w written) reprovision() srv.ReprovisionPolicy {
	if policy := w.settings.ReprovisionPolicy; policy != nil {
		return *policy
	}
	return srv.ReprovisionPolicy{UpdateHubAssignment: true, MigrateDeviceData: true}
}

// authority is a CA certificate that is stored in the instance.
type authority struct {
	name     string
	cert     *x509.Certificate
	verified bool
}

// wireRecord is an individual enrollment or a group as received.
type wireRecord struct {
	name        string
	deviceID    string
	information json.RawMessage
	settings    srv.Settings
}

func wireIndividual(e srv.IndividualEnrollment) wireRecord {
	return wireRecord{e.RegistrationID, e.DeviceID, e.OptionalDeviceInformation, e.Settings}
}

func wireGroup(g srv.EnrollmentGroup) wireRecord {
	return wireRecord{name: g.EnrollmentGroupID, settings: g.Settings}
}

// decodeRecord decodes a body. Members that the API does not have are ignored (assumed).
func decodeRecord(group bool, body []byte) (wireRecord, *refusal) {
	if group {
		var g srv.EnrollmentGroup
		if err := json.Unmarshal(body, &g); err != nil {
			return wireRecord{}, unreadable(err.Error())
		}
		return wireGroup(g), nil
	}
	var e srv.IndividualEnrollment
	if err := json.Unmarshal(body, &e); err != nil {
		return wireRecord{}, unreadable(err.Error())
	}
	return wireIndividual(e), nil
}

// decodeBulk decodes the body of a bulk operation.
func decodeBulk(group bool, body []byte) (srv.OperationMode, []wireRecord, *refusal) {
	mode, records, err := readBulk(group, body)
	if err != nil {
		return "", nil, unreadable(err.Error())
	}
	mode, ok := oneOf(mode, srv.ModeCreate, srv.ModeUpdate, srv.ModeUpdateIfMatchETag, srv.ModeDelete)
	if !ok {
		return "", nil, unreadable("the mode is none of the API")
	}
	if len(records) == 0 || len(records) > srv.MaxBulk {
		return "", nil, badRequest(reasonRequest, messageBulk, fmt.Sprintf("%d records, where 1 to %d are taken", len(records), srv.MaxBulk))
	}
	return mode, records, nil
}

// readBulk reads the JSON of a bulk operation.
func readBulk(group bool, body []byte) (mode srv.OperationMode, records []wireRecord, err error) {
	if group {
		var operation srv.BulkEnrollmentGroupOperation
		err = json.Unmarshal(body, &operation)
		for _, g := range operation.EnrollmentGroups {
			records = append(records, wireGroup(g))
		}
		return operation.Mode, records, err
	}
	var operation srv.BulkEnrollmentOperation
	err = json.Unmarshal(body, &operation)
	for _, e := range operation.Enrollments {
		records = append(records, wireIndividual(e))
	}
	return operation.Mode, records, err
}

// oneOf finds a value of an enumeration, whose letter case does not matter: the Node.js SDK
// writes updateIfMatchEtag.
func oneOf[T ~string](value T, all ...T) (T, bool) {
	at := slices.IndexFunc(all, func(one T) bool { return strings.EqualFold(string(one), string(value)) })
	if at < 0 {
		return "", false
	}
	return all[at], true
}

// enrollmentOf checks a record and converts it. What the record leaves out is made or taken
// from the old enrollment, nil for none.
func (s *service) enrollmentOf(to apiRoute, wire wireRecord, old *enrollment) (*enrollment, *refusal) {
	entry := &enrollment{name: wire.name, group: to.group, deviceID: wire.deviceID}
	entry.written = written{settings: wire.settings, information: wire.information}
	entry.written.settings.Attestation = srv.AttestationMechanism{}
	for _, step := range []func(*enrollment, srv.Settings, *enrollment) *refusal{
		checkEnrollmentID, checkTwin, readStatus, readIssuance, s.readAttestation, s.readAllocation,
	} {
		if refused := step(entry, wire.settings, old); refused != nil {
			return nil, refused
		}
	}
	return entry, nil
}

func checkEnrollmentID(entry *enrollment, _ srv.Settings, _ *enrollment) *refusal {
	if err := checkID(entry.name); err != nil {
		if entry.group {
			return badRequest(reasonRequest, messageGroupID, err.Error())
		}
		return badRequest(reasonRequest, "Invalid RegistrationId", err.Error())
	}
	return nil
}

// checkTwin checks that tags, desired properties and device information are objects.
func checkTwin(entry *enrollment, set srv.Settings, _ *enrollment) *refusal {
	parts := []json.RawMessage{entry.written.information}
	if twin := set.InitialTwin; twin != nil {
		parts = append(parts, twin.Tags)
		if twin.Properties != nil {
			parts = append(parts, twin.Properties.Desired)
		}
	}
	for _, part := range parts {
		if text := bytes.TrimSpace(part); len(text) > 0 && !bytes.ContainsAny(text[:1], "{n") {
			return badRequest(reasonRequest, messageTwin, "a collection of the initial twin or the device information is not a JSON object")
		}
	}
	return nil
}

// readStatus reads what both kinds of enrollment have, with the defaults of the API.
func readStatus(entry *enrollment, set srv.Settings, _ *enrollment) *refusal {
	status := set.ProvisioningStatus
	if status != "" {
		var ok bool
		if status, ok = oneOf(status, srv.ProvisioningEnabled, srv.ProvisioningDisabled); !ok {
			return unreadable("the provisioning status is none of the API")
		}
	}
	entry.disabled = status == srv.ProvisioningDisabled
	fillDefaults(&entry.written.settings)
	return nil
}

// readIssuance reads the certificate policy. A record does not contain the validity of its
// certificates (in the service, the policy does), so the old enrollment's days stay.
func readIssuance(entry *enrollment, set srv.Settings, old *enrollment) *refusal {
	policy := cmp.Or(set.CertificatePolicyResourceID, set.CredentialPolicyName)
	if policy == "" {
		return nil
	}
	entry.issuance = &issuance{policy: policy, days: defaultIssuedDays}
	if old != nil && old.issuance != nil {
		entry.issuance.days = old.issuance.days
	}
	return nil
}

// readAttestation reads how the devices prove themselves.
func (s *service) readAttestation(entry *enrollment, set srv.Settings, old *enrollment) *refusal {
	mechanism := set.Attestation
	kind, _ := oneOf(mechanism.Type, srv.AttestationTPM, srv.AttestationX509, srv.AttestationSymmetricKey)
	switch {
	case kind == srv.AttestationSymmetricKey:
		return s.readKeys(entry, mechanism.SymmetricKey)
	case kind == srv.AttestationTPM && mechanism.TPM != nil && !entry.group:
		return s.readTPM(entry, mechanism.TPM, old)
	case kind == srv.AttestationX509 && mechanism.X509 != nil:
		return s.readX509(entry, mechanism.X509, old)
	}
	return badRequest(reasonRequest, messageAttestation, "the record has no attestation that its kind can have")
}

// readKeys reads the two keys. The service makes those that are left out; that it does so
// with an update too is assumed.
func (s *service) readKeys(entry *enrollment, keys *srv.SymmetricKeyAttestation) *refusal {
	if keys == nil {
		keys = &srv.SymmetricKeyAttestation{}
	}
	for _, text := range []dps.Secret{keys.PrimaryKey, keys.SecondaryKey} {
		key := s.random.key()
		if !text.IsZero() {
			var err error
			if key, err = dps.ParseKey(text); err != nil {
				return badRequest(reasonRequest, messageKey, err.Error())
			}
		}
		entry.keys = append(entry.keys, key)
	}
	return nil
}

// readTPM reads an endorsement key. A TPM that is enrolled already keeps the keys that it
// was given.
func (s *service) readTPM(entry *enrollment, tpm *srv.TPMAttestation, old *enrollment) *refusal {
	ek, err := ParseEndorsementKey([]byte(tpm.EndorsementKey))
	if err != nil {
		return badRequest(reasonTPM, messageEndorsement, err.Error())
	}
	entry.written.storageRootKey = tpm.StorageRootKey
	if old != nil && old.tpm != nil && bytes.Equal(old.tpm.ek, ek) {
		entry.tpm, entry.keys = old.tpm, old.keys
		return nil
	}
	entry.tpm, entry.keys = &tpmEnrollment{ek: ek, hubKey: s.random.key()}, []dps.Key{s.random.key()}
	return nil
}

// readX509 reads the certificates of a device, the CAs of a group, or references to CAs of
// the instance.
func (s *service) readX509(entry *enrollment, x *srv.X509Attestation, old *enrollment) *refusal {
	own := x.ClientCertificates
	if entry.group {
		own = x.SigningCertificates
	}
	if own == nil && entry.group && x.CAReferences != nil {
		return s.readReferences(entry, x.CAReferences)
	}
	if own == nil {
		return badRequest(reasonRequest, messageAttestation, "the record has no certificates of the kind that belongs to it")
	}
	for _, one := range []*srv.X509CertificateWithInfo{own.Primary, own.Secondary} {
		if one == nil || one.Certificate == "" && one.Info == nil {
			continue
		}
		cert, err := uploaded(one, old)
		if err != nil {
			return badRequest(reasonRequest, messageCertificateText, err.Error())
		}
		if refused := checkUploaded(cert, entry.group); refused != nil {
			return refused
		}
		entry.certs = append(entry.certs, cert)
	}
	if len(entry.certs) == 0 {
		return badRequest(reasonRequest, messageAttestation, "no certificate was sent")
	}
	return nil
}

// checkUploaded checks the subject of a device's certificate, which names the device. That
// a group needs the certificate of a CA is assumed.
func checkUploaded(cert *x509.Certificate, group bool) *refusal {
	if group && !cert.IsCA {
		return badRequest(reasonRequest, messageAttestation, fmt.Sprintf("the certificate of %q is not that of a CA", cert.Subject))
	}
	if err := checkID(cert.Subject.CommonName); err != nil && !group {
		return badRequest(reasonRequest, messageCommonName, err.Error())
	}
	return nil
}

// uploaded returns a certificate that was sent, or the stored one of which only the info was
// sent, as a client does that writes back what it has read (azure-iot-cli-extension
// azext_iot/operations/dps.py).
func uploaded(one *srv.X509CertificateWithInfo, old *enrollment) (*x509.Certificate, error) {
	if one.Certificate != "" {
		return parseUploaded(one.Certificate)
	}
	if old != nil {
		for _, cert := range old.certs {
			if strings.EqualFold(infoOf(cert).SHA256Thumbprint, one.Info.SHA256Thumbprint) {
				return cert, nil
			}
		}
	}
	return nil, errors.New("a certificate is given by its info alone, and no such one is stored")
}

// parseUploaded reads one certificate: PEM, or the base64 of PEM (GitHub issue
// Azure/azure-iot-sdk-c#1844) or of DER.
func parseUploaded(text string) (*x509.Certificate, error) {
	if !strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN") {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return nil, err
		}
		if cert, err := x509.ParseCertificate(decoded); err == nil {
			return cert, nil
		}
		text = string(decoded)
	}
	certs, err := parseCerts([]byte(text))
	if err != nil {
		return nil, err
	}
	if len(certs) != 1 {
		return nil, fmt.Errorf("%d certificates, where one is taken", len(certs))
	}
	return certs[0], nil
}

// readReferences finds the CAs that a group refers to.
func (s *service) readReferences(entry *enrollment, refs *srv.X509CAReferences) *refusal {
	for _, name := range []string{refs.Primary, refs.Secondary} {
		if name == "" {
			continue
		}
		at := slices.IndexFunc(s.authorities, func(a authority) bool { return strings.EqualFold(a.name, name) })
		if at < 0 {
			return badRequest(reasonRequest, messageCAReference, fmt.Sprintf("the instance stores no certificate %q", name))
		}
		ca := s.authorities[at]
		entry.certs, entry.written.caNames = append(entry.certs, ca.cert), append(entry.written.caNames, ca.name)
		entry.unverified = entry.unverified || !ca.verified
	}
	if len(entry.certs) == 0 {
		return badRequest(reasonRequest, messageAttestation, "no CA certificate was named")
	}
	return nil
}

// readAllocation reads which hubs a device can be assigned to. The emulator calls no
// webhook: with the custom policy of a record it allocates as with the hashed one.
func (s *service) readAllocation(entry *enrollment, set srv.Settings, old *enrollment) *refusal {
	policy, hubs := set.AllocationPolicy, set.IoTHubs
	if policy != "" {
		var ok bool
		if policy, ok = oneOf(policy, srv.AllocationHashed, srv.AllocationGeoLatency, srv.AllocationStatic, srv.AllocationCustom); !ok {
			return unreadable("the allocation policy is none of the API")
		}
	}
	if set.IoTHubHostName != "" && len(hubs) == 0 && (policy == "" || policy == srv.AllocationStatic) {
		policy, hubs = srv.AllocationStatic, []string{set.IoTHubHostName}
	}
	entry.written.settings.AllocationPolicy = policy
	if policy == "" && len(hubs) > 0 {
		return badRequest(reasonRequest, messageNoPolicy, "hubs were named, and no policy")
	}
	return cmp.Or(s.readHubs(entry, hubs), readWebhook(entry, set, old))
}

// readHubs reads the hubs of a record, which must be linked.
func (s *service) readHubs(entry *enrollment, hubs []string) *refusal {
	for _, name := range hubs {
		own, ok := s.linkedHub(name)
		if !ok {
			return badRequest(reasonRequest, messageHub, fmt.Sprintf("no hub %q is linked", name))
		}
		entry.hubs = append(entry.hubs, own)
	}
	return nil
}

// readWebhook checks the webhook of a custom policy. An update keeps the answer that a
// configuration gives to it.
func readWebhook(entry *enrollment, set srv.Settings, old *enrollment) *refusal {
	if entry.written.settings.AllocationPolicy != srv.AllocationCustom {
		return nil
	}
	if hook := set.CustomAllocationDefinition; hook == nil || hook.WebhookURL.IsZero() || hook.APIVersion == "" {
		return badRequest(reasonRequest, messageNoWebhook, "the webhook or its api-version is missing")
	}
	if old != nil {
		entry.webhook, entry.payload = old.webhook, old.payload
	}
	return nil
}

// linkedHub returns the name of a linked hub in the configuration; a caller names the stub
// hub as devices see it.
func (s *service) linkedHub(name string) (string, bool) {
	at := slices.IndexFunc(s.hubs, func(h hub) bool { return strings.EqualFold(s.hubName(h.name), name) || strings.EqualFold(h.name, name) })
	if at < 0 {
		return "", false
	}
	return s.hubs[at].name, true
}

// hubName is the name of a hub as devices and callers see it.
func (s *service) hubName(name string) string {
	if name == stubHub {
		return s.stub
	}
	return name
}

// reveal encodes the record of an enrollment as the service sends it, with the state of its
// registration and its keys if they belong to the answer.
func (s *service) reveal(entry *enrollment, state, keys bool) json.RawMessage {
	set := entry.written.settings
	set.Attestation = mechanismOf(entry, keys)
	set.ProvisioningStatus = srv.ProvisioningEnabled
	if entry.disabled {
		set.ProvisioningStatus = srv.ProvisioningDisabled
	}
	set.IoTHubs = nil
	for _, name := range entry.hubs {
		set.IoTHubs = append(set.IoTHubs, s.hubName(name))
	}
	if entry.group {
		return srv.EnrollmentGroup{EnrollmentGroupID: entry.name, Settings: set}.Reveal()
	}
	record := srv.IndividualEnrollment{
		RegistrationID: entry.name, DeviceID: entry.deviceID, OptionalDeviceInformation: entry.written.information, Settings: set,
	}
	if last := s.registry.peek(entry.name).state(); state && last != nil {
		record.RegistrationState = new(srv.StateOf(*last))
	}
	return record.Reveal()
}

// mechanismOf returns the attestation of an enrollment. Certificates are described by their
// info.
func mechanismOf(entry *enrollment, keys bool) srv.AttestationMechanism {
	switch {
	case entry.tpm != nil:
		return srv.AttestationMechanism{Type: srv.AttestationTPM, TPM: &srv.TPMAttestation{
			EndorsementKey: base64.StdEncoding.EncodeToString(entry.tpm.ek), StorageRootKey: entry.written.storageRootKey,
		}}
	case len(entry.certs) > 0:
		return srv.AttestationMechanism{Type: srv.AttestationX509, X509: x509Of(entry)}
	case !keys:
		return srv.AttestationMechanism{Type: srv.AttestationSymmetricKey}
	}
	var pair srv.SymmetricKeyAttestation
	for i, key := range entry.keys {
		*[]*dps.Secret{&pair.PrimaryKey, &pair.SecondaryKey}[i] = key.Text()
	}
	return srv.AttestationMechanism{Type: srv.AttestationSymmetricKey, SymmetricKey: &pair}
}

func x509Of(entry *enrollment) *srv.X509Attestation {
	if names := entry.written.caNames; names != nil {
		refs := &srv.X509CAReferences{Primary: names[0]}
		if len(names) > 1 {
			refs.Secondary = names[1]
		}
		return &srv.X509Attestation{CAReferences: refs}
	}
	certs := &srv.X509Certificates{Primary: &srv.X509CertificateWithInfo{Info: infoOf(entry.certs[0])}}
	if len(entry.certs) > 1 {
		certs.Secondary = &srv.X509CertificateWithInfo{Info: infoOf(entry.certs[1])}
	}
	if entry.group {
		return &srv.X509Attestation{SigningCertificates: certs}
	}
	return &srv.X509Attestation{ClientCertificates: certs}
}

func infoOf(cert *x509.Certificate) *srv.X509CertificateInfo {
	sum1, sum256 := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw) //nolint:gosec // as above
	return &srv.X509CertificateInfo{
		SubjectName: cert.Subject.String(), IssuerName: cert.Issuer.String(),
		SHA1Thumbprint: hexUpper(sum1[:]), SHA256Thumbprint: hexUpper(sum256[:]),
		NotBefore: timestamp(cert.NotBefore), NotAfter: timestamp(cert.NotAfter),
		SerialNumber: hexUpper(cert.SerialNumber.Bytes()), Version: cert.Version,
	}
}

func hexUpper(b []byte) string { return strings.ToUpper(hex.EncodeToString(b)) }
