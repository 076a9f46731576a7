package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func archives() map[string]artifact {
	made := map[string]artifact{}
	for _, p := range platforms() {
		ending := ".tar.gz"
		if p.os == "windows" {
			ending = ".zip"
		}
		made[p.String()] = artifact{release{version: "v1.2.0"}.name(p) + ending, []byte(p.String()), nil}
	}
	return made
}

func madeManifests(t *testing.T) map[string]string {
	t.Helper()
	made, err := manifests(newOffer(release{version: "v1.2.0", url: "https://releases.invalid/v1.2.0"}, archives()))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, m := range made {
		texts[m.name] = string(m.data)
	}
	return texts
}

// TestFormula: every platform of Homebrew has its own archive and the sum of its bytes.
func TestFormula(t *testing.T) {
	t.Parallel()
	formula := madeManifests(t)["dpsdiag.rb"]
	at := 0
	for _, want := range []string{ // the sums are those of sha256sum
		"class Dpsdiag < Formula", `version "1.2.0"`, "on_macos",
		"on_arm", `url "https://releases.invalid/v1.2.0/dpsdiag_v1.2.0_darwin_arm64.tar.gz"`,
		`sha256 "6399fb33634d3c7090258603773f07997e0736dceae7096977e8365e93a7a350"`,
		"on_intel", "dpsdiag_v1.2.0_darwin_amd64.tar.gz", "on_linux",
		"on_arm", "dpsdiag_v1.2.0_linux_arm64.tar.gz",
		"on_intel", "dpsdiag_v1.2.0_linux_amd64.tar.gz", `sha256 "6e42b235a426c6ab149ad1b1f5ae3c0894409575c45d47698630034658cf0963"`,
		"def install", "shell_output(\"#{bin}/dpsdiag explain 429\")",
	} {
		i := strings.Index(formula[at:], want)
		if i < 0 {
			t.Fatalf("no %s after %q in\n%s", want, formula[:at], formula)
		}
		at += i
	}
}

func TestScoop(t *testing.T) {
	t.Parallel()
	var got struct {
		Version, Bin string
		Architecture map[string]struct {
			URL, Hash string
			Folder    string `json:"extract_dir"`
		}
	}
	if err := json.Unmarshal([]byte(madeManifests(t)["dpsdiag.json"]), &got); err != nil {
		t.Fatal(err)
	}
	x64 := got.Architecture["64bit"]
	if got.Version != "1.2.0" || got.Bin != "dpsdiag.exe" || len(got.Architecture) != 2 ||
		x64.URL != "https://releases.invalid/v1.2.0/dpsdiag_v1.2.0_windows_amd64.zip" ||
		x64.Folder != "dpsdiag_v1.2.0_windows_amd64" || x64.Hash != "1b70c6fab84ba1badc5c1f35184fd4e8b0941815fe0fce62752d2d120f28d976" {
		t.Errorf("got %+v", got)
	}
}

func TestWinget(t *testing.T) {
	t.Parallel()
	texts := madeManifests(t)
	for name, wants := range map[string][]string{
		".yaml":              {"ManifestType: version\n", "PackageVersion: \"1.2.0\"\n"},
		".locale.en-US.yaml": {"ManifestType: defaultLocale\n", "License: MIT\n"},
		".installer.yaml": {
			"- Architecture: x64\n", "- Architecture: arm64\n",
			`RelativeFilePath: dpsdiag_v1.2.0_windows_arm64\dpsdiag.exe`,
			`InstallerUrl: "https://releases.invalid/v1.2.0/dpsdiag_v1.2.0_windows_arm64.zip"`,
			"InstallerSha256: " + "4BC0C916463793EECFAE133411E6D392E3244AD9E419F814E1D9A1EB41660234",
		},
	} {
		for _, want := range wants {
			if !strings.Contains(texts[winget+name], want) {
				t.Errorf("no %s in\n%s", want, texts[winget+name])
			}
		}
	}
}

// TestManifestsNeedEveryPlatform: a manifest without one of its archives is not written.
func TestManifestsNeedEveryPlatform(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"linux_amd64", "linux_arm64", "windows_amd64", "windows_arm64", "darwin_amd64", "darwin_arm64"} {
		all := archives()
		delete(all, p)
		if _, err := manifests(newOffer(release{version: "v1.2.0"}, all)); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("without %s: %v", p, err)
		}
	}
}
