package verify

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

const fixDataSource = "Set lab_monitoring.grafana.tempo_url (lab_tempo.endpoints.query_url) and lab_monitoring.grafana.tempo_datasource_uid."

// lookAtGrafana checks the data source that people look through.
func (w Way) lookAtGrafana(ctx context.Context) []Hop {
	if w.Grafana == "" || w.InCluster == nil {
		return nil
	}
	api := endpoint{base: w.Grafana, client: w.InCluster}
	var source struct{ Type, URL string }
	err := api.get(ctx, "/api/datasources/uid/"+url.PathEscape(w.DataSource), nil, &source)
	status := statusOf(err)
	switch {
	case status == http.StatusNotFound:
		return []Hop{broken(HopGrafana, fixDataSource, "Grafana has no data source with uid %q", w.DataSource)}
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusFound:
		return []Hop{w.lookAsViewer(ctx, api)}
	case fault.Is(err, fault.Denied, fault.Auth, fault.HostKey):
		return []Hop{notLooked(HopGrafana, err)}
	case err != nil:
		return []Hop{broken(HopGrafana, "Check lab_monitoring, and that lab_trace_check.grafana.url is lab_monitoring.grafana_url.", "Grafana does not answer: %v", err)}
	}
	if message, sick, _ := w.sourceHealth(ctx, api); sick {
		return []Hop{broken(HopGrafana, fixDataSource, "Grafana's data source %q (%s) is not healthy: %s", w.DataSource, source.URL, message)}
	}
	if w.StoreURL != "" && source.URL != "" && servedAt(source.URL) != servedAt(w.StoreURL) {
		return []Hop{suspect(HopGrafana, fixDataSource, "Grafana's data source %q leads to %s, and the store that was asked is %s", w.DataSource, withoutPassword(source.URL), withoutPassword(w.StoreURL))}
	}
	return []Hop{fine(HopGrafana, "Grafana's data source %q leads to %s", w.DataSource, withoutPassword(source.URL))}
}

// Viewed looks whether a trace that arrived can be looked at: the hop behind the store, nil where there is none to look at.
func (w Way) Viewed(ctx context.Context) *Hop {
	hops := w.lookAtGrafana(ctx)
	if len(hops) == 0 {
		return nil
	}
	return &hops[0]
}

// lookAsViewer judges the data source by its health alone: only administrators see what it is, but whoever may query it may ask how
// it is (grafana:pkg/api/accesscontrol.go, datasources:read and datasources:query).
func (w Way) lookAsViewer(ctx context.Context, api endpoint) Hop {
	message, sick, err := w.sourceHealth(ctx, api)
	switch {
	case sick:
		return broken(HopGrafana, fixDataSource, "Grafana's data source %q is not healthy: %s", w.DataSource, message)
	case statusOf(err) == http.StatusNotFound:
		return broken(HopGrafana, fixDataSource, "Grafana has no data source with uid %q", w.DataSource)
	case err != nil:
		return unknown(HopGrafana, "Grafana does not show its data sources without a login (lab_monitoring.grafana.anonymous_role)")
	}
	return fine(HopGrafana, "Grafana's data source %q is healthy", w.DataSource)
}

// sourceHealth asks Grafana how its data source is. It answers 400 with a message for one that is not well
// (grafana:pkg/api/datasources.go, checkDatasourceHealth), and 404 for one that is not there or cannot tell.
func (w Way) sourceHealth(ctx context.Context, api endpoint) (message string, sick bool, err error) {
	var health struct{ Status, Message string }
	err = api.get(ctx, "/api/datasources/uid/"+url.PathEscape(w.DataSource)+"/health", nil, &health)
	var answered *AnswerError
	if errors.As(err, &answered) && answered.Status == http.StatusBadRequest {
		err = json.Unmarshal(answered.body, &health)
	}
	return cut(masked(health.Message), shownOfAnswer), err == nil && strings.EqualFold(health.Status, "error"), err
}

// servedAt is the Service and port of an address in the cluster, whatever form its name has.
func servedAt(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	parts := strings.Split(u.Hostname(), ".")
	return strings.Join(parts[:min(len(parts), 2)], ".") + ":" + u.Port()
}
