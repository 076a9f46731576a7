// Package monitortest makes resource logs for tests. They are the records of a fleet of devices with
// faults of which the beginning and the devices are known.
package monitortest

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"
)

// Resource is the resource id of the made instance.
const Resource = "/SUBSCRIPTIONS/00000000-1111-2222-3333-444444444444/RESOURCEGROUPS/RG-FLEET/PROVIDERS/MICROSOFT.DEVICES/PROVISIONINGSERVICES/MYDPS"

// Event is a record before it is given a shape.
type Event struct {
	Time                        time.Time
	Category, Operation         string
	Result, Status, Description string
	Device, Kind, Protocol      string
	Number                      int // makes the correlation id
}

// Fault is a fault of some devices.
type Fault struct {
	Devices     int
	Protocol    string
	From, Until time.Duration // after the start; Until 0 is the end
	Status      string
	Description string
	// Change is what an operator did before, "" for nothing.
	Change, ChangeKind string
	Before             time.Duration
}

// Fleet is a fleet to make records of.
type Fleet struct {
	Start   time.Time
	Length  time.Duration
	Devices int
	Every   time.Duration // each device attests about once in this time
	Faults  []Fault       // each of other devices, from the first on
	Seed    uint64
}

// Faulty is a fleet of 5,000 devices over a day with four faults that begin at different times.
func Faulty() Fleet {
	return Fleet{
		Start: time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC), Length: 24 * time.Hour, Devices: 5000, Every: 3 * time.Hour, Seed: 1,
		Faults: []Fault{
			{Devices: 800, Protocol: "Http", From: 6*time.Hour + 10*time.Minute, Status: "401", Description: "401002: CA certificate not found.", Change: "Delete", ChangeKind: "Certificate", Before: 5 * time.Minute},
			{Devices: 300, Protocol: "Mqtt", From: 9*time.Hour + 30*time.Minute, Status: "404", Description: "404201: Not found", Change: "Delete", ChangeKind: "EnrollmentGroup", Before: 2 * time.Minute},
			{Devices: 250, Protocol: "Amqp", From: 13*time.Hour + 45*time.Minute, Status: "401", Description: "Unauthorized", Change: "Upsert", ChangeKind: "EnrollmentGroup", Before: 20 * time.Minute},
			{Devices: 120, Protocol: "Mqtt", From: 17 * time.Hour, Status: "400", Description: "400207: Custom allocation failed with status code: 500"},
		},
	}
}

// Small is a smaller fleet: every number of devices is divided by a number.
func (f Fleet) Small(by int) Fleet {
	f.Devices /= by
	f.Faults = slices.Clone(f.Faults)
	for i := range f.Faults {
		f.Faults[i].Devices /= by
	}
	return f
}

// Events makes the records, in order of time.
func (f Fleet) Events() []Event {
	random := rand.New(rand.NewPCG(f.Seed, 2)) //nolint:gosec // the same records every time
	var events []Event
	first := 0
	for device := range f.Devices {
		fault := f.faultOf(device)
		at := time.Duration(random.Int64N(int64(f.Every)))
		for at < f.Length {
			events = append(events, f.attempt(device, fault, at))
			pause := f.Every/2 + time.Duration(random.Int64N(int64(f.Every)))
			if failed := events[len(events)-1].Result != "Success"; failed {
				pause /= 4 // devices try again soon
			}
			at += pause
		}
	}
	for _, fault := range f.Faults {
		if fault.Change != "" {
			events = append(events, Event{
				Time: f.Start.Add(fault.From - fault.Before), Category: "ServiceOperations", Operation: fault.Change, Result: "Success",
				Device: fmt.Sprintf("group-%d", first), Kind: fault.ChangeKind, Protocol: "Http",
			})
		}
		first += fault.Devices
	}
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Device, b.Device)) })
	for i := range events {
		events[i].Number = i + 1
	}
	return events
}

// faultOf is the fault that a device has, -1 for none.
func (f Fleet) faultOf(device int) int {
	for i, fault := range f.Faults {
		if device < fault.Devices {
			return i
		}
		device -= fault.Devices
	}
	return -1
}

func (f Fleet) attempt(device, fault int, at time.Duration) Event {
	protocols := []string{"Mqtt", "Http", "Amqp"}
	e := Event{
		Time: f.Start.Add(at).Truncate(100 * time.Nanosecond), Category: "DeviceOperations", Operation: "AttestationAttempt", Result: "Success",
		Device: fmt.Sprintf("sensor-%04d", device), Kind: "Registration", Protocol: protocols[device%len(protocols)],
	}
	if fault < 0 {
		return e
	}
	what := f.Faults[fault]
	e.Protocol = what.Protocol
	if at >= what.From && (what.Until == 0 || at < what.Until) {
		e.Result, e.Status, e.Description = "ClientError", what.Status, what.Description
	}
	return e
}

// properties is the object that records keep as text.
func (e *Event) properties() string {
	text, err := json.Marshal(struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Protocol string `json:"protocol"`
	}{e.Device, e.Kind, e.Protocol})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (e *Event) level() string {
	if e.Result == "Success" {
		return "Information"
	}
	return "Error"
}

func (e *Event) correlation() string { return fmt.Sprintf("aaaaaaaa-0000-4000-8000-%012d", e.Number) }

const timeLayout = "2006-01-02T15:04:05.0000000Z"

// Storage returns the record as a storage account has it.
func (e *Event) Storage() string {
	return `{"time":"` + e.Time.Format(timeLayout) + `","resourceId":"` + Resource + `","operationName":` + quote(e.Operation) + `,"operationVersion":"March2019","category":` + quote(e.Category) +
		`,"resultType":` + quote(e.Result) + `,"resultSignature":` + quote(e.Status) + `,"resultDescription":` + quote(e.Description) +
		`,"durationMs":"41","callerIpAddress":"203.0.113.XXX","correlationId":"` + e.correlation() + `","level":"` + e.level() +
		`","location":"westeurope","properties":` + quote(e.properties()) + `}`
}

func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

// Row returns the record as a row of AzureDiagnostics, by column.
func (e *Event) Row() map[string]string {
	return map[string]string{
		"TimeGenerated": e.Time.Format(timeLayout), "Category": e.Category, "OperationName": e.Operation, "OperationVersion": "March2019",
		"ResultType": e.Result, "ResultSignature": e.Status, "ResultDescription": e.Description, "Level": e.level(), "CorrelationId": e.correlation(),
		"Resource": "MYDPS", "ResourceProvider": "MICROSOFT.DEVICES", "ResourceType": "PROVISIONINGSERVICES", "ResourceId": Resource, "properties_s": e.properties(),
	}
}

// WriteLines writes records as a storage account has them, one a line.
func WriteLines(w io.Writer, events []Event) error {
	out := bufio.NewWriterSize(w, 1<<20)
	for i := range events {
		if _, err := out.WriteString(events[i].Storage() + "\n"); err != nil {
			return err
		}
	}
	return out.Flush()
}
