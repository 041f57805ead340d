package versions

// The charts of a profile.
const (
	MetalLB      = "metallb"
	IstioBase    = "istio-base"
	Istiod       = "istiod"
	IstioGateway = "istio-gateway"
)

// The profiles.
const (
	// Current is the newest set that was seen to work together.
	Current = "current"
	// Seed2023 is the set of the tutorial that the provider automates, as published in February 2023.
	Seed2023 = "seed-2023"
)

const (
	metallbRepository = "https://metallb.github.io/metallb"
	metallbOCI        = "oci://quay.io/metallb/chart" // metallb:.github/workflows/publish.yaml@v0.16.1
	istioRepository   = "https://istio-release.storage.googleapis.com/charts"
	istioOCI          = "oci://registry.istio.io/release/charts" // istio:manifests/charts/README.md@1.30.3
)

// Sources of the ranges. Istio publishes no upper end; its MinK8SVersion is a minor of Kubernetes 1.
const (
	metallbSource = "kubeVersion in metallb:charts/metallb/Chart.yaml"
	istioSource   = "MinK8SVersion in istio:istioctl/pkg/install/k8sversion/version.go"
)

// profiles holds the default first.
var profiles = []Profile{
	{
		Name:        Current,
		Description: "The newest versions that work together.",
		RKE2:        "v1.35.7+rke2r1",
		// Istio 1.30 sets the lower end, ingress-nginx the upper.
		Kubernetes: ">= 1.33.0, < 1.36.0",
		Charts: map[string]Chart{
			MetalLB:      metallb("0.16.1"),
			IstioBase:    istio("base", "1.30.3", ">= 1.32.0"),
			Istiod:       istio("istiod", "1.30.3", ">= 1.32.0"),
			IstioGateway: istio("gateway", "1.30.3", ">= 1.32.0"),
		},
	},
	{
		Name:        Seed2023,
		Description: "The versions of the tutorial, February 2023.",
		RKE2:        "v1.24.10+rke2r1",
		// Istio 1.17 sets the lower end, rancher-monitoring 100.1.3 the upper: it brings PodSecurityPolicies.
		Kubernetes: ">= 1.23.0, < 1.25.0",
		Charts: map[string]Chart{
			MetalLB:      metallb("0.13.9"),
			IstioBase:    istio("base", "1.17.1", ">= 1.23.0"),
			Istiod:       istio("istiod", "1.17.1", ">= 1.23.0"),
			IstioGateway: istio("gateway", "1.17.1", ">= 1.23.0"),
		},
	},
}

func metallb(version string) Chart {
	return Chart{
		Name: "metallb", Version: version, AppVersion: "v" + version,
		Repository: metallbRepository, OCI: metallbOCI,
		Kubernetes: ">= 1.19.0", Source: metallbSource,
	}
}

func istio(name, version, kubernetes string) Chart {
	return Chart{
		Name: name, Version: version, AppVersion: version,
		Repository: istioRepository, OCI: istioOCI,
		Kubernetes: kubernetes, Source: istioSource,
	}
}
