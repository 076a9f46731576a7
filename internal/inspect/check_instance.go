package inspect

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"net"
	"strconv"
	"strings"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/service"
)

// withoutInstance is the result of a check that needs the description of the instance, if that was
// not given.
func withoutInstance(id CheckID) Check {
	return skipped(id, NotRead, "only the description of the instance shows it: give --instance FILE with the output of %s", InstanceCommand)
}

func (c *comparison) instance() Check {
	in := c.held.Instance
	switch {
	case in == nil && c.sameEndpoint():
		return passed(CheckInstance, InstanceSame, "the device uses the endpoint of this instance")
	case in == nil:
		return withoutInstance(CheckInstance)
	}
	p := &in.Properties
	named := func(check Check) Check {
		return check.with("name", c.clip(in.Name)).with("location", c.clip(in.Location)).with("state", c.clip(p.State))
	}
	switch {
	case c.held.Host != "" && p.ServiceOperationsHostName != "" && !sameHost(c.held.Host, p.ServiceOperationsHostName):
		return named(warned(CheckInstance, NotCompared, "--instance is about %s, while the service API of %s was asked", c.quoted(p.ServiceOperationsHostName), c.quoted(c.held.Host)))
	case c.ownEndpoint() && !sameHost(c.device.Host, p.ServiceOperationsHostName) && !sameHost(c.device.Host, in.Name+"."+suffixOf(c.device.Host)):
		return named(failed(CheckInstance, InstanceOther, "the device uses the endpoint %s, the instance %s has %s", c.quoted(c.device.Host), c.quoted(in.Name), c.quoted(p.ServiceOperationsHostName)))
	case p.State != "" && !strings.EqualFold(p.State, "Active"):
		return named(warned(CheckInstance, InstanceInactive, "the state of the instance %s is %s", c.quoted(in.Name), c.quoted(p.State)))
	}
	return named(passed(CheckInstance, InstanceSame, "%s", cmp.Or(c.clip(in.Name), "without a name")))
}

// sameEndpoint reports whether the device uses the host whose service API was read: it is then
// the same instance.
func (c *comparison) sameEndpoint() bool {
	asked, _, err := net.SplitHostPort(c.held.Host)
	if err != nil {
		asked = c.held.Host
	}
	return asked != "" && strings.EqualFold(asked, c.device.Host)
}

// itsInstance reports whether what was read is known to be of the instance that the device uses.
func (c *comparison) itsInstance() bool {
	if in := c.held.Instance; in != nil && c.device.Scope != "" {
		return strings.EqualFold(in.Properties.IDScope, c.device.Scope)
	}
	return c.sameEndpoint()
}

// ownEndpoint reports whether the device uses the endpoint of one instance in a cloud, not the
// global one.
func (c *comparison) ownEndpoint() bool {
	cloud, ok := dps.CloudOf(c.device.Host)
	return ok && !strings.EqualFold(c.device.Host, cloud.GlobalHost()) && c.held.Instance.Properties.ServiceOperationsHostName != ""
}

// sameHost compares host names without regard to the port 443 and letter case.
func sameHost(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, ":443"), strings.TrimSuffix(b, ":443"))
}

// suffixOf is what follows the name of an instance in a host name.
func suffixOf(host string) string {
	_, suffix, _ := strings.Cut(host, ".")
	return suffix
}

func (c *comparison) idScope() Check {
	in := c.held.Instance
	switch {
	case in == nil:
		return withoutInstance(CheckIDScope)
	case c.device.Scope == "":
		return skipped(CheckIDScope, NotCompared, "%s; the device's was not given", c.clip(in.Properties.IDScope)).with("enrolled", c.clip(in.Properties.IDScope))
	case !strings.EqualFold(c.device.Scope, in.Properties.IDScope):
		return failed(CheckIDScope, ScopeOther, "the device uses the id scope %s, the instance %s has %s", c.quoted(c.device.Scope), c.quoted(in.Name), c.quoted(in.Properties.IDScope)).
			with("enrolled", c.clip(in.Properties.IDScope)).with("device", c.clip(c.device.Scope))
	}
	return passed(CheckIDScope, ScopeSame, "%s, as the device", c.clip(in.Properties.IDScope))
}

func (c *comparison) network() Check {
	in := c.held.Instance
	if in == nil {
		return withoutInstance(CheckNetwork)
	}
	p := &in.Properties
	if strings.EqualFold(p.PublicNetworkAccess, "Disabled") {
		return failed(CheckNetwork, NetworkClosed, "public network access is disabled: devices need a private endpoint")
	}
	rules := 0
	for _, rule := range p.IPFilterRules {
		if !strings.EqualFold(rule.Target, "serviceApi") {
			rules++
		}
	}
	if rules > 0 {
		return warned(CheckNetwork, NetworkFiltered, "%d IP filter rules apply to devices: an address that none accepts is refused", rules).with("rules", strconv.Itoa(rules))
	}
	return passed(CheckNetwork, NetworkOpen, "public, without filters for devices")
}

func (c *comparison) localAuth() Check {
	in := c.held.Instance
	switch {
	case in == nil:
		return withoutInstance(CheckLocalAuth)
	case in.Properties.DisableLocalAuth:
		return warned(CheckLocalAuth, LocalAuthOff, "disableLocalAuth is set: the service API refuses tokens of policies; --service-token-env takes a bearer token")
	}
	return passed(CheckLocalAuth, LocalAuthOn, "policies may be used")
}

// endorsementKey compares the TPM's endorsement key with the enrolled one.
func (c *comparison) endorsementKey() Check {
	if check, ok := c.attests(CheckEndorsementKey, service.AttestationTPM); !ok {
		return check
	}
	held := c.entry.Attestation.TPM
	switch {
	case held == nil || held.EndorsementKey == "":
		return skipped(CheckEndorsementKey, NotRead, "the enrollment shows no endorsement key")
	case c.device.EndorsementKey == nil:
		return skipped(CheckEndorsementKey, NotCompared, "the TPM's endorsement key is not known")
	}
	enrolled, err := base64.StdEncoding.DecodeString(strings.TrimSpace(held.EndorsementKey))
	switch {
	case err != nil:
		return skipped(CheckEndorsementKey, NotRead, "the enrolled endorsement key is not base64")
	case !bytes.Equal(enrolled, c.device.EndorsementKey):
		return failed(CheckEndorsementKey, EKOther, "%s holds the endorsement key of another TPM", c.called(c.entry))
	}
	return passed(CheckEndorsementKey, EKSame, "it is the enrolled one")
}
