package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"dpsdiag/internal/certchain"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/probe"
	"dpsdiag/internal/tpm"
)

// settings are what flags, the file of --from and the environment say, in that order of
// precedence. What is wrong with them beyond use is a usage error.
func (o *probeOptions) settings(a *app) (*edgeconf.Settings, error) {
	var file *edgeconf.Settings
	if o.target.from != "" {
		var err error
		if file, err = edgeconf.Read(o.target.from, a.readConfig); err != nil {
			return nil, fromError(err)
		}
	}
	merged := edgeconf.Merge(o.flagSettings(), file, edgeconf.FromEnv(a.lookupEnv, a.readConfig))
	if o.target.proxy != "" {
		merged.Proxies = nil
	}
	missing := merged.Missing()
	if missing == nil || file == nil && missing.Origin.IsZero() {
		return merged, nil // what no source speaks of, the flags' own checks ask for
	}
	for _, remark := range edgeconf.Lint(merged) {
		if remark.Detail != missing.Detail {
			tell(a.stderr, "dpsdiag: %s", remark.Detail)
		}
	}
	return nil, usagef(missing.Hint, "%s", missing.Detail)
}

// fromError gives the error of a file that is no configuration its hint.
func fromError(err error) error {
	hint := "the usual file is /etc/aziot/config.toml"
	if old, ok := errors.AsType[*edgeconf.Edge11Error](err); ok {
		hint = old.Hint()
	}
	return usagef(hint, "--from: %v", err)
}

// flagSettings are the settings that flags make. Of a credential and of files only the flag
// is told: what reads them is elsewhere.
func (o *probeOptions) flagSettings() *edgeconf.Settings {
	value := func(flag, text string) edgeconf.Value {
		if text == "" {
			return edgeconf.Value{}
		}
		return edgeconf.Value{Text: text, Origin: edgeconf.Origin{Flag: flag}}
	}
	file := func(flag, path string) edgeconf.File {
		v := value(flag, path)
		return edgeconf.File{Path: v.Text, Origin: v.Origin}
	}
	s := &edgeconf.Settings{
		Endpoint:       value("--endpoint", o.target.endpoint),
		IDScope:        value("--id-scope", o.target.scope),
		RegistrationID: value("--registration-id", o.target.registrationID),
		Payload:        file("--payload", o.payload),
		Trust:          file("--ca-file", o.target.caFile),
	}
	if o.target.cloud != "" {
		s.Endpoint = value("--cloud", cloudHost(o.target.cloud))
	}
	s.Attestation.Origin.Flag = o.credential.flag()
	return s
}

// adopt takes the credential and the payload into the probe, with where all settings come
// from and, unless flags make them all, what is odd about them.
func (o *probeOptions) adopt(ctx context.Context, a *app, s *edgeconf.Settings, cfg *probe.Config) (err error) {
	if cfg.Payload, err = o.readPayload(s.Payload); err != nil {
		return err
	}
	for _, origin := range s.Origins() {
		cfg.Origins = append(cfg.Origins, probe.Origin(origin))
	}
	if slices.ContainsFunc(cfg.Origins, func(o probe.Origin) bool { return o.Source != "" }) {
		for _, remark := range edgeconf.Lint(s) {
			cfg.Remarks = append(cfg.Remarks, probe.Warning{ID: remark.CauseID.String(), Detail: remark.Detail})
		}
	}
	if s.Attestation.Origin.Flag != "" || s.Attestation.Kind == "" {
		cfg.Attestation, err = o.credential.attestation(ctx, a)
		return err
	}
	cfg.Attestation, err = o.credential.attestFrom(ctx, s)
	return err
}

// attestFrom makes the attestation of a file or of the environment.
func (o *credentialOptions) attestFrom(ctx context.Context, s *edgeconf.Settings) (probe.Attestation, error) {
	at := &s.Attestation
	if at.Kind == edgeconf.TPM2 {
		return attestation(o.tpm.openAt(ctx, s.TPM.Path, at.Origin.String(), tpm.Auth{Endorsement: s.TPM.EndorsementAuth, Owner: s.TPM.OwnerAuth}))
	}
	if used := o.tpm.given(); len(used) > 0 {
		return nil, usagef("give --tpm "+exampleTPM, "%s needs --tpm", used[0])
	}
	if at.Kind == edgeconf.SymmetricKey {
		return probe.NewSymmetricKey(at.Key), nil
	}
	certs, err := certchain.ParsePEM([]byte(at.Certificate.Content.Reveal()))
	if err != nil {
		return nil, configFileError(certificateHint, at.Certificate, err)
	}
	key, err := certchain.ParseKey([]byte(at.PrivateKey.Content.Reveal()))
	if err != nil {
		return nil, configFileError(privateKeyHint(err), at.PrivateKey, err)
	}
	attestation, err := probe.NewX509(certs, key)
	if err != nil {
		return nil, configFileError(keyPairHint, at.PrivateKey, err)
	}
	return attestation, nil
}

// configFileError is about a file that a configuration names.
func configFileError(hint string, f edgeconf.File, err error) error {
	return usagef(hint, "%s: %q: %v", f.Origin, f.Path, err)
}

// readPayload reads the payload of the flag or of the file that a configuration names.
func (o *probeOptions) readPayload(f edgeconf.File) ([]byte, error) {
	switch path, isFile := strings.CutPrefix(o.payload, "@"); {
	case f.IsZero():
		return nil, nil
	case f.Origin.Flag == "":
		return parsePayload(f.Origin.String(), []byte(f.Content.Reveal()))
	case isFile:
		data, err := readFile("--payload", path)
		if err != nil {
			return nil, err
		}
		return parsePayload("--payload", data)
	}
	return parsePayload("--payload", []byte(o.payload))
}
