package bundled

import "github.com/dxlab/terraform-provider-lab/test/lab/release/rke2/internal/settings"

// firstOfToday divides the releases: those before it have the images of 2023.
const firstOfToday = "v1.25.0"

// image is what a component's container runs.
type image struct {
	now  string // rancher/rke2 v1.36.3+rke2r1
	then string // rancher/rke2 v1.24.10+rke2r1, scripts/build-images and Dockerfile; "" where it has no such component
}

// images of the packaged components, by the name that their object files use.
var images = map[string]image{
	"calico-node":         {"mirrored-calico-node:v3.32.1", "mirrored-calico-node:v3.24.5"},
	"calico-operator":     {"mirrored-calico-operator:v1.42.1", "mirrored-calico-operator:v1.28.5"},
	"canal":               {"hardened-calico:v3.32.1", "hardened-calico:v3.24.5-build20221201"},
	"cilium":              {"mirrored-cilium-cilium:v1.19.6", "mirrored-cilium-cilium:v1.12.4"},
	"coredns":             {"hardened-coredns:v1.14.2", "hardened-coredns:v1.9.3-build20221011"},
	"flannel":             {"hardened-flannel:v0.28.9", ""},
	"helm":                {"klipper-helm:v0.9.8-build20251124", "klipper-helm:v0.7.4-build20221121"},
	"ingress-nginx":       {"nginx-ingress-controller:v1.15.1-hardened1", "nginx-ingress-controller:nginx-1.4.1-hardened2"},
	"metrics-server":      {"hardened-k8s-metrics-server:v0.9.0", "hardened-k8s-metrics-server:v0.6.2-build20221202"},
	"multus":              {"hardened-multus-cni:v4.3.0", "hardened-multus-cni:v3.9.3-build20230109"},
	"snapshot-controller": {"hardened-snapshot-controller:v8.4.0", ""},
	"traefik":             {"hardened-traefik:v3.7.0", ""},
}

// imageOf returns a component's image in a release.
func imageOf(name, release string) string {
	i := images[name]
	if i.then != "" && !settings.AtLeast(release, firstOfToday) {
		return "rancher/" + i.then
	}
	return "rancher/" + i.now
}
