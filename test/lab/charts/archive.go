package charts

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// archive is a packed chart.
type archive struct {
	name, version string
	// metadata is Chart.yaml, which the index repeats and a registry has as the artifact's configuration.
	metadata map[string]any
	content  []byte
	digest   string
}

// file is the archive's name in a repository.
func (a archive) file() string { return a.name + "-" + a.version + ".tgz" }

// packed is the date of all files in an archive: the same folder gives the same digest on every machine.
var packed = time.Date(2023, time.February, 20, 0, 0, 0, 0, time.UTC)

// packAll packs each folder in the root that has a Chart.yaml.
func packAll(folders fs.FS) ([]archive, error) {
	entries, err := fs.ReadDir(folders, ".")
	if err != nil {
		return nil, fmt.Errorf("listing charts: %w", err)
	}
	var all []archive
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		a, err := pack(folders, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("packing chart %s: %w", entry.Name(), err)
		}
		all = append(all, a)
	}
	return all, nil
}

func pack(folders fs.FS, folder string) (archive, error) {
	raw, err := fs.ReadFile(folders, path.Join(folder, "Chart.yaml"))
	if err != nil {
		return archive{}, err
	}
	a, err := describe(raw)
	if err != nil {
		return archive{}, err
	}
	if want := a.name + "-" + a.version; folder != want {
		return archive{}, fmt.Errorf("its Chart.yaml says %s", want)
	}
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	written := tar.NewWriter(zipped)
	// WalkDir goes in lexical order, which puts Chart.yaml first, as Helm wants it
	err = fs.WalkDir(folders, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(folders, name)
		if err != nil {
			return err
		}
		inside := path.Join(a.name, strings.TrimPrefix(name, folder))
		header := &tar.Header{Name: inside, Mode: 0o644, Size: int64(len(content)), ModTime: packed, Format: tar.FormatPAX}
		if err := written.WriteHeader(header); err != nil {
			return err
		}
		_, err = written.Write(content)
		return err
	})
	if err := errors.Join(err, written.Close(), zipped.Close()); err != nil {
		return archive{}, err
	}
	return a.with(out.Bytes()), nil
}

// readAll reads the archives in the root.
func readAll(archives fs.FS) ([]archive, error) {
	names, err := fs.Glob(archives, "*.tgz")
	if err != nil {
		return nil, fmt.Errorf("listing chart archives: %w", err)
	}
	var all []archive
	for _, name := range names {
		content, err := fs.ReadFile(archives, name)
		if err != nil {
			return nil, fmt.Errorf("reading chart archive: %w", err)
		}
		metadata, err := chartFile(content)
		if err != nil {
			return nil, fmt.Errorf("reading chart archive %s: %w", name, err)
		}
		a, err := describe(metadata)
		if err != nil {
			return nil, fmt.Errorf("reading chart archive %s: %w", name, err)
		}
		all = append(all, a.with(content))
	}
	return all, nil
}

// chartFile finds the Chart.yaml of an archive, not those of its sub-charts.
func chartFile(content []byte) ([]byte, error) {
	zipped, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	for files := tar.NewReader(zipped); ; {
		header, err := files.Next()
		if err != nil {
			return nil, fmt.Errorf("looking for Chart.yaml: %w", err)
		}
		if _, inside, _ := strings.Cut(path.Clean(header.Name), "/"); inside == "Chart.yaml" {
			return io.ReadAll(files)
		}
	}
}

func describe(chartYAML []byte) (archive, error) {
	var metadata map[string]any
	if err := yaml.Unmarshal(chartYAML, &metadata); err != nil {
		return archive{}, fmt.Errorf("reading Chart.yaml: %w", err)
	}
	name, _ := metadata["name"].(string)
	version, _ := metadata["version"].(string)
	if name == "" || version == "" {
		return archive{}, errors.New("its Chart.yaml names no chart or version")
	}
	return archive{name: name, version: version, metadata: metadata}, nil
}

func (a archive) with(content []byte) archive {
	sum := sha256.Sum256(content)
	a.content, a.digest = content, hex.EncodeToString(sum[:])
	return a
}
