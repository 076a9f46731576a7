package advice

import (
	"dpsdiag/internal/cause"
	"dpsdiag/internal/edgeconf"
)

// OfProblem returns the cause that a problem in the device's configuration is evidence for.
func OfProblem(problem edgeconf.Problem) cause.ID {
	switch problem {
	case edgeconf.ProblemSetting:
		return cause.ClientConfigMissing
	case edgeconf.ProblemIDScope:
		return cause.WrongIDScope
	case edgeconf.ProblemEndpoint:
		return cause.WrongGlobalEndpoint
	case edgeconf.ProblemRegistrationID:
		return cause.RegistrationIDInvalid
	case edgeconf.ProblemCommonName:
		return cause.CertCNRegistrationIDMismatch
	case edgeconf.ProblemKey:
		return cause.SymmetricKeyMismatch
	case edgeconf.ProblemCredential:
		return cause.DeviceKeyMaterialUnreadable
	case edgeconf.ProblemMethod:
		return cause.AttestationMismatch
	case edgeconf.ProblemPayload:
		return cause.PayloadInvalid
	case edgeconf.ProblemProxy:
		return cause.ProxyNotConfigured
	}
	return cause.None
}
