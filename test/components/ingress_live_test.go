package components_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/ingress"
	"github.com/dxlab/terraform-provider-lab/internal/istiomonitoring"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/monitoring"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/samples"
)

// controllersOn finds the ingress controllers of a live cluster.
func controllersOn(t *testing.T, client *kube.Client) ingress.Controllers {
	t.Helper()
	var seen ingress.Seen
	for kind, into := range map[string]*[]object.Object{
		"networking.k8s.io/v1 IngressClass": &seen.Classes, "apps/v1 DaemonSet": &seen.Workloads, "apps/v1 Deployment": &seen.Workloads,
		"v1 Service": &seen.Services, "v1 Pod": &seen.Pods,
	} {
		version, name, _ := strings.Cut(kind, " ")
		found, err := client.List(t.Context(), kube.ListOptions{APIVersion: version, Kind: name})
		if err != nil {
			t.Fatal(err)
		}
		*into = append(*into, found...)
	}
	return ingress.Find(seen)
}

func TestIngressControllers_LiveOnAControlPlane(t *testing.T) {
	t.Parallel()
	if older() {
		t.Skip("the profile of 2023 takes what RKE2 bundles")
	}
	web := ingress.Ingress{Name: "ingress-nginx-svc", Hosts: []string{"nginx.lab"}, Paths: []ingress.Path{{Service: "nginx", Port: 80}}}
	for name, program := range map[string]ingress.Kind{"traefik": ingress.Traefik, "nginx": ingress.Nginx} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			install := ingress.Install{Program: program}
			lives(t, func(t *testing.T, client *kube.Client) {
				t.Helper()
				found := controllersOn(t, client)
				if len(found) != 1 || found[0].Kind != program || !found[0].Default || found[0].Exposure != ingress.HostPort || len(found[0].Addresses) != 1 {
					t.Errorf("found %+v", found)
				}
				if err := install.Refuse(found); err != nil {
					t.Errorf("it refuses itself: %v", err)
				}
				if err := (ingress.Install{Program: ingress.Nginx, Chart: install.Chart, ClassName: "another"}).Refuse(found); program != ingress.Nginx && err == nil {
					t.Error("another one may take its ports")
				}
				// The API server gives it the default class, and an Ingress that names none keeps what it got.
				for range 2 {
					live, err := client.Get(t.Context(), web.Ref())
					if err != nil || object.String(live, "spec", "ingressClassName") != name {
						t.Fatalf("class %q, %v", object.String(live, "spec", "ingressClassName"), err)
					}
					c, err := web.Component()
					if err != nil {
						t.Fatal(err)
					}
					if _, err := client.Apply(t.Context(), c.Objects[0], kube.ApplyOptions{Force: true}); err != nil {
						t.Fatal(err)
					}
				}
			}, install, web, samples.Nginx{}, samples.HotROD{TracingEndpoint: "otel-collector.otel-system.svc:4318"}, samples.Bookinfo{Namespace: "books"})
		})
	}
}

// fat are dashboards of a size that kubectl apply could not handle: its annotation takes 256 KiB.
func fat(t *testing.T) []istiomonitoring.Dashboard {
	t.Helper()
	var all []istiomonitoring.Dashboard
	for _, name := range []string{"a", "b", "c"} {
		found, err := istiomonitoring.Read(name+".json", []byte(`{"title":"`+name+`","panels":[],"fat":"`+strings.Repeat("x", 500<<10)+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return append(all, istiomonitoring.Overview())
}

func TestIstioMonitoring_LivesOnAControlPlane(t *testing.T) {
	t.Parallel()
	if older() {
		t.Skip("the monitoring of 2023 is installed by the tests of observability")
	}
	packed, err := istiomonitoring.Pack("default", fat(t))
	if err != nil {
		t.Fatal(err)
	}
	lives(t, func(t *testing.T, client *kube.Client) {
		t.Helper()
		for _, o := range packed {
			live, err := client.Get(t.Context(), object.RefOf(o))
			if err != nil {
				t.Fatal(err)
			}
			if object.String(live, "metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration") != "" {
				t.Error("it has the annotation of kubectl apply")
			}
			if object.ContentDigest(live) != object.ContentDigest(o) {
				t.Errorf("%s is not what was applied", object.RefOf(o))
			}
		}
	}, monitoring.Install{}, istiomonitoring.Monitoring{Namespace: "default", ConfigMaps: packed})
}
