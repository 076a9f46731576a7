package inspect

import (
	"strings"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/service"
)

// Held is what the service holds, as far as it was read. A nil pointer means that it was not read,
// unless another member says that there is none.
type Held struct {
	Source Source
	ReadAt time.Time
	// Host is the service host that was asked, "" with files alone.
	Host string

	Individual *Enrollment
	// NoIndividual says that there is no individual enrollment.
	NoIndividual bool
	// Groups are the enrollment groups that were read. AllGroups says that these are all.
	Groups    []Enrollment
	AllGroups bool

	State *service.DeviceRegistrationState
	// NoState says that the device has never registered.
	NoState bool

	Instance *service.Instance
	// Certificates are those of the instance: nil if they were not read, empty if there are none.
	Certificates []service.CACertificate

	// Gaps are what could not be read.
	Gaps []Gap
	// Denied says why the service refuses the credential altogether, nil if it does not.
	Denied *Reason
	// Reads is how many requests were answered with what was asked for.
	Reads int
}

// name is the name of the instance, "" if it is not known.
func (h *Held) name() string {
	if h.Instance != nil {
		return h.Instance.Name
	}
	host, _, _ := strings.Cut(h.Host, ":")
	if _, ok := dps.CloudOf(host); !ok {
		return ""
	}
	name, _, _ := strings.Cut(host, ".")
	return name
}

// Reason says why something is not known. Both texts may hold what a server said, whole: [Compare]
// removes secrets before it cuts them.
type Reason struct {
	Text string // one line
	Said string // a text of the service to quote after it, "" without one
}

// Gap is something that could not be read.
type Gap struct {
	What string      // what was to be read
	Of   *Enrollment // whose keys, nil for anything else
	Why  Reason
	// Forbidden says that the credential lacks a right, so that another one could read it.
	Forbidden bool
}

// Enrollment is an individual enrollment or a group.
type Enrollment struct {
	// Name is the registration id of an individual enrollment, or the id of a group.
	Name     string
	Group    bool
	DeviceID string
	service.Settings
	// NoKeys says why the keys of an enrollment with symmetric keys are not known, nil if they
	// are.
	NoKeys *Reason
}
