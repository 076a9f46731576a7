package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"dpsdiag/internal/cause"
	"dpsdiag/internal/codes"
	"dpsdiag/internal/emulator"
)

// TestCommandsOfThePagesExist checks the dpsdiag command lines in the code blocks of all pages:
// the command, each flag, and the values of -o, --sandbox and --scenario. It runs none of them,
// so it also checks those that need a device or an Azure account.
func TestCommandsOfThePagesExist(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```")
	found := 0
	for _, page := range pages(t, "../..") {
		for _, code := range block.FindAllStringSubmatch(readPage(t, page), -1) {
			for line := range strings.Lines(code[2]) {
				if code[1] == "console" && !strings.HasPrefix(line, "$ ") {
					continue // what a command printed
				}
				for _, words := range commandLines(line) {
					found++
					checkCommand(t, page, words)
				}
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d command lines found", found)
	}
}

// commandLines returns the words after dpsdiag for every call in a line of shell or YAML.
func commandLines(line string) [][]string {
	call := regexp.MustCompile(`(?:^|[\s:])(?:dpsdiag|go run \./cmd/dpsdiag) ((?:"[^"]*"|[^|<>;&#"])+)`)
	var lines [][]string
	for _, m := range call.FindAllStringSubmatch(line, -1) {
		lines = append(lines, strings.Fields(m[1]))
	}
	return lines
}

func checkCommand(t *testing.T, page string, words []string) {
	t.Helper()
	root := newRootCmd(&newWorld().app)
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(words)
	if err != nil || !cmd.HasParent() {
		t.Errorf("%s: there is no command %q", page, words)
		return
	}
	for i, word := range rest {
		value := ""
		if i+1 < len(rest) {
			value = rest[i+1]
		}
		switch {
		case word == "-o":
			format, _, _ := strings.Cut(value, "=")
			checkValue(t, page, word, format, formatNames(formatsOf(cmd.Name())))
		case word == "--sandbox" || word == "--scenario":
			checkValue(t, page, word, value, scenarioNames())
		case strings.HasPrefix(word, "--"):
			checkFlag(t, page, cmd, strings.TrimPrefix(word, "--"))
		}
	}
}

func checkFlag(t *testing.T, page string, cmd *cobra.Command, name string) {
	t.Helper()
	if cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
		t.Errorf("%s: %s has no flag --%s", page, cmd.Name(), name)
	}
}

// checkValue reports a value that is not a known one. A word in capitals is a placeholder.
func checkValue(t *testing.T, page, flag, value string, known []string) {
	t.Helper()
	if value != strings.ToUpper(value) && !slices.Contains(known, value) {
		t.Errorf("%s: %s %s: known are %v", page, flag, value, known)
	}
}

func scenarioNames() []string {
	var names []string
	for _, s := range emulator.Scenarios() {
		names = append(names, s.Name)
	}
	return names
}

// TestLinksOfThePagesExist checks every link to a file of the repository, and to a heading.
func TestLinksOfThePagesExist(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	for _, page := range pages(t, "../..") {
		for _, m := range link.FindAllStringSubmatch(readPage(t, page), -1) {
			target := page
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(page), m[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			} else if m[2] != "" && !slices.Contains(anchors(readPage(t, target)), m[2]) {
				t.Errorf("%s: %s has no heading #%s", page, target, m[2])
			}
		}
	}
}

// anchors returns the names by which links refer to the headings of a text: in lower case, without
// punctuation, and with hyphens instead of spaces.
func anchors(text string) []string {
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		words := regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		list = append(list, strings.ReplaceAll(words, " ", "-"))
	}
	return list
}

func readPage(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEveryPageIsInTheIndex: the index has a link to every page of docs, and the README has one to
// the index.
func TestEveryPageIsInTheIndex(t *testing.T) {
	t.Parallel()
	index := readPage(t, "../../docs/README.md")
	if !strings.Contains(readPage(t, "../../README.md"), "](docs/README.md)") {
		t.Error("README.md has no link to docs/README.md")
	}
	for _, page := range pages(t, "../..") {
		if name := filepath.Base(page); name != "README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("docs/README.md has no link to %s", name)
		}
	}
}

// TestCausesOfThePagesExist checks every code span that looks like the name of a cause, a warning, a
// scenario or an entry of the catalogue.
func TestCausesOfThePagesExist(t *testing.T) {
	t.Parallel()
	kebab := regexp.MustCompile("`([a-z][a-z0-9]*(?:-[a-z0-9]+)+)`") // an api-version begins with a digit
	for _, page := range pages(t, "../..") {
		for _, m := range kebab.FindAllStringSubmatch(readPage(t, page), -1) {
			_, isCause := cause.Lookup(m[1])
			_, isWarning := cause.LookupNotice(m[1])
			isEntry := slices.ContainsFunc(codes.Lookup(m[1]), func(e *codes.Entry) bool { return e.ID == m[1] })
			if !isCause && !isWarning && !isEntry && !slices.Contains(scenarioNames(), m[1]) {
				t.Errorf("%s: `%s` is neither a cause, a warning, a scenario nor an entry of the catalogue", page, m[1])
			}
		}
	}
}

// TestTestsOfThePagesExist checks every code span that names a test: the tree has such a test, in
// the package if the page names that too, as in `internal/probe.TestRedact`.
func TestTestsOfThePagesExist(t *testing.T) {
	t.Parallel()
	tests := testsOfTheTree(t)
	span := regexp.MustCompile("`(?:([a-z0-9/]+)\\.)?((?:Test|Fuzz)[A-Z]\\w*)`")
	found := 0
	for _, page := range pages(t, "../..") {
		for _, m := range span.FindAllStringSubmatch(readPage(t, page), -1) {
			found++
			if dirs := tests[m[2]]; len(dirs) == 0 || m[1] != "" && !slices.Contains(dirs, m[1]) {
				t.Errorf("%s: there is no test %s, but in %q", page, m[0], dirs)
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d names of tests found", found)
	}
}

// testsOfTheTree are the directories of each test and fuzz target, by its name.
func testsOfTheTree(t *testing.T) map[string][]string {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	tests := map[string][]string{}
	root := os.DirFS("../..")
	err := fs.WalkDir(root, ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(root, path)
		for _, m := range function.FindAllSubmatch(text, -1) {
			tests[string(m[1])] = append(tests[string(m[1])], filepath.ToSlash(filepath.Dir(path)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
