package bench_test

import (
	"fmt"
	"testing"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/probe"
)

// BenchmarkThousandDevices registers 1,000 devices of an enrollment group over each
// transport, one after the other, with one emulator for all transports. It reports the
// median time of the first hundred and of the last hundred registrations, which are equal
// if the emulator does not become slower, and the emulator's peak memory up to then (VmHWM)
// and its memory at the end (VmRSS).
func BenchmarkThousandDevices(b *testing.B) {
	const devices, some = 1000, 100
	s := startService(b, build(b, "dpsdiag/cmd/dpsdiag"), "")
	group := probe.NewGroupKey(readKey(b, s.identity(b, emulator.GroupKey).GroupKeyFile))
	for _, t := range probe.Transports() {
		b.Run(string(t.ID()), func(b *testing.B) {
			cfg := s.config(b, t, "", group)
			var took []float64
			for b.Loop() {
				took = took[:0]
				for n := range devices {
					cfg.RegistrationID = fmt.Sprintf("%s-%04d", t.ID(), n)
					took = append(took, registered(b, cfg))
				}
			}
			b.ReportMetric(0, "ns/op") // the total time of a thousand is meaningless
			b.ReportMetric(median(took[:some]), "first-ms")
			b.ReportMetric(median(took[devices-some:]), "last-ms")
			s.reportMemory(b)
		})
	}
}

// reportMemory reports the memory of the service, if the system provides it.
func (s service) reportMemory(b *testing.B) {
	b.Helper()
	for unit, name := range map[string]string{"peak-MiB": "VmHWM", "end-MiB": "VmRSS"} {
		amount, err := s.memory(name)
		if err != nil {
			b.Logf("the memory of the emulator is not known: %v", err)
			continue
		}
		b.ReportMetric(amount, unit)
	}
}
