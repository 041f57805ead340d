package verify

import (
	"context"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// lookAtMesh checks what the proxies are told about traces, in every namespace that should make spans.
func (w Way) lookAtMesh(ctx context.Context) []Hop {
	if w.Cluster == nil || w.Mesh == "" {
		return nil
	}
	const fix = "Set lab_istio_mesh.tracing (by reference to the pipeline's endpoints, with sampling above 0), or remove the Telemetry that overrides it."
	var said []string
	for _, namespace := range w.namespaces() {
		t, err := w.Tracing(ctx, namespace)
		switch {
		case fault.Is(err, fault.Conflict):
			return []Hop{broken(HopMesh, fix, "%v", err)}
		case isGone(err):
			return []Hop{broken(HopMesh, "Install the mesh (lab_istio_mesh), or correct mesh_namespace.", "there is no mesh in namespace %s: %v", w.Mesh, err)}
		case err != nil:
			return []Hop{notLooked(HopMesh, err)}
		case w.elsewhere(t):
			return []Hop{broken(HopMesh, fix, "%s sends spans to %s, the collector is %s in namespace %s, port %d", t.Source, t.Address, w.Collector.Name, w.Collector.Namespace, w.CollectorPort)}
		}
		said = append(said, t.Source+" sends "+percent(t.Percent)+" to "+t.Address)
	}
	return []Hop{fine(HopMesh, "%s", strings.Join(said, "; "))}
}

// elsewhere reports that spans go to an address other than the collector that the way names.
func (w Way) elsewhere(t Tracing) bool {
	if w.Collector.Name == "" || t.Address == "" {
		return false
	}
	host, port, _ := strings.Cut(t.Address, ":")
	parts := strings.Split(host, ".")
	at := parts[0]
	namespace := w.Mesh
	if len(parts) > 1 {
		namespace = parts[1]
	}
	return at != w.Collector.Name || namespace != w.Collector.Namespace || (w.CollectorPort > 0 && port != decimal(w.CollectorPort))
}

// namespaces are those of the services that should have spans, and the root when none is known.
func (w Way) namespaces() []string {
	seen := map[string]bool{}
	for _, s := range w.Services {
		if _, namespace, ok := strings.Cut(s, "."); ok {
			seen[namespace] = true
		}
	}
	if len(seen) == 0 {
		return []string{w.Mesh}
	}
	return sortedKeys(seen)
}
