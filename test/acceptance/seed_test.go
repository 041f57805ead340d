package acceptance_test

import (
	"os"
	"testing"

	"github.com/dxlab/terraform-provider-lab/internal/kube"
	"github.com/dxlab/terraform-provider-lab/test/lab"
)

// oldKubernetes names the control plane on which the versions of 2023 run as they did; `make test-seed` sets it.
const oldKubernetes = "1.24"

// TestAccSeed_IsTheTutorial makes the tutorial's lab and compares it with the tutorial, object by object. On a control plane of
// today the versions of 2023 are beyond what their charts allow: compatibility then warns, and what such a control
// plane does not know any more, PodSecurityPolicies, is switched off.
func TestAccSeed_IsTheTutorial(t *testing.T) {
	t.Parallel()
	l := lab.New(t, lab.Options{Hosts: 1, Charts: labCharts()})
	host := l.Hosts()[0]
	override := keep(noDownloads)
	if os.Getenv("LAB_KUBERNETES") != oldKubernetes {
		override = keep(noDownloads, `monitoring = { values = [yamlencode({ global = { rbac = { pspEnabled = false } }, grafana = { rbac = { pspEnabled = false } } })] }`)
	}
	e := newExample(t, l, "seed-2023", override, onHost(l)...)
	if os.Getenv("LAB_KUBERNETES") != oldKubernetes {
		e.env["LAB_COMPATIBILITY"] = "warn"
	}
	e.says(e.succeed(e.apply()), "http://nginx.dxlab.example.com/", "http://bookinfo.istio-dxlab.example.com/productpage")
	e.noChanges()

	name, err := host.Run(t.Context(), "hostname")
	e.must(err)
	address := host.Address().String()
	table := readTutorial(t, map[string]string{
		"gateway": labGateway, "ingress": address, "host": address, "node": name, "domain": "example.com",
	})
	table.exactly(t, host)
	dashboards, err := beside(t, host).client.ListMeta(t.Context(), kube.ListOptions{
		APIVersion: "v1", Kind: "ConfigMap", Namespace: "istio-system", LabelSelector: "grafana_dashboard=1",
	})
	if err != nil || len(dashboards) == 0 {
		t.Errorf("Grafana finds no dashboard of the mesh: %v", err)
	}
	e.says(e.succeed(e.destroy()), "Destroy complete!")
	beside(t, host).nothingLeft()
}
