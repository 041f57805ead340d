package discovery

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// newWorld has a mesh of Istio 1.30.3 with a gateway, the workload web (two versions behind one Service) in namespace shop, a database in
// namespace data, and a collector.
func newWorld() *World {
	w := &World{Ready: func(*corev1.Pod) bool { return true }}
	w.Pods = append(w.Pods,
		&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: "istio-system", Name: "istiod-1", Labels: map[string]string{"app": "istiod", "istio.io/rev": "default"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "discovery", Image: "registry.istio.io/release/pilot:1.30.3"}}},
		},
		proxied("istio-system", "istio-ingressgateway", "router", "10.42.0.2", map[string]string{"app": "istio-ingressgateway", "istio": "ingressgateway"}),
		proxied("shop", "web-v1", "sidecar", "10.42.0.3", map[string]string{"app": "web", "version": "v1"}),
		proxied("shop", "web-v2", "sidecar", "10.42.0.4", map[string]string{"app": "web", "version": "v2"}),
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "data", Name: "db-0", Labels: map[string]string{"app": "db"}}, Status: corev1.PodStatus{PodIP: "10.42.0.5"}},
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "otel", Name: "collector-0"}, Status: corev1.PodStatus{PodIP: "10.42.0.6"}},
	)
	w.serve("istio-system", "istio-ingressgateway", "10.43.0.2", map[string]string{"istio": "ingressgateway"}, servicePort("http2", 80, 8080))
	w.serve("shop", "web", "10.43.0.3", map[string]string{"app": "web"}, servicePort("http", 80, 9080))
	w.serve("data", "db", "10.43.0.5", map[string]string{"app": "db"}, servicePort("tcp-db", 5432, 5432), servicePort("metrics", 80, 9187))
	w.serve("otel", "collector", "10.43.0.6", nil, servicePort("grpc-otlp", 4317, 4317), servicePort("zipkin", 9411, 9411), servicePort("otlp", 4319, 4319))
	w.Slices = append(w.Slices, slice("otel", "collector", "10.42.0.6", "collector-0", servicePort("grpc-otlp", 4317, 4317), servicePort("zipkin", 9411, 9411), servicePort("otlp", 4319, 4319)))
	return w
}

// proxied is a pod of a Deployment with a proxy.
func proxied(namespace, name, role, address string, labels map[string]string) *corev1.Pod {
	labels["pod-template-hash"] = "5d4f"
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name + "-5d4f-x", GenerateName: name + "-5d4f-", Labels: labels,
			Annotations:     map[string]string{"sidecar.istio.io/status": `{"revision":"default"}`},
			OwnerReferences: []metav1.OwnerReference{{Kind: "ReplicaSet", Name: name + "-5d4f", Controller: ptr.To(true)}},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "istio-proxy", Image: "registry.istio.io/release/proxyv2:1.30.3", Args: []string{"proxy", role},
		}}},
		Status: corev1.PodStatus{PodIP: address},
	}
}

func servicePort(name string, number, target int32) corev1.ServicePort {
	return corev1.ServicePort{Name: name, Port: number, TargetPort: intstr.FromInt32(target), Protocol: corev1.ProtocolTCP}
}

// serve adds a Service and, for the pods that it selects, endpoints.
func (w *World) serve(namespace, name, address string, selector map[string]string, ports ...corev1.ServicePort) {
	w.Services = append(w.Services, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ServiceSpec{ClusterIP: address, ClusterIPs: []string{address}, Selector: selector, Ports: ports},
	})
	for _, pod := range w.Pods {
		if len(selector) > 0 && pod.Namespace == namespace && selects(selector, pod.Labels) {
			w.Slices = append(w.Slices, slice(namespace, name, pod.Status.PodIP, pod.Name, ports...))
		}
	}
}

func slice(namespace, service, address, pod string, ports ...corev1.ServicePort) *discoveryv1.EndpointSlice {
	s := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{address}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod}}},
	}
	for _, port := range ports {
		s.Ports = append(s.Ports, discoveryv1.EndpointPort{Name: ptr.To(port.Name), Port: ptr.To(port.TargetPort.IntVal)})
	}
	return s
}

// object is a custom resource; age orders those of a kind, a higher one is younger.
func object(t *testing.T, namespace, name string, age int, spec string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{}}
	o.SetNamespace(namespace)
	o.SetName(name)
	o.SetCreationTimestamp(metav1.NewTime(time.Unix(int64(1000+age), 0)))
	var content map[string]any
	if err := json.Unmarshal([]byte(spec), &content); err != nil {
		t.Fatalf("%v in %s", err, spec)
	}
	o.Object["spec"] = content
	return o
}

func settings(text string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "istio-system", Name: "istio"}, Data: map[string]string{"mesh": text}}
}

const (
	gatewayPod = "istio-ingressgateway-5d4f-x"
	webPod     = "web-v1-5d4f-x"
)

func build(t *testing.T, w *World, namespace, pod string) *Config {
	t.Helper()
	config, err := w.Build(namespace, pod)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// text writes the routes of a port: "domain,domain: [match ]cluster*weight cluster*weight; ...".
func text(config *Config, port int) string {
	var lines []string
	for _, listener := range config.Listeners {
		if listener.Port != port {
			continue
		}
		for _, one := range listener.Hosts {
			var routes []string
			for _, route := range one.Routes {
				routes = append(routes, routeText(route))
			}
			redirect := ""
			if one.RedirectToHTTPS {
				redirect = " https"
			}
			lines = append(lines, strings.Join(one.Domains, ",")+":"+redirect+" "+strings.Join(routes, "; "))
		}
	}
	return strings.Join(lines, "\n")
}

func routeText(route Route) string {
	var parts []string
	for _, match := range route.Matches {
		if match.Path != nil {
			parts = append(parts, cmp.Or(match.Path.Exact, match.Path.Prefix+"*"))
		}
	}
	for _, cluster := range route.Clusters {
		raw, _ := json.Marshal(cluster.Weight)
		parts = append(parts, cluster.Cluster+"*"+string(raw))
	}
	if route.Redirect != nil {
		parts = append(parts, "to "+route.Redirect.URI)
	}
	return strings.Join(parts, " ")
}
