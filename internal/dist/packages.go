package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// What packages and manifests say about the program.
const (
	summary     = "explain and diagnose provisioning failures of Azure IoT DPS"
	description = "dpsdiag finds out why an IoT device does not provision through the Azure IoT Hub\n" +
		"Device Provisioning Service (DPS), and what to do next."
	license = "MIT"
)

// formats lists the package formats, which are also the extensions of the files.
func formats() []string { return []string{"deb", "rpm", "apk"} }

// packages makes the packages of a Linux platform.
func (p platform) packages(ctx context.Context, work string, binary []byte, shared []file, about release) ([]artifact, error) {
	var made []artifact
	for _, format := range formats() {
		a, err := p.pack(ctx, filepath.Join(work, about.name(p)+"-"+format), format, binary, shared, about)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", format, err)
		}
		made = append(made, a)
	}
	return made, nil
}

// pack has nfpm make one package. Its version is in tools/dist/go.mod.
func (p platform) pack(ctx context.Context, dir, format string, binary []byte, shared []file, about release) (artifact, error) {
	files, err := installed(format, binary, shared)
	if err != nil {
		return artifact{}, err
	}
	config := p.nfpm(format, about)
	for i, f := range files {
		source := filepath.Join(dir, strconv.Itoa(i))
		if err := writeFile(source, f.data); err != nil {
			return artifact{}, err
		}
		config.Contents = append(config.Contents, nfpmContent{source, f.path, nfpmFile{f.mode()}})
	}
	data, err := json.Marshal(config) // JSON is also YAML
	if err != nil {
		return artifact{}, err
	}
	configFile := filepath.Join(dir, "nfpm.yaml")
	if err := writeFile(configFile, data); err != nil {
		return artifact{}, err
	}
	name := about.name(p) + "." + format
	target := filepath.Join(dir, name)
	//nolint:gosec // every argument is ours
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/dist/go.mod", "nfpm", "package",
		"--config", configFile, "--packager", format, "--target", target)
	cmd.Env = about.environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		return artifact{}, fmt.Errorf("nfpm: %w\n%s", err, out)
	}
	packed, err := os.ReadFile(target)
	return artifact{name: name, data: packed}, err
}

func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o600)
}

// The configuration of nfpm, as far as it is used.
type (
	nfpmConfig struct {
		Name            string        `json:"name"`
		Arch            string        `json:"arch"`
		Platform        string        `json:"platform"`
		Version         string        `json:"version"`
		VersionSchema   string        `json:"version_schema"`
		Section         string        `json:"section"`
		Priority        string        `json:"priority"`
		Maintainer      string        `json:"maintainer"`
		Description     string        `json:"description"`
		License         string        `json:"license"`
		ModTime         string        `json:"mtime"`
		DisableGlobbing bool          `json:"disable_globbing"`
		Recommends      []string      `json:"recommends"`
		RPM             nfpmRPM       `json:"rpm"`
		Contents        []nfpmContent `json:"contents"`
	}
	nfpmRPM struct {
		Summary   string `json:"summary"`
		BuildHost string `json:"buildhost"`
	}
	nfpmContent struct {
		Source      string   `json:"src"`
		Destination string   `json:"dst"`
		File        nfpmFile `json:"file_info"`
	}
	nfpmFile struct {
		Mode int64 `json:"mode"`
	}
)

func (p platform) nfpm(format string, about release) nfpmConfig {
	return nfpmConfig{
		Name: "dpsdiag", Arch: p.arch + p.variant, Platform: p.os,
		Version: packageVersion(format, about.version), VersionSchema: "none",
		Section: "utils", Priority: "optional", Maintainer: about.maintainer, License: license,
		Description:     summary + "\n" + description,
		ModTime:         about.time.Format("2006-01-02T15:04:05Z"),
		DisableGlobbing: true,
		Recommends:      []string{"ca-certificates"}, // the program uses the roots of the system
		RPM:             nfpmRPM{Summary: summary, BuildHost: "localhost"},
	}
}

// installed places the program and the files common to all archives in a Linux system.
// A file that has no place there is left out.
func installed(format string, binary []byte, shared []file) ([]file, error) {
	files := []file{{path: "/usr/bin/dpsdiag", data: binary, program: true}}
	for _, f := range shared {
		f.path = installedPath(format, f.path)
		if f.path == "" {
			continue
		}
		if strings.HasPrefix(f.path, "/usr/share/man/") {
			packed, err := compress(f.data)
			if err != nil {
				return nil, err
			}
			f.data = packed
		}
		files = append(files, f)
	}
	return files, nil
}

// installedPath says where a package has a file of the archives.
func installedPath(format, name string) string {
	switch {
	case strings.HasPrefix(name, "man/"):
		return "/usr/share/" + name + ".gz"
	case name == "completions/dpsdiag.bash":
		return "/usr/share/bash-completion/completions/dpsdiag"
	case name == "completions/dpsdiag.fish":
		return "/usr/share/fish/vendor_completions.d/dpsdiag.fish"
	case name == "completions/_dpsdiag" && format == "deb":
		return "/usr/share/zsh/vendor-completions/_dpsdiag" // Debian's zsh has a folder of its own for packages
	case name == "completions/_dpsdiag":
		return "/usr/share/zsh/site-functions/_dpsdiag"
	case path.Dir(name) == "completions": // for PowerShell
		return ""
	case name == "LICENSE" && format == "deb":
		return "/usr/share/doc/dpsdiag/copyright" // Debian policy, 12.5
	case name == "LICENSE":
		return "/usr/share/licenses/dpsdiag/LICENSE"
	}
	return "/usr/share/doc/dpsdiag/" + name
}

// packageVersion is a version in the notation of a package format, in which a version before
// a release sorts before it: v1.2.0-rc.1 is 1.2.0~rc.1 in deb and rpm and 1.2.0_rc1 in apk. Of
// a pseudo-version of Go, apk has only the time.
func packageVersion(format, version string) string {
	version, isVersion := strings.CutPrefix(version, "v")
	if !isVersion {
		version = "0.0.0-" + version
	}
	version, metadata, _ := strings.Cut(version, "+")
	number, before, isBefore := strings.Cut(version, "-")
	if format == "apk" {
		if !isBefore {
			return number
		}
		if m := regexp.MustCompile(`^(alpha|beta|rc)\.?(\d*)$`).FindStringSubmatch(before); m != nil {
			return number + "_" + m[1] + m[2]
		}
		return number + "_pre" + regexp.MustCompile(`\d{14}`).FindString(before)
	}
	if isBefore {
		number += "~" + strings.ReplaceAll(before, "-", ".")
	}
	if metadata != "" {
		number += "+" + metadata
	}
	return number
}
