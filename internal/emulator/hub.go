package emulator

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"dpsdiag/internal/dps"
)

// hubCredential is the credential that a hub requires of a device: a token signed with one
// of the keys, or the certificate that the device registered with.
type hubCredential struct {
	keys []dps.Key
	leaf *x509.Certificate
	// issued requires a certificate that the service issued, and nothing else. That the hub then
	// refuses the credential of the registration is inferred (learn.microsoft.com: device
	// certificate issuance).
	issued bool
}

// hubCredential returns what the service writes into the hub for a device: its keys, which
// are derived if the enrollment is a group, or its certificate. The SDKs' samples show
// this: they connect to the hub with the credential of the registration (azure-iot-sdk-node
// provisioning/device/samples).
func (c *caller) hubCredential() hubCredential {
	entry := c.enrollment
	if len(entry.certs) > 0 {
		return hubCredential{leaf: c.leaf}
	}
	if entry.tpm != nil {
		return hubCredential{keys: []dps.Key{entry.tpm.hubKey}}
	}
	keys := slices.Clone(entry.keys)
	if entry.group {
		for i := range keys {
			keys[i] = keys[i].Derive(c.registrationID)
		}
	}
	return hubCredential{keys: keys}
}

// hubDevice is the identity of a device in the stub hub.
type hubDevice struct {
	id         string
	owner      *record
	credential hubCredential
	session    *hubSession // its only connection, or nil
}

// hubSession is the connection of a device to the hub; end closes it.
type hubSession struct{ end func() }

// end closes the connection of a device, if it has one.
func (d *hubDevice) end() {
	if d.session != nil {
		d.session.end()
		d.session = nil
	}
}

// admit writes the identity of a device into the hub, and replaces one with the same id.
func (r *registry) admit(rec *record, id string, credential hubCredential) {
	if rec.device != nil && rec.device.id != id {
		r.expel(rec)
	}
	if r.devices[id] == nil {
		r.devices[id] = &hubDevice{id: id}
	}
	rec.device = r.devices[id]
	rec.device.owner, rec.device.credential = rec, credential
}

// expel removes the identity of a device, if it still belongs to this record.
func (r *registry) expel(rec *record) {
	if rec.device != nil && rec.device.owner == rec {
		rec.device.end()
		delete(r.devices, rec.device.id)
	}
	rec.device = nil
}

// settle updates the stub hub after a registration has ended.
func (s *service) settle(rec *record, p *pending) {
	switch {
	case p.outcome.Status != dps.StatusAssigned:
	case p.outcome.AssignedHub != s.stub, s.strike(opIdentity, rec.key, rec.met) != nil:
		s.registry.expel(rec)
	default:
		s.registry.admit(rec, p.outcome.DeviceID, p.credential)
	}
}

// hubClaim is the identity that a caller of the hub claims, independent of the transport.
type hubClaim struct {
	hub        string // as the device writes it; "" if the transport does not transmit it
	deviceID   string
	credential credential
}

// enterHub checks who calls the hub. session, unless nil, becomes the caller's connection
// and ends the previous one, since a hub keeps one for each identity (learn.microsoft.com:
// iot-hub/troubleshoot-error-codes, 400027).
func (s *service) enterHub(c hubClaim, session *hubSession) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	device := s.registry.devices[c.deviceID]
	if f := s.strikeHub(device); f != nil {
		return f.answer.refusal()
	}
	if c.hub != "" && !slices.ContainsFunc(s.hubNames(), func(name string) bool { return strings.EqualFold(name, c.hub) }) {
		return unauthorized(reasonToken, messageUnauthorized, fmt.Sprintf("the hub is %s, not %q", s.stub, c.hub))
	}
	if device == nil {
		return notFound(reasonDevice, hubDeviceNotFound, c.deviceID, "the hub does not know the device: nothing was assigned, or it is deleted")
	}
	if refused := s.verifyHubCredential(c, device); refused != nil {
		return refused
	}
	if session != nil {
		device.end()
		device.session = session
	}
	return nil
}

// leaveHub forgets a connection that has ended.
func (s *service) leaveHub(deviceID string, session *hubSession) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if device := s.registry.devices[deviceID]; device != nil && device.session == session {
		device.session = nil
	}
}

// strikeHub returns the fault that applies to a device at the hub; nil is a device that the
// hub does not know.
func (s *service) strikeHub(device *hubDevice) *fault {
	if device == nil {
		return s.strike(opHub, "", nil)
	}
	return s.strike(opHub, device.owner.key, device.owner.met)
}

// profile returns the connection profile of the stub hub.
func (s *service) profile() dps.ConnectionProfile {
	at := slices.IndexFunc(s.hubs, func(h hub) bool { return h.name == stubHub })
	if at < 0 {
		return dps.ProfileClassic
	}
	return s.hubs[at].profile
}

// hubNames returns the names of the stub hub: its address, with and without the port.
func (s *service) hubNames() []string {
	host, _, err := net.SplitHostPort(s.stub)
	if err != nil {
		return []string{s.stub}
	}
	return []string{s.stub, host}
}

// hubResource returns the resource of a device's token for its hub (learn.microsoft.com:
// iot-hub/authenticate-authorize-sas).
func hubResource(hub, deviceID string) string { return hub + "/devices/" + deviceID }

func (s *service) verifyHubCredential(c hubClaim, device *hubDevice) *refusal {
	wanted := device.credential
	if wanted.issued {
		return s.verifyIssued(c)
	}
	switch token, chain := c.credential.token, c.credential.chain; {
	case !token.IsZero():
		return s.verifyHubToken(c, wanted.keys)
	case len(chain) == 0:
		return badToken("neither a token nor a client certificate was sent")
	case wanted.leaf == nil || !wanted.leaf.Equal(chain[0]):
		return badToken("the device registered with another credential than this certificate")
	}
	return inDate(c.credential.chain[0], s.now())
}

// verifyHubToken checks a token. A token with a policy name (skn) is for a shared access
// policy of the hub, and the stub hub has none.
func (s *service) verifyHubToken(c hubClaim, keys []dps.Key) *refusal {
	token, err := dps.ParseToken(c.credential.token)
	if err != nil {
		return badToken("%v", err)
	}
	covers := func(hub string) bool {
		return token.Covers(hubResource(hub, c.deviceID)) || token.Covers(hubResource(hub, url.PathEscape(c.deviceID))) // the Node SDK escapes it
	}
	if !slices.ContainsFunc(s.hubNames(), covers) {
		return badToken("the token is for %q, not for %q", token.DecodedResource(), hubResource(s.stub, c.deviceID))
	}
	if now := s.now(); !token.Expiry.After(now) {
		return badToken("the token expired at %s, it is %s", token.Expiry.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if token.Policy != "" {
		return badToken("the token is for the policy %q; the token of a device has no policy", token.Policy)
	}
	if !slices.ContainsFunc(keys, token.SignedBy) {
		return badToken("the token is not signed with a key of the device")
	}
	return nil
}
