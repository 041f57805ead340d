package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// edgeNginx is an ingress-nginx of somebody else on a load balancer.
const edgeNginx = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: edge, namespace: edge}
spec:
  template:
    metadata: {labels: {app: edge}}
    spec: {containers: [{image: "registry.k8s.io/ingress-nginx/controller:v1.15.1", args: [/nginx-ingress-controller, --controller-class=k8s.io/ingress-nginx]}]}
---
apiVersion: v1
kind: Service
metadata: {name: edge, namespace: edge}
spec: {type: LoadBalancer, selector: {app: edge}}
status: {loadBalancer: {ingress: [{ip: 10.0.0.9}]}}
`

func TestIngressControllerData(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bare   bool
		also   string
		config attrs
		err    error
		want   string
	}{
		"bundled":          {false, "", nil, nil, "traefik traefik true host_port [10.0.0.1] kube-system DaemonSet kube-system/rke2-traefik true"},
		"default of two":   {false, edgeNginx, nil, nil, "traefik traefik true host_port [10.0.0.1] kube-system DaemonSet kube-system/rke2-traefik true"},
		"by class":         {false, edgeNginx, attrs{"class": "nginx"}, nil, "nginx nginx false load_balancer [10.0.0.9] edge Deployment edge/edge false"},
		"no such class":    {false, "", attrs{"class": "nginx"}, nil, "       "},
		"nothing":          {true, "", nil, nil, "       "},
		"cannot be looked": {false, "", nil, fault.Newf(fault.Unreachable, "down"), "error: unreachable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			w.err = c.err
			if c.bare {
				e.live = map[object.Ref]object.Object{}
			}
			if c.also != "" {
				e.has(t, c.also)
			}
			lab := newCore(t, w, nil)
			typ := lab.schemas.DataSourceSchemas["lab_ingress_controller"].ValueType()
			resp, err := lab.server.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{
				TypeName: "lab_ingress_controller", Config: lab.dynamic(typ, valueOf(t, typ, c.config)),
			})
			if err != nil {
				t.Fatal(err)
			}
			if r := lab.report(resp.Diagnostics); r.errors != "" {
				if !strings.HasPrefix(c.want, "error: ") || !strings.Contains(r.errors, strings.TrimPrefix(c.want, "error: ")) {
					t.Error(r.errors)
				}
				return
			}
			v := lab.static(typ, resp.State)
			var got []string
			for _, a := range []string{"kind", "class_name", "default_class", "exposure", "addresses", "namespace", "workload", "bundled"} {
				got = append(got, textOf(t, v, a))
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
			if c.also != "" && strings.Count(textOf(t, v, "found"), " in ") != 2 {
				t.Errorf("found %s", textOf(t, v, "found"))
			}
		})
	}
}

func TestIngressController_IsRefusedWhereAnotherIs(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	for name, test := range map[string]struct {
		config attrs
		says   string
	}{
		"its class":       {nil, "IngressClass traefik belongs to another controller: traefik (class traefik, default, bundled) in DaemonSet kube-system/rke2-traefik"},
		"its ports":       {attrs{"kind": "ingress-nginx"}, "80 and 443 of the nodes are taken"},
		"its default":     {attrs{"kind": "ingress-nginx", "exposure": "load_balancer"}, "lass traefik is the default already"},
		"a stray address": {attrs{"address": "10.0.0.9"}, "can only be asked for with exposure load_balancer"},
	} {
		s, r := c.apply("lab_ingress_controller", nil, test.config)
		if !strings.Contains(r.errors, test.says) || s != nil {
			t.Errorf("%s: errors %q, state %v", name, r.errors, s)
		}
	}
	if calls := e.taken(); len(calls) > 0 {
		t.Errorf("something was done: %v", calls)
	}
}

func TestIngressController_HasTheDefaultsOfItsKind(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"traefik": "traefik 41.3.0 traefik", "ingress-nginx": "ingress-nginx 4.15.1 nginx", "": "traefik 41.3.0 traefik"} {
		w, e := withCluster(t)
		e.live = map[object.Ref]object.Object{}
		c := newCore(t, w, nil)
		config := attrs{}
		if kind != "" {
			config["kind"] = kind
		}
		s := must2(t)(c.apply("lab_ingress_controller", nil, config))
		if got := s.text(t, "namespace") + " " + s.text(t, "chart_version") + " " + s.text(t, "class_name"); got != want {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func TestIngress_NeedsSomebodyWhoServesIt(t *testing.T) {
	t.Parallel()
	service := attrs{"name": "web", "port": 80}
	for name, c := range map[string]struct {
		also   string
		bare   bool
		config attrs
		says   string
	}{
		"default class":       {"", false, attrs{"name": "web", "service": service}, ""},
		"by class":            {"", false, attrs{"name": "web", "service": service, "class_name": "traefik"}, ""},
		"unknown class":       {"", false, attrs{"name": "web", "service": service, "class_name": "nginx"}, "there is no IngressClass nginx (controllers on the cluster: traefik (class traefik, default, bundled)"},
		"no default":          {edgeNginx, true, attrs{"name": "web", "service": service}, "no class is the default and no controller serves Ingresses without class"},
		"nothing at all":      {"", true, attrs{"name": "web", "service": service}, "controllers on the cluster: none"},
		"no service":          {"", false, attrs{"name": "web"}, "paths"},
		"service and paths":   {"", false, attrs{"name": "web", "service": service, "paths": []any{attrs{"service": service}}}, "paths"},
		"two names of a port": {"", false, attrs{"name": "web", "service": attrs{"name": "web", "port": 80, "port_name": "http"}}, "the number or the name of one port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			if c.bare {
				e.live = map[object.Ref]object.Object{}
			}
			if c.also != "" {
				e.has(t, c.also)
			}
			_, r := newCore(t, w, nil).apply("lab_ingress", nil, c.config)
			if (c.says == "") != (r.errors == "") || !strings.Contains(r.errors, c.says) {
				t.Errorf("errors %q", r.errors)
			}
		})
	}
}

func TestIngress_TellsWhereItIsServed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ status, addresses, urls string }{
		"by its controller": {"", "[10.0.0.1]", "[http://web.lab/shop]"},
		"by its status":     {"\nstatus: {loadBalancer: {ingress: [{ip: 10.0.0.7}]}}", "[10.0.0.7]", "[http://web.lab/shop]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			lab := newCore(t, w, nil)
			// What the API server makes of it: the default class is written into it.
			e.has(t, "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: default}\nspec: {ingressClassName: traefik}"+c.status)
			config := attrs{"name": "web", "hosts": []any{"web.lab"}, "service": attrs{"name": "web", "port": 80}, "path": "/shop"}
			s := must2(t)(lab.apply("lab_ingress", nil, config))
			if got := s.text(t, "addresses"); got != c.addresses {
				t.Errorf("addresses %s", got)
			}
			if got := s.text(t, "urls"); got != c.urls {
				t.Errorf("urls %s", got)
			}
			if got := s.text(t, "controller"); !strings.HasPrefix(got, "traefik (class traefik") {
				t.Errorf("controller %s", got)
			}
			s = must2(t)(lab.refresh("lab_ingress", s))
			if p := lab.plan("lab_ingress", s, config); p.action != "nothing" {
				t.Errorf("the second plan has action %q", p.action)
			}
			config["path"] = "/other"
			if p := lab.plan("lab_ingress", s, config); textOf(t, p.value, "urls") != "unknown" {
				t.Errorf("the plan of a change knows the urls: %s", textOf(t, p.value, "urls"))
			}
		})
	}
}

func TestIngress_ImportReadsEverythingBack(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]attrs{
		"short": {"name": "web", "hosts": []any{"web.lab"}, "service": attrs{"name": "web", "port": 80}, "tls_secret": "web-tls"},
		"long": {
			"name": "web", "namespace": "shop", "class_name": "traefik", "labels": attrs{"team": "shop"}, "annotations": attrs{"a": "b"}, "hosts": []any{"a.lab", "b.lab"},
			"paths": []any{attrs{"path": "/a", "type": "Exact", "service": attrs{"name": "a", "port_name": "http"}}, attrs{"path": "/", "type": "Prefix", "service": attrs{"name": "b", "port": 8080}}},
			"tls":   []any{attrs{"secret": "a-tls", "hosts": []any{"a.lab"}}, attrs{"secret": "b-tls", "hosts": []any{"b.lab"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			made := must2(t)(c.apply("lab_ingress", nil, config))
			for _, installed := range e.installed {
				for _, o := range installed.Objects {
					e.live[object.RefOf(o)] = o
				}
			}
			s := must2(t)(c.imported("lab_ingress", made.text(t, "namespace")+"/web"))
			if p := c.plan("lab_ingress", s, config); p.action != "nothing" {
				for k := range config {
					t.Logf("%s: imported %s, made %s", k, s.text(t, k), made.text(t, k))
				}
				t.Errorf("the plan after the import has action %q: %s", p.action, p.errors)
			}
		})
	}
}
