package components_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/certmanager"
	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/kube/kubetest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/otel"
	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// stage is a control plane of its own, with the engine on it. Its pods are simulated.
type stage struct {
	t      *testing.T
	kube   *kube.Client
	engine *cluster.Cluster
}

func newStage(t *testing.T) *stage {
	t.Helper()
	running := kubetest.Start(t)
	client, err := kube.New(kube.Config{Kubeconfig: running.Kubeconfig, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	charts := helm.New(helm.Options{Getter: client.RESTClientGetter(), Charts: helm.NewCharts(helm.ChartsOptions{CacheDir: t.TempDir()})})
	return &stage{t: t, kube: client, engine: cluster.New(client, charts, slog.New(slog.DiscardHandler))}
}

// built takes a component's charts from where this run has them.
func (s *stage) built(b builder) component.Component {
	s.t.Helper()
	c, err := b.Component()
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range c.Charts {
		from := chartOf(c.Charts[i])
		c.Charts[i].Repository, c.Charts[i].Name = from.Repository, from.Name
	}
	return c
}

func (s *stage) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), d)
	s.t.Cleanup(cancel)
	return ctx
}

func (s *stage) install(b builder) cluster.Observed {
	s.t.Helper()
	c := s.built(b)
	seen, err := s.engine.Install(s.within(3*time.Minute), c, cluster.InstallOptions{})
	if err != nil {
		s.t.Fatalf("%s: %v", c.Name, err)
	}
	if len(seen.Drift) > 0 {
		s.t.Errorf("%s differs as soon as it is there:\n%s", c.Name, strings.Join(seen.Drift, "\n"))
	}
	return seen
}

func (s *stage) remove(b builder) error {
	return s.engine.Remove(s.within(time.Minute), s.built(b), cluster.RemoveOptions{Namespaces: true})
}

func (s *stage) get(apiVersion, kind, namespace, name string) object.Object {
	s.t.Helper()
	o, err := s.kube.Get(s.t.Context(), object.Ref{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: name})
	if err != nil {
		s.t.Fatal(err)
	}
	return o
}

// TestTracing_OnAControlPlane puts the way of a trace on a cluster and takes it off again, in the versions of both profiles.
func TestTracing_OnAControlPlane(t *testing.T) {
	t.Parallel()
	for _, p := range tracingProfiles {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			if p.name == versions.Current {
				skipOnOlder(t)
			}
			s := newStage(t)
			certificates := certmanager.Install{Chart: component.ChartOptions{Version: p.certManager}}
			operator := otel.Operator{Chart: component.ChartOptions{Version: p.operator}}
			pipeline := otel.Pipeline{OperatorVersion: p.operator, TempoEndpoint: "tempo.tempo:4317"}
			s.refuses(operator, "lab_cert_manager")
			s.refuses(pipeline, "lab_otel_operator")
			s.install(certificates)
			s.install(operator)
			s.install(pipeline)
			s.serves(pipeline)
			s.lives(pipeline)

			mine := object.New(pipeline.Ref())
			object.Set(mine, "by-hand", "metadata", "name")
			object.Set(mine, object.Map(s.built(pipeline).Objects[0], "spec"), "spec")
			if _, err := s.kube.Apply(t.Context(), mine, kube.ApplyOptions{FieldManager: "kubectl"}); err != nil {
				t.Fatal(err)
			}
			if err := s.remove(operator); err == nil || !strings.Contains(err.Error(), "by-hand") {
				t.Errorf("the operator goes although a collector lives off it: %v", err)
			}
			if err := s.kube.Delete(t.Context(), object.RefOf(mine), kube.DeleteOptions{Wait: time.Minute}); err != nil {
				t.Fatal(err)
			}
			for _, b := range []builder{pipeline, operator, certificates} {
				if err := s.remove(b); err != nil {
					t.Errorf("removing: %v", err)
				}
			}
		})
	}
}

// refuses installs what cannot be installed yet, and wants to be told what to install before.
func (s *stage) refuses(b builder, bringer string) {
	s.t.Helper()
	c := s.built(b)
	_, err := s.engine.Install(s.within(time.Minute), c, cluster.InstallOptions{})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), bringer) {
		s.t.Errorf("%s: want a word about %s, got %v", c.Name, bringer, err)
	}
}

// serves compares the ports of the collector's Service with the endpoints that the pipeline gives to others.
func (s *stage) serves(p otel.Pipeline) {
	s.t.Helper()
	endpoints, err := p.Endpoints()
	if err != nil {
		s.t.Fatal(err)
	}
	var want []string
	for _, endpoint := range endpoints {
		want = append(want, endpoint[strings.LastIndex(endpoint, ":")+1:])
	}
	var got []string
	service := s.get("v1", "Service", "otel-system", "otel-collector")
	for _, item := range object.List(service, "spec", "ports") {
		if port, ok := item.(map[string]any); ok {
			got = append(got, fmt.Sprint(port["port"]))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Error(diff)
	}
}

// lives changes the pipeline by hand and by plan, and looks whether it is seen and followed.
func (s *stage) lives(p otel.Pipeline) {
	s.t.Helper()
	patch := `{"spec":{"mode":"deployment","replicas":3,"image":"by.hand/collector:1"}}`
	if _, err := s.kube.Patch(s.t.Context(), p.Ref(), kube.MergePatch, []byte(patch)); err != nil {
		s.t.Fatal(err)
	}
	two := int32(2)
	p.Replicas, p.Processors = &two, []string{"memory_limiter", "batch"}
	seen, err := s.engine.Read(s.t.Context(), s.built(p), cluster.ReadOptions{Drift: cluster.DriftFind})
	if err != nil {
		s.t.Fatal(err)
	}
	if !slices.ContainsFunc(seen.Drift, func(line string) bool { return strings.Contains(line, "spec.replicas: want 2, live 3") }) {
		s.t.Errorf("the change is not seen: %v", seen.Drift)
	}
	s.install(p)
	spec := object.Map(s.get(p.Ref().APIVersion, p.Ref().Kind, p.Ref().Namespace, p.Ref().Name), "spec")
	if got := fmt.Sprint(spec["replicas"]); got != "2" {
		s.t.Errorf("replicas are %s", got)
	}
}

// skipOnOlder leaves out what the charts of today are needed for: those of 2023 are what TestTracing_OnAControlPlane
// installs on the control plane of their time.
func skipOnOlder(t *testing.T) {
	t.Helper()
	if older() {
		t.Skip("cert-manager and the operator of today are not for Kubernetes 1.24")
	}
}

// A conversion webhook stands between the two versions of a collector: what is written in one can be read in the other.
func TestPipeline_IsReadInBothVersions(t *testing.T) {
	t.Parallel()
	skipOnOlder(t)
	s := newStage(t)
	s.install(certmanager.Install{})
	s.install(otel.Operator{})
	p := otel.Pipeline{APIVersion: otel.Alpha, TempoEndpoint: "tempo.tempo:4317", Receivers: []string{"zipkin"}, Processors: []string{}}
	s.install(p)
	newer := p
	newer.APIVersion = otel.Beta
	for _, way := range []otel.Pipeline{p, newer} {
		back, err := otel.ReadPipeline(s.get(way.Ref().APIVersion, way.Ref().Kind, way.Ref().Namespace, way.Ref().Name))
		if err != nil {
			t.Fatal(err)
		}
		if back.APIVersion != way.APIVersion || back.TempoEndpoint != p.TempoEndpoint || !slices.Equal(back.Receivers, p.Receivers) {
			t.Errorf("read as %+v", back)
		}
	}
	// What was made as v1alpha1 becomes v1beta1 in place.
	s.install(newer)
}

// Nothing tells cert-manager's webhook from one that is not up yet but the error of a call: the operator's chart is tried again until it answers.
func TestOperator_FollowsACertManagerThatIsStillComing(t *testing.T) {
	t.Parallel()
	skipOnOlder(t)
	s := newStage(t)
	certificates, operator := s.built(certmanager.Install{SkipCheck: true}), s.built(otel.Operator{})
	certificates.Charts[0].Ready = nil
	ctx := s.within(3 * time.Minute)
	if _, err := s.engine.Install(ctx, certificates, cluster.InstallOptions{}); err != nil {
		t.Fatal(err)
	}
	operator.Needs = nil
	if _, err := s.engine.Install(ctx, operator, cluster.InstallOptions{}); err != nil {
		t.Fatal(err)
	}
}

// The collector meets the operator's webhook before that has its certificate.
func TestPipeline_FollowsAnOperatorThatIsStillComing(t *testing.T) {
	t.Parallel()
	skipOnOlder(t)
	s := newStage(t)
	s.install(certmanager.Install{})
	operator := s.built(otel.Operator{})
	operator.Charts[0].Ready = slices.DeleteFunc(operator.Charts[0].Ready, func(c component.Condition) bool { return c.Kind != component.Established })
	ctx := s.within(3 * time.Minute)
	if _, err := s.engine.Install(ctx, operator, cluster.InstallOptions{}); err != nil {
		t.Fatal(err)
	}
	p := otel.Pipeline{TempoEndpoint: "tempo.tempo:4317", Processors: []string{}}
	first := s.built(p)
	if _, err := s.kube.Apply(ctx, first.Objects[0], kube.ApplyOptions{}); err == nil {
		t.Error("the webhook answers already, so nothing is shown here")
	}
	s.install(p)
	spec := object.Map(s.get(p.Ref().APIVersion, p.Ref().Kind, p.Ref().Namespace, p.Ref().Name), "spec")
	if _, completed := object.Lookup(spec, "config", "service", "telemetry"); !completed {
		t.Errorf("the webhook was not there: it has completed nothing among %v", slices.Sorted(maps.Keys(spec)))
	}
}
