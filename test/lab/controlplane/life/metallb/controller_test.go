package metallb

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	crdfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/record"

	"github.com/dxlab/terraform-provider-lab/test/lab/controlplane/life/cluster"
)

func TestController_GivesAddresses(t *testing.T) {
	t.Parallel()
	wide := []*unstructured.Unstructured{poolObject("lab", "192.0.2.10-192.0.2.12")}
	cases := map[string]struct {
		pools    []*unstructured.Unstructured
		services []*corev1.Service
		image    string
		// want is the address of each Service, events are parts of the events in their order.
		want   map[string]string
		events []string
	}{
		"the first free one": {
			pools: wide, services: []*corev1.Service{service("a"), service("b")},
			want:   map[string]string{"a": "192.0.2.10", "b": "192.0.2.11"},
			events: []string{`Normal IPAllocated Assigned IP ["192.0.2.10"]`, `Normal IPAllocated Assigned IP ["192.0.2.11"]`},
		},
		"the one asked for": {
			pools: wide, services: []*corev1.Service{service("a", annotated("metallb.io/loadBalancerIPs", "192.0.2.12"))},
			want: map[string]string{"a": "192.0.2.12"},
		},
		"the one asked for in the old way": {
			pools: wide, services: []*corev1.Service{service("a", annotated("metallb.universe.tf/loadBalancerIPs", "192.0.2.12"))},
			want:   map[string]string{"a": "192.0.2.12"},
			events: []string{"Warning deprecatedAnnotation Service uses deprecated annotation metallb.universe.tf/loadBalancerIPs", "IPAllocated"},
		},
		"the new annotation means nothing to an old version": {
			pools: wide, services: []*corev1.Service{service("a", annotated("metallb.io/loadBalancerIPs", "192.0.2.12"))}, image: "quay.io/metallb/controller:v0.13.9",
			want: map[string]string{"a": "192.0.2.10"},
		},
		"one outside of the pools": {
			pools: wide, services: []*corev1.Service{service("a", wants("198.51.100.1"))},
			want: map[string]string{"a": ""}, events: []string{`Warning AllocationFailed Failed to allocate IP for "default/a": ["198.51.100.1"] is not allowed in config`},
		},
		"asked for twice over": {
			pools: wide, services: []*corev1.Service{service("a", wants("192.0.2.12"), annotated("metallb.io/loadBalancerIPs", "192.0.2.12"))},
			want: map[string]string{"a": ""}, events: []string{"service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP"},
		},
		"taken by another": {
			pools: wide, services: []*corev1.Service{service("a", wants("192.0.2.12")), service("b", wants("192.0.2.12"))},
			want: map[string]string{"a": "192.0.2.12", "b": ""}, events: []string{"IPAllocated", "can't change sharing key for \"default/b\", address also in use by default/a"},
		},
		"shared on other ports": {
			pools: wide,
			services: []*corev1.Service{
				service("a", wants("192.0.2.12"), annotated("metallb.io/allow-shared-ip", "x")),
				service("b", wants("192.0.2.12"), annotated("metallb.io/allow-shared-ip", "x"), port(81)),
			},
			want: map[string]string{"a": "192.0.2.12", "b": "192.0.2.12"},
		},
		"the pool asked for": {
			pools:    []*unstructured.Unstructured{poolObject("lab", "192.0.2.10/31"), poolObject("other", "198.51.100.0/30")},
			services: []*corev1.Service{service("a", annotated("metallb.io/address-pool", "other"))},
			want:     map[string]string{"a": "198.51.100.0"},
		},
		"a pool that is not there": {
			pools: wide, services: []*corev1.Service{service("a", annotated("metallb.io/address-pool", "none"))},
			want: map[string]string{"a": ""}, events: []string{`unknown pool "none"`},
		},
		"no more left": {
			pools: []*unstructured.Unstructured{poolObject("lab", "192.0.2.10/32")}, services: []*corev1.Service{service("a"), service("b")},
			want: map[string]string{"a": "192.0.2.10", "b": ""}, events: []string{"IPAllocated", `Failed to allocate IP for "default/b": no available IPs`},
		},
		"another class": {
			pools: wide, services: []*corev1.Service{service("a", func(s *corev1.Service) { s.Spec.LoadBalancerClass = new("example.test/lb") })},
			want: map[string]string{"a": ""}, events: []string{},
		},
		"kept when it is still in a pool": {
			pools: wide, services: []*corev1.Service{service("a"), service("b", has("192.0.2.10", "lab"))},
			want: map[string]string{"a": "192.0.2.11", "b": "192.0.2.10"},
		},
		"given anew when its pool is another": {
			pools: wide, services: []*corev1.Service{service("a", has("198.51.100.1", "lab"))},
			want: map[string]string{"a": "192.0.2.10"}, events: []string{`Normal ClearAssignment current IP for "default/a" not allowed by config`, `IPAllocated`},
		},
		"taken back when no pool is left": {
			services: []*corev1.Service{service("a", has("192.0.2.10", "lab"))},
			want:     map[string]string{"a": ""},
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.image, test.pools, test.services)
			w.sync(t)
			for name, want := range test.want {
				if got := w.address(t, name); got != want {
					t.Errorf("service %s has %q, want %q", name, got, want)
				}
			}
			w.expectEvents(t, test.events)
		})
	}
}

func TestController_SaysOnceWhatItCannotGive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", []*unstructured.Unstructured{poolObject("lab", "192.0.2.10/32")}, []*corev1.Service{service("a", wants("198.51.100.1"))})
	w.sync(t)
	w.sync(t)
	w.expectEvents(t, []string{"AllocationFailed"})
	changed := poolObject("lab", "192.0.2.10/31")
	changed.SetResourceVersion("2")
	w.pools = []*unstructured.Unstructured{changed}
	w.sync(t)
	w.expectEvents(t, []string{"AllocationFailed"})
}

func TestController_WaitsForItsPod(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", []*unstructured.Unstructured{poolObject("lab", "192.0.2.10/32")}, []*corev1.Service{service("a")})
	w.controller.Delay = time.Hour
	wait, err := w.controller.Sync(t.Context())
	if err != nil || wait <= 0 || w.address(t, "a") != "" {
		t.Errorf("wait %v, error %v, address %q", wait, err, w.address(t, "a"))
	}
}

// world is a cluster with a MetalLB controller.
type world struct {
	client     *fake.Clientset
	controller *Controller
	events     *record.FakeRecorder
	pools      []*unstructured.Unstructured
}

func newWorld(t *testing.T, image string, pools []*unstructured.Unstructured, services []*corev1.Service) *world {
	t.Helper()
	if image == "" {
		image = "quay.io/metallb/controller:v0.16.1"
	}
	objects := []runtime.Object{&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "controller", Namespace: "metallb-system", UID: "pod",
			Labels: map[string]string{"app.kubernetes.io/name": "metallb", "app.kubernetes.io/component": "controller"},
		},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "controller", Image: image}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(time.Now().Add(-time.Minute))},
		}},
	}}
	for _, s := range services {
		objects = append(objects, s)
	}
	w := &world{client: fake.NewClientset(objects...), events: record.NewFakeRecorder(100), pools: pools}
	view, err := cluster.New(w.client, crdfake.NewClientset())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	if err := view.Start(ctx); err != nil {
		t.Fatal(err)
	}
	w.controller = &Controller{
		Client: w.client, View: view, Events: w.events, Logger: slog.New(slog.DiscardHandler),
		Pools: func(string) ([]*unstructured.Unstructured, bool) { return slices.Clone(w.pools), true },
	}
	return w
}

func (w *world) sync(t *testing.T) {
	t.Helper()
	if _, err := w.controller.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) address(t *testing.T, name string) string {
	t.Helper()
	live, err := w.client.CoreV1().Services("default").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(live.Status.LoadBalancer.Ingress) == 0 {
		return ""
	}
	return live.Status.LoadBalancer.Ingress[0].IP
}

func (w *world) expectEvents(t *testing.T, want []string) {
	t.Helper()
	var got []string
	for {
		select {
		case event := <-w.events.Events:
			got = append(got, event)
			continue
		default:
		}
		break
	}
	if want != nil && len(got) != len(want) {
		t.Fatalf("events %q, want %q", got, want)
	}
	for i, part := range want {
		if i >= len(got) || !strings.Contains(got[i], part) {
			t.Fatalf("events %q, want %q", got, want)
		}
	}
}

func service(name string, change ...func(*corev1.Service)) *corev1.Service {
	s := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", UID: types.UID(name), ResourceVersion: "1"},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeLoadBalancer, ClusterIP: "10.43.0.9", Ports: []corev1.ServicePort{{Port: 80, Protocol: corev1.ProtocolTCP}},
		},
	}
	for _, f := range change {
		f(s)
	}
	return s
}

func annotated(key, value string) func(*corev1.Service) {
	return func(s *corev1.Service) { metav1.SetMetaDataAnnotation(&s.ObjectMeta, key, value) }
}

func wants(address string) func(*corev1.Service) {
	return func(s *corev1.Service) { s.Spec.LoadBalancerIP = address }
}

func port(number int32) func(*corev1.Service) {
	return func(s *corev1.Service) { s.Spec.Ports[0].Port = number }
}

func has(address, pool string) func(*corev1.Service) {
	return func(s *corev1.Service) {
		s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address}}
		annotated("metallb.io/ip-allocated-from-pool", pool)(s)
	}
}
