package verify_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/verify"
)

// objects is a cluster in memory.
type objects []object.Object

func (o objects) Get(_ context.Context, ref object.Ref) (object.Object, error) {
	for _, live := range o {
		if object.RefOf(live) == ref {
			return live, nil
		}
	}
	return nil, fault.Newf(fault.NotFound, "%s not found", ref)
}

func (o objects) List(_ context.Context, apiVersion, kind, namespace, selector string) ([]object.Object, error) {
	var found []object.Object
	for _, live := range o {
		ref := object.RefOf(live)
		label, value, _ := strings.Cut(selector, "=")
		if ref.APIVersion == apiVersion && ref.Kind == kind && (namespace == "" || namespace == ref.Namespace) && object.String(live, "metadata", "labels", label) == value {
			found = append(found, live)
		}
	}
	return found, nil
}

func (o objects) without(kind, name string) objects {
	return slices.DeleteFunc(slices.Clone(o), func(live object.Object) bool {
		return object.RefOf(live).Kind == kind && (name == "" || object.RefOf(live).Name == name)
	})
}

// with replaces objects of the same name, or adds them.
func (o objects) with(t *testing.T, texts ...string) objects {
	t.Helper()
	out := o
	for _, text := range texts {
		live := object.Object{}
		if err := yaml.Unmarshal([]byte(text), &live); err != nil {
			t.Fatal(err)
		}
		out = append(out.without(object.RefOf(live).Kind, object.RefOf(live).Name), live)
	}
	return out
}

const (
	mesh       = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |\n"
	zipkinMesh = mesh + "    enableTracing: true\n    defaultConfig: {tracing: {zipkin: {address: otel-collector.otel-system.svc.cluster.local:9411}}}\n"
	otelMesh   = mesh + "    extensionProviders: [{name: otel, opentelemetry: {service: otel-collector.otel-system.svc.cluster.local, port: 4317}}]\n"
	telemetry  = "apiVersion: telemetry.istio.io/v1\nkind: Telemetry\nmetadata: {name: mesh, namespace: istio-system}\nspec: {tracing: [{providers: [{name: otel}], randomSamplingPercentage: 100}]}"
	collector  = "apiVersion: v1\nkind: Service\nmetadata: {name: otel-collector, namespace: otel-system}\nspec: {ports: [{port: 9411}, {port: 4317}]}"
	endpoints  = "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: otel, namespace: otel-system, labels: {kubernetes.io/service-name: otel-collector}}\nendpoints: [{conditions: {ready: true}}]"
	page       = "apiVersion: v1\nkind: Pod\nmetadata: {name: page-1, namespace: default, labels: {app: productpage}}\nspec: {containers: [{name: page}], initContainers: [{name: istio-proxy, image: 'docker.io/istio/proxyv2:1.30.3'}]}\nstatus: {conditions: [{type: Ready, status: 'True'}]}"
	istiod     = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: istiod, namespace: istio-system, labels: {app: istiod}}\nspec: {template: {spec: {containers: [{name: discovery, image: 'registry.istio.io/release/pilot:1.30.3'}]}}}"
	// The collector's pod is not part of the whole, because most cases do not get as far as its log.
	collectorPod = "apiVersion: v1\nkind: Pod\nmetadata: {name: otel-1, namespace: otel-system, labels: {app.kubernetes.io/name: otel-collector}}"
	gateway      = "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: g, namespace: default}\nspec: {servers: [{hosts: ['*.example']}]}"
	route        = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v, namespace: default}\nspec: {hosts: [page.example]}"
)

// world answers for all HTTP servers on the way; each is a path of one server.
type world struct {
	page    http.HandlerFunc
	metrics string
	ready   int
	config  string
	date    time.Time
	grafana http.HandlerFunc
}

func (w world) serve(t *testing.T) *httptest.Server {
	t.Helper()
	return serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if !w.date.IsZero() {
			rw.Header().Set("Date", w.date.UTC().Format(http.TimeFormat))
		}
		switch r.URL.Path {
		case "/productpage":
			w.page(rw, r)
		case "/metrics":
			_, _ = rw.Write([]byte(w.metrics))
		case "/ready":
			rw.WriteHeader(w.ready)
		case "/status/config":
			_, _ = rw.Write([]byte(w.config))
		default:
			w.grafana(rw, r)
		}
	})
}

// redirected sends every request to one server, as a way into the cluster would.
type redirected struct{ to *httptest.Server }

func (r redirected) RoundTrip(request *http.Request) (*http.Response, error) {
	to, err := url.Parse(r.to.URL)
	if err != nil {
		return nil, err
	}
	request = request.Clone(request.Context())
	request.URL.Scheme, request.URL.Host = to.Scheme, to.Host
	return r.to.Client().Transport.RoundTrip(request)
}

func whole() world {
	return world{
		page:    func(http.ResponseWriter, *http.Request) {},
		metrics: "otelcol_receiver_accepted_spans_total{receiver=\"otlp\"} 12\notelcol_exporter_sent_spans{exporter=\"otlp\"} 12\n",
		ready:   http.StatusOK,
		config:  "distributor:\n  receivers: {otlp: {protocols: {grpc: null}}}\n",
		grafana: func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = rw.Write([]byte(`{"type":"tempo","url":"http://tempo.tempo.svc.cluster.local:3200","status":"OK"}`))
		},
	}
}

func answering(status int, server string) http.HandlerFunc {
	return func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Server", server)
		rw.WriteHeader(status)
	}
}

// TestDiagnose_NamesTheBrokenHop breaks one hop at a time.
func TestDiagnose_NamesTheBrokenHop(t *testing.T) {
	t.Parallel()
	all := objects{}.with(t, zipkinMesh, collector, endpoints, page, istiod, gateway, route)
	modern := all.with(t, otelMesh, telemetry)
	otlp := func(w *verify.Way) { w.CollectorPort = 4317 }
	said := func(status int, body string) func(*verify.Way) {
		return func(w *verify.Way) {
			server := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
				rw.WriteHeader(status)
				_, _ = rw.Write([]byte(body))
			})
			_, w.Said = verify.NewStore(verify.StoreOptions{URL: server.URL, Client: server.Client()}).Trace(t.Context(), id)
		}
	}
	before := func(text string) func(*verify.Way) {
		return func(w *verify.Way) {
			was := whole()
			was.metrics = text
			other := *w
			other.InCluster = &http.Client{Transport: redirected{was.serve(t)}}
			counters, err := other.Counters(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			w.Before = counters
		}
	}
	changed := func(change func(*world)) world {
		w := whole()
		change(&w)
		return w
	}
	for name, c := range map[string]struct {
		world   world
		objects objects
		way     func(*verify.Way)
		hop     string
		says    string
	}{
		"nothing, legacy tracing": {whole(), all, nil, "", "sends 1 % to otel-collector"},
		"nothing, a provider":     {whole(), modern, func(w *verify.Way) { w.CollectorPort = 4317 }, "", "Telemetry istio-system/mesh sends 100 %"},
		"nobody answers":          {whole(), all, func(w *verify.Way) { w.URL, w.Client = "http://127.0.0.1:1/", http.DefaultClient }, verify.HopAddress, "connection refused"},
		"the name is unknown":     {whole(), all, func(w *verify.Way) { w.URL, w.Client = "http://page.invalid/", http.DefaultClient }, verify.HopAddress, "does not resolve"},
		"no gateway for the host": {changed(func(w *world) { w.page = answering(404, "istio-envoy") }), all.without("Gateway", ""), nil, verify.HopRoute, "no Gateway has a listener for host page.example"},
		"no route for the host":   {changed(func(w *world) { w.page = answering(404, "istio-envoy") }), all.without("VirtualService", ""), nil, verify.HopRoute, "no VirtualService routes host page.example"},
		"no rule for the path":    {changed(func(w *world) { w.page = answering(404, "istio-envoy") }), all, nil, verify.HopRoute, "no rule matches the path"},
		"the app says 404":        {changed(func(w *world) { w.page = answering(404, "gunicorn") }), all, nil, verify.HopRoute, "404"},
		"nothing behind it":       {changed(func(w *world) { w.page = answering(503, "istio-envoy") }), all, nil, verify.HopWorkloads, "503"},
		"no pod":                  {whole(), all.without("Pod", ""), nil, verify.HopWorkloads, "no pod with label app=productpage"},
		"no sidecar":              {whole(), all.with(t, strings.Replace(page, "istio-proxy", "other", 1)), nil, verify.HopWorkloads, "has no proxy"},
		"not ready":               {whole(), all.with(t, strings.Replace(page, "'True'", "'False'", 1)), nil, verify.HopWorkloads, "is not ready"},
		"a stale sidecar":         {whole(), all.with(t, strings.Replace(page, "1.30.3", "1.27.0", 1)), nil, verify.HopWorkloads, "proxy of version 1.27.0, istiod is 1.30.3"},
		"no mesh":                 {whole(), all.without("ConfigMap", ""), nil, verify.HopMesh, "no mesh in namespace istio-system"},
		"tracing is off":          {whole(), all.with(t, strings.Replace(zipkinMesh, "true", "false", 1)), nil, verify.HopMesh, "enableTracing: false"},
		"no address":              {whole(), all.with(t, mesh+"    enableTracing: true\n"), nil, verify.HopMesh, "no address for traces"},
		"sampling 0":              {whole(), all.with(t, strings.Replace(zipkinMesh, "tracing: {", "tracing: {sampling: 0, ", 1)), nil, verify.HopMesh, "samples 0 %"},
		"Telemetry samples 0":     {whole(), modern.with(t, strings.Replace(telemetry, "100", "0", 1)), otlp, verify.HopMesh, "Telemetry istio-system/mesh samples 0 %"},
		"an unknown provider":     {whole(), modern.with(t, strings.Replace(telemetry, "name: otel", "name: jaeger", 1)), nil, verify.HopMesh, `names tracing provider "jaeger"`},
		"a namespace overrides":   {whole(), modern.with(t, strings.Replace(strings.Replace(telemetry, "name: mesh, namespace: istio-system", "name: quiet, namespace: default", 1), "{providers: [{name: otel}], randomSamplingPercentage: 100}", "{disableSpanReporting: true}", 1)), nil, verify.HopMesh, "Telemetry default/quiet has disableSpanReporting"},
		"spans go elsewhere":      {whole(), all.with(t, strings.Replace(zipkinMesh, "otel-system", "other", 1)), nil, verify.HopMesh, "sends spans to otel-collector.other"},
		"no collector":            {whole(), all.without("Service", ""), nil, verify.HopCollector, "there is no Service otel-system/otel-collector"},
		"no receiver":             {whole(), all.with(t, strings.Replace(collector, "{port: 9411}, ", "", 1)), nil, verify.HopCollector, "no port 9411"},
		"the collector is down":   {whole(), all.with(t, strings.Replace(endpoints, "ready: true", "ready: false", 1)), nil, verify.HopCollector, "no ready endpoint"},
		"it refuses":              {changed(func(w *world) { w.metrics += "otelcol_receiver_refused_spans 3\n" }), all, nil, verify.HopCollector, "refused 3 spans"},
		"nothing arrives":         {changed(func(w *world) { w.metrics = "up 1\n" }), all, nil, verify.HopMesh, "accepted no span"},
		"the exporter fails":      {changed(func(w *world) { w.metrics += "otelcol_exporter_send_failed_spans_total 7\n" }), all, nil, verify.HopExporter, "could not export 7 spans"},
		"nothing is exported":     {changed(func(w *world) { w.metrics = "otelcol_receiver_accepted_spans 12\n" }), all, nil, verify.HopExporter, "has exported no span"},
		"the store is not ready":  {changed(func(w *world) { w.ready = http.StatusServiceUnavailable }), all, nil, verify.HopStore, "503"},
		"no tenant":               {changed(func(w *world) { w.config = "multitenancy_enabled: true\n" }), all, nil, verify.HopStore, "no tenant is asked for"},
		"the store takes no OTLP": {changed(func(w *world) { w.config = "distributor: {receivers: {zipkin: null}}\n" }), all, nil, verify.HopStore, "takes no OTLP; its receivers are zipkin"},
		"clocks are apart":        {changed(func(w *world) { w.date = time.Now().Add(-10 * time.Minute) }), all, nil, verify.HopStore, "clock is 10m"},
		"a pod among others":      {whole(), all.with(t, strings.NewReplacer("page-1", "page-2", "'True'", "'False'").Replace(page)), nil, verify.HopWorkloads, "Pod default/page-2 is not ready, but 1 of 2"},
		"an ended pod":            {whole(), all.with(t, strings.NewReplacer("page-1", "page-2", "'True'}]", "'False'}], phase: Succeeded").Replace(page)), nil, "", "the pods of productpage.default are ready"},
		"a namespace samples":     {whole(), modern.with(t, strings.Replace(strings.Replace(telemetry, "name: mesh, namespace: istio-system", "name: own, namespace: default", 1), "providers: [{name: otel}], randomSamplingPercentage: 100", "randomSamplingPercentage: 40", 1), telemetry), otlp, "", "Telemetry default/own sends 40 % to otel-collector"},
		"a workload is silent":    {whole(), modern.with(t, strings.Replace(strings.Replace(telemetry, "name: mesh, namespace: istio-system", "name: page, namespace: default", 1), "spec: {tracing: [{providers: [{name: otel}], randomSamplingPercentage: 100}]", "spec: {selector: {matchLabels: {app: productpage}}, tracing: [{disableSpanReporting: true}]", 1), telemetry), otlp, verify.HopMesh, "Telemetry default/page has disableSpanReporting"},
		"another one is silent":   {whole(), modern.with(t, strings.Replace(strings.Replace(telemetry, "name: mesh, namespace: istio-system", "name: page, namespace: default", 1), "spec: {tracing: [{providers: [{name: otel}], randomSamplingPercentage: 100}]", "spec: {selector: {matchLabels: {app: reviews}}, tracing: [{disableSpanReporting: true}]", 1), telemetry), otlp, "", "Telemetry istio-system/mesh sends 100 %"},
		"no provider anywhere":    {whole(), modern.with(t, strings.Replace(telemetry, "providers: [{name: otel}], ", "", 1)), otlp, verify.HopMesh, "Telemetry istio-system/mesh names no provider"},
		"a revision's own mesh":   {whole(), all.with(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {istio.io/rev: canary}}", strings.Replace(strings.Replace(zipkinMesh, "name: istio,", "name: istio-canary,", 1), "true", "false", 1)), nil, verify.HopMesh, "ConfigMap istio-system/istio-canary has enableTracing: false"},
		"nothing new arrives":     {whole(), all, before("otelcol_receiver_accepted_spans_total 12\notelcol_exporter_sent_spans 12\n"), verify.HopMesh, "accepted no span since the request was sent"},
		"it failed long ago": {changed(func(w *world) {
			w.metrics = "otelcol_receiver_accepted_spans 12\notelcol_exporter_sent_spans 9\notelcol_exporter_send_failed_spans 3\n"
		}), all, before("otelcol_receiver_accepted_spans 6\notelcol_exporter_sent_spans 3\notelcol_exporter_send_failed_spans 3\n"), "", "exported 6 spans since the request was sent"},
		"it was started anew": {changed(func(w *world) { w.metrics = "otelcol_receiver_accepted_spans 2\notelcol_exporter_sent_spans 2\n" }), all, before("otelcol_receiver_accepted_spans 6\notelcol_exporter_sent_spans 6\n"), "", "accepted 2 spans"},
		"only the log gets spans": {changed(func(w *world) {
			w.metrics = "otelcol_receiver_accepted_spans 12\notelcol_exporter_sent_spans{exporter=\"debug\"} 12\notelcol_exporter_queue_size{exporter=\"otlp\"} 4\n"
		}), all, nil, verify.HopExporter, "has exported no span since its start (otelcol_exporter_sent_spans), accepted 12, and keeps 4 batches"},
		"the collector's log tells why": {
			changed(func(w *world) { w.metrics += "otelcol_exporter_send_failed_spans_total 7\n" }), all.with(t, collectorPod), nil, verify.HopExporter,
			`its log says: error internal/queue_sender.go:50 Exporting failed. Dropping data. {"error": "rpc error: otel-1 refused", "token": ...}`,
		},
		"its queue does not drain": {changed(func(w *world) {
			w.metrics = "otelcol_receiver_accepted_spans 12\notelcol_exporter_sent_spans 5\notelcol_exporter_queue_size 3\n"
		}), all, nil, verify.HopExporter, "has exported 5 of 12 spans since its start and keeps 3 batches"},
		"it fails: no store": {changed(func(w *world) {
			w.metrics += "otelcol_exporter_send_failed_spans_total 7\n"
			w.ready = http.StatusServiceUnavailable
		}), all, nil, verify.HopStore, "503 Service Unavailable: (nothing); the collector could not export 7 spans"},
		"it fails: no receiver": {changed(func(w *world) {
			w.metrics += "otelcol_exporter_send_failed_spans_total 7\n"
			w.config = "distributor: {receivers: {zipkin: null}}\n"
		}), all, nil, verify.HopStore, "takes no OTLP; its receivers are zipkin; the collector could not export 7 spans"},
		"503 and no pod": {changed(func(w *world) { w.page = answering(503, "istio-envoy") }), all.without("Pod", ""), nil, verify.HopWorkloads, "no pod with label app=productpage; the route leads to nothing"},
		"a redirect": {changed(func(w *world) {
			w.page = http.RedirectHandler("https://elsewhere.example/", http.StatusMovedPermanently).ServeHTTP
		}), all, nil, verify.HopRoute, "301 Moved Permanently and leads to https://elsewhere.example/"},
		"the store wants names":  {whole(), all, said(401, "no org id"), verify.HopStore, "answered 401 Unauthorized: no org id"},
		"the store refuses":      {whole(), all, said(403, ""), verify.HopStore, "answered 403 Forbidden"},
		"no store at all":        {whole(), all, said(200, "<html><title>Welcome to nginx!</title>"), verify.HopStore, `a page of HTML, titled "Welcome to nginx!"`},
		"the store is busy":      {whole(), all, said(429, "slow down"), verify.HopStore, "its last answer was no trace"},
		"the store is elsewhere": {whole(), all, func(w *verify.Way) { w.StoreURL = "http://other.tempo:3200" }, verify.HopGrafana, "and the store that was asked is http://other.tempo:3200"},
		"a right is missing":     {whole(), all, func(w *verify.Way) { w.Said = fault.Newf(fault.Denied, "neither create on pods/portforward") }, verify.HopStore, "could not be asked: neither create on pods/portforward"},
		"no data source":         {changed(func(w *world) { w.grafana = answering(404, "") }), all, nil, verify.HopGrafana, `no data source with uid "tempo"`},
		"a sick data source": {changed(func(w *world) {
			w.grafana = func(rw http.ResponseWriter, _ *http.Request) {
				_, _ = rw.Write([]byte(`{"url":"http://tempo:3100","status":"ERROR","message":"connection refused"}`))
			}
		}), all, nil, verify.HopGrafana, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := c.world.serve(t)
			inside := &http.Client{Transport: redirected{server}}
			way := verify.Way{
				URL: server.URL + "/productpage", Host: "page.example", Client: server.Client(), Services: []string{"productpage.default", "frontend"},
				Mesh: "istio-system", Cluster: c.objects, InCluster: inside,
				Log: func(_ context.Context, pod object.Ref) (string, error) {
					return "2026-01-02T15:04:05.000Z\tinfo\tEverything is ready\n" +
						"2026-01-02T15:04:05.000Z\terror\tinternal/queue_sender.go:50\tExporting failed. Dropping data.\t{\"error\": \"rpc error: " + pod.Name + " refused\", \"token\": \"geheim\"}\n" +
						"2026-01-02T15:04:06.000Z\tinfo\tgoing on\n", nil
				},
				Collector: object.Ref{APIVersion: "v1", Kind: "Service", Namespace: "otel-system", Name: "otel-collector"}, CollectorPort: 9411,
				Store: verify.NewStore(verify.StoreOptions{URL: "http://tempo.tempo:3200", Client: inside}), StoreURL: "http://tempo.tempo:3200",
				Grafana: "http://grafana.monitoring", DataSource: "tempo",
			}
			if c.way != nil {
				c.way(&way)
			}
			got := verify.Diagnose(t.Context(), way)
			hop := got.Finding()
			switch {
			case c.hop == "" && hop != nil:
				t.Fatalf("broken: %s", hop)
			case c.hop != "" && (hop == nil || hop.Name != c.hop || hop.Fix == ""):
				t.Fatalf("want %s to be broken, got\n%s", c.hop, got)
			}
			if !strings.Contains(got.String(), c.says) {
				t.Errorf("%q is missing in\n%s", c.says, got)
			}
			for _, h := range got.Hops {
				if h.State == verify.HopUnknown {
					t.Errorf("not looked at: %s", h)
				}
			}
		})
	}
}
