package kubelet_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/kubelet"
)

func TestParseLabels(t *testing.T) {
	t.Parallel()
	got, err := kubelet.ParseLabels([]string{"tier=web", "example.com/a=b=c", "topology.kubernetes.io/zone=z", "node.kubernetes.io/x=1", "empty="})
	want := map[string]string{"tier": "web", "example.com/a": "b=c", "topology.kubernetes.io/zone": "z", "node.kubernetes.io/x": "1", "empty": ""}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestParseLabels_RefusesReserved(t *testing.T) {
	t.Parallel()
	_, err := kubelet.ParseLabels([]string{"node-role.kubernetes.io/worker=true", "k8s.io/b=1", "tier=web"})
	if err == nil || !strings.HasSuffix(err.Error(), "labels specified with --node-labels: [k8s.io/b node-role.kubernetes.io/worker]") {
		t.Errorf("got %v", err)
	}
	if _, err := kubelet.ParseLabels([]string{"tier"}); err == nil {
		t.Error("label without a value: no error")
	}
}

func TestParseTaints(t *testing.T) {
	t.Parallel()
	got, err := kubelet.ParseTaints([]string{"dedicated=web:NoSchedule", "slow:PreferNoSchedule"})
	want := []kubelet.Taint{{Key: "dedicated", Value: "web", Effect: "NoSchedule"}, {Key: "slow", Effect: "PreferNoSchedule"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"dedicated=web", "dedicated=web:Never"} {
		if _, err := kubelet.ParseTaints([]string{bad}); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
