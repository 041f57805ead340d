package helm_test

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
)

func demo(version string) helmtest.Chart {
	return helmtest.Chart{Name: "demo", Version: version, AppVersion: "v" + version}
}

// newCharts makes a finder with a cache of its own that never looks at the user's credentials.
func newCharts(t *testing.T, o helm.ChartsOptions) *helm.Charts {
	t.Helper()
	if o.CacheDir == "" {
		o.CacheDir = t.TempDir()
	}
	if o.RegistryConfigs == nil {
		o.RegistryConfigs = []string{}
	}
	o.RetryPause = time.Millisecond
	return helm.NewCharts(o)
}

func TestCharts_ResolveFindsVersions(t *testing.T) {
	t.Parallel()
	charts := []helmtest.Chart{demo("1.10.0"), demo("1.9.3"), demo("1.9.0"), demo("2.0.0-rc.1"), demo("v0.1.0"), demo("3.0.0+up1.2.3")}
	classic := helmtest.NewRepository(t, charts...)
	oci := helmtest.NewRegistry(t, charts...)
	cases := map[string]struct{ wish, want string }{
		"exact":                     {"1.9.3", "1.9.3"},
		"newest stable":             {"", "3.0.0+up1.2.3"},
		"tilde":                     {"~1.9", "1.9.3"},
		"caret":                     {"^1.0", "1.10.0"},
		"prerelease by name":        {"2.0.0-rc.1", "2.0.0-rc.1"},
		"the v may be left out":     {"0.1.0", "v0.1.0"},
		"build metadata":            {"3.0.0+up1.2.3", "3.0.0+up1.2.3"},
		"build metadata may be cut": {"3.0.0", "3.0.0+up1.2.3"},
	}
	for kind, repository := range map[string]string{"classic": classic.URL, "oci": oci.Repository} {
		for name, c := range cases {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				got, err := newCharts(t, helm.ChartsOptions{}).Resolve(t.Context(), helm.ChartRef{Repository: repository, Name: "demo", Version: c.wish})
				if err != nil {
					t.Fatal(err)
				}
				if got.Version != c.want {
					t.Errorf("got version %s, want %s", got.Version, c.want)
				}
				archive, err := os.ReadFile(got.Path)
				if err != nil || helmtest.Digest(archive) != got.Digest {
					t.Errorf("path %s does not hold what digest %s says (%v)", got.Path, got.Digest, err)
				}
			})
		}
	}
}

func TestCharts_MissingVersionNamesTheNearest(t *testing.T) {
	t.Parallel()
	var all []helmtest.Chart
	for _, v := range []string{"0.16.1", "0.16.0", "0.15.3", "0.15.2", "0.14.9", "0.13.12", "0.13.11", "0.13.10", "0.12.0"} {
		all = append(all, demo(v))
	}
	want := "the nearest are 0.13.12, 0.13.11, 0.13.10, 0.14.9, 0.12.0, 0.15.3; the newest is 0.16.1"
	for kind, repository := range map[string]string{"classic": helmtest.NewRepository(t, all...).URL, "oci": helmtest.NewRegistry(t, all...).Repository} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			_, err := newCharts(t, helm.ChartsOptions{}).Resolve(t.Context(), helm.ChartRef{Repository: repository, Name: "demo", Version: "0.13.99"})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), repository) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCharts_MissingChartNamesTheNearest(t *testing.T) {
	t.Parallel()
	var all []helmtest.Chart
	for _, name := range []string{"metallb", "istiod", "base", "gateway", "tempo", "cert-manager", "kiali", "grafana"} {
		all = append(all, helmtest.Chart{Name: name, Version: "1.0.0"})
	}
	for kind, repository := range map[string]string{"classic": helmtest.NewRepository(t, all...).URL, "oci": helmtest.NewRegistry(t, all...).Repository} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			_, err := newCharts(t, helm.ChartsOptions{}).Resolve(t.Context(), helm.ChartRef{Repository: repository, Name: "metalb", Version: "1.0.0"})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "there is no chart metalb") || !strings.Contains(err.Error(), "the nearest of 8 are metallb,") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCharts_Versions(t *testing.T) {
	t.Parallel()
	all := []helmtest.Chart{demo("1.0.0"), demo("1.10.0"), demo("1.2.0")}
	for kind, repository := range map[string]string{"classic": helmtest.NewRepository(t, all...).URL, "oci": helmtest.NewRegistry(t, all...).Repository} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			got, err := newCharts(t, helm.ChartsOptions{}).Versions(t.Context(), repository, "demo")
			if diff := cmp.Diff([]string{"1.10.0", "1.2.0", "1.0.0"}, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

func TestCharts_IndexIsFetchedOnce(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t, demo("1.0.0"), demo("1.1.0"), helmtest.Chart{Name: "other", Version: "1.0.0"})
	charts := newCharts(t, helm.ChartsOptions{})
	var wg sync.WaitGroup
	for i := range 30 {
		ref := helm.ChartRef{Repository: repository.URL, Name: "demo", Version: "1.1.0"}
		if i%3 == 1 {
			ref.Version = "^1"
		} else if i%3 == 2 {
			ref = helm.ChartRef{Repository: repository.URL + "/", Name: "other"}
		}
		wg.Go(func() {
			if _, err := charts.Resolve(t.Context(), ref); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	want := map[string]int{"/index.yaml": 1, "/charts/demo-1.1.0.tgz": 1, "/charts/other-1.0.0.tgz": 1}
	if diff := cmp.Diff(want, repository.Requests()); diff != "" {
		t.Error(diff)
	}
}

func TestCharts_LockedAndCachedAsksNobody(t *testing.T) {
	t.Parallel()
	classic, oci := helmtest.NewRepository(t, demo("1.0.0")), helmtest.NewRegistry(t, demo("1.0.0"))
	cases := map[string]struct {
		repository string
		requests   func() int
	}{
		"classic": {classic.URL, func() int { return len(classic.Requests()) }},
		"oci":     {oci.Repository, func() int { return len(oci.Requests()) }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cache := t.TempDir()
			ref := helm.ChartRef{Repository: c.repository, Name: "demo", Version: "1.0.0"}
			first, err := newCharts(t, helm.ChartsOptions{CacheDir: cache}).Resolve(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			before := c.requests()
			ref.Digest = first.Digest
			again, err := newCharts(t, helm.ChartsOptions{CacheDir: cache}).Resolve(t.Context(), ref)
			if diff := cmp.Diff(first, again); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			if c.requests() != before {
				t.Error("somebody was asked")
			}
		})
	}
}

func TestCharts_LockedOCIAsksForTheArchiveAlone(t *testing.T) {
	t.Parallel()
	oci := helmtest.NewRegistry(t, demo("1.0.0"))
	digest := oci.Push(t, "demo", "1.0.0", demo("1.0.0").Archive(t))
	before := oci.Requests()
	if _, err := newCharts(t, helm.ChartsOptions{}).Resolve(t.Context(), helm.ChartRef{Repository: oci.Repository, Name: "demo", Version: "1.0.0", Digest: digest}); err != nil {
		t.Fatal(err)
	}
	blob := "GET /v2/charts/demo/blobs/" + digest
	after := oci.Requests()
	if after[blob] != 1 || len(after) != len(before)+1 {
		t.Errorf("requests %v", after)
	}
}

func TestCharts_DigestMismatchIsRefused(t *testing.T) {
	t.Parallel()
	wrong := "sha256:" + strings.Repeat("ab", 32)
	t.Run("the archive is not what the index says", func(t *testing.T) {
		t.Parallel()
		repository := helmtest.NewRepository(t, demo("1.0.0"))
		repository.Put("/charts/demo-1.0.0.tgz", demo("6.6.6").Archive(t))
		cache := t.TempDir()
		_, err := newCharts(t, helm.ChartsOptions{CacheDir: cache}).Resolve(t.Context(), helm.ChartRef{Repository: repository.URL, Name: "demo", Version: "1.0.0"})
		if !fault.Is(err, fault.Integrity) {
			t.Errorf("got %v", err)
		}
		if left, _ := os.ReadDir(cache); len(left) > 0 {
			t.Errorf("the cache holds %v", left)
		}
	})
	for kind, repository := range map[string]string{"classic": helmtest.NewRepository(t, demo("1.0.0")).URL, "oci": helmtest.NewRegistry(t, demo("1.0.0")).Repository} {
		t.Run(kind+" has something else than what is locked", func(t *testing.T) {
			t.Parallel()
			_, err := newCharts(t, helm.ChartsOptions{}).Resolve(t.Context(), helm.ChartRef{Repository: repository, Name: "demo", Version: "1.0.0", Digest: wrong})
			if !fault.Is(err, fault.Integrity) || !strings.Contains(err.Error(), "version 1.0.0 is locked to sha256 abab") {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("the lock is of another version", func(t *testing.T) {
		t.Parallel()
		repository := helmtest.NewRepository(t, demo("1.0.0"), demo("1.1.0"))
		charts := newCharts(t, helm.ChartsOptions{})
		old, err := charts.Resolve(t.Context(), helm.ChartRef{Repository: repository.URL, Name: "demo", Version: "1.0.0"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = charts.Resolve(t.Context(), helm.ChartRef{Repository: repository.URL, Name: "demo", Version: "1.1.0", Digest: old.Digest})
		if !fault.Is(err, fault.Integrity) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a lock that is no digest", func(t *testing.T) {
		t.Parallel()
		_, err := newCharts(t, helm.ChartsOptions{}).Resolve(t.Context(), helm.ChartRef{Repository: "https://charts.invalid", Name: "demo", Digest: "sha256:xyz"})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCharts_DamagedCacheIsMended(t *testing.T) {
	t.Parallel()
	repository := helmtest.NewRepository(t, demo("1.0.0"))
	charts := newCharts(t, helm.ChartsOptions{})
	ref := helm.ChartRef{Repository: repository.URL, Name: "demo", Version: "1.0.0"}
	got, err := charts.Resolve(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(got.Path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	ref.Digest = got.Digest
	if _, err := charts.Resolve(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if n := repository.Requests()["/charts/demo-1.0.0.tgz"]; n != 2 {
		t.Errorf("downloaded %d times", n)
	}
}

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
}

func TestCharts_LocalPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	archive := demo("1.0.0").Write(t, dir)
	unpacked := demo("1.0.0").Unpack(t, dir)
	charts := newCharts(t, helm.ChartsOptions{Mirror: "https://charts.invalid"})
	for name, path := range map[string]string{"archive": archive, "directory": unpacked} {
		got, err := charts.Resolve(t.Context(), helm.ChartRef{Name: path})
		if err != nil || got.Version != "1.0.0" || got.Path != path || got.Digest == "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if _, err := charts.Resolve(t.Context(), helm.ChartRef{Name: path, Version: "^2"}); !fault.Is(err, fault.Invalid, fault.Integrity) {
			t.Errorf("%s: version ^2: %v", name, err)
		}
		ref := helm.ChartRef{Name: path, Digest: got.Digest}
		if _, err := charts.Resolve(t.Context(), ref); err != nil {
			t.Errorf("%s: locked: %v", name, err)
		}
		changed := filepath.Join(path, "templates", "new.yaml")
		if name == "archive" {
			changed = path
		} else if err := os.MkdirAll(filepath.Dir(changed), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(changed, []byte("a: b"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := charts.Resolve(t.Context(), ref); !fault.Is(err, fault.Integrity) {
			t.Errorf("%s: changed: %v", name, err)
		}
	}
}

func TestCharts_UnusableChartsAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.tgz")
	if err := os.WriteFile(broken, []byte("not a tgz"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct{ path, text string }{
		"not an archive": {broken, "not a chart archive"},
		"library":        {helmtest.Chart{Name: "lib", Version: "1.0.0", Type: "library"}.Write(t, dir), "library"},
		"incomplete":     {helmtest.Chart{Name: "partial", Version: "1.0.0", Missing: []string{"database"}}.Write(t, dir), "missing in charts/ directory: database"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newCharts(t, helm.ChartsOptions{}).CRDs(t.Context(), helm.ChartRef{Name: c.path})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCharts_CacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	repository := helmtest.NewRepository(t, demo("1.0.0"))
	_, err := newCharts(t, helm.ChartsOptions{CacheDir: filepath.Join(file, "cache")}).Resolve(t.Context(), helm.ChartRef{Repository: repository.URL, Name: "demo"})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
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

func TestCharts_CRDs(t *testing.T) {
	t.Parallel()
	crd := func(name string) map[string]string {
		return map[string]string{"crds/" + name + ".yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: " + name + "\n---\n# nothing\n"}
	}
	chart := helmtest.Chart{
		Name: "stack", Version: "1.0.0", Values: "sub:\n  enabled: true\n", Files: crd("tops.example.com"),
		Dependencies: []helmtest.Chart{{Name: "sub", Version: "1.0.0", Files: crd("subs.example.com")}},
		Conditions:   map[string]string{"sub": "sub.enabled"},
	}
	ref := helm.ChartRef{Name: chart.Write(t, t.TempDir())}
	charts := newCharts(t, helm.ChartsOptions{})
	all, err := charts.CRDs(t.Context(), ref)
	if err != nil || len(all) != 2 {
		t.Fatalf("got %d CRDs, %v", len(all), err)
	}
	some, err := charts.CRDsFor(t.Context(), ref, map[string]any{"sub": map[string]any{"enabled": false}})
	if err != nil || len(some) != 1 {
		t.Fatalf("got %d CRDs, %v", len(some), err)
	}
	if _, has := some[0]["metadata"].(map[string]any)["namespace"]; has {
		t.Error("a CRD got a namespace")
	}
}
