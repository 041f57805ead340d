package versions

// The charts of a profile.
const (
	MetalLB              = "metallb"
	IstioBase            = "istio-base"
	Istiod               = "istiod"
	IstioCNI             = "istio-cni"
	Ztunnel              = "ztunnel"
	IstioGateway         = "istio-gateway"
	IngressNginx         = "ingress-nginx"
	Traefik              = "traefik"
	CertManager          = "cert-manager"
	OTelOperator         = "opentelemetry-operator"
	Tempo                = "tempo"
	KubePrometheusStack  = "kube-prometheus-stack"
	RancherMonitoring    = "rancher-monitoring"
	RancherMonitoringCRD = "rancher-monitoring-crd"
	KialiOperator        = "kiali-operator"
)

// The images of what has no chart. Bookinfo is what its image names begin with: "<it>-productpage-v1:<tag>".
const (
	HotROD      = "hotrod"
	Bookinfo    = "bookinfo"
	BookinfoTag = "bookinfo-tag"
	Nginx       = "nginx"
)

// The tools.
const (
	Calicoctl = "calicoctl"
	Kubens    = "kubens"
	Helm      = "helm"
	K3d       = "k3d"
	K3s       = "k3s"
)

// The profiles.
const (
	// Current is the newest set that was seen to work together.
	Current = "current"
	// Seed2023 is the set of the tutorial that the provider automates, as published in February 2023.
	Seed2023 = "seed-2023"
)

// profiles holds the default first.
var profiles = []Profile{
	{
		Name:        Current,
		Description: "The newest versions that work together.",
		RKE2:        "v1.35.7+rke2r1",
		// Istio 1.30 needs 1.32, cert-manager 1.21 is tested from 1.33, the OpenTelemetry operator 0.158 up to 1.36.
		Kubernetes: ">= 1.33.0, < 1.37.0",
		Charts: map[string]Chart{
			MetalLB:             metallb("0.16.1"),
			IstioBase:           istio("base", "1.30.3", ">= 1.32.0"),
			Istiod:              istio("istiod", "1.30.3", ">= 1.32.0"),
			IstioCNI:            istio("cni", "1.30.3", ">= 1.32.0"),
			Ztunnel:             istio("ztunnel", "1.30.3", ">= 1.32.0"),
			IstioGateway:        istio("gateway", "1.30.3", ">= 1.32.0"),
			IngressNginx:        ingressNginx("4.15.1", "1.15.1", ">= 1.31.0, < 1.36.0"),
			Traefik:             traefik("41.3.0", "v3.7.11"),
			CertManager:         certManager("v1.21.1", ">= 1.22.0", ">= 1.33.0, < 1.37.0"),
			OTelOperator:        otelOperator("0.122.0", "0.158.0", ">= 1.25.0, < 1.37.0"),
			Tempo:               tempo("2.2.4", "2.10.8", grafanaCommunity, ">= 1.25.0"),
			KubePrometheusStack: kubePrometheusStack("88.5.3", "v0.93.1", ">= 1.25.0"),
			KialiOperator:       kiali("2.29.0"),
		},
		Images: map[string]string{
			HotROD:   "docker.io/jaegertracing/example-hotrod:2.20.0",
			Bookinfo: "registry.istio.io/release/examples-bookinfo", BookinfoTag: "1.20.3",
			Nginx: "docker.io/library/nginx:1.27.5",
		},
		Tools: map[string]string{Calicoctl: "v3.32.1", Kubens: "v0.11.0", Helm: "v3.22.0", K3d: "v5.9.0", K3s: "v1.35.7-k3s1"},
	},
	{
		Name:        Seed2023,
		Description: "The versions of the tutorial, February 2023.",
		RKE2:        "v1.24.10+rke2r1",
		// Istio 1.17 sets the lower end, rancher-monitoring 100.1.3 the upper: it brings PodSecurityPolicies.
		Kubernetes: ">= 1.23.0, < 1.25.0",
		Charts: map[string]Chart{
			MetalLB:              metallb("0.13.9"),
			IstioBase:            istio("base", "1.17.1", ">= 1.23.0"),
			Istiod:               istio("istiod", "1.17.1", ">= 1.23.0"),
			IstioCNI:             istio("cni", "1.17.1", ">= 1.23.0"),
			IstioGateway:         istio("gateway", "1.17.1", ">= 1.23.0"),
			CertManager:          certManager("v1.11.0", ">= 1.21.0", ">= 1.21.0, < 1.27.0"),
			OTelOperator:         otelOperator("0.24.0", "0.70.0", ">= 1.19.0, < 1.26.0"),
			Tempo:                tempo("1.0.0", "2.0.0", grafana, ""),
			KubePrometheusStack:  kubePrometheusStack("45.2.0", "v0.63.0", ">= 1.16.0"),
			RancherMonitoring:    rancherMonitoring("rancher-monitoring", "100.1.3+up19.0.3"),
			RancherMonitoringCRD: rancherMonitoring("rancher-monitoring-crd", "100.1.3+up19.0.3"),
			KialiOperator:        kiali("1.64.0"),
		},
		Images: map[string]string{
			HotROD:   "docker.io/jaegertracing/example-hotrod:1.42.0",
			Bookinfo: "docker.io/istio/examples-bookinfo", BookinfoTag: "1.17.0",
			Nginx: "docker.io/library/nginx:1.23.3",
		},
		Tools: map[string]string{Calicoctl: "v3.24.5", Kubens: "v0.9.4", Helm: "v3.11.1", K3d: "v5.4.7", K3s: "v1.24.10-k3s1"},
	},
}
