package main

import (
	"errors"
	"strings"

	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/probe"
)

// noProxy is the value of --proxy that leaves configuration and environment aside.
const noProxy = "none"

const proxyHint = "a proxy is [http|https|socks5]://[USER:PASSWORD@]HOST[:PORT]; --proxy " + noProxy + " takes the direct way"

// chooseProxy says which proxy leads to the service: that of --proxy, else the one that the
// device's configuration gives to what provisions, else that of the environment. Values may
// hold a password and are never quoted.
func (o *targetOptions) chooseProxy(a *app, device *edgeconf.Settings) (probe.ProxyFunc, error) {
	if o.proxy != "" && o.proxy != noProxy {
		return a.givenProxy(o.proxy)
	}
	if o.proxy == "" {
		if choose, err := deviceProxy(device); choose != nil || err != nil {
			return choose, err
		}
	}
	env, err := probe.ParseProxyEnvironment(a.lookupEnv)
	const ignored = "--proxy " + noProxy + " was given"
	switch {
	case o.proxy == noProxy && err == nil:
		return probe.WithoutProxy(ignored, env.Named()...), nil
	case o.proxy == noProxy:
		return probe.WithoutProxy(ignored), nil
	case err != nil:
		return nil, usagef(proxyHint, "the environment variable %v", err)
	case len(env.Named()) == 0:
		return agentProxy(device), nil
	}
	return env.Choose, nil
}

// givenProxy reads the value of --proxy.
func (a *app) givenProxy(text string) (probe.ProxyFunc, error) {
	p, err := probe.ParseProxy(text, "--proxy")
	if err != nil {
		return nil, usagef(proxyHint, "--proxy: %v", err)
	}
	if !p.Password.IsZero() {
		tell(a.stderr, "dpsdiag: warning: other users can read the password in --proxy in the process list; the environment variable HTTPS_PROXY is safe")
	}
	return probe.ThroughProxy(p), nil
}

// deviceProxy is the proxy of the program that provisions on the device, with the hosts it
// exempts; nil when it has none.
func deviceProxy(device *edgeconf.Settings) (probe.ProxyFunc, error) {
	proxy, ok := device.Proxy()
	if !ok || !proxy.Provisions() {
		return nil, nil
	}
	env, err := probe.ParseProxyEnvironment(func(name string) (string, bool) {
		if name == "https_proxy" {
			return proxy.URL.Reveal(), true
		}
		for _, p := range device.Proxies {
			if p.User == proxy.User && strings.EqualFold(p.Variable, name) && name == "no_proxy" {
				return p.URL.Reveal(), true
			}
		}
		return "", false
	})
	if err != nil {
		return nil, usagef(proxyHint, "%s: %v", proxy.Origin, errors.Unwrap(err)) // the origin names the variable
	}
	if env.Proxy == nil {
		return nil, nil
	}
	env.Proxy.Origin = proxy.Origin.String()
	return env.Choose, nil
}

// agentProxy takes the direct way, as the device does, and knows of a proxy that the
// configuration gives to edgeAgent alone; nil when there is none.
func agentProxy(device *edgeconf.Settings) probe.ProxyFunc {
	proxy, ok := device.Proxy()
	if !ok {
		return nil
	}
	p, err := probe.ParseProxy(proxy.URL.Reveal(), proxy.Origin.String())
	if err != nil {
		return nil // there is a remark on it
	}
	return probe.WithoutProxy(proxy.Origin.String()+" is for "+proxy.User+" alone", p)
}
