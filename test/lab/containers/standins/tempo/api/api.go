// Package api knows the HTTP interface of Tempo as its documentation has it (tempo:docs/sources/tempo/api_docs/_index.md@v2.10.8): traces by
// id in both versions, search by TraceQL and by tags, names and values of tags, readiness, status and metrics.
package api

import (
	"encoding/json"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/receive"
	"github.com/dxlab/terraform-provider-lab/test/lab/containers/standins/tempo/store"
)

// SingleTenant is the tenant of everything while there is but one (tempo:pkg/util, FakeTenantID).
const SingleTenant = "single-tenant"

// Version is the version of Tempo that is stood in for.
const Version = "2.10.8"

// Options are what the interface needs to know.
type Options struct {
	Store *store.Store
	// Prefix is in front of the paths of the API (tempo: http_api_prefix).
	Prefix string
	// Tenants tells whether every request has to name its tenant (tempo: multitenancy_enabled).
	Tenants bool
	// ReadyAt is when it says that it is ready; Wait is named as the reason until then.
	ReadyAt time.Time
	Wait    time.Duration
	// SearchAfter is how long a trace must not have grown before a search finds it (tempo: ingester.trace_idle_period); by its id it is
	// found at once.
	SearchAfter time.Duration
	// Config is shown by /status/config.
	Config  string
	Metrics *prometheus.Registry
}

type api struct{ Options }

// Handler answers all requests.
func Handler(options Options) http.Handler {
	a := &api{options}
	mux := http.NewServeMux()
	query := func(pattern string, answer func(http.ResponseWriter, *http.Request, string)) {
		mux.HandleFunc("GET "+a.Prefix+pattern, a.ofTenant(answer))
	}
	query("/api/traces/{traceID}", a.trace)
	query("/api/v2/traces/{traceID}", a.traceV2)
	query("/api/search", a.search)
	query("/api/search/tags", a.tags)
	query("/api/v2/search/tags", a.tagsV2)
	query("/api/search/tag/{tag}/values", a.tagValues)
	query("/api/v2/search/tag/{tag}/values", a.tagValuesV2)
	mux.HandleFunc("GET "+a.Prefix+"/api/echo", func(w http.ResponseWriter, _ *http.Request) { write(w, "echo") })
	mux.HandleFunc("GET "+a.Prefix+"/api/status/buildinfo", buildInfo)
	mux.HandleFunc("GET /ready", a.ready)
	mux.HandleFunc("GET /status", a.status)
	mux.HandleFunc("GET /status/{of}", a.status)
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{}))
	return mux
}

// ofTenant refuses requests without a tenant where there are several (grafana/dskit:middleware/http_auth.go).
func (a *api) ofTenant(answer func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		tenant := SingleTenant
		if a.Tenants {
			if tenant = r.Header.Get(receive.TenantHeader); tenant == "" {
				http.Error(w, receive.ErrNoTenant.Error(), http.StatusUnauthorized)
				return
			}
		}
		answer(w, r, tenant)
	}
}

// searchable are the traces of a tenant that a search finds, the newest first.
func (a *api) searchable(tenant string) []store.Trace {
	settled := time.Now().Add(-a.SearchAfter)
	var out []store.Trace
	for _, trace := range a.Store.All(tenant) {
		if trace.Grown.Before(settled) {
			out = append(out, trace)
		}
	}
	return out
}

// ready says so, or why not, in the words of a single binary whose ingester waits (tempo:cmd/tempo/app/app.go,
// grafana/dskit:ring/lifecycler.go).
func (a *api) ready(w http.ResponseWriter, _ *http.Request) {
	if time.Now().Before(a.ReadyAt) {
		http.Error(w, "Ingester not ready: ingester check ready failed: waiting for "+a.Wait.String()+" after being ready", http.StatusServiceUnavailable)
		return
	}
	write(w, "ready\n")
}

func (a *api) status(w http.ResponseWriter, r *http.Request) {
	switch of := r.PathValue("of"); of {
	case "config":
		w.Header().Set("Content-Type", "text/yaml")
		write(w, "---\n"+a.Config)
	case "version", "":
		write(w, "tempo, version "+Version+" (a stand-in)\n")
	default:
		http.Error(w, of+" is not valid", http.StatusNotFound)
	}
}

func buildInfo(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]string{
		"version": Version, "revision": "stand-in", "branch": "", "buildUser": "", "buildDate": "", "goVersion": runtime.Version(),
	})
}

// refuse answers 400 as Tempo does: with nothing but the reason (tempo:modules/frontend, httpInvalidRequest).
func refuse(w http.ResponseWriter, err error) {
	w.WriteHeader(http.StatusBadRequest)
	write(w, err.Error())
}

// write and writeJSON send an answer; a client that went away is no matter.
func write(w http.ResponseWriter, text string) { _, _ = w.Write([]byte(text)) }

func writeJSON(w http.ResponseWriter, what any) {
	body, err := json.Marshal(what)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}
