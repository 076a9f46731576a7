package emulator

import (
	"crypto/x509"
	"encoding/json"
	"hash/fnv"
	"slices"
	"strings"

	"dpsdiag/internal/dps"
)

// enrollment is the service's data about one device (an individual enrollment) or many (an
// enrollment group). It attests with keys, with certificates or with a TPM, never with two
// of them.
type enrollment struct {
	// name is the registration id of an individual enrollment or the id of a group.
	name  string
	group bool
	// deviceID is the id in the hub, "" to use the registration id. A group has none.
	deviceID string
	// keys are the primary and, if there is one, the secondary key. If tpm is set, the only key
	// is the one that the challenge gives to the TPM.
	keys []dps.Key
	// keyFiles are, for each key of a configuration, the absolute path of its file, "" for one
	// that stands in the configuration itself.
	keyFiles []string
	// certs are, primary first, the leaves of an individual enrollment or the CAs of a group.
	certs []*x509.Certificate
	// tpm is set only for a TPM, which has an individual enrollment.
	tpm *tpmEnrollment
	// unverified marks CAs whose possession was never proven.
	unverified bool
	disabled   bool
	// hubs limits the allocation to these; nil allows every linked hub.
	hubs []string
	// webhook is the HTTP status of a custom allocation webhook; 0 means that there is none.
	webhook int
	// payload is a JSON object that the webhook returns with its decision; nil for none.
	payload json.RawMessage
}

// hub is an IoT hub linked to the service.
type hub struct {
	name  string
	state hubState
}

// hubState is how a hub reacts to a new device.
type hubState string

// A linked hub accepts devices. An unauthorized one refuses the service, because its keys
// were changed after it was linked. A full one has no room.
const (
	hubLinked       hubState = "linked"
	hubUnauthorized hubState = "unauthorized"
	hubFull         hubState = "full"
)

// enrollments contains all enrollments. It does not change while the service runs.
type enrollments struct {
	individuals map[string]*enrollment // by lower-case registration id
	groups      []*enrollment
}

// individual returns the enrollment of one registration id, compared without case
// (learn.microsoft.com: concepts-service), or nil.
func (e *enrollments) individual(id string) *enrollment { return e.individuals[strings.ToLower(id)] }

// add adds an enrollment, and replaces an individual one of the same name.
func (e *enrollments) add(entry *enrollment) {
	if entry.group {
		e.groups = append(e.groups, entry)
		return
	}
	e.individuals[strings.ToLower(entry.name)] = entry
}

// all returns every enrollment, individual and group, in no particular order.
func (e *enrollments) all() []*enrollment {
	list := slices.Clone(e.groups)
	for _, entry := range e.individuals {
		list = append(list, entry)
	}
	return list
}

// groupID returns the id of an enrollment group, "" for an individual enrollment.
func (e *enrollment) groupID() string {
	if e.group {
		return e.name
	}
	return ""
}

// tpms returns the enrollments of TPMs.
func (e *enrollments) tpms() []*enrollment {
	return slices.DeleteFunc(e.all(), func(entry *enrollment) bool { return entry.tpm == nil })
}

// keyGroups returns the groups that attest with symmetric keys.
func (e *enrollments) keyGroups() []*enrollment {
	return slices.DeleteFunc(slices.Clone(e.groups), func(g *enrollment) bool { return len(g.keys) == 0 })
}

// allocate chooses the hub of a registration id: always the same one of those that the
// enrollment allows and that are linked. It returns nil if there is none.
func (e *enrollment) allocate(hubs []hub, id string) *hub {
	var candidates []*hub
	for i := range hubs {
		if e.hubs == nil || slices.Contains(e.hubs, hubs[i].name) {
			candidates = append(candidates, &hubs[i])
		}
	}
	if len(candidates) == 0 {
		return nil
	}
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(strings.ToLower(id))) // writing to a hash never fails
	return candidates[int(sum.Sum32()%uint32(len(candidates)))]
}
