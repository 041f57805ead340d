package verify

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

const fixTracing = "Set lab_istio_mesh.tracing (by reference to the pipeline's endpoints, with sampling above 0), or remove the Telemetry that overrides it (lab_manifest or somebody else's)."

// lookAtMesh checks what the proxies that should make spans are told about traces.
func (w Way) lookAtMesh(ctx context.Context) []Hop {
	if w.Cluster == nil || w.Mesh == "" {
		return nil
	}
	proxies, _, err := w.proxies(ctx)
	if err != nil {
		return []Hop{notLooked(HopMesh, err)}
	}
	var said []string
	var rare *Hop
	for _, p := range proxies {
		t, err := w.Tracing(ctx, p)
		switch {
		case fault.Is(err, fault.Conflict):
			return []Hop{broken(HopMesh, fixTracing, "%v", err)}
		case isGone(err):
			return []Hop{broken(HopMesh, "Install the mesh (lab_istio_mesh), or correct lab_trace_check.mesh_namespace.", "there is no mesh in namespace %s: %v", w.Mesh, err)}
		case err != nil:
			return []Hop{notLooked(HopMesh, err)}
		case w.elsewhere(t):
			return []Hop{broken(HopMesh, fixTracing, "%s sends spans to %s, the collector is %s in namespace %s, port %d", t.Source, t.Address, w.Collector.Name, w.Collector.Namespace, w.CollectorPort)}
		case t.Percent == 0 && rare == nil:
			hop := suspect(HopMesh, "Set lab_istio_mesh.tracing.sampling above 0, or remove the Telemetry that overrides it.",
				"%s samples 0 %% of the requests, so that only those are traced whose caller asks for it, as this check does; something in between may not pass that on", t.Source)
			rare = &hop
		}
		said = append(said, t.Source+" sends "+percent(t.Percent)+" to "+t.Address)
	}
	if rare != nil {
		return []Hop{*rare}
	}
	return []Hop{fine(HopMesh, "%s", strings.Join(slices.Compact(said), "; "))}
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
	return at != w.Collector.Name || namespace != w.Collector.Namespace || (w.CollectorPort > 0 && port != strconv.FormatInt(w.CollectorPort, 10))
}

func percent(share float64) string { return strconv.FormatFloat(share, 'f', -1, 64) + " %" }
