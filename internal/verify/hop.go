package verify

import (
	"fmt"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// HopState says what is known of a hop.
type HopState string

// The states.
const (
	HopFine   HopState = "fine"
	HopBroken HopState = "broken"
	// HopSuspect is what may well be the cause, but need not be: the walk goes on behind it.
	HopSuspect HopState = "suspect"
	HopUnknown HopState = "unknown"
)

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

// Hop is one station of the way.
type Hop struct {
	// Name is one of the names of this package's hops.
	Name  string
	State HopState
	// Evidence says how it is known, Fix what to change in which resource; Fix is set for broken and suspect hops.
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

// broken and suspect have the fix first, because the evidence is what is formatted.
func broken(name, fix, format string, args ...any) Hop {
	return Hop{Name: name, State: HopBroken, Evidence: fmt.Sprintf(format, args...), Fix: fix}
}

func suspect(name, fix, format string, args ...any) Hop {
	return Hop{Name: name, State: HopSuspect, Evidence: fmt.Sprintf(format, args...), Fix: fix}
}

// notLooked is a hop whose look failed without learning anything.
func notLooked(name string, err error) Hop { return unknown(name, "could not look: %v", err) }

// isGone reports a positive "not there".
func isGone(err error) bool { return fault.Is(err, fault.NotFound) }
