package release_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

func TestHandler_ChannelLeadsToRelease(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{})
	for channel, want := range map[string]string{"stable": "v1.35.7+rke2r1", "latest": version, "v1.35": "v1.35.7+rke2r1"} {
		resp := get(t, server+"/release/channels/"+channel)
		if got := resp.Request.URL.String(); got != server+"/release/releases/tag/"+want {
			t.Errorf("channel %s leads to %s", channel, got)
		}
		if resp.StatusCode != http.StatusOK {
			t.Errorf("channel %s: %s", channel, resp.Status)
		}
	}
	if resp := get(t, server+"/release/channels/nightly"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("unknown channel: %s", resp.Status)
	}
}

func TestHandler_ListsChannels(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{})
	var list struct {
		Data []struct{ Name, Latest string }
	}
	if err := json.Unmarshal(body(t, get(t, server+"/release/v1-release/channels")), &list); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list.Data {
		got = append(got, c.Name+"="+c.Latest)
	}
	if !slices.Contains(got, "stable=v1.35.7+rke2r1") || !slices.Contains(got, "latest="+version) {
		t.Errorf("channels: %v", got)
	}
}

func TestHandler_ServesEscapedVersion(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{})
	for _, v := range []string{version, strings.ReplaceAll(version, "+", "%2B")} {
		resp := get(t, server+"/release/releases/download/"+v+"/"+release.Sums())
		if content := string(body(t, resp)); !strings.Contains(content, release.Bundle()) {
			t.Errorf("%s: %s: %.100s", v, resp.Status, content)
		}
	}
}

func TestHandler_InstallerUsesItsOwnAddress(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{})
	script := string(body(t, get(t, server+"/release/install.sh")))
	for _, want := range []string{server + "/release/channels", server + "/release/releases/download"} {
		if !strings.Contains(script, want) {
			t.Errorf("installer does not name %s", want)
		}
	}
}

func TestHandler_Faults(t *testing.T) {
	t.Parallel()
	sums, bundle := release.Sums(), release.Bundle()
	tests := map[string]struct {
		fault    release.Fault
		artifact string
		check    func(t *testing.T, resp *http.Response)
	}{
		"wrong sum": {release.Fault{Kind: release.WrongSum}, sums, func(t *testing.T, resp *http.Response) {
			if !strings.Contains(string(body(t, resp)), strings.Repeat("0", 64)+"  "+bundle+"\n") {
				t.Error("sum is right")
			}
		}},
		"no sum": {release.Fault{Kind: release.NoSum}, sums, func(t *testing.T, resp *http.Response) {
			if strings.Contains(string(body(t, resp)), bundle) {
				t.Error("sum is there")
			}
		}},
		"missing": {release.Fault{Kind: release.Missing, Artifact: "rke2-images*"}, "rke2-images.linux-amd64.txt", func(t *testing.T, resp *http.Response) {
			if resp.StatusCode != http.StatusNotFound {
				t.Error(resp.Status)
			}
		}},
		"broken": {release.Fault{Kind: release.Broken, Version: version}, bundle, func(t *testing.T, resp *http.Response) {
			if resp.StatusCode != http.StatusServiceUnavailable {
				t.Error(resp.Status)
			}
		}},
		"cut": {release.Fault{Kind: release.Cut}, bundle, func(t *testing.T, resp *http.Response) {
			if content, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) || int64(len(content)) > resp.ContentLength/2 {
				t.Errorf("%d bytes of %d, %v", len(content), resp.ContentLength, err)
			}
		}},
		"slow": {release.Fault{Kind: release.Slow, Artifact: sums, Rate: 4000}, sums, func(t *testing.T, resp *http.Response) {
			start := time.Now()
			if len(body(t, resp)) < 500 || time.Since(start) < 100*time.Millisecond {
				t.Error("came at once")
			}
		}},
		"other version": {release.Fault{Kind: release.Missing, Version: "v1.35.7+rke2r1"}, bundle, func(t *testing.T, resp *http.Response) {
			if resp.StatusCode != http.StatusOK {
				t.Error(resp.Status)
			}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, release.Options{Faults: []release.Fault{test.fault}})
			test.check(t, get(t, server+"/release/releases/download/"+version+"/"+test.artifact))
		})
	}
}

func TestHandler_FaultHangs(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{Faults: []release.Fault{{Kind: release.Hang, Artifact: release.Sums()}}})
	client := http.Client{Timeout: 300 * time.Millisecond}
	resp, err := client.Get(server + "/release/releases/download/" + version + "/" + release.Sums())
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
		_, err = io.ReadAll(resp.Body)
	}
	if err == nil {
		t.Error("the download ended")
	}
}

func TestHandler_FaultGoesAfterItsTimes(t *testing.T) {
	t.Parallel()
	server := serve(t, release.Options{})
	post := `[{"kind":"missing","artifact":"` + release.Sums() + `","times":2}]`
	resp, err := http.Post(server+"/release/faults", "application/json", strings.NewReader(post))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(err, resp)
	}
	_ = resp.Body.Close()
	var got []int
	for range 3 {
		got = append(got, get(t, server+"/release/releases/download/"+version+"/"+release.Sums()).StatusCode)
	}
	if want := []int{404, 404, 200}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	bad, err := http.Post(server+"/release/faults", "application/json", strings.NewReader(`[{"kind":"melted"}]`))
	if err != nil {
		t.Fatal(err)
	}
	_ = bad.Body.Close()
	if bad.StatusCode != http.StatusBadRequest {
		t.Error(bad.Status)
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

// serve serves releases below /release and returns the server's URL.
func serve(t *testing.T, o release.Options) string {
	t.Helper()
	handler, err := release.NewHandler(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/release", handler))
	t.Cleanup(server.Close)
	return server.URL
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	resp, err := http.Get(url) //nolint:gosec // of this test's server
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func body(t *testing.T, resp *http.Response) []byte {
	t.Helper()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(fmt.Errorf("reading %s: %w", resp.Request.URL, err))
	}
	return content
}
