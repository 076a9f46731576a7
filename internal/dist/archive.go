package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
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

// writeTar packs files in their order.
func writeTar(w io.Writer, files []file, when time.Time) error {
	var plain bytes.Buffer
	if err := plainTar(&plain, files, when); err != nil {
		return err
	}
	packed, err := compress(plain.Bytes())
	if err != nil {
		return err
	}
	_, err = w.Write(packed)
	return err
}

// plainTar packs files in their order, not compressed.
func plainTar(w io.Writer, files []file, when time.Time) error {
	archive := tar.NewWriter(w)
	if err := addToTar(archive, files, when); err != nil {
		return err
	}
	return archive.Close()
}

// addToTar adds files in their order. Owner, group and everything else that depends on the
// machine is left out.
func addToTar(archive *tar.Writer, files []file, when time.Time) error {
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
	return nil
}

// compress is gzip without name and time in its header.
func compress(data []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
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
