package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/report"
)

// TestTheShortReportOfEveryScenario: on a screen of 24 lines, or 30 if nothing is proven,
// the report fits, and ends with the verdict, the cause and what to do.
func TestTheShortReportOfEveryScenario(t *testing.T) {
	t.Parallel()
	for _, s := range scenariosWithoutTPM() {
		for _, transport := range []string{"https", "all"} {
			t.Run(s.Name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				w, file := newWorld(), filepath.Join(t.TempDir(), "probe.json")
				// One probe for both, since two may come differently far in their time.
				status := w.run(t, append(shortArgs(s.Name, transport), "-o", "text", "-o", "json="+file)...)
				checkShort(t, w.out.String(), status, readProbe(t, file))
			})
		}
	}
}

// shortArgs probe a scenario over a transport without long waits.
func shortArgs(scenario, transport string) []string {
	args := []string{"probe", "--sandbox", scenario, "--transport", transport, "--max-attempts", "2", "--retry-max-wait", "10ms"}
	if scenario == "never-assigned" {
		args = append(args, "--timeout", "1500ms")
	}
	return args
}

func readProbe(t *testing.T, path string) *report.Probe {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc := new(report.Probe)
	if err := json.Unmarshal(data, doc); err != nil {
		t.Fatalf("%v in %q", err, data)
	}
	return doc
}

// checkShort checks what is drawn of a document.
func checkShort(t *testing.T, text string, status int, doc *report.Probe) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	most := 30
	if len(doc.Causes) == 0 || doc.Causes[0].Strength == "proves" {
		most = 24
	}
	if len(lines) > most {
		t.Errorf("%d lines, want at most %d:\n%s", len(lines), most, text)
	}
	for _, line := range lines {
		if n := utf8.RuneCountInString(line); n > report.DefaultWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	end := plainLine(text[strings.LastIndex(text, "\n\n")+1:])
	if !strings.Contains(end, "exit "+string('0'+rune(status))) || !strings.Contains(end, doc.Target.RegistrationID) {
		t.Errorf("the end has no verdict on the device:\n%s", text)
	}
	if len(doc.Causes) == 0 {
		return
	}
	first := doc.Causes[0]
	for _, part := range []string{first.Title, first.Remedies[0], "dpsdiag explain " + first.ID} {
		part = plainLine(part)
		if head := part[:min(len(part), 60)]; !strings.Contains(end, head) {
			t.Errorf("the end lacks %q:\n%s", head, text)
		}
	}
}

// plainLine is text in one line, without the ports, which differ from run to run.
func plainLine(text string) string {
	return regexp.MustCompile(`\b\d{4,5}\b`).ReplaceAllString(strings.Join(strings.Fields(text), " "), "PORT")
}

// TestSuggestedCommandsRun runs every dpsdiag command that the report of a sandbox suggests,
// also those that only --verbose shows: each runs as it is printed.
func TestSuggestedCommandsRun(t *testing.T) {
	t.Parallel()
	placeholder := regexp.MustCompile(`\b[A-Z]{2,}(-[A-Z]+)*\b`)
	for _, s := range scenariosWithoutTPM() {
		for _, transport := range []string{"https", "mqtt"} {
			t.Run(s.Name+"/"+transport, func(t *testing.T) {
				t.Parallel()
				w := newWorld()
				args := shortArgs(s.Name, transport)
				w.run(t, args...)
				w.run(t, append(args, "--verbose")...)
				for _, command := range suggested(w.out.String()) {
					if placeholder.MatchString(command) {
						t.Errorf("has a word to replace: %s", command)
						continue
					}
					next := newWorld()
					if status := next.run(t, strings.Fields(strings.TrimPrefix(command, "dpsdiag "))...); status == report.ExitUsage {
						t.Errorf("%s: %s", command, next.err.String())
					}
				}
			})
		}
	}
}

// suggested are the dpsdiag commands in a report, each once, whole again where they were
// broken over lines.
func suggested(text string) []string {
	text = regexp.MustCompile(` \\\n +`).ReplaceAllString(text, " ")
	var list []string
	for _, found := range regexp.MustCompile(`(?m)\bdpsdiag (?:probe|explain) [^\n]*$`).FindAllString(text, -1) {
		if !slices.Contains(list, found) && found != "dpsdiag explain ID says more about a cause" {
			list = append(list, found)
		}
	}
	return list
}

// TestTheShortAnswerOfEveryCode: every code and every cause is explained on one screen.
func TestTheShortAnswerOfEveryCode(t *testing.T) {
	t.Parallel()
	var ids []string
	for e := range codes.All() {
		ids = append(ids, e.ID)
	}
	for _, d := range cause.Definitions() {
		ids = append(ids, d.ID.String())
	}
	for _, id := range ids {
		w := newWorld()
		w.run(t, "explain", id)
		if text := w.out.String(); strings.Count(text, "\n") > 30 || !strings.Contains(text, "\n  do ") {
			t.Errorf("%s: %d lines:\n%s", id, strings.Count(text, "\n"), text)
		}
	}
}

// TestTheShortReportOfEveryLog: a screen holds the outcome, the errors and the likeliest
// cause with what to do.
func TestTheShortReportOfEveryLog(t *testing.T) {
	t.Parallel()
	logs, err := filepath.Glob("../../testdata/logs/*.log")
	if err != nil || len(logs) == 0 {
		t.Fatalf("%d logs: %v", len(logs), err)
	}
	for _, log := range logs {
		text, document := newWorld(), newWorld()
		text.run(t, "explain", log)
		document.run(t, "explain", log, "-o", "json")
		var doc report.Log
		if err := json.Unmarshal(document.out.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		out := text.out.String()
		if n := strings.Count(out, "\n"); n > 30 {
			t.Errorf("%s: %d lines:\n%s", log, n, out)
		}
		if len(doc.Causes) == 0 {
			continue
		}
		end := plainLine(out)
		for _, part := range []string{doc.Causes[0].Title, doc.Causes[0].Remedies[0], "dpsdiag explain " + doc.Causes[0].ID} {
			part = plainLine(part)
			if head := part[:min(len(part), 60)]; !strings.Contains(end, head) {
				t.Errorf("%s lacks %q:\n%s", log, head, out)
			}
		}
	}
}
