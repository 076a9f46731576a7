//go:build dist

// The tests in this file are of a finished release: "make dist-check". Two of them need root, and one mmdebstrap
// and a mirror of Debian.

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// made is what the release was made with: the flags after "-args --".
func made(t *testing.T) options {
	t.Helper()
	var o options
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	o.register(flags)
	if err := flags.Parse(flag.Args()); err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(o.out) {
		o.out = filepath.Join("../..", o.out)
	}
	return o
}

// chosen lists the platforms of the release, and those of them that have packages.
func chosen(t *testing.T) (all, linux []platform) {
	t.Helper()
	all, err := made(t).platforms()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.os == "linux" {
			linux = append(linux, p)
		}
	}
	return all, linux
}

// lacks skips a test for which the machine has not what it takes. In CI that is a failure.
func lacks(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("DPSDIAG_TEST_ALL") != "" {
		t.Fatalf("DPSDIAG_TEST_ALL is set, and "+format, args...)
	}
	t.Skipf(format, args...) //nolint:forbidigo // a release is also checked where there is no root and no Debian
}

// needRoot skips a test that changes its root.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		lacks(t, "only root can change to another root")
	}
}

// released reads the file of the release whose name ends so.
func released(t *testing.T, ending string) []byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(made(t).out, "dpsdiag*"+ending))
	if err != nil || len(names) != 1 {
		t.Fatalf("%v of the release end in %s, %v", names, ending, err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sums reads the checksums by name of the file.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, checksums))
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]string{}
	for line := range strings.Lines(string(data)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			t.Fatalf("a line of %s: %q", checksums, line)
		}
		of[name] = sum
	}
	return of
}

// TestReleaseChecksums: every file is listed with the sum of its bytes.
func TestReleaseChecksums(t *testing.T) {
	dir := made(t).out
	want := sums(t, dir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(want)+1 {
		t.Errorf("%d files, %d checksums", len(entries), len(want))
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(data)); e.Name() != checksums && got != want[e.Name()] {
			t.Errorf("%s has %s, listed is %s", e.Name(), got, want[e.Name()])
		}
	}
}

// TestReleaseIsReproducible makes the release again, in another folder and with nothing of the program compiled before.
func TestReleaseIsReproducible(t *testing.T) {
	t.Parallel()
	source, dir := t.TempDir(), t.TempDir()
	if err := os.CopyFS(source, os.DirFS("../..")); err != nil {
		t.Fatal(err)
	}
	again := exec.Command("go", append([]string{"run", "./internal/dist"}, append(flag.Args(), "-out", dir, "-gocache", t.TempDir())...)...)
	again.Dir = source
	if out, err := again.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	first, second := sums(t, made(t).out), sums(t, dir)
	for name, sum := range first {
		if second[name] != sum {
			t.Errorf("%s has other bytes", name)
		}
	}
	if len(first) != len(second) {
		t.Errorf("%d files, then %d", len(first), len(second))
	}
}

// packaged lists paths that every package must have.
func packaged() []string {
	return []string{
		"/usr/bin/dpsdiag", "/usr/share/man/man1/dpsdiag.1.gz", "/usr/share/man/man1/dpsdiag-probe.1.gz",
		"/usr/share/bash-completion/completions/dpsdiag", "/usr/share/fish/vendor_completions.d/dpsdiag.fish",
		"/usr/share/doc/dpsdiag/docs/emulator.toml",
	}
}

// TestReleasePackageAPK reads the two parts of the package: its description and its files.
func TestReleasePackageAPK(t *testing.T) {
	names := map[string]string{"linux_amd64": "x86_64", "linux_arm64": "aarch64", "linux_armv7": "armv7"}
	_, linux := chosen(t)
	for _, p := range linux {
		// The parts are gzip streams one after the other, of one tar archive.
		files := untar(t, gunzip(t, released(t, p.String()+".apk")))
		about := files[".PKGINFO"]
		if about == nil {
			t.Fatal("no .PKGINFO")
		}
		for _, want := range []string{"pkgname = dpsdiag\n", "arch = " + names[p.String()] + "\n", "license = MIT\n"} {
			if !strings.Contains(string(about.data), want) {
				t.Errorf("no %q in\n%s", want, about.data)
			}
		}
		// The form of pkgver in an APKBUILD.
		if !regexp.MustCompile(`(?m)^pkgver = \d+(\.\d+)*(_(alpha|beta|rc|pre)\d*)?(-r\d+)?$`).Match(about.data) {
			t.Errorf("apk cannot compare the version:\n%s", about.data)
		}
		for _, want := range append(packaged(), "/usr/share/zsh/site-functions/_dpsdiag") {
			f := files[strings.TrimPrefix(want, "/")]
			if f == nil || f.mode&0o7777 != 0o644 && want != "/usr/bin/dpsdiag" {
				t.Errorf("%s is %+v", want, f)
			}
		}
		if program := files["usr/bin/dpsdiag"]; program != nil && program.mode&0o7777 != 0o755 {
			t.Errorf("the program has mode %o", program.mode)
		}
	}
}

// Tags of an RPM header (rpm.org, "Header tags").
const (
	rpmName, rpmVersion, rpmRelease, rpmBuildTime, rpmLicense, rpmArch = 1000, 1001, 1002, 1006, 1014, 1022
	rpmDirIndexes, rpmBaseNames, rpmDirNames                           = 1116, 1117, 1118
)

// rpmHeader reads the strings and 32-bit numbers of the header at the start of data, and returns what follows.
func rpmHeader(t *testing.T, data []byte) (stringsOf map[uint32][]string, numbers map[uint32][]uint32, rest []byte) {
	t.Helper()
	if !bytes.HasPrefix(data, []byte{0x8e, 0xad, 0xe8, 1}) {
		t.Fatalf("no header but %x", data[:4])
	}
	count, size := binary.BigEndian.Uint32(data[8:]), binary.BigEndian.Uint32(data[12:])
	store := data[16+16*count:]
	stringsOf, numbers = map[uint32][]string{}, map[uint32][]uint32{}
	for i := range count {
		entry := data[16+16*i:]
		tag, kind := binary.BigEndian.Uint32(entry), binary.BigEndian.Uint32(entry[4:])
		at, n := binary.BigEndian.Uint32(entry[8:]), binary.BigEndian.Uint32(entry[12:])
		for range n {
			switch kind {
			case 4:
				numbers[tag] = append(numbers[tag], binary.BigEndian.Uint32(store[at:]))
				at += 4
			case 6, 8, 9:
				s, _, _ := bytes.Cut(store[at:], []byte{0})
				stringsOf[tag] = append(stringsOf[tag], string(s))
				at += uint32(len(s)) + 1
			}
		}
	}
	return stringsOf, numbers, store[size:]
}

func TestReleasePackageRPM(t *testing.T) {
	names := map[string]string{"linux_amd64": "x86_64", "linux_arm64": "aarch64", "linux_armv7": "armv7hl"}
	_, linux := chosen(t)
	for _, p := range linux {
		data := released(t, p.String()+".rpm")
		if !bytes.HasPrefix(data, []byte{0xed, 0xab, 0xee, 0xdb, 3}) {
			t.Fatalf("no lead but %x", data[:5])
		}
		signature := data[96:]
		_, _, rest := rpmHeader(t, signature)
		padding := -(len(signature) - len(rest)) & 7 // the signature ends at a multiple of eight
		texts, numbers, payload := rpmHeader(t, rest[padding:])
		for tag, want := range map[uint32]string{rpmName: "dpsdiag", rpmRelease: "1", rpmLicense: "MIT", rpmArch: names[p.String()]} {
			if got := texts[tag]; !slices.Equal(got, []string{want}) {
				t.Errorf("tag %d is %q, want %q", tag, got, want)
			}
		}
		if v := texts[rpmVersion]; len(v) != 1 || !regexp.MustCompile(`^\d[\w.~+]*$`).MatchString(v[0]) {
			t.Errorf("the version is %q", v)
		}
		var paths []string
		for i, base := range texts[rpmBaseNames] {
			paths = append(paths, texts[rpmDirNames][numbers[rpmDirIndexes][i]]+base)
		}
		for _, want := range append(packaged(), "/usr/share/zsh/site-functions/_dpsdiag") {
			if !slices.Contains(paths, want) {
				t.Errorf("no %s in %v", want, paths)
			}
		}
		if plain := gunzip(t, payload); !bytes.HasPrefix(plain, []byte("070701")) {
			t.Errorf("the payload is not cpio but %q", plain[:6])
		}
		if len(numbers[rpmBuildTime]) != 1 {
			t.Errorf("the time of the build is %v", numbers[rpmBuildTime])
		}
	}
}

// TestReleaseManifests: every archive that a manifest names is in the release, with its sum. A part of a release has no
// manifests.
func TestReleaseManifests(t *testing.T) {
	dir := made(t).out
	if all, _ := chosen(t); len(all) < len(platforms()) {
		if names, err := filepath.Glob(filepath.Join(dir, "dpsdiag.*")); err != nil || len(names) > 0 {
			t.Errorf("part of a release has the manifests %v, %v", names, err)
		}
		return
	}
	of := sums(t, dir)
	for name, archives := range map[string]int{"dpsdiag.rb": 4, "dpsdiag.json": 2, winget + ".installer.yaml": 2} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		urls := regexp.MustCompile(`https://[^"\s]+\.(?:tar\.gz|zip)`).FindAllString(string(data), -1)
		if len(urls) != archives {
			t.Errorf("%s names %v", name, urls)
		}
		for _, url := range urls {
			_, after, _ := strings.Cut(string(data), url)
			sum := regexp.MustCompile(`[0-9a-fA-F]{64}`).FindString(after)
			if file := url[strings.LastIndex(url, "/")+1:]; of[file] == "" || of[file] != strings.ToLower(sum) {
				t.Errorf("%s: %s has %s, not %s", name, file, of[file], sum)
			}
		}
	}
}

// TestReleaseSBOM: every program's list has what it imports, and the image's its roots.
func TestReleaseSBOM(t *testing.T) {
	dir := made(t).out
	all, linux := chosen(t)
	lists, err := filepath.Glob(filepath.Join(dir, "*.spdx.json"))
	if err != nil || len(lists) != len(all)+len(linux)*len(formats())+1 {
		t.Fatalf("the lists are %v, %v", lists, err)
	}
	of := sums(t, dir)
	for _, name := range lists {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var document spdxDocument
		if err := json.Unmarshal(data, &document); err != nil {
			t.Fatal(err)
		}
		wants := []string{"std", "github.com/Azure/go-amqp", "github.com/eclipse/paho.mqtt.golang"}
		if strings.Contains(name, "_oci.") {
			wants = append(wants, rootsModule)
		}
		for _, want := range wants {
			if !slices.ContainsFunc(document.Packages, func(p spdxPackage) bool { return p.Name == want }) {
				t.Errorf("no %s in %s", want, name)
			}
		}
		packed := document.Packages[0]
		if got := packed.Checksums[0].Value; got != of[packed.FileName] {
			t.Errorf("%s is of a %s with %s", name, packed.FileName, got)
		}
	}
}

// TestReleaseImageRuns unpacks the layer for this machine and runs the entry point in it, as the
// image's user.
func TestReleaseImageRuns(t *testing.T) {
	needRoot(t)
	_, linux := chosen(t)
	files := untar(t, released(t, "_oci.tar"))
	var top, images imageIndex
	imageDocument(t, files["index.json"].data, &top)
	imageDocument(t, imageBlob(t, files, top.Manifests[0]), &images)
	i := slices.IndexFunc(images.Manifests, func(d imageDescriptor) bool { return d.Platform.Architecture == runtime.GOARCH })
	if i < 0 || len(images.Manifests) != len(linux) {
		t.Fatalf("the images are %+v", images)
	}
	var manifest imageManifest
	var config imageConfig
	imageDocument(t, imageBlob(t, files, images.Manifests[i]), &manifest)
	imageDocument(t, imageBlob(t, files, manifest.Config), &config)
	root := t.TempDir()
	// The test's folders are for root alone.
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	unpack := exec.Command("tar", "-xz", "-C", root)
	unpack.Stdin = bytes.NewReader(imageBlob(t, files, manifest.Layers[0]))
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct{ args, want string }{
		{"explain 429", "429 Too many requests"},
		{"probe --sandbox healthy", "exit 0"},
	} {
		run := exec.Command(config.Config.Entrypoint[0], strings.Fields(c.args)...)
		run.Dir, run.Env = config.Config.WorkingDir, []string{"NO_COLOR=1"}
		run.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		if out, err := run.CombinedOutput(); err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v\n%s", c.args, err, out)
		}
	}
}

// inDebian uses the installed package as a user of a shell does.
const inDebian = `set -eu
apt-get install -qqy --no-install-recommends /dpsdiag.deb >/dev/null 2>&1
dpkg --verify dpsdiag
dpsdiag explain 429
man --path dpsdiag-probe
man --pager=cat dpsdiag-explain 2>/dev/null
cat >/tmp/complete.bash <<'END'
compopt() { :; } # there is no line to complete
. /usr/share/bash-completion/bash_completion
_completion_loader dpsdiag || true
COMP_LINE='dpsdiag exp' COMP_POINT=11 COMP_WORDS=(dpsdiag exp) COMP_CWORD=1 COMP_TYPE=9
$(complete -p dpsdiag | sed 's/.*-F \([^ ]*\).*/\1/')
echo "completed: ${COMPREPLY[*]}"
END
bash /tmp/complete.bash
apt-get remove -qqy dpsdiag >/dev/null 2>&1
test ! -e /usr/bin/dpsdiag
`

// bareDebian makes a system of nothing but what apt needs, man and completion, of the release of Debian that this machine has.
func bareDebian(t *testing.T) string {
	t.Helper()
	needRoot(t)
	system, err := os.ReadFile("/etc/os-release")
	codename := regexp.MustCompile(`(?m)^VERSION_CODENAME=(\w+)$`).FindSubmatch(system)
	if codename == nil {
		lacks(t, "this is no release of Debian: %v\n%s", err, system)
	}
	root := t.TempDir()
	// Nobody needs this system after a power failure: files are not synced.
	bare := exec.Command("mmdebstrap", "--variant=apt", "--include=man-db,bash-completion", "--dpkgopt=force-unsafe-io", string(codename[1]), root)
	if out, err := bare.CombinedOutput(); err != nil {
		lacks(t, "no bare Debian could be made, for which mmdebstrap and a mirror of Debian are needed: %v\n%s", err, out)
	}
	return root
}

// TestReleaseDebInstalls installs the package in a bare Debian system by apt and uses it.
func TestReleaseDebInstalls(t *testing.T) {
	t.Parallel()
	root := bareDebian(t)
	if err := os.WriteFile(filepath.Join(root, "dpsdiag.deb"), released(t, "_linux_"+runtime.GOARCH+".deb"), 0o644); err != nil {
		t.Fatal(err)
	}
	run := exec.Command("chroot", root, "sh", "-c", inDebian)
	run.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "NO_COLOR=1", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8"}
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"429 Too many requests", "/usr/share/man/man1/dpsdiag-probe.1.gz", "DPSDIAG-EXPLAIN(1)", "completed: explain",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
