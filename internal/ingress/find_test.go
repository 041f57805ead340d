package ingress_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/ingress"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// The objects of ingress controllers, in their own words and no more of them than tells what they are.
const (
	rke2Traefik = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: traefik, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {controller: traefik.io/ingress-controller}
---
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: rke2-traefik
  namespace: kube-system
  annotations: {meta.helm.sh/release-name: rke2-traefik, meta.helm.sh/release-namespace: kube-system}
spec:
  template:
    metadata: {labels: {app: rke2-traefik}}
    spec:
      containers:
      - name: rke2-traefik
        image: rancher/hardened-traefik:v3.6.16-build20260506
        args: ["--providers.kubernetesingress", "--providers.kubernetesingress.ingressClass=traefik"]
        ports: [{containerPort: 8000, hostPort: 80}, {containerPort: 8443, hostPort: 443}]
---
apiVersion: v1
kind: Service
metadata: {name: rke2-traefik, namespace: kube-system}
spec: {type: ClusterIP, selector: {app: rke2-traefik}}
---
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: rke2-traefik, namespace: kube-system}
`
	rke2Nginx = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: rke2-ingress-nginx-controller, namespace: kube-system}
spec:
  template:
    metadata: {labels: {app: nginx-ingress}}
    spec:
      containers:
      - image: rancher/nginx-ingress-controller:nginx-1.4.1-hardened2
        args: [/nginx-ingress-controller, --controller-class=k8s.io/ingress-nginx, --ingress-class=nginx, --watch-ingress-without-class=true]
        ports: [{containerPort: 80, hostPort: 80}]
---
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: rke2-ingress-nginx, namespace: kube-system}
`
	k3sTraefik = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: traefik, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
spec: {controller: traefik.io/ingress-controller}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: traefik
  namespace: kube-system
  annotations: {meta.helm.sh/release-name: traefik, meta.helm.sh/release-namespace: kube-system}
spec:
  template:
    metadata: {labels: {app: traefik, more: "1"}}
    spec: {containers: [{image: "rancher/mirrored-library-traefik:3.5.1", ports: [{containerPort: 8000}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: traefik, namespace: kube-system}
spec: {type: LoadBalancer, selector: {app: traefik}}
status: {loadBalancer: {ingress: [{ip: 172.18.0.3}, {hostname: lb.example}, {ip: 172.18.0.2}]}}
---
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: traefik, namespace: kube-system}
`
	edgeNginx = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: edge}
spec: {controller: k8s.io/ingress-nginx-edge}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge, namespace: edge}
spec:
  template:
    metadata: {labels: {app: edge}}
    spec:
      hostNetwork: true
      containers:
      - image: registry.k8s.io/ingress-nginx/controller:v1.15.1@sha256:594c
        args: [/nginx-ingress-controller, --controller-class=k8s.io/ingress-nginx-edge, --ingress-class=edge]
        ports: [{containerPort: 80}]
`
	strangers = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: haproxy}
spec: {controller: haproxy.org/ingress-controller/haproxy}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{image: "nginx:1.27", ports: [{containerPort: 80, hostPort: 8080}]}]}
`
)

func pods(namespace, app string, hosts ...string) string {
	var text strings.Builder
	for _, host := range hosts {
		text.WriteString("\n---\nkind: Pod\nmetadata: {name: p, namespace: " + namespace + ", labels: {app: " + app + "}}\nstatus: {phase: Running, hostIP: " + host + "}")
	}
	return text.String()
}

func seen(t *testing.T, texts ...string) ingress.Seen {
	t.Helper()
	var s ingress.Seen
	for _, text := range texts {
		for _, doc := range strings.Split(text, "\n---\n") {
			var o object.Object
			if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
				t.Fatal(err)
			}
			switch o["kind"] {
			case "IngressClass":
				s.Classes = append(s.Classes, o)
			case "DaemonSet", "Deployment":
				s.Workloads = append(s.Workloads, o)
			case "Service":
				s.Services = append(s.Services, o)
			case "Pod":
				s.Pods = append(s.Pods, o)
			case "HelmChart":
				s.Charts = append(s.Charts, o)
			}
		}
	}
	return s
}

func TestFind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seen []string
		want []string
	}{
		"nothing": {nil, nil},
		"RKE2's Traefik": {
			[]string{rke2Traefik, pods("kube-system", "rke2-traefik", "10.0.0.2", "10.0.0.1", "10.0.0.2"), pods("other", "rke2-traefik", "10.9.9.9")},
			[]string{"traefik (class traefik, default, bundled) in DaemonSet kube-system/rke2-traefik host_port [10.0.0.1 10.0.0.2] without class: false"},
		},
		"RKE2's ingress-nginx, seen without Helm's annotations": {
			[]string{rke2Nginx, pods("kube-system", "nginx-ingress", "10.0.0.1")},
			[]string{"nginx (class nginx, bundled) in DaemonSet kube-system/rke2-ingress-nginx-controller host_port [10.0.0.1] without class: true"},
		},
		"K3s' Traefik": {
			[]string{k3sTraefik},
			[]string{"traefik (class traefik, default, bundled) in Deployment kube-system/traefik load_balancer [172.18.0.2 172.18.0.3 lb.example] without class: true"},
		},
		"both of RKE2: the default class first": {
			[]string{rke2Nginx, rke2Traefik},
			[]string{
				"traefik (class traefik, default, bundled) in DaemonSet kube-system/rke2-traefik host_port [] without class: false",
				"nginx (class nginx, bundled) in DaemonSet kube-system/rke2-ingress-nginx-controller host_port [] without class: true",
			},
		},
		"two of ingress-nginx, told apart by their controller": {
			[]string{edgeNginx, rke2Nginx, pods("edge", "edge", "10.0.0.9")},
			[]string{
				"nginx (class nginx, bundled) in DaemonSet kube-system/rke2-ingress-nginx-controller host_port [] without class: true",
				"nginx (class edge) in Deployment edge/edge host_port [10.0.0.9] without class: false",
			},
		},
		"strangers": {
			[]string{strangers},
			[]string{"haproxy.org/ingress-controller/haproxy (class haproxy) without a controller  [] without class: false"},
		},
		"a controller without class": {
			[]string{strings.SplitAfterN(k3sTraefik, "---\n", 2)[1]},
			[]string{"traefik (no class, bundled) in Deployment kube-system/traefik load_balancer [172.18.0.2 172.18.0.3 lb.example] without class: true"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, found := range ingress.Find(seen(t, c.seen...)) {
				without := " without class: false"
				if found.WithoutClass {
					without = " without class: true"
				}
				got = append(got, found.String()+" "+string(found.Exposure)+" ["+strings.Join(found.Addresses, " ")+"]"+without)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestComing_WaitsForWhatIsBundled(t *testing.T) {
	t.Parallel()
	chart := rke2Traefik[strings.LastIndex(rke2Traefik, "---\n")+4:]
	for want, texts := range map[string][]string{
		"": {rke2Traefik, pods("kube-system", "rke2-traefik", "10.0.0.1")},
		"HelmChart rke2-traefik is not installed yet":           {chart},
		"DaemonSet kube-system/rke2-traefik has no address yet": {rke2Traefik},
	} {
		s := seen(t, texts...)
		if got := ingress.Coming(s, ingress.Find(s)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	s := seen(t, strangers, "kind: HelmChart\nmetadata: {name: rke2-coredns, namespace: kube-system}")
	if got := ingress.Coming(s, ingress.Find(s)); got != "" {
		t.Errorf("waits for %q", got)
	}
}

func TestControllers_For(t *testing.T) {
	t.Parallel()
	both := ingress.Find(seen(t, rke2Nginx, rke2Traefik))
	nginx := ingress.Find(seen(t, rke2Nginx))
	edge := ingress.Find(seen(t, edgeNginx))
	for name, c := range map[string]struct {
		found ingress.Controllers
		class string
		want  string
	}{
		"default":              {both, "", "traefik"},
		"by name":              {both, "nginx", "nginx"},
		"without any class":    {nginx, "", "nginx"},
		"nobody's class":       {both, "haproxy", ""},
		"nobody takes it":      {edge, "", ""},
		"nothing on a cluster": {nil, "", ""},
	} {
		got, ok := c.found.For(c.class)
		if got.ClassName != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, %v", name, got.ClassName, ok)
		}
	}
}
