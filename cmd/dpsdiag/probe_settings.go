package main

import (
	"errors"
	"slices"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// settings are what a probe is told of the service and the device. Each value is that of a
// flag, else of the file of --from, else of the environment, else the default, and says
// where it comes from. Files have been read, but not the credential: that may ask for a
// password, or look at a TPM.
type settings struct {
	endpoint       edgeconf.Value
	scope          edgeconf.Value // zero where no source has one
	registrationID edgeconf.Value // zero means that of the credential
	payload        edgeconf.File
	trust          edgeconf.File
	credential     credential
	proxy          proxy.Func

	origins []probe.Origin
	remarks []probe.Warning // on the sources, unless flags alone are used
}

// resolve reads every source. What stands in the way of using one is a usage error.
func (o *probeOptions) resolve(a *app) (*settings, error) {
	flags, err := o.fromFlags()
	if err != nil {
		return nil, err
	}
	var file *edgeconf.Settings
	if o.target.from != "" {
		if file, err = edgeconf.Read(o.target.from, a.readConfig); err != nil {
			return nil, fromError(err)
		}
	}
	merged := edgeconf.Merge(flags, file, edgeconf.FromEnv(a.lookupEnv, a.readConfig))
	if o.target.proxy != "" {
		merged.Proxies = nil
	}
	if missing := merged.Missing(); missing != nil && (file != nil || !missing.Origin.IsZero()) {
		return nil, a.cannotUse(merged, missing)
	}
	return o.settingsOf(a, merged)
}

// settingsOf takes what merged sources say, and the defaults.
func (o *probeOptions) settingsOf(a *app, merged *edgeconf.Settings) (s *settings, err error) {
	s = &settings{
		endpoint:       merged.Endpoint,
		scope:          merged.IDScope,
		registrationID: merged.RegistrationID,
		payload:        merged.Payload,
		trust:          merged.Trust,
	}
	if s.endpoint.IsZero() {
		s.endpoint.Text = dps.CloudPublic.GlobalHost()
	}
	for _, origin := range merged.Origins() {
		s.origins = append(s.origins, probe.Origin(origin))
	}
	if slices.ContainsFunc(s.origins, func(o probe.Origin) bool { return o.Source != "" }) {
		for _, remark := range edgeconf.Lint(merged) {
			s.remarks = append(s.remarks, probe.Warning{ID: advice.OfProblem(remark.Problem).String(), Detail: remark.Detail})
		}
	}
	if s.credential, err = o.credential.choose(merged); err != nil {
		return nil, err
	}
	s.proxy, err = o.target.chooseProxy(a, merged)
	return s, err
}

// fromFlags are the settings that flags make. Of a credential only the flag is told, so that
// no other source is asked for one.
func (o *probeOptions) fromFlags() (s *edgeconf.Settings, err error) {
	value := func(flag, text string) edgeconf.Value {
		if text == "" {
			return edgeconf.Value{}
		}
		return edgeconf.Value{Text: text, Origin: edgeconf.Origin{Flag: flag}}
	}
	s = &edgeconf.Settings{
		Endpoint:       value("--endpoint", o.target.endpoint),
		IDScope:        value("--id-scope", o.target.scope),
		RegistrationID: value("--registration-id", o.target.registrationID),
	}
	if o.target.cloud != "" {
		s.Endpoint = value("--cloud", cloudHost(o.target.cloud))
	}
	s.Attestation.Origin.Flag = o.credential.flag()
	if s.Payload, err = o.readPayload(); err != nil {
		return nil, err
	}
	if o.target.caFile != "" {
		s.Trust, err = readMaterial("--ca-file", o.target.caFile)
	}
	return s, err
}

// readPayload reads --payload; the zero File where it was not given.
func (o *probeOptions) readPayload() (edgeconf.File, error) {
	if o.payload == "" {
		return edgeconf.File{}, nil
	}
	return readTextOrFile("--payload", o.payload)
}

// cannotUse tells why a source cannot be used, and what else is odd about it.
func (a *app) cannotUse(s *edgeconf.Settings, missing *edgeconf.Obstacle) error {
	for _, remark := range edgeconf.Lint(s) {
		if remark.Detail != missing.Detail {
			tell(a.stderr, "dpsdiag: %s", remark.Detail)
		}
	}
	return usagef(missing.Hint, "%s", missing.Detail)
}

// fromError gives the error of a file that is no configuration its hint.
func fromError(err error) error {
	hint := "the usual file is /etc/aziot/config.toml"
	if old, ok := errors.AsType[*edgeconf.Edge11Error](err); ok {
		hint = old.Hint()
	}
	return usagef(hint, "--from: %v", err)
}
