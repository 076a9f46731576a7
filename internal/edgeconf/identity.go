package edgeconf

import (
	"errors"
	"fmt"
	"path/filepath"
)

// errNoSibling is returned by sibling for a file outside the daemons' directories.
var errNoSibling = errors.New("this file is not in a directory identityd or identityd/config.d")

// sibling reads the configuration of another daemon in the corresponding place: keyd's
// /etc/aziot/keyd/config.d/00-super.toml for identityd's.
func (r *reader) sibling(daemon string) (*reader, error) {
	dir, name := filepath.Split(r.path)
	dir = filepath.Clean(dir)
	below := ""
	if filepath.Base(dir) == "config.d" {
		dir, below = filepath.Dir(dir), "config.d"
	}
	if filepath.Base(dir) != "identityd" {
		return nil, errNoSibling
	}
	path := filepath.Join(filepath.Dir(dir), daemon, below, name)
	data, err := load(path, r.readFile)
	if err != nil {
		return nil, err
	}
	root, err := parse(path, data)
	if err != nil {
		return nil, err
	}
	other := newReader(path, root, r.readFile)
	other.settings.schema = schemaIdentity
	return other, nil
}

// lookUp returns the entry of an id in a table of another daemon, and the reader of that
// daemon's file. If there is none, the item is nil and the obstacle says where it was
// looked for.
func (r *reader) lookUp(daemon, tableName string, id Value) (*reader, *item, Obstacle) {
	o := Obstacle{Origin: id.Origin, Hint: "name /etc/aziot/config.toml instead, or give the credential as flags"}
	other, err := r.sibling(daemon)
	if err != nil {
		o.Detail = fmt.Sprintf("%s is the id %s in the configuration of aziot-%s, which could not be read: %v", id.Origin, show(id.Text), daemon, err)
		return nil, nil, o
	}
	it := other.root.table(tableName).item(id.Text)
	if it == nil {
		o.Detail = fmt.Sprintf("%s is the id %s, which is not among [%s] of %s", id.Origin, show(id.Text), tableName, other.path)
	}
	return other, it, o
}

// adopt copies the results of a reader of another daemon's file.
func (r *reader) adopt(other *reader) {
	from, to := &other.settings.Attestation, &r.settings.Attestation
	if from.Key.Size() > 0 {
		to.Key, to.KeyOrigin, to.KeyFile = from.Key, from.KeyOrigin, from.KeyFile
	}
	if !from.Certificate.IsZero() {
		to.Certificate = from.Certificate
	}
	if !from.PrivateKey.IsZero() {
		to.PrivateKey = from.PrivateKey
	}
	if from.Obstacle != nil {
		r.cannot(*from.Obstacle)
	}
	r.remarks = append(r.remarks, other.remarks...)
}

// keyByID finds the symmetric key with an id in aziot-keyd's configuration.
func (r *reader) keyByID(it *item) {
	id := r.text(it, settingAttestation)
	if id.IsZero() {
		return
	}
	keyd, preloaded, missing := r.lookUp("keyd", "preloaded_keys", id)
	if preloaded == nil {
		r.cannot(missing)
		return
	}
	keyd.keyByURI(keyd.text(preloaded, settingAttestation))
	r.adopt(keyd)
}

// certificateByID finds the certificate with an id in aziot-certd's configuration, and its
// key.
func (r *reader) certificateByID(t *table, certificate *item) {
	id := r.text(certificate, settingAttestation)
	if id.IsZero() {
		return
	}
	certd, preloaded, missing := r.lookUp("certd", "preloaded_certs", id)
	switch {
	case preloaded != nil:
		certd.certificateByURI(certd.text(preloaded, settingAttestation))
		r.adopt(certd)
		r.privateKeyByID(r.required(t, "identity_pk", settingAttestation))
	case certd != nil && certd.root.table("cert_issuance").table(id.Text) != nil:
		certd.onDemand(certd.required(certd.root.table("cert_issuance").table(id.Text), "method", settingAttestation))
		r.adopt(certd)
	default:
		r.cannot(missing)
	}
}

func (r *reader) privateKeyByID(id Value) {
	if id.IsZero() {
		return
	}
	keyd, preloaded, missing := r.lookUp("keyd", "preloaded_keys", id)
	if preloaded == nil {
		r.cannot(missing)
		return
	}
	keyd.privateKeyByURI(keyd.text(preloaded, settingAttestation))
	r.adopt(keyd)
}
