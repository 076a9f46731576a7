package main

import (
	"bytes"
	"context"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// platform is an operating system and architecture to build for.
type platform struct{ os, arch, variant string }

// platforms lists the platforms of a release.
func platforms() []platform {
	return []platform{
		{"linux", "amd64", ""},
		{"linux", "arm64", ""},
		{"linux", "arm", "7"},
		{"windows", "amd64", ""},
		{"windows", "arm64", ""},
		{"darwin", "amd64", ""},
		{"darwin", "arm64", ""},
	}
}

// String is the platform's name in archive names.
func (p platform) String() string {
	if p.variant != "" {
		return p.os + "_" + p.arch + "v" + p.variant
	}
	return p.os + "_" + p.arch
}

func (p platform) suffix() string {
	if p.os == "windows" {
		return ".exe"
	}
	return ""
}

// built is the program for a platform.
type built struct {
	platform

	data     []byte
	contains []component
}

// program builds the program and checks it.
func (p platform) program(ctx context.Context, c compiler, work string) (built, error) {
	name := filepath.Join(work, "dpsdiag"+p.suffix())
	if err := c.build(ctx, name, "GOOS="+p.os, "GOARCH="+p.arch, "GOARM="+p.variant); err != nil {
		return built{}, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return built{}, err
	}
	if err := p.check(data); err != nil {
		return built{}, err
	}
	contains, err := components(data)
	return built{p, data, contains}, err
}

// withoutHTTP2 leaves out the HTTP/2 support of net/http, half a megabyte that is never
// used: every SDK calls the device API over HTTP/1.1, and so does dpsdiag.
const withoutHTTP2 = "-tags=nethttpomithttp2"

// small leaves out data for debuggers, and half of the padding between functions.
const small = "-ldflags=-s -w -funcalign=16"

// compiler is the Go toolchain with a build cache: the usual one if there is no folder for it.
type compiler struct{ cache string }

// build builds the program, statically linked and without paths of this machine.
func (c compiler) build(ctx context.Context, program string, env ...string) error {
	args := []string{"build", "-trimpath", "-buildvcs=auto", withoutHTTP2, small, "-o", program, "./cmd/dpsdiag"}
	build := exec.CommandContext(ctx, "go", args...) //nolint:gosec // the program is a file in our own folder
	// A developer's settings for the toolchain must not affect a release.
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0")
	build.Env = append(build.Env, env...)
	if c.cache != "" {
		build.Env = append(build.Env, "GOCACHE="+c.cache)
	}
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return nil
}

// maxProgram is the maximum size in bytes of a stripped program for Linux, the system of
// most devices.
const maxProgram = 22_000_000

const otherMachine = "the program is for another machine"

// check verifies that a program is for its platform, static and not too large.
func (p platform) check(binary []byte) error {
	if p.os == "linux" && len(binary) > maxProgram {
		return fmt.Errorf("the program has %d bytes, more than %d", len(binary), maxProgram)
	}
	r := bytes.NewReader(binary)
	switch p.os {
	case "windows":
		f, err := pe.NewFile(r)
		if err != nil {
			return err
		}
		machines := map[string]uint16{"amd64": pe.IMAGE_FILE_MACHINE_AMD64, "arm64": pe.IMAGE_FILE_MACHINE_ARM64}
		return expect(f.Machine == machines[p.arch], otherMachine)
	case "darwin":
		f, err := macho.NewFile(r)
		if err != nil {
			return err
		}
		machines := map[string]macho.Cpu{"amd64": macho.CpuAmd64, "arm64": macho.CpuArm64}
		return expect(f.Cpu == machines[p.arch], otherMachine)
	}
	return p.checkELF(r)
}

func (p platform) checkELF(r *bytes.Reader) error {
	f, err := elf.NewFile(r)
	if err != nil {
		return err
	}
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "arm": elf.EM_ARM}
	if err := expect(f.Machine == machines[p.arch], otherMachine); err != nil {
		return err
	}
	for _, program := range f.Progs {
		if program.Type == elf.PT_INTERP || program.Type == elf.PT_DYNAMIC {
			return errors.New("the program is not static")
		}
	}
	return nil
}

func expect(ok bool, otherwise string) error {
	if ok {
		return nil
	}
	return errors.New(otherwise)
}

// release is the data common to every artifact of one run.
type release struct {
	version    string
	time       time.Time
	maintainer string // of the packages
	url        string // of the folder with the archives
}

// environment is ours, with SOURCE_DATE_EPOCH set to the time of the release.
func (r release) environment() []string {
	return append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(r.time.Unix(), 10))
}

// describe builds the program for this machine and has it write the files that go into
// every archive: it knows its own completions, manual pages and version.
func describe(ctx context.Context, c compiler, work string) ([]file, release, error) {
	program := filepath.Join(work, "dpsdiag-here")
	if err := c.build(ctx, program); err != nil {
		return nil, release{}, err
	}
	about, err := newRelease(ctx, program)
	if err != nil {
		return nil, release{}, err
	}
	files, err := documents()
	if err != nil {
		return nil, release{}, err
	}
	for _, c := range []struct{ shell, path string }{
		{"bash", "completions/dpsdiag.bash"},
		{"fish", "completions/dpsdiag.fish"},
		{"powershell", "completions/dpsdiag.ps1"},
		{"zsh", "completions/_dpsdiag"},
	} {
		script, err := output(ctx, program, about, "completion", c.shell)
		if err != nil {
			return nil, release{}, err
		}
		files = append(files, file{path: c.path, data: script})
	}
	pages, err := manPages(ctx, program, about, filepath.Join(work, "man"))
	return append(files, pages...), about, err
}

// documents returns the pages and schemas of the repository, by name.
func documents() ([]file, error) {
	var files []file
	for _, pattern := range []string{"LICENSE", "README.md", "CHANGELOG.md", "docs/*.md", "docs/*.toml", "docs/schema/*.json"} {
		names, err := filepath.Glob(pattern) // sorted
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("there is no %s: run in the root of the repository", pattern)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			files = append(files, file{path: filepath.ToSlash(name), data: data})
		}
	}
	return files, nil
}

// manPages returns the manual pages by name.
func manPages(ctx context.Context, program string, about release, dir string) ([]file, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if _, err := output(ctx, program, about, "man", dir); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return nil, err
	}
	var files []file
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, file{path: "man/man1/" + e.Name(), data: data})
	}
	return files, nil
}

// output runs the program with SOURCE_DATE_EPOCH set to the time of the release.
func output(ctx context.Context, program string, about release, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // the program was just built
	cmd.Env = about.environment()
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("dpsdiag %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}

// newRelease asks the program what it was built from. SOURCE_DATE_EPOCH has priority over
// the time of the commit (reproducible-builds.org: source-date-epoch). Without either, the
// time is the first day that a ZIP archive can represent.
func newRelease(ctx context.Context, program string) (release, error) {
	about := release{time: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	out, err := output(ctx, program, about, "version", "-o", "json")
	if err != nil {
		return about, err
	}
	var built struct{ Version, Time string }
	if err := json.Unmarshal(out, &built); err != nil {
		return about, fmt.Errorf("dpsdiag version: %w", err)
	}
	about.version = strings.NewReplacer("(", "", ")", "", "/", "-", " ", "-").Replace(built.Version)
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return about, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		about.time = time.Unix(seconds, 0).UTC()
	} else if committed, err := time.Parse(time.RFC3339, built.Time); err == nil {
		about.time = committed.UTC()
	}
	return about, nil
}
