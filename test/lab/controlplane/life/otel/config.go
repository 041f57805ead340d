// Package otel knows what the OpenTelemetry operator does to a cluster from outside: its webhooks complete and refuse collectors, convert
// them between their versions, and its controller makes Deployments, Services and configuration of them.
package otel

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

const (
	group = "opentelemetry.io"
	kind  = "OpenTelemetryCollector"
)

// configOf returns the configuration of a collector of either version: a text in v1alpha1, an object in v1beta1.
func configOf(spec map[string]any) (map[string]any, error) {
	if config, ok := spec["config"].(map[string]any); ok {
		return config, nil
	}
	text, _ := spec["config"].(string)
	config := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return config, nil
}

// enabled returns the names of a kind of components ("receivers") that pipelines use, sorted.
func enabled(config map[string]any, components string) []string {
	pipelines, _, _ := unstructured.NestedMap(config, "service", "pipelines")
	var names []string
	for _, pipeline := range pipelines {
		of, _ := pipeline.(map[string]any)
		used, _, _ := unstructured.NestedStringSlice(of, components)
		for _, name := range used {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// way is one protocol of a receiver, as the operator knows it (opentelemetry-operator:internal/components/receivers/helpers.go@v0.158.0,
// pkg/collector/parser@v0.70.0).
type way struct {
	variant     string
	port        int32
	protocol    corev1.Protocol
	appProtocol string
}

var known = map[string][]way{
	"otlp": {{"grpc", 4317, "", "grpc"}, {"http", 4318, "", "http"}},
	"jaeger": {
		{"grpc", 14250, corev1.ProtocolTCP, "grpc"},
		{"thrift_http", 14268, corev1.ProtocolTCP, "http"},
		{"thrift_compact", 6831, corev1.ProtocolUDP, ""},
		{"thrift_binary", 6832, corev1.ProtocolUDP, ""},
	},
	"zipkin":     {{"", 9411, corev1.ProtocolTCP, "http"}},
	"opencensus": {{"", 55678, "", ""}},
}

// ports are the ports of the receivers that pipelines use. A protocol that a receiver does not have is an error.
func ports(config map[string]any) ([]corev1.ServicePort, error) {
	var out []corev1.ServicePort
	for _, name := range enabled(config, "receivers") {
		settings, _, _ := unstructured.NestedMap(config, "receivers", name)
		ways := known[typeOf(name)]
		protocols, several := settings["protocols"].(map[string]any)
		if !several {
			if port := endpointPort(settings, usual(ways)); port > 0 {
				out = append(out, servicePort(name, port, single(ways)))
			}
			continue
		}
		for protocol, below := range protocols {
			i := slices.IndexFunc(ways, func(w way) bool { return w.variant == protocol })
			if i < 0 {
				return nil, fmt.Errorf("unknown protocol set: %s", protocol)
			}
			at, _ := below.(map[string]any)
			out = append(out, servicePort(name+"-"+protocol, endpointPort(at, ways[i].port), ways[i]))
		}
	}
	slices.SortFunc(out, func(a, b corev1.ServicePort) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func servicePort(name string, port int32, w way) corev1.ServicePort {
	p := corev1.ServicePort{
		Name: strings.NewReplacer("/", "-", "_", "-").Replace(name), Port: port, Protocol: w.protocol, TargetPort: intstr.FromInt32(port),
	}
	if w.protocol == "" {
		p.Protocol = corev1.ProtocolTCP
	}
	if w.appProtocol != "" {
		p.AppProtocol = &w.appProtocol
	}
	return p
}

func single(ways []way) way {
	if len(ways) == 1 {
		return ways[0]
	}
	return way{}
}

func usual(ways []way) int32 { return single(ways).port }

// endpointPort reads the port of an endpoint; otherwise where it says none.
func endpointPort(settings map[string]any, otherwise int32) int32 {
	endpoint, _ := settings["endpoint"].(string)
	_, text, err := net.SplitHostPort(endpoint)
	if err != nil {
		return otherwise
	}
	port, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return otherwise
	}
	return int32(port)
}

func typeOf(name string) string {
	before, _, _ := strings.Cut(name, "/")
	return before
}
