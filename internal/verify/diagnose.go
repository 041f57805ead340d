package verify

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
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
	// URL and Host are those of the request, Client how it is sent.
	URL, Host string
	Client    *http.Client
	// Services are the services that should have spans.
	Services []string
	// Mesh is istiod's namespace.
	Mesh string
	// Collector is the Service of the collector and Port the port that the mesh sends to.
	Collector     object.Ref
	CollectorPort int64
	// Cluster reads objects, InCluster sends requests to services by their names.
	Cluster   Objects
	InCluster *http.Client
	// Store is where spans end; StoreURL is its address.
	Store    *Store
	StoreURL string
	Tenant   string
	// Grafana is its address in the cluster and DataSource the uid of its data source for the store.
	Grafana, DataSource string
}

// HopState says what is known of a hop.
type HopState string

// The states.
const (
	HopFine    HopState = "fine"
	HopBroken  HopState = "broken"
	HopUnknown HopState = "unknown"
)

// Hop is one station of the way.
type Hop struct {
	// Name is one of the names of this package's hops.
	Name  string
	State HopState
	// Evidence says how it is known, Fix what to change in which resource; Fix is set for broken hops.
	Evidence, Fix string
}

// String is one line of a report: "collector: broken: Service otel-system/otel-collector has no ready endpoint".
func (h Hop) String() string { return fmt.Sprintf("%s: %s: %s", h.Name, h.State, h.Evidence) }

func fine(name, format string, args ...any) Hop {
	return Hop{Name: name, State: HopFine, Evidence: fmt.Sprintf(format, args...)}
}

func unknown(name, format string, args ...any) Hop {
	return Hop{Name: name, State: HopUnknown, Evidence: fmt.Sprintf(format, args...)}
}

// broken has the fix first, because the evidence is what is formatted.
func broken(name, fix, format string, args ...any) Hop {
	return Hop{Name: name, State: HopBroken, Evidence: fmt.Sprintf(format, args...), Fix: fix}
}

// notLooked is a hop whose look failed without learning anything.
func notLooked(name string, err error) Hop { return unknown(name, "could not look: %v", err) }

// The hops, in the order of the way.
const (
	HopAddress   = "address"
	HopRoute     = "route"
	HopWorkloads = "workloads"
	HopMesh      = "mesh tracing"
	HopCollector = "collector"
	HopExporter  = "exporter"
	HopStore     = "store"
	HopGrafana   = "grafana"
)

// Diagnosis is what a walk along the way found.
type Diagnosis struct {
	Hops []Hop
}

// Broken returns the first broken hop, nil when none is.
func (d Diagnosis) Broken() *Hop {
	for i := range d.Hops {
		if d.Hops[i].State == HopBroken {
			return &d.Hops[i]
		}
	}
	return nil
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
// is dry.
func Diagnose(ctx context.Context, w Way) Diagnosis {
	var d Diagnosis
	for _, look := range []func(context.Context) []Hop{
		w.lookAtRequest, w.lookAtWorkloads, w.lookAtMesh, w.lookAtCollector, w.lookAtStore, w.lookAtGrafana,
	} {
		d.Hops = append(d.Hops, look(ctx)...)
		if d.Broken() != nil || ctx.Err() != nil {
			break
		}
	}
	return d
}

// isGone reports a positive "not there".
func isGone(err error) bool { return fault.Is(err, fault.NotFound) }
