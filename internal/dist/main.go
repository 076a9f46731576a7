// Command dist builds a release of dpsdiag. That is a static program for each platform in an archive
// with completions and manual pages, packages for Linux, manifests for package managers, an image for containers,
// lists of components, and checksums.
// The same source, toolchain and SOURCE_DATE_EPOCH give the same bytes.
//
// main.go coordinates the steps, build.go runs the toolchain and checks the result,
// archive.go writes the archives, packages.go the packages, manifests.go the manifests,
// image.go the image and sbom.go the lists of components. "make dist" runs it from the root
// of the repository.
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
	"slices"
	"strings"
)

func main() {
	var o options
	o.register(flag.CommandLine)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

type options struct{ out, only, maintainer, url, cache string }

// register defines the flags.
func (o *options) register(flags *flag.FlagSet) {
	flags.StringVar(&o.out, "out", "dist", "`DIR` for the release; an earlier release in it is removed")
	flags.StringVar(&o.only, "only", "", "build only these `PLATFORMS`, such as linux_amd64,darwin_arm64")
	flags.StringVar(&o.maintainer, "maintainer", "dpsdiag authors <authors@dpsdiag.invalid>", "`NAME <ADDRESS>` in the packages")
	flags.StringVar(&o.url, "url", "https://dpsdiag.invalid", "`URL` of the folder from which the archives will be downloaded, for the manifests")
	flags.StringVar(&o.cache, "gocache", "", "`DIR` of the build cache for the program, in place of Go's: nothing in an empty one was compiled before")
}

// platforms selects the platforms to build for.
func (o options) platforms() ([]platform, error) {
	all := platforms()
	if o.only == "" {
		return all, nil
	}
	var chosen []platform
	for name := range strings.SplitSeq(o.only, ",") {
		i := slices.IndexFunc(all, func(p platform) bool { return p.String() == name })
		if i < 0 {
			return nil, fmt.Errorf("-only: there is no platform %q; there are %v", name, all)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// artifact is one file of a release.
type artifact struct {
	name     string
	data     []byte
	contains []component // none if there is nothing of Go in it
}

// run builds everything into a folder.
func run(ctx context.Context, o options) (err error) {
	chosen, err := o.platforms()
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "dpsdiag-dist-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	compiler := compiler{o.cache}
	shared, about, err := describe(ctx, compiler, work)
	if err != nil {
		return err
	}
	about.maintainer, about.url = o.maintainer, strings.TrimSuffix(o.url, "/")
	if err := prepare(o.out); err != nil {
		return err
	}
	all, err := artifacts(ctx, compiler, work, chosen, shared, about)
	if err != nil {
		return err
	}
	return writeAll(o.out, all)
}

// artifacts makes everything but the checksums. The manifests name archives of several platforms,
// and are left out if not all are chosen.
func artifacts(ctx context.Context, c compiler, work string, chosen []platform, shared []file, about release) ([]artifact, error) {
	var all []artifact
	var programs []built // for the image
	archives := map[string]artifact{}
	for _, p := range chosen {
		program, err := p.program(ctx, c, work)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		made, err := program.artifacts(ctx, work, shared, about)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		all = append(all, made...)
		archives[p.String()] = made[0]
		if p.os == "linux" {
			programs = append(programs, program)
		}
	}
	if len(programs) > 0 {
		image, err := imageOf(ctx, programs, about)
		if err != nil {
			return nil, fmt.Errorf("image: %w", err)
		}
		all = append(all, image)
	}
	for _, a := range slices.Clone(all) {
		list, err := sbom(a, about)
		if err != nil {
			return nil, err
		}
		all = append(all, list)
	}
	if len(chosen) < len(platforms()) {
		return all, nil
	}
	made, err := manifests(newOffer(about, archives))
	return append(all, made...), err
}

// writeAll writes the files of a release, and their checksums.
func writeAll(dir string, all []artifact) error {
	var sums strings.Builder
	for _, a := range all {
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(a.data), a.name)
	}
	for _, a := range append(all, artifact{name: checksums, data: []byte(sums.String())}) {
		fmt.Fprintf(os.Stderr, "%9d  %s\n", len(a.data), a.name)
		if err := os.WriteFile(filepath.Join(dir, a.name), a.data, 0o644); err != nil { //nolint:gosec // a release is for everyone
			return err
		}
	}
	return nil
}

// checksums is the name of the file for sha256sum -c.
const checksums = "SHA256SUMS"

// prepare makes the folder and removes the files of an earlier run.
func prepare(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // a release is for everyone
		return err
	}
	for _, pattern := range []string{"dpsdiag_*", "dpsdiag.*", checksums} {
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

// artifacts packs a program with the files common to all platforms: the archive, then the packages.
func (b built) artifacts(ctx context.Context, work string, shared []file, about release) ([]artifact, error) {
	archive, err := b.archive(b.data, shared, about)
	if err != nil {
		return nil, err
	}
	made := []artifact{archive}
	if b.os == "linux" {
		packages, err := b.packages(ctx, work, b.data, shared, about)
		if err != nil {
			return nil, err
		}
		made = append(made, packages...)
	}
	for i := range made {
		made[i].contains = b.contains
	}
	return made, nil
}

// archive packs a program for a platform with the files common to all archives.
func (p platform) archive(binary []byte, shared []file, about release) (artifact, error) {
	folder := about.name(p)
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
	err := pack(&packed, files, about.time)
	return artifact{name: folder + ending, data: packed.Bytes()}, err
}

// name is the name of what is released for a platform, without the extension.
func (r release) name(p platform) string { return fmt.Sprintf("dpsdiag_%s_%s", r.version, p) }
