package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// goPackage is what the test needs of "go list -json".
type goPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

// listPackages are the packages that the program is built from.
func listPackages(t *testing.T) map[string]goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports", "dpsdiag/cmd/dpsdiag").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]goPackage{}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// TestEveryPackageIsOneThing: the first sentence of a package's comment, and its row in
// docs/architecture.md, say what it is without an "and".
func TestEveryPackageIsOneThing(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}}\t{{.Name}}\t{{.Doc}}", "dpsdiag/internal/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	table := readPage(t, "../../docs/architecture.md")
	for line := range strings.Lines(string(out)) {
		path, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
		name, synopsis, _ := strings.Cut(rest, "\t")
		if name == "main" && strings.HasSuffix(path, "/gen") {
			continue // belongs to the package that it generates a file for
		}
		if synopsis == "" || strings.Contains(synopsis, " and ") {
			t.Errorf("%s: the first sentence of its comment is %q: say in one without \"and\" what it is", path, synopsis)
		}
		row := regexp.MustCompile("(?m)^\\|.*`" + regexp.QuoteMeta(strings.TrimPrefix(path, "dpsdiag/")) + "`.*? \\| ([^|]*) \\|").FindStringSubmatch(table)
		if row == nil || strings.Contains(row[1], " and ") {
			t.Errorf("%s: its row in docs/architecture.md is %q: say there without \"and\" what it contains", path, row)
		}
	}
}

// mayImport lists, for each package, the packages of this module that it may import.
// What is not listed is forbidden.
func mayImport() map[string][]string {
	return map[string][]string{
		"dpsdiag/cmd/dpsdiag":        {"atomicfile", "report", "advice", "likeness", "logtext", "fleet", "plan", "monitor", "kql", "probe", "inspect", "certchain", "proxy", "tpm", "edgeconf", "service", "dps", "codes", "cause", "emulator", "duration", "shellword", "spelling"},
		"dpsdiag/internal/report":    {"advice", "fleet", "plan", "logtext", "monitor", "probe", "inspect", "dps", "codes", "cause", "duration", "shellword"},
		"dpsdiag/internal/fleet":     {"advice", "probe", "certchain", "dps", "filelock"},
		"dpsdiag/internal/plan":      {"duration"},
		"dpsdiag/internal/advice":    {"likeness", "logtext", "probe", "inspect", "certchain", "proxy", "tpm", "netfail", "edgeconf", "support", "dps", "codes", "cause", "duration", "shellword"},
		"dpsdiag/internal/likeness":  {"cause"},
		"dpsdiag/internal/logtext":   {"codes", "thesaurus"},
		"dpsdiag/internal/monitor":   {"logtext"},
		"dpsdiag/internal/kql":       {"codes", "cause"},
		"dpsdiag/internal/probe":     {"inspect", "redact", "certchain", "proxy", "tpm", "netfail", "dps", "amqp", "cause", "duration"},
		"dpsdiag/internal/inspect":   {"redact", "certchain", "service", "dps"},
		"dpsdiag/internal/redact":    {"dps"},
		"dpsdiag/internal/proxy":     {"redact", "netfail", "dps"},
		"dpsdiag/internal/tpm":       {"dps"},
		"dpsdiag/internal/certchain": {"dps"},
		"dpsdiag/internal/netfail":   {},
		"dpsdiag/internal/emulator":  {"atomicfile", "filelock", "service", "dps", "codes", "amqp"},
		"dpsdiag/internal/edgeconf":  {"dps", "spelling"},
		"dpsdiag/internal/service":   {"dps"},
		"dpsdiag/internal/amqp":      {},
		"dpsdiag/internal/dps":       {},
		"dpsdiag/internal/codes":     {"cause", "spelling"},
		"dpsdiag/internal/cause":     {},
		"dpsdiag/internal/duration":  {},
		"dpsdiag/internal/shellword": {},
		"dpsdiag/internal/thesaurus": {},
		"dpsdiag/internal/spelling":  {},
		"dpsdiag/internal/support":   {},

		"dpsdiag/internal/atomicfile": {},
		"dpsdiag/internal/filelock":   {},
	}
}

// forbidden are edges that a reader may be tempted to add, with the reason against each.
// An importer is a package of this module, an import also stands for what is below it.
func forbidden() []struct{ except, path, reason string } {
	// Packages that may import are separated by blanks.
	return []struct{ except, path, reason string }{
		{"dpsdiag/cmd/dpsdiag", "github.com/spf13/cobra", "the command line is known to cmd alone"},
		{"dpsdiag/cmd/dpsdiag", "github.com/spf13/pflag", "the command line is known to cmd alone"},
		{"dpsdiag/cmd/dpsdiag", "golang.org/x/term", "whether there is a terminal is decided once, where the streams are made"},
		{"dpsdiag/internal/filelock", "golang.org/x/sys", "only filelock locks files"},
		{"dpsdiag/internal/report", "github.com/fatih/color", "only the report draws"},
		{"dpsdiag/internal/report", "github.com/olekukonko/tablewriter", "only the report draws"},
		{"dpsdiag/internal/emulator dpsdiag/internal/edgeconf", "github.com/pelletier/go-toml", "only the emulator and a device have a configuration file"},
		{"dpsdiag/internal/probe", "github.com/cenkalti/backoff", "only the probe tries again"},
		{"dpsdiag/internal/proxy", "golang.org/x/net/proxy", "only proxy goes through proxies"},
		{"dpsdiag/internal/proxy", "golang.org/x/net/http", "only proxy goes through proxies"},
		{"dpsdiag/internal/report dpsdiag/internal/schematest", "golang.org/x/net/html", "only the report draws"},
		{"dpsdiag/internal/certchain", "software.sslmate.com/src/go-pkcs12", "only certchain reads certificates and their keys"},
		{"dpsdiag/internal/tpm dpsdiag/internal/emulator", "github.com/google/go-tpm", "only tpm speaks to TPMs, and the emulator for the service"},
	}
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	allowed := mayImport()
	for path, p := range listPackages(t) {
		if !strings.HasPrefix(path, "dpsdiag/") {
			continue
		}
		own, known := allowed[path]
		if !known {
			t.Errorf("%s has no row in mayImport: say what it may import", path)
		}
		for _, imported := range p.Imports {
			name, internal := strings.CutPrefix(imported, "dpsdiag/internal/")
			if internal && !slices.Contains(own, name) {
				t.Errorf("%s imports %s: imports run cmd, report, advice, probe, dps and never back; the emulator is separate, so that the probe cannot depend on it", path, imported)
			}
		}
	}
}

func TestLibrariesStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	for path, p := range listPackages(t) {
		if !strings.HasPrefix(path, "dpsdiag/") {
			continue
		}
		for _, rule := range forbidden() {
			for _, imported := range p.Imports {
				if !slices.Contains(strings.Fields(rule.except), path) && strings.HasPrefix(imported, rule.path) {
					t.Errorf("%s imports %s: %s", path, imported, rule.reason)
				}
			}
		}
	}
}

func TestPureNounsUseTheStandardLibraryAlone(t *testing.T) {
	t.Parallel()
	packages := listPackages(t)
	pure := []string{"dpsdiag/internal/cause", "dpsdiag/internal/spelling"}
	for _, path := range append([]string{"dpsdiag/internal/dps", "dpsdiag/internal/codes"}, pure...) {
		for _, imported := range packages[path].Imports {
			if !packages[imported].Standard && !slices.Contains(pure, imported) {
				t.Errorf("%s imports %s: dps and codes are used by both sides of the wire and must not drag anything in", path, imported)
			}
		}
	}
}
