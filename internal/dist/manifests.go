package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/template"
)

// download is what the manifests of the package managers say about an archive.
type download struct {
	File, Folder, URL, SHA256 string
}

// offer is what a manifest is made from.
type offer struct {
	Version, Summary, License, Home string

	archives map[string]download // by platform
}

// newOffer collects what is to be downloaded from a base URL.
func newOffer(about release, archives map[string]artifact) offer {
	o := offer{
		Version: strings.TrimPrefix(about.version, "v"), Summary: summary, License: license, Home: about.url,
		archives: map[string]download{},
	}
	for p, a := range archives {
		folder := strings.TrimSuffix(strings.TrimSuffix(a.name, ".zip"), ".tar.gz")
		o.archives[p] = download{
			File: a.name, Folder: folder, URL: about.url + "/" + a.name, SHA256: fmt.Sprintf("%x", sha256.Sum256(a.data)),
		}
	}
	return o
}

// On is the archive for a platform. It is an error if there is none.
func (o offer) On(platform string) (download, error) {
	d, ok := o.archives[platform]
	if !ok {
		return d, errors.New("there is no archive for " + platform)
	}
	return d, nil
}

// manifests writes the files for the package managers that download an archive.
func manifests(o offer) ([]artifact, error) {
	scoop, err := scoopManifest(o)
	if err != nil {
		return nil, err
	}
	made := []artifact{scoop}
	for _, m := range []struct{ name, text string }{
		{"dpsdiag.rb", homebrewFormula},
		{winget + ".yaml", wingetVersion},
		{winget + ".installer.yaml", wingetInstaller},
		{winget + ".locale.en-US.yaml", wingetLocale},
	} {
		t := template.New(m.name).Funcs(template.FuncMap{"quote": quote, "upper": strings.ToUpper})
		if _, err := t.Parse(m.text); err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, o); err != nil {
			return nil, err
		}
		made = append(made, artifact{name: m.name, data: b.Bytes()})
	}
	return made, nil
}

// quote writes a string in double quotes as Ruby and YAML read it.
func quote(s string) (string, error) {
	if strings.ContainsAny(s, "\"\\#\n") {
		return "", fmt.Errorf("%q cannot be in a manifest", s)
	}
	return `"` + s + `"`, nil
}

// homebrewFormula installs the archive's files where Homebrew wants them.
const homebrewFormula = `class Dpsdiag < Formula
  desc {{quote .Summary}}
  homepage {{quote .Home}}
  version {{quote .Version}}
  license {{quote .License}}

  on_macos do
    on_arm do{{with .On "darwin_arm64"}}
      url {{quote .URL}}
      sha256 {{quote .SHA256}}{{end}}
    end
    on_intel do{{with .On "darwin_amd64"}}
      url {{quote .URL}}
      sha256 {{quote .SHA256}}{{end}}
    end
  end

  on_linux do
    on_arm do{{with .On "linux_arm64"}}
      url {{quote .URL}}
      sha256 {{quote .SHA256}}{{end}}
    end
    on_intel do{{with .On "linux_amd64"}}
      url {{quote .URL}}
      sha256 {{quote .SHA256}}{{end}}
    end
  end

  def install
    bin.install "dpsdiag"
    man1.install Dir["man/man1/*.1"]
    bash_completion.install "completions/dpsdiag.bash" => "dpsdiag"
    fish_completion.install "completions/dpsdiag.fish"
    zsh_completion.install "completions/_dpsdiag"
    doc.install "README.md", "CHANGELOG.md", "docs"
  end

  test do
    assert_match "429", shell_output("#{bin}/dpsdiag explain 429")
  end
end
`

// scoopManifest describes the archives for Windows to Scoop.
func scoopManifest(o offer) (artifact, error) {
	type architecture struct {
		URL    string `json:"url"`
		Hash   string `json:"hash"`
		Folder string `json:"extract_dir"`
	}
	of := map[string]architecture{}
	for name, p := range map[string]string{"64bit": "windows_amd64", "arm64": "windows_arm64"} {
		d, err := o.On(p)
		if err != nil {
			return artifact{}, err
		}
		of[name] = architecture{d.URL, d.SHA256, d.Folder}
	}
	data, err := json.MarshalIndent(struct {
		Version      string                  `json:"version"`
		Description  string                  `json:"description"`
		Homepage     string                  `json:"homepage"`
		License      string                  `json:"license"`
		Architecture map[string]architecture `json:"architecture"`
		Bin          string                  `json:"bin"`
	}{o.Version, o.Summary, o.Home, o.License, of, "dpsdiag.exe"}, "", "    ")
	return artifact{name: "dpsdiag.json", data: append(data, '\n')}, err
}

// winget is the identifier of the package there: publisher and name.
const winget = "dpsdiag.dpsdiag"

// The three files of a winget package. The installers are archives, of which one program is used.
const (
	wingetVersion = `PackageIdentifier: ` + winget + `
PackageVersion: {{quote .Version}}
DefaultLocale: en-US
ManifestType: version
ManifestVersion: 1.6.0
`
	wingetInstaller = `PackageIdentifier: ` + winget + `
PackageVersion: {{quote .Version}}
InstallerType: zip
NestedInstallerType: portable
Commands:
- dpsdiag
Installers:{{with .On "windows_amd64"}}
- Architecture: x64
  NestedInstallerFiles:
  - RelativeFilePath: {{.Folder}}\dpsdiag.exe
    PortableCommandAlias: dpsdiag
  InstallerUrl: {{quote .URL}}
  InstallerSha256: {{upper .SHA256}}{{end}}{{with .On "windows_arm64"}}
- Architecture: arm64
  NestedInstallerFiles:
  - RelativeFilePath: {{.Folder}}\dpsdiag.exe
    PortableCommandAlias: dpsdiag
  InstallerUrl: {{quote .URL}}
  InstallerSha256: {{upper .SHA256}}{{end}}
ManifestType: installer
ManifestVersion: 1.6.0
`
	wingetLocale = `PackageIdentifier: ` + winget + `
PackageVersion: {{quote .Version}}
PackageLocale: en-US
Publisher: dpsdiag authors
PackageName: dpsdiag
PackageUrl: {{quote .Home}}
License: {{.License}}
ShortDescription: {{quote .Summary}}
Moniker: dpsdiag
ManifestType: defaultLocale
ManifestVersion: 1.6.0
`
)
