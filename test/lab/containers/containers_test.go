package containers_test

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers"
)

// TestEnsure_ImagesAreWhole builds what is not in the cache and pulls every image as a container runtime does.
func TestEnsure_ImagesAreWhole(t *testing.T) {
	t.Parallel()
	set, err := containers.Ensure(t.Context(), func(line string) { t.Log(line) })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(set.Handler())
	t.Cleanup(server.Close)
	var names []string
	for _, image := range set.Images() {
		names = append(names, image.Name)
		t.Run(image.Name, func(t *testing.T) {
			t.Parallel()
			if image.Contents == "" || image.Size < 1<<20 {
				t.Errorf("described as %+v", image)
			}
			checkImage(t, pull(t, server.URL, "some/where/"+image.Name+":1.2.3"))
		})
	}
	if !slices.Equal(names, containers.Names()) {
		t.Errorf("images %v, names %v", names, containers.Names())
	}
}

func pull(t *testing.T, url, where string) v1.Image {
	t.Helper()
	reference, err := name.ParseReference(strings.TrimPrefix(url, "http://") + "/" + where)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(reference, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// checkImage compares all digests, which a container runtime does as well, and looks whether what the image starts is in it.
func checkImage(t *testing.T, image v1.Image) {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != len(config.RootFS.DiffIDs) {
		t.Fatalf("%d layers, %d in the configuration", len(layers), len(config.RootFS.DiffIDs))
	}
	files := map[string]tar.Header{}
	for i, layer := range layers {
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		readTar(t, io.TeeReader(content, sum), files)
		if err := content.Close(); err != nil {
			t.Error(err)
		}
		if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != config.RootFS.DiffIDs[i].String() {
			t.Errorf("layer %d is %s, the configuration says %s", i, got, config.RootFS.DiffIDs[i])
		}
	}
	program := files[strings.TrimPrefix(config.Config.Entrypoint[0], "/")]
	if program.Typeflag == tar.TypeSymlink {
		program = files[strings.TrimPrefix(program.Linkname, "/")]
	}
	if program.Size == 0 || program.Mode&0o111 != 0o111 {
		t.Errorf("entrypoint %v is %+v", config.Config.Entrypoint, program)
	}
}

func readTar(t *testing.T, content io.Reader, into map[string]tar.Header) {
	t.Helper()
	reader := tar.NewReader(content)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		into[header.Name] = *header
	}
	if _, err := io.Copy(io.Discard, content); err != nil { // what a tar has behind its end belongs to the digest
		t.Fatal(err)
	}
}

// content is what a path in an image holds, "" for nothing. A link is not followed.
func content(t *testing.T, image v1.Image, path string) []byte {
	t.Helper()
	files := mutate.Extract(image)
	defer func() { _ = files.Close() }()
	reader := tar.NewReader(files)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Name == strings.TrimPrefix(path, "/") {
			text, err := io.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
	}
}
