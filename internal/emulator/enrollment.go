package emulator

import (
	"crypto/x509"
	"encoding/json"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"

	"dpsdiag/internal/dps"
)

// enrollment is the service's data about one device (an individual enrollment) or many (an
// enrollment group). It attests with keys, with certificates or with a TPM, never with two
// of them. It does not change while the service runs: an update replaces it.
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
	// that is in the configuration itself.
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
	// written is what only the service API reads and writes.
	written written
	// issuance is the certificate policy; nil issues no certificates.
	issuance *issuance
}

// hub is an IoT hub linked to the service.
type hub struct {
	name  string
	state hubState
	// profile says which protocols a device can use; "" is the classic one.
	profile dps.ConnectionProfile
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

// enrollments contains all enrollments. Its methods may be called from several goroutines.
type enrollments struct {
	mu          sync.RWMutex
	individuals map[string]*enrollment // by lower-case registration id
	groups      []*enrollment          // replaced, never changed
}

func newEnrollments() *enrollments { return &enrollments{individuals: map[string]*enrollment{}} }

// individual returns the enrollment of one registration id, compared without case
// (learn.microsoft.com: concepts-service), or nil.
func (e *enrollments) individual(id string) *enrollment {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.individuals[strings.ToLower(id)]
}

// groupNamed returns the group of that id, compared without case, or nil.
func (e *enrollments) groupNamed(id string) *enrollment {
	groups := e.allGroups()
	if at := slices.IndexFunc(groups, sameName(id)); at >= 0 {
		return groups[at]
	}
	return nil
}

func sameName(name string) func(*enrollment) bool {
	return func(entry *enrollment) bool { return strings.EqualFold(entry.name, name) }
}

// add adds an enrollment, or replaces the one of the same kind and name.
func (e *enrollments) add(entry *enrollment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !entry.group {
		e.individuals[strings.ToLower(entry.name)] = entry
		return
	}
	groups := slices.Clone(e.groups)
	if at := slices.IndexFunc(groups, sameName(entry.name)); at >= 0 {
		groups[at] = entry
	} else {
		groups = append(groups, entry)
	}
	e.groups = groups
}

// remove removes an enrollment.
func (e *enrollments) remove(entry *enrollment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !entry.group {
		delete(e.individuals, strings.ToLower(entry.name))
		return
	}
	e.groups = slices.DeleteFunc(slices.Clone(e.groups), sameName(entry.name))
}

// allGroups returns the groups in the order in which they were added. The caller must not
// change the list.
func (e *enrollments) allGroups() []*enrollment {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.groups
}

// allIndividuals returns the individual enrollments, in no particular order.
func (e *enrollments) allIndividuals() []*enrollment {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return slices.Collect(maps.Values(e.individuals))
}

// all returns every enrollment, individual and group, in no particular order.
func (e *enrollments) all() []*enrollment {
	return append(slices.Clone(e.allGroups()), e.allIndividuals()...)
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
	return slices.DeleteFunc(slices.Clone(e.allGroups()), func(g *enrollment) bool { return len(g.keys) == 0 })
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
