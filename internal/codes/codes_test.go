package codes_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
)

// ids returns the ids of entries, which are easier to read than entries when a test fails.
func ids(entries []*codes.Entry) []string {
	var list []string
	for _, e := range entries {
		list = append(list, e.ID)
	}
	return list
}

func TestAllCanStop(t *testing.T) {
	t.Parallel()
	seen := 0
	for range codes.All() {
		seen++
		if seen == 3 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("%d entries were seen, want 3", seen)
	}
	if all := len(slices.Collect(codes.All())); all < 532 {
		t.Errorf("the catalogue has %d entries, want 532 or more", all)
	}
}

func TestByID(t *testing.T) {
	t.Parallel()
	for e := range codes.All() {
		if codes.ByID(e.ID) != e {
			t.Errorf("ByID(%q) is not that entry", e.ID)
		}
	}
	for _, id := range []string{"", "no-such-entry", "HTTP-404"} {
		if e := codes.ByID(id); e != nil {
			t.Errorf("ByID(%q) = %s, want none", id, e.ID)
		}
	}
}

func TestCommon(t *testing.T) {
	t.Parallel()
	want := []string{
		"http-400", "http-401", "http-403", "http-404", "http-405",
		"http-409", "http-412", "http-415", "http-429", "http-500",
	}
	if diff := cmp.Diff(want, ids(codes.Common())); diff != "" {
		t.Errorf("common codes (-want +got):\n%s", diff)
	}
}

func TestByCause(t *testing.T) {
	t.Parallel()
	if entries := codes.ByCause(cause.None); entries != nil {
		t.Errorf("entries of an unknown cause: %v", ids(entries))
	}
	entries := codes.ByCause(cause.EnrollmentDisabled)
	if diff := cmp.Diff([]string{"status-disabled", "status-blacklisted"}, ids(entries)[:2]); diff != "" {
		t.Errorf("first entries of enrollment-disabled (-want +got):\n%s", diff)
	}
	want := 0
	for e := range codes.All() {
		if slices.Contains(e.CauseIDs, cause.EnrollmentDisabled) {
			want++
		}
	}
	if len(entries) != want {
		t.Errorf("%d entries list enrollment-disabled, ByCause returns %d", want, len(entries))
	}
	if !slices.IsSortedFunc(entries, func(a, b *codes.Entry) int {
		return slices.Index(a.CauseIDs, cause.EnrollmentDisabled) - slices.Index(b.CauseIDs, cause.EnrollmentDisabled)
	}) {
		t.Errorf("entries are not in the order of the place of the cause: %v", ids(entries))
	}
}
