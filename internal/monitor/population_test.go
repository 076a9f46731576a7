package monitor_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"dpsdiag/internal/monitor"
	"dpsdiag/internal/monitor/monitortest"
)

// ofInstance is a line as of another instance, of none if the name is "".
func ofInstance(line, name string) string {
	if name == "" {
		return strings.Replace(line, `"resourceId":"`+monitortest.Resource+`",`, "", 1)
	}
	return strings.Replace(line, "/MYDPS", "/"+name, 1)
}

// TestRecordsWithoutAnInstance: whichever records of a device do not say of which instance they are,
// they tell the same as if they did.
func TestRecordsWithoutAnInstance(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"gggg", "bbbb", "gbgbb", "bbgbg", "bgbbb"} {
		lines := strings.SplitAfter(strings.TrimSuffix(attempts("sensor-1", pattern), "\n"), "\n")
		want := summarise(t, strings.Join(lines, ""))
		for hidden := 1; hidden < 1<<len(lines)-1; hidden++ {
			var in strings.Builder
			for i, line := range lines {
				if hidden&(1<<i) != 0 {
					line = ofInstance(line, "")
				}
				in.WriteString(line)
			}
			if diff := cmp.Diff(want, summarise(t, in.String()), cmpopts.IgnoreUnexported(monitor.Summary{}, monitor.Cluster{}, monitor.Change{})); diff != "" {
				t.Errorf("%s, %b hidden (-want +got):\n%s", pattern, hidden, diff)
			}
		}
	}
}

// TestDevicesOfSeveralInstances: a record without an instance belongs to the only device of its id, and
// to none if several instances have one.
func TestDevicesOfSeveralInstances(t *testing.T) {
	t.Parallel()
	of := func(device, pattern, instance string, minute int) string {
		var text strings.Builder
		for line := range strings.Lines(attempts(device, pattern)) {
			line = strings.Replace(line, "T10:0", fmt.Sprintf("T10:%d", minute/10), 1)
			line = strings.Replace(line, "aaaaaaaa", fmt.Sprintf("%08x", minute), 1)
			text.WriteString(ofInstance(line, instance))
		}
		return text.String()
	}
	for name, test := range map[string]struct {
		in        string
		seen      monitor.Devices
		apart     int
		instances string
	}{
		"one instance": {
			of("a", "g", "ONE", 10) + of("a", "b", "", 20) + of("b", "b", "ONE", 30),
			monitor.Devices{Seen: 2, Failing: 2, NeverSucceeded: 1},
			0, "one: 3 records of 2 devices",
		},
		"a device that no instance has": {
			of("a", "g", "ONE", 10) + of("a", "b", "", 20) + of("b", "b", "", 30),
			monitor.Devices{Seen: 2, Failing: 2, NeverSucceeded: 1},
			0, ": 2 records of 1 devices, one: 1 records of 1 devices",
		},
		"devices of two instances": {
			of("a", "b", "", 10) + of("a", "g", "ONE", 20) + of("b", "b", "TWO", 30) + of("b", "g", "", 40),
			monitor.Devices{Seen: 2, Recovered: 2},
			0, ": 2 records of 0 devices, one: 1 records of 1 devices, two: 1 records of 1 devices",
		},
		"the same id in two instances": {
			of("a", "g", "ONE", 10) + of("a", "g", "TWO", 20) + of("a", "b", "", 30),
			monitor.Devices{Seen: 3, Failing: 1, NeverSucceeded: 1},
			1, ": 1 records of 1 devices, one: 1 records of 1 devices, two: 1 records of 1 devices",
		},
		"no instance at all": {
			of("a", "g", "", 10) + of("a", "b", "", 20),
			monitor.Devices{Seen: 1, Failing: 1},
			0, ": 2 records of 1 devices",
		},
	} {
		s := summarise(t, test.in)
		var instances []string
		for _, at := range s.Instances {
			instances = append(instances, fmt.Sprintf("%s: %d records of %d devices", at.Name, at.Records, at.Seen))
		}
		if s.Devices != test.seen || s.Apart != test.apart || strings.Join(instances, ", ") != test.instances {
			t.Errorf("%s: %+v, %d apart, %s; want %+v, %d, %s", name, s.Devices, s.Apart, strings.Join(instances, ", "), test.seen, test.apart, test.instances)
		}
	}
}

// TestLoadWithoutAnInstance: records that turn out to be of an instance are part of its busiest minute.
func TestLoadWithoutAnInstance(t *testing.T) {
	t.Parallel()
	line := attempts("a", "g")
	other := strings.Replace(ofInstance(line, ""), "aaaaaaaa", "bbbbbbbb", 1)
	s := summarise(t, line+other)
	want := monitor.Load{BusiestMinute: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC), Instance: "mydps", InBusiest: 2}
	if diff := cmp.Diff(want, s.Load); diff != "" || s.DeviceRecords != 2 {
		t.Errorf("%d attempts (-want +got):\n%s", s.DeviceRecords, diff)
	}
}
