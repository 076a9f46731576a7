package support

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPast(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		product Product
		version string
		day     time.Time
		want    string
	}{
		"long past":             {IoTEdge, "1.0.7.1", day, "2022-12-13"},
		"a release in between":  {IoTEdge, "1.2", day, "2024-11-12"},
		"with a package number": {IoTEdge, "1.4.20-1", day, "2024-11-12"},
		"a few weeks past":      {IoTEdge, "1.5.21", day, "2026-11-10"},
		"on its last day":       {IoTEdge, "1.5", time.Date(2026, 11, 10, 23, 0, 0, 0, time.UTC), ""},
		"supported":             {IoTEdge, "1.6.1", day, ""},
		"newer than the table":  {IoTEdge, "1.10", day, ""},
		"no version":            {IoTEdge, "", day, ""},
		"no number":             {IoTEdge, "latest", day, ""},
		"only one number":       {IoTEdge, "1", day, ""},
		"EFLOW":                 {EFLOW, "1.4.2", day, "2026-11-10"},
		"hardware":              {AzureSphere, "", day, "2026-07-31"},
		"hardware before":       {AzureSphere, "", time.Date(2026, 7, 31, 0, 0, 0, 0, time.UTC), ""},
		"no such product":       {"IoT Central", "", day, ""},
	} {
		got := ""
		if end := Past(test.product, test.version, test.day); end != nil {
			got = end.Date
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestTable: every row has a date and a source, and the rows of a product are in order.
func TestTable(t *testing.T) {
	t.Parallel()
	dates := map[Product][]string{}
	for _, end := range Ends() {
		if _, err := time.Parse(time.DateOnly, end.Date); err != nil || end.Instead == "" || end.Source == "" {
			t.Errorf("%+v is not complete", end)
		}
		if strings.Contains(string(end.Product), "Central") {
			t.Error("no retirement of IoT Central is announced")
		}
		dates[end.Product] = append(dates[end.Product], end.Date)
	}
	for product, list := range dates {
		if !slices.IsSorted(list) {
			t.Errorf("the rows of %s are not in order", product)
		}
	}
}
