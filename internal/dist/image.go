package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// The media types of the OCI image specification, version 1.1.
const (
	imageIndexType    = "application/vnd.oci.image.index.v1+json"
	imageManifestType = "application/vnd.oci.image.manifest.v1+json"
	imageConfigType   = "application/vnd.oci.image.config.v1+json"
	imageLayerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
)

// imageUser is an unprivileged user without a name.
const imageUser = "65532:65532"

// imageRoots is where Go's crypto/x509 looks first on Linux.
const imageRoots = "etc/ssl/certs/ca-certificates.crt"

// The documents of an OCI image layout, as far as they are used.
type (
	imagePlatform struct {
		Architecture string `json:"architecture"`
		OS           string `json:"os"`
		Variant      string `json:"variant,omitempty"`
	}
	imageDescriptor struct {
		MediaType   string            `json:"mediaType"`
		Digest      string            `json:"digest"`
		Size        int               `json:"size"`
		Platform    *imagePlatform    `json:"platform,omitempty"`
		Annotations map[string]string `json:"annotations,omitempty"`
	}
	imageIndex struct {
		SchemaVersion int               `json:"schemaVersion"`
		MediaType     string            `json:"mediaType"`
		Manifests     []imageDescriptor `json:"manifests"`
	}
	imageManifest struct {
		SchemaVersion int               `json:"schemaVersion"`
		MediaType     string            `json:"mediaType"`
		Config        imageDescriptor   `json:"config"`
		Layers        []imageDescriptor `json:"layers"`
		Annotations   map[string]string `json:"annotations"`
	}
	imageConfig struct {
		imagePlatform

		Created time.Time    `json:"created"`
		Config  imageProcess `json:"config"`
		RootFS  imageRootFS  `json:"rootfs"`
	}
	imageProcess struct {
		User       string
		Entrypoint []string
		WorkingDir string
		Labels     map[string]string
	}
	imageRootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	}
)

// layout is an OCI image layout under construction: files named by their digest.
type layout struct {
	files []file
	about release
}

func digest(data []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(data)) }

// add adds a blob and describes it. The same blob is there once.
func (l *layout) add(mediaType string, data []byte) imageDescriptor {
	d := imageDescriptor{MediaType: mediaType, Digest: digest(data), Size: len(data)}
	path := fmt.Sprintf("blobs/sha256/%x", sha256.Sum256(data))
	for _, f := range l.files {
		if f.path == path {
			return d
		}
	}
	l.files = append(l.files, file{path: path, data: data})
	return d
}

func (l *layout) addJSON(mediaType string, document any) (imageDescriptor, error) {
	data, err := json.Marshal(document)
	return l.add(mediaType, data), err
}

// labels are the annotations of the specification that are known here.
func (r release) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "dpsdiag",
		"org.opencontainers.image.description": summary,
		"org.opencontainers.image.version":     r.version,
		"org.opencontainers.image.licenses":    license,
		"org.opencontainers.image.created":     r.time.Format(time.RFC3339),
	}
}

// image adds the image for one platform: one layer with the program, the roots, and a working
// directory that every user can write to.
func (l *layout) image(p built, roots []byte) (imageDescriptor, error) {
	plain, err := imageLayer([]file{
		{path: "dpsdiag", data: p.data, program: true},
		{path: imageRoots, data: roots},
	}, l.about.time)
	if err != nil {
		return imageDescriptor{}, err
	}
	packed, err := compress(plain)
	if err != nil {
		return imageDescriptor{}, err
	}
	of := imagePlatform{p.arch, p.os, ""}
	if p.variant != "" {
		of.Variant = "v" + p.variant
	}
	config, err := l.addJSON(imageConfigType, imageConfig{
		imagePlatform: of, Created: l.about.time,
		Config: imageProcess{User: imageUser, Entrypoint: []string{"/dpsdiag"}, WorkingDir: "/tmp", Labels: l.about.labels()},
		RootFS: imageRootFS{"layers", []string{digest(plain)}},
	})
	if err != nil {
		return imageDescriptor{}, err
	}
	manifest, err := l.addJSON(imageManifestType, imageManifest{
		SchemaVersion: 2, MediaType: imageManifestType, Config: config,
		Layers: []imageDescriptor{l.add(imageLayerType, packed)}, Annotations: l.about.labels(),
	})
	manifest.Platform = &of
	return manifest, err
}

// imageLayer is a tar archive of files and the folders that the image has.
func imageLayer(files []file, when time.Time) ([]byte, error) {
	var b bytes.Buffer
	archive := tar.NewWriter(&b)
	for _, dir := range []struct {
		name string
		mode int64
	}{{"etc/", 0o755}, {"etc/ssl/", 0o755}, {"etc/ssl/certs/", 0o755}, {"tmp/", 0o1777}} {
		header := &tar.Header{Typeflag: tar.TypeDir, Name: dir.name, Mode: dir.mode, ModTime: when, Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
	}
	err := errors.Join(addToTar(archive, files, when), archive.Close())
	return b.Bytes(), err
}

// imageArchive is the layout as a tar archive, with one image for each of the programs.
func imageArchive(about release, programs []built, roots []byte) (artifact, error) {
	l := layout{about: about}
	images := imageIndex{SchemaVersion: 2, MediaType: imageIndexType}
	for _, p := range programs {
		image, err := l.image(p, roots)
		if err != nil {
			return artifact{}, err
		}
		images.Manifests = append(images.Manifests, image)
	}
	all, err := l.addJSON(imageIndexType, images)
	if err != nil {
		return artifact{}, err
	}
	all.Annotations = map[string]string{"org.opencontainers.image.ref.name": about.version}
	top, err := json.Marshal(imageIndex{SchemaVersion: 2, MediaType: imageIndexType, Manifests: []imageDescriptor{all}})
	if err != nil {
		return artifact{}, err
	}
	files := append([]file{
		{path: "oci-layout", data: []byte(`{"imageLayoutVersion":"1.0.0"}`)},
		{path: "index.json", data: top},
	}, l.files...)
	var packed bytes.Buffer
	err = plainTar(&packed, files, about.time)
	made := artifact{name: "dpsdiag_" + about.version + "_oci.tar", data: packed.Bytes()}
	for _, p := range programs {
		made.contains = append(made.contains, p.contains...)
	}
	return made, err
}

// rootsModule has the root certificates of the image. Without any, the program in it could reach
// no service. The version is in tools/dist/go.mod.
const rootsModule = "golang.org/x/crypto/x509roots/fallback"

// imageOf makes the image, with the root certificates.
func imageOf(ctx context.Context, programs []built, about release) (artifact, error) {
	roots, err := goOutput(ctx, "run", "-C", "tools/dist", "./roots")
	if err != nil {
		return artifact{}, err
	}
	version, err := goOutput(ctx, "list", "-C", "tools/dist", "-m", "-f", "{{.Version}}", rootsModule)
	if err != nil {
		return artifact{}, err
	}
	made, err := imageArchive(about, programs, roots)
	made.contains = append(made.contains, component{rootsModule, strings.TrimSpace(string(version))})
	return made, err
}

func goOutput(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // every argument is ours
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return out, nil
}
