package main

import (
	"cmp"
	"errors"
	"strings"
	"unicode"

	"github.com/spf13/pflag"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/edgeconf"
	"dpsdiag/internal/probe"
)

// resumeOptions are the flags of a probe that begins after the register call: at an operation
// that was accepted before, or at a hub that was assigned before.
type resumeOptions struct {
	operationID           string
	hubOnly               bool
	assignedHub, deviceID string
	hubProfile            string
}

func (o *resumeOptions) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&o.operationID, "operation-id", "", "`ID` of a registration that the service has accepted: poll it to its end, register nothing")
	flags.BoolVar(&o.hubOnly, "hub-only", false, "check an assignment that the device has stored, without the service: the hub of --assigned-hub, or else of "+usualDeviceInfo)
	flags.StringVar(&o.assignedHub, "assigned-hub", "", "`HOST[:PORT]` of the hub of --hub-only")
	flags.StringVar(&o.hubProfile, "hub-profile", "", "connection `PROFILE` of the hub of --hub-only: "+string(dps.ProfileClassic)+", or "+string(dps.ProfileMQTT5)+" for one that supports only MQTT 5; without it, MQTT 5 is tried once if the hub does not answer like a classic one")
	flags.StringVar(&o.deviceID, "hub-device-id", "", "`ID` of the device in that hub; the default is its registration id")
}

// modes returns those of the given flags that say how far a probe goes.
func (o *probeOptions) modes() []string {
	var given []string
	for _, f := range []struct {
		flag string
		set  bool
	}{{"--preflight", o.preflight}, {"--lookup", o.lookup}, {"--operation-id", o.resume.operationID != ""}, {"--hub-only", o.resume.hubOnly}} {
		if f.set {
			given = append(given, f.flag)
		}
	}
	return given
}

// checkModes checks the flags that say how far a probe goes.
func (o *probeOptions) checkModes() error {
	modes := o.modes()
	switch {
	case len(modes) > 1:
		return usagef("leave one of them out", "%s and %s exclude each other", modes[0], modes[1])
	case o.preflight && o.hub.check:
		return usagef("leave one of them out: the hub is known only after a registration or a lookup", "--preflight and --check-hub exclude each other")
	case o.sandbox != "" && (o.resume.hubOnly || o.resume.operationID != ""):
		return usagef("leave one of them out: every sandbox is a new service", "--sandbox and %s exclude each other", modes[0])
	case o.resume.hubOnly && o.signing.given() != "":
		return usagef("give the issued certificate as --cert and its key as --cert-key", "--hub-only and %s exclude each other", o.signing.given())
	case strings.ContainsFunc(o.resume.operationID, notInOperation):
		return usagef("it looks like 4.d0b49468da6fbd4b.76b00509-17db-4518-9cda-d38c0dbb6df1", "--operation-id: %q is not an operation id", o.resume.operationID)
	}
	return o.resume.check()
}

// check checks the flags of --hub-only.
func (o *resumeOptions) check() error {
	switch {
	case o.deviceID != "" && !o.hubOnly:
		return usagef("add --hub-only", "--hub-device-id needs --hub-only")
	case o.assignedHub != "" && !o.hubOnly:
		return usagef("add --hub-only", "--assigned-hub needs --hub-only")
	case o.hubProfile != "" && !o.hubOnly:
		return usagef("add --hub-only; after a registration the service names the profile to --api-version "+dps.IssuingAPIVersion, "--hub-profile needs --hub-only")
	case !knownProfile(o.hubProfile):
		return usagef("it is "+string(dps.ProfileClassic)+" or "+string(dps.ProfileMQTT5), "--hub-profile: %q is not a connection profile", o.hubProfile)
	}
	return nil
}

// knownProfile reports whether a connection profile is one that dpsdiag knows, or is not given.
func knownProfile(name string) bool {
	profile := dps.ConnectionProfile(name)
	return profile == "" || profile == dps.ProfileClassic || profile == dps.ProfileMQTT5
}

// notInOperation reports whether r cannot be part of an operation id.
func notInOperation(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("/?#&%", r)
}

// fits refuses a credential that cannot resume a registration.
func (o *resumeOptions) fits(kind probe.AttestationKind) error {
	if o.operationID != "" && kind == probe.KindTPM {
		return usagef("leave --operation-id out, which registers again", "--operation-id: a TPM proves itself with the register call")
	}
	return nil
}

// usualDeviceInfo is the file in which the identity service keeps its assignment
// (iot-identity-service identity/aziot-identityd/src/identity.rs).
const usualDeviceInfo = "/var/lib/aziot/identityd/device_info"

// readDeviceInfo reads the file.
func (a *app) readDeviceInfo() (info edgeconf.DeviceInfo, err error) {
	const hint = "give --assigned-hub HOST; the identity service writes the file when it has provisioned the device, and usually only root can read it"
	data, err := readFile("--hub-only", a.deviceInfo)
	if err != nil {
		return info, usagef(hint, "%v", err)
	}
	switch info, err = edgeconf.ReadDeviceInfo(data); {
	case errors.Is(err, edgeconf.ErrUnprovisioned):
		return info, usagef(hint, "--hub-only: %q says that the device is not provisioned", a.deviceInfo)
	case err != nil:
		return info, usagef(hint, "--hub-only: %q is not the assignment of the identity service", a.deviceInfo)
	}
	return info, nil
}

// assignment is the assignment to check, nil unless that was asked for. Its device id may be "",
// which means the registration id.
func (o *resumeOptions) assignment(a *app) (*probe.Assignment, error) {
	if !o.hubOnly {
		return nil, nil
	}
	at := &probe.Assignment{Hub: o.assignedHub, DeviceID: o.deviceID, Profile: dps.ConnectionProfile(o.hubProfile)}
	source := "--assigned-hub"
	if o.assignedHub == "" {
		info, err := a.readDeviceInfo()
		if err != nil {
			return nil, err
		}
		tell(a.stderr, "dpsdiag: takes the assignment from %s", a.deviceInfo)
		at.Hub, at.DeviceID, source = info.HubName, cmp.Or(o.deviceID, info.DeviceID), a.deviceInfo
	}
	if _, err := dps.ParseEndpoint(at.Hub); err != nil {
		return nil, usagef("a hub is a host name such as plant-4.azure-devices.net", "%s: %v", source, err)
	}
	return at, nil
}
