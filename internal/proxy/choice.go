package proxy

// Choice is what the settings of a machine say of the way to one host.
type Choice struct {
	Proxy *Proxy // nil for the direct way
	// Direct says why it is the direct way although a proxy is named.
	Direct string
	// Unused are proxies that are named but not meant for the host. When the direct way
	// fails, they are asked for a connection; nothing is sent through it.
	Unused []*Proxy
}

// Func chooses the way to a host and port.
type Func func(host string, port int) Choice

// Through leads to every host through p.
func Through(p *Proxy) Func {
	return func(string, int) Choice { return Choice{Proxy: p} }
}

// Without leads to every host directly; why says so for the report, unused are the
// proxies that are named all the same.
func Without(why string, unused ...*Proxy) Func {
	return func(string, int) Choice { return Choice{Direct: why, Unused: unused} }
}

// Choose is the way to a host and port; the direct way where f is nil.
func (f Func) Choose(host string, port int) Choice {
	if f == nil {
		return Choice{}
	}
	return f(host, port)
}
