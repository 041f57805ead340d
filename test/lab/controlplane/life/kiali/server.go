package kiali

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// resources are the kinds that a server is made of.
var resources = map[string]schema.GroupVersionResource{
	"ServiceAccount": {Version: "v1", Resource: "serviceaccounts"},
	"ConfigMap":      {Version: "v1", Resource: "configmaps"},
	"Service":        {Version: "v1", Resource: "services"},
	"Deployment":     {Group: "apps", Version: "v1", Resource: "deployments"},
	"Ingress":        {Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"},
	"NetworkPolicy":  {Group: "networking.k8s.io", Version: "v1", Resource: "networkpolicies"},
}

const metricsPort = int64(9090)

// server is what a Kiali object asks for (kiali-operator:roles/default/kiali-deploy/templates/kubernetes).
type server struct {
	name, namespace, version, root string
	// image has no tag.
	image string
	port  int64
	spec  map[string]any
}

func newServer(object *unstructured.Unstructured, version string) server {
	spec, _, _ := unstructured.NestedMap(object.Object, "spec")
	s := server{name: "kiali", namespace: object.GetNamespace(), version: version, root: "/kiali", image: "quay.io/kiali/kiali", port: 20001, spec: spec}
	for path, to := range map[string]*string{"deployment.instance_name": &s.name, "deployment.namespace": &s.namespace, "server.web_root": &s.root} {
		if text, _, _ := unstructured.NestedString(spec, strings.Split(path, ".")...); text != "" {
			*to = text
		}
	}
	if port, found, _ := unstructured.NestedInt64(spec, "server", "port"); found {
		s.port = port
	}
	return s
}

// published tells whether the server has an Ingress; without a word it has none outside of OpenShift.
func (s server) published() bool {
	enabled, _, _ := unstructured.NestedBool(s.spec, "deployment", "ingress", "enabled")
	return enabled
}

// objects are all that a server can have, its Ingress among them.
func (s server) objects() []*unstructured.Unstructured {
	all := []*unstructured.Unstructured{
		s.object("ServiceAccount", s.name+"-service-account", nil),
		s.object("ConfigMap", s.name, map[string]any{"data": map[string]any{"config.yaml": s.config()}}),
		s.object("Service", s.name, map[string]any{"spec": s.service()}),
		s.object("Deployment", s.name, map[string]any{"spec": s.deployment()}),
		s.ingress(),
	}
	if s.hasPolicy() {
		all = append(all, s.object("NetworkPolicy", s.name, map[string]any{"spec": s.policy()}))
	}
	return all
}

func (s server) object(kind, name string, body map[string]any) *unstructured.Unstructured {
	resource := resources[kind]
	labels := map[string]any{"version": s.version, "app.kubernetes.io/version": s.version, "app.kubernetes.io/part-of": "kiali"}
	for k, v := range s.selector() {
		labels[k] = v
	}
	made := &unstructured.Unstructured{Object: map[string]any{}}
	for k, v := range body {
		made.Object[k] = v
	}
	made.Object["metadata"] = map[string]any{"labels": labels}
	made.SetAPIVersion(resource.GroupVersion().String())
	made.SetKind(kind)
	made.SetNamespace(s.namespace)
	made.SetName(name)
	return made
}

func (s server) selector() map[string]any {
	return map[string]any{"app.kubernetes.io/name": "kiali", "app.kubernetes.io/instance": s.name}
}

// config is the file of the server: what the Kiali object says, in a form that people read.
func (s server) config() string {
	text, err := yaml.Marshal(s.spec)
	if err != nil {
		return ""
	}
	return string(text)
}

func (s server) service() map[string]any {
	return map[string]any{
		"selector": s.selector(),
		"ports": []any{
			map[string]any{"name": "http", "protocol": "TCP", "appProtocol": "http", "port": s.port},
			map[string]any{"name": "http-metrics", "protocol": "TCP", "appProtocol": "http", "port": metricsPort},
		},
	}
}

func (s server) deployment() map[string]any {
	replicas, found, _ := unstructured.NestedInt64(s.spec, "deployment", "replicas")
	if !found {
		replicas = 1
	}
	labels := s.selector()
	labels["app"] = "kiali"
	return map[string]any{
		"replicas": replicas,
		"selector": map[string]any{"matchLabels": s.selector()},
		"template": map[string]any{
			"metadata": map[string]any{"labels": labels, "annotations": map[string]any{
				"prometheus.io/scrape": "true", "prometheus.io/port": strconv.FormatInt(metricsPort, 10),
			}},
			"spec": map[string]any{
				"serviceAccountName": s.name + "-service-account",
				"containers": []any{map[string]any{
					"name": "kiali", "image": s.image + ":" + s.version,
					"command": []any{"/opt/kiali/kiali", "-config", "/kiali-configuration/config.yaml"},
					"ports": []any{
						map[string]any{"name": "api-port", "containerPort": s.port, "protocol": "TCP"},
						map[string]any{"name": "http-metrics", "containerPort": metricsPort, "protocol": "TCP"},
					},
					"volumeMounts": []any{map[string]any{"name": "kiali-configuration", "mountPath": "/kiali-configuration"}},
				}},
				"volumes": []any{map[string]any{"name": "kiali-configuration", "configMap": map[string]any{"name": s.name}}},
			},
		},
	}
}

// ingress has the spec of the Kiali object or one of the operator's own, for ingress-nginx unless class_name says otherwise.
func (s server) ingress() *unstructured.Unstructured {
	spec, found, _ := unstructured.NestedMap(s.spec, "deployment", "ingress", "override_yaml", "spec")
	if !found {
		class, _, _ := unstructured.NestedString(s.spec, "deployment", "ingress", "class_name")
		if class == "" {
			class = "nginx"
		}
		backend := map[string]any{"service": map[string]any{"name": s.name, "port": map[string]any{"number": s.port}}}
		path := map[string]any{"path": s.root, "pathType": "Prefix", "backend": backend}
		spec = map[string]any{
			"ingressClassName": class,
			"rules":            []any{map[string]any{"http": map[string]any{"paths": []any{path}}}},
		}
	}
	made := s.object("Ingress", s.name, map[string]any{"spec": spec})
	annotations, found, _ := unstructured.NestedStringMap(s.spec, "deployment", "ingress", "override_yaml", "metadata", "annotations")
	if !found {
		annotations = map[string]string{
			"nginx.ingress.kubernetes.io/secure-backends": "false", "nginx.ingress.kubernetes.io/backend-protocol": "HTTP",
		}
	}
	made.SetAnnotations(annotations)
	return made
}

// hasPolicy tells whether the version fences its server in, which it does since 2.17 unless it is told not to.
func (s server) hasPolicy() bool {
	enabled, found, _ := unstructured.NestedBool(s.spec, "deployment", "network_policy", "enabled")
	parts := strings.SplitN(strings.TrimPrefix(s.version, "v"), ".", 3)
	if len(parts) < 2 || found && !enabled {
		return false
	}
	major, err := strconv.Atoi(parts[0])
	minor, errMinor := strconv.Atoi(parts[1])
	return err == nil && errMinor == nil && (major > 2 || major == 2 && minor >= 17)
}

func (s server) policy() map[string]any {
	port := func(number int64) any { return map[string]any{"protocol": "TCP", "port": number} }
	return map[string]any{
		"podSelector": map[string]any{"matchLabels": s.selector()},
		"policyTypes": []any{"Ingress"},
		"ingress":     []any{map[string]any{"ports": []any{port(s.port), port(metricsPort)}}},
	}
}
