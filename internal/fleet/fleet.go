// Package fleet probes many devices. It paces the registrations, keeps a journal of the devices
// that have finished, and sorts the faults into clusters.
//
// [ReadList] reads the devices, [Credentials] their credentials, and [List.Check] finds what is
// wrong with them before anything is sent. [Run] probes them and returns an [Outcome]. Each
// device is a probe of package probe, judged by package advice.
//
// A device is registered at most once in all runs that share a [Journal]: the journal notes a
// device before it is registered and again when it has finished. A device that was noted but
// has not finished is looked up before it is registered.
package fleet
