package helm_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/helm/helmtest"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// movedCRD is a chart whose newer version has its CRD in templates, as Istio's base since 1.24.
func (s *site) movedCRD() (before, after helmtest.Chart) {
	return plain("1.0.0", map[string]string{"crds/widget.yaml": s.crd()}), plain("2.0.0", map[string]string{"templates/crd.yaml": s.crd()})
}

// applyCRDs does what the engine does with a chart's crds/ folder.
func (s *site) applyCRDs(c helmtest.Chart, manager string) object.Ref {
	s.t.Helper()
	crds, err := s.CRDs(s.t.Context(), s.spec(c).Chart, nil)
	if err != nil || len(crds) != 1 {
		s.t.Fatalf("%v, %v", crds, err)
	}
	if _, err := s.kube.Apply(s.t.Context(), crds[0], kube.ApplyOptions{FieldManager: manager}); err != nil {
		s.t.Fatal(err)
	}
	return object.RefOf(crds[0])
}

func movedCRDs(t *testing.T, s *site) {
	t.Helper()
	t.Cleanup(s.dropCRD)
	before, after := s.movedCRD()
	ref := s.applyCRDs(before, kube.DefaultFieldManager)
	spec := s.spec(before)
	spec.SkipCRDs = true
	s.apply(spec)
	spec.Chart = s.spec(after).Chart
	if got, err := s.Apply(t.Context(), spec); err != nil || got.Version != "2.0.0" || got.Healed != "" {
		t.Fatalf("%+v, %v", got, err)
	}
	metadata := object.Map(s.live(ref), "metadata")
	if object.String(metadata, "annotations", "meta.helm.sh/release-name") != "rel" ||
		object.String(metadata, "annotations", "meta.helm.sh/release-namespace") != s.namespace ||
		object.String(metadata, "labels", "app.kubernetes.io/managed-by") != "Helm" {
		t.Errorf("the release does not own it: %v", metadata)
	}
}

func othersCRDs(t *testing.T, s *site) {
	t.Helper()
	t.Cleanup(s.dropCRD)
	before, after := s.movedCRD()
	ref := s.applyCRDs(before, "somebody")
	_, err := s.Apply(t.Context(), s.spec(after))
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), ref.Name) {
		t.Fatalf("kind %q: %v", fault.KindOf(err), err)
	}
	if got := object.String(s.live(ref), "metadata", "annotations", "meta.helm.sh/release-name"); got != "" {
		t.Errorf("it was taken into release %q", got)
	}
}
