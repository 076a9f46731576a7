package advice

import (
	"strings"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/logtext"
	"dpsdiag/internal/probe"
)

func settingTextRules() []textRule {
	return []textRule{
		{
			id: "setting-placeholder", why: "the placeholder of the template was not replaced",
			see:     seeSetting(func(s *logtext.Setting) bool { return s.State == logtext.StatePlaceholder && isDeviceSetting(s) }),
			effects: []effect{favours(worded, cause.ClientConfigMissing)},
		},
		{
			id: "registration-id-empty-certificate", why: "the id is empty; with a certificate, the id is the common name of its subject",
			see:     seeBoth(seeAttestation(probe.KindX509), seeSign(logtext.SignEmptyID)),
			effects: []effect{favours(hinted, cause.CertCNRegistrationIDMismatch)},
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

// seeForeignCloud finds an endpoint in one cloud and an instance in another.
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
