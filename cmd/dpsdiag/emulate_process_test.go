//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
)

// quickPolls is a configuration in which no device waits.
func quickPolls(t *testing.T) string {
	t.Helper()
	config := filepath.Join(t.TempDir(), "emulator.toml")
	if err := os.WriteFile(config, []byte("retry_after = 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return config
}

// readReady reads the ready line.
func (p *process) readReady(t *testing.T) (ready emulator.Ready) {
	t.Helper()
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("ready line %q: %v", line, err)
	}
	return ready
}

func TestEmulateServesUntilASignal(t *testing.T) {
	t.Parallel()
	config := quickPolls(t)
	for _, signal := range endings() {
		p := startProcess(t, "emulate", "-o", "json", "--config", config)
		ready := p.readReady(t)
		runReadyCommands(t, readyText(ready, emulator.Healthy))
		for _, scenario := range scenarioNames() {
			wantScreen(t, readyText(ready, scenario))
		}
		rest, status := p.end(t, signal)
		if status != report.ExitOK || rest != "" {
			t.Errorf("%s: exit status %d, further output %q", signal, status, rest)
		}
		wantGone(t, ready.StateDir)
	}
}

// runReadyCommands runs each command of the ready text in a shell of its own, after the one
// that goes into the folder, and wants each to succeed. It returns the transports that they
// register over.
func runReadyCommands(t *testing.T, text string) map[string]bool {
	t.Helper()
	_, shell, found := strings.Cut(text, "\ncd ")
	dir, commands, _ := strings.Cut(shell, "\n")
	if !found {
		t.Fatalf("no folder to go to in:\n%s", text)
	}
	over := map[string]bool{}
	for _, command := range regexp.MustCompile(`(?m)^(?:TOKEN=|dpsdiag ).*(?:\n  .*)*`).FindAllString(commands, -1) {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "cd "+dir+"\n"+command+" --timeout 1m").CombinedOutput()
		if err != nil {
			t.Errorf("%v of %s\n%s", err, command, out)
		}
		over[regexp.MustCompile(`--transport (\S+)`).FindStringSubmatch(command)[1]] = true
	}
	return over
}

// wantScreen wants a text that a screen of 80 columns and 24 lines shows, with the cursor.
func wantScreen(t *testing.T, text string) {
	t.Helper()
	lines := strings.Split(text, "\n") // the last is that of the cursor
	for _, line := range lines {
		if len(line) > 80 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	if len(lines) > 24 {
		t.Errorf("%d lines:\n%s", len(lines), text)
	}
}

// TestEmulateTellsPeopleHowToReachIt: the text has every address and a command for every
// transport that works as it is printed, and fits a small screen.
func TestEmulateTellsPeopleHowToReachIt(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "emulate", "--ascii", "--config", quickPolls(t))
	var text strings.Builder
	for strings.Count(text.String(), "dpsdiag probe ") < len(transportNames()) || strings.HasSuffix(text.String(), "\\\n") {
		line, err := p.out.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after %q", err, text.String())
		}
		text.WriteString(line)
	}
	for _, want := range []string{
		"Ready until Ctrl-C. Scenario: healthy\n", "\n  https, mqtt-ws, amqp-ws  127.0.0.1:",
		"\n  mqtt                     127.0.0.1:", "\n  amqp                     127.0.0.1:", "\n  hub                      127.0.0.1:",
		"\n  id scope, service API    0ne00D5D1A6, see service-connection-string.txt\n", "--key-file ", "--group-key-file ", "--cert ",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in:\n%s", want, text.String())
		}
	}
	wantScreen(t, text.String())
	over := runReadyCommands(t, text.String())
	for _, transport := range transportNames() {
		if !over[transport] {
			t.Errorf("no command over %s in:\n%s", transport, text.String())
		}
	}
	log := stopForLog(t, p)
	for _, transport := range transportNames() {
		for _, call := range []string{"register", "poll"} {
			want := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d ` + transport + " " + call + ` sandbox-[a-z0-9-]+ -> (assigning|assigned to localhost:\d+)$`)
			if !want.MatchString(log) {
				t.Errorf("no %s over %s in the log:\n%s", call, transport, log)
			}
		}
	}
	if other := regexp.MustCompile(`(?m)^.* (request|connect) .*$|^.*404.*$`).FindString(log); other != "" {
		t.Errorf("the log of devices that register has %q", other)
	}
}

// stopForLog ends an emulator and returns what it has written to standard error.
func stopForLog(t *testing.T, p *process) string {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	log, err := io.ReadAll(p.err)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("the emulator ends with %v", err)
	}
	return string(log)
}

// TestEmulateLogsWhatItRefuses: over every transport a line says who was refused what and
// why; -q leaves the lines out.
func TestEmulateLogsWhatItRefuses(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"https":   "https register sandbox-key-01 -> 401002: the token is signed with neither key of the individual enrollment",
		"mqtt":    "mqtt connect sandbox-key-01 -> CONNACK 5: the token is signed with neither key of the individual enrollment",
		"mqtt-ws": "mqtt-ws connect sandbox-key-01 -> CONNACK 5: the token is signed with neither key of the individual enrollment",
		"amqp":    "amqp connect sandbox-key-01 -> SASL outcome auth: the token is signed with neither key of the individual enrollment",
		"amqp-ws": "amqp-ws connect sandbox-key-01 -> SASL outcome auth: the token is signed with neither key of the individual enrollment",
	}
	for _, quiet := range []bool{false, true} {
		args := []string{"emulate", "--ascii", "-o", "json", "--scenario", "symmetric-key-mismatch"}
		if quiet {
			args = append(args, "-q")
		}
		p := startProcess(t, args...)
		ready := p.readReady(t)
		for _, transport := range transportNames() {
			_ = exec.CommandContext(t.Context(), "dpsdiag", probeArgs(ready, transport)...).Run() // the log tells
		}
		log := stopForLog(t, p)
		if quiet && log != "" {
			t.Errorf("-q, and standard error has:\n%s", log)
		}
		for transport, want := range refused {
			if !quiet && !strings.Contains(log, want+"\n") {
				t.Errorf("%s: %q is not in:\n%s", transport, want, log)
			}
		}
	}
}

// TestEmulateLogsTheHub: every call of the hub is a line, over each protocol that it speaks.
func TestEmulateLogsTheHub(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "emulate", "--ascii", "-o", "json", "--config", quickPolls(t))
	ready := p.readReady(t)
	for _, transport := range []string{"https", "mqtt", "mqtt-ws"} {
		args := append(probeArgs(ready, transport), "--check-hub", "--yes")
		if out, err := exec.CommandContext(t.Context(), "dpsdiag", args...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	log := stopForLog(t, p)
	for _, transport := range []string{"https", "mqtt", "mqtt-ws"} {
		if want := transport + " hub sandbox-key-01 -> accepted\n"; !strings.Contains(log, want) {
			t.Errorf("%q is not in:\n%s", want, log)
		}
	}
}

// probeArgs are the flags of a probe of the device with a key.
func probeArgs(ready emulator.Ready, transport string) []string {
	endpoint := map[string]string{"mqtt": ready.Endpoints.MQTT, "amqp": ready.Endpoints.AMQP}[transport]
	if endpoint == "" {
		endpoint = ready.Endpoints.HTTPS
	}
	id := ready.Identities[0]
	return []string{
		"probe", "--transport", transport, "--endpoint", endpoint, "--ca-file", ready.CAFile,
		"--id-scope", ready.IDScope, "--registration-id", id.RegistrationID, "--key-file", id.KeyFile, "--timeout", "1m",
	}
}

// TestEmulateLeavesNoFiles ends the emulator in every way that it can see coming: nothing of
// its temporary folder is left.
func TestEmulateLeavesNoFiles(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *process, emulator.Ready){
		"many signals": func(_ *testing.T, p *process, _ emulator.Ready) {
			for range 20 {
				_ = p.Process.Signal(syscall.SIGTERM) // it may have ended
			}
		},
		"a log that nobody reads": func(t *testing.T, p *process, ready emulator.Ready) {
			closeReader(t, p.errPipe)
			_ = exec.CommandContext(t.Context(), "dpsdiag", probeArgs(ready, "https")...).Run() // is cut off
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := startProcessIn(t, dir, "emulate", "-o", "json")
			ready := p.readReady(t)
			if !strings.HasPrefix(ready.StateDir, dir) {
				t.Fatalf("the state is in %s", ready.StateDir)
			}
			end(t, p, ready)
			if err := p.Wait(); err != nil {
				t.Errorf("it ends with %v", err)
			}
			wantEmpty(t, dir)
		})
	}
	t.Run("a ready text that nobody reads", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		cmd := exec.CommandContext(t.Context(), "dpsdiag", "emulate")
		cmd.Env, cmd.Stdout = append(os.Environ(), "TMPDIR="+dir), w
		if err := cmd.Run(); err == nil {
			t.Error("it ends as if somebody had read the text")
		}
		w.Close()
		wantEmpty(t, dir)
	})
}

func closeReader(t *testing.T, r io.Closer) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func wantGone(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is left behind: %v", dir, err)
	}
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestEmulateKeepsAGivenFolder: a --state-dir is the user's.
func TestEmulateKeepsAGivenFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startProcess(t, "emulate", "-o", "json", "--scenario", "sas-token-expired", "--state-dir", dir)
	text := readyText(p.readReady(t), "sas-token-expired")
	if !strings.Contains(text, `TOKEN="$(cat sas-token.txt)" dpsdiag probe --transport https `) || !strings.Contains(text, "--sas-token-env TOKEN") {
		t.Errorf("no command with the token in:\n%s", text)
	}
	if _, status := p.end(t, syscall.SIGTERM); status != report.ExitOK {
		t.Errorf("exit status %d", status)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
		t.Errorf("the state directory that was given is not kept: %v", err)
	}
}

// TestEmulateNamesAnAddressInUse: the message says which flag, which address and what to do.
func TestEmulateNamesAnAddressInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, args := range [][]string{{"--https"}, {"--mqtt"}, {"--amqp"}, {"--hub"}, {"--scenario", "port-blocked", "--mqtt"}} {
		w := newWorld()
		flag := args[len(args)-1]
		status := w.run(t, append(append([]string{"emulate"}, args...), taken.Addr().String())...)
		want := "dpsdiag: " + flag + ": the address " + taken.Addr().String() + " is in use\n" +
			"hint: end the program that has it, such as another dpsdiag emulate, or give another port; port 0 takes a free one\n"
		if diff := cmp.Diff(want, w.err.String()); diff != "" || status != report.ExitUsage {
			t.Errorf("%v: exit status %d (-want +got):\n%s", args, status, diff)
		}
	}
}

// TestEmulateExports: the files are there when the ready line is, and again at the end.
func TestEmulateExports(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "export")
	p := startProcess(t, "emulate", "-o", "json", "--config", quickPolls(t), "--export", dir)
	ready := p.readReady(t)
	file := filepath.Join(dir, "enrollment-sandbox-key-01.json")
	before, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(before), "registrationState") {
		t.Errorf("at the start: %v\n%s", err, before)
	}
	if out, err := exec.CommandContext(t.Context(), "dpsdiag", probeArgs(ready, "https")...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if _, status := p.end(t, syscall.SIGTERM); status != report.ExitOK {
		t.Errorf("exit status %d", status)
	}
	after, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(after), `"status": "assigned"`) || !strings.Contains(string(after), `"primaryKey": "`) {
		t.Errorf("at the end: %v\n%s", err, after)
	}

	w := newWorld()
	taken := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if status := w.run(t, "emulate", "--export", taken); status != report.ExitUsage || !strings.HasPrefix(w.err.String(), "dpsdiag: --export: ") {
		t.Errorf("into a file: exit status %d, %s", status, w.err.String())
	}
}

// TestEmulateHasItsStateAlone: a second emulator in a directory is refused, and one that was killed
// leaves no lock.
func TestEmulateHasItsStateAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	first := startProcess(t, "emulate", "--state-dir", dir, "-o", "json")
	first.readReady(t)
	w := newWorld()
	if got := w.run(t, "emulate", "--state-dir", dir); got != report.ExitUsage {
		t.Errorf("exit status %d", got)
	}
	want := fmt.Sprintf("dpsdiag: --state-dir: another dpsdiag emulate is using %q\nhint: end that one, or give this one another directory\n", dir)
	if w.err.String() != want || w.out.Len() > 0 {
		t.Errorf("standard error is %q, want %q; standard output: %s", w.err.String(), want, w.out.String())
	}
	first.end(t, syscall.SIGKILL)
	second := startProcess(t, "emulate", "--state-dir", dir, "-o", "json")
	second.readReady(t)
	if out, status := second.end(t, syscall.SIGTERM); status != report.ExitOK {
		t.Errorf("exit status %d: %s", status, out)
	}
}
