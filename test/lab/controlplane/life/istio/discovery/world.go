// Package discovery knows what istiod tells its proxies: from Services and their endpoints, Gateways, VirtualServices, DestinationRules,
// Telemetry and the mesh's settings it computes the configuration of one proxy. It does no more than the lab's stand-in of a proxy can
// follow: HTTP by host and path, TCP by address, tracing. Of Sidecar, exportTo, ServiceEntry and TLS at gateways it knows nothing.
package discovery

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
)

// World is what istiod looks at.
type World struct {
	Pods                                                     []*corev1.Pod
	Services                                                 []*corev1.Service
	Slices                                                   []*discoveryv1.EndpointSlice
	Gateways, VirtualServices, DestinationRules, Telemetries []*unstructured.Unstructured
	// Settings are the ConfigMaps of istiods.
	Settings []*corev1.ConfigMap
	// Ready tells whether a pod is.
	Ready func(*corev1.Pod) bool
}

// cluster names, as Istio's installations do by default.
const (
	clusterName   = "Kubernetes"
	clusterDomain = "cluster.local"
	meshID        = "cluster.local"
)

// named is an object with the spec that concerns us.
type named[T any] struct {
	namespace, name string
	labels          map[string]string
	created         time.Time
	spec            T
}

// read decodes the specs of objects, oldest first, which is the order in which istiod looks at them (istio:pilot/pkg/model/context.go,
// sortConfigByCreationTime). What cannot be read is left out.
func read[T any](objects []*unstructured.Unstructured) []named[T] {
	var list []named[T]
	for _, object := range objects {
		one := named[T]{
			namespace: object.GetNamespace(), name: object.GetName(), labels: object.GetLabels(), created: object.GetCreationTimestamp().Time,
		}
		raw, err := json.Marshal(object.Object["spec"])
		if err != nil || json.Unmarshal(raw, &one.spec) != nil {
			continue
		}
		list = append(list, one)
	}
	slices.SortStableFunc(list, func(a, b named[T]) int {
		return cmp.Or(a.created.Compare(b.created), strings.Compare(a.namespace, b.namespace), strings.Compare(a.name, b.name))
	})
	return list
}

// host is a service's name in full.
func host(service *corev1.Service) string {
	return service.Name + "." + service.Namespace + ".svc." + clusterDomain
}

// resolve is the full name of a host that an object of a namespace names. Only a name without dots is completed (istio:pkg/config/model.go,
// ResolveShortnameToFQDN).
func resolve(name, namespace string) string {
	if name == "*" || strings.Contains(name, ".") {
		return strings.TrimSuffix(name, ".")
	}
	return name + "." + namespace + ".svc." + clusterDomain
}

// service finds a Service by its full name.
func (w *World) service(fqdn string) *corev1.Service {
	for _, service := range w.Services {
		if host(service) == fqdn {
			return service
		}
	}
	return nil
}

// pod finds a pod by its name.
func (w *World) pod(namespace, name string) *corev1.Pod {
	for _, pod := range w.Pods {
		if pod.Namespace == namespace && pod.Name == name {
			return pod
		}
	}
	return nil
}

// backend is a ready address behind a port of a service.
type backend struct {
	address string
	port    int32
	pod     *corev1.Pod
}

func (b backend) String() string { return b.address + ":" + strconv.Itoa(int(b.port)) }

// backends lists who is behind a port of a service.
func (w *World) backends(service *corev1.Service, port corev1.ServicePort) []backend {
	var list []backend
	for _, slice := range w.Slices {
		if slice.Namespace != service.Namespace || slice.Labels[discoveryv1.LabelServiceName] != service.Name || slice.AddressType != discoveryv1.AddressTypeIPv4 {
			continue
		}
		number := slicePort(slice, port.Name)
		if number == 0 {
			continue
		}
		for _, endpoint := range slice.Endpoints {
			if len(endpoint.Addresses) == 0 || !ptr.Deref(endpoint.Conditions.Ready, true) {
				continue
			}
			one := backend{address: endpoint.Addresses[0], port: number}
			if endpoint.TargetRef != nil && endpoint.TargetRef.Kind == "Pod" {
				one.pod = w.pod(endpoint.TargetRef.Namespace, endpoint.TargetRef.Name)
			}
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b backend) int { return strings.Compare(a.String(), b.String()) })
	return list
}

// slicePort is the number that a slice has for a port of its service; 0 when it has none.
func slicePort(slice *discoveryv1.EndpointSlice, name string) int32 {
	for _, port := range slice.Ports {
		if ptr.Deref(port.Name, "") == name && port.Port != nil {
			return *port.Port
		}
	}
	return 0
}

// protocol is what a port's name or appProtocol declares (istio:pkg/config/kube/conversion.go@1.30.3, ConvertProtocol). HTTP/2 and what lies
// on it are told apart from HTTP/1.1 by looking.
func protocol(port corev1.ServicePort) string {
	switch declared(port) {
	case "http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws":
		return ProtocolHTTP
	case "tcp", "tls", "https", "mongo", "mysql", "redis", "kubernetes.io/wss":
		return ProtocolTCP
	}
	return ""
}

// declared is what a port says that it speaks, if it does.
func declared(port corev1.ServicePort) string {
	name, _, _ := strings.Cut(port.Name, "-")
	return strings.ToLower(ptr.Deref(port.AppProtocol, name))
}

// overHTTP2 tells whether proxies speak HTTP/2 to a port by its declaration.
func overHTTP2(port corev1.ServicePort) bool {
	switch declared(port) {
	case "http2", "grpc", "grpc-web", "kubernetes.io/h2c":
		return true
	}
	return false
}

// selects tells whether labels have all of a selector's.
func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}

func controller(pod *corev1.Pod) *metav1.OwnerReference { return metav1.GetControllerOf(pod) }
