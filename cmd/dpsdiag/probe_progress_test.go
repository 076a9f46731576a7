package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"dpsdiag/internal/probe"
	"dpsdiag/internal/report"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := newProgress(&w.app, probe.Config{MaxAttempts: 4, Transports: []probe.Transport{probe.NewHTTPS()}})
		step := func(after time.Duration, e probe.Event) {
			<-time.After(after)
			synctest.Wait()
			e.Transport = probe.HTTPS
			p.event(e)
		}
		done := &probe.Finding{}

		// A fast stage is not worth a line, a slow one is.
		step(0, probe.Event{Stage: probe.StageResolve})
		step(900*time.Millisecond, probe.Event{Stage: probe.StageResolve, Finding: done})
		step(5*time.Second, probe.Event{Stage: probe.StageConnect})
		step(3*time.Second, probe.Event{Stage: probe.StageConnect, Finding: done})

		// Waits are reported; during one nothing is slow.
		step(0, probe.Event{Stage: probe.StageRegister})
		step(0, probe.Event{Stage: probe.StageRegister, Queued: true})
		step(5*time.Second, probe.Event{Stage: probe.StageRegister})
		step(0, probe.Event{Stage: probe.StageRegister, Wait: &probe.Wait{Before: probe.OpRegister, For: 1340 * time.Millisecond, Attempt: 2, Reason: "429", Asked: true}})
		step(2*time.Second, probe.Event{Stage: probe.StageRegister, Wait: &probe.Wait{Before: probe.OpRegister, For: 126 * time.Millisecond, Attempt: 3, Reason: "503"}})
		step(time.Second, probe.Event{Stage: probe.StageRegister, Finding: done})
		step(0, probe.Event{Stage: probe.StageAssign})
		step(0, probe.Event{Stage: probe.StageAssign, Wait: &probe.Wait{Before: probe.OpStatus, Attempt: 1, Reason: "assigning"}})
		step(0, probe.Event{Stage: probe.StageAssign, Wait: &probe.Wait{Before: probe.OpStatus, For: 3 * time.Second, Attempt: 2, Reason: "assigning"}})
		step(6*time.Second, probe.Event{Stage: probe.StageAssign, Finding: done})

		// Nothing is reported after the end.
		step(0, probe.Event{Stage: probe.StageHub})
		p.stop()
		<-time.After(time.Minute)
		synctest.Wait()

		want := `https connect: no answer yet after 1 s
https register: 429: waiting 1.3 s as the service asked, then attempt 2 of 4
https register: 503: waiting 126 ms, then attempt 3 of 4
https assign: assigning, asking again in 3 s
https assign: no answer yet after 1 s
`
		if diff := cmp.Diff(want, w.err.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestProgressOnATerminal draws what is told as a terminal does: one line, which is empty in
// the end.
func TestProgressOnATerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const columns = 70
		w := newWorld()
		w.terminal = func(any) (int, bool) { return columns, true }
		p := newProgress(&w.app, probe.Config{MaxAttempts: 4, Transports: []probe.Transport{probe.NewHTTPS(), probe.NewMQTT()}})
		register := func(id probe.TransportID) probe.Event {
			return probe.Event{Transport: id, Stage: probe.StageRegister}
		}
		var got []string
		look := func(after time.Duration) {
			<-time.After(after)
			synctest.Wait()
			p.mu.Lock() // a later write of a timer happens after this read
			defer p.mu.Unlock()
			got = append(got, screen(t, w.err.String(), columns))
		}
		p.event(register(probe.HTTPS))
		p.event(register(probe.MQTT))
		queued := register(probe.MQTT)
		queued.Queued = true
		p.event(queued)
		look(0)
		look(time.Second)
		look(time.Second)
		wait := register(probe.HTTPS)
		wait.Wait = &probe.Wait{Before: probe.OpRegister, For: 1340 * time.Millisecond, Attempt: 2, Reason: "429"}
		p.event(wait)
		look(0)
		done := register(probe.HTTPS)
		done.Finding = &probe.Finding{}
		p.event(done)
		look(0)
		p.event(register(probe.MQTT))
		look(0)
		look(3 * time.Second)
		p.stop()
		look(time.Minute)
		want := []string{
			"mqtt register: waits until another transport has had its turn",
			"https register: no answer yet after 1 s; mqtt register: waits until a",
			"https register: no answer yet after 2 s; mqtt register: waits until a",
			"https register: 429: waiting 1.3 s, then attempt 2 of 4; mqtt registe",
			"mqtt register: waits until another transport has had its turn",
			"",
			"mqtt register: no answer yet after 3 s",
			"",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// screen is what a terminal shows of output that never leaves its line.
func screen(t *testing.T, output string, columns int) string {
	t.Helper()
	line, at := []rune(strings.Repeat(" ", columns)), 0
	for _, r := range output {
		switch {
		case r == '\r':
			at = 0
		case r == '\b':
			at--
		case r < ' ' || at == columns-1:
			t.Fatalf("%q leaves the line in %q", r, output)
		default:
			line[at] = r
			at++
		}
	}
	return strings.TrimRight(string(line), " ")
}

// TestQuiet: -q leaves out progress, on a terminal and elsewhere, and nothing else.
func TestQuiet(t *testing.T) {
	t.Parallel()
	for _, terminal := range []bool{false, true} {
		for _, quiet := range []bool{false, true} {
			w := newWorld()
			w.terminal = func(any) (int, bool) { return 80, terminal }
			args := []string{"probe", "--sandbox", "throttled-forever", "--max-attempts", "2", "--retry-max-wait", "10ms"}
			if quiet {
				args = append(args, "-q")
			}
			if status := w.run(t, args...); status != report.ExitRetryLater {
				t.Errorf("exit status %d", status)
			}
			if told := w.err.Len() > 0; told == quiet {
				t.Errorf("terminal %t, quiet %t: standard error is %q", terminal, quiet, w.err.String())
			}
			if w.out.Len() == 0 {
				t.Error("no report")
			}
		}
	}
}

// TestEveryDurationTakesDays: every flag with a duration takes 60d, and no help shows one as
// 720h0m0s.
func TestEveryDurationTakesDays(t *testing.T) {
	t.Parallel()
	root, found := newRootCmd(&newWorld().app), 0
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() != "duration" {
				return
			}
			found++
			if err := cmd.Flags().Set(f.Name, "60d"); err != nil || f.Value.String() != "60d" {
				t.Errorf("%s --%s 60d: %v, it is %s", cmd.Name(), f.Name, err, f.Value)
			}
			if strings.HasSuffix(f.DefValue, "m0s") || strings.HasSuffix(f.DefValue, "h0m") {
				t.Errorf("%s --%s is %s by default", cmd.Name(), f.Name, f.DefValue)
			}
		})
	}
	if found < 3 {
		t.Errorf("only %d flags have a duration", found)
	}
}
