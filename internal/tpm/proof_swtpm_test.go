//go:build tpm && linux

package tpm_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"dpsdiag/internal/dps"
	"dpsdiag/internal/swtpm"
	"dpsdiag/internal/tpm"
)

// proof opens a software TPM for a device.
func proof(t *testing.T, soft *swtpm.TPM) *tpm.Proof {
	t.Helper()
	opened, err := tpm.Open(t.Context(), soft.Path, false, tpm.Auth{})
	if err != nil {
		t.Fatal(err)
	}
	p := opened.Proof(dps.Resource("0ne0045B3C6", opened.RegistrationID()), time.Now().Add(time.Hour))
	if p == nil {
		t.Fatal(opened.Facts().Failure)
	}
	return p
}

// countdown is a context that ends after it has been asked a given number of times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestCancelAnywhere cancels the context before each command in turn: nothing is ever left
// in the TPM.
func TestCancelAnywhere(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	p := proof(t, soft)
	blob := swtpm.Encrypted(t, p.Keys(), swtpm.NewKey())
	for n := 0; ; n++ {
		_, err := p.Activate(&countdown{t.Context(), n}, blob)
		if left := soft.Handles(t); len(left) != 0 {
			t.Fatalf("cancelled after %d commands: left in the TPM: %x", n, left)
		}
		if err == nil {
			if n < 8 {
				t.Errorf("only %d commands", n)
			}
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("cancelled after %d commands: %v", n, err)
		}
	}
}

// TestDamagedBlobs gives the TPM blobs that are truncated or changed: each gets its own
// error.
func TestDamagedBlobs(t *testing.T) {
	t.Parallel()
	soft := swtpm.Start(t)
	p := proof(t, soft)
	key := swtpm.NewKey()
	blob := swtpm.Encrypted(t, p.Keys(), key)
	random := rand.New(rand.NewPCG(1, 2))
	damaged := [][]byte{nil, {0}}
	for range 40 {
		damaged = append(damaged, blob[:random.IntN(len(blob))])
		changed := append([]byte{}, blob...)
		changed[random.IntN(len(blob)-32)] ^= 1 << random.IntN(8) // not in the address, which nothing reads
		damaged = append(damaged, changed)
	}
	for i, b := range damaged {
		token, err := p.Activate(t.Context(), b)
		if err == nil {
			if parsed, err := dps.ParseToken(token); err != nil || !parsed.SignedBy(key) {
				t.Errorf("blob %d: a token that is signed with another key", i)
			}
			continue
		}
		switch kind := tpm.AsError(err).Kind; kind {
		case tpm.Activation, tpm.Blob:
		default:
			t.Errorf("blob %d: %s: %v", i, kind, err)
		}
	}
	if left := soft.Handles(t); len(left) != 0 {
		t.Errorf("left in the TPM: %x", left)
	}
}
