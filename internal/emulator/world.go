package emulator

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"dpsdiag/internal/dps"
)

// The defaults without a configuration.
const (
	defaultScope      = "0ne00D5D1A6"
	stubHub           = "localhost" // the name of the stub hub in a configuration
	defaultPolls      = 1
	defaultRetryAfter = 2 * time.Second
)

// The ready identities and their groups.
const (
	keyDevice   = "sandbox-key-01"
	groupDevice = "sandbox-group-01"
	x509Device  = "sandbox-x509-01"
	keyGroup    = "sandbox-keys"
	x509Group   = "sandbox-certificates"
)

// world is the service's data and the devices' data before anything listens. It begins
// healthy; a scenario changes it.
type world struct {
	mint    mint
	store   *store
	service settings
	tls     tlsVersions
	ahead   time.Duration // of the service's clock, relative to Config.Now
	blocked bool          // the ports of MQTT and AMQP, but not of HTTPS

	ca      *certified        // signs the server certificate
	trusted *x509.Certificate // the trust anchor of the devices
	clock   time.Duration     // offset of the devices' clock
	devices []*Device

	key, groupKey      dps.Key    // enrolled
	root, intermediate *certified // the enrolled CA and the one that signs the devices under it
	leaf               *certified // of the X.509 device
	// issuing makes the authority when it is first called: its keys take longer than all else.
	issuing func() (*issuingAuthority, error)
}

// newWorld makes a healthy world: a service with an enrolled device for each attestation,
// and the additions of the configuration.
func newWorld(c Config, s *store) (*world, error) {
	random, err := newSource(c.Random)
	if err != nil {
		return nil, err
	}
	w := &world{mint: mint{now: c.Now(), random: random}, store: s, tls: tlsVersions{min: tls.VersionTLS12}}
	w.issuing = sync.OnceValues(w.newAuthority)
	for _, step := range []func() error{w.makeKeys, w.makeCertificates} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if err := w.enroll(c); err != nil {
		return nil, err
	}
	return w, w.equip(c)
}

func (w *world) makeKeys() (err error) {
	if w.key, err = w.store.key("individual", w.mint.random); err != nil {
		return err
	}
	w.groupKey, err = w.store.key("group", w.mint.random)
	return err
}

func (w *world) makeCertificates() (err error) {
	if w.ca, err = w.store.authority(fileCA, "dpsdiag emulator CA", w.mint); err != nil {
		return err
	}
	w.trusted = w.ca.cert
	if w.root, err = w.store.authority(filepath.Join(enrolledDir, "device-root"), "dpsdiag sandbox device root", w.mint); err != nil {
		return err
	}
	if w.intermediate, err = w.mint.authority("dpsdiag sandbox device intermediate", w.root); err != nil {
		return err
	}
	w.leaf, err = w.mint.device(x509Device, w.intermediate, nil)
	return err
}

// enroll makes the service's data.
func (w *world) enroll(c Config) error {
	w.service = settings{
		scope: defaultScope, polls: defaultPolls, retryAfter: defaultRetryAfter,
		hubs:     []hub{{name: stubHub, state: hubLinked}},
		enrolled: newEnrollments(),
		issuing:  w.issuing,
	}
	policy := &issuance{policy: sandboxPolicy, days: defaultIssuedDays}
	for _, entry := range []*enrollment{
		{name: keyDevice, keys: []dps.Key{w.key}, issuance: policy},
		{name: keyGroup, group: true, keys: []dps.Key{w.groupKey}, issuance: policy},
		{name: x509Group, group: true, certs: []*x509.Certificate{w.root.cert}, issuance: policy},
	} {
		w.service.enrolled.add(entry)
	}
	if err := w.admitOperators(c.File); err != nil {
		return err
	}
	if c.File != nil {
		if err := c.File.apply(&w.service, w.enrollTPM); err != nil {
			return err
		}
	}
	if c.TPM != nil {
		entry, err := w.enrollTPM(c.TPM.RegistrationID, c.TPM.EndorsementKey)
		if err != nil {
			return err
		}
		entry.issuance = policy
		w.service.enrolled.add(entry)
	}
	for i := range w.service.hubs {
		if h := &w.service.hubs[i]; h.name == stubHub && c.HubProfile != "" {
			h.profile = c.HubProfile
		}
	}
	if c.RetryAfter != nil {
		w.service.retryAfter = *c.RetryAfter
	}
	return nil
}

// admitOperators makes the credentials of the service API: the policy of the owner, those
// of the configuration and a bearer token.
func (w *world) admitOperators(file *File) error {
	policies := []accessPolicy{{name: ownerPolicy, rights: allRights()}}
	if file != nil {
		policies = append(policies, file.policies...)
	}
	for i := range policies {
		key, err := w.store.key("policy-"+strings.ToLower(policies[i].name), w.mint.random)
		if err != nil {
			return err
		}
		policies[i].key = key
	}
	w.service.policies = policies
	bearer, err := w.store.key("bearer", w.mint.random)
	w.service.bearer = bearer.Text()
	return err
}

// saveOperators writes the credentials of the service API for the service at host, and
// returns the path of the owner's connection string.
func (w *world) saveOperators(host string) (owner string, err error) {
	for i, policy := range w.service.policies {
		name := fileConnection + ".txt"
		if i > 0 {
			name = fileConnection + "-" + policy.name + ".txt"
		}
		path, err := w.store.writeSecret(name, []byte(policy.connection(host).Text().Reveal()))
		if err != nil {
			return "", err
		}
		if i == 0 {
			owner = path
		}
	}
	_, err = w.store.writeSecret(fileBearer, []byte(w.service.bearer.Reveal()))
	return owner, err
}

// equip makes the devices' data.
func (w *world) equip(c Config) error {
	certificate := &Device{RegistrationID: x509Device, Attestation: X509}
	w.devices = []*Device{
		{RegistrationID: keyDevice, Attestation: SymmetricKey, Key: w.key.Text()},
		{RegistrationID: groupDevice, Attestation: GroupKey, GroupKey: w.groupKey.Text()},
		certificate,
	}
	if c.TPM != nil {
		w.devices = append(w.devices, &Device{RegistrationID: c.TPM.RegistrationID, Attestation: TPM})
	}
	for _, d := range w.devices {
		d.Scope = w.service.scope
	}
	return certificate.present(w.leaf, w.intermediate.cert)
}

// player returns the device that demonstrates a scenario.
func (w *world) player(s Scenario) *Device {
	if d := w.device(TPM); d != nil && s.PlayedBy(TPM) {
		return d
	}
	if s.Attestation == "" || s.Attestation == TPM { // a TPM in the configuration is not available here
		return w.device(SymmetricKey)
	}
	return w.device(s.Attestation)
}

// device returns the first device with an attestation. Every world has one for each, except
// that the TPM is nil if Config has none, and the one with a ready token exists only in
// scenarios about it.
func (w *world) device(kind Attestation) *Device {
	at := slices.IndexFunc(w.devices, func(d *Device) bool { return d.Attestation == kind })
	if at < 0 {
		return nil
	}
	return w.devices[at]
}

// serverPair makes the server certificate, for the standard names and additional ones.
func (w *world) serverPair(names []string) (tls.Certificate, error) {
	server, err := w.mint.server(append([]string{"localhost", "127.0.0.1", "::1"}, names...), w.ca)
	if err != nil {
		return tls.Certificate{}, err
	}
	return server.tls(), w.store.writeCertified(fileServer, server)
}

// saveTrusted writes the devices' trust anchors and returns the path. A CA other than the
// emulator's own does not replace it in the state directory.
func (w *world) saveTrusted() (string, error) {
	name := fileCA
	if w.trusted != w.ca.cert {
		name = "other-" + fileCA
	}
	return w.store.writePublic(name+".pem", certsPEM(w.trusted))
}
