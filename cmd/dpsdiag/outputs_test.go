package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/codes"
	"dpsdiag/internal/emulator"
	"dpsdiag/internal/report"
	"dpsdiag/internal/schematest"
)

// outputs are the ways in which a probe can tell its result. A bundle goes to a folder of its
// own, from which [world.run] reads it.
func outputs(t *testing.T) [][]string {
	t.Helper()
	var list [][]string
	for _, f := range report.FormatsFor(&report.Probe{}) {
		if f.FileOnly {
			list = append(list, []string{"-o", f.Name + "=" + filepath.Join(t.TempDir(), "report."+f.Extension)})
			continue
		}
		list = append(list, []string{"-o", f.Name})
		if changesWithVerbose(f) {
			list = append(list, []string{"-o", f.Name, "--verbose"})
		}
	}
	return list
}

// shownFormats are the names of the formats of a probe that can go to standard output.
func shownFormats() []string {
	return formatNames(slices.DeleteFunc(report.FormatsFor(&report.Probe{}), func(f report.Format) bool { return f.FileOnly }))
}

// changesWithVerbose reports whether a format says more with --verbose. What programs read is the
// same with it, as a test of package report makes sure.
func changesWithVerbose(f report.Format) bool {
	return !f.FileOnly && !slices.Contains([]string{"json", "html", "sarif", "github"}, f.Name)
}

// documents check what a format promises beside its text.
func documents(t *testing.T) map[string]func(t *testing.T, out []byte) {
	probe, sarif := schematest.Load(t, "probe-1"), schematest.LoadSARIF(t)
	return map[string]func(*testing.T, []byte){
		"json":  func(t *testing.T, out []byte) { probe.Check(t, "dpsdiag/probe/1", out) },
		"sarif": func(t *testing.T, out []byte) { sarif.Check(t, "SARIF", out) },
		"html":  func(t *testing.T, out []byte) { schematest.HTML(t, "HTML", out) },
		"junit": func(t *testing.T, out []byte) { schematest.JUnit(t, "JUnit", out) },
		"github": func(t *testing.T, out []byte) {
			for line := range bytes.Lines(out) {
				if !bytes.HasPrefix(line, []byte("::error title=")) && !bytes.HasPrefix(line, []byte("::warning title=")) && !bytes.HasPrefix(line, []byte("::notice title=")) {
					t.Errorf("not an annotation: %q", line)
				}
			}
		},
	}
}

// TestEveryScenarioInEveryFormat runs every scenario in every format: each follows its
// schema, ends in the same exit status and holds no secret.
func TestEveryScenarioInEveryFormat(t *testing.T) {
	t.Parallel()
	checks := documents(t)
	for _, s := range scenariosWithoutTPM() {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			for _, verbose := range []bool{false, true} {
				checkOutputs(t, checks, s.Name, expectations()[s.Name].exit, verbose, quickly(s.Name)...)
			}
		})
	}
}

// TestComparisonsInEveryFormat does the same for scenarios over all transports, of which
// each has something of its own to show.
func TestComparisonsInEveryFormat(t *testing.T) {
	t.Parallel()
	checks := documents(t)
	for scenario, want := range map[string]int{
		"healthy": report.ExitOK, "wrong-id-scope": report.ExitFault, "custom-allocation-failed": report.ExitFault,
		"cert-chain-incomplete": report.ExitFault, "server-root-ca-missing": report.ExitFault, "cut-before-answer": report.ExitNoVerdict,
		"throttled-forever": report.ExitRetryLater,
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			for _, verbose := range []bool{false, true} {
				args := append([]string{"--transport", "all", "--max-attempts", "2"}, quickly(scenario)...)
				for format, out := range checkOutputs(t, checks, scenario, want, verbose, args...) {
					for _, transport := range transportNames() {
						if !strings.Contains(out, transport) && format != "github" && format != "sarif" {
							t.Errorf("%s: nothing of %s is shown", format, transport)
						}
					}
				}
			}
		})
	}
}

// checkOutputs probes a scenario once with more arguments, and returns what was written in each
// format: text on standard output, and the others into files.
func checkOutputs(t *testing.T, checks map[string]func(*testing.T, []byte), scenario string, want int, verbose bool, args ...string) map[string]string {
	t.Helper()
	args = append([]string{"probe", "--sandbox", scenario, "-o", "text"}, args...)
	if verbose {
		args = append(args, "--verbose")
	}
	dir, files := t.TempDir(), map[string]string{}
	for _, f := range report.FormatsFor(&report.Probe{}) {
		if f.Name != "text" && (!verbose || changesWithVerbose(f)) {
			files[f.Name] = filepath.Join(dir, "report."+f.Name)
			args = append(args, "-o", f.Name+"="+files[f.Name])
		}
	}
	w := newWorld()
	device := w.keepDevice()
	if status := w.run(t, args...); status != want {
		t.Errorf("exit status %d, want %d; standard error: %s", status, want, w.err.String())
	}
	written := map[string]string{"text": w.out.String()}
	for format, path := range files {
		written[format] = readOutput(t, format, path)
	}
	told := w.err.String()
	for format, out := range written {
		if out == "" {
			t.Errorf("%s: no output; standard error: %s", format, w.err.String())
		}
		if check, ok := checks[format]; ok {
			check(t, []byte(out))
		}
		told += "\n" + out
	}
	for _, secret := range secretsOf(*device) {
		for form := range leaks(secret, told) {
			t.Errorf("a secret of the device is in an output (%s)", form)
		}
	}
	return written
}

// readOutput reads what was written in a format: of a bundle, what is in it.
func readOutput(t *testing.T, format, path string) string {
	t.Helper()
	if format == "bundle" {
		files := unzip(t, path)
		return strings.Join(slices.Collect(maps.Values(files)), "\n")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestJUnitShowsTheBrokenStage compares the failed test cases with the failed stages.
func TestJUnitShowsTheBrokenStage(t *testing.T) {
	t.Parallel()
	for scenario, stage := range map[string]string{
		"healthy": "", "server-root-ca-missing": "tls", "wrong-id-scope": "register", "custom-allocation-failed": "assign",
	} {
		w := newWorld()
		w.run(t, "probe", "--sandbox", scenario, "-o", "junit")
		var failed []string
		for _, c := range schematest.JUnit(t, scenario, w.out.Bytes()).All("testcase") {
			if len(c.All("failure")) > 0 {
				failed = append(failed, strings.TrimPrefix(c.Attrs["name"], "https "))
			}
		}
		if got := strings.Join(failed, " "); got != stage {
			t.Errorf("%s: failed %q, want %q", scenario, got, stage)
		}
	}
}

// TestExplainFollowsItsSchema explains every code and cause in one call, and what nobody
// knows.
func TestExplainFollowsItsSchema(t *testing.T) {
	t.Parallel()
	schema := schematest.Load(t, "explain-1")
	all := []string{"explain"}
	for e := range codes.All() {
		all = append(all, e.ID)
	}
	for _, c := range explainCompletions() {
		word, _, _ := strings.Cut(c, "\t")
		all = append(all, word)
	}
	documents := map[string][]string{
		"everything": all,
		"common":     {"explain"},
		"the list":   {"explain", "--all"},
		"unknown":    {"explain", "404999"},
		"text":       {"explain", "no such thing as this"},
		"mixed":      {"explain", "429", "404999"},
	}
	logs, err := filepath.Glob("../../testdata/logs/*.log")
	if err != nil || len(logs) < 50 {
		t.Fatalf("%d logs, %v", len(logs), err)
	}
	for _, log := range logs {
		documents[log] = []string{"explain", "--file", log}
	}
	for name, args := range documents {
		w := newWorld()
		status := w.run(t, slices.Concat(args, []string{"-o", "json"})...)
		schema.Check(t, name, w.out.Bytes())
		var doc report.Explain
		if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil || doc.ExitCode != status {
			t.Errorf("%s: exit status %d, exit_code %d, %v", name, status, doc.ExitCode, err)
		}
	}
}

func TestExitStatusOfExplainInEveryFormat(t *testing.T) {
	t.Parallel()
	for _, f := range report.FormatsFor(&report.Answers{}) {
		for query, want := range map[string]int{"429": report.ExitOK, "wrong-id-scope": report.ExitOK, "404999": report.ExitUnknown} {
			w := newWorld()
			if got := w.run(t, "explain", query, "-o", f.Name); got != want || w.out.Len() == 0 {
				t.Errorf("explain %s -o %s: exit status %d, want %d; %d bytes", query, f.Name, got, want, w.out.Len())
			}
		}
	}
}

// TestALogInMarkdownSaysWhatTheTextSays looks for every cause, exclusion and line number
// that the text names.
func TestALogInMarkdownSaysWhatTheTextSays(t *testing.T) {
	t.Parallel()
	logs, err := filepath.Glob("../../testdata/logs/*.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range logs {
		text, markdown := newWorld(), newWorld()
		text.run(t, "explain", "--file", log, "--verbose")
		markdown.run(t, "explain", "--file", log, "-o", "markdown")
		for _, id := range regexp.MustCompile(`\[([a-z]+[0-9]*(?:-[a-z0-9]+)+)\]`).FindAllStringSubmatch(text.out.String(), -1) {
			if !strings.Contains(markdown.out.String(), "`"+id[1]+"`") {
				t.Errorf("%s: %s is missing", log, id[1])
			}
		}
		for _, title := range []string{"Known errors", "Around them", "What the text tells", "Causes, the most likely first", "Ruled out", "What would decide", "To get a log that tells more"} {
			inText := strings.Contains(text.out.String(), "\n"+title)
			if inMarkdown := strings.Contains(markdown.out.String(), "\n#### "+title); inText != inMarkdown {
				t.Errorf("%s: %q in the text %t, in Markdown %t", log, title, inText, inMarkdown)
			}
		}
	}
}

// TestReadyLineFollowsItsSchema makes the ready line of every scenario.
func TestReadyLineFollowsItsSchema(t *testing.T) {
	t.Parallel()
	schema := schematest.Load(t, "emulator-1")
	sample, err := os.ReadFile("../../docs/emulator.toml")
	if err != nil {
		t.Fatal(err)
	}
	ek, err := emulator.ParseEndorsementKey(regexp.MustCompile(`(?s)endorsement_key = """(.*?)"""`).FindSubmatch(sample)[1])
	if err != nil {
		t.Fatal(err)
	}
	tpm := &emulator.TPMDevice{RegistrationID: "press-07", EndorsementKey: ek}
	for _, s := range emulator.Scenarios() {
		e, err := emulator.Start(t.Context(), emulator.Config{Scenario: s.Name, Files: true, TPM: tpm})
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld()
		w.global.output = []string{"json"}
		if err := w.writeReady(e.Ready(), s.Name); err != nil {
			t.Error(err)
		}
		schema.Check(t, s.Name, w.out.Bytes())
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSchemasAreStrict changes one thing of a good document at a time.
func TestSchemasAreStrict(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.run(t, "probe", "--sandbox", "wrong-id-scope", "-o", "json")
	schema := schematest.Load(t, "probe-1")
	change := func(edit func(doc map[string]any)) bool {
		var doc map[string]any
		if err := json.Unmarshal(w.out.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		edit(doc)
		return schema.Accepts(doc)
	}
	if !change(func(map[string]any) {}) {
		t.Error("the document itself is not accepted")
	}
	run := func(doc map[string]any) map[string]any { return doc["runs"].([]any)[0].(map[string]any) }
	edits := map[string]func(map[string]any){
		"a foreign key":      func(doc map[string]any) { doc["more"] = 1.0 },
		"null":               func(doc map[string]any) { doc["warnings"] = nil },
		"an unknown verdict": func(doc map[string]any) { doc["verdict"] = "unclear" },
		"a wrong exit code":  func(doc map[string]any) { doc["exit_code"] = 0.0 },
		"a stage out of order": func(doc map[string]any) {
			stages := run(doc)["stages"].([]any)
			stages[0], stages[1] = stages[1], stages[0]
		},
		"a stage too few":       func(doc map[string]any) { run(doc)["stages"] = run(doc)["stages"].([]any)[:7] },
		"an unknown transport":  func(doc map[string]any) { run(doc)["transport"] = "coap" },
		"a time that is none":   func(doc map[string]any) { doc["started_at"] = "yesterday" },
		"a text for a number":   func(doc map[string]any) { run(doc)["reply"].(map[string]any)["error_code"] = "401002" },
		"an unknown strength":   func(doc map[string]any) { doc["causes"].([]any)[0].(map[string]any)["strength"] = "maybe" },
		"a cause without facts": func(doc map[string]any) { doc["causes"].([]any)[0].(map[string]any)["because"] = []any{} },
	}
	var complete map[string]any
	if err := json.Unmarshal(w.out.Bytes(), &complete); err != nil {
		t.Fatal(err)
	}
	for _, key := range slices.Sorted(maps.Keys(complete)) {
		edits["without "+key] = func(doc map[string]any) { delete(doc, key) }
	}
	for name, edit := range edits {
		if change(edit) {
			t.Errorf("%s: accepted", name)
		}
	}
}
