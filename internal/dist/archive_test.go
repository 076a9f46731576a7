package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var when = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

func content() []file {
	return []file{
		{path: "d/dpsdiag", data: bytes.Repeat([]byte("program"), 10_000), program: true},
		{path: "d/man/man1/dpsdiag.1", data: []byte("page")},
		{path: "d/empty"},
	}
}

// entry is the metadata of a file in an archive.
type entry struct {
	Path string
	Mode int64
	Size int
}

func wantEntries() []entry {
	return []entry{{"d/dpsdiag", 0o755, 70_000}, {"d/man/man1/dpsdiag.1", 0o644, 4}, {"d/empty", 0o644, 0}}
}

func pack(t *testing.T, write func(io.Writer, []file, time.Time) error) []byte {
	t.Helper()
	var first, second bytes.Buffer
	for _, b := range []*bytes.Buffer{&first, &second} {
		if err := write(b, content(), when); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same files give other bytes")
	}
	return first.Bytes()
}

func TestTar(t *testing.T) {
	t.Parallel()
	unzipped, err := gzip.NewReader(bytes.NewReader(pack(t, writeTar)))
	if err != nil {
		t.Fatal(err)
	}
	if h := unzipped.Header; h.Name != "" || !h.ModTime.IsZero() || h.Comment != "" || len(h.Extra) > 0 {
		t.Errorf("the gzip header contains %+v", h)
	}
	var got []entry
	archive := tar.NewReader(unzipped)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || !h.ModTime.Equal(when) {
			t.Errorf("%s has details of the build machine: %+v", h.Name, h)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry{h.Name, h.Mode, len(data)})
	}
	if diff := cmp.Diff(wantEntries(), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestZip(t *testing.T) {
	t.Parallel()
	data := pack(t, writeZip)
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var got []entry
	for _, f := range archive.File {
		if !f.Modified.Equal(when) {
			t.Errorf("%s is of %s", f.Name, f.Modified)
		}
		got = append(got, entry{f.Name, int64(f.Mode().Perm()), int(f.UncompressedSize64)})
	}
	if diff := cmp.Diff(wantEntries(), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
