package advice

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/netfail"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

var plantProxy = proxy.Ref{URL: "http://proxy.plant:3128", Kind: proxy.HTTP, Origin: "HTTPS_PROXY"}

// behind makes every run fail at its proxy.
func behind(kind proxy.FailureKind, alter ...func(*proxy.Attempt)) change {
	return func(ev *probe.Evidence) {
		through(ev)
		for i := range ev.Runs {
			r := &ev.Runs[i]
			r.TLS, r.Clock, r.Opening = nil, nil, nil
			r.Findings = []probe.Finding{{Stage: probe.StageConnect, Outcome: probe.Failed}}
			a := &r.Tunnels[0]
			a.Failure = &proxy.Failure{Kind: kind, Text: "as it was"}
			for _, each := range alter {
				each(a)
			}
			switch kind {
			case proxy.Timeout:
				r.End = probe.EndTimeout
			case proxy.Cut:
				r.End = probe.EndCut
			}
		}
	}
}

// through sends every run through the proxy.
func through(ev *probe.Evidence) {
	for i := range ev.Runs {
		r := &ev.Runs[i]
		r.Route.Proxy = &plantProxy
		r.Resolution = &probe.Resolution{Host: "proxy.plant", Addresses: []string{"10.1.2.3"}}
		r.Dials = []probe.Dial{{Address: "10.1.2.3:3128"}}
		r.Tunnels = []proxy.Attempt{{Proxy: plantProxy, Target: publicHost + ":443", Status: 200}}
	}
}

// because is why the network did not let the probe connect to the proxy.
func because(kind netfail.Kind) func(*proxy.Attempt) {
	return func(a *proxy.Attempt) { a.Failure.Net = &netfail.Failure{Kind: kind} }
}

// trial adds a trial of a proxy that is configured and was not used; kind is "" if it connects.
func trial(kind proxy.FailureKind) change {
	return func(ev *probe.Evidence) {
		for i := range ev.Runs {
			a := &proxy.Attempt{Proxy: plantProxy, Target: publicHost + ":443"}
			if kind != "" {
				a.Failure = &proxy.Failure{Kind: kind, Text: "as it was"}
			}
			ev.Runs[i].ProxyTrial = a
		}
	}
}

func proxyTable() []row {
	return []row{
		{
			name: "the proxy requires credentials", ev: refusedProbe(behind(proxy.Auth)), verdict: Fault,
			causes: []string{"proves proxy-not-configured"},
			out:    []string{"network-unreachable", "wrong-global-endpoint"},
		},
		{
			name: "the proxy's name does not exist", verdict: Fault,
			ev:     refusedProbe(behind(proxy.Unresolved, because(netfail.NoSuchHost))),
			causes: []string{"suggests client-config-invalid", "allows dns-failure"},
			out:    []string{"wrong-global-endpoint"},
		},
		{
			name: "the proxy's name is not resolved", verdict: Fault,
			ev:     refusedProbe(behind(proxy.Unresolved, because(netfail.ResolverTimeout))),
			causes: []string{"suggests dns-failure", "allows network-unreachable", "allows client-config-invalid"},
		},
		{
			name: "nothing listens where the proxy should be", verdict: Fault,
			ev:     refusedProbe(behind(proxy.Unreachable, because(netfail.Refused))),
			causes: []string{"suggests client-config-invalid", "allows port-blocked"},
			out:    []string{"network-unreachable"},
		},
		{
			name: "nothing answers where the proxy should be", verdict: Fault,
			ev:     refusedProbe(behind(proxy.Unreachable, because(netfail.Timeout))),
			causes: []string{"suggests client-config-invalid", "allows port-blocked", "allows network-unreachable"},
		},
		{
			name: "no route to the proxy", verdict: Fault,
			ev:     refusedProbe(behind(proxy.Unreachable, because(netfail.Unreachable))),
			causes: []string{"suggests network-unreachable", "allows port-blocked", "allows client-config-invalid"},
		},
		{
			name: "no TLS with the proxy", ev: refusedProbe(behind(proxy.TLS)), verdict: Fault,
			causes: []string{"suggests client-config-invalid", "allows proxy-interference"},
			out:    []string{"network-unreachable"},
		},
		{
			name: "not a proxy", ev: refusedProbe(behind(proxy.NotAProxy)), verdict: Fault,
			causes: []string{"suggests client-config-invalid", "allows proxy-interference"},
			out:    []string{"proxy-not-configured"},
		},
		{
			name: "the proxy forbids the host", ev: refusedProbe(behind(proxy.Forbidden)), verdict: Fault,
			causes: []string{"suggests proxy-interference", "allows port-blocked"},
			out:    []string{"network-unreachable"},
		},
		{
			name: "the proxy forbids the port", ev: refusedProbe(over(probe.MQTT), behind(proxy.Forbidden)), verdict: Fault,
			causes: []string{"suggests port-blocked", "allows proxy-interference"},
		},
		{
			name: "the proxy forbids one port of two", verdict: Fault,
			ev: refusedProbe(also(state(dps.StatusAssigned, 0, ""), ends(probe.EndComplete)), through, func(ev *probe.Evidence) {
				second := ev.Runs[1]
				behind(proxy.Forbidden)(ev)
				ev.Runs[0].Transport, ev.Runs[1] = probe.AMQP, second
			}),
			causes: []string{"proves port-blocked"},
		},
		{
			name: "the proxy does not reach the host", ev: refusedProbe(behind(proxy.NoRoute)), verdict: Fault,
			causes: []string{"allows dns-failure", "allows port-blocked", "allows network-unreachable", "allows proxy-interference"},
			out:    []string{"wrong-global-endpoint"},
		},
		{
			name: "the proxy does not reach a single instance", verdict: Fault,
			ev:     refusedProbe(host("plant.azure-devices-provisioning.net"), behind(proxy.NoRoute)),
			causes: []string{"allows dns-failure", "allows port-blocked", "allows network-unreachable", "allows wrong-global-endpoint", "allows proxy-interference"},
		},
		{
			name: "the proxy does not get to an unknown name", ev: refusedProbe(host(ownHost), behind(proxy.NoRoute)), verdict: Fault,
			causes: []string{"suggests wrong-global-endpoint", "allows dns-failure", "allows port-blocked", "allows network-unreachable", "allows proxy-interference"},
		},
		{
			name: "a page instead of a connection", ev: refusedProbe(behind(proxy.Page)), verdict: Fault,
			causes: []string{"suggests proxy-interference", "allows client-config-invalid"},
		},
		{
			name: "another answer of the proxy", ev: refusedProbe(behind(proxy.Status)), verdict: Fault,
			causes: []string{"suggests proxy-interference", "allows client-config-invalid"},
		},
		{
			name: "a silent proxy", ev: refusedProbe(behind(proxy.Timeout)), verdict: NoVerdict,
			causes: []string{"allows port-blocked", "allows network-unreachable", "allows proxy-interference", "allows client-config-invalid"},
		},
		{
			name: "a proxy that hangs up", ev: refusedProbe(host(ownHost), behind(proxy.Cut)), verdict: NoVerdict,
			causes: []string{"allows network-unreachable", "allows proxy-interference", "allows client-config-invalid"},
		},
		{
			name: "a refusal of the service, through a proxy", ev: refusedProbe(through, refuse(404, 404201, "")), verdict: Fault,
			causes: []string{"suggests enrollment-not-found", "allows wrong-id-scope"},
			out:    []string{"dns-failure", "port-blocked", "network-unreachable", "proxy-not-configured"},
		},
		{
			name: "an interceptor after the proxy", ev: refusedProbe(unshaken(netfail.TLSUnknownAuthority, probe.IssuerOther), through), verdict: Fault,
			causes: []string{"suggests proxy-interference", "allows server-root-ca-missing"},
			out:    []string{"port-blocked"},
		},
		{
			name: "the direct connection fails, and a proxy gets there", ev: refusedProbe(undialed(netfail.Timeout), trial("")), verdict: Fault,
			causes: []string{"proves proxy-not-configured"},
		},
		{
			name: "the name is not resolved, and a proxy connects", ev: refusedProbe(unresolved(netfail.NoSuchHost), trial("")), verdict: Fault,
			causes: []string{"proves proxy-not-configured"},
		},
		{
			name: "the direct connection fails, and so does a proxy", ev: refusedProbe(undialed(netfail.Timeout), trial(proxy.Forbidden)), verdict: Fault,
			causes: []string{"suggests port-blocked", "allows network-unreachable", "allows proxy-not-configured", "allows public-network-access-disabled"},
		},
		{
			name: "one port is blocked, and a proxy can connect to it", verdict: Fault,
			ev:     refusedProbe(undialed(netfail.Timeout), trial(""), also(state(dps.StatusAssigned, 0, ""), ends(probe.EndComplete))),
			causes: []string{"proves port-blocked"},
		},
		{
			name: "an upgrade that is lost after a proxy", verdict: Fault,
			ev:     refusedProbe(host(ownHost), upgrade(probe.AMQPWS, 426, ""), through),
			causes: []string{"suggests proxy-interference", "allows wrong-global-endpoint", "allows transport-protocol-wrong"},
		},
	}
}

// TestProxyReasons: the texts say which proxy it is, where its setting came from and what it answered.
func TestProxyReasons(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ev   *probe.Evidence
		want []string
	}{
		"refused": {refusedProbe(behind(proxy.Auth)), []string{
			"there is no connection to " + publicHost + ":443 through the proxy http://proxy.plant:3128 (HTTPS_PROXY): as it was",
			"only a proxy that requires credentials answers like this; they belong in its setting, as USER:PASSWORD@ before the host",
		}},
		"not used": {refusedProbe(undialed(netfail.Timeout), trial("")), []string{
			"no TCP connection was made: 20.43.44.10:443 did not answer",
			"the direct connection fails, and the proxy http://proxy.plant:3128 (HTTPS_PROXY), which was not used, does connect to " + publicHost + ":443",
		}},
		"intercepted": {refusedProbe(unshaken(netfail.TLSUnknownAuthority, probe.IssuerOther), through, shows), []string{
			"the TLS handshake failed: the server's certificate does not chain to a trusted root",
			"the certificate presented for " + publicHost + ` was issued by "CN=Plant Gateway", which is not one of the public roots that Azure uses`,
			"the connection went through the proxy http://proxy.plant:3128 (HTTPS_PROXY)",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, Diagnose(test.ev).Causes[0].Because); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestDecideKeepsTheProxy: a step that probes again uses the same proxy.
func TestDecideKeepsTheProxy(t *testing.T) {
	t.Parallel()
	flag := func(ev *probe.Evidence) {
		through(ev)
		ev.Runs[0].Route.Proxy = &proxy.Ref{URL: plantProxy.URL, Kind: plantProxy.Kind, Origin: "--proxy"}
	}
	none := func(ev *probe.Evidence) { ev.Runs[0].Route.Direct = "--proxy none was given" }
	exempt := func(ev *probe.Evidence) { ev.Runs[0].Route.Direct = "NO_PROXY exempts the host" }
	for name, test := range map[string]struct {
		way  change
		want string
	}{
		"by a flag":          {flag, " --proxy PROXY-URL"},
		"by the environment": {through, ""},
		"none by a flag":     {none, " --proxy none"},
		"exempted":           {exempt, ""},
		"none":               {nothing, ""},
	} {
		for _, command := range commands(refusedProbe(test.way, unauthorized())) {
			if _, value, _ := strings.Cut(command, " --proxy"); value != strings.TrimPrefix(test.want, " --proxy") {
				t.Errorf("%s: %s", name, command)
			}
		}
	}
	once := commands(refusedProbe(undialed(netfail.Timeout), also(flag, unauthorized())))
	if i := slices.IndexFunc(once, func(c string) bool { return strings.Count(c, "--proxy") == 1 }); i < 0 {
		t.Errorf("no step names the proxy: %q", once)
	}
}
