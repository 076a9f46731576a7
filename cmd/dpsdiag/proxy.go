package main

import "dpsdiag/internal/probe"

// noProxy is the value of --proxy that leaves the environment aside.
const noProxy = "none"

const proxyHint = "a proxy is [http|https|socks5]://[USER:PASSWORD@]HOST[:PORT]; --proxy " + noProxy + " takes the direct way"

// proxies says which proxy leads to the service: that of --proxy, else that of the
// environment. Values may hold a password and are never quoted.
func (o *targetOptions) proxies(a *app) (probe.ProxyFunc, error) {
	if o.proxy != "" && o.proxy != noProxy {
		return a.givenProxy(o.proxy)
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
