package advice

import "fmt"

// Pattern is how a failure is spread over the devices of a service. It says where the cause may be, which
// the refusal of one device cannot show.
type Pattern struct {
	Status  int
	Devices int // that had this failure
	Failing int // of these, those that fail now
	Worked  int // of these, those that had succeeded before
	// Late are those of the failing devices that still succeeded some time after the first had failed.
	Late int
	// Succeeding are the devices of the service whose last attempt succeeded.
	Succeeding int
	// OverProtocol are the devices that used the protocol of the failure, OverOthers those that used
	// others; FailingOverOthers are those of the latter that fail.
	OverProtocol, OverOthers, FailingOverOthers int
	Protocol                                    string
}

// The thresholds from which a pattern means something.
const (
	manyDevices  = 10
	nearlyAll    = 0.95
	mostly       = 0.8
	hardlyAny    = 0.1
	throttledNow = 429
)

// Observations say what the pattern indicates. They are inferred, and indicate rather than prove.
func (p Pattern) Observations() []string {
	var list []string
	for _, text := range []string{p.overTime(), p.overProtocols()} {
		if text != "" {
			list = append(list, text)
		}
	}
	return list
}

// overTime compares the devices with what they did before, and with other devices.
func (p Pattern) overTime() string {
	many, worked := p.Devices >= manyDevices, share(p.Worked, p.Devices) >= mostly
	switch {
	case p.Status/100 == 5:
	case p.Status == throttledNow && many:
		return "it is the number of calls at one time that the service refuses, not these devices"
	case many && worked && share(p.Late, p.Failing) <= hardlyAny:
		return fmt.Sprintf("%d of them had succeeded before, hardly any has since: something that they share was changed then (enrollment, CA, key, network)", p.Worked)
	case many && worked:
		return fmt.Sprintf("%d of them had succeeded before, and fail one after the other: something of theirs expires, or they are changed one by one", p.Worked)
	case many && p.Worked == 0:
		return "none of them ever succeeded in these records: new devices, or enrollments that were never made"
	case p.Devices == 1 && p.Succeeding >= manyDevices:
		return fmt.Sprintf("one device alone, while %d others succeed: look at the device and its own enrollment", p.Succeeding)
	}
	return ""
}

// overProtocols compares the devices with those over other protocols.
func (p Pattern) overProtocols() string {
	if p.Protocol == "" || p.Devices < manyDevices || p.OverOthers < manyDevices {
		return ""
	}
	if share(p.Devices, p.OverProtocol) < nearlyAll || share(p.FailingOverOthers, p.OverOthers) > hardlyAny {
		return ""
	}
	return fmt.Sprintf("nearly every device over %s fails in this way, hardly any over other protocols: look at what these share, such as their client or a proxy", p.Protocol)
}

// Before says that the devices had succeeded before, "" if many of them had not.
func (p Pattern) Before() string {
	if p.Devices == 0 || share(p.Worked, p.Devices) < mostly {
		return ""
	}
	return fmt.Sprintf("%d of %d devices had succeeded before", p.Worked, p.Devices)
}

func share(part, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}
