package otel

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// collector is what one collector comes to.
type collector struct {
	owner                             *unstructured.Unstructured
	namespace, name, mode             string
	image, config, configMap, version string
	replicas                          any
	ports                             []corev1.ServicePort
	// settings are the configuration, as it was read.
	settings map[string]any
}

// newCollector reads a collector; operator tells the default image. Where its pods really run, runs is true.
func newCollector(object *unstructured.Unstructured, operator *corev1.Pod, runs bool) (*collector, error) {
	spec, _, _ := unstructured.NestedMap(object.Object, "spec")
	config, err := configOf(spec)
	if err != nil {
		return nil, err
	}
	written := config
	if runs && !isBeta(object) {
		written = translated(config)
	}
	text, err := yaml.Marshal(written)
	if err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	served, err := ports(config)
	if err != nil {
		return nil, err
	}
	c := &collector{
		owner: object, namespace: object.GetNamespace(), name: object.GetName() + "-collector", config: string(text), ports: served,
		replicas: spec["replicas"], settings: config,
	}
	c.mode, _ = spec["mode"].(string)
	c.image, _ = spec["image"].(string)
	for _, argument := range operator.Spec.Containers[0].Args {
		if image, ok := strings.CutPrefix(argument, "--collector-image="); ok && c.image == "" {
			c.image = image
		}
	}
	c.configMap = c.name
	if c.beta() {
		sum := sha256.Sum256(text)
		c.configMap = c.name + "-" + hex.EncodeToString(sum[:])[:8]
	}
	c.version = c.image[strings.LastIndex(c.image, ":")+1:]
	return c, nil
}

// isBeta tells whether a collector is of the newer version of its kind, which only the newer operator has.
func isBeta(object *unstructured.Unstructured) bool {
	return strings.HasSuffix(object.GetAPIVersion(), "/v1beta1")
}

func (c *collector) beta() bool { return isBeta(c.owner) }

// objects are what the operator makes, in its order.
func (c *collector) objects() []*unstructured.Unstructured {
	out := []*unstructured.Unstructured{c.object("v1", "ServiceAccount", c.name, nil)}
	config := c.object("v1", "ConfigMap", c.configMap, nil)
	config.Object["data"] = map[string]any{"collector.yaml": c.config}
	out = append(out, config)
	if c.mode == "sidecar" {
		return out
	}
	out = append(out, c.workload())
	if len(c.ports) > 0 {
		headless := c.service(c.name+"-headless", map[string]any{"operator.opentelemetry.io/collector-headless-service": "Exists"}, c.ports)
		_ = unstructured.SetNestedField(headless.Object, "None", "spec", "clusterIP") // spec is a map
		out = append(out, c.service(c.name, nil, c.ports), headless)
	}
	return append(out, c.service(c.name+"-monitoring", map[string]any{"operator.opentelemetry.io/collector-monitoring-service": "Exists"},
		[]corev1.ServicePort{{Name: "monitoring", Port: 8888, Protocol: corev1.ProtocolTCP}}))
}

func (c *collector) workload() *unstructured.Unstructured {
	kinds := map[string]string{"daemonset": "DaemonSet", "statefulset": "StatefulSet"}
	kindOf := kinds[c.mode]
	if kindOf == "" {
		kindOf = "Deployment"
	}
	object := c.object("apps/v1", kindOf, c.name, nil)
	spec := map[string]any{
		"selector": map[string]any{"matchLabels": c.selector()},
		"template": map[string]any{
			"metadata": map[string]any{"labels": c.labels(c.name)},
			"spec": map[string]any{
				"serviceAccountName": c.name, "containers": []any{c.container()},
				"volumes": []any{map[string]any{"name": "otc-internal", "configMap": map[string]any{
					"name": c.configMap, "items": []any{map[string]any{"key": "collector.yaml", "path": "collector.yaml"}},
				}}},
			},
		},
	}
	if kindOf != "DaemonSet" && c.replicas != nil {
		spec["replicas"] = c.replicas
	}
	if kindOf == "StatefulSet" {
		spec["serviceName"] = c.name
	}
	object.Object["spec"] = spec
	return object
}

func containerPorts(ports []corev1.ServicePort) []any {
	out := []any{}
	for _, port := range ports {
		name := port.Name
		if len(name) > 15 {
			name = strings.TrimRight(name[:15], "-")
		}
		out = append(out, map[string]any{"name": name, "containerPort": int64(port.Port), "protocol": string(port.Protocol)})
	}
	return out
}

func (c *collector) service(name string, more map[string]any, ports []corev1.ServicePort) *unstructured.Unstructured {
	list := []any{}
	for i := range ports {
		port, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&ports[i])
		if err == nil { // a ServicePort always converts
			list = append(list, port)
		}
	}
	object := c.object("v1", "Service", name, more)
	object.Object["spec"] = map[string]any{"selector": c.selector(), "ports": list}
	return object
}

// object is one of the collector's objects with nothing but its metadata.
func (c *collector) object(apiVersion, kindOf, name string, more map[string]any) *unstructured.Unstructured {
	labels := c.labels(name)
	for key, value := range more {
		labels[key] = value
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": apiVersion, "kind": kindOf,
		"metadata": map[string]any{
			"name": name, "namespace": c.namespace, "labels": labels,
			"ownerReferences": []any{map[string]any{
				"apiVersion": c.owner.GetAPIVersion(), "kind": kind, "name": c.owner.GetName(), "uid": string(c.owner.GetUID()),
				"controller": true, "blockOwnerDeletion": true,
			}},
		},
	}}
}

func (c *collector) labels(name string) map[string]any {
	labels := c.selector()
	labels["app.kubernetes.io/name"] = name
	labels["app.kubernetes.io/version"] = c.version
	return labels
}

func (c *collector) selector() map[string]any {
	return map[string]any{
		"app.kubernetes.io/managed-by": "opentelemetry-operator", "app.kubernetes.io/part-of": "opentelemetry",
		"app.kubernetes.io/instance":  c.namespace + "." + c.owner.GetName(),
		"app.kubernetes.io/component": "opentelemetry-collector",
	}
}
