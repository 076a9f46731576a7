package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dpsdiag/internal/report"
)

// documentCommands returns a command line for each command that writes a document, without -o.
func documentCommands(t *testing.T) map[string][]string {
	t.Helper()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := "Z29vZCBrZXkgb2YgZGV2IGdvb2Qga2V5IG9mIGRldiBnb29kIGtleSBvZiBkZXYgZ29vZCBrZXkgb2YgZGV2IA=="
	keyFile := file("key", key)
	saved := filepath.Join(dir, "probe.json")
	if w := newWorld(); w.run(t, "probe", "--sandbox", "healthy", "-o", "json="+saved) != report.ExitOK {
		t.Fatal(w.err.String())
	}
	return map[string][]string{
		"derive-key": {"derive-key", "--group-key-file", keyFile, "--registration-id", "dev-01"},
		"diff":       {"diff", saved, saved},
		"dpsdiag":    {"--version"},
		"emulate":    {"emulate", "--list-scenarios"},
		"explain":    {"explain", "429"},
		"fleet":      {"fleet", "--dry-run", "--id-scope", "0ne00000001", "--devices", file("devices.csv", "registration_id,key\ndev-01,"+key+"\n")},
		"inspect": {"inspect", "dev-01", "--enrollment", file("enrollment.json", `{"registrationId": "dev-01", "provisioningStatus": "enabled",
"attestation": {"type": "symmetricKey", "symmetricKey": {"primaryKey": "`+key+`", "secondaryKey": "`+key+`"}}}`)},
		"kql":     {"kql", "devices"},
		"logs":    {"logs", filepath.Join("..", "..", "testdata", "monitor", "storage.json")},
		"plan":    {"plan", "--devices", "10", "--at-once"},
		"probe":   {"probe", "--sandbox", "healthy"},
		"report":  {"report", saved},
		"version": {"version"},
	}
}

// TestEveryCommandInEveryFormat: a command writes the formats that it offers and refuses the others
// before anything is done.
func TestEveryCommandInEveryFormat(t *testing.T) {
	t.Parallel()
	commandLines := documentCommands(t)
	if len(commandLines) != len(writers()) {
		t.Fatalf("%d commands, want %d", len(commandLines), len(writers()))
	}
	for name, args := range commandLines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, f := range report.Formats() {
				output := f.Name
				if f.FileOnly {
					output += "=" + filepath.Join(t.TempDir(), "file")
				}
				w := newWorld()
				got := w.run(t, slices.Concat(args, []string{"-o", output})...)
				refused := got == report.ExitUsage && strings.Contains(w.err.String(), "-o: "+name+" cannot be written as "+f.Name)
				if offered := slices.Contains(formatNames(formatsOf(name)), f.Name); offered == refused || refused != (w.out.Len() == 0) {
					t.Errorf("-o %s: offered: %t, exit status %d, %d bytes, standard error: %s", f.Name, offered, got, w.out.Len(), w.err.String())
				}
			}
		})
	}
}

// TestTheFormatsOfACommandAreThoseOfItsReport: a document that was saved is drawn in the formats that
// its command offers, and as the command draws it.
func TestTheFormatsOfACommandAreThoseOfItsReport(t *testing.T) {
	t.Parallel()
	drawn := 0
	for name, args := range documentCommands(t) {
		if name == "emulate" { // writes no files
			continue
		}
		dir := t.TempDir()
		saved := filepath.Join(dir, "saved.json")
		if w := newWorld(); w.run(t, slices.Concat(args, []string{"-o", "json=" + saved})...) == report.ExitUsage {
			t.Fatal(w.err.String())
		}
		if w := newWorld(); w.run(t, "report", saved) != report.ExitOK {
			continue // no document that report draws
		}
		drawn++
		for _, f := range report.Formats() {
			if f.FileOnly {
				continue
			}
			w := newWorld()
			status := w.run(t, "report", saved, "-o", f.Name)
			if !slices.Contains(formatNames(formatsOf(name)), f.Name) {
				if status != report.ExitUsage {
					t.Errorf("report draws a document of %s as %s, which %s does not offer: exit status %d", name, f.Name, name, status)
				}
				continue
			}
			direct := filepath.Join(dir, f.Name)
			if got := newWorld().run(t, slices.Concat(args, []string{"-o", "json=" + saved, "-o", f.Name + "=" + direct})...); got == report.ExitUsage {
				t.Errorf("%s -o %s: exit status %d", name, f.Name, got)
				continue
			}
			w = newWorld()
			if status = w.run(t, "report", saved, "-o", f.Name); status != report.ExitOK || w.out.String() != readPage(t, direct) {
				t.Errorf("report draws a document of %s as %s with exit status %d, or not as %s does:\n%s", name, f.Name, status, name, w.out.String())
			}
		}
	}
	if drawn < 7 {
		t.Errorf("only %d commands have documents that report draws", drawn)
	}
}

// TestFormatsOfThePage: the table of docs/reports.md names the commands of every format.
func TestFormatsOfThePage(t *testing.T) {
	t.Parallel()
	rows := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| (`.*?) \\|.*\\| (.*) \\|$").FindAllStringSubmatch(readPage(t, filepath.Join("..", "..", "docs", "reports.md")), -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			rows[strings.Trim(name, "`")] = strings.NewReplacer("`", "", ", ", " ").Replace(m[2])
		}
	}
	for _, f := range report.Formats() {
		want := strings.NewReplacer(", ", " ", " and ", " ").Replace(commandsWith(writers(), f))
		got := strings.Fields(rows[f.Name])
		slices.Sort(got)
		if rows[f.Name] != "every command" && strings.Join(got, " ") != want {
			t.Errorf("docs/reports.md has %s for %q, want %q", f.Name, got, want)
		}
	}
}
