package emulator

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/google/go-tpm/tpm2"

	"dpsdiag/internal/dps"
)

// blockPage is the page of a web filter.
const blockPage = "<!DOCTYPE html>\n<html><head><title>Access blocked</title></head>" +
	"<body><h1>Access blocked</h1><p>This address is not allowed by the policy of your network.</p></body></html>\n"

// futureVersion is an api-version that no SDK sends.
const futureVersion = "2099-12-31"

// skew is the difference between the clocks of device and service in the clock scenario:
// more than the lifetime of a token.
const skew = 3 * time.Hour

// refuseRegister answers register calls with told: always, or for each device the given
// number of times.
func refuseRegister(told answer, times int) change {
	return addFault(fault{on: []operation{opRegister}, times: times, answer: told})
}

// refuseConnect answers every caller with told, before any credential is checked.
func refuseConnect(told answer) change {
	return addFault(fault{on: []operation{opConnect}, answer: told})
}

// refuseHub answers every caller of the stub hub with told: always, or for each device the
// given number of times.
func refuseHub(told answer, times int) change {
	return addFault(fault{on: []operation{opHub}, times: times, answer: told})
}

// addFault inserts a fault before those of the configuration.
func addFault(f fault) change {
	return func(w *world) error {
		w.service.faults = append([]*fault{&f}, w.service.faults...)
		return nil
	}
}

// lateness is the delay of a late answer: longer than that of any timely one.
const lateness = time.Second

// misdeliver changes the delivery at these operations, always.
func misdeliver(d delivery, on ...operation) change {
	return addFault(fault{on: on, answer: answer{delivery: d}})
}

// blockPorts leaves only the HTTPS port open.
func blockPorts(w *world) error {
	w.blocked = true
	return nil
}

func neverAssign(w *world) error {
	w.service.retryAfter = max(w.service.retryAfter, time.Second)
	return addFault(fault{on: []operation{opAssign}, answer: answer{result: dps.StatusAssigning}})(w)
}

// serviceAhead simulates a device with a slow clock for devices whose clock is right.
func serviceAhead(w *world) error {
	w.ahead = skew
	return nil
}

func onlyOldTLS(w *world) error {
	w.tls = tlsVersions{min: tls.VersionTLS10, max: tls.VersionTLS11}
	return nil
}

func takeOnlyFutureVersion(w *world) error {
	w.service.apiVersions = []string{futureVersion}
	return nil
}

func removeEnrollments(w *world) error {
	w.service.enrolled = newEnrollments()
	return nil
}

func disableEnrollments(w *world) error {
	for _, entry := range w.service.enrolled.all() {
		entry.disabled = true
	}
	return nil
}

func unverifyCAs(w *world) error {
	for _, group := range w.service.enrolled.allGroups() {
		group.unverified = true
	}
	return nil
}

func webhookAnswers(status int) change {
	return func(w *world) error {
		for _, entry := range w.service.enrolled.all() {
			entry.webhook = status
		}
		return nil
	}
}

func unlinkHubs(w *world) error {
	w.service.hubs = nil
	return nil
}

func hubsAre(state hubState) change {
	return func(w *world) error {
		for i := range w.service.hubs {
			w.service.hubs[i].state = state
		}
		return nil
	}
}

func hubProfile(profile dps.ConnectionProfile) change {
	return func(w *world) error {
		for i := range w.service.hubs {
			w.service.hubs[i].profile = profile
		}
		return nil
	}
}

// enrollFormerCertificate gives the X.509 device an individual enrollment with a
// certificate that it no longer has.
func enrollFormerCertificate(w *world) error {
	former, err := w.mint.device(x509Device, w.intermediate, nil)
	if err != nil {
		return err
	}
	w.service.enrolled.add(&enrollment{name: x509Device, certs: []*x509.Certificate{former.cert}})
	return nil
}

// enrollOtherTPMs puts the endorsement key of another TPM into every TPM enrollment: a
// public key of the correct form; no one needs the private key.
func enrollOtherTPMs(w *world) error {
	tpms := w.service.enrolled.tpms()
	if len(tpms) == 0 {
		return ErrNoTPM
	}
	for _, entry := range tpms {
		modulus := w.mint.random.bytes(2048 / 8)
		modulus[0] |= 0x80 // of full length
		modulus[len(modulus)-1] |= 1
		other := tpm2.RSAEKTemplate
		other.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgRSA, &tpm2.TPM2BPublicKeyRSA{Buffer: modulus})
		foreign := *entry
		foreign.tpm = &tpmEnrollment{ek: tpm2.Marshal(tpm2.New2B(other)), hubKey: entry.tpm.hubKey}
		w.service.enrolled.add(&foreign)
	}
	return nil
}

// swapAttestations enrolls the key device by certificate, and the X.509 device and TPMs by
// key.
func swapAttestations(w *world) error {
	for _, entry := range w.service.enrolled.tpms() {
		w.service.enrolled.add(&enrollment{name: entry.name, keys: []dps.Key{w.mint.random.key()}})
	}
	w.service.enrolled.add(&enrollment{name: keyDevice, certs: []*x509.Certificate{w.leaf.cert}})
	w.service.enrolled.add(&enrollment{name: x509Device, keys: []dps.Key{w.mint.random.key()}})
	return nil
}
