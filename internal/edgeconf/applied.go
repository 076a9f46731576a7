package edgeconf

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// systemConfig is the standard path of config.toml for IoT Edge and the identity service.
const systemConfig = "/etc/aziot/config.toml"

// compareApplied compares config.toml with the file that "config apply" made from it, in
// the same directory tree, and adds a remark if aziot-identityd runs with other settings:
// then the file was edited and the command not run. If that file does not exist or cannot
// be read, there is a remark only for the system's own config.toml.
func (r *reader) compareApplied() {
	path := filepath.Join(filepath.Dir(r.path), "identityd", "config.d", "00-super.toml")
	data, err := load(path, r.readFile)
	if errors.Is(err, fs.ErrNotExist) && filepath.ToSlash(filepath.Clean(r.path)) == systemConfig {
		r.add(ProblemSetting, "", Origin{File: r.path}, "%s has not been applied, as there is no %s: run \"iotedge config apply\"", r.path, path)
	}
	if err != nil {
		return
	}
	root, err := parse(path, data)
	if err != nil {
		return
	}
	running := newReader(path, root, r.readFile)
	running.settings.schema = schemaIdentity
	running.read(data)
	r.compare(running.settings)
}

func (r *reader) compare(running *Settings) {
	mine := r.settings
	if mine.Obstacle == nil && running.Obstacle != nil {
		r.add(ProblemSetting, "", running.Obstacle.Origin, "%s asks DPS, but aziot-identityd runs with other settings (%s): run \"iotedge config apply\"", r.path, running.Obstacle.Origin)
		return
	}
	for _, pair := range []struct{ mine, running Value }{
		{mine.Endpoint, running.Endpoint},
		{mine.IDScope, running.IDScope},
		{mine.RegistrationID, running.RegistrationID},
		{Value{string(mine.Attestation.Kind), mine.Attestation.Origin}, Value{string(running.Attestation.Kind), running.Attestation.Origin}},
	} {
		if !pair.mine.IsZero() && !pair.running.IsZero() && pair.mine.Text != pair.running.Text {
			r.add(ProblemSetting, "", pair.mine.Origin, "%s is %s, but aziot-identityd runs with %s (%s): run \"iotedge config apply\"",
				pair.mine.Origin, show(pair.mine.Text), show(pair.running.Text), pair.running.Origin)
		}
	}
	from, to := &mine.Attestation, &running.Attestation
	if from.Key.Size() > 0 && to.Key.Size() > 0 && from.Key.Text() != to.Key.Text() {
		r.add(ProblemSetting, "", from.KeyOrigin, "%s is another key than aziot-identityd runs with (%s): run \"iotedge config apply\"", from.KeyOrigin, to.KeyOrigin)
	}
}
