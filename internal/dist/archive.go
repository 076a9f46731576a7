package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"fmt"
	"io"
	"time"
)

// file is one file of an archive.
type file struct {
	path    string // with slashes
	data    []byte
	program bool // is executable
}

func (f file) mode() int64 {
	if f.program {
		return 0o755
	}
	return 0o644
}

// writeTar packs files in their order. Owner, group and everything else that depends on the
// machine is left out; the gzip header has neither name nor time.
func writeTar(w io.Writer, files []file, when time.Time) error {
	compressed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.path, Size: int64(len(f.data)), Mode: f.mode(), ModTime: when, Format: tar.FormatUSTAR,
		}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("pack %s: %w", f.path, err)
		}
		if _, err := archive.Write(f.data); err != nil {
			return fmt.Errorf("pack %s: %w", f.path, err)
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return compressed.Close()
}

// writeZip packs files in their order.
func writeZip(w io.Writer, files []file, when time.Time) error {
	archive := zip.NewWriter(w)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.path, Method: zip.Deflate, Modified: when}
		header.SetMode(0o644)
		if f.program {
			header.SetMode(0o755)
		}
		entry, err := archive.CreateHeader(header)
		if err != nil {
			return fmt.Errorf("pack %s: %w", f.path, err)
		}
		if _, err := entry.Write(f.data); err != nil {
			return fmt.Errorf("pack %s: %w", f.path, err)
		}
	}
	return archive.Close()
}
