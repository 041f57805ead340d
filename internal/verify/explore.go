package verify

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// Explore is a place in Grafana where a trace can be looked at.
type Explore struct {
	// Base is Grafana's address as a browser reaches it, DataSource the uid of its data source for the store.
	Base, DataSource string
	// Version is Grafana's own; empty means a current one.
	Version string
	// Trace is looked at, sent at a time.
	Trace TraceID
	Sent  time.Time
}

// exploreWindow is how much time around a trace the link shows.
const exploreWindow = 15 * time.Minute

// URL is the link. Grafana has named its panes since version 10 (grafana:public/app/features/explore/hooks/useStateSync,
// schemaVersion 1); before, the left one was called left.
func (e Explore) URL() string {
	query := map[string]any{"refId": "A", "datasource": map[string]any{"type": "tempo", "uid": e.DataSource}, "queryType": "traceql", "query": string(e.Trace)}
	at := map[string]any{"from": milli(e.Sent.Add(-exploreWindow)), "to": milli(e.Sent.Add(exploreWindow))}
	pane := map[string]any{"datasource": e.DataSource, "queries": []any{query}, "range": at}
	values := url.Values{"orgId": {"1"}}
	if e.isOld() {
		query["queryType"] = "traceId"
		values.Set("left", asJSON(pane))
	} else {
		values.Set("schemaVersion", "1")
		values.Set("panes", asJSON(map[string]any{"trace": pane}))
	}
	return strings.TrimRight(e.Base, "/") + "/explore?" + values.Encode()
}

func (e Explore) isOld() bool {
	const panes = 10
	version, err := semver.NewVersion(e.Version)
	return err == nil && version.Major() < panes
}

func milli(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// asJSON writes what cannot fail to be written: texts in maps.
func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "{}"
	}
	return string(text)
}

// GrafanaVersion asks a Grafana which version it is (GET /api/health, which wants no login); empty when it does not say.
func GrafanaVersion(ctx context.Context, address string, client *http.Client) string {
	var health struct{ Version string }
	if err := (endpoint{base: address, client: client}).get(ctx, "/api/health", nil, &health); err != nil {
		return ""
	}
	return health.Version
}
