package main

import (
	"strings"

	"github.com/spf13/pflag"

	"dpsdiag/internal/probe"
)

// hubOptions are the flags about the assigned hub.
type hubOptions struct{ check, yes bool }

func (o *hubOptions) addTo(flags *pflag.FlagSet) {
	flags.BoolVar(&o.check, "check-hub", false, "after the assignment connect to the assigned hub with the same credential, and do what a device should if it is refused: register again, once. "+
		"Over MQTT this disconnects a live device of the same id; HTTPS, by which AMQP devices are checked too, disconnects none")
	flags.BoolVarP(&o.yes, "yes", "y", false, "do not ask before --check-hub disconnects a live device")
}

// decide decides whether the probe asks the device's hub. If the check would disconnect a live device,
// it first asks the user on a terminal; whyNot is the reason for the report if the user declines. A
// sandbox has no live device.
func (o *hubOptions) decide(a *app, transports []probe.Transport, registrationID string, sandbox bool) (check bool, whyNot string, err error) {
	drops := dropping(transports)
	if !o.check || sandbox || len(drops) == 0 {
		return o.check, "", nil
	}
	tell(a.stderr, "dpsdiag: warning: --check-hub over %s disconnects a live device %s from its hub", strings.Join(drops, ", "), registrationID)
	if o.yes || !a.interactive() {
		return true, "", nil
	}
	agreed, err := a.confirm("Go on with the hub check?")
	if err != nil {
		return false, "", usagef("give --yes to go on without a question", "--check-hub: the answer cannot be read: %v", err)
	}
	if !agreed {
		whyNot = "left out: a live device of this id was not to be disconnected"
	}
	return agreed, whyNot, nil
}

// mayDisconnect reports whether the check may disconnect a live device when only the hub's answer
// shows that it would. The user was not asked about this case.
func (o *hubOptions) mayDisconnect(a *app, sandbox bool) bool {
	return o.yes || sandbox || !a.interactive()
}

// dropping are the transports over which the hub check disconnects a live device.
func dropping(transports []probe.Transport) []string {
	var names []string
	for _, t := range transports {
		if probe.DropsLiveDevice(t.ID()) {
			names = append(names, string(t.ID()))
		}
	}
	return names
}
