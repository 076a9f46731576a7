package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"
)

// untar reads files by name; a folder has the mode only.
func untar(t *testing.T, data []byte) map[string]*tarFile {
	t.Helper()
	files := map[string]*tarFile{}
	archive := tar.NewReader(bytes.NewReader(data))
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name] != nil {
			t.Errorf("%s is there twice", h.Name)
		}
		files[h.Name] = &tarFile{mode: h.Mode, data: content}
	}
}

type tarFile struct {
	mode int64
	data []byte
}

func gunzip(t *testing.T, data []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// imageBlob returns what a descriptor names, after a check of size and digest.
func imageBlob(t *testing.T, files map[string]*tarFile, d imageDescriptor) []byte {
	t.Helper()
	f := files["blobs/"+strings.Replace(d.Digest, ":", "/", 1)]
	if f == nil || len(f.data) != d.Size || digest(f.data) != d.Digest {
		t.Fatalf("no blob for %+v in %v", d, files)
	}
	return f.data
}

func imageDocument(t *testing.T, data []byte, document any) {
	t.Helper()
	if err := json.Unmarshal(data, document); err != nil {
		t.Fatal(err)
	}
}

// TestImage walks from the index to the program, as a runtime does.
func TestImage(t *testing.T) {
	t.Parallel()
	programs := []built{
		{platform{"linux", "amd64", ""}, []byte("for amd64"), []component{{"a", "v1"}}},
		{platform{"linux", "arm", "7"}, []byte("for arm"), []component{{"a", "v1"}}},
	}
	made, err := imageArchive(release{version: "v1.2.0", time: when}, programs, []byte("roots"))
	if err != nil {
		t.Fatal(err)
	}
	files := untar(t, made.data)
	if got := string(files["oci-layout"].data); got != `{"imageLayoutVersion":"1.0.0"}` {
		t.Errorf("the layout is %s", got)
	}
	var top, images imageIndex
	imageDocument(t, files["index.json"].data, &top)
	if len(top.Manifests) != 1 || top.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "v1.2.0" {
		t.Fatalf("the index is %+v", top)
	}
	imageDocument(t, imageBlob(t, files, top.Manifests[0]), &images)
	if len(images.Manifests) != len(programs) {
		t.Fatalf("the images are %+v", images)
	}
	for i, want := range []struct{ arch, variant string }{{"amd64", ""}, {"arm", "v7"}} {
		described := images.Manifests[i]
		if p := described.Platform; p.OS != "linux" || p.Architecture != want.arch || p.Variant != want.variant {
			t.Errorf("image %d is for %+v", i, p)
		}
		var manifest imageManifest
		var config imageConfig
		imageDocument(t, imageBlob(t, files, described), &manifest)
		imageDocument(t, imageBlob(t, files, manifest.Config), &config)
		layer := gunzip(t, imageBlob(t, files, manifest.Layers[0]))
		if c := config.Config; c.User != "65532:65532" || len(c.Entrypoint) != 1 || !config.Created.Equal(when) {
			t.Errorf("the configuration is %+v", config)
		}
		if config.RootFS.DiffIDs[0] != digest(layer) || len(manifest.Layers) != 1 {
			t.Errorf("the layer of %+v is another", config.RootFS)
		}
		content := untar(t, layer)
		program := content[strings.TrimPrefix(config.Config.Entrypoint[0], "/")]
		if program == nil || program.mode != 0o755 || !bytes.Equal(program.data, programs[i].data) {
			t.Errorf("the program is %+v of %v", program, maps.Keys(content))
		}
		if roots := content[imageRoots]; roots == nil || roots.mode != 0o644 {
			t.Errorf("the roots are %+v", roots)
		}
		if work := content["tmp/"]; work == nil || work.mode != 0o1777 {
			t.Errorf("the working directory is %+v", work)
		}
	}
}
