package codes_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/codes"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		query string
		n     int
		want  []string
	}{
		"six digits: the class, then its entry":     {"404204", 4, []string{"dps-404202", "dps-404201", "hub-404104", "http-404"}},
		"six digits in other words":                 {"errorCode: 404204", 2, []string{"dps-404202", "http-404"}},
		"six digits, DPS before IoT Hub":            {"429006", 9, []string{"hub-429005", "hub-429004", "hub-429003", "hub-429002", "dps-429001", "hub-429001", "hub-429000", "http-429"}},
		"six digits, one wanted":                    {"404204", 1, []string{"dps-404202"}},
		"six digits, a class without codes":         {"407001", 1, []string{"http-407"}},
		"six digits, a server error of its own":     {"505000", 3, []string{"http-5xx"}},
		"six digits, a class without entry or code": {"418123", 3, []string{"dps-code-family"}},
		"six digits that are not a status":          {"777777", 3, nil},
		"an HTTP status":                            {"410", 2, []string{"http-409", "http-412"}},
		"a return code":                             {"CONNACK 7", 2, []string{"mqtt-connack-5", "mqtt-connack-4"}},
		"a TLS alert":                               {"tls alert 41", 2, []string{"tls-alert-40", "tls-alert-42"}},
		"a name short of a word":                    {"PROV_DEVICE_RESULT_AUTH_ERROR", 1, []string{"c-result-dev-auth-error"}},
		"a name with another ending":                {"ProvisioningTransportError", 1, []string{"cs-transport-exception"}},
		"a name mistyped":                           {"DeviceNotFuond", 1, []string{"hub-404001"}},
		"a condition mistyped":                      {"amqp:unautorized-acces", 1, []string{"amqp-unauthorized-access"}},
		"a message in part":                         {"failed to provision with IoT hub and no backup was found", 1, []string{"edge-no-backup"}},
		"a message with a number":                   {"connack refused 17 not authorized", 1, []string{"mqtt-connack-5"}},
		"nothing like it":                           {"zzzz", 3, nil},
		"nothing asked":                             {" ", 3, nil},
		"none wanted":                               {"404204", 0, nil},
		"fewer than none wanted":                    {"404204", -1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, ids(codes.Nearest(test.query, test.n))); diff != "" {
				t.Errorf("Nearest(%q, %d) (-want +got):\n%s", test.query, test.n, diff)
			}
		})
	}
}

func TestClass(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]int{
		"401999": 401, "errorCode:503001": 503, "hub 404001": 404, `"418000"`: 418,
		"401": 0, "4010020": 0, "200000": 0, "777777": 0, "CONNACK 5": 0, "device 401002": 0, "": 0,
	} {
		status, ok := codes.Parse(query).Class()
		if status != want || ok != (want != 0) {
			t.Errorf("Parse(%q).Class() = %d, %t, want %d", query, status, ok, want)
		}
	}
}

func FuzzNearest(f *testing.F) {
	f.Add("404204", 3)
	f.Add("PROV_DEVICE_RESULT_AUTH_ERROR", 1)
	f.Add("\x00 é", -1)
	f.Fuzz(func(t *testing.T, query string, n int) {
		entries := codes.Nearest(query, n)
		if len(entries) > max(n, 0) {
			t.Fatalf("Nearest(%q, %d) returns %d entries", query, n, len(entries))
		}
		for i, e := range entries {
			if e == nil || slices.Contains(entries[:i], e) {
				t.Fatalf("Nearest(%q, %d) = %v: an entry is missing or there twice", query, n, ids(entries))
			}
		}
	})
}
