package probe

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"

	"dpsdiag/internal/netfail"
	"dpsdiag/internal/proxy"
)

// Route is how a run reaches the service.
type Route struct {
	Proxy *proxy.Ref // nil for a direct connection
	// Direct says why the connection is direct although a proxy is configured; "" if none is.
	Direct string
}

// routeBy returns the route for a choice.
func routeBy(c proxy.Choice) Route {
	if c.Proxy == nil {
		return Route{Direct: c.Direct}
	}
	ref := c.Proxy.Ref()
	return Route{Proxy: &ref}
}

// Through returns the successful attempt of a run to use its proxy, or nil if there is
// none.
func (r *Run) Through() *proxy.Attempt {
	for i := range r.Tunnels {
		if r.Tunnels[i].Failure == nil {
			return &r.Tunnels[i]
		}
	}
	return nil
}

// ProxyFailed returns the attempt that ended a run at its proxy. It is nil if the run uses
// no proxy or the proxy did connect.
func (r *Run) ProxyFailed() *proxy.Attempt {
	if len(r.Tunnels) == 0 || r.Through() != nil {
		return nil
	}
	return &r.Tunnels[len(r.Tunnels)-1]
}

// service returns the host:port of the service for this transport.
func (r *runner) service() string {
	return net.JoinHostPort(r.target.Endpoint.Host, strconv.Itoa(r.transport.ID().Port(r.target.Endpoint)))
}

// verifyProxy returns our TLS configuration for an HTTPS proxy. The device's certificate is
// not for the proxy.
func (r *runner) verifyProxy(p *proxy.Proxy) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, ServerName: p.Host, RootCAs: r.cfg.Roots, Time: r.now}
}

// tunnel asks the proxy to connect to the service, and keeps the proxy's answer.
func (r *runner) tunnel(ctx context.Context, conn net.Conn) (net.Conn, proxy.Attempt) {
	p := r.way.Proxy
	through, attempt := p.Connect(ctx, conn, r.service(), r.verifyProxy(p))
	r.run.Tunnels = append(r.run.Tunnels, attempt)
	return through, attempt
}

// leftToProxy says in the resolve stage that the proxy resolves the service's name.
func (r *runner) leftToProxy(f Finding) Finding {
	f.Detail = "the proxy: " + f.Detail
	if host := r.target.Endpoint.Host; net.ParseIP(host) == nil {
		f.Detail += "; it resolves " + host + " itself"
	}
	return f.withProxy(r.way.Proxy.Ref())
}

// proxyUnresolved records that the proxy's name does not resolve.
func (r *runner) proxyUnresolved(failure *netfail.Failure, f Finding) Finding {
	return r.failAtProxy(proxy.Failure{Kind: proxy.Unresolved, Text: "its name cannot be resolved", Net: failure}, f)
}

// proxyUnreachable records that the proxy did not accept a connection.
func (r *runner) proxyUnreachable(f Finding) Finding {
	last := r.run.Dials[len(r.run.Dials)-1]
	return r.failAtProxy(unreachable(last), f)
}

func unreachable(last Dial) proxy.Failure {
	text := fmt.Sprintf("no connection to it (%s: %s)", last.Address, last.Failure.Describe())
	return proxy.Failure{Kind: proxy.Unreachable, Text: text, Net: last.Failure}
}

// failAtProxy ends a stage at a proxy that could not be reached.
func (r *runner) failAtProxy(failure proxy.Failure, f Finding) Finding {
	attempt := r.way.Proxy.Attempt(r.service())
	attempt.Failure = &failure
	r.run.Tunnels = append(r.run.Tunnels, attempt)
	f.Detail = "the proxy: " + f.Detail
	return f.withProxy(attempt.Proxy).with("proxy-failure", string(failure.Kind))
}

// connectThrough continues from the TCP connection to the proxy, which f describes.
func (r *runner) connectThrough(ctx context.Context, conn net.Conn, f Finding) Finding {
	through, attempt := r.tunnel(ctx, conn)
	if through == nil {
		r.stop(endAtProxy(attempt.Failure))
		refused := failed("the proxy %s: %s", attempt.Proxy.URL, attempt.Failure.Text)
		refused.Facts = f.Facts
		return refused.withAttempt(attempt)
	}
	r.tcp = through
	f.Detail = fmt.Sprintf("%s through the proxy %s (%s)", attempt.Target, attempt.Proxy.URL, f.Detail)
	return f.withAttempt(attempt)
}

// withDirectReason says why a configured proxy was not used.
func (r *runner) withDirectReason(f Finding) Finding {
	if r.way.Direct != "" {
		f.Detail += ", directly: " + r.way.Direct
	}
	return f.with("no-proxy", r.way.Direct)
}

// tryUnused finds out, when the direct connection has failed, whether a configured but
// unused proxy would connect to the service. Nothing is sent through it.
func (r *runner) tryUnused(ctx context.Context, f Finding) Finding {
	f = f.with("no-proxy", r.way.Direct)
	for _, p := range r.way.Unused {
		if ctx.Err() != nil {
			return f
		}
		attempt := r.try(ctx, p)
		r.run.ProxyTrial = &attempt
		if attempt.Failure == nil {
			f.Detail += fmt.Sprintf("; the proxy %s, named by %s, does connect", attempt.Proxy.URL, attempt.Proxy.Origin)
			return f.with("proxy-trial", attempt.Proxy.URL+" connects")
		}
		f = f.with("proxy-trial", attempt.Proxy.URL+": "+attempt.Failure.Text)
	}
	return f
}

// try asks a proxy for a connection to the service and closes it again.
func (r *runner) try(ctx context.Context, p *proxy.Proxy) proxy.Attempt {
	attempt := p.Attempt(r.service())
	res := r.lookup(ctx, p.Host)
	if res.Failure != nil {
		attempt.Failure = &proxy.Failure{Kind: proxy.Unresolved, Text: "its name cannot be resolved", Net: res.Failure}
		return attempt
	}
	conn, dials := r.dialAny(ctx, res.Addresses, p.Port)
	if conn == nil {
		failure := unreachable(dials[len(dials)-1])
		attempt.Failure = &failure
		return attempt
	}
	through, attempt := p.Connect(ctx, conn, r.service(), r.verifyProxy(p))
	if through != nil {
		through.Close()
	}
	return attempt
}

// endAtProxy returns how a run ends that failed at the proxy.
func endAtProxy(f *proxy.Failure) End {
	switch f.Kind {
	case proxy.Timeout:
		return EndTimeout
	case proxy.Cut:
		return EndCut
	}
	return EndRefused
}

func (f Finding) withProxy(p proxy.Ref) Finding {
	return f.with("proxy", p.URL).with("proxy-from", p.Origin)
}

// withAttempt adds the facts of a proxy's answer.
func (f Finding) withAttempt(a proxy.Attempt) Finding {
	f = f.withProxy(a.Proxy).with("proxy-target", a.Target).with("proxy-status", nonZero(a.Status)).with("proxy-server", a.Server)
	if a.Failure == nil {
		return f
	}
	return f.with("proxy-failure", string(a.Failure.Kind)).with("proxy-reason", a.Reason).
		with("proxy-schemes", strings.Join(a.Schemes, ", ")).with("redirect", a.Location).with("body", a.Body.Excerpt)
}
