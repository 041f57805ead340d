package metallb_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/component/componenttest"
	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/metallb"
)

func TestInstall_Golden(t *testing.T) {
	t.Parallel()
	for name, install := range map[string]metallb.Install{
		"install-default":           {},
		"install-seed-2023":         {Chart: component.ChartOptions{Version: "0.13.9"}},
		"install-frr-in-speaker":    {Chart: component.ChartOptions{Version: "0.15.3"}, BGP: true},
		"install-bgp-by-frr-k8s":    {BGP: true, LoadBalancerClass: "metallb", LogLevel: "debug"},
		"install-with-user-values":  {Chart: component.ChartOptions{Values: map[string]any{"speaker": map[string]any{"logLevel": "warn"}}}},
		"install-in-other-place":    {Chart: component.ChartOptions{Release: "lb", Namespace: "lb-system", Repository: "oci://registry.lab/charts"}},
		"install-with-other-labels": {NamespaceLabels: map[string]string{"team": "lab"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := install.Component()
			if err != nil {
				t.Fatal(err)
			}
			componenttest.Golden(t, name, c)
		})
	}
}

func TestInstall_RefusesAVersionThatIsNone(t *testing.T) {
	t.Parallel()
	_, err := metallb.Install{Chart: component.ChartOptions{Version: "newest"}}.Component()
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

// What is ready follows the values, also those of the user.
func TestInstall_ReadyFollowsTheValues(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values     map[string]any
		with, sans string
	}{
		"full name":       {map[string]any{"fullnameOverride": "lb"}, "Deployment metallb-system/lb-controller: available", "metallb-controller"},
		"name override":   {map[string]any{"nameOverride": "edge"}, "Deployment metallb-system/metallb-edge-controller: available", "metallb-controller"},
		"no speaker":      {map[string]any{"speaker": map[string]any{"enabled": false}}, "ValidatingWebhookConfiguration metallb-webhook-configuration: webhook usable", "speaker"},
		"frr-k8s by hand": {map[string]any{"frrk8s": map[string]any{"enabled": true}}, "DaemonSet metallb-system/metallb-frr-k8s: current", "nothing"},
		"frr-k8s renamed": {
			map[string]any{"frrk8s": map[string]any{"enabled": true}, "frr-k8s": map[string]any{"fullnameOverride": "frr"}},
			"DaemonSet metallb-system/frr: current", "metallb-frr-k8s",
		},
		"frr-k8s elsewhere": {
			map[string]any{"frrk8s": map[string]any{"enabled": true, "external": true}},
			"DaemonSet metallb-system/metallb-speaker: current", "frr-k8s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			built, err := metallb.Install{Chart: component.ChartOptions{Values: c.values}}.Component()
			if err != nil {
				t.Fatal(err)
			}
			names := strings.Join(componenttest.Conditions(built.Charts[0].Ready), "\n")
			if !strings.Contains(names, c.with) {
				t.Errorf("%q is not among\n%s", c.with, names)
			}
			if strings.Contains(names, c.sans) {
				t.Errorf("%q is among\n%s", c.sans, names)
			}
		})
	}
}

func TestInstall_KeepsSecretValuesApart(t *testing.T) {
	t.Parallel()
	c, err := metallb.Install{Chart: component.ChartOptions{SecretValues: map[string]any{"speaker": map[string]any{"secretName": "canary"}}}}.Component()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"speaker": map[string]any{"secretName": "canary"}}
	if diff := cmp.Diff(want, c.Charts[0].SecretValues); diff != "" {
		t.Error(diff)
	}
	if c.Charts[0].Values["speaker"].(map[string]any)["secretName"] != nil {
		t.Error("a secret value is among the values")
	}
}

func TestInstall_IgnoresWhatTheRotatorWrites(t *testing.T) {
	t.Parallel()
	c, err := metallb.Install{}.Component()
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range c.Ignore {
		if rule.Kind == "" || rule.Name == "" || rule.Path == "" || rule.Reason == "" {
			t.Errorf("incomplete rule: %+v", rule)
		}
	}
}
