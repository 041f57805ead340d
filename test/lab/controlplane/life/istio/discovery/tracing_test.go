package discovery

import (
	"encoding/json"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

const providers = `
extensionProviders:
- name: otlp
  opentelemetry: {service: collector.otel.svc.cluster.local, port: 4317}
- name: http
  opentelemetry: {service: otel/collector.otel.svc.cluster.local, port: 4319, http: {path: /v1/traces}}
- name: plain
  opentelemetry: {service: collector.otel.svc.cluster.local, port: 4319}
- name: zipkin
  zipkin: {service: collector.otel.svc.cluster.local, port: 9411, traceContextOption: USE_B3_WITH_W3C_PROPAGATION}
- name: gone
  zipkin: {service: nobody.otel.svc.cluster.local, port: 9411}
- name: closed
  opentelemetry: {service: collector.otel.svc.cluster.local, port: 1}
- name: logs
  envoyFileAccessLog: {path: /dev/stdout}
`

// tracingText is "kind addresses path sampling" and what else is unusual, or "none: reason".
func tracingText(t *Tracing) string {
	if t.Kind == "" {
		return "none: " + t.Reason
	}
	raw, _ := json.Marshal(t.Sampling)
	text := strings.Join([]string{t.Kind, strings.Join(t.Addresses, ","), t.Path, string(raw)}, " ")
	for word, on := range map[string]bool{" w3c": t.W3C, " upstream": t.UpstreamSpan, " lost: " + t.Reason: t.Reason != ""} {
		if on {
			text += word
		}
	}
	return text
}

func TestBuild_TracesByTelemetry(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		mesh string
		// telemetry by namespace/name.
		telemetry map[string]string
		// server and client are of the sidecar web-v1; an empty client is as the server.
		server, client string
	}{
		"OTLP by gRPC": {providers, map[string]string{"istio-system/a": `{"tracing":[{"providers":[{"name":"otlp"}],"randomSamplingPercentage":50}]}`}, "otlp-grpc 10.42.0.6:4317  50", ""},
		"OTLP by HTTP": {providers, map[string]string{"istio-system/a": `{"tracing":[{"providers":[{"name":"http"}]}]}`}, "otlp-http 10.42.0.6:4319 /v1/traces 1", ""},
		"Zipkin":       {providers, map[string]string{"istio-system/a": `{"tracing":[{"providers":[{"name":"zipkin"}]}]}`}, "zipkin 10.42.0.6:9411 /api/v2/spans 1 w3c", ""},
		"a port that is not declared": {
			providers, map[string]string{"istio-system/a": `{"tracing":[{"providers":[{"name":"plain"}]}]}`}, "otlp-grpc   1 lost: port 4319 of collector.otel.svc.cluster.local is not declared as gRPC", "",
		},
		"a service that is not there": {
			providers, map[string]string{"istio-system/a": `{"tracing":[{"providers":[{"name":"gone"}]}]}`}, "none: could not find service nobody.otel.svc.cluster.local in Istio service registry", "",
		},
		"a port that is not there": {providers, map[string]string{"istio-system/a": `{"tracing":[{"providers":[{"name":"closed"}]}]}`}, "otlp-grpc   1 lost: collector.otel.svc.cluster.local has no port 1", ""},
		"a provider of logs":       {providers, map[string]string{"istio-system/a": `{"tracing":[{"providers":[{"name":"logs"}]}]}`}, `none: extension provider "logs" is of no kind that is played`, ""},
		"an unknown provider":      {providers, map[string]string{"istio-system/a": `{"tracing":[{"providers":[{"name":"otel"}]}]}`}, `none: the mesh has no extension provider "otel"`, ""},
		"no provider":              {providers, map[string]string{"istio-system/a": `{"tracing":[{"randomSamplingPercentage":100}]}`}, `none: the mesh has no extension provider ""`, ""},
		"a default provider":       {providers + "defaultProviders: {tracing: [zipkin]}\n", nil, "zipkin 10.42.0.6:9411 /api/v2/spans 1 w3c", ""},
		"sampling over the default provider": {
			providers + "defaultProviders: {tracing: [otlp]}\n", map[string]string{"shop/a": `{"tracing":[{"randomSamplingPercentage":0}]}`}, "otlp-grpc 10.42.0.6:4317  0", "",
		},
		"sampling of the mesh": {
			providers + "defaultConfig: {tracing: {sampling: 7}}\n", map[string]string{"istio-system/a": `{"tracing":[{"providers":[{"name":"otlp"}]}]}`}, "otlp-grpc 10.42.0.6:4317  7", "",
		},
		"the namespace goes over the mesh": {
			providers,
			map[string]string{"istio-system/a": `{"tracing":[{"providers":[{"name":"otlp"}],"randomSamplingPercentage":50}]}`, "shop/a": `{"tracing":[{"randomSamplingPercentage":9}]}`},
			"otlp-grpc 10.42.0.6:4317  9", "",
		},
		"the workload goes over the namespace": {
			providers,
			map[string]string{"shop/a": `{"tracing":[{"providers":[{"name":"otlp"}]}]}`, "shop/b": `{"selector":{"matchLabels":{"app":"web"}},"tracing":[{"disableSpanReporting":true}]}`},
			"none: disableSpanReporting is true", "",
		},
		"another workload's does not": {
			providers,
			map[string]string{"shop/a": `{"tracing":[{"providers":[{"name":"otlp"}]}]}`, "shop/b": `{"selector":{"matchLabels":{"app":"api"}},"tracing":[{"disableSpanReporting":true}]}`},
			"otlp-grpc 10.42.0.6:4317  1", "",
		},
		"of two for a namespace the older": {
			providers, map[string]string{"shop/a": `{"tracing":[{"providers":[{"name":"otlp"}]}]}`, "shop/b": `{"tracing":[{"disableSpanReporting":true}]}`}, "otlp-grpc 10.42.0.6:4317  1", "",
		},
		"one direction": {
			providers,
			map[string]string{"shop/a": `{"tracing":[{"providers":[{"name":"otlp"}]},{"match":{"mode":"CLIENT"},"disableSpanReporting":true}]}`},
			"otlp-grpc 10.42.0.6:4317  1", "none: disableSpanReporting is true",
		},
		"metrics alone are no tracing": {"defaultConfig: {tracing: {zipkin: {address: z:9411}}}", map[string]string{"istio-system/a": `{"metrics":[{}]}`}, "zipkin z:9411 /api/v2/spans 1", ""},
		"the root namespace is another": {
			providers + "rootNamespace: shop-root\n", map[string]string{"shop-root/a": `{"tracing":[{"providers":[{"name":"otlp"}]}]}`}, "otlp-grpc 10.42.0.6:4317  1", "",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.Settings = append(w.Settings, settings(test.mesh))
			for key, spec := range test.telemetry {
				namespace, name, _ := strings.Cut(key, "/")
				w.Telemetries = append(w.Telemetries, object(t, namespace, name, int(name[0]), spec))
			}
			config := build(t, w, "shop", webPod)
			client := test.client
			if client == "" {
				client = test.server
			}
			if got := tracingText(config.Server); got != test.server {
				t.Errorf("what comes in: %q, want %q", got, test.server)
			}
			if got := tracingText(config.Client); got != client {
				t.Errorf("what goes out: %q, want %q", got, client)
			}
		})
	}
}

func TestBuild_TracesByTheProxysOwnSettings(t *testing.T) {
	t.Parallel()
	const address = "zipkin z:9411 /api/v2/spans "
	cases := map[string]struct {
		mesh, own, env string
		image          string
		want           string
	}{
		"the mesh's":              {"defaultConfig: {tracing: {sampling: 20, zipkin: {address: 'z:9411'}}}", "", "", "1.30.3", address + "20"},
		"none":                    {"{}", "", "", "1.30.3", "none: the proxy was started without an address for spans"},
		"tracing is off":          {"{enableTracing: false, defaultConfig: {tracing: {zipkin: {address: 'z:9411'}}}}", "", "", "1.30.3", "none: enableTracing is false"},
		"those of its start":      {"defaultConfig: {tracing: {zipkin: {address: 'new:9411'}}}", `{"tracing":{"sampling":3,"zipkin":{"address":"z:9411"}}}`, "", "1.30.3", address + "3"},
		"a start without":         {"defaultConfig: {tracing: {zipkin: {address: 'new:9411'}}}", `{}`, "", "1.30.3", "none: the proxy was started without an address for spans"},
		"istiod's percentage":     {"defaultConfig: {tracing: {zipkin: {address: 'z:9411'}}}", "", "77", "1.30.3", address + "77"},
		"too many percent":        {"defaultConfig: {tracing: {sampling: 101, zipkin: {address: 'z:9411'}}}", "", "", "1.30.3", address + "1"},
		"a proxy that is older":   {"defaultConfig: {tracing: {zipkin: {address: 'z:9411'}}}", "", "", "1.29.0", address + "1"},
		"one that is much older":  {"defaultConfig: {tracing: {zipkin: {address: 'z:9411'}}}", "", "", "1.28.9", "none: the proxy is of 1.28, istiod of 1.30, more than Istio supports"},
		"one of unknown age":      {"defaultConfig: {tracing: {zipkin: {address: 'z:9411'}}}", "", "", "latest", address + "1"},
		"settings without a word": {"", "", "", "1.30.3", "none: the proxy was started without an address for spans"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.Settings = append(w.Settings, settings(test.mesh))
			if test.env != "" {
				w.Pods[0].Spec.Containers[0].Env = []corev1.EnvVar{{Name: "PILOT_TRACE_SAMPLING", Value: test.env}}
			}
			proxy := &w.Pods[1].Spec.Containers[0]
			proxy.Image = "registry.istio.io/release/proxyv2:" + test.image
			if test.own != "" {
				proxy.Env = []corev1.EnvVar{{Name: "PROXY_CONFIG", Value: test.own}}
			}
			if got := tracingText(build(t, w, "istio-system", gatewayPod).Client); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestBuild_GivesGatewaysASpanForTheRequestThatGoesOn(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{"1.27.9": false, "1.28.0": true, "1.30.3": true} {
		w := newWorld()
		w.Settings = append(w.Settings, settings(providers+"defaultProviders: {tracing: [otlp]}\n"))
		w.Pods[0].Spec.Containers[0].Image = "pilot:" + version
		w.Pods[1].Spec.Containers[0].Image = "proxyv2:" + version
		if got := build(t, w, "istio-system", gatewayPod).Client.UpstreamSpan; got != want {
			t.Errorf("%s: %v, want %v", version, got, want)
		}
	}
}
