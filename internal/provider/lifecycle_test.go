package provider_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/provider"
)

const metallbRelease = "metallb-system/metallb"

func TestComponent_LivesThroughCreateUpdateDelete(t *testing.T) {
	t.Parallel()
	for name, config := range everyComponent() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			s := must2(t)(c.apply(name, nil, config))
			if got := s.text(t, "status"); got != "ready" {
				t.Errorf("status %q", got)
			}
			if got := s.text(t, "cluster_uid"); got != "uid-1" {
				t.Errorf("cluster_uid %q", got)
			}
			s = must2(t)(c.refresh(name, s))
			if p := c.plan(name, s, config); p.action != "nothing" || p.errors+p.warnings != "" {
				t.Errorf("the second plan has action %q: %s%s", p.action, p.errors, p.warnings)
			}
			config["drift_policy"] = "warn"
			if p := c.plan(name, s, config); p.action != "update" {
				t.Errorf("another policy has action %q", p.action)
			}
			s = must2(t)(c.apply(name, s, config))
			if r := c.destroy(name, s); r.errors != "" {
				t.Error(r.errors)
			}
			calls := e.taken()
			if len(calls) != 3 || !strings.HasPrefix(calls[0], "install ") || calls[1] != calls[0] || !strings.HasPrefix(calls[2], "remove ") {
				t.Errorf("calls %v", calls)
			}
		})
	}
}

// must2 is must for a call with two results.
func must2(t *testing.T) func(*tracked, report) *tracked {
	t.Helper()
	return func(s *tracked, r report) *tracked {
		t.Helper()
		return must(t, s, r)
	}
}

// everyComponent has a small configuration of every resource that lives on a cluster.
func everyComponent() map[string]attrs {
	return map[string]attrs{
		"lab_helm_release":  {"name": "web", "chart": "web", "chart_version": "1.0.0", "repository": "https://charts.example"},
		"lab_metallb":       {},
		"lab_metallb_pool":  {"name": "pool", "addresses": []any{"10.0.0.0/28"}},
		"lab_istio_mesh":    {},
		"lab_istio_gateway": {},

		"lab_istio_injection": {"namespace": "shop"},
		"lab_kiali":           {},
		"lab_istio_route": {
			"name": "web", "hosts": []any{"web.example"},
			"rules": []any{attrs{"destinations": []any{attrs{"host": "web.default.svc.cluster.local"}}}},
		},
		"lab_manifest":           {"manifest": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: default}\ndata: {a: b}\n"},
		"lab_sample_app":         {"app": "nginx", "name": "nginx"},
		"lab_ingress":            {"name": "web", "class_name": "traefik", "service": attrs{"name": "web", "port": 80}},
		"lab_ingress_controller": {"class_name": "own", "default_class": false, "exposure": "load_balancer"},
		"lab_istio_monitoring":   {},

		"lab_cert_manager":     {},
		"lab_otel_operator":    {},
		"lab_tracing_pipeline": {"tempo_endpoint": "tempo.tempo:4317"},
		"lab_tempo":            {},
		"lab_monitoring":       {"grafana": attrs{"host": "grafana.example"}},
	}
}

func TestComponent_DriftIsPlannedTowardsCorrection(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	s := must2(t)(c.apply("lab_metallb", nil, nil))
	e.set(func(e *fakeEngine) { e.drift = []string{"Deployment x spec.replicas: want 1, live 3"} })
	s = must2(t)(c.refresh("lab_metallb", s))
	if got := s.text(t, "drift"); !strings.Contains(got, "live 3") {
		t.Errorf("drift %q", got)
	}
	p := c.plan("lab_metallb", s, nil)
	if p.action != "update" || textOf(t, p.value, "drift") != "[]" {
		t.Fatalf("action %q, drift %q", p.action, textOf(t, p.value, "drift"))
	}
	e.taken()
	s = must2(t)(c.apply("lab_metallb", s, nil))
	if diff := cmp.Diff([]string{"install " + metallbRelease}, e.taken()); diff != "" {
		t.Error(diff)
	}
	if last := e.options[len(e.options)-1]; len(last.Known.Verified) == 0 {
		t.Error("an update does not know what was verified before")
	}
	if p := c.plan("lab_metallb", s, nil); p.action != "nothing" {
		t.Errorf("action %q after the correction", p.action)
	}
}

func TestComponent_DriftIsOnlyToldWithPolicyWarn(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	config := attrs{"drift_policy": "warn"}
	s := must2(t)(c.apply("lab_metallb", nil, config))
	e.set(func(e *fakeEngine) { e.drift = []string{"the difference"} })
	s = must2(t)(c.refresh("lab_metallb", s))
	p := c.plan("lab_metallb", s, config)
	if p.action != "nothing" || !strings.Contains(p.warnings, "the difference") {
		t.Errorf("action %q, warnings %q", p.action, p.warnings)
	}
}

func TestComponent_DriftIsNotLookedForWithPolicyIgnore(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	config := attrs{"drift_policy": "ignore"}
	s := must2(t)(c.apply("lab_metallb", nil, config))
	e.set(func(e *fakeEngine) { e.drift = []string{"the difference"} })
	s = must2(t)(c.refresh("lab_metallb", s))
	if got := e.reads[len(e.reads)-1].Drift; got != cluster.DriftSkip {
		t.Errorf("read with mode %q", got)
	}
	if p := c.plan("lab_metallb", s, config); p.action != "nothing" || p.warnings != "" {
		t.Errorf("action %q, warnings %q", p.action, p.warnings)
	}
}

func TestComponent_RefreshThatCannotLookKeepsTheState(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"unreachable":  fault.Newf(fault.Unreachable, "connection refused"),
		"unauthorized": fault.Newf(fault.Auth, "401"),
		"forbidden":    fault.Newf(fault.Denied, "403"),
		"host key":     fault.Newf(fault.HostKey, "changed"),
		"slow":         fault.Newf(fault.Timeout, "too slow"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			s := must2(t)(c.apply("lab_metallb", nil, nil))
			for where, set := range map[string]func(error){
				"connection": func(err error) { w.err = err },
				"request":    func(err error) { e.set(func(e *fakeEngine) { e.readErr = err }) },
			} {
				set(err)
				after := must2(t)(c.refresh("lab_metallb", s))
				_, r := c.refresh("lab_metallb", s)
				if !after.value.Equal(s.value) || !strings.Contains(r.warnings, "Could not look at lab_metallb") {
					t.Errorf("%s: warnings %q", where, r.warnings)
				}
				strict := newCore(t, w, attrs{"strict_refresh": true})
				if after, r := strict.refresh("lab_metallb", s); after == nil || !strings.Contains(r.errors, "strict_refresh") {
					t.Errorf("%s: strict errors %q", where, r.errors)
				}
				set(nil)
			}
		})
	}
}

func TestComponent_RefreshReportsWhatIsNoWayToLook(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	s := must2(t)(c.apply("lab_metallb", nil, nil))
	e.readErr = errors.New("the record is torn")
	if after, r := c.refresh("lab_metallb", s); after == nil || !strings.Contains(r.errors, "The record is torn") {
		t.Errorf("errors %q", r.errors)
	}
}

func TestComponent_GoneLeavesTheState(t *testing.T) {
	t.Parallel()
	for name, config := range everyComponent() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, e := withCluster(t)
			c := newCore(t, w, nil)
			s := must2(t)(c.apply(name, nil, config))
			clear(e.installed)
			s.identity = nil // written by a Terraform that keeps no identity
			after, r := c.refresh(name, s)
			if after != nil || r.errors != "" || !strings.Contains(r.warnings, "is gone") {
				t.Errorf("state %v, report %+v", after, r)
			}
		})
	}
}

func TestComponent_IdentityNamesClusterNamespaceAndName(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	s := must2(t)(c.apply("lab_metallb_pool", nil, attrs{"name": "pool", "addresses": []any{"10.0.0.0/28"}}))
	want := "{cluster_uid=uid-1 name=pool namespace=metallb-system}"
	if got := identityOf(t, s); got != want {
		t.Errorf("identity %s, want %s", got, want)
	}
	s.identity = nil
	if got := identityOf(t, must2(t)(c.refresh("lab_metallb_pool", s))); got != want {
		t.Errorf("identity after a refresh without one %s, want %s", got, want)
	}
}

func identityOf(t *testing.T, s *tracked) string {
	t.Helper()
	if s.identity == nil {
		return ""
	}
	typ := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"cluster_uid": tftypes.String, "namespace": tftypes.String, "name": tftypes.String}}
	v, err := s.identity.IdentityData.Unmarshal(typ)
	if err != nil {
		typ = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"cluster_uid": tftypes.String, "node_name": tftypes.String}}
		if v, err = s.identity.IdentityData.Unmarshal(typ); err != nil {
			t.Fatal(err)
		}
	}
	return words(t, v)
}

func TestComponent_DeleteOfWhatIsGoneSucceeds(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	s := must2(t)(c.apply("lab_metallb", nil, nil))
	e.uid = "uid-2" // another cluster answers: the recorded one is gone
	e.taken()
	if r := c.destroy("lab_metallb", s); r.errors != "" {
		t.Error(r.errors)
	}
	if calls := e.taken(); len(calls) > 0 {
		t.Errorf("the other cluster was touched: %v", calls)
	}
	w.err = fault.Newf(fault.Unreachable, "down")
	if r := c.destroy("lab_metallb", s); !strings.Contains(r.errors, "Down") {
		t.Errorf("errors %q", r.errors)
	}
}

func TestComponent_FollowsItsCluster(t *testing.T) {
	t.Parallel()
	ref := func(changes attrs) attrs {
		out := attrs{"uid": "uid-1", "host": "h", "address": "10.0.0.1"}
		for k, v := range changes {
			out[k] = v
		}
		return attrs{"cluster": out}
	}
	for name, c := range map[string]struct {
		config attrs
		action string
	}{
		"the same":                 {ref(nil), "nothing"},
		"another address":          {ref(attrs{"host": "h2", "address": "10.0.0.2"}), "update"},
		"another cluster":          {ref(attrs{"uid": "uid-2"}), "replace"},
		"a cluster not known yet":  {ref(attrs{"uid": unknown{}}), "replace"},
		"a wholly unknown cluster": {attrs{"cluster": unknown{}}, "replace"},
		"no uid":                   {ref(attrs{"uid": nil}), "update"},
		"the kubernetes block":     {nil, "update"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.engines["h"] = newEngine(t, "uid-1")
			lab := newCore(t, w, nil)
			s := must2(t)(lab.apply("lab_metallb", nil, ref(nil)))
			if p := lab.plan("lab_metallb", s, c.config); p.action != c.action {
				t.Errorf("action %q, want %q: %s", p.action, c.action, p.errors)
			}
		})
	}
}

func TestComponent_PlansWithUnknownValues(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	for name, known := range everyComponent() {
		config := attrs{}
		for k, v := range known {
			config[k] = v
		}
		for _, a := range c.schemas.ResourceSchemas[name].Block.Attributes {
			if (a.Optional || a.Required) && a.Name != "timeouts" {
				config[a.Name] = unknown{}
			}
		}
		if p := c.plan(name, nil, config); p.errors != "" || p.action != "create" {
			t.Errorf("%s: %q %s", name, p.action, p.errors)
		}
		s := must2(t)(c.apply(name, nil, known))
		if p := c.plan(name, s, config); p.errors != "" || p.action != "replace" {
			t.Errorf("%s: %q %s", name, p.action, p.errors)
		}
	}
}

func TestProvider_ConfiguresWithUnknownValues(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]attrs{
		"blocks": {"ssh": unknown{}, "kubernetes": unknown{}, "charts": unknown{}, "strict_refresh": unknown{}},
		"values": {"ssh": attrs{"private_key": unknown{}, "port": unknown{}, "bastion": unknown{}}, "kubernetes": attrs{"host": unknown{}, "exec": unknown{}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := withCluster(t)
			c := newCore(t, w, nil)
			s := must2(t)(c.apply("lab_metallb", nil, nil))
			blind := newCore(t, w, config)
			w.err = fault.Newf(fault.Auth, "no credentials")
			after, r := blind.refresh("lab_metallb", s)
			if after == nil || !after.value.Equal(s.value) || !strings.Contains(r.warnings, "not known yet in the provider block") {
				t.Errorf("state %v, report %+v", after, r)
			}
		})
	}
	if provider.Address != "registry.terraform.io/dxlab/lab" {
		t.Errorf("address %q", provider.Address)
	}
}
