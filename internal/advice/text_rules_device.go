package advice

import (
	"fmt"
	"strings"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
)

// The families of causes that one way to attest can have.

func keyCauses() []string {
	return []string{"symmetric-key-mismatch", "group-key-not-derived", "derived-key-incorrect", "sas-token-malformed"}
}

func certificateCauses() []string {
	return []string{
		"cert-not-trusted-by-enrollment", "cert-chain-incomplete", "ca-not-verified", "cert-cn-registration-id-mismatch", "cert-expired",
		"cert-wrong-role-or-extensions", "cert-enrollment-mismatch", "client-cert-not-presented", "cert-key-pair-mismatch",
	}
}

func tpmCauses() []string {
	return []string{"tpm-ek-mismatch", "tpm-not-available", "tpm-access-denied", "tpm-challenge-unanswered"}
}

// seeAttestation sees that the device attests in that way and no other.
func seeAttestation(kind probe.AttestationKind) func(*textCase) string {
	return func(c *textCase) string {
		if c.attestation != kind {
			return ""
		}
		return quoteFact(c.shown)
	}
}

// seeRefusal sees that the service did not believe the device.
func seeRefusal(c *textCase) string { return quoteMatch(c.matching(refusesIdentity)) }

// seeBlankRefusal sees a refusal where no error says what was refused.
func seeBlankRefusal(c *textCase) string {
	if c.matching(c.saysWhy) != nil {
		return ""
	}
	return seeRefusal(c)
}

// saysWhy reports whether a match is a message of the service that names a reason.
func (c *textCase) saysWhy(m *logtext.Match) bool {
	return c.worth(m) >= worthCase && !refusesIdentity(m) && !namingAny("tpm-challenge-unanswered")(m)
}

func attestationTextRules() []textRule {
	return []textRule{
		{
			id: "key-attestation", why: "the device signs with a symmetric key, so no certificate or TPM of its own is judged",
			see:     seeAttestation(probe.KindSymmetricKey),
			effects: []effect{excludes(certificateCauses()...), excludes(tpmCauses()...)},
		},
		{
			id: "certificate-attestation", why: "the device attests with a certificate, so no key or token is judged",
			see:     seeAttestation(probe.KindX509),
			effects: []effect{excludes(keyCauses()...), excludes("sas-token-expired"), excludes(tpmCauses()...)},
		},
		{
			id: "tpm-attestation", why: "the device attests with its TPM, so neither an enrolled key nor a certificate is judged",
			see:     seeAttestation(probe.KindTPM),
			effects: []effect{excludes("symmetric-key-mismatch", "group-key-not-derived", "derived-key-incorrect"), excludes(certificateCauses()...)},
		},
	}
}

func refusalTextRules() []textRule {
	return []textRule{
		{
			id: "certificate-refused", why: "a certificate was refused and the text does not say for what",
			see: seeBoth(seeAttestation(probe.KindX509), seeBlankRefusal),
			effects: []effect{
				favours(60, "cert-not-trusted-by-enrollment"), favours(44, "cert-enrollment-mismatch"), favours(36, "cert-chain-incomplete"),
				favours(20, "ca-not-verified"), favours(16, "cert-cn-registration-id-mismatch", "enrollment-not-found"), favours(8, "cert-expired"),
			},
		},
		{
			id: "key-refused", why: "a key was refused and the text does not say for what",
			see: seeBoth(seeAttestation(probe.KindSymmetricKey), seeBlankRefusal),
			effects: []effect{
				favours(30, "symmetric-key-mismatch"), favours(26, "group-key-not-derived"), favours(14, "derived-key-incorrect", "device-clock-wrong"),
				favours(10, "enrollment-not-found"),
			},
		},
		{
			id: "tpm-refused", why: "a TPM was refused and the text does not say for what",
			see:     seeBoth(seeAttestation(probe.KindTPM), seeBlankRefusal),
			effects: []effect{favours(45, "tpm-ek-mismatch"), favours(34, "enrollment-not-found"), favours(16, "attestation-mismatch")},
		},
		{
			id: "group-refused", why: "the device belongs to an enrollment group, whose key every device has to derive its own from",
			see: func(c *textCase) string {
				if c.attestation == probe.KindX509 || c.attestation == probe.KindTPM || seeBlankRefusal(c) == "" {
					return ""
				}
				return quoteFact(c.sign(logtext.SignGroup))
			},
			effects: []effect{favours(30, "group-key-not-derived"), favours(18, "derived-key-incorrect")},
		},
		{
			id: "individual-refused", why: "an individual enrollment has a credential of its own",
			see:     seeBoth(seeBlankRefusal, seeSign(logtext.SignIndividual)),
			effects: []effect{favours(12, "symmetric-key-mismatch", "cert-enrollment-mismatch")},
		},
		{
			id: "own-client-refused", why: "the client makes its requests or tokens itself, where derivation and token are easily built wrong",
			see:     seeBoth(seeBlankRefusal, seeSign(logtext.SignRawClient)),
			effects: []effect{favours(14, "derived-key-incorrect", "sas-token-malformed")},
		},
		{
			id: "sdk-token", why: "an SDK makes the token, which it builds right",
			see: unless(seeSign(logtext.SignRawClient), func(c *textCase) string {
				clients := []string{
					logtext.ClientIdentityService, logtext.ClientEdge11, logtext.ClientC, logtext.ClientNode, logtext.ClientPython,
					logtext.ClientJava, logtext.ClientDotNet, logtext.ClientCLI,
				}
				for _, client := range clients {
					if f := c.fact(logtext.KindClient, client); f != nil {
						return quoteFact(f)
					}
				}
				return ""
			}),
			effects: []effect{weakens(0.6, "sas-token-malformed")},
		},
		{
			id: "private-network-refused", why: "where public access is restricted, DPS refuses devices from elsewhere with a plain 401",
			see:     seeBoth(seeAny(seeRefusal, seeMatch(missesNetwork), seeMatch(namingAny("public-network-access-disabled"))), seeSign(logtext.SignPrivate)),
			effects: []effect{favours(70, "public-network-access-disabled")},
		},
	}
}

func clockTextRules() []textRule {
	return []textRule{
		{
			id: "clock-unset", why: "the device dates its failure long before the service existed, so its clock was not set",
			see: seeMatch(func(m *logtext.Match) bool {
				return m.Clock.Year != 0 && m.Clock.Year < 2016 && clockMatters(m)
			}),
			effects: []effect{favours(160, "device-clock-wrong")},
		},
		{
			id: "clock-ahead", why: "the device dates its failure in the future, so its clock is ahead",
			see:     seeMatch(func(m *logtext.Match) bool { return m.Clock.Future && clockMatters(m) }),
			effects: []effect{favours(160, "device-clock-wrong")},
		},
		{
			id: "clock-differs", why: "the date of the log line and the time in the service's answer are days apart",
			see:     seeMatch(func(m *logtext.Match) bool { return m.Clock.Known && m.Clock.Behind != 0 && clockMatters(m) }),
			effects: []effect{favours(120, "device-clock-wrong")},
		},
		{
			id: "time-not-synchronised", why: "the device did not get the time",
			see: seeAny(
				unless(seeSign(logtext.SignTimeSet), unless(seeOtherTimeouts, seeSign(logtext.SignTimeSync))),
				seeBoth(seeMatch(func(m *logtext.Match) bool { return distrustsServer(m) || refusesIdentity(m) }), seeSign(logtext.SignTimeSync)),
			),
			effects: []effect{favours(56, "device-clock-wrong"), favours(16, "network-unreachable"), favours(12, "port-blocked")},
		},
		{
			id: "all-outward-traffic-fails", why: "the time server is as silent as the other hosts: nothing gets out, and the clock need not be wrong",
			see:     seeBoth(seeOtherTimeouts, seeAny(seeSign(logtext.SignTimeSync), seeMatch(namingAny("device-clock-wrong")))),
			effects: []effect{weakens(0.3, "device-clock-wrong"), favours(34, "port-blocked"), favours(20, "network-unreachable", "proxy-not-configured")},
		},
	}
}

// clockMatters reports whether a wrong clock can be behind an error.
func clockMatters(m *logtext.Match) bool {
	return namingAny("device-clock-wrong", "sas-token-expired", "cert-expired", "server-root-ca-missing", "symmetric-key-mismatch")(m)
}

// seeOtherTimeouts sees that hosts other than a time server do not answer either.
func seeOtherTimeouts(c *textCase) string {
	return quoteMatch(c.matching(func(m *logtext.Match) bool {
		return missesNetwork(m) && !namingAny("device-clock-wrong")(m)
	}))
}

func settingTextRules() []textRule {
	return []textRule{
		{
			id: "setting-empty", why: "the setting has no value",
			see:     seeSetting(func(s *logtext.Setting) bool { return s.State == logtext.StateEmpty && isDeviceSetting(s) }),
			effects: []effect{favours(66, "client-config-missing")},
		},
		{
			id: "setting-placeholder", why: "the value of the template was left in place",
			see:     seeSetting(func(s *logtext.Setting) bool { return s.State == logtext.StatePlaceholder && isDeviceSetting(s) }),
			effects: []effect{favours(50, "client-config-missing")},
		},
		{
			id: "setting-misnamed", why: "config.toml calls it id_scope; scope_id is the name of version 1.1",
			see: func(c *textCase) string {
				if !c.anyClient(logtext.ClientIdentityService) {
					return ""
				}
				return seeSetting(func(s *logtext.Setting) bool { return s.Key == "scope_id" && s.Assigned })(c)
			},
			effects: []effect{favours(80, "client-config-missing")},
		},
		{
			id: "key-of-wrong-form", why: "a key is the base64 text alone, and this is something else",
			see: seeSetting(func(s *logtext.Setting) bool {
				return s.Meaning == logtext.SettingKey && (s.Form == logtext.FormConnectionString || s.Form == logtext.FormToken || s.Form == logtext.FormHex)
			}),
			effects: []effect{favours(60, "symmetric-key-mismatch"), favours(40, "client-config-missing", "derived-key-incorrect")},
		},
		{
			id: "name-unset", why: "the host that was looked up is the word for a missing value",
			see:     seeSign(logtext.SignUnset),
			effects: []effect{favours(120, "client-config-missing")},
		},
		{
			id: "endpoint-of-another-cloud", why: "the instance lives in another cloud than this endpoint",
			see:     seeForeignCloud,
			effects: []effect{favours(130, "wrong-global-endpoint")},
		},
		{
			id: "endpoint-is-no-endpoint", why: "a device registers at a provisioning endpoint, such as global.azure-devices-provisioning.net, and not there",
			see: seeSetting(func(s *logtext.Setting) bool {
				if s.Meaning != logtext.SettingEndpoint || s.State != logtext.StateSet {
					return false
				}
				host := hostOf(s.Value)
				_, known := dps.CloudOf(host)
				return !known && strings.Contains(host, "azure-devices")
			}),
			effects: []effect{favours(110, "wrong-global-endpoint")},
		},
		{
			id: "registration-id-empty-certificate", why: "the id is empty, and with a certificate it is the common name of its subject",
			see:     seeBoth(seeAttestation(probe.KindX509), seeSign(logtext.SignEmptyID)),
			effects: []effect{favours(60, "cert-cn-registration-id-mismatch"), favours(20, "client-config-missing")},
		},
		{
			id: "registration-id-empty", why: "the registration id is empty",
			see:     unless(seeAttestation(probe.KindX509), seeSign(logtext.SignEmptyID)),
			effects: []effect{favours(60, "client-config-missing"), favours(24, "cert-cn-registration-id-mismatch")},
		},
		{
			id: "registration-id-against-rules", why: "the registration id breaks the naming rules",
			see:     seeBadID,
			effects: []effect{favours(46, "registration-id-invalid")},
		},
		{
			id: "common-name-differs", why: "the common name of the certificate is not the registration id",
			see:     seeNameMismatch,
			effects: []effect{favours(90, "cert-cn-registration-id-mismatch")},
		},
	}
}

// isDeviceSetting reports whether a device cannot register without the setting.
func isDeviceSetting(s *logtext.Setting) bool {
	switch s.Meaning {
	case logtext.SettingScope, logtext.SettingEndpoint, logtext.SettingKey, logtext.SettingCertificate, logtext.SettingCertificateKey:
		return true
	}
	return false
}

func seeSetting(is func(*logtext.Setting) bool) func(*textCase) string {
	return func(c *textCase) string {
		for i := range c.Settings {
			if is(&c.Settings[i]) {
				return quoteSetting(&c.Settings[i])
			}
		}
		return ""
	}
}

// hostOf returns the host of a setting that may be a URL.
func hostOf(value string) string {
	_, rest, found := strings.Cut(value, "://")
	if !found {
		rest = value
	}
	host, _, _ := strings.Cut(rest, "/")
	host, _, _ = strings.Cut(host, ":")
	return strings.ToLower(host)
}

// seeForeignCloud sees an endpoint in one cloud and an instance in another.
func seeForeignCloud(c *textCase) string {
	for _, id := range c.IDs.Endpoints {
		cloud, ok := dps.CloudOf(id.Value)
		if !ok {
			continue
		}
		for _, other := range []struct {
			cloud dps.Cloud
			sign  string
		}{{dps.CloudChina, logtext.SignChina}, {dps.CloudUSGov, logtext.SignUSGov}} {
			if f := c.sign(other.sign); f != nil && cloud == dps.CloudPublic && !c.endpointIn(other.cloud) {
				return quote(id.Place, id.Value) + " and " + quoteFact(f)
			}
		}
	}
	return ""
}

func (c *textCase) endpointIn(cloud dps.Cloud) bool {
	for _, id := range c.IDs.Endpoints {
		if of, ok := dps.CloudOf(id.Value); ok && of == cloud {
			return true
		}
	}
	return false
}

// seeBadID sees a registration id that the service cannot take, or one with upper-case
// letters where the service complains of the id.
func seeBadID(c *textCase) string {
	complains := c.matching(namingAny("registration-id-invalid")) != nil
	for _, id := range c.IDs.RegistrationIDs {
		remarks, err := dps.CheckRegistrationID(id.Value)
		if err != nil {
			return quote(id.Place, id.Value) + ", " + err.Error()
		}
		if complains && len(remarks) > 0 {
			return quote(id.Place, id.Value) + ", " + remarks[0]
		}
	}
	return ""
}

// seeNameMismatch sees one registration id and one common name that differ.
func seeNameMismatch(c *textCase) string {
	if len(c.IDs.RegistrationIDs) != 1 || len(c.IDs.CommonNames) != 1 || c.attestation != probe.KindX509 {
		return ""
	}
	id, name := c.IDs.RegistrationIDs[0], c.IDs.CommonNames[0]
	if id.Value == name.Value {
		return ""
	}
	return fmt.Sprintf("%s and %s", quote(id.Place, id.Value), quote(name.Place, "CN="+name.Value))
}
