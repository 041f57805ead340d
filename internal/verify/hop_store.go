package verify

import (
	"context"
	"net/http"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

const (
	fixStoreURL = "Check lab_tempo, and that lab_trace_check.tempo_url is lab_tempo.endpoints.query_url: charts of Tempo listened on 3100 before 1.23.1 and listen on 3200 since."
	fixTenant   = "Set lab_trace_check.tenant, and the same X-Scope-OrgID for the collector's exporter (lab_tracing_pipeline.config)."
	fixRight    = "Give the user of the kubeconfig create on pods/portforward, or get on services/proxy, in the store's namespace, or set lab_trace_check.tempo_via = \"node\" with an address that the node reaches."
)

// lookAtStore checks that the store runs, takes spans, and is asked as the right tenant and for the right time.
func (w Way) lookAtStore(ctx context.Context) []Hop {
	if w.Store == nil {
		return nil
	}
	if err := w.Store.Ready(ctx); err != nil {
		if fault.Is(err, fault.Denied, fault.Auth, fault.HostKey) {
			return []Hop{notLooked(HopStore, err)}
		}
		return []Hop{broken(HopStore, fixStoreURL, "%s is not ready: %v", withoutPassword(w.StoreURL), err)}
	}
	for _, look := range []func(context.Context) *Hop{w.configured, w.busy, w.clock} {
		if hop := look(ctx); hop != nil {
			return []Hop{*hop}
		}
	}
	return []Hop{fine(HopStore, "%s is ready", withoutPassword(w.StoreURL))}
}

// refused is what the store said with an answer of its own that no waiting changes; nil for everything else.
func (w Way) refused() *Hop {
	var hop Hop
	switch {
	case w.Said == nil:
		return nil
	case statusOf(w.Said) == http.StatusUnauthorized:
		hop = broken(HopStore, fixTenant, "the store wants to know who asks: %v", w.Said)
	case statusOf(w.Said) == http.StatusForbidden:
		hop = broken(HopStore, fixTenant+" Where something in front of the store wants a login, ask the store itself.", "the store refuses this tenant, or something in front of it does: %v", w.Said)
	case fault.Is(w.Said, fault.Denied):
		hop = broken(HopStore, fixRight, "the store could not be asked: %v", w.Said)
	case fault.Is(w.Said, fault.Invalid):
		hop = broken(HopStore, fixStoreURL, "what answers there does not answer as Tempo does: %v", w.Said)
	default:
		return nil
	}
	return &hop
}

// busy is a store that runs but answered every question with 429 or 5xx to the end.
func (w Way) busy(context.Context) *Hop {
	if status := statusOf(w.Said); status == http.StatusTooManyRequests || status >= http.StatusInternalServerError {
		hop := broken(HopStore, "Look at Tempo's log; its limits and resources are in lab_tempo.values.", "the store is ready, but its last answer was no trace: %v", w.Said)
		return &hop
	}
	return nil
}

// storeConfig is what of Tempo's configuration loses traces (GET /status/config).
type storeConfig struct {
	MultitenancyEnabled bool `json:"multitenancy_enabled"`
	Distributor         struct {
		Receivers map[string]any
	}
}

func (w Way) configured(ctx context.Context) *Hop {
	body, err := w.Store.api.raw(ctx, "/status/config", nil)
	if err != nil {
		return nil // not every store shows its configuration
	}
	var config storeConfig
	if yaml.Unmarshal(body, &config) != nil {
		return nil
	}
	if config.MultitenancyEnabled && w.Tenant == "" {
		hop := broken(HopStore, fixTenant, "%s keeps tenants apart, and no tenant is asked for", withoutPassword(w.StoreURL))
		return &hop
	}
	if receivers := config.Distributor.Receivers; len(receivers) > 0 {
		if _, there := receivers["otlp"]; !there {
			hop := broken(HopStore, "Add otlp to lab_tempo.receivers.", "%s takes no OTLP; its receivers are %s", withoutPassword(w.StoreURL), strings.Join(sortedKeys(receivers), ", "))
			return &hop
		}
	}
	return nil
}

// skewLimit is how far clocks may be apart before anybody notices: searches look at seconds, and people at minutes.
const skewLimit = 30 * time.Second

// clock compares the store's clock with this machine's. A trace is found by its id whatever its time, so that this alone
// loses none; it is said where nothing worse is found.
func (w Way) clock(ctx context.Context) *Hop {
	skew, known := w.Store.Skew(ctx)
	if !known || skew.Abs() <= skewLimit {
		return nil
	}
	hop := suspect(HopStore, "Set the clocks right (NTP on the hosts of lab_rke2_node, and here).",
		"the store's clock is %s than this machine's, so that searches by time, and those of Grafana, miss spans", aheadBy(skew))
	return &hop
}

// aheadBy says how a clock differs from another: "10m0s later".
func aheadBy(skew time.Duration) string {
	if skew < 0 {
		return skew.Abs().Round(time.Second).String() + " earlier"
	}
	return skew.Round(time.Second).String() + " later"
}
