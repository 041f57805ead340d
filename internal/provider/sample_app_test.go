package provider_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func TestSampleApp_KnowsItsServiceAndName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config attrs
		want   string
	}{
		"nginx":         {attrs{"app": "nginx"}, "nginx nginx.default.svc.cluster.local nginx 80"},
		"nginx, named":  {attrs{"app": "nginx", "name": "web", "namespace": "shop"}, "web web.shop.svc.cluster.local web 80"},
		"hotrod":        {attrs{"app": "hotrod", "tracing_endpoint": "c.otel:4318"}, "example-hotrod example-hotrod.default.svc.cluster.local example-hotrod 8080"},
		"bookinfo":      {attrs{"app": "bookinfo", "namespace": "books"}, "bookinfo productpage.books.svc.cluster.local productpage 9080"},
		"bookinfo 2023": {attrs{"app": "bookinfo", "image": "docker.io/istio/examples-bookinfo", "image_tag": "1.17.0"}, "bookinfo productpage.default.svc.cluster.local productpage 9080"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := withCluster(t)
			lab := newCore(t, w, nil)
			s := must2(t)(lab.apply("lab_sample_app", nil, c.config))
			if got := strings.Join([]string{s.text(t, "name"), s.text(t, "service"), s.text(t, "service_name"), s.text(t, "port")}, " "); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			s = must2(t)(lab.refresh("lab_sample_app", s))
			if p := lab.plan("lab_sample_app", s, c.config); p.action != "nothing" {
				t.Errorf("the second plan has action %q: %s", p.action, p.errors)
			}
		})
	}
}

func TestSampleApp_RefusesAtPlanWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	for name, test := range map[string]struct {
		config attrs
		says   string
	}{
		"exporter of the version": {attrs{"app": "hotrod", "image": "jaegertracing/example-hotrod:1.76.0", "tracing_endpoint": "c:14268"}, "sends spans as OTLP over HTTP"},
		"latest":                  {attrs{"app": "hotrod", "image": "jaegertracing/example-hotrod:latest", "tracing_endpoint": "c:4318"}, "is no version"},
		"tracing of nginx":        {attrs{"app": "nginx", "tracing_endpoint": "c:4318"}, "sends no spans by itself"},
		"tag of nginx":            {attrs{"app": "nginx", "image_tag": "1"}, "write the tag behind its name"},
		"name of bookinfo":        {attrs{"app": "bookinfo", "name": "books"}, "leave the name out"},
		"tag in bookinfo's image": {attrs{"app": "bookinfo", "image": "istio/examples-bookinfo:1"}, "it has no tag of its own"},
		"exporter alone":          {attrs{"app": "hotrod", "tracing_exporter": "otlp"}, "tracing_endpoint"},
	} {
		if got := c.plan("lab_sample_app", nil, test.config).errors; !strings.Contains(got, test.says) {
			t.Errorf("%s: errors %q", name, got)
		}
	}
	if got := c.plan("lab_sample_app", nil, attrs{"app": "hotrod", "tracing_endpoint": unknown{}}).errors; got != "" {
		t.Errorf("an endpoint that is not known yet: %s", got)
	}
}

func TestSampleApp_ImportReadsEverythingBack(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]attrs{
		"nginx": {
			"app": "nginx", "name": "web", "namespace": "shop", "image": "registry.lab/nginx:1.28.0", "replicas": 3, "labels": attrs{"team": "shop"},
			"ingress": attrs{"host": "web.lab", "class_name": "traefik", "annotations": attrs{"a": "b"}},
		},
		"nginx of the tutorial":  {"app": "nginx", "ingress": attrs{"name": "ingress-nginx-svc", "host": "nginx.lab"}},
		"hotrod":                 {"app": "hotrod", "image": "jaegertracing/example-hotrod:1.42.0", "tracing_endpoint": "http://c.otel:14268/api/traces", "ingress": attrs{"name": "ingress-example-hotrod"}},
		"hotrod without tracing": {"app": "hotrod"},
		"hotrod of no version":   {"app": "hotrod", "image": "hotrod:latest", "tracing_endpoint": "http://c.otel:4318", "tracing_exporter": "otlp"},
		"bookinfo":               {"app": "bookinfo", "image": "docker.io/istio/examples-bookinfo", "image_tag": "1.17.0", "replicas": 2},
		"bookinfo of defaults":   {"app": "bookinfo", "ingress": attrs{"host": "books.lab"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			made := must2(t)(c.apply("lab_sample_app", nil, config))
			for _, installed := range e.installed {
				for _, o := range installed.Objects {
					e.live[object.RefOf(o)] = o
				}
			}
			s := must2(t)(c.imported("lab_sample_app", made.text(t, "namespace")+"/"+made.text(t, "name")))
			if p := c.plan("lab_sample_app", s, config); p.action != "nothing" {
				for k := range config {
					t.Logf("%s: imported %s, made %s", k, s.text(t, k), made.text(t, k))
				}
				t.Errorf("the plan after the import has action %q: %s", p.action, p.errors)
			}
		})
	}
}
