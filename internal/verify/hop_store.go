package verify

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// lookAtStore checks that the store runs, takes spans, and is asked as the right tenant and for the right time.
func (w Way) lookAtStore(ctx context.Context) []Hop {
	if w.Store == nil {
		return nil
	}
	if err := w.Store.Ready(ctx); err != nil {
		if fault.Is(err, fault.Denied, fault.Auth) {
			return []Hop{notLooked(HopStore, err)}
		}
		return []Hop{broken(HopStore, "Check lab_tempo and the port of tempo_url: charts of Tempo listened on 3100 before 1.23.1 and listen on 3200 since; lab_tempo.endpoints.query_url has the right one.",
			"%s is not ready: %v", w.StoreURL, err)}
	}
	if hop := w.tenancy(ctx); hop != nil {
		return []Hop{*hop}
	}
	if hop := w.clock(ctx); hop != nil {
		return []Hop{*hop}
	}
	return []Hop{fine(HopStore, "%s is ready", w.StoreURL)}
}

// storeConfig is what of Tempo's configuration loses traces (GET /status/config).
type storeConfig struct {
	MultitenancyEnabled bool `json:"multitenancy_enabled"`
	Distributor         struct {
		Receivers map[string]any
	}
}

func (w Way) tenancy(ctx context.Context) *Hop {
	body, err := w.Store.api.raw(ctx, "/status/config", nil)
	if err != nil {
		return nil // not every store shows its configuration
	}
	var config storeConfig
	if yaml.Unmarshal(body, &config) != nil {
		return nil
	}
	if config.MultitenancyEnabled && w.Tenant == "" {
		hop := broken(HopStore, "Set tenant of the check, and the same X-Scope-OrgID in the collector's exporter.", "%s keeps tenants apart, and no tenant is asked for", w.StoreURL)
		return &hop
	}
	if receivers := config.Distributor.Receivers; len(receivers) > 0 && receivers["otlp"] == nil {
		if _, there := receivers["otlp"]; !there {
			hop := broken(HopStore, "Add otlp to lab_tempo.receivers.", "%s takes no OTLP; its receivers are %s", w.StoreURL, strings.Join(sortedKeys(receivers), ", "))
			return &hop
		}
	}
	return nil
}

// skewLimit is how far clocks may be apart: Tempo's search looks at seconds, and spans from its future are not found.
const skewLimit = 30 * time.Second

// clock compares the store's clock with this machine's by the Date header of an answer.
func (w Way) clock(ctx context.Context) *Hop {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(w.StoreURL, "/")+"/ready", nil)
	if err != nil {
		return nil
	}
	response, err := w.Store.api.client.Do(request)
	if err != nil {
		return nil
	}
	_ = response.Body.Close() // nothing of it is read
	there, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return nil
	}
	if skew := time.Since(there); skew.Abs() > skewLimit {
		hop := broken(HopStore, "Set the clocks right (NTP on the hosts).", "the store's clock is %s apart from this machine's, so that searches by time miss spans", skew.Abs().Round(time.Second))
		return &hop
	}
	return nil
}

// lookAtGrafana checks the data source that people look through.
func (w Way) lookAtGrafana(ctx context.Context) []Hop {
	if w.Grafana == "" || w.InCluster == nil {
		return nil
	}
	api := endpoint{base: w.Grafana, client: w.InCluster}
	var source struct{ Type, URL string }
	err := api.get(ctx, "/api/datasources/uid/"+url.PathEscape(w.DataSource), nil, &source)
	const fix = "Set lab_monitoring.grafana.tempo_url (lab_tempo.endpoints.query_url) and tempo_datasource_uid."
	switch {
	case isGone(err):
		return []Hop{broken(HopGrafana, fix, "Grafana has no data source with uid %q", w.DataSource)}
	case fault.Is(err, fault.Auth, fault.Denied):
		return []Hop{unknown(HopGrafana, "Grafana does not show its data sources without a login")}
	case err != nil:
		return []Hop{broken(HopGrafana, "Check lab_monitoring.", "Grafana does not answer: %v", err)}
	}
	var health struct{ Status, Message string }
	if err := api.get(ctx, "/api/datasources/uid/"+url.PathEscape(w.DataSource)+"/health", nil, &health); err == nil && strings.EqualFold(health.Status, "error") {
		return []Hop{broken(HopGrafana, fix, "Grafana's data source %q (%s) is not healthy: %s", w.DataSource, source.URL, health.Message)}
	}
	return []Hop{fine(HopGrafana, "Grafana's data source %q leads to %s", w.DataSource, source.URL)}
}
