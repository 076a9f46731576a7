// Package proxy makes TCP connections through HTTP, HTTPS or SOCKS5 proxies.
package proxy

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/redact"
)

// Proxy is a host that connects to others for us. A proxy is a way to make the TCP
// connection of any transport; it is not a transport itself.
type Proxy struct {
	Kind           Kind
	Host           string
	Port           int
	User, Password dps.Secret // both empty for a proxy without credentials
	Origin         string     // see Ref
}

// Kind is the protocol of a proxy, as in the scheme of its URL.
type Kind string

// The kinds of proxy. Each proxy resolves the target's name itself.
const (
	HTTP   Kind = "http"   // CONNECT in plain text (RFC 9110, 9.3.6)
	HTTPS  Kind = "https"  // CONNECT inside TLS
	SOCKS5 Kind = "socks5" // RFC 1928
)

// Ref describes a proxy in text that a report can print.
type Ref struct {
	URL  string // scheme, host and port; never the credentials
	Kind Kind
	// Origin is where the proxy is configured: a flag, an environment variable or a place in a
	// file.
	Origin string
}

// maxCredential is the maximum length of a user name or password, in bytes (RFC 1929, 2).
const maxCredential = 255

// Parse parses the URL of a proxy: http, https or socks5. socks5h means the same as socks5:
// the proxy always resolves the name of the target. A URL without a scheme is an HTTP
// proxy. Errors never quote the text, which may contain a password.
func Parse(text, origin string) (*Proxy, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL; special characters in a user name or password must be written as %XX")
	case u.Hostname() == "":
		return nil, errors.New("it names no host")
	case !dps.IsHost(withoutZone(u.Hostname())):
		return nil, errors.New("its host is not a host name")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("it has more than a host and a port; the address of a PAC file is not a proxy")
	}
	p := &Proxy{Host: u.Hostname(), Origin: origin}
	if err := p.setScheme(u.Scheme); err != nil {
		return nil, err
	}
	if err := p.setPort(u.Port()); err != nil {
		return nil, err
	}
	if err := p.setCredentials(u.User); err != nil {
		return nil, err
	}
	return p, nil
}

// withoutZone returns an IPv6 address without its zone.
func withoutZone(host string) string {
	address, _, _ := strings.Cut(host, "%")
	return address
}

// setScheme sets the kind and its default port.
func (p *Proxy) setScheme(scheme string) error {
	switch scheme {
	case "http":
		p.Kind, p.Port = HTTP, 80
	case "https":
		p.Kind, p.Port = HTTPS, 443
	case "socks5", "socks5h":
		p.Kind, p.Port = SOCKS5, 1080
	default:
		return errors.New("its scheme is not http, https, socks5 or socks5h")
	}
	return nil
}

func (p *Proxy) setPort(text string) error {
	if text == "" {
		return nil
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return errors.New("its port is not a number from 1 to 65535")
	}
	p.Port = port
	return nil
}

func (p *Proxy) setCredentials(user *url.Userinfo) error {
	name := user.Username()
	password, _ := user.Password()
	switch {
	case len(name) > maxCredential || len(password) > maxCredential:
		return errors.New("its user name or password is longer than 255 bytes")
	case strings.Contains(name, ":") && p.Kind != SOCKS5:
		return errors.New("its user name has a colon, which HTTP cannot send")
	case name == "" && password != "" && p.Kind == SOCKS5:
		return errors.New("it has a password without a user name")
	}
	p.User, p.Password = dps.NewSecret(name), dps.NewSecret(password)
	return nil
}

// URL returns the proxy's URL without the credentials.
func (p *Proxy) URL() string { return (&url.URL{Scheme: string(p.Kind), Host: p.address()}).String() }

func (p *Proxy) address() string { return net.JoinHostPort(p.Host, strconv.Itoa(p.Port)) }

// Ref describes the proxy without its credentials.
func (p *Proxy) Ref() Ref { return Ref{URL: p.URL(), Kind: p.Kind, Origin: p.Origin} }

func (p *Proxy) hasCredentials() bool { return !p.User.IsZero() || !p.Password.IsZero() }

// redact replaces the credentials in what a proxy sent: some proxies repeat the request in
// their error page.
func (p *Proxy) redact(text string) string {
	var pairs []string
	for _, secret := range p.secrets() {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if form != "" {
				pairs = append(pairs, form, "[redacted]")
			}
		}
	}
	return redact.Hide(strings.NewReplacer(pairs...).Replace(text), p.secrets()...)
}

// secrets are the credentials in each form in which they are sent, the longest first.
func (p *Proxy) secrets() []string {
	if !p.hasCredentials() {
		return nil
	}
	return []string{p.basic(), p.Password.Reveal(), p.User.Reveal()}
}
