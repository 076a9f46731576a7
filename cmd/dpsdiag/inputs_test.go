package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestReadPrinted: what az prints into a file is read in the encodings that shells write; a key is not,
// since the device could not read it either.
func TestReadPrinted(t *testing.T) {
	t.Parallel()
	const text = "{}\r\n"
	for name, content := range map[string]string{
		"UTF-8":             text,
		"UTF-8 with a mark": "\xef\xbb\xbf" + text,
		"UTF-16LE":          "\xff\xfe{\x00}\x00\r\x00\n\x00",
		"UTF-16BE":          "\xfe\xff\x00{\x00}\x00\r\x00\n",
	} {
		path := filepath.Join(t.TempDir(), "enrollment.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readPrinted("--enrollment", path); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		_, err := readFile("--key-file", path)
		if refused := err != nil; refused != (content[0] >= 0xfe) {
			t.Errorf("%s as a key: %v", name, err)
		}
	}
}
