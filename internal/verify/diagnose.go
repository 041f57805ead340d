package verify

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// Objects reads the cluster that spans pass through.
type Objects interface {
	// Get reads one object; fault.NotFound when it is not there or its kind is not served.
	Get(ctx context.Context, ref object.Ref) (object.Object, error)
	// List reads objects of a kind; namespace and selector may be empty. A kind or version that is not served has none.
	List(ctx context.Context, apiVersion, kind, namespace, selector string) ([]object.Object, error)
}

// Way is the way that the spans of a request take, as far as it is known. What is left empty is not looked at.
type Way struct {
	// URL, Host and Headers are those of the request, Client how it is sent, and Timeout bounds it (ten seconds when zero).
	URL, Host string
	Headers   map[string]string
	Client    *http.Client
	Timeout   time.Duration
	// Services are the services that should have spans.
	Services []string
	// Mesh is istiod's namespace.
	Mesh string
	// Collector is the Service of the collector and Port the port that the mesh sends to.
	Collector     object.Ref
	CollectorPort int64
	// Before is what the collector said before the request was sent; nil where it was not asked.
	Before Counters
	// Cluster reads objects, InCluster sends requests to services by their names. Unseen is why there are none.
	Cluster   Objects
	InCluster *http.Client
	Unseen    error
	// Log reads the end of a pod's log; it may be nil.
	Log func(ctx context.Context, pod object.Ref) (string, error)
	// Store is where spans end; StoreURL is its address. Said is what it answered last instead of the trace.
	Store    *Store
	StoreURL string
	Tenant   string
	Said     error
	// Grafana is its address in the cluster and DataSource the uid of its data source for the store.
	Grafana, DataSource string
}

// Diagnosis is what a walk along the way found.
type Diagnosis struct {
	Hops []Hop
}

// Finding is the one hop to look at: the first broken one, else the first suspect, nil when there is neither.
func (d Diagnosis) Finding() *Hop {
	var found *Hop
	for i := range d.Hops {
		switch d.Hops[i].State {
		case HopBroken:
			return &d.Hops[i]
		case HopSuspect:
			if found == nil {
				found = &d.Hops[i]
			}
		case HopFine, HopUnknown:
		}
	}
	return found
}

// isOver reports that a broken hop was found: everything behind it is dry.
func (d Diagnosis) isOver() bool {
	found := d.Finding()
	return found != nil && found.State == HopBroken
}

// String lists all hops that were looked at.
func (d Diagnosis) String() string {
	lines := make([]string, 0, len(d.Hops))
	for _, h := range d.Hops {
		lines = append(lines, h.String())
	}
	return strings.Join(lines, "\n")
}

// Diagnose walks the way from the request to the store and stops at the first hop that is broken: everything behind it
// is dry. What the store refused, with an answer of its own, needs no walk.
func Diagnose(ctx context.Context, w Way) Diagnosis {
	if hop := w.refused(); hop != nil {
		return Diagnosis{Hops: []Hop{*hop}}
	}
	var d Diagnosis
	for _, look := range []func(context.Context) []Hop{
		w.lookAtRequest, w.lookAtCluster, w.lookAtWorkloads, w.lookAtMesh, w.lookAtCollector, w.lookAtStore, w.lookAtGrafana,
	} {
		d.Hops = append(d.Hops, look(ctx)...)
		if d.isOver() || ctx.Err() != nil {
			break
		}
	}
	return d
}

// lookAtCluster says which hops nobody can look at without a cluster.
func (w Way) lookAtCluster(context.Context) []Hop {
	if w.Cluster != nil || w.Unseen == nil {
		return nil
	}
	var hops []Hop
	for _, name := range []string{HopWorkloads, HopMesh, HopCollector} {
		hops = append(hops, notLooked(name, w.Unseen))
	}
	return hops
}
