package helm

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
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// files loads a chart, afresh for each caller: Helm changes charts while it works with them.
type files func() (*chart.Chart, error)

func archiveFiles(data []byte) files {
	return func() (*chart.Chart, error) { return checked(loader.LoadArchive(bytes.NewReader(data))) }
}

// checked refuses what Helm's command line refuses: a chart whose dependencies are not with it, and a library.
func checked(ch *chart.Chart, err error) (*chart.Chart, error) {
	if err != nil {
		return nil, fault.Newf(fault.Invalid, "loading the chart: %w", err)
	}
	if err := action.CheckDependencies(ch, ch.Metadata.Dependencies); err != nil {
		return nil, fault.Newf(fault.Invalid, "chart %s: %w; run \"helm dependency build\" on it", ch.Name(), err)
	}
	if ch.Metadata.Type == "library" {
		return nil, fault.Newf(fault.Invalid, "chart %s is a library and cannot be installed", ch.Name())
	}
	return ch, nil
}

// openLocal opens a directory or an archive of the user.
func (c *Charts) openLocal(p place) (files, Chart, error) {
	path, err := filepath.Abs(p.name)
	if err != nil {
		return nil, Chart{}, fault.Newf(fault.Invalid, "chart %s: %w", p, err)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Chart{}, fault.Newf(fault.Invalid, "there is no chart at %s; a chart of a repository needs the repository's address", path)
	}
	if err != nil {
		return nil, Chart{}, fault.Newf(fault.Invalid, "chart %s: %w", p, err)
	}
	if info.IsDir() {
		return openDirectory(p, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, Chart{}, fault.Newf(fault.Invalid, "chart %s: %w", p, err)
	}
	if err := verify(data, p.digest, "chart "+path); err != nil {
		return nil, Chart{}, err
	}
	return c.describe(p, data, path)
}

func openDirectory(p place, path string) (files, Chart, error) {
	load := func() (*chart.Chart, error) { return checked(loader.LoadDir(path)) }
	ch, err := load()
	if err != nil {
		return nil, Chart{}, fmt.Errorf("chart %s: %w", path, err)
	}
	out := describeMetadata(ch.Metadata)
	digest := sumFiles(ch.Raw)
	if p.digest != "" && p.digest != digest {
		return nil, Chart{}, fault.Newf(fault.Integrity, "chart %s: its files have changed since its digest was locked", path)
	}
	if p.version != "" && !allows(p.version, out.Version) {
		return nil, Chart{}, fault.Newf(fault.Invalid, "chart %s is version %s, not %s", path, out.Version, p.version)
	}
	out.Digest, out.Path = digestPrefix+digest, path
	return load, out, nil
}

// sumFiles is a digest of names and contents that does not depend on times and order.
func sumFiles(all []*chart.File) string {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b *chart.File) int { return strings.Compare(a.Name, b.Name) })
	h := sha256.New()
	for _, f := range sorted {
		_, _ = fmt.Fprintf(h, "%q %d\n", f.Name, len(f.Data)) // a hash takes everything
		h.Write(f.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// describeArchive reads Chart.yaml out of an archive, without loading the rest.
func describeArchive(data []byte) (Chart, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return Chart{}, fmt.Errorf("not a chart archive: %w", err)
	}
	for entries := tar.NewReader(io.LimitReader(unzipped, archiveLimit)); ; {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return Chart{}, errors.New("not a chart archive: it has no Chart.yaml")
		}
		if err != nil {
			return Chart{}, fmt.Errorf("not a chart archive: %w", err)
		}
		if dir, file := filepath.Split(filepath.Clean(header.Name)); file != "Chart.yaml" || strings.Count(dir, "/") != 1 {
			continue
		}
		text, err := io.ReadAll(entries)
		if err != nil {
			return Chart{}, fmt.Errorf("reading Chart.yaml: %w", err)
		}
		var metadata chart.Metadata
		if err := yaml.Unmarshal(text, &metadata); err != nil {
			return Chart{}, fmt.Errorf("reading Chart.yaml: %w", err)
		}
		return describeMetadata(&metadata), nil
	}
}

func describeMetadata(m *chart.Metadata) Chart {
	return Chart{Name: m.Name, Version: m.Version, AppVersion: m.AppVersion, KubeVersion: m.KubeVersion}
}
