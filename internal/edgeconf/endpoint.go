package edgeconf

import (
	"net"
	"net/url"
	"strings"

	"dpsdiag/internal/dps"
)

// endpoint reads global_endpoint, which is a URL.
func (r *reader) endpoint(t *table) Value {
	v := r.required(t, "global_endpoint", settingEndpoint)
	if v.IsZero() {
		return v
	}
	u, err := url.Parse(strings.TrimSpace(v.Text))
	switch {
	case !strings.Contains(v.Text, "://"):
		r.add(ProblemEndpoint, settingEndpoint, v.Origin, "%s is %s without https:// in front, which %s refuses", v.Origin, show(v.Text), r.software())
		return Value{}
	case err != nil || u.Host == "":
		r.add(ProblemEndpoint, settingEndpoint, v.Origin, "%s is %s, which is not a URL", v.Origin, show(v.Text))
		return Value{}
	case u.Scheme != "https":
		r.add(ProblemEndpoint, settingEndpoint, v.Origin, "%s begins with %s://; DPS requires https://", v.Origin, u.Scheme)
		return Value{}
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		r.add(ProblemEndpoint, settingEndpoint, v.Origin, "%s contains more than a host; write https://%s", v.Origin, u.Host)
	}
	return r.host(Value{strings.TrimSuffix(strings.ToLower(u.Host), ":443"), v.Origin})
}

// host returns a well-formed endpoint as HOST or HOST:PORT.
func (n *notes) host(v Value) Value {
	if v = n.take(settingEndpoint, v); v.IsZero() {
		return v
	}
	if _, err := dps.ParseEndpoint(v.Text); err != nil {
		n.add(ProblemEndpoint, settingEndpoint, v.Origin, "%s is %s, which is not HOST or HOST:PORT, such as %s", v.Origin, show(v.Text), dps.CloudPublic.GlobalHost())
		return Value{}
	}
	return v
}

// lintEndpoint adds a remark about a host that does not belong to the service, or belongs
// to another cloud than the id scope.
func (n *notes) lintEndpoint(endpoint, scope Value) {
	parsed, err := dps.ParseEndpoint(endpoint.Text)
	if endpoint.IsZero() || err != nil || net.ParseIP(parsed.Host) != nil || parsed.Host == "localhost" {
		return
	}
	cloud, known := dps.CloudOf(parsed.Host)
	switch wanted, ok := cloudOfScope(scope.Text); {
	case !known && dps.IsHubHost(parsed.Host):
		n.add(ProblemEndpoint, settingEndpoint, endpoint.Origin, "%s names %s, an IoT hub: a device connects to DPS first, at %s", endpoint.Origin, show(parsed.Host), wanted.GlobalHost())
	case !known && endpoint.Origin.Flag != "": // a host typed as a flag is intended
	case !known:
		n.add(ProblemEndpoint, settingEndpoint, endpoint.Origin, "%s names %s, which is not a provisioning endpoint of an Azure cloud; the usual one is %s", endpoint.Origin, show(parsed.Host), wanted.GlobalHost())
	case ok && cloud != wanted:
		n.add(ProblemEndpoint, settingEndpoint, endpoint.Origin, "%s names %s, of the %s cloud, but the id scope %s (%s) begins like those of the %s cloud, whose endpoint is %s",
			endpoint.Origin, show(parsed.Host), cloud, show(scope.Text), scope.Origin, wanted, wanted.GlobalHost())
	}
}

// cloudOfScope returns the cloud for the beginning of an id scope, and whether the
// beginning is known; if not, the public cloud. The beginnings are the published ones: 0ne,
// 0cn and 0us (Azure/iotedge#6631).
func cloudOfScope(scope string) (dps.Cloud, bool) {
	switch beginning := strings.ToLower(scope[:min(3, len(scope))]); beginning {
	case "0ne":
		return dps.CloudPublic, true
	case "0cn":
		return dps.CloudChina, true
	case "0us":
		return dps.CloudUSGov, true
	}
	return dps.CloudPublic, false
}
