package advice

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/cause"
)

// TestRecords: a record is judged as the answer that the device got.
func TestRecords(t *testing.T) {
	t.Parallel()
	const before = "812 of 812 devices had succeeded before"
	for _, test := range []struct {
		record   Record
		first    cause.ID
		strength Strength
		among    []cause.ID // further causes
	}{
		{Record{Status: 401, Code: 401002, Message: "401002: CA certificate not found."}, cause.CertChainIncomplete, Suggests, []cause.ID{cause.CANotVerified, cause.CertNotTrustedByEnrollment}},
		{Record{Status: 401, Code: 401002, Message: "401002: CA certificate not found.", Before: before}, cause.CANotVerified, Suggests, []cause.ID{cause.CertChainIncomplete}},
		{Record{Status: 401, Message: "Unauthorized", Protocol: "Amqp"}, cause.SymmetricKeyMismatch, Allows, []cause.ID{cause.GroupKeyNotDerived, cause.EnrollmentNotFound}},
		{Record{Status: 401, Code: 401002, Message: "401002: Unauthorized", Protocol: "Mqtt"}, cause.SymmetricKeyMismatch, Allows, []cause.ID{cause.CertNotTrustedByEnrollment}},
		{Record{Status: 401, Code: 401002, Protocol: "Https"}, cause.SymmetricKeyMismatch, Allows, []cause.ID{cause.CertNotTrustedByEnrollment}},
		{Record{Status: 401, Message: "Invalid certificate", Protocol: "Mqtt"}, cause.CertEnrollmentMismatch, Suggests, []cause.ID{cause.CertExpired}},
		{Record{Status: 429, Code: 429001, Message: "429001: Operations are being throttled for this tenant."}, cause.Throttled, Proves, nil},
		{Record{Status: 429}, cause.Throttled, Proves, nil},
		{Record{Status: 404, Code: 404201, Message: "404201: Not found"}, cause.EnrollmentNotFound, Suggests, []cause.ID{cause.WrongIDScope}},
		{Record{Status: 500}, cause.ServiceTransient, Suggests, nil},
		{Record{Status: 400, Code: 400207, Message: "Custom allocation failed with status code: 500"}, cause.CustomAllocationFailed, Proves, nil},
		{Record{Status: 400, Code: 400208}, cause.NoHubAvailable, Suggests, nil},
		{Record{Message: "Something"}, cause.None, Silent, nil},
		{Record{Status: 418, Message: "Something"}, cause.None, Silent, nil},
	} {
		d := DiagnoseRecord(test.record)
		if test.first == cause.None {
			if len(d.Causes) > 0 {
				t.Errorf("%v: %s", test.record, d.Causes[0].ID)
			}
			continue
		}
		if len(d.Causes) == 0 || d.Causes[0].ID != test.first || d.Causes[0].Strength != test.strength {
			t.Errorf("%v: %s, want %s %s", test.record, causeNames(d.Causes), test.first, test.strength)
			continue
		}
		for _, id := range test.among {
			if !slices.ContainsFunc(d.Causes, func(c Cause) bool { return c.ID == id }) {
				t.Errorf("%v: %s is not among %s", test.record, id, causeNames(d.Causes))
			}
		}
		for _, c := range d.Causes {
			because := strings.Join(c.Because, "; ")
			if !strings.Contains(because, test.record.String()) || strings.Contains(because, "1 of 1 answers") {
				t.Errorf("%v: %s because %s", test.record, c.ID, because)
			}
		}
	}
}

func causeNames(causes []Cause) string {
	var names []string
	for _, c := range causes {
		names = append(names, c.ID.String()+" "+c.Strength.String())
	}
	return strings.Join(names, ", ")
}

// TestWhatTheDevicesHadBefore: of devices that had succeeded, a mistake in the settings is doubted, and
// said so.
func TestWhatTheDevicesHadBefore(t *testing.T) {
	t.Parallel()
	r := Record{Status: 401, Code: 401002, Message: "401002: Unauthorized", Before: "9 of 9 devices had succeeded before"}
	for _, c := range DiagnoseRecord(r).Causes {
		told := slices.Contains(c.Because, "against it: "+r.Before)
		if told != isLasting(c.ID) || told && c.Strength != Allows {
			t.Errorf("%s %s because %q", c.ID, c.Strength, c.Because)
		}
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		pattern Pattern
		want    []string // parts of the observations
	}{
		"a change for many":     {Pattern{Status: 401, Devices: 800, Failing: 800, Worked: 790, Late: 3}, []string{"790 of them had succeeded before, hardly any has since"}},
		"one after the other":   {Pattern{Status: 401, Devices: 800, Failing: 800, Worked: 790, Late: 400}, []string{"fail one after the other"}},
		"never enrolled":        {Pattern{Status: 404, Devices: 40, Failing: 40}, []string{"none of them ever succeeded"}},
		"one alone":             {Pattern{Status: 401, Devices: 1, Failing: 1, Succeeding: 500}, []string{"one device alone, while 500 others succeed"}},
		"one of few":            {Pattern{Status: 401, Devices: 1, Failing: 1, Succeeding: 5}, nil},
		"a storm":               {Pattern{Status: 429, Devices: 90, Failing: 9, Worked: 90}, []string{"the number of calls"}},
		"the service":           {Pattern{Status: 500, Devices: 90, Failing: 90, Worked: 90}, nil},
		"some worked, some not": {Pattern{Status: 401, Devices: 90, Failing: 90, Worked: 40}, nil},
		"one protocol": {
			Pattern{Status: 401, Devices: 100, Failing: 100, Protocol: "Mqtt", OverProtocol: 101, OverOthers: 300, FailingOverOthers: 2},
			[]string{"none of them ever succeeded", "nearly every device over Mqtt"},
		},
		"all protocols": {
			Pattern{Status: 401, Devices: 100, Failing: 100, Protocol: "Mqtt", OverProtocol: 101, OverOthers: 300, FailingOverOthers: 200},
			[]string{"none of them ever succeeded"},
		},
	} {
		got := test.pattern.Observations()
		found := make([]string, 0, len(got))
		for i, text := range got {
			if i < len(test.want) && strings.Contains(text, test.want[i]) {
				text = test.want[i]
			}
			found = append(found, text)
		}
		if diff := cmp.Diff(test.want, found); len(test.want)+len(found) > 0 && diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
