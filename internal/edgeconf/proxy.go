package edgeconf

import (
	"bytes"
	"net/url"
	"path/filepath"
	"strings"

	"dpsdiag/internal/dps"
)

// overrideFile is the file that "systemctl edit aziot-identityd" writes, the documented
// place for the proxy of provisioning (learn.microsoft.com:
// iot-edge/how-to-configure-proxy-support).
const overrideFile = "/etc/systemd/system/aziot-identityd.service.d/override.conf"

// proxies reads the proxies that config.toml sets for edgeAgent and, for the configuration
// of this system, the one that systemd sets for aziot-identityd.
func (r *reader) proxies() []Proxy {
	var list []Proxy
	for _, it := range r.root.table("agent").table("env").all() {
		if it.kind == kindText && isProxyVariable(it.key) {
			list = append(list, newProxy(edgeAgent, it.key, Value{it.text, r.origin(it)}))
		}
	}
	if !strings.HasPrefix(filepath.ToSlash(filepath.Clean(r.path)), "/etc/aziot/") {
		return list
	}
	data, err := r.readFile(overrideFile)
	if err != nil {
		return list
	}
	return append(list, overrideProxies(data)...)
}

func isProxyVariable(name string) bool {
	switch strings.ToLower(name) {
	case "https_proxy", "no_proxy":
		return true
	}
	return false
}

func newProxy(user, variable string, v Value) Proxy {
	return Proxy{User: user, Variable: variable, URL: dps.NewSecret(v.Text), Shown: showProxy(v.Text), Origin: v.Origin}
}

// showProxy returns a proxy URL without user name and password.
func showProxy(text string) string {
	if at := strings.LastIndex(text, "@"); at >= 0 {
		scheme, _, found := strings.Cut(text[:at], "://")
		if !found {
			return text[at+1:]
		}
		return scheme + "://" + text[at+1:]
	}
	return text
}

// overrideProxies reads the Environment= lines of a systemd unit.
func overrideProxies(unit []byte) []Proxy {
	var list []Proxy
	number := 0
	for line := range bytes.Lines(unit) {
		number++
		rest, found := strings.CutPrefix(strings.TrimSpace(string(line)), "Environment=")
		if !found {
			continue
		}
		for _, assignment := range assignments(rest) {
			name, value, _ := strings.Cut(assignment, "=")
			if isProxyVariable(name) {
				list = append(list, newProxy(identityDaemon, name, Value{value, Origin{File: overrideFile, Line: number, Key: name}}))
			}
		}
	}
	return list
}

// assignments splits the value of Environment= at spaces outside quotation marks, as in
// systemd.exec(5).
func assignments(text string) []string {
	var list []string
	var word strings.Builder
	quote := rune(0)
	for _, r := range text {
		switch {
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case r == quote:
			quote = 0
		case quote == 0 && (r == ' ' || r == '\t'):
			list = append(list, word.String())
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	return append(list, word.String())
}

// lintProxies adds remarks about proxies that provisioning does not use, or cannot use.
func (n *notes) lintProxies(proxies []Proxy) {
	var agent, identity *Proxy
	for i := range proxies {
		p := &proxies[i]
		if strings.EqualFold(p.Variable, "no_proxy") {
			continue
		}
		if u, err := url.Parse(p.URL.Reveal()); err != nil || u.Scheme == "" || u.Host == "" {
			n.add(ProblemProxy, settingProxy, p.Origin, "%s is not a URL such as http://HOST:PORT", p.Origin)
		}
		switch p.User {
		case edgeAgent:
			agent = p
		case identityDaemon:
			identity = p
		}
	}
	if agent != nil && identity == nil {
		n.add(ProblemProxy, settingProxy, agent.Origin, "%s is only for the edgeAgent container; aziot-identityd, which provisions, needs https_proxy in its systemd unit (systemctl edit aziot-identityd)", agent.Origin)
	}
}
