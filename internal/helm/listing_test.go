package helm_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
)

func shelf() []helmtest.Chart {
	old := demo("1.0.0")
	old.Deprecated = true
	newer := demo("1.1.0")
	newer.KubeVersion = ">=1.30.0-0"
	return []helmtest.Chart{old, newer, demo("2.0.0-rc.1"), {Name: "other", Version: "3.0.0"}}
}

func names(listed []helm.Listed) string {
	var out []string
	for _, l := range listed {
		out = append(out, l.Name+" "+l.Version)
	}
	return strings.Join(out, ", ")
}

func TestCharts_List(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		query        helm.Query
		classic, oci string
	}{
		"one chart":      {helm.Query{Name: "demo"}, "demo 1.1.0, demo 1.0.0", "demo 1.1.0, demo 1.0.0"},
		"the newest":     {helm.Query{Name: "demo", Limit: 1}, "demo 1.1.0", "demo 1.1.0"},
		"by constraint":  {helm.Query{Name: "demo", Constraint: "< 1.1"}, "demo 1.0.0", "demo 1.0.0"},
		"prereleases":    {helm.Query{Name: "demo", Constraint: ">= 2.0.0-0"}, "demo 2.0.0-rc.1", "demo 2.0.0-rc.1"},
		"not there":      {helm.Query{Name: "demi"}, "", ""},
		"all":            {helm.Query{}, "demo 1.1.0, demo 1.0.0, other 3.0.0", "name one"},
		"a pattern":      {helm.Query{Name: "o*"}, "other 3.0.0", "name one"},
		"bad constraint": {helm.Query{Name: "demo", Constraint: "newest"}, "not a constraint", "not a constraint"},
	}
	classic, oci := helmtest.NewRepository(t, shelf()...), helmtest.NewRegistry(t, shelf()...)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for repository, want := range map[string]string{classic.URL: c.classic, oci.Repository: c.oci} {
				for kind, options := range map[string]helm.ChartsOptions{"named": {}, "mirror": {Mirror: repository}} {
					query := c.query
					if kind == "named" {
						query.Repository = repository
					}
					listed, err := newCharts(t, options).List(t.Context(), query)
					got := names(listed)
					if err != nil {
						got = err.Error()
					}
					if got != want && (err == nil || !strings.Contains(got, want) || !fault.Is(err, fault.Invalid)) {
						t.Errorf("%s %s: got %s, want %s", kind, repository, got, want)
					}
				}
			}
		})
	}
}

func TestCharts_DescribeNeedsNoArchive(t *testing.T) {
	t.Parallel()
	classic, oci := helmtest.NewRepository(t, shelf()...), helmtest.NewRegistry(t, shelf()...)
	for repository, requests := range map[string]func() map[string]int{classic.URL: classic.Requests, oci.Repository: oci.Requests} {
		charts := newCharts(t, helm.ChartsOptions{})
		got, err := charts.Describe(t.Context(), helm.ChartRef{Repository: repository, Name: "demo", Version: "1.1.0"})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(got.Digest, "sha256:") {
			t.Errorf("the digest is %q", got.Digest)
		}
		got.Digest = ""
		if diff := cmp.Diff(helm.Listed{Name: "demo", Version: "1.1.0", AppVersion: "v1.1.0", KubeVersion: ">=1.30.0-0"}, got); diff != "" {
			t.Error(diff)
		}
		for path := range requests() {
			if strings.HasSuffix(path, ".tgz") {
				t.Errorf("%s was asked for", path)
			}
		}
	}
	deprecated, err := newCharts(t, helm.ChartsOptions{}).Describe(t.Context(), helm.ChartRef{Repository: oci.Repository, Name: "demo", Version: "1.0.0"})
	if err != nil || !deprecated.Deprecated {
		t.Errorf("got %+v, %v", deprecated, err)
	}
}

func TestCharts_AMirrorWithoutTheChartIsNamed(t *testing.T) {
	t.Parallel()
	classic, oci := helmtest.NewRepository(t, shelf()...), helmtest.NewRegistry(t, shelf()...)
	for _, mirror := range []string{classic.URL, oci.Repository} {
		charts := newCharts(t, helm.ChartsOptions{Mirror: mirror})
		for name, want := range map[string]string{
			"metallb": "there is no chart metallb 0.16.1 in the mirror " + mirror,
			"demo":    "chart demo in the mirror " + mirror + " has no version 0.16.1: there are",
		} {
			ref := helm.ChartRef{Repository: "https://charts.invalid/upstream", Name: name, Version: "0.16.1"}
			_, err := charts.Describe(t.Context(), ref)
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
				t.Errorf("describing %s: %v", name, err)
			}
			if _, err := charts.Resolve(t.Context(), ref); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
				t.Errorf("resolving %s: %v", name, err)
			}
		}
	}
}

// overheard is a server that notes the credentials it is given.
type overheard struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func overhear(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *overheard {
	t.Helper()
	o := &overheard{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.seen = append(o.seen, r.Header.Get("Authorization"))
		o.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *overheard) credentials() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen
}

func TestCharts_CredentialsDoNotFollowRedirects(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t, demo("1.0.0"))
	// Another port of the same address is another host: Go's own rule does not say so.
	elsewhere := overhear(t, repository.ServeHTTP)
	mirror := overhear(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
	})
	charts := newCharts(t, helm.ChartsOptions{Mirror: mirror.URL, Username: "robot", Password: "geheim"})
	if _, err := charts.Resolve(t.Context(), helm.ChartRef{Repository: "https://charts.invalid", Name: "demo"}); err != nil {
		t.Fatal(err)
	}
	for _, credentials := range mirror.credentials() {
		if credentials == "" {
			t.Error("the mirror got no credentials")
		}
	}
	if len(elsewhere.credentials()) == 0 {
		t.Fatal("nobody was redirected")
	}
	for _, credentials := range elsewhere.credentials() {
		if credentials != "" {
			t.Errorf("the other host got %q", credentials)
		}
	}
}

func TestCharts_CredentialsFollowRedirectsOnTheirHost(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t, demo("1.0.0"))
	repository.Protect("robot", "geheim")
	mirror := overhear(t, func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/old"); ok {
			http.Redirect(w, r, "/new"+rest, http.StatusFound)
			return
		}
		r.URL.Path = strings.TrimPrefix(r.URL.Path, "/new")
		repository.ServeHTTP(w, r)
	})
	charts := newCharts(t, helm.ChartsOptions{Mirror: mirror.URL + "/old", Username: "robot", Password: "geheim"})
	if _, err := charts.Resolve(t.Context(), helm.ChartRef{Repository: "https://charts.invalid", Name: "demo"}); err != nil {
		t.Error(err)
	}
}

func TestCharts_PlainHTTPIsForTheMirrorAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options helm.ChartsOptions
		ref     helm.ChartRef
		plain   bool
	}{
		"mirror":    {helm.ChartsOptions{Mirror: "oci://charts.example:5000/m", PlainHTTP: true}, helm.ChartRef{Repository: "https://x.invalid", Name: "demo", Version: "1.0.0"}, true},
		"own":       {helm.ChartsOptions{Mirror: "https://m.example", PlainHTTP: true}, helm.ChartRef{Repository: "oci://charts.example:5000/m", Name: "demo", Version: "1.0.0", Direct: true}, false},
		"exception": {helm.ChartsOptions{Mirror: "https://m.example", Exceptions: map[string]helm.Exception{"demo": {Repository: "oci://charts.example:5000/m", PlainHTTP: true}}}, helm.ChartRef{Repository: "https://x.invalid", Name: "demo", Version: "1.0.0"}, true},
		"not asked": {helm.ChartsOptions{Mirror: "https://m.example", PlainHTTP: true, Exceptions: map[string]helm.Exception{"demo": {Repository: "oci://charts.example:5000/m"}}}, helm.ChartRef{Repository: "https://x.invalid", Name: "demo", Version: "1.0.0"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			heard := &listener{schemes: map[string]bool{}}
			c.options.Transport = heard
			_, err := newCharts(t, c.options).Describe(t.Context(), c.ref)
			if err == nil {
				t.Fatal("it was found")
			}
			heard.mu.Lock()
			defer heard.mu.Unlock()
			if heard.schemes["http"] != c.plain {
				t.Errorf("schemes %v: %v", heard.schemes, err)
			}
		})
	}
}
