package rke2

import (
	"net"
	"strconv"

	"sigs.k8s.io/yaml"

	"github.com/dxlab/terraform-provider-lab/internal/fault"
)

// KubeconfigAt returns a kubeconfig whose servers are at address, on the API's own port. RKE2 writes 127.0.0.1, which
// is right on the node and nowhere else.
func KubeconfigAt(kubeconfig []byte, address string) ([]byte, error) {
	var config map[string]any
	if err := yaml.Unmarshal(kubeconfig, &config); err != nil {
		return nil, fault.Newf(fault.Invalid, "the kubeconfig cannot be read as YAML")
	}
	clusters, _ := config["clusters"].([]any)
	for _, c := range clusters {
		named, _ := c.(map[string]any)
		if cluster, ok := named["cluster"].(map[string]any); ok {
			cluster["server"] = "https://" + net.JoinHostPort(address, strconv.Itoa(apiPort))
		}
	}
	return yaml.Marshal(config)
}
