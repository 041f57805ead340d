package helm_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
)

func TestCharts_TransientFailuresAreRetried(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t, demo("1.0.0"))
	repository.Fail("/index.yaml", 503, 429)
	repository.Cut("/charts/demo-1.0.0.tgz", 2)
	if _, err := newCharts(t, helm.ChartsOptions{}).Resolve(t.Context(), helm.ChartRef{Repository: repository.URL, Name: "demo"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"/index.yaml": 3, "/charts/demo-1.0.0.tgz": 3}
	if diff := cmp.Diff(want, repository.Requests()); diff != "" {
		t.Error(diff)
	}
}

func TestCharts_FailuresAreClassified(t *testing.T) {
	t.Parallel()
	down := helmtest.NewRepository(t, demo("1.0.0"))
	down.Fail("/index.yaml", 500, 500, 500, 500, 500)
	denied := helmtest.NewRepository(t, demo("1.0.0"))
	denied.Fail("/index.yaml", 403)
	tls := helmtest.NewTLSRepository(t, demo("1.0.0"))
	empty := helmtest.NewRepository(t)
	empty.Put("/index.yaml", []byte("<html>no charts here</html>"))
	cases := map[string]struct {
		ref  helm.ChartRef
		kind fault.Kind
		text string
	}{
		"server error":       {helm.ChartRef{Repository: down.URL, Name: "demo"}, fault.Unreachable, "500"},
		"nobody there":       {helm.ChartRef{Repository: "http://user:geheim@127.0.0.1:1/x?sig=geheim", Name: "demo"}, fault.Unreachable, "http://127.0.0.1:1/x"},
		"nobody there (oci)": {helm.ChartRef{Repository: "oci://127.0.0.1:1/x", Name: "demo", Version: "1.0.0"}, fault.Unreachable, "127.0.0.1:1/x/demo"},
		"forbidden":          {helm.ChartRef{Repository: denied.URL, Name: "demo"}, fault.Auth, "403"},
		"not trusted":        {helm.ChartRef{Repository: tls.URL, Name: "demo"}, fault.Unreachable, "set the CA"},
		"no repository":      {helm.ChartRef{Repository: down.URL + "/nothing", Name: "demo"}, fault.Invalid, "no chart repository"},
		"not an index":       {helm.ChartRef{Repository: empty.URL, Name: "demo"}, fault.Invalid, "index.yaml"},
		"no address":         {helm.ChartRef{Repository: "metallb", Name: "demo"}, fault.Invalid, "not an address"},
		"odd scheme":         {helm.ChartRef{Repository: "ftp://x/y", Name: "demo"}, fault.Invalid, "scheme"},
		"no name":            {helm.ChartRef{Repository: down.URL}, fault.Invalid, "no name"},
		"no such directory":  {helm.ChartRef{Name: "/nonexistent/chart"}, fault.Invalid, "there is no chart at /nonexistent/chart"},
		"address as name":    {helm.ChartRef{Name: "https://u:geheim@x/demo.tgz"}, fault.Invalid, "apart"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newCharts(t, helm.ChartsOptions{}).Resolve(t.Context(), c.ref)
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %q: %v", fault.KindOf(err), err)
			}
			if strings.Contains(err.Error(), "geheim") {
				t.Errorf("a password shows: %v", err)
			}
		})
	}
}

func TestCharts_Credentials(t *testing.T) {
	t.Parallel()
	serve := func(t *testing.T, kind string) string {
		t.Helper()
		if kind == "classic" {
			r := helmtest.NewRepository(t, demo("1.0.0"))
			r.Protect("robot", "geheim")
			return r.URL
		}
		r := helmtest.NewRegistry(t, demo("1.0.0"))
		r.Protect("robot", "geheim")
		return r.Repository
	}
	cases := map[string]struct {
		options func(repository string) helm.ChartsOptions
		mirror  bool
		kind    fault.Kind
	}{
		"given when asked": {options: func(string) helm.ChartsOptions {
			return helm.ChartsOptions{Username: "robot", Password: "geheim"}
		}},
		"for the mirror": {options: func(r string) helm.ChartsOptions {
			return helm.ChartsOptions{Mirror: r, Username: "robot", Password: "geheim"}
		}, mirror: true},
		"of an exception": {options: func(r string) helm.ChartsOptions {
			return helm.ChartsOptions{Exceptions: map[string]helm.Exception{"demo": {Repository: r, Username: "robot", Password: "geheim"}}}
		}, mirror: true},
		"wrong": {options: func(string) helm.ChartsOptions {
			return helm.ChartsOptions{Username: "robot", Password: "falsch"}
		}, kind: fault.Auth},
		"none": {options: func(string) helm.ChartsOptions { return helm.ChartsOptions{} }, kind: fault.Auth},
	}
	for _, kind := range []string{"classic", "oci"} {
		for name, c := range cases {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				repository := serve(t, kind)
				ref := helm.ChartRef{Repository: repository, Name: "demo", Version: "1.0.0"}
				if c.mirror {
					ref.Repository = "https://charts.invalid/upstream"
				}
				_, err := newCharts(t, c.options(repository)).Resolve(t.Context(), ref)
				if fault.KindOf(err) != c.kind || (c.kind == fault.Unknown && err != nil) {
					t.Errorf("got %q: %v", fault.KindOf(err), err)
				}
				if err != nil && (strings.Contains(err.Error(), "geheim") || strings.Contains(err.Error(), "falsch")) {
					t.Errorf("a password shows: %v", err)
				}
			})
		}
	}
}

func TestCharts_CredentialsStayWithTheirHost(t *testing.T) {
	t.Parallel()
	elsewhere := helmtest.NewRepository(t, demo("1.0.0"))
	elsewhere.Protect("robot", "geheim")
	repository := helmtest.NewRepository(t)
	repository.Put("/index.yaml", []byte("entries:\n  demo:\n  - version: 1.0.0\n    urls: ["+elsewhere.URL+"/charts/demo-1.0.0.tgz]\n"))
	_, err := newCharts(t, helm.ChartsOptions{Mirror: repository.URL, Username: "robot", Password: "geheim"}).
		Resolve(t.Context(), helm.ChartRef{Repository: "https://charts.invalid", Name: "demo"})
	if !fault.Is(err, fault.Auth) {
		t.Errorf("the other host accepted the credentials: %v", err)
	}
}

func TestCharts_RegistryConfigIsRead(t *testing.T) {
	t.Parallel()
	registry := helmtest.NewRegistry(t, demo("1.0.0"))
	public := helmtest.NewRegistry(t, demo("1.0.0"))
	registry.Protect("robot", "geheim")
	host := func(r *helmtest.Registry) string {
		return strings.TrimSuffix(strings.TrimPrefix(r.Repository, "oci://"), "/charts")
	}
	auth := base64.StdEncoding.EncodeToString([]byte("robot:geheim"))
	stale := base64.StdEncoding.EncodeToString([]byte("robot:stale"))
	file := filepath.Join(t.TempDir(), "config.json")
	text := `{"auths":{"` + host(registry) + `":{"auth":"` + auth + `"},"` + host(public) + `":{"auth":"` + stale + `"}}}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*helmtest.Registry{"needed": registry, "stale but not needed": public} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			charts := newCharts(t, helm.ChartsOptions{RegistryConfigs: []string{"/nonexistent", file}})
			if _, err := charts.Resolve(t.Context(), helm.ChartRef{Repository: r.Repository, Name: "demo", Version: "1.0.0"}); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() {
		if after, err := os.ReadFile(file); err != nil || string(after) != text {
			t.Error("the file was changed")
		}
	})
}

func TestCharts_CA(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewTLSRepository(t, demo("1.0.0"))
	ref := helm.ChartRef{Repository: repository.URL, Name: "demo"}
	if _, err := newCharts(t, helm.ChartsOptions{CA: repository.CA()}).Resolve(t.Context(), ref); err != nil {
		t.Error(err)
	}
	if _, err := newCharts(t, helm.ChartsOptions{CA: []byte("nonsense")}).Resolve(t.Context(), ref); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestCharts_MirrorAndExceptions(t *testing.T) {
	t.Parallel()
	upstream := helmtest.NewRepository(t, demo("1.0.0"), helmtest.Chart{Name: "original", Version: "1.0.0"})
	mirror := helmtest.NewRegistry(t, demo("1.1.0"))
	special := helmtest.NewRepository(t, helmtest.Chart{Name: "renamed", Version: "9.0.0"})
	options := helm.ChartsOptions{
		Mirror: mirror.Repository,
		Exceptions: map[string]helm.Exception{
			"original": {},
			"moved":    {Repository: special.URL, Name: "renamed", Version: "9.0.0"},
		},
	}
	for name, want := range map[string]string{"demo": "demo 1.1.0", "original": "original 1.0.0", "moved": "renamed 9.0.0"} {
		got, err := newCharts(t, options).Resolve(t.Context(), helm.ChartRef{Repository: upstream.URL, Name: name})
		if err != nil {
			t.Error(err)
		}
		if got.Name+" "+got.Version != want {
			t.Errorf("%s is %s %s, want %s", name, got.Name, got.Version, want)
		}
	}
	direct, err := newCharts(t, options).Resolve(t.Context(), helm.ChartRef{Repository: upstream.URL, Name: "demo", Direct: true})
	if err != nil || direct.Version != "1.0.0" {
		t.Errorf("a repository that was named for the chart gave version %q, %v", direct.Version, err)
	}
}

func TestCharts_CancelStopsADownload(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t, demo("1.0.0"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newCharts(t, helm.ChartsOptions{}).Resolve(ctx, helm.ChartRef{Repository: repository.URL, Name: "demo"})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// listener answers nothing and notes the schemes that it is spoken to with.
type listener struct {
	mu      sync.Mutex
	schemes map[string]bool
}

func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.schemes[r.URL.Scheme] = true
	return nil, errors.New("nobody is at home")
}

func TestCharts_RegistriesAreSpokenToWithTLS(t *testing.T) {
	t.Parallel()
	for host, plain := range map[string]bool{"10.1.2.3": false, "charts.example.com": false, "192.168.1.1:5000": true} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			heard := &listener{schemes: map[string]bool{}}
			charts := newCharts(t, helm.ChartsOptions{Transport: heard, PlainHTTP: plain, Username: "u", Password: "p"})
			_, err := charts.Resolve(t.Context(), helm.ChartRef{Repository: "oci://" + host + "/x", Name: "demo", Version: "1.0.0"})
			if !fault.Is(err, fault.Unreachable, fault.Invalid) {
				t.Errorf("got %v", err)
			}
			heard.mu.Lock()
			defer heard.mu.Unlock()
			if heard.schemes["http"] != plain {
				t.Errorf("schemes %v", heard.schemes)
			}
		})
	}
}
