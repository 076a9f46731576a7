package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// TestClassify: what each argument is, what it was taken apart into, and the first entry of
// the catalogue that a code is found in.
func TestClassify(t *testing.T) {
	t.Parallel()
	files := []string{"device.log", "logs/agent.log", "a file with blanks", "401002,429", "/dev/fd/63"}
	find := func(path string) []string {
		return slices.DeleteFunc(slices.Clone(files), func(f string) bool {
			matches, err := filepath.Match(path, f)
			return f != path && (err != nil || !matches)
		})
	}
	for _, test := range []struct {
		args []string
		want []string // kind, text and id of each
	}{
		{nil, nil},
		{[]string{"429"}, []string{"code 429 http-429"}},
		{[]string{"401002"}, []string{"code 401002 dps-401002"}},
		{[]string{"401999"}, []string{"code 401999"}},
		{[]string{"error code 401999"}, []string{"code error code 401999"}},
		{[]string{" 429\n"}, []string{"code  429\n http-429"}},
		{[]string{"CONNACK 5"}, []string{"code CONNACK 5 mqtt-connack-5"}},
		{[]string{"http 404"}, []string{"code http 404 http-404"}},
		{[]string{"-0x2700"}, []string{"code -0x2700 mbedtls-2700"}},
		{[]string{"amqp:unauthorized-access"}, []string{"code amqp:unauthorized-access amqp-unauthorized-access"}},
		{[]string{"unauthorized-access"}, []string{"code unauthorized-access amqp-unauthorized-access"}},
		{[]string{"amqp:nosuch"}, []string{"code amqp:nosuch"}},
		{[]string{"PROV_DEVICE_RESULT_DEV_AUTH_ERROR"}, []string{"code PROV_DEVICE_RESULT_DEV_AUTH_ERROR c-result-dev-auth-error"}},
		{[]string{"PROV_DEVICE_RESULT_DEV_AUTH_EROR"}, []string{"code PROV_DEVICE_RESULT_DEV_AUTH_EROR"}},
		{[]string{"x509: certificate signed by unknown authority"}, []string{"code x509: certificate signed by unknown authority go-x509-unknown-authority"}},
		{[]string{"wrong-id-scope"}, []string{"cause wrong-id-scope wrong-id-scope"}},
		{[]string{"Wrong-ID-Scope"}, []string{"cause Wrong-ID-Scope wrong-id-scope"}},
		{[]string{"Cert-Expires-Soon"}, []string{"warning Cert-Expires-Soon cert-expires-soon"}},
		{[]string{"nosuchthing"}, []string{"code nosuchthing"}},
		{[]string{"device.log"}, []string{"file device.log"}},
		{[]string{"logs/agent.log"}, []string{"file logs/agent.log"}},
		{[]string{"a file with blanks"}, []string{"file a file with blanks"}},
		{[]string{"/dev/fd/63"}, []string{"file /dev/fd/63"}},
		{[]string{"logs/*.log"}, []string{"file logs/agent.log"}},
		{[]string{"other/*.log"}, []string{"code other/*.log"}},
		{[]string{"some/file.log"}, []string{"code some/file.log"}},
		{[]string{"no such file.log"}, []string{"text no such file.log"}},
		{[]string{"it does not work"}, []string{"text it does not work"}},
		{[]string{"Error: HTTP request failed: [401 Unauthorized]"}, []string{"text Error: HTTP request failed: [401 Unauthorized]"}},
		{[]string{"caused by: Unauthorized"}, []string{"code caused by: Unauthorized edge-caused-unauthorized"}},
		{[]string{"two\nlines"}, []string{"text two\nlines"}},
		{[]string{`{"errorCode":401002,"message":"Unauthorized"}`}, []string{`text {"errorCode":401002,"message":"Unauthorized"}`}},
		{[]string{"-"}, []string{"standard input -"}},
		{[]string{"401002, 404201/429"}, []string{"code 401002 dps-401002", "code 404201 dps-404201", "code 429 http-429"}},
		{[]string{"401 002"}, []string{"code 401 http-401", "code 002"}},
		{[]string{"401002,429"}, []string{"file 401002,429"}},
		{
			[]string{"429", "throttled", "device.log", "it does not work", "-"},
			[]string{"code 429 http-429", "cause throttled throttled", "file device.log", "text it does not work", "standard input -"},
		},
	} {
		var got []string
		for _, a := range classify(test.args, find) {
			text := string(a.kind) + " " + a.text
			switch {
			case a.cause != nil:
				text += " " + a.cause.ID.String()
			case a.notice != nil:
				text += " " + string(a.notice.Name)
			case len(a.entries) > 0:
				text += " " + a.entries[0].ID
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", strings.Join(test.args, " | "), diff)
		}
	}
}

// TestEveryIDIsExplained: what explain --all and the warnings of a probe show as an id can be
// looked up by it, and is that alone.
func TestEveryIDIsExplained(t *testing.T) {
	t.Parallel()
	one := func(id string) *argument {
		list := classify([]string{id}, func(string) []string { return nil })
		if len(list) != 1 {
			t.Fatalf("%s is %d things", id, len(list))
		}
		return &list[0]
	}
	for e := range codes.All() {
		if a := one(e.ID); a.kind != codeArgument || len(a.entries) != 1 || a.entries[0] != e {
			t.Errorf("%s is a %s of %d entries", e.ID, a.kind, len(a.entries))
		}
	}
	for _, d := range cause.Definitions() {
		if a := one(d.ID.String()); a.cause == nil || a.cause.ID != d.ID {
			t.Errorf("%s is not a cause", d.ID)
		}
	}
	for _, n := range cause.Notices() {
		if a := one(string(n.Name)); a.notice == nil || a.notice.Name != n.Name {
			t.Errorf("%s is not a warning", n.Name)
		}
	}
}

func TestPositionsAreThoseOfTheCommandLine(t *testing.T) {
	t.Parallel()
	var got []int
	for _, a := range classify([]string{"401002, 429", "it does not work"}, func(string) []string { return nil }) {
		got = append(got, a.position)
	}
	if diff := cmp.Diff([]int{1, 1, 2}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
