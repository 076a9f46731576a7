package edgeconf

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the last file of the archives in testdata/config")

// Each archive in testdata/config is one configuration: the file to read, the files that it
// names, and last the expected settings.
func TestRead(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/config/*.txtar")
	if err != nil || len(archives) < 50 {
		t.Fatalf("%d archives, %v", len(archives), err)
	}
	for _, name := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, path := newDisk(t, archive)
			settings, err := Read(path, files.read)
			if err != nil {
				t.Fatal(err)
			}
			got := describe(settings)
			checkNoSecret(t, got)
			want := &archive.Files[len(archive.Files)-1]
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
