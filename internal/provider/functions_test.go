package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/dxlab/terraform-provider-lab/internal/versions"
)

// call runs a function; the texts of an error come back with the argument that it blames.
func (c *core) call(name string, arguments ...any) (tftypes.Value, string) {
	c.t.Helper()
	f := c.schemas.Functions[name]
	if f == nil {
		c.t.Fatalf("no function %s", name)
	}
	var given []*tfprotov6.DynamicValue
	for i, a := range arguments {
		given = append(given, c.dynamic(f.Parameters[i].Type, valueOf(c.t, f.Parameters[i].Type, a)))
	}
	resp, err := c.server.CallFunction(c.t.Context(), &tfprotov6.CallFunctionRequest{Name: name, Arguments: given})
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.Error != nil {
		if resp.Error.FunctionArgument == nil {
			return tftypes.Value{}, "no argument: " + resp.Error.Text
		}
		return tftypes.Value{}, f.Parameters[*resp.Error.FunctionArgument].Name + ": " + resp.Error.Text
	}
	return c.static(f.Return.Type, resp.Result), ""
}

func TestVersions_GivesAProfileAsOneObject(t *testing.T) {
	t.Parallel()
	lab := newCore(t, newWorld(t), nil)
	for _, name := range versions.Names() {
		v, complaint := lab.call("versions", name)
		if complaint != "" {
			t.Fatal(complaint)
		}
		profile, err := versions.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		for field, want := range map[string]string{
			"profile": name, "rke2": profile.RKE2, "kubernetes": profile.Kubernetes, "istio": profile.Chart(versions.IstioGateway).Version,
			"metallb": profile.Chart(versions.MetalLB).Version, "rancher_monitoring": profile.Chart(versions.RancherMonitoring).Version,
			"traefik": profile.Chart(versions.Traefik).Version, "hotrod_image": profile.Images[versions.HotROD], "k3d": profile.Tools[versions.K3d],
		} {
			if got := textOf(t, v, field); got != want {
				t.Errorf("%s: %s is %q, want %q", name, field, got, want)
			}
		}
		if lacks := fields(t, v)["rancher_monitoring"].IsNull(); lacks != (profile.Chart(versions.RancherMonitoring).Version == "") {
			t.Errorf("%s: what the profile lacks is null: %v", name, lacks)
		}
		// A pin that the function does not give is one that nobody can ask for.
		given := map[string]bool{}
		for _, field := range fields(t, v) {
			var text string
			if field.As(&text) == nil {
				given[text] = true
			}
		}
		for _, key := range profile.ChartKeys() {
			if !given[profile.Chart(key).Version] {
				t.Errorf("%s: the version of %s is not given", name, key)
			}
		}
		for key, text := range profile.Images {
			if !given[text] {
				t.Errorf("%s: image %s is not given", name, key)
			}
		}
		for key, text := range profile.Tools {
			if !given[text] {
				t.Errorf("%s: tool %s is not given", name, key)
			}
		}
	}
	if _, complaint := lab.call("versions", "newest"); !strings.HasPrefix(complaint, "profile: ") || !strings.Contains(complaint, versions.Seed2023) {
		t.Errorf("an unknown profile: %s", complaint)
	}
}

func TestIPInPool(t *testing.T) {
	t.Parallel()
	lab := newCore(t, newWorld(t), nil)
	for name, c := range map[string]struct {
		ip        string
		addresses []any
		within    bool
		complaint string
	}{
		"in a prefix":      {"10.0.0.9", []any{"10.0.0.0/28"}, true, ""},
		"in a range":       {"10.0.0.9", []any{"10.1.0.0/28", "10.0.0.9-10.0.0.20"}, true, ""},
		"outside":          {"10.0.0.30", []any{"10.0.0.0/28", "10.0.0.9-10.0.0.20"}, false, ""},
		"IPv6":             {"fd00::5", []any{"fd00::/120"}, true, ""},
		"another family":   {"10.0.0.9", []any{"fd00::/120"}, false, ""},
		"no ranges":        {"10.0.0.9", []any{}, false, ""},
		"not an address":   {"ten", []any{"10.0.0.0/28"}, false, "ip: "},
		"not a range":      {"10.0.0.9", []any{"10.0.0"}, false, "addresses: "},
		"backwards a list": {"10.0.0.9", []any{"10.0.0.9-10.0.0.1"}, false, "addresses: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, complaint := lab.call("ip_in_pool", c.ip, c.addresses)
			if !strings.HasPrefix(complaint, c.complaint) || (complaint == "") != (c.complaint == "") {
				t.Fatalf("complaint %q", complaint)
			}
			if c.complaint != "" {
				return
			}
			var within bool
			if err := v.As(&within); err != nil || within != c.within {
				t.Errorf("within: %v, %v", within, err)
			}
		})
	}
}
