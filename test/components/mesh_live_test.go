package components_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/istio"
	"github.com/dxlab/terraform-provider-lab/internal/kiali"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/kube/kubetest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// meshLimit bounds one change on a control plane whose pods are simulated.
const meshLimit = 4 * time.Minute

// meshSite is a control plane of its own with the engine on it, which goes on from what it did before.
type meshSite struct {
	t      *testing.T
	kube   *kube.Client
	engine *cluster.Cluster
	known  map[string]cluster.Known
}

func newMeshSite(t *testing.T) *meshSite {
	t.Helper()
	client, err := kube.New(kube.Config{Kubeconfig: kubetest.Start(t).Kubeconfig, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	releases := helm.New(helm.Options{Getter: client.RESTClientGetter(), Charts: helm.NewCharts(helm.ChartsOptions{CacheDir: t.TempDir()})})
	return &meshSite{t: t, kube: client, engine: cluster.New(client, releases, slog.New(slog.DiscardHandler)), known: map[string]cluster.Known{}}
}

// step builds a component with the charts of this run and does something with it in time.
func (s *meshSite) step(b builder, do func(context.Context, component.Component) error) error {
	s.t.Helper()
	c, err := b.Component()
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range c.Charts {
		from := chartOf(c.Charts[i])
		c.Charts[i].Repository, c.Charts[i].Name = from.Repository, from.Name
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), meshLimit)
	defer cancel()
	return do(ctx, c)
}

// settle installs, and installs once more, which must neither find a difference nor change anything.
func (s *meshSite) settle(b builder) cluster.Observed {
	s.t.Helper()
	var first cluster.Observed
	err := s.step(b, func(ctx context.Context, c component.Component) error {
		var err error
		if first, err = s.engine.Install(ctx, c, cluster.InstallOptions{Known: s.known[c.Name]}); err != nil {
			return err
		}
		again, err := s.engine.Install(ctx, c, cluster.InstallOptions{Known: first.Known})
		if drift := strings.Join(append(first.Drift, again.Drift...), "\n"); drift != "" {
			s.t.Errorf("%s differs:\n%s", c.Name, drift)
		}
		for i := range again.Charts {
			// A chart from a folder has no name to compare a release with.
			if c.Charts[i].Repository != "" && again.Charts[i].Revision != first.Charts[i].Revision {
				s.t.Errorf("release %s was changed again", again.Charts[i].Release)
			}
		}
		s.known[c.Name] = again.Known
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return first
}

func (s *meshSite) remove(b builder) error {
	return s.step(b, func(ctx context.Context, c component.Component) error {
		return s.engine.Remove(ctx, c, cluster.RemoveOptions{Known: s.known[c.Name], Namespaces: true})
	})
}

func (s *meshSite) apply(o object.Object) {
	s.t.Helper()
	if _, err := s.kube.Apply(s.t.Context(), o, kube.ApplyOptions{FieldManager: "kubectl", RetryFor: time.Minute}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *meshSite) there(ref object.Ref) bool {
	s.t.Helper()
	_, err := s.kube.Get(s.t.Context(), ref)
	if err != nil && !fault.Is(err, fault.NotFound) {
		s.t.Fatal(err)
	}
	return err == nil
}

func (s *meshSite) want(there bool, refs ...object.Ref) {
	s.t.Helper()
	for _, ref := range refs {
		if s.there(ref) != there {
			s.t.Errorf("%s is there: %v", ref, !there)
		}
	}
}

func meshRef(apiVersion, kind, name string) object.Ref {
	return object.Ref{APIVersion: apiVersion, Kind: kind, Namespace: istio.DefaultNamespace, Name: name}
}

// A mesh of 2023 becomes one of today, changes how it is traced, and goes into ambient mode and back.
func TestMesh_LivesOnAControlPlane(t *testing.T) {
	t.Parallel()
	s := newMeshSite(t)
	telemetry := meshRef("telemetry.istio.io/v1", "Telemetry", "mesh-default")
	agent, ztunnel := meshRef("apps/v1", "DaemonSet", "istio-cni-node"), meshRef("apps/v1", "DaemonSet", "ztunnel")
	ten := 10.0
	s.settle(istio.Mesh{Version: "1.17.1", Tracing: &istio.MeshTracing{ZipkinAddress: spanTarget + ":9411"}, CNI: true})
	s.want(true, agent)
	s.settle(istio.Mesh{Version: "1.30.3", Tracing: &istio.MeshTracing{OTLPGRPCEndpoint: spanTarget + ":4317", Sampling: &ten}})
	s.want(true, telemetry)
	s.want(false, agent)
	s.settle(istio.Mesh{Version: "1.30.3", Ambient: true})
	s.want(true, agent, ztunnel)
	s.want(false, telemetry)
	s.settle(istio.Mesh{Version: "1.30.3"})
	s.want(false, agent, ztunnel)
	if err := s.remove(istio.Mesh{Version: "1.30.3"}); err != nil {
		t.Fatal(err)
	}
	s.want(false, object.Ref{APIVersion: "v1", Kind: "Namespace", Name: istio.DefaultNamespace})
	s.want(true, object.Ref{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition", Name: "gateways.networking.istio.io"})
}

// web is a workload of two pods.
func web(namespace string) object.Object {
	labels := map[string]any{"app": "web"}
	o := object.New(object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: "web"})
	o["spec"] = map[string]any{
		"replicas": int64(2), "selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "web", "image": "nginx"}}},
		},
	}
	return o
}

// stale counts the pods of namespace shop that an injection would have made anew.
func (s *meshSite) stale(i istio.Injection) (stale, all int) {
	s.t.Helper()
	pods, err := s.kube.List(s.t.Context(), kube.ListOptions{APIVersion: "v1", Kind: "Pod", Namespace: i.Namespace})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range pods {
		if object.String(p, "metadata", "deletionTimestamp") != "" {
			continue
		}
		all++
		if i.Stale(p) != "" {
			stale++
		}
	}
	return stale, all
}

func TestInjection_LivesOnAControlPlane(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := newMeshSite(t)
			shop := object.Ref{APIVersion: "v1", Kind: "Namespace", Name: "shop"}
			mesh := istio.Mesh{Version: p.istio}
			s.settle(mesh)
			s.apply(object.New(shop))
			s.apply(web("shop"))
			injection := istio.Injection{Namespace: "shop", Mode: istio.Sidecar, Restart: true, ProxyVersion: p.istio}
			if err := s.step(injection, func(ctx context.Context, _ component.Component) error {
				return s.kube.Wait(ctx, []kube.Condition{{Ref: object.RefOf(web("shop")), Check: kube.Check{Kind: kube.Available}}}, kube.WaitOptions{})
			}); err != nil {
				t.Fatal(err)
			}
			if stale, all := s.stale(injection); stale == 0 || stale != all {
				t.Fatalf("%d of %d pods are stale before", stale, all)
			}
			s.settle(injection)
			if stale, all := s.stale(injection); stale != 0 || all == 0 {
				t.Errorf("%d of %d pods are stale", stale, all)
			}
			if err := s.remove(injection); err != nil {
				t.Fatal(err)
			}
			live, err := s.kube.Get(t.Context(), shop)
			if err != nil || object.String(live, "metadata", "labels", "istio-injection") != "" {
				t.Errorf("%v, %v", object.Map(live, "metadata", "labels"), err)
			}
			if err := s.remove(mesh); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestKiali_LivesOnAControlPlane(t *testing.T) {
	t.Parallel()
	for _, p := range profiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			s := newMeshSite(t)
			mesh, view := istio.Mesh{Version: p.istio}, kialis()[p.name]
			err := s.step(view, func(ctx context.Context, c component.Component) error {
				_, err := s.engine.Install(ctx, c, cluster.InstallOptions{})
				return err
			})
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "lab_istio_mesh") {
				t.Errorf("without a mesh: %v", err)
			}
			s.settle(mesh)
			s.settle(view)
			server := []object.Ref{
				meshRef("apps/v1", "Deployment", "kiali"), meshRef("v1", "Service", "kiali"), meshRef("v1", "ConfigMap", "kiali"),
				meshRef("networking.k8s.io/v1", "Ingress", "kiali"),
			}
			s.want(true, server...)
			s.changes(view, server[len(server)-1])
			s.refusesWhileUsed(view)
			if err := s.remove(view); err != nil {
				t.Fatal(err)
			}
			s.want(false, append(server, meshRef("kiali.io/v1alpha1", "Kiali", "kiali"))...)
			if err := s.remove(mesh); err != nil {
				t.Error(err)
			}
		})
	}
}

// changes takes the Ingress away and gives it back.
func (s *meshSite) changes(view kiali.Install, ingress object.Ref) {
	s.t.Helper()
	hidden := view
	hidden.Ingress = nil
	s.settle(hidden)
	gone := object.Ref{APIVersion: "kiali.io/v1alpha1", Kind: "Kiali", Namespace: istio.DefaultNamespace, Name: "kiali"}
	live, err := s.kube.Get(s.t.Context(), gone)
	if enabled, _ := object.Lookup(live, "spec", "deployment", "ingress", "enabled"); err != nil || enabled != false {
		s.t.Errorf("the object still publishes: %v, %v", enabled, err)
	}
	s.settle(view)
	s.want(true, ingress)
}

// refusesWhileUsed tries to remove the operator while somebody else's Kiali needs it.
func (s *meshSite) refusesWhileUsed(view kiali.Install) {
	s.t.Helper()
	mine := object.New(object.Ref{APIVersion: "kiali.io/v1alpha1", Kind: "Kiali", Namespace: "default", Name: "mine"})
	object.Set(mine, "mine", "spec", "deployment", "instance_name")
	s.apply(mine)
	if err := s.remove(view); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "Kiali default/mine") {
		s.t.Errorf("it goes although it is used: %v", err)
	}
	if err := s.kube.Delete(s.t.Context(), object.RefOf(mine), kube.DeleteOptions{Wait: time.Minute}); err != nil {
		s.t.Fatal(err)
	}
}
