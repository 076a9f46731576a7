package main

import (
	"slices"
	"testing"
)

// TestSampleConfigurationIsInTheArchives: a hint of "dpsdiag emulate" names it.
func TestSampleConfigurationIsInTheArchives(t *testing.T) {
	t.Chdir("../..")
	files, err := documents()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(files, func(f file) bool { return f.path == "docs/emulator.toml" }) {
		t.Error("docs/emulator.toml is in no archive")
	}
}
