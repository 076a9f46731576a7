package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestCatalogueIsUpToDate: the files of the catalogue have no mistake, and catalogue_gen.go is the
// generator's output for them.
func TestCatalogueIsUpToDate(t *testing.T) {
	t.Chdir("..")
	want, err := compile(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(goFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s is out of date: run go generate ./internal/codes", goFile)
	}
}

// entryOf returns an entry without a mistake, with some of its lines replaced: each change is a key
// and the line that replaces the one with the key, or "" to leave the line out.
func entryOf(id string, changes ...string) string {
	lines := []string{
		"[" + id + "]",
		`kind = "http"`,
		`code = "` + id + `"`,
		`name = "A name"`,
		`http_status = 404`,
		`messages = ["the message of ` + id + `"]`,
		`meaning = "What it means."`,
		`causes = ["A cause"]`,
		`remedies = ["Do this"]`,
		`retry = "no"`,
		`applies_to = ["hub"]`,
		`sources = ["RFC 9110"]`,
		`confidence = "documented"`,
		`cause_ids = ["throttled"]`,
	}
	for i := 0; i < len(changes); i += 2 {
		for n, line := range lines {
			if strings.HasPrefix(line, changes[i]) {
				lines[n] = changes[i+1]
			}
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// folderOf returns a folder with a catalogue of one file of entries.
func folderOf(entries string, order ...string) fstest.MapFS {
	return fstest.MapFS{
		"catalogue/a.toml": {Data: []byte(entries)},
		orderFile:          {Data: []byte(strings.Join(order, "\n"))},
	}
}

func TestReadAccepts(t *testing.T) {
	t.Parallel()
	const more = `
aliases = ["A"]
no_cause_reason = "A reason"
wrapper = true
conflict = "They differ (a lot.)"
`
	for name, text := range map[string]string{
		"a full entry":   entryOf("a", "cause_ids", more),
		"a short entry":  entryOf("a", "http_status", "", "messages", ""),
		"a comment":      "# text\n" + entryOf("a", "messages", "messages = [ # text\n 'x', # text\n]"),
		"numbers in ids": entryOf("a-9") + entryOf("a-10") + entryOf("a-10-b"),
		"two entries":    entryOf("a") + entryOf("b"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := read(folderOf(text)); err != nil {
				t.Errorf("%v in:\n%s", err, text)
			}
		})
	}
}

// TestReadRefuses: every mistake is reported with its line.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ entries, want string }{
		"no TOML":             {entryOf("a") + "[b\n", "a.toml:15: "},
		"an array of tables":  {"[[a]]\n", "a.toml:1: an entry begins with its id in single brackets"},
		"a field of no entry": {"kind = \"http\"\n" + entryOf("a"), `a.toml:1: field "kind" is before the first entry`},
		"an id in capitals":   {entryOf("A"), `a.toml:1: id "A" is not lower-case letters`},
		"an id with a dot":    {entryOf("a.b"), `a.toml:1: id "a.b" is not lower-case letters`},
		"an id twice":         {entryOf("a") + entryOf("a", "code", `code = "b"`, "messages", ""), `a.toml:15: id "a" is taken: catalogue/a.toml:1`},
		"an unknown field":    {entryOf("a", "http_status", `titel = "x"`), `a.toml:5: there is no field "titel"`},
		"a field twice":       {entryOf("a", "name", "name = 'x'\nname = 'y'"), `a.toml:5: field "name" is given twice`},
		"a field missing":     {entryOf("a", "meaning", ""), `a.toml:1: entry a has no meaning`},
		"a text for a list":   {entryOf("a", "messages", `messages = "x"`), `a.toml:6: messages is a list of texts`},
		"a number in a list":  {entryOf("a", "messages", `messages = [1]`), `a.toml:6: messages is a list of texts`},
		"a list for a text":   {entryOf("a", "name", `name = ["x"]`), `a.toml:4: name is a text`},
		"a text for a flag":   {entryOf("a", "http_status", `wrapper = "x"`), `a.toml:5: wrapper is true, or is left out`},
		"a flag that is off":  {entryOf("a", "http_status", `wrapper = false`), `a.toml:5: wrapper is true, or is left out`},
		"an empty text":       {entryOf("a", "name", `name = " "`), `a.toml:4: name: a text is empty`},
		"an empty list":       {entryOf("a", "messages", `messages = []`), `a.toml:6: messages is empty`},
		"an empty message":    {entryOf("a", "messages", "messages = [\n 'x',\n '',\n]"), `a.toml:8: messages: a text is empty`},
		"a message twice":     {entryOf("a", "messages", "messages = [\n 'x',\n 'x',\n]"), `a.toml:8: messages: "x" is given twice`},
		"a message of two":    {entryOf("a", "messages", "messages = ['x']") + entryOf("b", "messages", "messages = [\n'x']"), `a.toml:21: message "x" is taken: catalogue/a.toml:6`},
		"a family":            {entryOf("a", "http_status", `numbers = ["errnum 1"]`), `a.toml:5: numbers: "errnum 1" does not begin with a family of numbers`},
		"a family's number":   {entryOf("a", "http_status", `numbers = ["errno 0xG"]`), `a.toml:5: numbers: "errno 0xG" does not end with a number`},
		"a number of two":     {entryOf("a", "http_status", `numbers = ["errno 110"]`) + entryOf("b", "http_status", `numbers = ["errno 110"]`), `a.toml:19: number "errno 110" is taken: catalogue/a.toml:5`},
		"a code of two":       {entryOf("a") + entryOf("b", "code", "code = 'a'"), `a.toml:17: http code "a" is taken: catalogue/a.toml:3`},
		"an alias of two":     {entryOf("a") + entryOf("b", "name", "name = 'x'\naliases = ['a']"), `a.toml:19: http code "a" is taken: catalogue/a.toml:3`},
		"a kind":              {entryOf("a", "kind", `kind = "htpp"`), `a.toml:2: kind: "htpp" is not one of`},
		"a retry":             {entryOf("a", "retry", `retry = "yes"`), `a.toml:10: retry: "yes" is not one of`},
		"a party":             {entryOf("a", "applies_to", `applies_to = ["all"]`), `a.toml:11: applies_to: "all" is not one of`},
		"a source":            {entryOf("a", "sources", `sources = ["a colleague"]`), `a.toml:12: sources: "a colleague" is not an address`},
		"a confidence":        {entryOf("a", "confidence", `confidence = "high"`), `a.toml:13: confidence: "high" is not one of`},
		"a cause":             {entryOf("a", "cause_ids", "cause_ids = [\n 'throttled',\n 'throtled',\n]"), `a.toml:16: cause_ids: there is no cause "throtled"`},
		"a cause and none":    {entryOf("a", "name", "name = 'x'\nno_cause_reason = 'x'"), `a.toml:1: entry a: give either cause_ids or no_cause_reason`},
		"no cause":            {entryOf("a", "cause_ids", ""), `a.toml:1: entry a: give either cause_ids or no_cause_reason`},
		"spaces":              {entryOf("a", "name", `name = "x "`), `a.toml:4: name: "x " has spaces around it`},
		"no sentence":         {entryOf("a", "meaning", `meaning = "Text"`), `a.toml:7: meaning: "Text" does not end with a full stop`},
		"a small cause":       {entryOf("a", "causes", `causes = ["text"]`), `a.toml:8: causes: "text" begins with a lower-case letter`},
		"a small remedy":      {entryOf("a", "remedies", `remedies = ["wait"]`), `a.toml:9: remedies: "wait" does not begin with a capital`},
		"a status":            {entryOf("a", "http_status", `http_status = 600`), `a.toml:5: http_status 600 is not the status of an error`},
		"a class":             {entryOf("a", "code", `code = "401002"`), `a.toml:5: code 401002 goes with http_status 401 or 200`},
		"the order":           {entryOf("b") + entryOf("a"), `a.toml:15: entry a belongs before b`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(folderOf(test.entries))
			if err == nil {
				t.Fatalf("no error for:\n%s", test.entries)
			}
			if got := err.Error(); !strings.HasPrefix(got, "catalogue/"+test.want) || strings.Contains(got, "\n") {
				t.Errorf("got %q, want just %q in:\n%s", got, test.want, test.entries)
			}
		})
	}
}

// TestReadTellsEverything: one mistake does not hide another, in the same entry or file.
func TestReadTellsEverything(t *testing.T) {
	t.Parallel()
	folder := folderOf(entryOf("a", "name", "", "kind", "kind = 1"), "a", "b", "a")
	folder["catalogue/b.toml"] = &fstest.MapFile{Data: []byte(entryOf("a", "retry", "retry = 'x'"))}
	_, err := read(folder)
	want := []string{
		"catalogue/a.toml:2: kind is a text",
		"catalogue/a.toml:1: entry a has no name",
		`catalogue/b.toml:1: id "a" is taken: catalogue/a.toml:1`,
		`catalogue/b.toml:6: message "the message of a" is taken: catalogue/a.toml:6`,
		`catalogue/b.toml:10: retry: "x" is not one of ["no" "backoff" "after-fix" "reregister" "status-lookup"]`,
		`catalogue/order.txt:2: there is no entry "b"`,
		"catalogue/order.txt:3: a is given twice",
	}
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
}

// TestOrder: kinds first, then what order.txt names, then files and ids.
func TestOrder(t *testing.T) {
	t.Parallel()
	folder := folderOf(entryOf("a-2")+entryOf("a-10")+entryOf("c", "kind", `kind = "sdk"`), "# remark", "", "e", "a-10")
	folder["catalogue/b.toml"] = &fstest.MapFile{Data: []byte(entryOf("a-1") + entryOf("e"))}
	entries, err := read(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range entries {
		got = append(got, r.id)
	}
	if diff := cmp.Diff([]string{"e", "a-10", "a-2", "a-1", "c"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestCompile(t *testing.T) {
	t.Chdir("..")
	got, err := compile(folderOf(
		entryOf("a", "code", `code = '4"01'`, "messages", `messages = ["x", "y\n", "-0x10"]`, "cause_ids", "cause_ids = ['tpm-ek-mismatch']") +
			entryOf("b", "code", `code = "5xx"`, "http_status", "wrapper = true", "cause_ids", "aliases = ['alert 7']\nno_cause_reason = 'None'")))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("gen", "testdata", "catalogue.golden"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("generated source (-want +got):\n%s", diff)
	}
}

// TestGenerateWritesNothingWrong: after a mistake the existing file is not changed.
func TestGenerateWritesNothingWrong(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(goFile, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := generate(folderOf("[")); err == nil {
		t.Error("no error")
	}
	if data, err := os.ReadFile(goFile); err != nil || string(data) != "before" {
		t.Errorf("%s holds %q, error %v", goFile, data, err)
	}
}
