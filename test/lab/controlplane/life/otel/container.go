package otel

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// metricsPort is where a collector shows its own metrics, unless it is told otherwise.
const metricsPort = int64(8888)

// container is the collector's (opentelemetry-operator:internal/manifests/collector/container.go@v0.158.0, pkg/collector/container.go@v0.70.0).
func (c *collector) container() map[string]any {
	spec, _, _ := unstructured.NestedMap(c.owner.Object, "spec")
	container := map[string]any{
		"name": "otc-container", "image": c.image, "args": arguments(spec), "env": environment(spec),
		"ports":        append(containerPorts(c.ports), map[string]any{"name": "metrics", "containerPort": metricsPort, "protocol": "TCP"}),
		"volumeMounts": []any{map[string]any{"name": "otc-internal", "mountPath": "/conf"}},
	}
	for _, field := range []string{"resources", "securityContext", "envFrom", "imagePullPolicy"} {
		if value := spec[field]; value != nil {
			container[field] = value
		}
	}
	if probe := healthProbe(c.settings); probe != nil {
		container["livenessProbe"] = probe
		if c.beta() {
			container["readinessProbe"] = probe
		}
	}
	return container
}

// arguments are the place of the configuration and what the object adds, sorted.
func arguments(spec map[string]any) []any {
	own, _, _ := unstructured.NestedStringMap(spec, "args")
	var more []string
	for name, value := range own {
		if name != "config" {
			more = append(more, fmt.Sprintf("--%s=%s", name, value))
		}
	}
	slices.Sort(more)
	out := []any{"--config=/conf/collector.yaml"}
	for _, argument := range more {
		out = append(out, argument)
	}
	return out
}

func environment(spec map[string]any) []any {
	own, _ := spec["env"].([]any)
	return append(slices.Clone(own), map[string]any{
		"name": "POD_NAME", "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": "metadata.name"}},
	})
}

const (
	healthPort = 13133
	health     = "health_check"
)

// healthProbe asks the extension health_check of a configuration; nil when that is not in service.
func healthProbe(config map[string]any) map[string]any {
	used, _, _ := unstructured.NestedStringSlice(config, "service", "extensions")
	i := slices.IndexFunc(used, func(name string) bool { return typeOf(name) == health })
	if i < 0 {
		return nil
	}
	settings, _, _ := unstructured.NestedMap(config, "extensions", used[i])
	path, _ := settings["path"].(string)
	if path == "" {
		path = "/"
	}
	return map[string]any{"httpGet": map[string]any{"path": path, "port": int64(endpointPort(settings, healthPort))}}
}

// completeHealth makes the extension listen where the kubelet can ask it (internal/components/extensions/healthcheckv1.go@v0.158.0).
func completeHealth(config map[string]any) {
	extensions, _, _ := unstructured.NestedMap(config, "extensions")
	for name, below := range extensions {
		settings, _ := below.(map[string]any)
		if settings == nil {
			settings = map[string]any{}
		}
		endpoint, _ := settings["endpoint"].(string)
		if typeOf(name) != health || endpoint != "" && !strings.HasPrefix(endpoint, ":") {
			continue
		}
		settings["endpoint"] = fmt.Sprintf("0.0.0.0:%d", endpointPort(settings, healthPort))
		extensions[name] = settings
	}
	if len(extensions) > 0 {
		config["extensions"] = extensions
	}
}
