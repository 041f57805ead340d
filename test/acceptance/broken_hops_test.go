package acceptance_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/test/lab"
)

// asked are the arguments of a check of Bookinfo on examples/labs/current.
type asked struct {
	url, datasource string
}

// brokenHop is one thing that goes wrong on the way of the spans.
type brokenHop struct {
	name string
	// breaks breaks it beside Terraform and returns how it is mended; nil where the check itself asks for the wrong thing.
	breaks func(b bystander) (mend func())
	asks   asked
	// says is what the check's error must tell: the hop, the evidence, what to change.
	says []string
}

// brokenHops break every hop of the way, each alone, in the way's order.
func brokenHops() []brokenHop {
	var (
		gateway     = ref("apps/v1", "Deployment", "istio-system", "istio-ingressgateway")
		istiod      = ref("apps/v1", "Deployment", "istio-system", "istiod")
		telemetry   = ref("telemetry.istio.io/v1", "Telemetry", "istio-system", "mesh-default")
		listener    = ref("networking.istio.io/v1", "Gateway", "default", "bookinfo-gateway")
		route       = ref("networking.istio.io/v1", "VirtualService", "default", "bookinfo")
		productpage = ref("apps/v1", "Deployment", "default", "productpage-v1")
		collector   = ref("opentelemetry.io/v1beta1", "OpenTelemetryCollector", "otel-system", "otel")
		tempo       = ref("apps/v1", "StatefulSet", "tempo", "tempo")
		tempoConfig = ref("v1", "ConfigMap", "tempo", "tempo")
	)
	set := func(r object.Ref, pointer string, value any) func(bystander) func() {
		return func(b bystander) func() { return b.set(r, pointer, value) }
	}
	// Tempo reads its configuration when it starts.
	configure := func(change func(config map[string]any)) func(bystander) func() {
		return func(b bystander) func() {
			mend := b.edit(tempoConfig, "tempo.yaml", change)
			b.restart(tempo)
			return func() {
				mend()
				b.restart(tempo)
			}
		}
	}
	return []brokenHop{
		{name: "a name that does not resolve", asks: asked{url: "http://bookinfo.invalid/productpage"}, says: []string{"address is broken", "bookinfo.invalid"}},
		{name: "no gateway", breaks: set(gateway, "/spec/replicas", 0), says: []string{"address is broken", labGateway, "lab_istio_gateway"}},
		{name: "no listener", breaks: set(listener, "/spec/servers/0/hosts", []string{"other.example.com"}), says: []string{"route is broken", "no Gateway has a listener for host bookinfo.istio-dxlab.example.com", "lab_istio_route"}},
		{name: "no route", breaks: set(route, "/spec/hosts", []string{"other.example.com"}), says: []string{"route is broken", "no VirtualService routes host bookinfo.istio-dxlab.example.com"}},
		{name: "no pods", breaks: set(productpage, "/spec/replicas", 0), says: []string{"workloads is broken", "503"}},
		{name: "no sidecar", breaks: set(productpage, "/spec/template/metadata/labels/sidecar.istio.io~1inject", "false"), says: []string{"workloads is broken", "has no proxy (container istio-proxy)", "lab_istio_injection"}},
		{name: "stale sidecars", breaks: func(b bystander) func() { return b.retag(istiod, "1.33.0") }, says: []string{"workloads is broken", "has a proxy of version 1.30.3, istiod is 1.33.0", "restart = true"}},
		{name: "a provider that the mesh does not know", breaks: set(telemetry, "/spec/tracing/0/providers/0/name", "nobody"), says: []string{"mesh tracing is broken", "nobody", "lab_istio_mesh.tracing"}},
		{name: "a Telemetry that overrides the mesh's", breaks: func(b bystander) func() {
			quiet := ref("telemetry.istio.io/v1", "Telemetry", "default", "quiet")
			b.apply(object.Object{
				"apiVersion": quiet.APIVersion, "kind": quiet.Kind, "metadata": map[string]any{"name": quiet.Name, "namespace": quiet.Namespace},
				"spec": map[string]any{"tracing": []any{map[string]any{"disableSpanReporting": true}}},
			})
			return func() { b.delete(quiet) }
		}, says: []string{"mesh tracing is broken", "Telemetry default/quiet"}},
		{name: "no collector", breaks: set(collector, "/spec/replicas", 0), says: []string{"collector is broken", "has no ready endpoint"}},
		{name: "a receiver that is off", breaks: set(collector, "/spec/config/receivers/otlp/protocols", map[string]any{"http": map[string]any{"endpoint": "0.0.0.0:4318"}}), says: []string{"collector is broken", "has no port 4317", "lab_tracing_pipeline.receivers"}},
		{name: "a collector that refuses", breaks: func(b bystander) func() {
			limiter := b.set(collector, "/spec/config/processors/memory_limiter", map[string]any{"check_interval": "100ms", "limit_mib": 8, "spike_limit_mib": 1})
			pipeline := b.set(collector, "/spec/config/service/pipelines/traces/processors", []string{"memory_limiter", "batch"})
			return func() { pipeline(); limiter() }
		}, says: []string{"collector is broken", "has refused", "otelcol_receiver_refused_spans"}},
		{name: "an exporter that leads nowhere", breaks: set(collector, "/spec/config/exporters/otlp_grpc/endpoint", "tempo.tempo.svc.cluster.local:9999"), says: []string{"exporter is broken", "lab_tracing_pipeline.tempo_endpoint"}},
		{name: "no store", breaks: set(tempo, "/spec/replicas", 0), says: []string{"store is broken", "is not ready", "lab_tempo"}},
		{name: "a store that takes no OTLP", breaks: configure(func(config map[string]any) {
			distributor := object.Map(config, "distributor")
			distributor["receivers"] = map[string]any{"zipkin": nil}
		}), says: []string{"store is broken", "takes no OTLP; its receivers are zipkin", "Add otlp to lab_tempo.receivers"}},
		{name: "a store that keeps tenants apart", breaks: configure(func(config map[string]any) { config["multitenancy_enabled"] = true }), says: []string{"store is broken", "no org id", "Set lab_trace_check.tenant"}},
		{name: "a data source that Grafana does not have", asks: asked{datasource: "nobody"}, says: []string{"Grafana has no data source with uid \"nobody\"", "tempo_datasource_uid"}},
	}
}

// breakHops breaks one hop after the other and lets a configuration of its own look, as one in CI would: the check must
// name the hop, and after the hop is mended find the trace again.
func breakHops(t *testing.T, l *lab.Lab, grafana string) {
	t.Helper()
	w := newWorkspace(t, l)
	other := beside(t, l.Hosts()[0])
	turn := 0
	check := func(a asked, deadline string) result {
		turn++
		w.config(checkOf(l, a, grafana, deadline, turn))
		return w.apply()
	}
	for _, hop := range brokenHops() {
		t.Run(hop.name, func(t *testing.T) {
			w.t, other.t = t, t
			mend := func() {}
			if hop.breaks != nil {
				// the next hop is broken alone even when this one fails
				mend = sync.OnceFunc(hop.breaks(other))
				defer mend()
			}
			// a change takes a moment to reach pods and proxies
			eventually(t, time.Minute, func() (bool, string) {
				r := check(hop.asks, "5s")
				return r.code == 1 && all(r, hop.says...), r.output
			})
			mend()
			eventually(t, 2*time.Minute, func() (bool, string) {
				r := check(asked{}, "20s")
				return r.code == 0, r.output
			})
		})
	}
}

// checkOf is a configuration that checks Bookinfo's way; turn makes it look again.
func checkOf(l *lab.Lab, a asked, grafana, deadline string, turn int) string {
	url, datasource := a.url, a.datasource
	if url == "" {
		url = "http://" + labGateway + "/productpage"
	}
	if datasource == "" {
		datasource = "tempo"
	}
	return fmt.Sprintf(`
resource "lab_trace_check" "bookinfo" {
  cluster   = { host = %[1]q }
  url       = %[2]q
  host      = "bookinfo.istio-dxlab.example.com"
  services  = %[3]s
  tempo_url = "http://tempo.tempo.svc.cluster.local:3200"
  deadline  = %[4]q
  collector = { namespace = "otel-system", service = "otel-collector", port = 4317 }
  grafana   = { url = %[7]q, datasource_uid = %[5]q }
  triggers  = { turn = "%[6]d" }
}
`, l.Hosts()[0].Address(), url, bookinfo, deadline, datasource, turn, grafana)
}

func all(r result, texts ...string) bool {
	for _, text := range texts {
		if !strings.Contains(flat(r.output), flat(text)) {
			return false
		}
	}
	return true
}

// eventually repeats try, and fails with what it said last.
func eventually(t testing.TB, limit time.Duration, try func() (done bool, said string)) {
	t.Helper()
	for end := time.Now().Add(limit); ; {
		done, said := try()
		if done {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("it has not come to that in %s, the last answer was:\n%s", limit, said)
		}
	}
}

// set changes one field, given as a JSON pointer, and returns how the old value is put back.
func (b bystander) set(r object.Ref, pointer string, value any) (mend func()) {
	b.t.Helper()
	path := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	old, was := at(b.get(r), path)
	b.operate(r, "add", pointer, value)
	return func() {
		if was {
			b.operate(r, "add", pointer, old)
		} else {
			b.operate(r, "remove", pointer, nil)
		}
	}
}

// at looks a JSON pointer's parts up.
func at(value any, path []string) (any, bool) {
	for _, key := range path {
		key = strings.NewReplacer("~1", "/", "~0", "~").Replace(key)
		switch v := value.(type) {
		case object.Object:
			value = v[key]
		case []any:
			var index int
			if _, err := fmt.Sscan(key, &index); err != nil || index >= len(v) {
				return nil, false
			}
			value = v[index]
		}
		if value == nil {
			return nil, false
		}
	}
	return value, true
}

func (b bystander) operate(r object.Ref, operation, pointer string, value any) {
	b.t.Helper()
	step := map[string]any{"op": operation, "path": pointer}
	if operation != "remove" {
		step["value"] = value
	}
	patch, err := json.Marshal([]any{step})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.client.Patch(b.t.Context(), r, kube.JSONPatch, patch); err != nil {
		b.t.Fatal(err)
	}
}

// edit changes a YAML document in a ConfigMap.
func (b bystander) edit(r object.Ref, key string, change func(map[string]any)) (mend func()) {
	b.t.Helper()
	var document map[string]any
	if err := yaml.Unmarshal([]byte(object.String(b.get(r), "data", key)), &document); err != nil {
		b.t.Fatal(err)
	}
	change(document)
	text, err := yaml.Marshal(document)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.set(r, "/data/"+key, string(text))
}

// restart replaces the pods of a workload, as kubectl rollout restart does.
func (b bystander) restart(r object.Ref) {
	b.t.Helper()
	b.patch(r, fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":%q}}}}}`, time.Now().Format(time.RFC3339Nano)))
}

// retag gives the first container of a workload another version of its image.
func (b bystander) retag(r object.Ref, version string) (mend func()) {
	b.t.Helper()
	const pointer = "/spec/template/spec/containers/0/image"
	image, _ := at(b.get(r), strings.Split(pointer[1:], "/"))
	name, _, _ := strings.Cut(fmt.Sprint(image), ":")
	return b.set(r, pointer, name+":"+version)
}
