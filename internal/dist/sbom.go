package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// component is a Go module in an artifact.
type component struct{ path, version string }

// components lists what a program was built from, as "go version -m" does: the modules whose
// code is in it, and the standard library of the toolchain.
func components(program []byte) ([]component, error) {
	built, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return nil, err
	}
	return componentsOf(built), nil
}

func componentsOf(built *debug.BuildInfo) []component {
	list := []component{{"std", strings.TrimPrefix(built.GoVersion, "go")}}
	for _, m := range built.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		list = append(list, component{m.Path, m.Version})
	}
	return list
}

// The parts of an SPDX 2.3 document that are used.
type (
	spdxDocument struct {
		Version       string             `json:"spdxVersion"`
		License       string             `json:"dataLicense"`
		ID            string             `json:"SPDXID"`
		Name          string             `json:"name"`
		Namespace     string             `json:"documentNamespace"`
		Creation      spdxCreation       `json:"creationInfo"`
		Packages      []spdxPackage      `json:"packages"`
		Relationships []spdxRelationship `json:"relationships"`
	}
	spdxCreation struct {
		Created  string   `json:"created"`
		Creators []string `json:"creators"`
	}
	spdxPackage struct {
		Name             string         `json:"name"`
		ID               string         `json:"SPDXID"`
		Version          string         `json:"versionInfo"`
		FileName         string         `json:"packageFileName,omitempty"`
		Location         string         `json:"downloadLocation"`
		FilesAnalyzed    bool           `json:"filesAnalyzed"`
		Checksums        []spdxChecksum `json:"checksums,omitempty"`
		LicenseConcluded string         `json:"licenseConcluded"`
		LicenseDeclared  string         `json:"licenseDeclared"`
		Copyright        string         `json:"copyrightText"`
		External         []spdxExternal `json:"externalRefs,omitempty"`
	}
	spdxChecksum struct {
		Algorithm string `json:"algorithm"`
		Value     string `json:"checksumValue"`
	}
	spdxExternal struct {
		Category string `json:"referenceCategory"`
		Type     string `json:"referenceType"`
		Locator  string `json:"referenceLocator"`
	}
	spdxRelationship struct {
		From string `json:"spdxElementId"`
		Type string `json:"relationshipType"`
		To   string `json:"relatedSpdxElement"`
	}
)

const (
	spdxDocumentID = "SPDXRef-DOCUMENT"
	spdxArtifactID = "SPDXRef-artifact"
	noAssertion    = "NOASSERTION" // SPDX for "not determined"
)

// sbom is the list of what is in an artifact, as SPDX.
func sbom(a artifact, about release) (artifact, error) {
	sum := sha256.Sum256(a.data)
	name := a.name + ".spdx.json"
	document := spdxDocument{
		Version: "SPDX-2.3", License: "CC0-1.0", ID: spdxDocumentID, Name: a.name,
		Namespace: "urn:uuid:" + uuid(sum),
		Creation:  spdxCreation{about.time.Format(time.RFC3339), []string{"Tool: dpsdiag-dist"}},
		Packages: []spdxPackage{{
			Name: "dpsdiag", ID: spdxArtifactID, Version: about.version, FileName: a.name, Location: noAssertion,
			Checksums:        []spdxChecksum{{"SHA256", fmt.Sprintf("%x", sum)}},
			LicenseConcluded: license, LicenseDeclared: license, Copyright: noAssertion,
		}},
		Relationships: []spdxRelationship{{spdxDocumentID, "DESCRIBES", spdxArtifactID}},
	}
	for i, c := range unique(a.contains) {
		id := fmt.Sprintf("SPDXRef-module-%d", i+1)
		document.Packages = append(document.Packages, spdxPackage{
			Name: c.path, ID: id, Version: c.version, Location: noAssertion,
			LicenseConcluded: noAssertion, LicenseDeclared: noAssertion, Copyright: noAssertion,
			External: []spdxExternal{{"PACKAGE-MANAGER", "purl", "pkg:golang/" + c.path + "@" + strings.ReplaceAll(c.version, "+", "%2B")}},
		})
		document.Relationships = append(document.Relationships, spdxRelationship{spdxArtifactID, "CONTAINS", id})
	}
	data, err := json.MarshalIndent(document, "", "  ")
	return artifact{name: name, data: append(data, '\n')}, err
}

// unique sorts components and leaves out repetitions.
func unique(list []component) []component {
	set := map[component]bool{}
	for _, c := range list {
		set[c] = true
	}
	return slices.SortedFunc(maps.Keys(set), func(a, b component) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.version, b.version))
	})
}

// uuid is a UUID of version 8 (RFC 9562) that depends on nothing but the sum.
func uuid(sum [sha256.Size]byte) string {
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}
