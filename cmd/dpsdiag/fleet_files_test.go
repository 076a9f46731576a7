package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A key or certificate of a list may come from an editor or a shell of Windows.
func TestFilesOfAList(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, want, err string }{
		"plain":        {"key", "key", ""},
		"marked":       {"\xef\xbb\xbfkey\r\n", "key\r\n", ""},
		"UTF-16":       {"\xff\xfek\x00", "", "UTF-16"},
		"UTF-16BE":     {"\xfe\xff\x00k", "", "UTF-16"},
		"not key-like": {strings.Repeat("x", 1<<20+1), "", "larger than 1 MiB"},
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readBounded(path)
		if string(got) != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
