package edgeconf

// Merge lays sources over each other; the first that makes a setting wins. The usual order
// is flags, file, environment. A nil source is left out.
//
// What makes up an attestation comes from one source. The environment gives no registration
// id to an attestation that it does not give, as it would be another device's. A
// configuration file is complete in itself: what it lacks is a fault of it, so no source
// behind it is asked. What is wrong in an environment that nothing is taken from is not
// remarked on.
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

// Attests reports whether the settings say how the device proves itself.
func (s *Settings) Attests() bool { return !s.Attestation.Origin.IsZero() }

// fillFrom takes from another source what is not set yet, and reports whether that was
// anything that a probe needs.
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
