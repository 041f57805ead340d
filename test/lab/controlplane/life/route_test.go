package life

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/containers"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/egress"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/webhook"
	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/pki"
)

func TestLife_RoutesByWhatThePodsAre(t *testing.T) {
	t.Parallel()
	l := newLife(t,
		node("up", "192.0.2.1", corev1.ConditionTrue), node("down", "192.0.2.2", corev1.ConditionUnknown),
		pod("web", "10.42.0.1", time.Minute), pod("starting", "10.42.0.2", -1),
		pod("hook", "10.42.0.3", 90*time.Minute), pod("fresh", "10.42.0.4", 0),
		hookService("hook"), hookSlice("hook", "10.42.0.3"), hookConfiguration("hook"),
		hookService("fresh"), hookSlice("fresh", "10.42.0.4"), hookConfiguration("fresh"),
	)
	cases := map[string]struct{ address, want string }{
		"a declared port":            {"10.42.0.1:8080", ""},
		"a port nobody knows":        {"10.42.0.1:8081", "connection refused"},
		"a pod that is not ready":    {"10.42.0.2:8080", "connection refused"},
		"an address without a pod":   {"10.42.0.9:8080", "no route to host"},
		"an address outside":         {"198.51.100.1:443", egress.ErrUnknown.Error()},
		"a kubelet":                  {"192.0.2.1:10250", ""},
		"a kubelet of a dead node":   {"192.0.2.2:10250", "no route to host"},
		"another port of a node":     {"192.0.2.1:9100", egress.ErrUnknown.Error()},
		"a webhook":                  {"10.42.0.3:9443", ""},
		"a webhook that starts":      {"10.42.0.4:9443", "connection refused"},
		"a name instead of a number": {"10.42.0.1:http", egress.ErrUnknown.Error()},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := l.Route(t.Context(), test.address)
			if (err == nil) != (test.want == "") || err != nil && !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if strings.HasSuffix(test.want, "address") && !errors.Is(err, egress.ErrUnknown) {
				t.Errorf("error %v is not ErrUnknown", err)
			}
		})
	}
}

// Pods that run, and their kubelets, are beside the simulated ones.
func TestLife_LeavesRealPodsToThemselves(t *testing.T) {
	t.Parallel()
	l := newLife(t, node("up", "192.0.2.1", corev1.ConditionTrue), pod("web", "10.42.200.1", time.Minute), pod("starting", "10.42.200.2", -1))
	l.options.Containers = containers.New("nginx")
	for name, address := range map[string]string{"a ready pod": "10.42.200.1:8080", "a port nobody knows": "10.42.200.1:9", "a pod that is not ready": "10.42.200.2:8080"} {
		if _, err := l.Route(t.Context(), address); !errors.Is(err, egress.ErrUnknown) {
			t.Errorf("%s: error %v, want it to be dialled", name, err)
		}
	}
	l.options.Containers = containers.New("db")
	if _, err := l.Route(t.Context(), "10.42.200.1:8080"); err != nil {
		t.Errorf("a simulated pod: %v", err)
	}
	if _, err := l.Route(t.Context(), "192.0.2.1:10250"); err != nil {
		t.Errorf("a kubelet: %v", err)
	}
}

func TestLife_StandsInForPods(t *testing.T) {
	t.Parallel()
	l := newLife(t, pod("web", "10.42.0.1", time.Minute))
	go l.web.run(t.Context())
	serve, err := l.Route(t.Context(), "10.42.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	go serve(far)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://10.42.0.1:8080/", nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return near, nil }}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != "stand-in for nginx in pod default/web\n" {
		t.Errorf("%q, %v", body, err)
	}
	if !response.Close {
		t.Error("the connection stays, and would answer for the next pod at this address")
	}
}

func newLife(t *testing.T, objects ...runtime.Object) *Life {
	t.Helper()
	dir := t.TempDir()
	if err := pki.Ensure(dir, pki.Options{NodeName: "lab", NodeIP: net.IPv4(127, 0, 0, 1), ServiceIP: net.IPv4(10, 43, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	issuer, err := webhook.NewIssuer(filepath.Join(dir, "server-ca.crt"), filepath.Join(dir, "server-ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	l := &Life{
		options: Options{Delay: 2 * time.Hour, Logger: logger}, pods: netip.MustParsePrefix("10.42.0.0/16"), issuer: issuer, changes: &changes{},
		client: fake.NewClientset(objects...), webhooks: webhook.NewServer(logger), web: newWebServer(issuer, logger),
	}
	if l.view, err = cluster.New(l.client, crdfake.NewClientset()); err != nil {
		t.Fatal(err)
	}
	l.patcher = &webhook.Patcher{View: l.view, Issuer: issuer}
	if l.kubelet, err = newKubeletServer(l); err != nil {
		t.Fatal(err)
	}
	if err := l.view.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

func node(name, address string, ready corev1.ConditionStatus) *corev1.Node {
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{
		Addresses:  []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address}},
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}},
	}}
}

// pod is ready for some time; a negative time is not ready.
func pod(name, address string, ready time.Duration) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", UID: types.UID(name)},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "nginx", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}}}},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: address},
	}
	if ready >= 0 {
		p.Status.Conditions = []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now().Add(-ready))},
		}
	}
	return p
}

func hookService(name string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443}}}}
}

func hookSlice(name, address string) *discoveryv1.EndpointSlice {
	yes, port, portName := true, int32(9443), ""
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Labels: map[string]string{discoveryv1.LabelServiceName: name}},
		Endpoints: []discoveryv1.Endpoint{{
			Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: &yes}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: name},
		}},
		Ports: []discoveryv1.EndpointPort{{Name: &portName, Port: &port}},
	}
}

func hookConfiguration(name string) *admissionv1.ValidatingWebhookConfiguration {
	return &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}, Webhooks: []admissionv1.ValidatingWebhook{{
		Name: "hook.example.test", ClientConfig: admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: "default", Name: name}},
	}}}
}
