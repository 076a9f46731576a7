package probe

import (
	"cmp"
	"context"
)

// StageID is the name of a stage in reports.
type StageID string

// The stages, in order.
const (
	StageInputs   StageID = "inputs"
	StageResolve  StageID = "resolve"
	StageConnect  StageID = "connect"
	StageTLS      StageID = "tls"
	StageOpen     StageID = "open"
	StageRegister StageID = "register"
	StageAssign   StageID = "assign"
	StageHub      StageID = "hub"
)

// Stages lists every stage in the order in which it runs and is reported.
func Stages() []StageID {
	return []StageID{StageInputs, StageResolve, StageConnect, StageTLS, StageOpen, StageRegister, StageAssign, StageHub}
}

// stage is one step of a probe.
type stage struct {
	id StageID
	// notApplicable says why a probe never runs the stage, "" if it does.
	notApplicable func(Config) string
	run           func(*runner, context.Context) Finding
}

// stages lists every stage in order.
func stages() []stage {
	return []stage{
		{StageInputs, unlessAnonymous, (*runner).inspect},
		{StageResolve, unlessHubOnly, (*runner).resolve},
		{StageConnect, unlessHubOnly, (*runner).connect},
		{StageTLS, unlessHubOnly, (*runner).handshakeTLS},
		{StageOpen, unlessHubOnly, (*runner).open},
		{StageRegister, unlessResumed, (*runner).register},
		{StageAssign, unlessPreflight, (*runner).assign},
		{StageHub, unlessUnasked, (*runner).checkHub},
	}
}

func always(Config) string { return "" }

func unlessAnonymous(c Config) string {
	if c.Attestation.Kind() == KindNone {
		return "no credential was given: the way to the service alone is checked"
	}
	return ""
}

func unlessPreflight(c Config) string {
	if c.Mode == ModePreflight {
		return "not requested: preflight stops before it"
	}
	return unlessHubOnly(c)
}

func unlessHubOnly(c Config) string {
	if c.Mode == ModeHub {
		return "not requested: only the hub is asked"
	}
	return ""
}

func unlessResumed(c Config) string {
	if c.Mode == ModeResume {
		return "not requested: a registration is taken up again"
	}
	return unlessPreflight(c)
}

func unlessUnasked(c Config) string {
	if c.CheckHub && c.Mode == ModeHub {
		return ""
	}
	if c.CheckHub {
		return unlessPreflight(c)
	}
	return cmp.Or(c.NoHub, "the assigned hub was not asked")
}
