package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestComponents(t *testing.T) {
	t.Parallel()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	list, err := components(program)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(list, component{"std", strings.TrimPrefix(runtime.Version(), "go")}); i != 0 {
		t.Errorf("the standard library is not the first of %v", list)
	}
	if _, err := components([]byte("no program")); err == nil {
		t.Error("a file that is not a program has components")
	}
	got := componentsOf(&debug.BuildInfo{GoVersion: "go1.26.8", Deps: []*debug.Module{
		{Path: "example.com/a", Version: "v1.0.0"},
		{Path: "example.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/c", Version: "v1.1.0"}},
	}})
	want := []component{{"std", "1.26.8"}, {"example.com/a", "v1.0.0"}, {"example.com/c", "v1.1.0"}}
	if !slices.Equal(want, got) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSBOM(t *testing.T) {
	t.Parallel()
	packed := artifact{"dpsdiag_v1.2.0_linux_amd64.deb", []byte("packed"), []component{
		{"std", "1.26.8"}, {"golang.org/x/net", "v0.62.0"}, {"std", "1.26.8"}, {"example.com/m", "v2.0.0+incompatible"},
	}}
	made, err := sbom(packed, release{version: "v1.2.0", time: when})
	if err != nil {
		t.Fatal(err)
	}
	if want := packed.name + ".spdx.json"; made.name != want {
		t.Errorf("the name is %s, want %s", made.name, want)
	}
	var got spdxDocument
	if err := json.Unmarshal(made.data, &got); err != nil {
		t.Fatal(err)
	}
	var locators, ids []string
	for _, p := range got.Packages {
		ids = append(ids, p.ID)
		for _, e := range p.External {
			locators = append(locators, e.Locator)
		}
	}
	want := []string{"pkg:golang/example.com/m@v2.0.0%2Bincompatible", "pkg:golang/golang.org/x/net@v0.62.0", "pkg:golang/std@1.26.8"}
	if diff := cmp.Diff(want, locators); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(packed.data)); got.Packages[0].Checksums[0].Value != sum || got.Packages[0].FileName != packed.name {
		t.Errorf("the artifact is %+v", got.Packages[0])
	}
	if got.Creation.Created != "2026-11-22T09:30:00Z" || !strings.HasPrefix(got.Namespace, "urn:uuid:") {
		t.Errorf("created %s, namespace %s", got.Creation.Created, got.Namespace)
	}
	for _, r := range got.Relationships {
		if !slices.Contains(append(ids, spdxDocumentID), r.From) || !slices.Contains(ids, r.To) {
			t.Errorf("a relationship of what is not there: %+v", r)
		}
	}
	if len(got.Relationships) != len(ids) {
		t.Errorf("%d relationships of %d packages", len(got.Relationships), len(ids))
	}
}
