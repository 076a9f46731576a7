package logtext

import (
	"slices"

	"dpsdiag/internal/thesaurus"
)

// topics are the subjects of a line, as a set: things and what may be wrong with them. A thing and a
// fault on one line are a hint if the text has no known message.
type topics uint64

// The things, then the faults.
const (
	topicTPM topics = 1 << iota
	topicCertificate
	topicPrivateKey
	topicChain
	topicKey
	topicToken
	topicClock
	topicEnrollment
	topicRegistrationID
	topicScope
	topicHub
	topicWebhook
	topicProxy
	topicName
	topicPayload
	topicAPIVersion
	topicRequests
	topicQuota
	topicServer
	topicCipher
	topicLink
	topicClient
	topicClaim // see claim.go

	faultMissing
	faultDenied
	faultInvalid
	faultExpired
	faultEarly
	faultMismatch
	faultDisabled
	faultTimeout
	faultUnreachable
	faultExceeded
	faultUntrusted
	faultFailed
	faultCrash
)

// topicWords are the words for a topic.
type topicWords struct {
	topic   topics
	phrases []string
}

func topicTable() []topicWords {
	return []topicWords{
		{topicTPM, []string{"tpm", "tpm2", "trusted platform module", "/dev/tpm0", "/dev/tpmrm0", "tcti", "abrmd"}},
		{topicCertificate, []string{"certificate", "certificates", "cert", "certs", "x509", "x.509", "pfx", "pem", "pkcs12", "p12", ".crt"}},
		{topicPrivateKey, []string{"private key", "privatekey", "private_key", "pk", "key file", "keyfile", "identity_pk", ".key"}},
		{topicChain, []string{"chain", "intermediate", "intermediates", "issuer", "root ca", "ca certificate", "signing certificate"}},
		{topicKey, []string{"symmetric key", "symmetrickey", "primary key", "secondary key", "group key", "device key", "derived key", "shared access key", "master key", "symmetric_key"}},
		{topicToken, []string{"sas token", "sastoken", "sas", "shared access signature", "sharedaccesssignature", "token"}},
		{topicClock, []string{"clock", "system time", "device time", "host time", "ntp", "sntp", "time sync", "rtc"}},
		{topicEnrollment, []string{"enrollment", "enrolment", "enrollments", "enrollment group", "enrolled"}},
		{topicRegistrationID, []string{"registration id", "registrationid", "registration_id", "common name", "subject name", "cn"}},
		{topicScope, []string{"id scope", "idscope", "id_scope", "scope id", "scope_id", "scopeid"}},
		{topicHub, []string{"iot hub", "iothub", "linked hub", "hub"}},
		{topicWebhook, []string{"webhook", "azure function", "function", "custom allocation", "allocation function"}},
		{topicProxy, []string{"proxy"}},
		{topicName, []string{"host", "hostname", "host name", "dns", "resolve", "name resolution", "lookup", "name server"}},
		{topicPayload, []string{"payload", "json", "request body", "deserialize", "deserialization", "content-type"}},
		{topicAPIVersion, []string{"api-version", "api version", "apiversion"}},
		{topicRequests, []string{"requests", "request rate", "registrations per minute", "operations", "throttle"}},
		{topicQuota, []string{"quota", "device limit", "maximum number of devices", "device count", "too many devices", "maximum devices", "message limit"}},
		{topicServer, []string{"server certificate", "peer certificate", "remote certificate", "server's certificate", "root certificate", "trust store", "truststore", "trusted root", "ca bundle"}},
		{topicCipher, []string{"cipher", "ciphers", "cipher suite", "ciphersuite", "tls version", "ssl version", "protocol version", "tls 1.0", "tls 1.1", "tls1.2", "tls 1.2"}},
		{topicLink, []string{"linked hub", "link hub", "linking the hub", "link the hub", "linked iot hub", "linked-hub"}},
		{topicClient, []string{
			"Microsoft.Azure.Devices", "azure.iot.device", "azure-iot", "com.microsoft.azure.sdk.iot", "prov_device", "Prov_Device", "iotedged", "aziot-identityd",
			"provisioning client", "ProvisioningDeviceClient", "ProvisioningTransportException", "RegisterAsync",
		}},
		{topicClaim, []string{"dps", "provision", "provisioning", "provisioned", "reprovisioned", "registration", "registered", "assigned", "hub", "iothub", "iot central"}},

		{faultMissing, alike([]string{
			"not found", "missing", "no such file", "no such file or directory", "cannot find", "could not find", "does not exist", "doesn't exist", "not set", "is empty", "empty",
			"is null", "undefined", "not specified", "is required", "not provided", "cannot be blank", "can not be blank", "cannot be empty", "may not be empty", "must not be empty", "not be none", "cannot be null", "must be set", "not available", "unavailable", "no such device", "not present",
			"not configured", "not loaded", "can't be blank", "no tpm",
		}, "not-found", "missing", "empty", "undefined", "unset", "unavailable")},
		{faultDenied, alike([]string{
			"permission denied", "access denied", "access is denied", "eacces", "operation not permitted", "not permitted", "forbidden", "not authorized", "unauthorized",
			"insufficient privileges", "os error 13", "access to the path",
		}, "denied", "not-permitted", "forbidden", "unauthorized")},
		{faultInvalid, alike([]string{
			"invalid", "malformed", "not valid", "bad", "wrong", "corrupt", "corrupted", "cannot parse", "could not parse", "failed to parse", "unable to parse", "parse error", "error parsing", "parsing error", "cannot be parsed", "deserialize error",
			"unexpected", "not supported", "unsupported", "incorrect", "unable to load", "could not load", "failed to load", "cannot load", "could not read", "cannot read", "unable to read",
			"error loading", "unable to decrypt", "bad decrypt", "not base64", "illegal", "exceeds", "too long",
		}, "invalid", "incorrect", "malformed", "corrupt", "unsupported", "unexpected", "unreadable")},
		{faultExpired, alike([]string{"expired", "has expired", "past its", "not after", "no longer valid", "out of date"})},
		{faultEarly, alike([]string{"not yet valid", "not before", "in the future", "1970", "not synchronized", "out of sync", "skew", "skewed"}, "not-yet-valid")},
		{faultMismatch, alike([]string{"mismatch", "does not match", "doesn't match", "do not match", "not match", "differs", "different from", "is not the same", "not a pair"}, "mismatch")},
		{faultDisabled, alike([]string{"disabled", "is disabled", "blocked", "blacklisted", "deactivated"})},
		{faultTimeout, alike([]string{"timeout", "timed out", "time out", "no response", "not responding", "deadline"}, "timeout", "no-response")},
		{faultUnreachable, alike([]string{"unreachable", "could not connect", "cannot connect", "unable to connect", "failed to connect", "connection failed", "no route", "refused", "offline", "no internet"}, "unreachable", "refused", "offline")},
		{faultExceeded, alike([]string{"exceeded", "too many", "limit reached", "throttled", "throttling", "maximum", "over quota", "rate limit"}, "throttled", "too-many")},
		{faultUntrusted, alike([]string{"untrusted", "not trusted", "unknown ca", "self-signed", "self signed", "unable to verify", "verification failed", "verify failed", "cannot verify", "not verified", "unverified", "not signed by", "could not be verified"}, "untrusted", "unverified", "self-signed")},
		{faultCrash, alike([]string{
			"NullReferenceException", "NullPointerException", "ObjectDisposedException", "IndexOutOfRangeException", "AttributeError", "TypeError", "segmentation fault",
			"segfault", "access violation", "core dumped", "stack overflow", "panicked at", "is not a function", "heap corruption", "double free", "memory leak",
		}, "crash", "panic", "segfault", "core-dumped")},
		{faultFailed, alike([]string{"failed", "failure", "error", "exception", "could not", "cannot", "unable to", "fatal"}, "fail", "error", "exception", "fatal")},
	}
}

// alike adds the words of classes of the thesaurus to some phrases.
func alike(phrases []string, classes ...string) []string {
	return slices.Concat(phrases, thesaurus.Members(classes...))
}

// fault is a pair of topics that means something together.
type fault struct {
	thing, wrong topics
	value        string // the value of the fact
	always       bool   // also on a line with a known error, which it makes more specific
}

// faultTable lists the pairs, the more specific ones first: a line gives one fact.
func faultTable() []fault {
	return []fault{
		{topicTPM, faultDenied, TopicTPMDenied, true},
		{topicTPM, faultMissing | faultUnreachable | faultTimeout, TopicTPMMissing, false},
		{topicServer, faultUntrusted | faultMissing, TopicServerUntrusted, false},
		{topicPrivateKey, faultMismatch, TopicKeyPair, false},
		{topicRegistrationID, faultMismatch, TopicNameMismatch, false},
		{topicClock, faultEarly | faultInvalid | faultTimeout | faultFailed | faultMismatch, TopicClock, false},
		{topicCertificate | topicChain, faultEarly, TopicCertificateEarly, false},
		{topicToken, faultExpired, TopicTokenExpired, false},
		{topicCertificate | topicChain, faultExpired, TopicCertificateExpired, false},
		{topicEnrollment, faultDisabled, TopicEnrollmentDisabled, false},
		{topicEnrollment, faultMissing, TopicEnrollmentMissing, false},
		{topicScope, faultInvalid | faultMismatch, TopicScopeWrong, false},
		{topicScope | topicRegistrationID, faultMissing, TopicSettingMissing, false},
		{topicRegistrationID, faultInvalid, TopicRegistrationID, false},
		{topicWebhook, faultDenied, TopicWebhookDenied, false},
		{topicWebhook, faultTimeout | faultUnreachable | faultFailed, TopicWebhookFailed, false},
		{topicAPIVersion, faultInvalid | faultMissing, TopicAPIVersion, false},
		{topicQuota, faultExceeded | faultFailed, TopicQuota, false},
		{topicRequests, faultExceeded, TopicThrottled, false},
		{topicCipher, faultInvalid | faultMismatch | faultFailed, TopicCipher, false},
		{topicChain, faultUntrusted | faultMissing, TopicChain, false},
		{topicCertificate | topicPrivateKey, faultMissing | faultDenied | faultInvalid, TopicKeyMaterial, false},
		{topicProxy, faultDenied | faultFailed | faultUnreachable | faultTimeout, TopicProxy, false},
		{topicName, faultMissing | faultFailed, TopicName, false},
		{topicKey | topicToken, faultInvalid | faultMismatch, TopicKeyInvalid, false},
		{topicKey, faultMissing, TopicSettingMissing, false},
		{topicPayload, faultInvalid, TopicPayload, false},
		{topicTPM, faultFailed | faultInvalid, TopicTPMFailed, false},
		{topicClient, faultCrash, TopicCrash, false},
		{topicLink, faultFailed | faultInvalid | faultMissing, TopicLink, false},
	}
}

// The values of facts of KindTopic.
const (
	TopicTPMDenied          = "TPM access denied"
	TopicTPMMissing         = "TPM missing"
	TopicTPMFailed          = "TPM failed"
	TopicServerUntrusted    = "server certificate not trusted"
	TopicKeyPair            = "private key does not match"
	TopicNameMismatch       = "name does not match"
	TopicClock              = "clock wrong"
	TopicCertificateEarly   = "certificate not yet valid"
	TopicTokenExpired       = "token expired"
	TopicCertificateExpired = "certificate expired"
	TopicEnrollmentDisabled = "enrollment disabled"
	TopicEnrollmentMissing  = "enrollment not found"
	TopicScopeWrong         = "id scope wrong"
	TopicSettingMissing     = "setting missing"
	TopicRegistrationID     = "registration id invalid"
	TopicWebhookDenied      = "webhook refuses"
	TopicWebhookFailed      = "webhook fails"
	TopicAPIVersion         = "api version not supported"
	TopicQuota              = "quota used up"
	TopicThrottled          = "requests throttled"
	TopicCipher             = "TLS version or cipher"
	TopicChain              = "certificate chain"
	TopicKeyMaterial        = "certificate or key unreadable"
	TopicProxy              = "proxy fails"
	TopicName               = "name not resolved"
	TopicKeyInvalid         = "key or token invalid"
	TopicPayload            = "payload invalid"
	TopicCrash              = "client crashes"
	TopicLink               = "hub not linked"
)

// fault returns the value of the fact for a line with these topics, "" for none; known says that the
// line has an error of the catalogue.
func (v *vocabulary) fault(t topics, known bool) string {
	for _, f := range v.faults {
		if t&f.thing != 0 && t&f.wrong != 0 && (f.always || !known) {
			return f.value
		}
	}
	return ""
}
