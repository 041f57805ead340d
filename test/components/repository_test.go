package components_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"
)

// repository is where charts are taken from: LAB_CHARTS, or the miniatures, served as a classic repository.
func repository(t *testing.T) string {
	t.Helper()
	if address := os.Getenv("LAB_CHARTS"); address != "" {
		return address
	}
	archives, err := packed()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		archive, ok := archives[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(archive)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// packed packs the miniatures, with an index.
var packed = sync.OnceValues(func() (map[string][]byte, error) {
	root := filepath.Join("..", "lab", "charts", "miniature")
	found, err := filepath.Glob(filepath.Join(root, "*", "Chart.yaml"))
	if err != nil {
		return nil, err
	}
	archives, entries := map[string][]byte{}, map[string][]any{}
	for _, file := range found {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var metadata map[string]any
		if err := yaml.Unmarshal(text, &metadata); err != nil {
			return nil, err
		}
		name, _ := metadata["name"].(string)
		archive := filepath.Base(filepath.Dir(file)) + ".tgz"
		if archives[archive], err = pack(filepath.Dir(file), name); err != nil {
			return nil, err
		}
		metadata["urls"] = []any{archive}
		entries[name] = append(entries[name], metadata)
	}
	archives["index.yaml"], err = yaml.Marshal(map[string]any{"apiVersion": "v1", "entries": entries})
	return archives, err
})

// pack makes the archive of a chart's folder.
func pack(dir, name string) ([]byte, error) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		within, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: filepath.Join(name, within), Mode: 0o644, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err = archive.Write(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	if err := zipped.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
