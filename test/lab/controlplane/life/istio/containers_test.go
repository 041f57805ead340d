package istio

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
)

// inject returns a pod as it is after injection by an istiod of a version.
func inject(t *testing.T, version, pod string) corev1.Pod {
	t.Helper()
	settings := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "istio-system", Name: "istio"},
		Data:       map[string]string{"mesh": "defaultConfig:\n  tracing:\n    zipkin: {address: 'z:9411'}\n"},
	}
	injector := &Injector{View: viewWithIstiod(t, version), Settings: func() []*corev1.ConfigMap { return []*corev1.ConfigMap{settings} }}
	response, err := injector.Answer(t.Context(), webhook.Question{
		Namespace: "istio-system", Service: "istiod", Path: "/inject", Request: &admissionv1.AdmissionRequest{Object: runtime.RawExtension{Raw: []byte(pod)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	operations, err := jsonpatch.DecodePatch(response.Patch)
	if err != nil {
		t.Fatal(err)
	}
	patched, err := operations.Apply([]byte(pod))
	if err != nil {
		t.Fatal(err)
	}
	var result corev1.Pod
	if err := json.Unmarshal(patched, &result); err != nil {
		t.Fatal(err)
	}
	return result
}

const workload = `{"metadata":{"generateName":"web-5d4f-","labels":{"pod-template-hash":"5d4f"},"ownerReferences":[{"kind":"ReplicaSet","name":"web-5d4f","controller":true}],
"annotations":{"prometheus.io/port":"9080","prometheus.io/path":"/metrics","traffic.sidecar.istio.io/excludeInboundPorts":"7000","traffic.sidecar.istio.io/excludeOutboundPorts":"3306"}},
"spec":{"containers":[{"name":"web","image":"nginx"}]}}`

func TestInjector_GivesASidecarWhatItRunsWith(t *testing.T) {
	t.Parallel()
	pod := inject(t, "1.30.3", workload)
	setup, proxy := pod.Spec.InitContainers[0], pod.Spec.InitContainers[1]
	if got, want := strings.Join(setup.Args, " "), "istio-iptables -p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020,7000 -o 3306 --log_output_level=default:info"; got != want {
		t.Errorf("capture is %q, want %q", got, want)
	}
	if c := setup.SecurityContext; *c.RunAsUser != 0 || !slices.Contains(c.Capabilities.Add, "NET_ADMIN") {
		t.Errorf("capture runs as %+v", c)
	}
	if c := proxy.SecurityContext; *c.RunAsUser != 1337 || *c.RunAsGroup != 1337 || len(c.Capabilities.Add) > 0 || !*c.RunAsNonRoot {
		t.Errorf("the proxy runs as %+v", c)
	}
	if proxy.StartupProbe == nil || proxy.StartupProbe.HTTPGet.Port.IntValue() != 15021 || proxy.ReadinessProbe.PeriodSeconds != 15 {
		t.Errorf("probes %+v %+v", proxy.StartupProbe, proxy.ReadinessProbe)
	}
	env := map[string]int{}
	for i, variable := range proxy.Env {
		env[variable.Name] = i
	}
	if discovery := proxy.Env[env["LAB_DISCOVERY"]]; discovery.Value != "$(HOST_IP)" || env["HOST_IP"] >= env["LAB_DISCOVERY"] {
		t.Errorf("it asks %+v", discovery)
	}
	if settings := proxy.Env[env["PROXY_CONFIG"]].Value; settings != `{"tracing":{"zipkin":{"address":"z:9411"}}}` {
		t.Errorf("it starts with %s", settings)
	}
	if pod.Annotations["prometheus.io/port"] != "15020" || pod.Annotations["prometheus.io/path"] != "/stats/prometheus" {
		t.Errorf("metrics are looked for at %v", pod.Annotations)
	}
	if name := pod.Labels["service.istio.io/canonical-name"]; name != "web" {
		t.Errorf("its service is %q", name)
	}
}

func TestInjector_KnowsTheFormOfTheVersion(t *testing.T) {
	t.Parallel()
	old := inject(t, "1.17.1", workload)
	if proxy := old.Spec.Containers[0]; proxy.Name != "istio-proxy" || proxy.StartupProbe != nil || proxy.RestartPolicy != nil || proxy.ReadinessProbe.PeriodSeconds != 2 {
		t.Errorf("the old form is %+v", proxy)
	}
	asked := inject(t, "1.30.3", strings.Replace(workload, `"annotations":{`, `"annotations":{"sidecar.istio.io/nativeSidecar":"false",`, 1))
	if asked.Spec.Containers[0].Name != "istio-proxy" || len(asked.Spec.InitContainers) != 1 {
		t.Errorf("asked for the old form it is %+v", asked.Spec)
	}
}

func TestInjector_LeavesToAGatewayWhatItsChartSays(t *testing.T) {
	t.Parallel()
	pod := inject(t, "1.30.3", `{"metadata":{"name":"gw","labels":{"app":"gw"},"annotations":{"inject.istio.io/templates":"gateway"}},"spec":{"containers":[{"name":"istio-proxy","image":"auto",
"env":[{"name":"POD_NAME","value":"mine"},{"name":"OWN","value":"$(HOST_IP)"}],"securityContext":{"runAsUser":5,"runAsNonRoot":true},"ports":[{"containerPort":80}]}]}}`)
	proxy := pod.Spec.Containers[0]
	if strings.Join(proxy.Args[:2], " ") != "proxy router" || *proxy.SecurityContext.RunAsUser != 5 || *proxy.SecurityContext.RunAsGroup != 1337 || !*proxy.SecurityContext.RunAsNonRoot {
		t.Errorf("the gateway is %+v as %+v", proxy, proxy.SecurityContext)
	}
	if len(proxy.Ports) != 1 || proxy.Ports[0].ContainerPort != 80 || proxy.ReadinessProbe == nil {
		t.Errorf("its ports are %v, its probe %v", proxy.Ports, proxy.ReadinessProbe)
	}
	var names []string
	for _, variable := range proxy.Env {
		names = append(names, variable.Name+"="+variable.Value)
	}
	if slices.Contains(names, "POD_NAME=") || !slices.Contains(names, "POD_NAME=mine") || slices.Index(names, "HOST_IP=") > slices.Index(names, "OWN=$(HOST_IP)") {
		t.Errorf("its variables are %v", names)
	}
}
