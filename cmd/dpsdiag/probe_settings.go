package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/dps"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/proxy"
)

// settings are the settings of a probe: the service and the device. Each value comes from a flag, or
// else from the file of --from, the environment or the default, and records its origin. Files have
// been read, except for the credential: reading it may ask for a password or use a TPM.
type settings struct {
	endpoint       edgeconf.Value
	scope          edgeconf.Value // zero if no source has one
	registrationID edgeconf.Value // zero means that of the credential
	payload        edgeconf.File
	trust          edgeconf.File
	credential     credential
	proxy          proxy.Func
	assignment     *probe.Assignment // of --hub-only, which needs no id scope

	origins []probe.Origin
	remarks []probe.Warning // on the sources, unless flags alone are used
}

// resolve reads all sources and merges them. A source that cannot be used is a usage error.
func (o *probeOptions) resolve(ctx context.Context, a *app) (*settings, error) {
	flags, err := o.fromFlags()
	if err != nil {
		return nil, err
	}
	env := edgeconf.FromEnv(a.lookupEnv, a.readConfig)
	file, err := o.readFrom(a, flags, env)
	if err != nil {
		return nil, err
	}
	o.tellSupport(ctx, a, file)
	merged := edgeconf.Merge(flags, file, env)
	missing := merged.Missing()
	switch {
	case missing == nil:
	case file != nil && o.target.from == "" && o.preflight:
		tell(a.stderr, "dpsdiag: %s; the network is checked without it", missing.Detail)
		merged, o.target.found = edgeconf.Merge(flags, env), ""
	case file != nil || !missing.Origin.IsZero():
		return nil, a.cannotUse(merged, missing)
	}
	if o.target.proxy != "" {
		merged.Proxies = nil
	}
	if err := o.needed(merged); err != nil {
		return nil, err
	}
	return o.settingsOf(a, merged)
}

// needed returns a usage error that lists everything that a registration needs and no source
// has, if that is more than one thing. A single one is reported where it is used.
func (o *probeOptions) needed(s *edgeconf.Settings) error {
	var what, hints []string
	add := func(missing bool, name, hint string) {
		if missing {
			what, hints = append(what, name), append(hints, name+": "+hint)
		}
	}
	given := o.credential.given()
	none := len(given) == 0 && s.Attestation.Kind == ""
	if none && o.preflight {
		return nil
	}
	named := s.Attestation.Kind == edgeconf.X509 || s.Attestation.Kind == edgeconf.TPM2 || len(given) > 0 && given[0].namesDevice
	add(s.IDScope.IsZero() && !o.resume.hubOnly, "--id-scope", scopeHint)
	add(s.RegistrationID.IsZero() && !named && !o.resume.hubOnly, "--registration-id", registrationIDHint)
	add(none, "a credential", proofHint)
	add(o.credential.cert != "" && o.credential.certKey == "", "--cert-key", certKeyHint)
	if len(what) < 2 {
		return nil
	}
	hints = append(hints, "or try --sandbox healthy; --preflight checks the network without any of them")
	last := len(what) - 1
	return usagef(strings.Join(hints, "\n"), "missing: %s and %s", strings.Join(what[:last], ", "), what[last])
}

// readFrom reads the file of --from. Without --from, and if nothing else gives a credential or an
// id, it reads the configuration of this machine, and returns nil if there is none.
func (o *probeOptions) readFrom(a *app, flags, env *edgeconf.Settings) (*edgeconf.Settings, error) {
	if o.target.from != "" {
		file, err := edgeconf.Read(o.target.from, a.readConfig)
		if err != nil {
			return nil, fromError("--from: ", "", err)
		}
		return file, nil
	}
	if o.target.noFrom || flags.Attests() || env.Attests() || !flags.RegistrationID.IsZero() {
		return nil, nil
	}
	path := a.findConfig()
	if path == "" {
		return nil, nil
	}
	file, err := edgeconf.Read(path, a.readConfig)
	switch {
	case err == nil:
		tell(a.stderr, "dpsdiag: found %s and uses its settings; --no-from ignores it", path)
		o.target.found = path
		return file, nil
	case o.preflight:
		tell(a.stderr, "dpsdiag: found a configuration, but cannot use it: %v; the network is checked without it", err)
		return nil, nil
	}
	return nil, fromError("found a configuration, but cannot use it: ", "; --no-from ignores it", err)
}

// findConfig is the first configuration that this machine has, "" if there is none.
func (a *app) findConfig() string {
	for _, path := range a.deviceConfigs {
		if fileExists(path) {
			return path
		}
	}
	return ""
}

// settingsOf returns the settings of the merged sources, with the defaults.
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
	if o.preflight && len(o.credential.given()) == 0 && merged.Attestation.Kind == "" {
		s.credential.read = func(context.Context, *app) (probe.Attestation, error) { return probe.NoCredential(), nil }
	} else if s.credential, err = o.credential.choose(merged); err != nil {
		return nil, err
	}
	s.proxy, err = o.target.chooseProxy(a, merged)
	return s, err
}

// fromFlags returns the settings that the flags give. For a credential they have only the flag, so
// that no other source is asked for one.
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

// readPayload reads --payload; the zero File if it was not given.
func (o *probeOptions) readPayload() (edgeconf.File, error) {
	if o.payload == "" {
		return edgeconf.File{}, nil
	}
	return readTextOrFile("--payload", o.payload)
}

// cannotUse returns the error for a source that cannot be used, and prints the other remarks
// about it.
func (a *app) cannotUse(s *edgeconf.Settings, missing *edgeconf.Obstacle) error {
	for _, remark := range edgeconf.Lint(s) {
		if remark.Detail != missing.Detail {
			tell(a.stderr, "dpsdiag: %s", remark.Detail)
		}
	}
	return usagef(missing.Hint, "%s", missing.Detail)
}

// fromError returns the usage error for a file that is not a configuration. otherwise is what else
// the user can do; it ends the hint.
func fromError(source, otherwise string, err error) error {
	hint := "the usual file is " + usualConfig
	if old, ok := errors.AsType[*edgeconf.Edge11Error](err); ok {
		hint = old.Hint()
	}
	return usagef(hint+otherwise, "%s%v", source, err)
}
