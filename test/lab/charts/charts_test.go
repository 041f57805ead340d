package charts_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/test/lab/charts"
)

// serve starts a repository on loopback.
func serve(t *testing.T, o charts.Options) (*charts.Repository, string) {
	t.Helper()
	r, err := charts.New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r.Handler())
	t.Cleanup(server.Close)
	return r, server.URL
}

type answer struct {
	status int
	header http.Header
	body   []byte
	err    error // of reading the body
}

func request(t *testing.T, method, url, body string, change ...func(*http.Request)) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	got := answer{status: resp.StatusCode, header: resp.Header}
	got.body, got.err = io.ReadAll(resp.Body)
	return got
}

func get(t *testing.T, url string, change ...func(*http.Request)) answer {
	t.Helper()
	return request(t, http.MethodGet, url, "", change...)
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

type index struct {
	Entries map[string][]struct {
		Name, Version, Digest string
		URLs                  []string
	}
}

func readIndex(t *testing.T, url string) index {
	t.Helper()
	var i index
	if err := yaml.Unmarshal(get(t, url+"/charts/index.yaml").body, &i); err != nil {
		t.Fatal(err)
	}
	return i
}

func TestClassic_ArchivesAreWhatTheIndexPromises(t *testing.T) {
	t.Parallel()
	r, url := serve(t, charts.Options{})
	entries := readIndex(t, url).Entries
	served := 0
	for name, versions := range entries {
		for _, v := range versions {
			got := get(t, url+"/charts/"+v.URLs[0])
			if got.status != http.StatusOK || hexSum(got.body) != v.Digest {
				t.Errorf("%s %s: status %d, digest %s, promised %s", name, v.Version, got.status, hexSum(got.body), v.Digest)
			}
			served++
		}
	}
	if want := len(r.Charts()); served != want {
		t.Errorf("the index has %d charts, want %d", served, want)
	}
	for _, name := range []string{"metallb", "base", "istiod", "gateway"} {
		if len(entries[name]) != 2 {
			t.Errorf("chart %s has %d versions", name, len(entries[name]))
		}
	}
}

func TestRegistry_HoldsTheSameArchives(t *testing.T) {
	t.Parallel()
	r, url := serve(t, charts.Options{})
	for _, c := range r.Charts() {
		var manifest struct {
			Config struct{ MediaType, Digest string }
			Layers []struct{ MediaType, Digest string }
		}
		repository := url + "/v2/charts/" + c.Name
		if err := json.Unmarshal(get(t, repository+"/manifests/"+strings.ReplaceAll(c.Version, "+", "_")).body, &manifest); err != nil {
			t.Fatal(err)
		}
		if manifest.Config.MediaType != "application/vnd.cncf.helm.config.v1+json" ||
			manifest.Layers[0].MediaType != "application/vnd.cncf.helm.chart.content.v1.tar+gzip" {
			t.Errorf("%s: media types of %+v", c.Name, manifest)
		}
		layer := get(t, repository+"/blobs/"+manifest.Layers[0].Digest)
		if hexSum(layer.body) != c.Digest {
			t.Errorf("%s %s: the layer is %s, the archive %s", c.Name, c.Version, hexSum(layer.body), c.Digest)
		}
		var config struct{ Name, Version string }
		if err := json.Unmarshal(get(t, repository+"/blobs/"+manifest.Config.Digest).body, &config); err != nil {
			t.Fatal(err)
		}
		if config.Name != c.Name || config.Version != c.Version {
			t.Errorf("the configuration of %s %s says %+v", c.Name, c.Version, config)
		}
	}
	if got := string(get(t, url+"/v2/charts/metallb/tags/list").body); !strings.Contains(got, `"0.13.9"`) || !strings.Contains(got, `"0.16.1"`) {
		t.Errorf("tags: %s", got)
	}
}

func TestRegistry_TakesNothing(t *testing.T) {
	t.Parallel()
	_, url := serve(t, charts.Options{})
	if got := request(t, http.MethodPost, url+"/v2/charts/metallb/blobs/uploads/", ""); got.status != http.StatusMethodNotAllowed {
		t.Errorf("status %d", got.status)
	}
}

// An index that says the same on every machine lets examples and tests lock digests.
func TestNew_PacksTheSameBytesEveryTime(t *testing.T) {
	t.Parallel()
	first, err := charts.New(charts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := charts.New(charts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first.Charts(), second.Charts()) {
		t.Error("digests differ")
	}
}

func TestNew_KeepsHelpersAndSubCharts(t *testing.T) {
	t.Parallel()
	_, url := serve(t, charts.Options{})
	zipped, err := gzip.NewReader(bytes.NewReader(get(t, url+"/charts/metallb-0.16.1.tgz").body))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for files := tar.NewReader(zipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
	}
	for _, want := range []string{"metallb/Chart.yaml", "metallb/templates/_helpers.tpl", "metallb/charts/frr-k8s/charts/crds/Chart.yaml"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
	}
}

func TestOptions_ServeOtherCharts(t *testing.T) {
	t.Parallel()
	folders := fstest.MapFS{
		"mine-1.0.0+build.1/Chart.yaml":        {Data: []byte("apiVersion: v2\nname: mine\nversion: 1.0.0+build.1\n")},
		"mine-1.0.0+build.1/templates/cm.yaml": {Data: []byte("kind: ConfigMap")},
	}
	_, url := serve(t, charts.Options{Folders: folders})
	archive := get(t, url+"/charts/mine-1.0.0+build.1.tgz").body
	if got := get(t, url+"/v2/charts/mine/manifests/1.0.0_build.1"); got.status != http.StatusOK {
		t.Errorf("a version with + has no tag: status %d", got.status)
	}
	r, _ := serve(t, charts.Options{Folders: fstest.MapFS{}, Archives: fstest.MapFS{"any-name.tgz": {Data: archive}}})
	want := charts.Chart{Name: "mine", Version: "1.0.0+build.1", Digest: hexSum(archive), Size: len(archive)}
	if got := r.Charts(); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestNew_RefusesBrokenFolders(t *testing.T) {
	t.Parallel()
	chart := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	for name, o := range map[string]charts.Options{
		"other version than the folder": {Folders: fstest.MapFS{"a-1.0.0/Chart.yaml": chart("name: a\nversion: 2.0.0")}},
		"no version":                    {Folders: fstest.MapFS{"a-1.0.0/Chart.yaml": chart("name: a")}},
		"no Chart.yaml":                 {Folders: fstest.MapFS{"a-1.0.0/values.yaml": chart("a: 1")}},
		"no YAML":                       {Folders: fstest.MapFS{"a-1.0.0/Chart.yaml": chart("\tname")}},
		"no archive":                    {Folders: fstest.MapFS{}, Archives: fstest.MapFS{"a.tgz": chart("text")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := charts.New(o); err == nil {
				t.Error("no error")
			}
		})
	}
}

func TestNew_RefusesAChartThatIsThereTwice(t *testing.T) {
	t.Parallel()
	folders := fstest.MapFS{"a-1.0.0/Chart.yaml": {Data: []byte("name: a\nversion: 1.0.0")}}
	_, url := serve(t, charts.Options{Folders: folders})
	archive := fstest.MapFS{"a.tgz": {Data: get(t, url+"/charts/a-1.0.0.tgz").body}}
	if _, err := charts.New(charts.Options{Folders: folders, Archives: archive}); err == nil || !strings.Contains(err.Error(), "a 1.0.0 is there twice") {
		t.Errorf("got %v", err)
	}
}

func TestPassword_IsAskedForInBothKindsOfRepository(t *testing.T) {
	t.Parallel()
	r, url := serve(t, charts.Options{Username: "lab", Password: "secret"})
	right := func(req *http.Request) { req.SetBasicAuth("lab", "secret") }
	wrong := func(req *http.Request) { req.SetBasicAuth("lab", "guess") }
	for _, path := range []string{"/charts/index.yaml", "/charts/web-1.0.0.tgz", "/v2/", "/v2/charts/web/tags/list"} {
		for name, c := range map[string]struct {
			change func(*http.Request)
			want   int
		}{"none": {func(*http.Request) {}, 401}, "wrong": {wrong, 401}, "right": {right, 200}} {
			got := get(t, url+path, c.change)
			if got.status != c.want {
				t.Errorf("%s with %s password: status %d", path, name, got.status)
			}
			if got.status == 401 && !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic ") {
				t.Errorf("%s: the challenge is %q", path, got.header.Get("WWW-Authenticate"))
			}
		}
	}
	if got := r.Stats().Refused; got != 8 {
		t.Errorf("%d requests were refused", got)
	}
	if got := get(t, url+"/stats"); got.status != http.StatusOK {
		t.Errorf("counters: status %d", got.status)
	}
}

func TestStats_CountWhatIsAskedFor(t *testing.T) {
	t.Parallel()
	r, url := serve(t, charts.Options{})
	for _, path := range []string{
		"/charts/index.yaml", "/charts/web-1.0.0.tgz", "/charts/none-1.0.0.tgz", "/v2/", "/v2/charts/web/manifests/1.0.0",
	} {
		get(t, url+path)
	}
	got := r.Stats()
	if got.Requests != 5 || got.Indexes != 2 || got.Archives != 1 || got.Refused != 0 || got.Bytes == 0 {
		t.Errorf("got %+v", got)
	}
	var shown charts.Stats
	if err := json.Unmarshal(get(t, url+"/charts/stats").body, &shown); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(shown.Log, got.Log) {
		t.Errorf("the log is %+v", shown.Log)
	}
	request(t, http.MethodDelete, url+"/stats", "")
	if got := r.Stats(); got.Requests != 0 || len(got.Log) != 0 {
		t.Errorf("after the reset: %+v", got)
	}
}

func TestMiniatures_SayThatTheyAre(t *testing.T) {
	t.Parallel()
	readme, err := fs.ReadFile(charts.Miniatures(), "README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "stand-ins") {
		t.Error("the README does not call them stand-ins")
	}
	for _, name := range []string{"metallb-0.13.9", "metallb-0.16.1", "base-1.17.1", "base-1.30.3", "istiod-1.17.1", "istiod-1.30.3", "gateway-1.17.1", "gateway-1.30.3"} {
		chart, err := fs.ReadFile(charts.Miniatures(), name+"/Chart.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(chart), "A miniature of") {
			t.Errorf("%s does not say that it is a miniature", name)
		}
	}
}
