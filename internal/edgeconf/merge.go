package edgeconf

// Merge combines sources; for each setting the first source that has it wins. The usual
// order is flags, file, environment. A nil source is ignored.
//
// The parts of an attestation come from one source. The environment provides no
// registration id for an attestation from another source, since it would be another
// device's id. A configuration file is complete: if it lacks a setting, that is an error,
// and no later source is used. If nothing is used from an environment, there are no remarks
// about it.
func Merge(sources ...*Settings) *Settings {
	merged := &Settings{}
	for _, s := range sources {
		if s == nil {
			continue
		}
		if s.Obstacle != nil && !merged.Attests() {
			merged.Obstacle = s.Obstacle
		}
		lacking := merged.Missing() != nil
		if merged.fillFrom(s) || lacking || s.schema != schemaEnvironment {
			merged.remarks = append(merged.remarks, s.remarks...)
		}
		if s.schema == schemaEdge || s.schema == schemaIdentity {
			break
		}
	}
	return merged
}

// Attests reports whether the settings say how the device attests.
func (s *Settings) Attests() bool { return !s.Attestation.Origin.IsZero() }

// fillFrom copies missing settings from another source, and reports whether any of them is
// needed for a probe.
func (s *Settings) fillFrom(other *Settings) bool {
	used := fill(&s.Endpoint, other.Endpoint)
	used = fill(&s.IDScope, other.IDScope) || used
	if !s.Attests() || other.schema != schemaEnvironment {
		used = fill(&s.RegistrationID, other.RegistrationID) || used
	}
	if !s.Attests() {
		s.Attestation, s.TPM = other.Attestation, other.TPM
		used = used || other.Attests()
	}
	if s.Payload.IsZero() {
		s.Payload = other.Payload
	}
	if s.Trust.IsZero() {
		s.Trust = other.Trust
	}
	s.Proxies = append(s.Proxies, other.Proxies...)
	return used
}

// fill sets a value that is not set, and reports whether it did.
func fill(to *Value, from Value) bool {
	if !to.IsZero() || from.IsZero() {
		return false
	}
	*to = from
	return true
}
