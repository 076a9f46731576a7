package main

import (
	"errors"
	"strings"

	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/proxy"
)

// noProxy is the value of --proxy that ignores configuration and environment.
const noProxy = "none"

const proxyHint = "a proxy is [http|https|socks5]://[USER:PASSWORD@]HOST[:PORT]; --proxy " + noProxy + " connects directly"

// chooseProxy returns the proxy for the service: that of --proxy, else the one that the device's
// configuration sets for the program that provisions, else that of the environment. Values may
// contain a password and are never quoted.
func (o *targetOptions) chooseProxy(a *app, device *edgeconf.Settings) (proxy.Func, error) {
	if o.proxy != "" && o.proxy != noProxy {
		return a.givenProxy(o.proxy)
	}
	if o.proxy == "" {
		if choose, err := deviceProxy(device); choose != nil || err != nil {
			return choose, err
		}
	}
	env, err := proxy.ParseEnvironment(a.lookupEnv)
	const ignored = "--proxy " + noProxy + " was given"
	switch {
	case o.proxy == noProxy && err == nil:
		return proxy.Without(ignored, env.Named()...), nil
	case o.proxy == noProxy:
		return proxy.Without(ignored), nil
	case err != nil:
		return nil, usagef(proxyHint, "the environment variable %v", err)
	case len(env.Named()) == 0:
		return agentProxy(device), nil
	}
	return env.Choose, nil
}

// givenProxy reads the value of --proxy.
func (a *app) givenProxy(text string) (proxy.Func, error) {
	p, err := proxy.Parse(text, "--proxy")
	if err != nil {
		return nil, usagef(proxyHint, "--proxy: %v", err)
	}
	if !p.Password.IsZero() {
		tell(a.stderr, "dpsdiag: warning: other users can read the password in --proxy in the process list; the environment variable HTTPS_PROXY is safe")
	}
	return proxy.Through(p), nil
}

// deviceProxy is the proxy of the program that provisions on the device, with the hosts it
// exempts; nil if it has none.
func deviceProxy(device *edgeconf.Settings) (proxy.Func, error) {
	own, ok := device.Proxy()
	if !ok || !own.Provisions() {
		return nil, nil
	}
	env, err := proxy.ParseEnvironment(func(name string) (string, bool) {
		if name == "https_proxy" {
			return own.URL.Reveal(), true
		}
		for _, p := range device.Proxies {
			if p.User == own.User && strings.EqualFold(p.Variable, name) && name == "no_proxy" {
				return p.URL.Reveal(), true
			}
		}
		return "", false
	})
	if err != nil {
		return nil, usagef(proxyHint, "%s: %v", own.Origin, errors.Unwrap(err)) // the origin names the variable
	}
	if env.Proxy == nil {
		return nil, nil
	}
	env.Proxy.Origin = own.Origin.String()
	return env.Choose, nil
}

// agentProxy connects directly, as the device does, but reports the proxy that the configuration
// sets for edgeAgent alone; nil if there is none.
func agentProxy(device *edgeconf.Settings) proxy.Func {
	own, ok := device.Proxy()
	if !ok {
		return nil
	}
	p, err := proxy.Parse(own.URL.Reveal(), own.Origin.String())
	if err != nil {
		return nil // there is a remark on it
	}
	return proxy.Without(own.Origin.String()+" is for "+own.User+" alone", p)
}
