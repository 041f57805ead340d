package helm_test

import (
	"os"
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
		switch i % 3 {
		case 1:
			ref.Version = "^1"
		case 2:
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
