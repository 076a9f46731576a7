package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPackageVersion(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]struct{ deb, apk string }{
		"v1.2.0":                              {"1.2.0", "1.2.0"},
		"v1.2.0+dirty":                        {"1.2.0+dirty", "1.2.0"},
		"v1.2.0-rc.1":                         {"1.2.0~rc.1", "1.2.0_rc1"},
		"v0.0.0-20261129150507-8f52f87c0ffe":  {"0.0.0~20261129150507.8f52f87c0ffe", "0.0.0_pre20261129150507"},
		"v1.2.1-0.20261129150507-8f52f87c0ff": {"1.2.1~0.20261129150507.8f52f87c0ff", "1.2.1_pre20261129150507"},
		"devel":                               {"0.0.0~devel", "0.0.0_pre"},
	} {
		for format, want := range map[string]string{"deb": want.deb, "rpm": want.deb, "apk": want.apk} {
			if got := packageVersion(format, version); got != want {
				t.Errorf("%s of %s is %s, want %s", format, version, got, want)
			}
		}
	}
}

// TestInstalled: every format has the program, the pages and the completions where its
// systems look for them.
func TestInstalled(t *testing.T) {
	t.Parallel()
	shared := []file{
		{path: "LICENSE"},
		{path: "docs/emulator.toml"},
		{path: "completions/dpsdiag.bash"},
		{path: "completions/dpsdiag.fish"},
		{path: "completions/dpsdiag.ps1"},
		{path: "completions/_dpsdiag"},
		{path: "man/man1/dpsdiag.1", data: []byte("page")},
	}
	for format, own := range map[string]struct{ license, zsh string }{
		"deb": {"/usr/share/doc/dpsdiag/copyright", "/usr/share/zsh/vendor-completions/_dpsdiag"},
		"rpm": {"/usr/share/licenses/dpsdiag/LICENSE", "/usr/share/zsh/site-functions/_dpsdiag"},
		"apk": {"/usr/share/licenses/dpsdiag/LICENSE", "/usr/share/zsh/site-functions/_dpsdiag"},
	} {
		files, err := installed(format, []byte("program"), shared)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range files {
			got = append(got, f.path)
		}
		want := []string{
			"/usr/bin/dpsdiag", own.license, "/usr/share/doc/dpsdiag/docs/emulator.toml",
			"/usr/share/bash-completion/completions/dpsdiag", "/usr/share/fish/vendor_completions.d/dpsdiag.fish",
			own.zsh, "/usr/share/man/man1/dpsdiag.1.gz",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
		if !files[0].program || string(files[0].data) != "program" {
			t.Errorf("%s: the program is %+v", format, files[0])
		}
		page, err := gzip.NewReader(bytes.NewReader(files[len(files)-1].data))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(page); err != nil || string(text) != "page" || !page.ModTime.IsZero() {
			t.Errorf("%s: the page is %q of %s, %v", format, text, page.ModTime, err)
		}
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	got, err := options{only: "linux_armv7,darwin_arm64"}.platforms()
	if err != nil {
		t.Fatal(err)
	}
	if want := []platform{{"linux", "arm", "7"}, {"darwin", "arm64", ""}}; !cmp.Equal(want, got, cmp.AllowUnexported(platform{})) {
		t.Errorf("got %v", got)
	}
	if _, err := (options{only: "plan9_amd64"}).platforms(); err == nil {
		t.Error("an unknown platform is not refused")
	}
}
