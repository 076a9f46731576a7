package monitor_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"dpsdiag/internal/monitor"
)

// TestBracketsThatNothingCloses: the time to read damaged records grows with their number, not with its
// square, and good records after them are read.
func TestBracketsThatNothingCloses(t *testing.T) {
	t.Parallel()
	const good = `{"time":"2026-11-29T10:00:00Z","category":"DeviceOperations","resultType":"Failure","properties":{"id":"s-1"}}`
	for name, part := range map[string]string{
		"lines":                   `{"a":[` + "\n",
		"lines with closed lists": `{"a":[{},[]` + "\n",
		"one line":                `},{"a":[`,
		"members":                 `{"a":1,"b":` + "\n",
		"values":                  `"a":{` + "\n",
	} {
		for around, beginning := range map[string]string{"objects": "", "array": "[\n", "after a record": good + "\n", "in an envelope": `{"records":[`} {
			text := beginning + strings.Repeat(part, 300_000)
			start := time.Now()
			s := summarise(t, text+"\n"+good+"\n")
			if took := time.Since(start); took > 10*time.Second { // without the bound minutes
				t.Errorf("%s, %s: %v", name, around, took)
			}
			if s.Devices.Failing != 1 || s.Inputs[0].Unreadable == 0 {
				t.Errorf("%s, %s: %d devices, %+v", name, around, s.Devices.Failing, s.Inputs[0])
			}
			monitor.Detect([]byte(text))
		}
	}
}

// TestManyInstances: beyond a bound, instances are counted together.
func TestManyInstances(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&text, `{"category":"DeviceOperations","resultType":"Success","resourceId":"/PROVISIONINGSERVICES/DPS%d","properties":{"id":"d1"}}`+"\n", i)
	}
	s := summarise(t, text.String())
	records := 0
	for _, at := range s.Instances {
		records += at.Records
	}
	if len(s.Instances) != 1001 || s.Instances[1000].Name != "other" || s.Instances[1000].Records != 39_000 || records != 40_000 {
		t.Errorf("%d instances, %d records, the last %+v", len(s.Instances), records, s.Instances[len(s.Instances)-1])
	}
}

// TestRowOfManyLines: a quote too many takes some lines, which are counted, and no more.
func TestRowOfManyLines(t *testing.T) {
	t.Parallel()
	const rows = 10_000
	row := "DeviceOperations,Failure,\n"
	s := summarise(t, "Category,ResultType,properties_s\n"+"DeviceOperations,\"Failure,\n"+strings.Repeat(row, rows))
	if in := s.Inputs[0]; in.Unreadable != 64 || in.Records != rows-63 {
		t.Errorf("%+v", in)
	}
	s = summarise(t, "Category,ResultType,ResultDescription\n"+"DeviceOperations,Failure,\"a"+strings.Repeat("\nb", 62)+"\"\n")
	if in := s.Inputs[0]; in.Unreadable != 0 || in.Records != 1 {
		t.Errorf("a message of several lines: %+v", in)
	}
}

// TestLargeRecordInParts: a large record that comes in small parts is not damage.
func TestLargeRecordInParts(t *testing.T) {
	t.Parallel()
	text := "{\n" + `"time":"2026-11-29T10:00:00Z","category":"DeviceOperations","resultType":"Failure","properties":{"id":"s-1"},"more":"` + strings.Repeat("x", 3<<20) + `"}`
	c := monitor.NewCollector()
	if err := c.Read(parts{strings.NewReader(text + "\n" + text)}, "parts"); err != nil {
		t.Fatal(err)
	}
	if in := c.Summary().Inputs[0]; in.Records != 2 || in.Unreadable != 0 {
		t.Errorf("%+v", in)
	}
}

// parts reads a few bytes at a time.
type parts struct{ source io.Reader }

func (p parts) Read(to []byte) (int, error) { return p.source.Read(to[:min(len(to), 16<<10)]) }
