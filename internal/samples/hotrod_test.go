package samples_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/samples"
)

// hotrods are written out in full, as they read back.
func hotrods() map[string]samples.HotROD {
	return map[string]samples.HotROD{
		"hotrod-of-the-tutorial": {
			Name: "example-hotrod", Namespace: "default", Image: "jaegertracing/example-hotrod:1.42.0", Replicas: 1,
			TracingEndpoint: "http://otel-collector.otel-system.svc:14268/api/traces",
			Ingress:         &samples.Ingress{Name: "ingress-example-hotrod", Host: "hotrod.dxlab.wistron.com"},
		},
		"hotrod-elsewhere": {
			Name: "taxi", Namespace: "shop", Image: "registry.lab:5000/hotrod:latest", Replicas: 2, Labels: map[string]string{"team": "shop"},
			TracingEndpoint: "http://collector.shop.svc:4318", Exporter: samples.ExporterOTLP,
		},
	}
}

func TestHotROD_Golden(t *testing.T) {
	t.Parallel()
	all := hotrods()
	all["hotrod-default"] = samples.HotROD{}
	all["hotrod-today"] = samples.HotROD{TracingEndpoint: "otel-collector.otel-system.svc.cluster.local:4318"}
	for name, hotrod := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := hotrod.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestHotROD_RoundTrip(t *testing.T) {
	t.Parallel()
	for name, hotrod := range hotrods() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := hotrod.Component()
			if err != nil {
				t.Fatal(err)
			}
			back, err := samples.ReadHotROD(c.Objects...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(hotrod, back); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// container returns arguments and variables of the sample's container.
func container(t *testing.T, h samples.HotROD) (args []any, env string) {
	t.Helper()
	c, err := h.Component()
	if err != nil {
		t.Fatal(err)
	}
	containers := object.List(c.Objects[0], "spec", "template", "spec", "containers")
	first, _ := containers[0].(map[string]any)
	for _, e := range object.List(first, "env") {
		variable, _ := e.(map[string]any)
		env += object.String(variable, "name") + "=" + object.String(variable, "value")
	}
	args, _ = first["args"].([]any)
	return args, env
}

func TestHotROD_TellsEachVersionItsOwnVariable(t *testing.T) {
	t.Parallel()
	const repository = "jaegertracing/example-hotrod:"
	for name, c := range map[string]struct {
		tag, endpoint string
		exporter      samples.Exporter
		env           string
		named         bool
	}{
		"1.41 by host and port":           {"1.41.0", "c.otel:14268", "", "JAEGER_ENDPOINT=http://c.otel:14268/api/traces", false},
		"1.42 by URL":                     {"1.42.0", "http://c.otel:14268/api/traces", "", "OTEL_EXPORTER_JAEGER_ENDPOINT=http://c.otel:14268/api/traces", false},
		"1.48 by host alone":              {"1.48.0", "c.otel", "", "OTEL_EXPORTER_JAEGER_ENDPOINT=http://c.otel:14268/api/traces", false},
		"1.45 at an OTLP port":            {"1.45.0", "c.otel:4318", "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c.otel:4318", true},
		"1.45 told to speak OTLP":         {"1.45.0", "c.otel:80", samples.ExporterOTLP, "OTEL_EXPORTER_OTLP_ENDPOINT=http://c.otel:80", true},
		"1.49":                            {"1.49.0", "c.otel:4318", "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c.otel:4318", false},
		"2.20 by host alone":              {"2.20.0", "c.otel", "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c.otel:4318", false},
		"2.20 with the path of OTLP":      {"2.20.0", "http://c.otel:4318/v1/traces", "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c.otel:4318", false},
		"2.20 behind a proxy with TLS":    {"v2.20.0", "https://traces.example/otlp", "", "OTEL_EXPORTER_OTLP_ENDPOINT=https://traces.example/otlp", false},
		"latest, said to be old":          {"latest", "c.otel:14268", samples.ExporterJaeger, "OTEL_EXPORTER_JAEGER_ENDPOINT=http://c.otel:14268/api/traces", false},
		"latest, said to be new":          {"latest", "c.otel:4318", samples.ExporterOTLP, "OTEL_EXPORTER_OTLP_ENDPOINT=http://c.otel:4318", false},
		"latest without tracing":          {"latest", "", "", "", false},
		"2.20 without tracing":            {"2.20.0", "", "", "", false},
		"2.20 with a digest and a port":   {"2.20.0@sha256:00", "c.otel:4318", "", "OTEL_EXPORTER_OTLP_ENDPOINT=http://c.otel:4318", false},
		"1.42 with a path below a prefix": {"1.42.0", "http://c.otel:80/jaeger/api", "", "OTEL_EXPORTER_JAEGER_ENDPOINT=http://c.otel:80/jaeger/api", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, env := container(t, samples.HotROD{Image: repository + c.tag, TracingEndpoint: c.endpoint, Exporter: c.exporter})
			if env != c.env {
				t.Errorf("variables %q, want %q", env, c.env)
			}
			if named := len(args) == 3; named != c.named {
				t.Errorf("arguments %v", args)
			}
		})
	}
}

func TestHotROD_RefusesWhatItsExporterCannotReach(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hotrod samples.HotROD
		says   string
	}{
		"Jaeger's port for OTLP":     {samples.HotROD{Image: "hotrod:2.20.0", TracingEndpoint: "c:14268"}, "port 4318 is right"},
		"Jaeger's path for OTLP":     {samples.HotROD{Image: "hotrod:1.76.0", TracingEndpoint: "http://c:4318/api/traces"}, "belongs to the other protocol"},
		"OTLP over gRPC":             {samples.HotROD{Image: "hotrod:2.20.0", TracingEndpoint: "c:4317"}, "OTLP over gRPC"},
		"OTLP's port for Jaeger":     {samples.HotROD{Image: "hotrod:1.41.0", TracingEndpoint: "c:4318"}, "port 14268 is right"},
		"Zipkin's port":              {samples.HotROD{Image: "hotrod:1.42.0", TracingEndpoint: "c:9411"}, "Zipkin"},
		"latest":                     {samples.HotROD{Image: "jaegertracing/example-hotrod:latest", TracingEndpoint: "c:4318"}, "the tag of image jaegertracing/example-hotrod:latest is no version"},
		"no tag, registry with port": {samples.HotROD{Image: "registry:5000/hotrod", TracingEndpoint: "c:4318"}, "is no version"},
		"Jaeger from 1.49":           {samples.HotROD{Image: "hotrod:1.49.0", TracingEndpoint: "c:14268", Exporter: samples.ExporterJaeger}, "1.48 was the last"},
		"OTLP before 1.42":           {samples.HotROD{Image: "hotrod:1.41.0", TracingEndpoint: "c:4318", Exporter: samples.ExporterOTLP}, "1.42 was the first"},
		"not a URL":                  {samples.HotROD{TracingEndpoint: "http://"}, "neither host:port nor a URL"},
		"another scheme":             {samples.HotROD{TracingEndpoint: "grpc://c:4317"}, "not grpc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.hotrod.Component()
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReadHotROD_NeedsTheDeployment(t *testing.T) {
	t.Parallel()
	if _, err := samples.ReadHotROD(); err == nil {
		t.Error("nothing was read as a sample")
	}
}
