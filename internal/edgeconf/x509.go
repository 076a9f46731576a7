package edgeconf

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// nameOfX509 reads the optional registration id of a certificate. In the daemon's own
// format it may be a subject, whose CN is the id.
func (r *reader) nameOfX509(t *table) Value {
	it := t.item("registration_id")
	if it != nil && it.kind == kindTable && r.settings.schema == schemaIdentity {
		return r.required(it.table, "CN", settingRegistrationID)
	}
	return r.optional(t, "registration_id", settingRegistrationID)
}

// x509 reads certificate and private key: URIs or an issuance in config.toml, ids in the
// daemon's own format.
func (r *reader) x509(t *table) {
	certificate := t.item("identity_cert")
	switch {
	case certificate == nil:
		r.missing(t, "identity_cert", settingAttestation)
	case r.settings.schema == schemaIdentity:
		r.certificateByID(t, certificate)
		return
	case certificate.kind == kindTable:
		r.issued(certificate.table)
		return
	default:
		r.certificateByURI(r.text(certificate, settingAttestation))
	}
	r.privateKeyByURI(r.required(t, "identity_pk", settingAttestation))
}

func (r *reader) certificateByURI(uri Value) {
	if uri.IsZero() {
		return
	}
	file := r.file(uri, ProblemCredential, settingAttestation, r.readFile)
	if strings.Contains(file.Content.Reveal(), "PRIVATE KEY-----") && !strings.Contains(file.Content.Reveal(), "BEGIN CERTIFICATE-----") {
		r.add(ProblemCredential, "", file.Origin, "%s: %s contains a private key and no certificate; are identity_cert and identity_pk exchanged?", file.Origin, showPath(file.Path))
	}
	r.settings.Attestation.Certificate = file
}

func (r *reader) privateKeyByURI(uri Value) {
	if uri.IsZero() {
		return
	}
	if isPKCS11(uri.Text) {
		r.cannot(inToken(uri.Origin))
		return
	}
	file := r.file(uri, ProblemCredential, settingAttestation, r.readFile)
	if strings.Contains(file.Content.Reveal(), "BEGIN CERTIFICATE-----") && !strings.Contains(file.Content.Reveal(), "PRIVATE KEY-----") {
		r.add(ProblemCredential, "", file.Origin, "%s: %s contains a certificate and no private key; are identity_cert and identity_pk exchanged?", file.Origin, showPath(file.Path))
	}
	r.settings.Attestation.PrivateKey = file
}

// issued reads an identity_cert that is a table: a certificate made on demand. Its common
// name is the registration id if none is given.
func (r *reader) issued(t *table) {
	if r.settings.RegistrationID.IsZero() {
		r.settings.RegistrationID = r.subjectName(t)
	}
	if uri := t.item("uri"); uri != nil && t.item("method") == nil {
		r.add(ProblemSetting, settingAttestation, r.origin(uri), "%s is not read: identity_cert = \"file:///DIRECTORY/FILE\" is written without braces", r.origin(uri))
		return
	}
	r.onDemand(r.required(t, "method", settingAttestation))
}

// subjectName returns the common name of a certificate to be made.
func (r *reader) subjectName(t *table) Value {
	for _, it := range t.table("subject").all() {
		if strings.EqualFold(it.key, "CN") {
			return r.text(it, settingRegistrationID)
		}
	}
	return r.optional(t, "common_name", settingRegistrationID)
}

// onDemand returns the obstacle for a certificate that aziot-certd gets by a method.
func (r *reader) onDemand(method Value) {
	if method.IsZero() {
		return
	}
	o := Obstacle{Origin: method.Origin, Hint: r.issuedFiles()}
	var issuer string
	switch method.Text {
	case "est":
		issuer = "an EST server issues it"
	case "local_ca":
		issuer = "a CA on the device issues it"
	case "self_signed":
		issuer = "aziot-certd signs it itself"
	default:
		r.add(ProblemSetting, settingAttestation, method.Origin, "%s is %s, which %s refuses; the methods are \"est\", \"local_ca\" and \"self_signed\"",
			method.Origin, show(method.Text), r.software())
		return
	}
	o.Detail = fmt.Sprintf("%s is %q: the certificate is made when the device first needs it (%s), so no file of the configuration contains it", method.Origin, method.Text, issuer)
	r.cannot(o)
}

// issuedFiles says where a certificate made on demand is stored, with its key.
func (r *reader) issuedFiles() string {
	keys := r.root.table("aziot_keys")
	if keys.item("pkcs11_lib_path") != nil && keys.item("pkcs11_base_slot") != nil {
		return "its key is made in the PKCS#11 token of [aziot_keys], which does not release it; the answer to the device is in its log (iotedge system logs)"
	}
	return fmt.Sprintf("once it has been made, run as root with --cert %s --cert-key %s", storedCertificate(deviceID), storedKey(deviceID))
}

// deviceID is the id that "config apply" gives the device's credential
// (aziotctl/aziotctl-common/src/config/mod.rs).
const deviceID = "device-id"

// storedCertificate and storedKey are the files in which aziot-certd and aziot-keyd store
// the certificate and the key of an id (cert/aziot-certd-config/src/util.rs,
// key/aziot-keys/src/implementation.rs).
func storedCertificate(id string) string {
	return "/var/lib/aziot/certd/certs/" + storedName(id) + ".cer"
}

func storedKey(id string) string { return "/var/lib/aziot/keyd/keys/" + storedName(id) + ".key" }

func storedName(id string) string {
	var letters strings.Builder
	for _, r := range id {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			letters.WriteRune(r)
		}
	}
	return fmt.Sprintf("%s-%x", letters.String(), sha256.Sum256([]byte(id)))
}
