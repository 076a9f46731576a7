package proxy

// Choice is the route to one host that the machine's settings give.
type Choice struct {
	Proxy *Proxy // nil for a direct connection
	// Direct says why the connection is direct although a proxy is configured.
	Direct string
	// Unused lists proxies that are configured but not for this host. If the direct connection
	// fails, they are asked for a connection; nothing is sent through it.
	Unused []*Proxy
}

// Func chooses the route to a host and port.
type Func func(host string, port int) Choice

// Through returns a Func that uses p for every host.
func Through(p *Proxy) Func {
	return func(string, int) Choice { return Choice{Proxy: p} }
}

// Without returns a Func that connects directly to every host. why is the reason for the
// report, and unused are the proxies that are configured anyway.
func Without(why string, unused ...*Proxy) Func {
	return func(string, int) Choice { return Choice{Direct: why, Unused: unused} }
}

// Choose returns the route to a host and port; a direct connection if f is nil.
func (f Func) Choose(host string, port int) Choice {
	if f == nil {
		return Choice{}
	}
	return f(host, port)
}
