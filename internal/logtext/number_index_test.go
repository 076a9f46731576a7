package logtext

import (
	"testing"

	"dpsdiag/internal/codes"
)

// TestFamilyKinds: every family of package codes has a kind of numbers, with the same meaning of signs.
func TestFamilyKinds(t *testing.T) {
	t.Parallel()
	for _, f := range codes.Families() {
		kind, known := familyKinds()[f.Name]
		if !known || isSigned(kind) != f.Signed {
			t.Errorf("%s: known %t, signed %t, want %t", f.Name, known, isSigned(kind), f.Signed)
		}
	}
	if len(familyKinds()) != len(codes.Families()) {
		t.Errorf("there are %d kinds for %d families", len(familyKinds()), len(codes.Families()))
	}
}
