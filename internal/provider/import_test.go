package provider_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func TestImport_IsFollowedByNoReplacement(t *testing.T) {
	t.Parallel()
	ids := map[string]string{
		"lab_helm_release": "default/web", "lab_metallb": metallbRelease, "lab_metallb_pool": "metallb-system/pool",
		"lab_istio_mesh": "istio-system/istiod", "lab_istio_gateway": "istio-system/istio-ingressgateway", "lab_istio_route": "default/web",
		"lab_manifest": "v1/ConfigMap/default/c", "lab_sample_app": "default/nginx",
		"lab_ingress": "default/web", "lab_ingress_controller": "traefik/traefik", "lab_istio_monitoring": "istio-system/istio-monitoring",
		"lab_cert_manager": "cert-manager/cert-manager", "lab_otel_operator": "otel-system/opentelemetry-operator", "lab_tracing_pipeline": "otel-system/otel",
		"lab_istio_injection": "shop", "lab_kiali": "kiali-operator/kiali-operator",
		"lab_tempo": "tempo/tempo", "lab_monitoring": "monitoring/kube-stack-prometheus",
	}
	for name, config := range everyComponent() {
		for where, prefix := range map[string]string{"kubernetes block": "", "node": "ssh://root@h/"} {
			t.Run(name+" over "+where, func(t *testing.T) {
				t.Parallel()
				w, e := withCluster(t)
				w.engines["h"] = e
				c := newCore(t, w, nil)
				must2(t)(c.apply(name, nil, config))
				for _, installed := range e.installed {
					for _, o := range installed.Objects {
						e.live[object.RefOf(o)] = o
					}
					for _, l := range installed.Labels {
						e.live[l.Ref] = labelled(l)
					}
				}
				s := must2(t)(c.imported(name, prefix+ids[name]))
				if got := s.text(t, "cluster_uid"); got != "uid-1" {
					t.Errorf("cluster_uid %q", got)
				}
				if !strings.Contains(identityOf(t, s), "cluster_uid=uid-1 ") {
					t.Errorf("identity %s", identityOf(t, s))
				}
				wanted := attrs{}
				for k, v := range config {
					wanted[k] = v
				}
				if prefix != "" {
					wanted["cluster"] = attrs{"uid": "uid-1", "host": "h", "address": "10.0.0.1"}
				}
				p := c.plan(name, s, wanted)
				if p.errors != "" || (p.action != "nothing" && p.action != "update") {
					t.Errorf("action %q: %s", p.action, p.errors)
				}
				must2(t)(c.apply(name, s, wanted))
			})
		}
	}
}

func TestImport_KeepsTheInstalledChartVersion(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	must2(t)(c.apply("lab_metallb", nil, attrs{"chart_version": "0.15.2"}))
	s := must2(t)(c.imported("lab_metallb", metallbRelease))
	if got := s.text(t, "chart_version") + s.text(t, "drift"); got != "0.15.2[]" {
		t.Errorf("version and drift: %q", got)
	}
	if got := textOf(t, c.plan("lab_metallb", s, nil).value, "chart_version"); got != "0.15.2" {
		t.Errorf("the plan has version %q", got)
	}
}

func TestImport_ReadsPoolsAndRoutes(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]attrs{
		"lab_metallb_pool": {
			"name": "pool", "addresses": []any{"10.0.0.0/28", "10.0.1.1-10.0.1.9"}, "auto_assign": false,
			"bgp_advertisement":  attrs{"communities": []any{"65535:65282"}, "local_pref": 100},
			"service_allocation": attrs{"priority": 5, "namespaces": []any{"web"}},
		},
		"lab_istio_route": {
			"name": "web", "hosts": []any{"web.example"}, "gateways": []any{"istio-system/shared"},
			"rules": []any{attrs{
				"matches":      []any{attrs{"prefix": "/a", "method": "GET"}},
				"rewrite_uri":  "/",
				"timeout":      "5s",
				"destinations": []any{attrs{"host": "a", "port": 80, "weight": 90}, attrs{"host": "b", "subset": "v2", "weight": 10}},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			made := must2(t)(c.apply(name, nil, config))
			for _, installed := range e.installed {
				for _, o := range installed.Objects {
					e.live[object.RefOf(o)] = o
				}
			}
			s := must2(t)(c.imported(name, made.text(t, "namespace")+"/"+made.text(t, "name")))
			for attribute := range config {
				if got, want := s.text(t, attribute), made.text(t, attribute); got != want {
					t.Errorf("%s: imported %s, made %s", attribute, got, want)
				}
			}
		})
	}
}

func TestImport_RefusesWhatItCannotFind(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	for name, c2 := range map[string]struct{ typ, id, want string }{
		"nothing there":          {"lab_metallb", metallbRelease, "is not there"},
		"no such pool":           {"lab_metallb_pool", "metallb-system/pool", "is not there"},
		"no namespace":           {"lab_metallb", "metallb", "names no namespace"},
		"too many parts":         {"lab_metallb", "a/b/c", "ssh://[user@]host[:port]/"},
		"empty parts":            {"lab_metallb", "/b", "want "},
		"a node without a name":  {"lab_metallb", "ssh://h", "want "},
		"a bad port":             {"lab_metallb", "ssh://h:99999/a/b", "want "},
		"a manifest by its name": {"lab_manifest", "default/c", "apiVersion/Kind/namespace/name"},
	} {
		if _, r := c.imported(c2.typ, c2.id); !strings.Contains(r.errors, c2.want) {
			t.Errorf("%s: errors %q", name, r.errors)
		}
	}
}
