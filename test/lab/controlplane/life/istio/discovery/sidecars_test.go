package discovery

import (
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestBuild_OfASidecar(t *testing.T) {
	t.Parallel()
	w := newWorld()
	config := build(t, w, "shop", webPod)
	if got, want := config.Proxy, (Workload{
		Name: "web-v1", Namespace: "shop", App: "web", Version: "v1", CanonicalName: "web", CanonicalRevision: "v1", ClusterName: "Kubernetes", MeshID: "cluster.local",
		NodeID: "sidecar~10.42.0.3~web-v1-5d4f-x.shop~shop.svc.cluster.local", ServiceName: "web.shop",
	}); got != want {
		t.Errorf("it is %+v, want %+v", got, want)
	}
	if got, want := text(config, 80), "db.data.svc.cluster.local,db.data.svc,db.data,10.43.0.5: outbound|80||db.data.svc.cluster.local*100\n"+
		"istio-ingressgateway.istio-system.svc.cluster.local,istio-ingressgateway.istio-system.svc,istio-ingressgateway.istio-system,10.43.0.2: outbound|80||istio-ingressgateway.istio-system.svc.cluster.local*100\n"+
		"web.shop.svc.cluster.local,web.shop.svc,web.shop,web,10.43.0.3: outbound|80||web.shop.svc.cluster.local*100"; got != want {
		t.Errorf("requests to port 80 go\n%s\nwant\n%s", got, want)
	}
	if slices.ContainsFunc(config.Listeners, func(l Listener) bool { return l.Port == 5432 }) {
		t.Error("a port of TCP has routes of HTTP")
	}
	if !slices.Contains(config.Outbound, Outbound{Address: "10.43.0.5:5432", Protocol: ProtocolTCP, Cluster: "outbound|5432||db.data.svc.cluster.local"}) {
		t.Errorf("connections go to %v", config.Outbound)
	}
	if len(config.Inbound) != 1 || config.Inbound[0] != (Inbound{Port: 9080, Protocol: ProtocolHTTP, Service: Service{Host: "web.shop.svc.cluster.local", Name: "web", Namespace: "shop"}}) {
		t.Errorf("its ports are %v", config.Inbound)
	}
	if app := config.Clusters["outbound|5432||db.data.svc.cluster.local"].Endpoints[0].Workload; app.App != "" || app.Name != "db-0" {
		t.Errorf("a pod without a proxy is %+v", app)
	}
}

func TestBuild_FollowsRoutesInsideTheMesh(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ spec, want string }{
		"a short name": {`{"hosts":["web"],"http":[{"redirect":{"uri":"/x"}}]}`, "to /x"},
		"a full name":  {`{"hosts":["web.shop.svc.cluster.local"],"gateways":["mesh","gw"],"http":[{"redirect":{"uri":"/x"}}]}`, "to /x"},
		"one that is for another port": {
			`{"hosts":["web"],"http":[{"match":[{"port":81}],"redirect":{"uri":"/x"}},{"match":[{"port":80}],"redirect":{"uri":"/y"}}]}`, "to /y",
		},
		"one that is for a gateway's requests": {
			`{"hosts":["web"],"gateways":["mesh","gw"],"http":[{"match":[{"gateways":["gw"]}],"redirect":{"uri":"/x"}},{"redirect":{"uri":"/y"}}]}`, "to /y",
		},
		"one of a gateway alone": {`{"hosts":["web"],"gateways":["gw"],"http":[{"redirect":{"uri":"/x"}}]}`, "outbound|80||web.shop.svc.cluster.local*100"},
		"another host's":         {`{"hosts":["db.data.svc.cluster.local"],"http":[{"redirect":{"uri":"/x"}}]}`, "outbound|80||web.shop.svc.cluster.local*100"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.VirtualServices = append(w.VirtualServices, object(t, "shop", "r", 0, test.spec))
			for line := range strings.SplitSeq(text(build(t, w, "shop", webPod), 80), "\n") {
				if domains, routes, _ := strings.Cut(line, ": "); strings.HasPrefix(domains, "web.shop") && routes != test.want {
					t.Errorf("requests go %q, want %q", routes, test.want)
				}
			}
		})
	}
}

func TestBuild_AnswersOnlyWhileIstiodDoes(t *testing.T) {
	t.Parallel()
	w := newWorld()
	if _, err := w.Build("data", "db-0"); !errors.Is(err, errNoProxy) {
		t.Errorf("a pod without a proxy: %v", err)
	}
	w.Pods[2].Annotations["sidecar.istio.io/status"] = `{"revision":"canary"}`
	if _, err := w.Build("shop", webPod); !errors.Is(err, errNoIstiod) {
		t.Errorf("a proxy of another revision: %v", err)
	}
	w.Ready = func(pod *corev1.Pod) bool { return pod.Labels["app"] != "istiod" }
	if _, err := w.Build("istio-system", gatewayPod); !errors.Is(err, errNoIstiod) {
		t.Errorf("while istiod is not ready: %v", err)
	}
}

func TestBuild_GivesAVersionToEachContent(t *testing.T) {
	t.Parallel()
	w := newWorld()
	first := build(t, w, "shop", webPod).Version
	for range 5 { // neither maps nor caches have an order
		slices.Reverse(w.Services)
		slices.Reverse(w.Slices)
		slices.Reverse(w.Pods)
		if again := build(t, w, "shop", webPod).Version; again != first {
			t.Fatalf("the same is %s and %s", first, again)
		}
	}
	w.Slices = w.Slices[1:]
	if changed := build(t, w, "shop", webPod).Version; changed == first {
		t.Error("fewer endpoints have the same version")
	}
}
