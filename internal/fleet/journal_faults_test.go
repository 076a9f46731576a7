package fleet

import (
	"path/filepath"
	"testing"

	"dpsdiag/internal/advice"
	"dpsdiag/internal/atomicfile/faultdisk"
)

// A result that was not saved is an error, even if every device has begun: the run that goes on
// with the journal would not know it.
func TestAJournalOnAFailingDisk(t *testing.T) {
	t.Parallel()
	const n = 2
	allBegun := 0
	for step := int64(4); ; step++ { // after the head
		for _, disk := range []*faultdisk.Disk{{FailAt: step}, {FailAt: step, Stays: true}, {FailAt: step, Silent: true}} {
			file, err := disk.Open(filepath.Join(t.TempDir(), "run.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			j := newJournal(file)
			if err := j.open(head()); err != nil {
				t.Fatal(err)
			}
			s := startService(t, quick)
			s.cfg.Journal, s.cfg.Concurrency = j, 1
			out := Run(t.Context(), devices(n), s.cfg)
			if err := j.Close(); err != nil {
				t.Error(err)
			}
			if !disk.Failed() {
				if out.Unsaved != nil || out.Verdict() != advice.Registered || allBegun == 0 {
					t.Errorf("nothing fails: %+v; all had begun in %d runs", out, allBegun)
				}
				return
			}
			if out.Unsaved == nil || out.Verdict() != advice.NoVerdict {
				t.Errorf("step %d: %v, %v", step, out.Unsaved, out.Verdict())
			}
			if out.NotStarted == 0 && out.Totals[advice.Registered] == n {
				allBegun++
			}
		}
	}
}
