package probe

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/netfail"
	"dpsdiag/internal/redact"
)

// TestRedactorWritesIntoCopies: the value from a transport may be in use elsewhere, so it
// is not changed.
func TestRedactorWritesIntoCopies(t *testing.T) {
	t.Parallel()
	const echo, clean = "sig=c2VjcmV0", "sig=[redacted]"
	r := newRedactor(redact.NewPatterns(), Identity{})
	retryAfter, failure, mechanisms := &RetryAfter{Text: echo, Valid: true}, &netfail.Failure{Kind: netfail.Other, Text: echo}, []string{echo}
	answer := r.answer(Answer{Server: echo, RetryAfter: retryAfter, Failure: failure})
	want := Answer{Server: clean, RetryAfter: &RetryAfter{Text: clean, Valid: true}, Failure: &netfail.Failure{Kind: netfail.Other, Text: clean}}
	if diff := cmp.Diff(want, answer); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	opening := r.opening(Opening{Said: echo, Mechanisms: mechanisms, RetryAfter: retryAfter, Failure: failure})
	if diff := cmp.Diff(Opening{Said: clean, Mechanisms: []string{clean}, RetryAfter: want.RetryAfter, Failure: want.Failure}, opening); diff != "" {
		t.Errorf("opening (-want +got):\n%s", diff)
	}
	if retryAfter.Text != echo || failure.Text != echo || mechanisms[0] != echo {
		t.Errorf("what was handed over became %q, %q, %q", retryAfter.Text, failure.Text, mechanisms[0])
	}
	if got := r.opening(Opening{}); got.Mechanisms != nil || got.RetryAfter != nil || got.Failure != nil {
		t.Errorf("of nothing came %+v", got)
	}
}
