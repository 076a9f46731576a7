// Command dist builds the release archives of dpsdiag: a static program for each platform,
// with completions and manual pages, and checksums. The same source, toolchain and
// SOURCE_DATE_EPOCH give the same bytes.
//
// main.go coordinates the steps, build.go runs the toolchain and checks the result, and
// archive.go writes the archives. "make dist" runs it from the root of the repository.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

func main() {
	out := flag.String("out", "dist", "`DIR` for the archives; existing archives in it are removed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// run builds everything into a folder.
func run(ctx context.Context, out string) (err error) {
	work, err := os.MkdirTemp("", "dpsdiag-dist-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	shared, about, err := describe(ctx, work)
	if err != nil {
		return err
	}
	if err := prepare(out); err != nil {
		return err
	}
	var sums strings.Builder
	for _, p := range platforms() {
		name, data, err := p.archive(ctx, work, shared, about)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if err := os.WriteFile(filepath.Join(out, name), data, 0o644); err != nil { //nolint:gosec // a release is for everyone
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
		fmt.Fprintf(os.Stderr, "%9d  %s\n", len(data), name)
	}
	return os.WriteFile(filepath.Join(out, checksums), []byte(sums.String()), 0o644) //nolint:gosec // as above
}

// checksums is the name of the file for sha256sum -c.
const checksums = "SHA256SUMS"

// prepare makes the folder and removes the files of an earlier run.
func prepare(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // a release is for everyone
		return err
	}
	for _, pattern := range []string{"dpsdiag_*.tar.gz", "dpsdiag_*.zip", checksums} {
		old, err := filepath.Glob(filepath.Join(out, pattern))
		if err != nil {
			return err
		}
		for _, file := range old {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// archive builds the program for a platform and packs it with the files common to all
// archives.
func (p platform) archive(ctx context.Context, work string, shared []file, about release) (name string, data []byte, err error) {
	program := filepath.Join(work, "dpsdiag"+p.suffix())
	if err := p.build(ctx, program); err != nil {
		return "", nil, err
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return "", nil, err
	}
	if err := p.check(binary); err != nil {
		return "", nil, err
	}
	folder := fmt.Sprintf("dpsdiag_%s_%s", about.version, p)
	files := []file{{path: folder + "/dpsdiag" + p.suffix(), data: binary, program: true}}
	for _, f := range shared {
		f.path = folder + "/" + f.path
		files = append(files, f)
	}
	var packed bytes.Buffer
	pack, ending := writeTar, ".tar.gz"
	if p.os == "windows" {
		pack, ending = writeZip, ".zip"
	}
	if err := pack(&packed, files, about.time); err != nil {
		return "", nil, err
	}
	return folder + ending, packed.Bytes(), nil
}
