package components_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/kube/kubetest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// installLimit bounds one component's life on a control plane.
const installLimit = 4 * time.Minute

// lives puts components on a control plane of their own, one after another, and takes them off in reverse. What was installed must be ready,
// must not differ from what was wanted, neither at once nor when everybody has settled, and must not be installed again.
func lives(t *testing.T, check func(*testing.T, *kube.Client), builders ...builder) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), installLimit)
	defer cancel()
	client, err := kube.New(kube.Config{Kubeconfig: kubetest.Start(t).Kubeconfig, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	releases := helm.New(helm.Options{Getter: client.RESTClientGetter(), Charts: helm.NewCharts(helm.ChartsOptions{CacheDir: t.TempDir()})})
	engine := cluster.New(client, releases, slog.New(slog.DiscardHandler))
	from := repository(t)
	var made []component.Component
	var known []cluster.Known
	for _, b := range builders {
		c := fromHere(t, from, b)
		observed, err := engine.Install(ctx, c, cluster.InstallOptions{})
		if err != nil {
			t.Fatalf("installing %s: %v", c.Name, err)
		}
		noDrift(t, c.Name, observed)
		made, known = append(made, c), append(known, observed.Known)
	}
	check(t, client)
	for i, c := range made {
		again, err := engine.Install(ctx, c, cluster.InstallOptions{Known: known[i]})
		if err != nil {
			t.Fatalf("installing %s again: %v", c.Name, err)
		}
		noDrift(t, c.Name, again)
		for _, chart := range again.Charts {
			if chart.Revision != 1 {
				t.Errorf("release %s has revision %d", chart.Release, chart.Revision)
			}
		}
	}
	for i := len(made) - 1; i >= 0; i-- {
		if err := engine.Remove(ctx, made[i], cluster.RemoveOptions{Known: known[i], Namespaces: true}); err != nil {
			t.Fatalf("removing %s: %v", made[i].Name, err)
		}
		for _, ref := range gone(made[i]) {
			if _, err := client.Get(ctx, ref); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s is still there: %v", ref, err)
			}
		}
	}
}

// gone lists what a removal takes away beside releases: namespaces, what controllers leave, and the kinds that a Job of a chart has made.
func gone(c component.Component) []object.Ref {
	refs := slices.Clone(c.Leaves)
	for _, ns := range c.Namespaces {
		refs = append(refs, object.Ref{APIVersion: "v1", Kind: "Namespace", Name: ns.Name})
	}
	for _, chart := range c.Charts {
		for _, condition := range chart.Ready {
			if condition.Kind == component.Established {
				refs = append(refs, condition.Ref)
			}
		}
	}
	return refs
}

// fromHere takes a component's charts from where this package has them.
func fromHere(t *testing.T, from string, b builder) component.Component {
	t.Helper()
	c, err := b.Component()
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Charts {
		c.Charts[i].Repository, c.Charts[i].Direct = from, true
	}
	return c
}

func noDrift(t *testing.T, what string, o cluster.Observed) {
	t.Helper()
	if len(o.Drift) > 0 {
		t.Errorf("%s differs from what was wanted:\n%s", what, strings.Join(o.Drift, "\n"))
	}
}
