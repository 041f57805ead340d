package otel_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/otel"
)

type settings = map[string]any

const seedOperator = "0.24.0"

// tutorial is the collector of the tutorial: every receiver written down, OpenCensus and the log beside the pipeline.
func tutorial() otel.Pipeline {
	return otel.Pipeline{
		OperatorVersion: seedOperator, TempoEndpoint: "tempo.cattle-monitoring-system:4317", Processors: []string{},
		Config: settings{
			"receivers":  settings{"opencensus": settings{"endpoint": "0.0.0.0:55678"}},
			"processors": settings{"batch": nil},
			"exporters":  settings{"logging": settings{"loglevel": "debug"}},
		},
	}
}

func pipelines() map[string]otel.Pipeline {
	two := int32(2)
	return map[string]otel.Pipeline{
		"pipeline-default":   {TempoEndpoint: "tempo.tempo:4317"},
		"pipeline-seed-2023": tutorial(),
		"pipeline-with-opencensus": {
			OperatorVersion: seedOperator, TempoEndpoint: "tempo.tempo:4317", Receivers: []string{"opencensus", "otlp"}, Debug: "detailed",
		},
		"pipeline-before-otlp-grpc": {OperatorVersion: "0.104.0", TempoEndpoint: "tempo.tempo:4317", Debug: "basic"},
		"pipeline-old-image":        {Image: "otel/opentelemetry-collector-contrib:0.109.0", TempoEndpoint: "tempo.tempo:4317", Receivers: []string{"opencensus"}, Debug: "normal"},
		"pipeline-in-full": {
			Name: "edge", Namespace: "default", Mode: otel.ModeDaemonSet, Replicas: &two, Image: "registry.lab:5000/collector",
			Receivers: []string{"zipkin", "otlp"}, Processors: []string{"memory_limiter", "tail_sampling/slow", "batch"},
			TempoEndpoint: "tempo.tempo:4317", Debug: "detailed",
			Exporters: settings{"otlphttp/other": settings{"endpoint": "https://traces.lab"}},
			Config: settings{
				"receivers":  settings{"zipkin": settings{"endpoint": "0.0.0.0:9412"}},
				"processors": settings{"tail_sampling/slow": settings{"decision_wait": "5s"}},
			},
			Spec: settings{"resources": settings{"requests": settings{"cpu": "10m"}}},
		},
		"pipeline-stateful-alpha": {APIVersion: otel.Alpha, Mode: otel.ModeStatefulSet, TempoEndpoint: "tempo.tempo:4317"},
	}
}

func TestPipeline_Golden(t *testing.T) {
	t.Parallel()
	for name, p := range pipelines() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := p.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestPipeline_Endpoints(t *testing.T) {
	t.Parallel()
	const host = "otel-collector.otel-system.svc.cluster.local:"
	for name, c := range map[string]struct {
		pipeline otel.Pipeline
		want     map[string]string
	}{
		"default": {otel.Pipeline{Debug: "basic"}, map[string]string{
			otel.OTLPGRPC: host + "4317", otel.OTLPHTTP: host + "4318", otel.Zipkin: host + "9411", otel.JaegerGRPC: host + "14250",
			otel.JaegerThriftHTTP: host + "14268", otel.JaegerThriftCompact: host + "6831", otel.JaegerThriftBinary: host + "6832",
		}},
		"a receiver that no pipeline uses is off": {tutorial(), map[string]string{
			otel.OTLPGRPC: host + "4317", otel.OTLPHTTP: host + "4318", otel.Zipkin: host + "9411", otel.JaegerGRPC: host + "14250",
			otel.JaegerThriftHTTP: host + "14268", otel.JaegerThriftCompact: host + "6831", otel.JaegerThriftBinary: host + "6832",
		}},
		"opencensus": {otel.Pipeline{OperatorVersion: seedOperator, Receivers: []string{"opencensus"}, Debug: "basic"}, map[string]string{otel.OpenCensus: host + "55678"}},
		"other name and port": {
			otel.Pipeline{Name: "edge", Namespace: "mesh", Receivers: []string{"zipkin"}, Debug: "basic", Config: settings{"receivers": settings{"zipkin": settings{"endpoint": "0.0.0.0:9412"}}}},
			map[string]string{otel.Zipkin: "edge-collector.mesh.svc.cluster.local:9412"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.pipeline.Endpoints()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPipeline_Refuses(t *testing.T) {
	t.Parallel()
	const tempo = "tempo.tempo:4317"
	traces := func(more settings) settings {
		return settings{"service": settings{"pipelines": settings{"traces": more}}}
	}
	for name, c := range map[string]struct {
		pipeline otel.Pipeline
		says     string
	}{
		"opencensus where it is gone":        {otel.Pipeline{TempoEndpoint: tempo, Receivers: []string{"opencensus"}}, "gone since collector 0.132.0"},
		"opencensus beside the pipeline":     {otel.Pipeline{TempoEndpoint: tempo, Config: settings{"receivers": settings{"opencensus/x": nil}}}, "gone since collector 0.132.0"},
		"opencensus in a new image":          {otel.Pipeline{OperatorVersion: seedOperator, Image: "collector:0.140.0", TempoEndpoint: tempo, Receivers: []string{"opencensus"}}, "this is 0.140.0"},
		"the exporter logging":               {otel.Pipeline{TempoEndpoint: tempo, Exporters: settings{"logging": nil}}, "it is called debug now"},
		"a receiver that is none":            {otel.Pipeline{TempoEndpoint: tempo, Receivers: []string{"jeager"}}, `no receiver "jeager" here; there are otlp, jaeger, zipkin, opencensus`},
		"a processor that is none":           {otel.Pipeline{TempoEndpoint: tempo, Processors: []string{"bacth"}}, `no processor "bacth" for traces; there are attributes, batch`},
		"a processor without settings":       {otel.Pipeline{TempoEndpoint: tempo, Processors: []string{"tail_sampling"}}, "processor tail_sampling has no settings"},
		"a pipeline that leads nowhere":      {otel.Pipeline{}, "leads nowhere"},
		"an exporter that is given twice":    {otel.Pipeline{TempoEndpoint: tempo, Exporters: settings{"otlp_grpc": settings{}}}, "given twice"},
		"an endpoint with a scheme":          {otel.Pipeline{TempoEndpoint: "http://" + tempo}, "without a scheme"},
		"an endpoint without a port":         {otel.Pipeline{TempoEndpoint: "tempo.tempo"}, "want host:port"},
		"a pipeline that names nothing":      {otel.Pipeline{TempoEndpoint: tempo, Config: traces(settings{"exporters": []any{"otlp"}})}, "names exporter otlp, which the configuration does not have; it has otlp_grpc"},
		"a kind that the operator knows not": {otel.Pipeline{OperatorVersion: seedOperator, APIVersion: otel.Beta, TempoEndpoint: tempo}, "came with chart 0.58.0"},
		"a kind that nobody knows":           {otel.Pipeline{APIVersion: "v1", TempoEndpoint: tempo}, "neither v1alpha1 nor v1beta1"},
		"a version that is none":             {otel.Pipeline{OperatorVersion: "newest", TempoEndpoint: tempo}, "newest"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.pipeline.Component()
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if _, again := c.pipeline.Endpoints(); again == nil {
				t.Error("it has endpoints")
			}
		})
	}
}

func TestPipeline_RoundTrip(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]otel.Pipeline{
		"v1beta1": {
			Name: "otel", Namespace: "otel-system", APIVersion: otel.Beta, Mode: otel.ModeDeployment, Receivers: []string{"otlp", "zipkin"},
			Processors: []string{"batch"}, TempoEndpoint: "tempo.tempo:4317", Debug: "basic",
		},
		"v1alpha1": {
			Name: "otel", Namespace: "otel-system", APIVersion: otel.Alpha, Mode: otel.ModeDeployment, Receivers: []string{"otlp", "jaeger"},
			Processors: []string{"memory_limiter"}, TempoEndpoint: "tempo.tempo:4317",
		},
		"with more": {
			Name: "edge", Namespace: "mesh", APIVersion: otel.Beta, Mode: otel.ModeDaemonSet, Image: "collector:0.150.0", Receivers: []string{"zipkin"},
			Processors: []string{"tail_sampling"}, Exporters: settings{"otlphttp/x": settings{"endpoint": "https://x"}},
			Config: settings{
				"receivers":  settings{"zipkin": settings{"endpoint": "0.0.0.0:9412"}},
				"processors": settings{"tail_sampling": settings{"decision_wait": "5s"}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := p.Component()
			if err != nil {
				t.Fatal(err)
			}
			back, err := otel.ReadPipeline(c.Objects[0])
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadPipeline_Refuses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]settings{
		"another kind": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": settings{"name": "a"}},
		"broken text":  {"apiVersion": "opentelemetry.io/v1alpha1", "kind": "OpenTelemetryCollector", "spec": settings{"config": "a: [1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p, err := otel.ReadPipeline(o); err == nil {
				t.Errorf("read as %+v", p)
			}
		})
	}
}

// What an update waits for follows from who renders the configuration.
func TestPipeline_WaitsForTheOperator(t *testing.T) {
	t.Parallel()
	two := int32(2)
	const tempo = "tempo.tempo:4317"
	for name, c := range map[string]struct {
		pipeline otel.Pipeline
		sum      string
		want     []string
	}{
		"today":                         {otel.Pipeline{TempoEndpoint: tempo}, "", []string{"runs its configuration"}},
		"an operator that sums a text":  {otel.Pipeline{TempoEndpoint: tempo, OperatorVersion: "0.49.0"}, "opentelemetry-operator-config/sha256", []string{"runs its configuration"}},
		"one that sums something else":  {otel.Pipeline{TempoEndpoint: tempo, OperatorVersion: "0.50.0"}, "", []string{"runs its configuration"}},
		"an image and a number":         {otel.Pipeline{TempoEndpoint: tempo, Image: "x:0.150.0", Replicas: &two}, "", []string{"runs its configuration", "field equals spec.template.spec.containers.0.image x:0.150.0", "field equals spec.replicas 2"}},
		"a number that something scale": {otel.Pipeline{TempoEndpoint: tempo, Replicas: &two, Spec: settings{"autoscaler": settings{"maxReplicas": 3}}}, "", []string{"runs its configuration"}},
		"a number of a DaemonSet":       {otel.Pipeline{TempoEndpoint: tempo, Replicas: &two, Mode: otel.ModeDaemonSet}, "", []string{"runs its configuration"}},
		"a target allocator":            {otel.Pipeline{TempoEndpoint: tempo, Spec: settings{"targetAllocator": settings{"enabled": true}}}, "", nil},
		"nobody who follows":            {otel.Pipeline{TempoEndpoint: tempo, Image: "x:0.150.0", Spec: settings{"managementState": "unmanaged"}}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			built, err := c.pipeline.Component()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, condition := range built.Ready {
				if !condition.Gate {
					continue
				}
				_, words, _ := strings.Cut(componenttest.Conditions(built.Ready[i : i+1])[0], ": ")
				got = append(got, words)
				if r := condition.Rendered; r != nil && (r.Sum != c.sum || r.Source != c.pipeline.Ref()) {
					t.Errorf("rendered %+v", r)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
