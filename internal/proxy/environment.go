package proxy

import (
	"fmt"
	"net"
	"net/url"
	"strconv"

	"golang.org/x/net/http/httpproxy"
)

// Environment is the proxy configuration in the environment variables.
type Environment struct {
	// Proxy is that of HTTPS_PROXY, or else of ALL_PROXY; nil if neither is set.
	Proxy *Proxy
	// PlainOnly is that of HTTP_PROXY if no other is set: it is for requests without TLS, which
	// a device never makes.
	PlainOnly *Proxy

	noProxy    string
	noProxyVar string
}

// ParseEnvironment reads HTTPS_PROXY, ALL_PROXY, HTTP_PROXY and NO_PROXY. The lower-case
// name has priority and an empty variable counts as unset, as in most programs. An error
// names the variable and never quotes its value.
func ParseEnvironment(lookup func(string) (string, bool)) (*Environment, error) {
	e := &Environment{}
	var err error
	if e.Proxy, err = proxyOf(lookup, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"); err != nil {
		return nil, err
	}
	if e.Proxy == nil {
		if e.PlainOnly, err = proxyOf(lookup, "http_proxy", "HTTP_PROXY"); err != nil {
			return nil, err
		}
	}
	e.noProxyVar, e.noProxy = firstSet(lookup, "no_proxy", "NO_PROXY")
	return e, nil
}

func proxyOf(lookup func(string) (string, bool), names ...string) (*Proxy, error) {
	name, value := firstSet(lookup, names...)
	if value == "" {
		return nil, nil
	}
	p, err := Parse(value, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// firstSet returns the first variable that is set and not empty.
func firstSet(lookup func(string) (string, bool), names ...string) (name, value string) {
	for _, name := range names {
		if value, set := lookup(name); set && value != "" {
			return name, value
		}
	}
	return "", ""
}

// Named returns the proxies that the environment configures.
func (e *Environment) Named() []*Proxy {
	var named []*Proxy
	for _, p := range []*Proxy{e.Proxy, e.PlainOnly} {
		if p != nil {
			named = append(named, p)
		}
	}
	return named
}

// Choose is the Func of the environment. NO_PROXY has the same meaning as in every Go
// program (package httpproxy): loopback addresses never use a proxy.
func (e *Environment) Choose(host string, port int) Choice {
	switch {
	case e.Proxy == nil && e.PlainOnly == nil:
		return Choice{}
	case e.Proxy == nil:
		return Choice{Direct: e.PlainOnly.Origin + " is not for TLS", Unused: e.Named()}
	case exempts("", host, port):
		return Choice{Direct: e.Proxy.Origin + " is not for loopback addresses"}
	case exempts(e.noProxy, host, port):
		return Choice{Direct: e.noProxyVar + " exempts the host", Unused: e.Named()}
	}
	return Choice{Proxy: e.Proxy}
}

// exempts reports whether a NO_PROXY list exempts a host from the proxy.
func exempts(list, host string, port int) bool {
	config := httpproxy.Config{HTTPSProxy: "http://proxy.invalid", NoProxy: list}
	through, err := config.ProxyFunc()(&url.URL{Scheme: "https", Host: net.JoinHostPort(host, strconv.Itoa(port))})
	return err == nil && through == nil
}
