package provider_test

import (
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/cluster"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

func TestDestroy_WarnsOfUsersAtPlan(t *testing.T) {
	t.Parallel()
	w, e := withCluster(t)
	c := newCore(t, w, nil)
	s, r := c.apply("lab_metallb", nil, attrs{"force_destroy": true})
	if r.errors != "" {
		t.Fatal(r.errors)
	}
	pool := object.Ref{APIVersion: "metallb.io/v1beta1", Kind: "IPAddressPool", Namespace: "metallb-system", Name: "kept"}
	e.set(func(e *fakeEngine) { e.users = []cluster.User{{Ref: pool, Loss: "vanishes", Ours: true}} })
	if _, r := c.planDestroy("lab_metallb", s); r.warnings != "" {
		t.Errorf("what Terraform keeps itself is warned of: %s", r.warnings)
	}
	e.set(func(e *fakeEngine) { e.users = []cluster.User{{Ref: pool, Loss: "vanishes"}} })
	private, r := c.planDestroy("lab_metallb", s)
	if !strings.Contains(r.warnings, "IPAddressPool metallb-system/kept vanishes") || r.errors != "" {
		t.Errorf("warnings %q, errors %q", r.warnings, r.errors)
	}
	if r := c.remove("lab_metallb", s, private); r.errors != "" {
		t.Fatal(r.errors)
	}
	if len(e.removals) != 1 || !e.removals[0].Force {
		t.Errorf("removed with %+v", e.removals)
	}
}

// A component that cannot be built is an error of the plan, unless a part of it is not known yet.
func TestPlan_RefusesWhatCannotBeBuilt(t *testing.T) {
	t.Parallel()
	w, _ := withCluster(t)
	c := newCore(t, w, nil)
	config := attrs{"platform": "k3d", "chart_version": "1.17.1"}
	if p := c.plan("lab_istio_mesh", nil, config); !strings.Contains(p.errors, "does not know platform") {
		t.Errorf("errors %q", p.errors)
	}
	config["access_log_file"] = unknown{}
	if p := c.plan("lab_istio_mesh", nil, config); p.errors != "" {
		t.Errorf("errors %q", p.errors)
	}
}
