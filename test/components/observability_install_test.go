package components_test

import (
	"os"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/component"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/monitoring"
	"github.com/dxlab/terraform-provider-lab/internal/object"
	"github.com/dxlab/terraform-provider-lab/internal/tempo"
)

// older tells whether the control plane is Kubernetes 1.24, on which the charts of 2023 run and today's do not.
func older() bool { return os.Getenv("LAB_KUBERNETES") == "1.24" }

// The stacks of today live on today's control plane, those of 2023 on either: rancher-monitoring, which brings PodSecurityPolicies, on 1.24.
func TestObservability_LivesOnAControlPlane(t *testing.T) {
	t.Parallel()
	for _, p := range stacks {
		if older() != (p.kubernetes == "v1.24.10") && (older() || p.flavor == monitoring.RancherMonitoring) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			traces := tempo.Install{Chart: component.ChartOptions{Version: p.tempo}}
			endpoints, err := traces.Endpoints()
			if err != nil {
				t.Fatal(err)
			}
			stack := tutorial(p.flavor, p.version)
			stack.Grafana.TempoURL, stack.Prometheus.StorageSize = endpoints.QueryURL, ""
			lives(t, func(t *testing.T, client *kube.Client) { checkLive(t, client, stack, endpoints) }, traces, stack)
		})
	}
}

// checkLive looks for what outputs lead to.
func checkLive(t *testing.T, client *kube.Client, stack monitoring.Install, endpoints tempo.Endpoints) {
	t.Helper()
	out, err := stack.Outputs()
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{endpoints.QueryURL, out.PrometheusURL, out.GrafanaURL} {
		address, _ := tempo.ParseAddress(url)
		live, err := client.Get(t.Context(), address.Ref())
		if err != nil {
			t.Error(err)
			continue
		}
		if err := address.CheckService(live); err != nil {
			t.Error(err)
		}
	}
	secret, err := client.Get(t.Context(), object.Ref{APIVersion: "v1", Kind: "Secret", Namespace: out.AdminNamespace, Name: out.AdminSecret})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{monitoring.UserKey, monitoring.PasswordKey} {
		if object.String(secret, "data", key) == "" {
			t.Errorf("the Secret has no %s", key)
		}
	}
	// Another password is no difference: what lives looks for afterwards are none.
	_, err = client.Patch(t.Context(), object.RefOf(secret), kube.MergePatch, []byte(`{"data":{"admin-password":"YW5vdGhlcg=="}}`))
	if err != nil {
		t.Error(err)
	}
}
