package kube_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/internal/kube/kubetest"
	"github.com/dxlab/terraform-provider-lab/internal/object"
)

// A drain changes a whole node, so that it has a control plane of its own.
func TestDrain_RespectsBudgets(t *testing.T) {
	t.Parallel()
	running := kubetest.Start(t)
	client, err := kube.New(kube.Config{Kubeconfig: running.Kubeconfig})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	apply := func(ref object.Ref, spec map[string]any) {
		t.Helper()
		o := object.New(ref)
		o["spec"] = spec
		_, err := client.Apply(t.Context(), o, kube.ApplyOptions{})
		must(err)
	}
	labels := map[string]any{"matchLabels": map[string]any{"app": "web"}}
	deployment := object.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "default", Name: "web"}
	budget := object.Ref{APIVersion: "policy/v1", Kind: "PodDisruptionBudget", Namespace: "default", Name: "web"}
	apply(budget, map[string]any{"minAvailable": int64(1), "selector": labels})
	apply(deployment, map[string]any{"selector": labels, "template": map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"app": "web"}},
		"spec":     map[string]any{"containers": []any{map[string]any{"name": "web", "image": "web"}}},
	}})
	must(client.Wait(t.Context(), []kube.Condition{{Ref: deployment, Check: kube.Check{Kind: kube.Available}}}, kube.WaitOptions{Timeout: time.Minute}))
	nodes, err := client.List(t.Context(), kube.ListOptions{APIVersion: "v1", Kind: "Node"})
	must(err)
	node := object.RefOf(nodes[0])

	err = client.Drain(t.Context(), node.Name, 3*time.Second)
	if !fault.Is(err, fault.Timeout) || !strings.Contains(err.Error(), "disruption budget") {
		t.Errorf("a budget is not respected, or not named: %v", err)
	}
	must(client.Delete(t.Context(), budget, kube.DeleteOptions{Wait: time.Minute}))
	must(client.Drain(t.Context(), node.Name, time.Minute))
	live, err := client.Get(t.Context(), node)
	must(err)
	if cordoned, _ := object.Lookup(live, "spec", "unschedulable"); cordoned != true {
		t.Error("the node is not cordoned")
	}
	if err := client.Drain(t.Context(), "nobody", time.Second); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}
