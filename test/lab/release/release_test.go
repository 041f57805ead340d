package release_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release"
)

const version = "v1.36.3+rke2r1"

func newReleases(t *testing.T, o release.Options) *release.Releases {
	t.Helper()
	r, err := release.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReleases_DirHasTrueNames(t *testing.T) {
	t.Parallel()
	dir, err := newReleases(t, release.Options{}).Dir(t.Context(), version)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"rke2.linux-amd64.tar.gz", "rke2.linux-amd64", "sha256sum-amd64.txt", "rke2-images.linux-amd64.tar.zst", "rke2-images.linux-amd64.tar.gz",
		"rke2-images.linux-amd64.txt", "rke2-images-calico.linux-amd64.tar.zst", "rke2-images-ingress-nginx.linux-amd64.tar.zst",
	} {
		name = strings.ReplaceAll(name, "amd64", release.Sums()[len("sha256sum-"):len(release.Sums())-len(".txt")])
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestReleases_SumsMatchArtifacts(t *testing.T) {
	t.Parallel()
	dir, err := newReleases(t, release.Options{}).Dir(t.Context(), version)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(dir, release.Sums()))
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(sums)) {
		want, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok || len(want) != 64 {
			t.Fatalf("not a line of sha256sum: %q", line)
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if have := sha256.Sum256(content); hex.EncodeToString(have[:]) != want {
			t.Errorf("sum of %s differs", name)
		}
		lines++
	}
	if entries, _ := os.ReadDir(dir); lines != len(entries)-1 {
		t.Errorf("%d sums for %d artifacts", lines, len(entries)-1)
	}
}

func TestReleases_BundleLayout(t *testing.T) {
	t.Parallel()
	path, err := newReleases(t, release.Options{}).Artifact(t.Context(), version, release.Bundle())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int64{
		"bin/rke2": 0o755, "bin/rke2-killall.sh": 0o755, "bin/rke2-uninstall.sh": 0o755,
		"lib/systemd/system/rke2-server.service": 0o644, "lib/systemd/system/rke2-server.env": 0o644,
		"lib/systemd/system/rke2-agent.service": 0o644, "lib/systemd/system/rke2-agent.env": 0o644,
		"share/rke2/LICENSE.txt": 0o644, "share/rke2/rke2-cis-sysctl.conf": 0o644,
	}
	for header := range readBundle(t, path) {
		if header.Typeflag == tar.TypeDir {
			continue
		}
		mode, ok := want[header.Name]
		if !ok || mode != header.Mode || header.Uid != 0 || header.Gid != 0 {
			t.Errorf("unexpected entry %s mode %o owner %d:%d", header.Name, header.Mode, header.Uid, header.Gid)
		}
		delete(want, header.Name)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

// readBundle yields the headers and contents of an archive.
func readBundle(t *testing.T, path string) map[*tar.Header]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[*tar.Header]string{}
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		out[header] = string(content)
	}
}

func TestReleases_UnknownVersion(t *testing.T) {
	t.Parallel()
	if _, err := newReleases(t, release.Options{}).Dir(t.Context(), "v9.9.9+rke2r1"); !errors.Is(err, release.ErrNoRelease) {
		t.Errorf("got %v", err)
	}
}

func TestNew_RefusesBadOptions(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]release.Options{
		"version without build": {Versions: []string{"v1.36.3"}},
		"channel of nothing":    {Versions: []string{version}, Channels: map[string]string{"stable": "v1.35.7+rke2r1"}},
		"unknown fault":         {Faults: []release.Fault{{Kind: "melted"}}},
		"bad pattern":           {Faults: []release.Fault{{Kind: release.Cut, Artifact: "["}}},
	} {
		if _, err := release.New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestUnits_GenerationsByRelease(t *testing.T) {
	t.Parallel()
	const conflicts, condition, cloud = "Conflicts=rke2-agent.service", "ExecCondition=", "nm-cloud-setup"
	for v, want := range map[string][]string{
		"v1.24.10+rke2r1": {conflicts, cloud}, "v1.32.10+rke2r1": {conflicts, cloud}, "v1.32.12+rke2r1": {conflicts}, "v1.32.13+rke2r1": {condition},
		"v1.34.2+rke2r1": {conflicts, cloud}, "v1.34.4+rke2r1": {conflicts}, "v1.35.1+rke2r1": {conflicts}, "v1.35.2+rke2r1": {condition},
		"v1.36.0+rke2r1": {condition}, "v1.37.0+rke2r1": {condition},
	} {
		unit, err := release.UnitFile("server", v)
		if err != nil {
			t.Fatal(err)
		}
		for _, directive := range []string{conflicts, condition, cloud} {
			if got := strings.Contains(string(unit), directive); got != slices.Contains(want, directive) {
				t.Errorf("%s: %s is there: %v", v, directive, got)
			}
		}
	}
}
